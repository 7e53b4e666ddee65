"""Verbs: pure, synchronous, no I/O; siblings do not know each other."""
