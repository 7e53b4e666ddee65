"""What a layer of a map holds: its rows with their geometry, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carbonost.domain.scenario import Datum, GeoSelection
from carbonost.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of a layer; `geometry` is GeoJSON, or None where the row has none."""

    id: str
    geometry: dict[str, Any] | None
    properties: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Layer:
    """What a table held when it was read.

    Attributes
    ----------
    name : str
        The table.
    kind : {"polygon", "point", "line"}
    datum : str
        What the coordinates are stated in; they are degrees.
    srid : int
        What the table states; projected coordinates were brought to degrees of the same datum
        (CGCS2000), or to WGS84.
    version : str
        A hash of everything that was read.
    features : tuple of Feature
        Sorted by id.
    """

    name: str
    kind: str
    datum: Datum
    srid: int
    version: str
    features: tuple[Feature, ...]

    def __len__(self) -> int:
        return len(self.features)

    def selection(self, name_hint: str | None = None) -> GeoSelection:
        """Return the layer's one polygon as a selection, as a boundary file would give it.

        Raises
        ------
        GeometryError
            If the layer is not one row with a polygon.
        """
        if self.kind != "polygon" or len(self) != 1 or self.features[0].geometry is None:
            raise GeometryError(
                f"a selection is one polygon, {self.name} gave {len(self)} rows of kind {self.kind}",
                "table",
                self.name,
                "Name the row: where={'id': …}.",
            )
        one = self.features[0]
        return GeoSelection(
            type="polygon", geometry=one.geometry, name_hint=name_hint or _text(one, "name"), datum=self.datum
        )

    def to_geojson(self) -> dict[str, Any]:
        """Return a GeoJSON FeatureCollection; the coordinates are those of `datum`."""
        features = [
            {"type": "Feature", "id": one.id, "geometry": one.geometry, "properties": dict(one.properties)}
            for one in self.features
        ]
        return {"type": "FeatureCollection", "features": features}


def _text(one: Feature, name: str) -> str | None:
    value = one.properties.get(name)
    return value if isinstance(value, str) else None
