"""Readings in InfluxDB by what its generations share: line protocol, InfluxQL, Basic authentication."""

from __future__ import annotations

from carbonost.storage.influx.line import from_lines, to_lines

__all__ = ["from_lines", "to_lines"]
