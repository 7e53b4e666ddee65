"""Meter readings from a table or a frame to the one shape the library speaks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from carbonost.errors import FileFormatError, InputError, NaiveTimestampError, UnitError, UnknownEnergyTypeError
from carbonost.factors.energy_types import energy_type
from carbonost.ingestion import mapping
from carbonost.ingestion.tabular import numbers, read_table
from carbonost.units import compile as compile_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS: Final = ("start", "point", "energy_type", "value", "unit")
_TELLING: Final = 48
"""So many rises in a row, without one fall, are no consumption."""
_POWER: Final = {"w": "Wh", "kw": "kWh", "mw": "MWh", "瓦": "Wh", "千瓦": "kWh", "兆瓦": "MWh"}
"""Units of mean power -> the energy they come to in an hour."""
_BRACKETS: Final = re.compile(r"\(([^()]+)\)\s*$")


def meter_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Check a meter frame and put it in order.

    Parameters
    ----------
    frame : DataFrame
        Columns `start` (aware), `point`, `energy_type`, `value`, `unit`.

    Returns
    -------
    DataFrame
        The same columns, `start` in UTC, sorted by point, carrier and start.

    Raises
    ------
    InputError
        If a column is missing, a value is negative or infinite, or a reading stands twice.
    NaiveTimestampError
        If `start` has no zone.
    UnitError
        If a unit does not fit its carrier.
    """
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise InputError(
            "a meter frame lacks a column",
            f"meters.{missing[0]}",
            list(frame.columns),
            f"Needed: {', '.join(COLUMNS)}.",
        )
    start = pd.Series(pd.to_datetime(frame["start"]))
    if start.dt.tz is None:
        raise NaiveTimestampError(
            "a reading has no time zone",
            "meters.start",
            str(start.iloc[0]) if len(start) else None,
            "Localize it: frame['start'].dt.tz_localize('Asia/Shanghai').",
        )
    out = pd.DataFrame(
        {
            "start": start.dt.tz_convert("UTC").astype("datetime64[ns, UTC]"),
            "point": frame["point"].astype(str),
            "energy_type": frame["energy_type"].astype(str),
            "value": _floats(frame["value"]),
            "unit": frame["unit"].astype(str),
        }
    )
    out["energy_type"] = out["energy_type"].map({word: _carrier(word) for word in out["energy_type"].unique()})
    _refuse_values(out)
    for carrier, unit in out[["energy_type", "unit"]].drop_duplicates().itertuples(index=False):
        compile_unit(carrier, unit)
    twice = out.duplicated(["point", "energy_type", "start"]).to_numpy()
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise InputError(
            f"point {out['point'].iloc[row]} has two readings of {out['energy_type'].iloc[row]}",
            "meters.start",
            str(start.iloc[row]),
            "Keep one reading for each point and instant.",
            row=_label(out, row),
        )
    return out.sort_values(["point", "energy_type", "start"], kind="stable", ignore_index=True)


def _carrier(word: str) -> str:
    """Return the id of a carrier, 电 and 电力 being electricity; one outside the vocabulary keeps its own name."""
    try:
        return energy_type(word)
    except UnknownEnergyTypeError:
        return word


def _floats(column: pd.Series[Any]) -> pd.Series[float]:
    value = pd.to_numeric(column, errors="coerce")
    wrong = (value.isna() & column.notna()).to_numpy()
    if wrong.any():
        cell = column[wrong].iloc[0]
        raise InputError("a reading is not a number", "meters.value", cell, "Give numbers; NaN is a gap.")
    return value.astype(np.float64)


def _label(frame: pd.DataFrame, row: int) -> int:
    """Return the number a row goes by: its index, which is the spreadsheet's row for a file."""
    label = frame.index[row]
    return int(label) if isinstance(label, (int, np.integer)) else row


