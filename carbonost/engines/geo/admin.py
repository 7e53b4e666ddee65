"""Administrative codes (GB/T 2260): what a code was in a year, what followed it, and what a boundary overlaps.

Codes carry years of validity, inclusive at both ends: in the year of a change the old and the new
code are both valid. Boundaries of administrative units are not packaged (public maps of China need an
approval number); an integrator passes them in as features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from shapely.geometry import shape

from carbonost.engines.geo.boundary import area_km2
from carbonost.errors import InputError
from carbonost.factors import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEVELS = ("province", "city", "district")


@dataclass(frozen=True, slots=True)
class AdminUnit:
    """An administrative unit as it stood in one year.

    Attributes
    ----------
    code, name : str
        GB/T 2260 code and name.
    path : dict
        ``{"province": code, "city": code, "district": code}`` as far down as the unit reaches.
    valid_from, valid_to : int or None
        Years, inclusive; None is open.
    successor : str or None
        Main successor of a unit that ended. Part of its area may have gone elsewhere.
    current : bool
        Whether the code is valid in the year asked for.
    """

    code: str
    name: str
    path: dict[str, str]
    valid_from: int | None
    valid_to: int | None
    successor: str | None
    current: bool


@cache
def _rows() -> dict[str, list[dict[str, Any]]]:
    frame = table("admin_codes")
    by_code: dict[str, list[dict[str, Any]]] = {}
    for row in frame.to_dict("records"):
        clean = {str(key): (None if value in ("", None) or value != value else value) for key, value in row.items()}  # noqa: PLR0124 -- NaN
        by_code.setdefault(str(clean["code"]), []).append(clean)
    return by_code


def _year(value: object) -> int | None:
    return None if value is None else int(float(str(value)))


def resolve(code: str, year: int) -> AdminUnit:
    """Return the unit a code meant in `year`, or, when it was not valid then, its nearest row in time.

    Raises
    ------
    InputError
        If no list ever held the code.
    """
    rows = _rows().get(code)
    if rows is None:
        raise InputError(
            "no administrative unit has this code",
            field="admin_code",
            value=code,
            remedy="Give a six-digit GB/T 2260 code of a province, city or county.",
        )

    def distance(row: dict[str, Any]) -> int:
        first, last = _year(row["valid_from"]), _year(row["valid_to"])
        return max((first or year) - year, year - (last or year), 0)

    row = min(rows, key=distance)
    path: dict[str, str] = {}
    at: dict[str, Any] | None = row
    while at is not None:
        path[_LEVELS[int(at["level"]) - 1]] = str(at["code"])
        parents = _rows().get(str(at["parent"])) if at["parent"] else None
        at = min(parents, key=distance) if parents else None
    return AdminUnit(
        code,
        str(row["name"]),
        {level: path[level] for level in _LEVELS if level in path},
        _year(row["valid_from"]),
        _year(row["valid_to"]),
        row["successor"],
        distance(row) == 0,
    )


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of a boundary lies in one administrative unit; `share` is 0 to 1."""

    code: str
    name: str
    share: float


def overlaps(geometry: Mapping[str, Any], features: Iterable[Mapping[str, Any]]) -> list[Overlap]:
    """Area share of each administrative feature a boundary touches, largest first.

    Parameters
    ----------
    geometry : mapping
        GeoJSON polygon in WGS84.
    features : iterable of mapping
        GeoJSON Features with ``properties.code`` and ``properties.name``, in WGS84.
    """
    park = shape(geometry)
    whole = area_km2(geometry)
    found = []
    for feature in features:
        common = park.intersection(shape(feature["geometry"]))
        if common.area > 0:
            share = area_km2(common.__geo_interface__) / whole
            found.append(Overlap(str(feature["properties"]["code"]), str(feature["properties"]["name"]), share))
    return sorted(found, key=lambda overlap: (-overlap.share, overlap.code))
