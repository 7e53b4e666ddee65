"""Activity data and factors to an inventory."""
