"""Ports for records, meter readings and objects, and the adapters behind them."""
