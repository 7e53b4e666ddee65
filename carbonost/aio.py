"""Awaitable faces of the SDK classes: the same calls in a worker thread."""
