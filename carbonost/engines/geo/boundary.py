"""A park's boundary: read, checked, brought to WGS84, measured on the ellipsoid.

Boundaries come in and go out as GeoJSON (RFC 7946: longitude first, exterior ring counter-clockwise).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.polygon import orient
from shapely.validation import explain_validity

from carbonost.engines.geo.datum import CHINA_LAT, CHINA_LON, Datum, to_wgs84
from carbonost.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.domain.series import FloatArray

_GEOD: Final = pyproj.Geod(ellps="WGS84")
_RING_POINTS_MIN: Final = 4


@dataclass(frozen=True, slots=True)
class Boundary:
    """A checked boundary in WGS84.

    Attributes
    ----------
    geometry : dict
        GeoJSON Polygon or MultiPolygon, oriented by RFC 7946.
    datum : str or None
        What the input was stated in; None if it was not said (WGS84 was then assumed).
    repairs : tuple of str
        What was mended on the way in, one sentence each.
    """

    geometry: dict[str, Any]
    datum: Datum | None
    repairs: tuple[str, ...] = ()

    @property
    def area_km2(self) -> float:
        """Geodesic area on the WGS84 ellipsoid [km2]."""
        return area_km2(self.geometry)

    @property
    def centroid(self) -> tuple[float, float]:
        """Longitude and latitude of the centre [degree]."""
        point = shape(self.geometry).centroid
        return float(point.x), float(point.y)

    @property
    def in_china(self) -> bool:
        """Whether the centre lies where GCJ-02 is in use."""
        lon, lat = self.centroid
        return CHINA_LON[0] < lon < CHINA_LON[1] and CHINA_LAT[0] < lat < CHINA_LAT[1]


def area_km2(geometry: Mapping[str, Any]) -> float:
    """Geodesic area of a GeoJSON polygon, whatever the direction of its rings [km2].

    A hole is always taken away, also when it winds like its shell.
    """
    parts = shapely.get_parts(shape(geometry))
    return fsum(_GEOD.geometry_area_perimeter(orient(part))[0] for part in parts) / 1e6


def read_boundary(geometry: Mapping[str, Any], datum: Datum | None = None) -> Boundary:
    """Check a GeoJSON boundary and bring it to WGS84.

    Parameters
    ----------
    geometry : mapping
        GeoJSON Polygon, MultiPolygon, or a Feature that holds one.
    datum : str, optional
        What the coordinates are stated in; None means it was not said.

    Returns
    -------
    Boundary

    Raises
    ------
    GeometryError
        If the geometry is no polygon, a coordinate is out of range, latitude and longitude are swapped,
        or a ring crosses itself (the message names the place).
    """
    body = geometry.get("geometry", geometry) if geometry.get("type") == "Feature" else geometry
    kind = body.get("type")
    if kind not in ("Polygon", "MultiPolygon"):
        raise GeometryError(
            "a boundary is a GeoJSON Polygon or MultiPolygon",
            field="geometry.type",
            value=kind,
            remedy="Give {'type': 'Polygon', 'coordinates': [[[lon, lat], …]]}.",
        )
    polygons = [body["coordinates"]] if kind == "Polygon" else body["coordinates"]
    repairs: list[str] = []
    rings = [[_ring(ring, repairs) for ring in polygon] for polygon in polygons]
    for polygon in rings:
        for ring in polygon:
            _check_range(ring)
    if datum is not None:
        rings = [[np.column_stack(to_wgs84(r[:, 0], r[:, 1], datum)) for r in polygon] for polygon in rings]
    shapes = [shapely.Polygon(polygon[0], polygon[1:]) for polygon in rings]
    whole = shapes[0] if len(shapes) == 1 else shapely.MultiPolygon(shapes)
    _check_simple(whole)
    oriented = orient(whole) if len(shapes) == 1 else shapely.MultiPolygon([orient(part) for part in shapes])
    return Boundary(_plain(mapping(oriented)), datum, tuple(repairs))


def _ring(points: Sequence[Sequence[float]], repairs: list[str]) -> FloatArray:
    try:
        ring = np.asarray([point[:2] for point in points], dtype=np.float64)
    except (TypeError, ValueError, IndexError) as exc:
        raise GeometryError(
            "a ring is a list of [longitude, latitude] numbers", field="geometry.coordinates", value=points
        ) from exc
    if len(ring) and not np.array_equal(ring[0], ring[-1]):
        ring = np.vstack([ring, ring[:1]])
        repairs.append("an unclosed ring was closed with its first point")
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < _RING_POINTS_MIN:  # noqa: PLR2004 -- lon and lat
        raise GeometryError("a ring needs at least three different points", field="geometry.coordinates", value=points)
    return ring


def _check_range(ring: FloatArray) -> None:
    lon, lat = ring[:, 0], ring[:, 1]
    inside = np.all(np.isfinite(ring)) and np.all(np.abs(lon) <= 180) and np.all(np.abs(lat) <= 90)  # noqa: PLR2004 -- degrees
    fits_swapped = np.all((lat > CHINA_LON[0]) & (lat < CHINA_LON[1])) and np.all(
        (lon > CHINA_LAT[0]) & (lon < CHINA_LAT[1])
    )
    if fits_swapped and not (inside and np.all((lon > CHINA_LON[0]) & (lat < CHINA_LAT[1]))):
        raise GeometryError(
            "latitude and longitude are swapped",
            field="geometry.coordinates",
            value=ring[0].tolist(),
            remedy="GeoJSON puts longitude first: write [120.6, 31.3], not [31.3, 120.6].",
        )
    if not inside:
        worst = ring[~(np.isfinite(ring).all(axis=1) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90))][0]  # noqa: PLR2004 -- degrees
        raise GeometryError(
            "a coordinate is out of range",
            field="geometry.coordinates",
            value=worst.tolist(),
            remedy="Longitude lies in -180…180 and latitude in -90…90 degrees.",
        )


def _check_simple(geometry: shapely.Geometry) -> None:
    if not geometry.is_valid:
        raise GeometryError(
            f"the boundary crosses itself: {explain_validity(geometry)}",
            field="geometry.coordinates",
            remedy="Put the points in order around the park; the place is given as [longitude latitude].",
        )


def _plain(node: Any) -> Any:
    """Tuples to lists, so that the geometry is plain JSON."""
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items()}
    return [_plain(item) for item in node] if isinstance(node, (list, tuple)) else node
