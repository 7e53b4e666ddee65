"""Tariffs, bills, dispatch, sizing and control."""
