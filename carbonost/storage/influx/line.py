"""Line protocol with the specification's measurements, tags and fields.

A reading is a line ``energy_consumption,device_id=…,energy_type=…,unit=…,park_id=… value=…,
quality=…i,status="…" <ns>``; the measurement follows from the unit. Tags that other programs
write along come back as tags.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unicodedata import category

import pandas as pd

from carbonost.errors import InvalidDataError
from carbonost.storage.frames import Batch, read_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carbonost.storage.ports import SeriesInfo

ENERGY: Final = "energy_consumption"
POWER: Final = "power_consumption"
TEMPERATURE: Final = "temperature"
CARBON: Final = "carbon_realtime"
STATE: Final = "state"
MEASUREMENTS: Final = (ENERGY, POWER, TEMPERATURE, CARBON, STATE)
"""Those of the specification, and one for what is neither energy nor power: volts, hertz, shares."""
_POWERS: Final = frozenset({"W", "kW", "MW", "GW", "VA", "kVA", "MVA", "var", "kvar", "Mvar"})
_TEMPERATURES: Final = frozenset({"°C", "degC", "K"})
_RESERVED: Final = frozenset({"time", "_field", "_measurement", "value", "quality", "status"})
"""Names no tag may have: a server's own, and those of our fields."""
_STATES: Final = frozenset({"V", "kV", "A", "Hz", "%", "1", "Pa", "kPa", "MPa", "bar"})
_FIELDS: Final = {"efficiency": "1", "humidity": "%"}
"""The specification's further fields, and their units."""
_OURS: Final = ("value", "quality", "status")
_UNITS: Final = {ENERGY: "kWh", POWER: "kW", TEMPERATURE: "degC", CARBON: "tCO2e"}
_ESCAPED: Final = re.compile(r"([,= ])")
_LINE: Final = re.compile(
    r"(?P<head>(?:\\.|[^\s\\])+) (?P<fields>(?:\"(?:\\.|[^\"\\])*\"|\\.|[^\s\"\\])+)(?: (?P<time>-?\d+))?\s*"
)
_FIELD: Final = re.compile(r"((?:\\.|[^,=\\])+)=(\"(?:\\.|[^\"\\])*\"|[^,]+)(?:,|$)")
_NUMERIC: Final = re.compile(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?[iu]?")
_PART: Final = re.compile(r"((?:\\.|[^,\\])+)(?:,|$)")
_ESCAPE: Final = re.compile(r"\\([,= \"\\])")


def measurement(info: SeriesInfo) -> str:
    """Return the specification's measurement a series belongs to."""
    if info.unit in _POWERS:
        return POWER
    if info.unit in _TEMPERATURES:
        return TEMPERATURE
    if info.unit in _STATES:
        return STATE
    return CARBON if "CO2" in info.unit or "CO₂" in info.unit else ENERGY


def escape_tag(text: str) -> str:
    r"""Return a tag key or value as it stands in a line.

    Raises
    ------
    InvalidDataError
        If it holds a backslash, which generations of the server read differently, or a character
        that would end the line.
    """
    if "\\" in text or not text or any(category(c) in ("Cc", "Cs") for c in text):
        raise InvalidDataError("line protocol cannot hold this text in a tag", "point", text, "Use another name.")
    return _ESCAPED.sub(r"\\\1", text)


def escape_field(text: str) -> str:
    """Return a text as it stands between the quotes of a field."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def head(name: str, info: SeriesInfo, tags: Mapping[str, str]) -> str:
    """Return measurement and tags of a series, tags sorted by key."""
    taken = _RESERVED.intersection(tags)
    if taken:
        raise InvalidDataError("line protocol has no tag of this name", min(taken), None, "Rename the column.")
    held = {"device_id": info.point, "energy_type": info.energy_type, "unit": info.unit} | dict(tags)
    listed = sorted((escape_tag(key), escape_tag(value)) for key, value in held.items() if value)
    return ",".join([escape_tag(name), *(f"{key}={value}" for key, value in listed)])


def encode(batch: Batch, heads: Sequence[str]) -> list[str]:
    """Return one line per row of a batch; `heads` is indexed by the batch's series."""
    codes, values, stamps = batch.code.tolist(), batch.value.tolist(), batch.start.tolist()
    if batch.status is None and bool((batch.quality == 100).all()):  # noqa: PLR2004 -- the default quality
        starts = [f"{one} value=" for one in heads]
        rows = zip(codes, values, stamps, strict=True)
        return [f'{starts[code]}{value!r},quality=100i,status="" {at}000' for code, value, at in rows]
    status = batch.status.tolist() if batch.status is not None else [""] * len(batch)
    texts = {text: escape_field(text) for text in set(status)}
    full = zip(codes, values, batch.quality.tolist(), status, stamps, strict=True)
    return [
        f'{heads[code]} value={value!r},quality={quality}i,status="{texts[text]}" {at}000'
        for code, value, quality, text, at in full
    ]


def to_lines(frame: pd.DataFrame) -> str:
    """Return a frame of readings (point, start, value, energy_type, unit …) as line protocol."""
    batch = read_frame(frame)
    heads = [head(measurement(info), info, info.tags) for info in batch.series]
    return "\n".join(encode(batch, heads)) + "\n" if len(batch) else ""


def from_lines(text: str) -> pd.DataFrame:
    """Return line protocol as a frame of readings that a meter store can write.

    A line without ``device_id`` is named by its measurement and tags; one without ``unit`` gets
    that of its measurement in the specification (kWh, kW, degC, tCO2e). A further number on the line
    (``efficiency``, ``humidity``) is a point of its own, ``hvac_001/efficiency``; further texts are left out.

    Raises
    ------
    InvalidDataError
        With the row of the first line that cannot be read, or that has no time or no value.
    """
    rows = [row for row in _rows(text)]  # noqa: C416 -- a generator raises as it goes
    return pd.DataFrame(rows)


def _rows(text: str) -> Iterator[dict[str, object]]:
    for number, line in enumerate(text.split("\n")):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or found["time"] is None:
            raise InvalidDataError("not a line of line protocol with a time", "line", line, row=number)
        parts = [part[1] for part in _PART.finditer(found["head"])]
        name = _plain(parts[0])
        tags = dict(_pair(part, number) for part in parts[1:])
        fields = {_plain(key): value for key, value in _FIELD.findall(found["fields"])}
        if "value" not in fields:
            raise InvalidDataError("the line has no field 'value'", "value", line, row=number)
        shown = ",".join(f"{key}={value}" for key, value in sorted(tags.items()))
        row: dict[str, object] = {"point": tags.pop("device_id", f"{name} {shown}".strip())}
        row |= {
            "start": pd.Timestamp(int(found["time"]), unit="ns", tz="UTC"),
            "value": _number(fields["value"], number),
        }
        row["energy_type"] = tags.pop("energy_type", "carbon" if name == CARBON else "electricity")
        row["unit"] = tags.pop("unit", _UNITS.get(name, "1"))
        row["quality"] = int(_number(fields.get("quality", "100i"), number))
        row["status"] = _plain(fields.get("status", '""')[1:-1])
        yield row | tags
        for extra, value in fields.items():
            if extra not in _OURS and _NUMERIC.fullmatch(value):
                unit = {"point": f"{row['point']}/{extra}", "unit": _FIELDS.get(extra, "1")}
                yield row | unit | {"value": _number(value, number)} | tags


def _pair(part: str, number: int) -> tuple[str, str]:
    found = re.fullmatch(r"((?:\\.|[^=\\])+)=((?:\\.|[^=\\])+)", part)
    if found is None:
        raise InvalidDataError("a tag of the line cannot be read", "line", part, row=number)
    return _plain(found[1]), _plain(found[2])


def _number(text: str, number: int) -> float:
    try:
        return float(text.rstrip("iu"))
    except ValueError:
        raise InvalidDataError("a field is not a number", "value", text, row=number) from None


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
