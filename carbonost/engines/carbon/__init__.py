"""Activity data and factors to an inventory.

`CarbonCalculator` chooses methods and assembles results; the formulas are the functions below,
columns in and columns out. Names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.engines.carbon.allocation import Allocation, MeterTree, allocate, meter_tree
    from carbonost.engines.carbon.matching import HourlyMatch, hourly_match
    from carbonost.engines.carbon.organisation import BaseYear, aggregate, consolidate, intensity, net_of_parts

_ROOM: Final = "carbonost.engines.carbon."
_NAMES: Final = {
    "Allocation": _ROOM + "allocation",
    "BaseYear": _ROOM + "organisation",
    "HourlyMatch": _ROOM + "matching",
    "MeterTree": _ROOM + "allocation",
    "aggregate": _ROOM + "organisation",
    "allocate": _ROOM + "allocation",
    "consolidate": _ROOM + "organisation",
    "hourly_match": _ROOM + "matching",
    "intensity": _ROOM + "organisation",
    "meter_tree": _ROOM + "allocation",
    "net_of_parts": _ROOM + "organisation",
}

__all__ = [  # the keys of _NAMES, spelled out for type checkers; a test holds the two together
    "Allocation",
    "BaseYear",
    "HourlyMatch",
    "MeterTree",
    "aggregate",
    "allocate",
    "consolidate",
    "hourly_match",
    "intensity",
    "meter_tree",
    "net_of_parts",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
