"""The doors: park files, tables, messages; every fault told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.ingestion.meters import read_meters
    from carbonost.ingestion.park import ParkData, read_park

_NAMES: Final = {
    "ParkData": "carbonost.ingestion.park",
    "read_meters": "carbonost.ingestion.meters",
    "read_park": "carbonost.ingestion.park",
}

__all__ = ["ParkData", "read_meters", "read_park"]

__getattr__, __dir__ = attach(__name__, _NAMES)
