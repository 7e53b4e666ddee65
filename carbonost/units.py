"""Units: the only room that knows pint."""
