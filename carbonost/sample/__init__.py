"""The packaged synthetic park and its deterministic generator."""
