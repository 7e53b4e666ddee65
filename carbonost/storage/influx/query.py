"""Texts of InfluxQL: what stands between its quotes is data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonost.storage.civil import EARLIEST, LATEST

if TYPE_CHECKING:
    from collections.abc import Sequence


def quoted(text: str) -> str:
    """Return a text as it stands between single quotes."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def identifier(text: str) -> str:
    """Return a name as it stands between double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def any_of(points: Sequence[str]) -> str:
    """Return the condition that a line is of one of some points."""
    return " or ".join(f"\"device_id\" = '{quoted(point)}'" for point in points)


def between(first: int, last: int) -> str:
    """Return the condition that a line lies in a half-open range of microseconds."""
    return f"time >= {max(first, EARLIEST)}000 and time < {min(last, LATEST)}000"
