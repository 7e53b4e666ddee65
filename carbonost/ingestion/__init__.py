"""The doors: park files, tables, messages; every fault told at once."""
