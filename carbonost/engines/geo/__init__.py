"""Boundaries: area, datum, administrative codes, clipping, completeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.engines.geo.admin import AdminUnit, Overlap, overlaps, resolve
    from carbonost.engines.geo.boundary import Boundary, area_km2, read_boundary
    from carbonost.engines.geo.clipping import ClipRecord, clip, inside
    from carbonost.engines.geo.completeness import WEIGHTS, completeness_score
    from carbonost.engines.geo.datum import to_wgs84

__all__ = [
    "WEIGHTS",
    "AdminUnit",
    "Boundary",
    "ClipRecord",
    "Overlap",
    "area_km2",
    "clip",
    "completeness_score",
    "inside",
    "overlaps",
    "read_boundary",
    "resolve",
    "to_wgs84",
]

_HERE = "carbonost.engines.geo"
__getattr__, __dir__ = attach(
    __name__,
    {
        **dict.fromkeys(("AdminUnit", "Overlap", "overlaps", "resolve"), f"{_HERE}.admin"),
        **dict.fromkeys(("Boundary", "area_km2", "read_boundary"), f"{_HERE}.boundary"),
        **dict.fromkeys(("ClipRecord", "clip", "inside"), f"{_HERE}.clipping"),
        **dict.fromkeys(("WEIGHTS", "completeness_score"), f"{_HERE}.completeness"),
        "to_wgs84": f"{_HERE}.datum",
    },
)
