"""Points inside a boundary, by coordinate columns: no geometry object per point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """One line of the clip manifest: which layer, which version, how, and how many came through."""

    layer: str
    version: str
    method: str
    count_in: int
    count_out: int


def inside(geometry: Mapping[str, Any], lon: FloatArray, lat: FloatArray) -> BoolArray:
    """Which points lie in a GeoJSON polygon or on its edge; (n,) bool. NaN coordinates lie outside."""
    polygon = shape(geometry)
    west, south, east, north = polygon.bounds
    hit = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    near = np.flatnonzero(hit)
    shapely.prepare(polygon)
    hit[near] = shapely.intersects_xy(polygon, lon[near], lat[near])
    return np.asarray(hit, dtype=np.bool_)


def clip(
    geometry: Mapping[str, Any], lon: FloatArray, lat: FloatArray, *, layer: str, version: str
) -> tuple[BoolArray, ClipRecord]:
    """Return the mask of `inside` and the manifest line that records it."""
    mask = inside(geometry, lon, lat)
    return mask, ClipRecord(layer, version, "bbox + prepared intersects_xy", len(mask), int(mask.sum()))
