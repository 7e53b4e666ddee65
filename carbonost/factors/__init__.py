"""Published figures, and how one is chosen."""
