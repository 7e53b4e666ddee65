"""Boundaries: area, datum, administrative codes, clipping."""
