"""Load forecasts with intervals, scored by a rolling origin."""
