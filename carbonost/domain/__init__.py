"""Nouns with two readers: data classes that hold together, no formula, no I/O."""
