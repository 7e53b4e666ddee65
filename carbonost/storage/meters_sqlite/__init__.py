"""The embedded meter store: one SQLite file with a head of rows, day chunks and roll-ups."""
