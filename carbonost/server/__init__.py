"""An HTTP face without logic of its own. Nothing is public here yet: a service calls `Pipeline` and `Job`."""