def _refuse_values(frame: pd.DataFrame) -> None:
    value = frame["value"].to_numpy()
    wrong = np.isinf(value) | (value < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InputError(
            "a reading is negative or infinite",
            "meters.value",
            float(value[row]),
            "Give consumption as positive amounts; leave a gap empty.",
            row=_label(frame, row),
        )


def read_meters(path: Path | str, options: Mapping[str, Any]) -> pd.DataFrame:
    """Read a table of meter readings.

    Parameters
    ----------
    path : Path or str
        CSV or Excel file with at least a time and a value column.
    options : mapping
        ``columns`` (our name -> the file's), ``energy_type``, ``unit``, ``point`` for what the file does
        not say per row (a unit may stand in the heading, 电量(kWh); kW is mean power), ``timezone`` for stamps
        without a zone, ``label: end`` where a stamp names the end of its interval, ``cumulative: true`` where
        the values are states of a register.

    Returns
    -------
    DataFrame
        A checked meter frame (`meter_frame`); mean power has become energy, in kWh for kW.

    Raises
    ------
    FileFormatError
        If the file cannot be read, does not say what is needed, or says it twice and differently.
    NaiveTimestampError, UnitError, InputError
        As of `meter_frame`, with the row.
    """
    path = Path(path)
    frame = read_table(path, mapping.METERS, ("start", "value"), options.get("columns"))
    value = numbers(frame, "value", path, gaps=True)
    start = _instants(frame["start"], path, options.get("timezone"))
    if options.get("label", "start") == "end":
        start = start - _step(start, path)
    elif options.get("label", "start") != "start":
        raise FileFormatError("unknown label", f"{path.name}: label", options["label"], "Say start or end.")
    out = pd.DataFrame({"start": start.to_numpy(), "value": value}, index=frame.index)
    out["start"] = start.array
    for column, fallback in (("energy_type", None), ("unit", _in_heading(frame)), ("point", path.stem)):
        given = options.get(column, fallback)
        if column in frame:
            out[column] = frame[column]
        elif given is not None:
            out[column] = str(given)
        else:
            raise FileFormatError(
                f"nobody says the {column} of these readings",
                f"{path.name}: {column}",
                None,
                f"Add a column {column!r}, or write {column}: … beside the file's name.",
            )
    _refuse_other_unit(out, frame, path)
    out = _energy(out, path, cumulative=options.get("cumulative"))
    out = _differences(out, path, cumulative=options.get("cumulative"))
    try:
        return meter_frame(out)
    except UnitError as exc:
        raise UnitError(exc.problem, f"{path.name}: unit", exc.value, exc.remedy) from exc
    except InputError as exc:
        exc.field = f"{path.name}: {str(exc.field).removeprefix('meters.')}"
        raise


def _instants(text: pd.Series[str], path: Path, zone: object) -> pd.Series[pd.Timestamp]:
    try:
        stamps = pd.Series(pd.to_datetime(text, format="ISO8601"), index=text.index)
    except ValueError:
        stamps = _written(text)
    bad = stamps.isna()
    if bad.any():
        row = int(text.index[bad][0])
        raise FileFormatError(
            "not a time", f"{path.name}: start", text[bad].iloc[0] or "(empty)", "Write 2025-01-31 13:45.", row=row
        )
    if stamps.dt.tz is not None:
        return stamps.dt.tz_convert("UTC")
    if zone is None:
        raise NaiveTimestampError(
            "the stamps name no time zone",
            f"{path.name}: start",
            text.iloc[0],
            "Write timezone: Asia/Shanghai beside the file's name.",
        )
    try:
        local = stamps.dt.tz_localize(ZoneInfo(str(zone)))
    except ZoneInfoNotFoundError as exc:
        raise FileFormatError("unknown time zone", f"{path.name}: timezone", zone, "Say Asia/Shanghai.") from exc
    except ValueError as exc:
        raise FileFormatError(
            f"a stamp does not exist, or exists twice, in {zone}",
            f"{path.name}: start",
            str(exc)[:60],
            "Write stamps with their offset, such as 2025-10-26T02:30+02:00.",
        ) from exc
    return local


def _written(text: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Read stamps as logs print them: 2025/1/1 0:15, 2025年1月1日 0:15, and 24:00 for the end of a day."""
    plain = text.str.replace(r"[年月]", "-", regex=True).str.replace("日", " ", regex=False)
    late = plain.str.contains(r"[ T]24:00(?::00)?$", regex=True)
    plain = plain.str.replace(r"([ T])24:00", r"\g<1>00:00", regex=True)
    stamps = pd.Series(pd.to_datetime(plain, errors="coerce", format="mixed"), index=text.index)
    return stamps + pd.to_timedelta(late.astype(int), unit="D")


def _in_heading(frame: pd.DataFrame) -> str | None:
    """The unit of electricity a value's heading names in brackets, 有功功率(kW), if any."""
    found = _BRACKETS.search(frame.attrs["headings"]["value"])
    return found[1].strip() if found and _electric(found[1]) else None


def _electric(unit: str) -> tuple[str, float] | None:
    """Whether a unit is power or energy, and how large it is; None for another word."""
    unit = unit.strip()
    try:
        energy = _POWER.get(unit.casefold())
        return ("power" if energy else "energy"), compile_unit("electricity", energy or unit)
    except UnitError:
        return None


def _refuse_other_unit(out: pd.DataFrame, frame: pd.DataFrame, path: Path) -> None:
    """Refuse a unit that is not the heading's: kW read as kWh of quarter-hours are four times too much."""
    heading = _in_heading(frame)
    for unit in out["unit"].unique():
        if heading is not None and _electric(heading) != _electric(str(unit)):
            raise FileFormatError(
                f"the heading {frame.attrs['headings']['value']!r} names another unit",
                f"{path.name}: unit",
                unit,
                f"Say {heading}, or mend the heading.",
            )


def _energy(frame: pd.DataFrame, path: Path, *, cumulative: bool | None) -> pd.DataFrame:
    """Turn mean power into the energy of its interval, 1 kW of a quarter-hour into 0.25 kWh."""
    unit = frame["unit"].str.strip().str.casefold().map(_POWER)
    power = unit.notna()
    if not power.any():
        return frame
    if cumulative:
        raise FileFormatError(
            "a register does not count power", f"{path.name}: unit", frame["unit"][power].iloc[0], "Say kWh."
        )
    hours = pd.Series(1.0, frame.index)
    for point, stamps in frame["start"][power].groupby(frame["point"]):
        step = _step(stamps, path)
        at = np.sort(pd.DatetimeIndex(stamps).as_unit("ns").asi8)
        if (np.diff(at) % step.value).any():
            raise FileFormatError(
                f"the powers of {point} stand at uneven instants",
                f"{path.name}: start",
                str(step),
                "Give means over a regular interval, or energy.",
            )
        hours[stamps.index] = step / pd.Timedelta(hours=1)
    return frame.assign(value=frame["value"] * hours, unit=unit.fillna(frame["unit"]))


def _differences(frame: pd.DataFrame, path: Path, *, cumulative: bool | None) -> pd.DataFrame:
    """Turn the states of registers into amounts; refuse states that nobody called so."""
    meters = frame.sort_values("start", kind="stable").groupby(["point", "energy_type"], sort=False)["value"]
    if cumulative:
        value = (meters.shift(-1) - meters.obj).reindex(frame.index)
        last = meters.tail(1).index
        return frame.assign(value=value).drop(index=last)
    for (point, _), states in meters if cumulative is None else ():
        rises = states.dropna().diff().iloc[1:]
        if len(rises) >= _TELLING and bool((rises >= 0).all()) and int((rises > 0).sum()) >= _TELLING:
            raise FileFormatError(
                f"the readings of {point} only ever rise, as the state of a register does",
                f"{path.name}: value",
                float(states.max()),
                "Write cumulative: true beside the file's name for states of a register (false for amounts).",
            )
    return frame


def _step(start: pd.Series[pd.Timestamp], path: Path) -> pd.Timedelta:
    steps = start.drop_duplicates().sort_values().diff().dropna()
    if steps.empty:
        raise FileFormatError("one reading has no interval", f"{path.name}: start", None, "Give at least two.")
    return pd.Timedelta(steps.mode().iloc[0])
