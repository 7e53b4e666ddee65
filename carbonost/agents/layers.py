"""Layers of a PostGIS database as the geo stage and a park's data want them: in WGS84, as our nouns."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.place import Entity
from carbonost.engines.geo import area_km2, inside, read_boundary, to_wgs84
from carbonost.errors import GeometryError, InputError, NotFoundError
from carbonost.storage.items import sha256
from carbonost.storage.layers_postgis import read_layer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonost.domain.scenario import Datum, GeoSelection
    from carbonost.storage.layers import Layer

_MARGIN: Final = 0.02  # degree: GCJ-02 and BD-09 shift by less, so no neighbour is missed
_M2_PER_KM2: Final = 1e6


class PostgisLayers:
    """Boundaries of parks and administrative units from PostGIS: a `BoundaryProvider`.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/db``.
    parks : str, optional
        Table of park boundaries; `park_id` names its row.
    districts : str, optional
        Table of administrative units with `code` (GB/T 2260) and `name`.
    datum : str, optional
        What both are stated in where the SRID cannot say so (GCJ02, BD09).
    timeout_s : float [s]
        How long a connection or a statement is waited for.

    Attributes
    ----------
    version : str
        A hash of every layer read so far.
    """

    def __init__(
        self,
        url: str,
        *,
        parks: str | None = None,
        districts: str | None = None,
        park_id: str = "id",
        code: str = "code",
        name: str = "name",
        datum: Datum | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        if parks is None and districts is None:
            raise InputError("no layer is named", "parks", None, "Name a table: parks='gis.parks'.")
        self._url, self._parks, self._districts = url, parks, districts
        self._park_id, self._code, self._name = park_id, code, name
        self._options: dict[str, Any] = {"datum": datum, "timeout_s": timeout_s}
        self._read: set[str] = set()

    @property
    def version(self) -> str:
        """A hash of every layer read so far."""
        return f"sha256:{sha256(' '.join(sorted(self._read)))}"

    def boundary(self, selection: GeoSelection) -> Mapping[str, Any] | None:
        """Return the WGS84 GeoJSON geometry of a park or code; None where the layer has no such row."""
        table, column = {"park_id": (self._parks, self._park_id), "admin_code": (self._districts, self._code)}.get(
            selection.type, (None, "")
        )
        if table is None:
            return None
        layer = self._layer(table, id=column, where={column: str(selection.geometry).strip()}, columns=())
        return None if layer is None else read_boundary(_geometry(layer), layer.datum).geometry

    def admin_features(self, geometry: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return WGS84 GeoJSON Features of the districts near a geometry, with ``code`` and ``name``."""
        if self._districts is None:
            return []
        ring = np.concatenate([np.asarray(part, dtype=np.float64)[:, :2] for part in _rings(geometry)])
        west, south = (ring.min(axis=0) - _MARGIN).tolist()
        east, north = (ring.max(axis=0) + _MARGIN).tolist()
        layer = self._layer(self._districts, id=self._code, columns=[self._name], near=(west, south, east, north))
        if layer is None:
            return []
        return [
            {
                "type": "Feature",
                "properties": {"code": one.id, "name": one.properties[self._name]},
                "geometry": read_boundary(one.geometry or {}, layer.datum).geometry,
            }
            for one in layer.features
        ]

    def _layer(self, table: str, **options: Any) -> Layer | None:
        """Read a table; None where no row matches, which is an answer, not a fault."""
        try:
            layer = read_layer(self._url, table, **options, **self._options)
        except NotFoundError as exc:
            if exc.field == "where":
                return None
            raise
        self._read.add(f"{table}@{layer.version}")
        return layer


def entities(layer: Layer, columns: Mapping[str, str] | None = None) -> tuple[Entity, ...]:
    """Return a layer of enterprises as entities.

    Parameters
    ----------
    layer : Layer
        Points, or polygons, which are placed at a point inside them.
    columns : mapping, optional
        Our field -> the layer's column; fields under their own names need not be said.

    Raises
    ------
    InputError
        If a column is missing or a value is refused; the row is named by its id.
    """
    named = dict(columns or {})
    known = set(Entity.model_fields) - {"id", "lon", "lat", "source"}
    for ours, theirs in named.items():
        if ours not in known or any(theirs not in one.properties for one in layer.features):
            raise InputError("no such field or column", f"columns.{ours}", theirs, f"Ours: {', '.join(sorted(known))}.")
    lon, lat = _places(layer)
    found = []
    for row, one in enumerate(layer.features):
        fields: dict[str, Any] = {"id": one.id, "name": one.id, "source": f"{layer.name}@{layer.version[:19]}"}
        for ours in known:
            value = one.properties.get(named.get(ours, ours))
            if value is not None:
                fields[ours] = value
        if not np.isnan(lon[row]):
            fields |= {"lon": float(lon[row]), "lat": float(lat[row])}
        try:
            found.append(Entity(**fields))
        except InputError as exc:
            exc.field = f"{layer.name}[{one.id}].{exc.field}"
            raise
    return tuple(found)


def roof_area_m2(layer: Layer, boundary: Mapping[str, Any]) -> float:
    """Return the area of the buildings whose centre lies in a boundary [m2].

    Parameters
    ----------
    layer : Layer
        Building outlines; a roof is taken to be as large as its outline.
    boundary : mapping
        GeoJSON polygon in WGS84.
    """
    if layer.kind != "polygon":
        raise GeometryError("buildings are polygons", "table", layer.name, "Name a layer of outlines.")
    lon, lat = _places(layer)
    within = inside(boundary, lon, lat)
    outlines = [one.geometry for one, hit in zip(layer.features, within, strict=True) if hit]
    return fsum(area_km2(read_boundary(one or {}, layer.datum).geometry) for one in outlines) * _M2_PER_KM2


def _places(layer: Layer) -> tuple[Any, Any]:
    """Return longitude and latitude of each row in WGS84; NaN where it has no geometry."""
    from shapely.geometry import shape

    points = np.full((len(layer), 2), np.nan)
    for row, one in enumerate(layer.features):
        if one.geometry is not None:
            held = shape(one.geometry)
            point = held if layer.kind == "point" and held.geom_type == "Point" else held.representative_point()
            points[row] = point.x, point.y
    return to_wgs84(points[:, 0], points[:, 1], layer.datum)


def _geometry(layer: Layer) -> dict[str, Any]:
    selection = layer.selection()
    return dict(selection.geometry) if isinstance(selection.geometry, dict) else {}


def _rings(geometry: Mapping[str, Any]) -> list[Any]:
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [polygon[0] for polygon in polygons]
