"""The measure library, what a measure needs, and what it does."""
