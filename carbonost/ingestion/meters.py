"""Meter readings from a table or a frame to the one shape the library speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from carbonost.errors import FileFormatError, InputError, NaiveTimestampError, UnitError
from carbonost.ingestion import mapping
from carbonost.ingestion.tabular import numbers, read_table
from carbonost.units import compile as compile_unit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COLUMNS: Final = ("start", "point", "energy_type", "value", "unit")


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
            "value": frame["value"].astype(np.float64),
            "unit": frame["unit"].astype(str),
        }
    )
    _refuse_values(out)
    for energy_type, unit in out[["energy_type", "unit"]].drop_duplicates().itertuples(index=False):
        compile_unit(energy_type, unit)
    out = out.sort_values(["point", "energy_type", "start"], kind="stable", ignore_index=True)
    twice = out.duplicated(["point", "energy_type", "start"])
    if twice.any():
        row = out[twice].iloc[0]
        raise InputError(
            f"point {row['point']} has two readings of {row['energy_type']}",
            "meters.start",
            str(row["start"]),
            "Keep one reading for each point and instant.",
        )
    return out


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
            row=row,
        )


def read_meters(path: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """Read a table of meter readings.

    Parameters
    ----------
    path : Path
        CSV or Excel file with at least a time and a value column.
    options : mapping
        ``columns`` (our name -> the file's), ``energy_type``, ``unit``, ``point`` for what the file does
        not say per row, ``timezone`` for stamps without a zone, ``label: end`` where a stamp
        names the end of its interval.

    Returns
    -------
    DataFrame
        A checked meter frame (`meter_frame`).
    """
    frame = read_table(path, mapping.METERS, ("start", "value"), options.get("columns"))
    value = numbers(frame, "value", path, gaps=True)
    start = _instants(frame["start"], path, options.get("timezone"))
    if options.get("label", "start") == "end":
        start = start - _step(start, path)
    elif options.get("label", "start") != "start":
        raise FileFormatError("unknown label", f"{path.name}: label", options["label"], "Say start or end.")
    out = pd.DataFrame({"start": start.to_numpy(), "value": value}, index=frame.index)
    out["start"] = start.array
    for column, fallback in (("energy_type", None), ("unit", None), ("point", path.stem)):
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
        stamps = pd.Series(pd.to_datetime(text, errors="coerce", format="mixed"), index=text.index)
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
    return local.dt.tz_convert("UTC")


def _step(start: pd.Series[pd.Timestamp], path: Path) -> pd.Timedelta:
    steps = start.drop_duplicates().sort_values().diff().dropna()
    if steps.empty:
        raise FileFormatError("one reading has no interval", f"{path.name}: start", None, "Give at least two.")
    return pd.Timedelta(steps.mode().iloc[0])
