"""Activity data and factors to an inventory.

`CarbonCalculator` chooses methods and assembles results; the formulas are the functions below,
columns in and columns out. Names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.engines.carbon.aggregation import aggregate, net_of_parts
    from carbonost.engines.carbon.allocation import Allocation, MeterTree, allocate, meter_tree
    from carbonost.engines.carbon.benchmark import (
        Benchmark,
        QuotaGrade,
        compare_with_peers,
        percentile_table,
        quota_grade,
    )
    from carbonost.engines.carbon.carbonmap import carbon_map
    from carbonost.engines.carbon.draws import monte_carlo
    from carbonost.engines.carbon.matching import HourlyMatch, hourly_match
    from carbonost.engines.carbon.organisation import BaseYear, consolidate, consolidate_lines, intensity
    from carbonost.engines.carbon.park.account import ZeroCarbonPark, zero_carbon_park
    from carbonost.engines.carbon.quality import pedigree, pedigree_score
    from carbonost.engines.carbon.scale import calculate_table, condense, join_emissions
    from carbonost.engines.carbon.uncertainty import Uncertainty, assess, combine_product, combine_sum, propagate

_ROOM: Final = "carbonost.engines.carbon."
_NAMES: Final = {
    "Allocation": _ROOM + "allocation",
    "BaseYear": _ROOM + "organisation",
    "Benchmark": _ROOM + "benchmark",
    "HourlyMatch": _ROOM + "matching",
    "MeterTree": _ROOM + "allocation",
    "QuotaGrade": _ROOM + "benchmark",
    "Uncertainty": _ROOM + "uncertainty",
    "ZeroCarbonPark": _ROOM + "park.account",
    "aggregate": _ROOM + "aggregation",
    "allocate": _ROOM + "allocation",
    "assess": _ROOM + "uncertainty",
    "calculate_table": _ROOM + "scale",
    "carbon_map": _ROOM + "carbonmap",
    "combine_product": _ROOM + "uncertainty",
    "combine_sum": _ROOM + "uncertainty",
    "compare_with_peers": _ROOM + "benchmark",
    "condense": _ROOM + "scale",
    "consolidate": _ROOM + "organisation",
    "consolidate_lines": _ROOM + "organisation",
    "hourly_match": _ROOM + "matching",
    "intensity": _ROOM + "organisation",
    "join_emissions": _ROOM + "scale",
    "meter_tree": _ROOM + "allocation",
    "monte_carlo": _ROOM + "draws",
    "net_of_parts": _ROOM + "aggregation",
    "pedigree": _ROOM + "quality",
    "pedigree_score": _ROOM + "quality",
    "percentile_table": _ROOM + "benchmark",
    "propagate": _ROOM + "uncertainty",
    "quota_grade": _ROOM + "benchmark",
    "zero_carbon_park": _ROOM + "park.account",
}

__all__ = [  # the keys of _NAMES, spelled out for type checkers; a test holds the two together
    "Allocation",
    "BaseYear",
    "Benchmark",
    "HourlyMatch",
    "MeterTree",
    "QuotaGrade",
    "Uncertainty",
    "ZeroCarbonPark",
    "aggregate",
    "allocate",
    "assess",
    "calculate_table",
    "carbon_map",
    "combine_product",
    "combine_sum",
    "compare_with_peers",
    "condense",
    "consolidate",
    "consolidate_lines",
    "hourly_match",
    "intensity",
    "join_emissions",
    "meter_tree",
    "monte_carlo",
    "net_of_parts",
    "pedigree",
    "pedigree_score",
    "percentile_table",
    "propagate",
    "quota_grade",
    "zero_carbon_park",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
