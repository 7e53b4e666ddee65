"""A park's data, and the YAML file they come in.

`read_park` reads the whole file: where (`GeoSelection`), on what terms (`ScenarioParams`) and what was
metered and declared (`ParkData`). Tables stand in CSV or Excel files beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import yaml

from carbonost.domain.activity import ActivityData
from carbonost.domain.evidence import EvidenceItem
from carbonost.domain.headings import ACTIVITIES, Headings
from carbonost.domain.place import Entity
from carbonost.domain.scenario import GeoSelection, ScenarioParams
from carbonost.domain.site import site_faults
from carbonost.errors import FileFormatError, InputError, raise_faults
from carbonost.ingestion import mapping
from carbonost.ingestion.declared import nouns
from carbonost.ingestion.meters import meter_frame, read_meters
from carbonost.ingestion.tabular import listed, named, numbers, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from pydantic import JsonValue

_TOP: Final = ("park", "selection", "scenario", "meters", "activities", "entities", "site", "production", "prices")
_PARK: Final = ("name", "zone", "synthetic")
_METERS: Final = ("file", "columns", "energy_type", "unit", "point", "timezone", "label", "cumulative", "multiplier")
_TABLE: Final = ("file", "columns")
_ACTIVITY: Final = (ACTIVITIES, ("energy_type", "consumption", "unit"))
_ENTITY: Final = (mapping.ENTITIES, ("id", "name"))
_PRODUCT: Final = (mapping.PRODUCTION, ("product", "amount", "unit"))
"""The columns a table may have, and those it must have."""


@dataclass(frozen=True)
class ParkData:
    """What is known of a park: metered, declared, listed.

    Attributes
    ----------
    meters : DataFrame or path or None
        Columns ``start`` (aware), ``point``, ``energy_type``, ``value``, ``unit``: the amount in the
        interval that begins at `start`. NaN is a gap and stays one. A path is read as a table.
    activities : sequence of ActivityData or dict, or DataFrame
        Declared totals: a carrier, an amount, a unit, a period.
    entities : sequence of Entity or dict, or DataFrame
        Enterprises in the park.
    site : mapping
        Constraints and facts by the names the measure library asks for: ``roof_area_m2``,
        ``grid_headroom_kw``, ``tou_tariff``, ``steam_grade``, ``waste_heat_profile`` …
    production : DataFrame or None
        Columns ``product``, ``amount``, ``unit`` and, where known, ``facility``, ``year``.
    prices : mapping or None
        ``{"electricity": {…}}`` holds keyword arguments of a tariff: either ``bands`` and ``prices``
        (`Tariff.from_bands`), or ``flat_cny_per_kwh``, ``floating_cny_per_kwh`` … (`Tariff.from_region`).
    sources : sequence of EvidenceItem or dict
        The files and documents behind all this.
    name : str or None
        The park's name.
    zone : str
        IANA time zone of the site.
    synthetic : bool
        True for a made-up park; every report says so.
    """

    meters: pd.DataFrame | Path | str | None = None
    activities: Sequence[ActivityData | Mapping[str, Any]] = ()
    entities: Sequence[Entity | Mapping[str, Any]] = ()
    site: Mapping[str, JsonValue] = field(default_factory=dict)
    production: pd.DataFrame | None = None
    prices: Mapping[str, Any] | None = None
    sources: Sequence[EvidenceItem | Mapping[str, Any]] = ()
    name: str | None = None
    zone: str = "Asia/Shanghai"
    synthetic: bool = False

    def __post_init__(self) -> None:
        """Bring every part to its noun, or refuse it by name."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise InputError("unknown time zone", "zone", self.zone, "Give an IANA name, e.g. Asia/Shanghai.") from exc
        put = object.__setattr__
        meters = self.meters
        if isinstance(meters, (str, Path)):
            meters = read_meters(Path(meters), {"timezone": self.zone})
        put(self, "meters", None if meters is None else meter_frame(named(meters, mapping.METERS)))
        activities = listed(self.activities, ACTIVITIES, "activities")
        put(self, "activities", tuple(_as(ActivityData, item) for item in activities))
        put(self, "entities", tuple(_as(Entity, item) for item in listed(self.entities, mapping.ENTITIES, "entities")))
        put(self, "sources", tuple(_as(EvidenceItem, item) for item in self.sources))
        put(self, "site", _plain(self.site))
        put(self, "prices", _plain(self.prices))
        raise_faults("the facts of the site cannot be read", site_faults(self.site))
        _refuse_twice(self.activities)  # type: ignore[arg-type]
        twice = {entity.id for entity in self.entities if sum(e.id == entity.id for e in self.entities) > 1}  # type: ignore[union-attr]
        if twice:
            raise InputError("two entities share an id", "entities.id", min(twice), "Give each its own id.")

    def __repr__(self) -> str:
        points = 0 if self.meters is None else self.meters["point"].nunique()  # type: ignore[index, union-attr]
        told = f"{points} metered points, {len(self.activities)} declared rows, {len(self.entities)} enterprises"
        return f"<ParkData {self.name or ''!r}: {told}>"

    @classmethod
    def from_yaml(cls, path: Path | str) -> ParkData:
        """Read the data of a park file; `read_park` also gives selection and scenario."""
        return read_park(path)[2]


