"""A language model writes words around figures; never the figures."""
