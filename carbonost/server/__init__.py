"""An optional HTTP face without logic of its own."""
