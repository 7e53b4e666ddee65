"""Carbon map: places with their emissions and intensity as GeoJSON (RFC 7946)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.inventory import Inventory
from carbonost.engines.carbon.aggregation import aggregate
from carbonost.engines.carbon.answers import table
from carbonost.errors import GeometryError, InputError

if TYPE_CHECKING:
    from carbonost.engines.carbon.answers import Rows

_DEPTH: Final = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_RING: Final = 4  # positions of the smallest closed ring


def carbon_map(
    places: Iterable[Mapping[str, Any]],
    emissions: Inventory | Rows,
    *,
    by: str = "building_id",
    per: Iterable[str] = ("area_m2",),
    classes: int = 5,
) -> dict[str, Any]:
    """Return a FeatureCollection: each place with its tonnes, its intensities and its class.

    Parameters
    ----------
    places : iterable of mappings
        `id`, `geometry` (a GeoJSON geometry in WGS84 longitude and latitude), and any further facts,
        which become properties; `datum`, if given, must be WGS84 or CGCS2000.
    emissions : Inventory or rows of `by` and `emissions_co2e`
    by : str
        Column that names the place: ``building_id``, ``park_id``, ``facility``.
    per : iterable of str
        Facts to divide the tonnes by; ``area_m2`` gives ``emissions_t_per_area_m2``.
    classes : int
        Number of classes of equal count, 1 the lowest; a place without a value has none.

    Returns
    -------
    dict
        A gap is null, as GeoJSON has no NaN. `bbox` encloses all places; `unplaced_t` is what no
        place of the map answers for.

    Raises
    ------
    InputError
        A place twice, or without id or geometry.
    GeometryError
        Coordinates outside the globe, an open ring, or a datum that is not WGS84.
    """
    lines = emissions.to_frame() if isinstance(emissions, Inventory) else emissions
    frame = table(lines, (by, "emissions_co2e"), "the emissions")
    sums = aggregate(frame, [by])
    tonnes = {row[by]: row["emissions_co2e"] for row in sums.to_dict("records")}
    facts = [dict(place) for place in places]
    seen: set[object] = set()
    for row, place in enumerate(facts):
        for needed in ("id", "geometry"):
            if place.get(needed) is None:
                raise InputError("a place needs it", needed, None, row=row)
        if place["id"] in seen:
            raise InputError("a place stands twice on the map", "id", place["id"], row=row)
        seen.add(place["id"])
        _check(place, row)
    values = pd.Series([tonnes.get(place["id"], np.nan) for place in facts], dtype=float)
    ranks = _classes(values, classes)
    features = [
        _feature(place, value, rank, tuple(per)) for place, value, rank in zip(facts, values, ranks, strict=True)
    ]
    corners = np.array([_bbox(place["geometry"]) for place in facts]).reshape(-1, 4)
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if len(corners):
        collection["bbox"] = [*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist()]
    collection["unplaced_t"] = _plain(float(np.sum([t for key, t in tonnes.items() if key not in seen])))
    return collection


def _feature(place: dict[str, Any], tonnes: float, rank: int | None, per: tuple[str, ...]) -> dict[str, Any]:
    properties = {key: _plain(value) for key, value in place.items() if key not in {"geometry", "datum"}}
    properties["emissions_t"] = _plain(tonnes)
    properties["class"] = rank
    for name in per:
        over = float(place.get(name) or np.nan)
        properties[f"emissions_t_per_{name}"] = _plain(tonnes / over if over > 0 else np.nan)
    return {"type": "Feature", "id": place["id"], "geometry": place["geometry"], "properties": properties}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _classes(values: pd.Series, count: int) -> list[int | None]:
    rank = values.rank(method="max", pct=True)
    return [None if np.isnan(share) else int(np.ceil(round(share * count, 9))) for share in rank]


def _check(place: dict[str, Any], row: int) -> None:
    datum = place.get("datum", "WGS84")
    if datum not in {"WGS84", "CGCS2000"}:
        raise GeometryError("GeoJSON is in WGS84", "datum", datum, "Convert it first: carbonost.engines.geo.", row)
    geometry = place["geometry"]
    kind = geometry.get("type") if isinstance(geometry, Mapping) else None
    if kind not in _DEPTH:
        raise GeometryError("is no GeoJSON geometry", "geometry", kind, f"Use {', '.join(_DEPTH)}.", row)
    points = _positions(geometry["coordinates"], _DEPTH[kind])
    if not len(points) or not (np.isfinite(points).all() and (np.abs(points) <= [180, 90]).all()):
        raise GeometryError("has no positions on the globe", "geometry", kind, "Give longitude, then latitude.", row)
    if "Polygon" in kind:
        polygons = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            if len(ring) < _RING or list(ring[0]) != list(ring[-1]):
                raise GeometryError("has an open ring", "geometry", kind, "Repeat the first position at the end.", row)


def _positions(coordinates: Any, depth: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    for _ in range(depth - 1):
        coordinates = [position for part in coordinates for position in part]
    points = [coordinates] if depth == 0 else coordinates
    return np.array([point[:2] for point in points], dtype=np.float64).reshape(-1, 2)


def _bbox(geometry: Mapping[str, Any]) -> list[float]:
    points = _positions(geometry["coordinates"], _DEPTH[geometry["type"]])
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]