def _as(noun: Any, item: Any) -> Any:
    return item if isinstance(item, noun) else noun(**item)


def _plain(value: Any) -> Any:
    """Return facts as JSON has them: a date is its ISO text, a number of numpy's a number."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return value.item()
    return value.isoformat() if isinstance(value, date) else value


def _refuse_twice(activities: Sequence[ActivityData]) -> None:
    """Refuse a declared row that stands twice under one id: it would count twice."""
    counts = Counter(item.id for item in activities if item.id is not None)
    again = [item for item in activities if item.id is not None and counts[item.id] > 1]
    for at, item in enumerate(again):
        if item in again[:at]:
            remedy = "Keep one of the two rows, or give each its own id."
            raise InputError("a declared row stands twice", "activities.id", item.id, remedy)


def read_park(path: Path | str) -> tuple[GeoSelection, ScenarioParams, ParkData]:
    """Read a park file with the tables it names.

    Raises
    ------
    FileFormatError
        If the file is missing, is not YAML, has an unknown key, or a table in it does not fit.
    InputError
        If a value is refused; the field starts with the file's name.
    """
    path = Path(path)
    body = _yaml(path)
    _known(path, "", body, _TOP)
    park = _section(path, body, "park")
    _known(path, "park.", park, _PARK)
    with _Told(path, "selection"):
        selection = GeoSelection(**_selection(path, _section(path, body, "selection")))
    with _Told(path, "scenario"):
        scenario = ScenarioParams(**_section(path, body, "scenario"))
    zone = str(park.get("zone", "Asia/Shanghai"))
    sources: list[EvidenceItem] = [_evidence(path, "park file")]
    meters = [_meters(path, entry, index, sources) for index, entry in enumerate(_entries(path, body, "meters"))]
    data: dict[str, Any] = {
        "activities": nouns(ActivityData, _rows(path, body, "activities", _ACTIVITY, sources), "declared amounts"),
        "entities": nouns(Entity, _rows(path, body, "entities", _ENTITY, sources), "enterprises"),
        "production": _production(path, body, sources),
        "site": _section(path, body, "site"),
        "prices": _section(path, body, "prices") or None,
    }
    with _Told(path, "meters"):
        joined = _joined(meters)
    with _Told(path, ""):
        return (
            selection,
            scenario,
            ParkData(
                meters=joined,
                sources=sources,
                zone=zone,
                name=park.get("name"),
                synthetic=bool(park.get("synthetic", False)),
                **data,
            ),
        )


class _Told:
    """Put the file and section in front of the field of an `InputError`."""

    def __init__(self, path: Path, section: str) -> None:
        self.path, self.section = path, section

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        faults = getattr(error, "exceptions", (error,))
        for fault in faults:
            if isinstance(fault, InputError) and not str(fault.field or "").startswith(self.path.name):
                parts = [part for part in (self.section, fault.field) if part]
                fault.field = f"{self.path.name}: {'.'.join(parts)}" if parts else self.path.name


def _yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileFormatError("no such file", path.name, str(path), "Write one with: carbonost template park DIR")
    try:
        body = yaml.safe_load(path.read_text("utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        where = getattr(exc, "problem_mark", None)
        line = f" in line {where.line + 1}" if where is not None else ""
        raise FileFormatError(f"not valid YAML{line}", path.name, None, "Check indentation and quotes.") from exc
    if not isinstance(body, dict):
        raise FileFormatError("a park file is a mapping of sections", path.name, body, f"Known: {', '.join(_TOP)}.")
    return body


def _known(path: Path, prefix: str, section: Mapping[str, Any], names: Sequence[str]) -> None:
    for key in section:
        if key not in names:
            near = get_close_matches(str(key), names, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(names)}."
            raise FileFormatError("unknown key", f"{path.name}: {prefix}{key}", section[key], remedy)


def _section(path: Path, body: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = body.get(name) or {}
    if not isinstance(section, dict):
        raise FileFormatError("a mapping is expected", f"{path.name}: {name}", section, "Write key: value lines.")
    return {str(key): value for key, value in section.items()}


def _entries(path: Path, body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    entries = body.get(name) or []
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FileFormatError(
            "a list of mappings is expected", f"{path.name}: {name}", entries, "Begin entries with '- '."
        )
    return entries


def _selection(path: Path, section: dict[str, Any]) -> dict[str, Any]:
    """Return the selection with its geometry read in, where a file holds it."""
    if not section:
        raise FileFormatError(
            "the park file has no selection", f"{path.name}: selection", None, "Say type and geometry."
        )
    name = section.get("geometry")
    if section.get("type") != "polygon" or not isinstance(name, str):
        return section
    file = path.parent / name
    try:
        body = json.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError as exc:
        raise FileFormatError(
            "no such file", f"{path.name}: selection.geometry", name, "Put the file beside it."
        ) from exc
    except (json.JSONDecodeError, UnicodeDecodeError) as exc:
        raise FileFormatError(
            "not valid GeoJSON", f"{path.name}: selection.geometry", name, "Export it again."
        ) from exc
    if body.get("type") == "FeatureCollection" and len(body.get("features", ())) == 1:
        body = body["features"][0]
    return {**section, "geometry": body.get("geometry", body)}


def _file(path: Path, entry: Mapping[str, Any], where: str) -> Path:
    name = entry.get("file")
    if not isinstance(name, str) or not name:
        raise FileFormatError("a table needs its file", f"{path.name}: {where}.file", name, "Write file: name.csv")
    file = path.parent / name
    if not file.is_file():
        raise FileFormatError("no such file", f"{path.name}: {where}.file", name, "Put the file beside the park file.")
    return file


def _evidence(file: Path, *notes: str) -> EvidenceItem:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return EvidenceItem(type="file", id=file.name, version=f"sha256:{digest}", note="; ".join(notes))


def _meters(path: Path, entry: dict[str, Any], index: int, sources: list[EvidenceItem]) -> pd.DataFrame:
    where = f"meters[{index}]"
    _known(path, f"{where}.", entry, _METERS)
    file = _file(path, entry, where)
    frame = read_meters(file, entry)
    sources.append(_evidence(file, "meter readings", *frame.attrs["notes"]))
    return frame


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame | None:
    import pandas as pd

    return pd.concat(frames, ignore_index=True) if frames else None


def _rows(
    path: Path,
    body: Mapping[str, Any],
    name: str,
    table: tuple[Headings, tuple[str, ...]],
    sources: list[EvidenceItem],
) -> list[tuple[str, int | None, dict[str, Any]]]:
    """Rows of a section, written in place or read from the tables it names: (place, spreadsheet row, fields)."""
    rows: list[tuple[str, int | None, dict[str, Any]]] = []
    for index, entry in enumerate(_entries(path, body, name)):
        if "file" not in entry:
            rows.append((f"{path.name}: {name}[{index}].", None, table[0].read(entry)))
            continue
        _known(path, f"{name}[{index}].", entry, _TABLE)
        file = _file(path, entry, f"{name}[{index}]")
        frame = read_table(file, *table, entry.get("columns"))
        sources.append(_evidence(file, name, *frame.attrs["notes"]))
        for column in ("consumption", "amount"):
            if column in frame:
                frame[column] = numbers(frame, column, file, gaps=False)
        for row, fields in zip(frame.index, frame.to_dict("records"), strict=True):
            given = {str(key): value for key, value in fields.items() if value != ""}
            rows.append((f"{file.name}: ", int(row), given))
    return rows


def _production(path: Path, body: Mapping[str, Any], sources: list[EvidenceItem]) -> pd.DataFrame | None:
    import pandas as pd

    rows = [fields for _, _, fields in _rows(path, body, "production", _PRODUCT, sources)]
    return pd.DataFrame(rows) if rows else None
