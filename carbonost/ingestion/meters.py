"""Meter readings from a table or a frame to the one shape the library speaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import FileFormatError, InputError, NaiveTimestampError, UnknownEnergyTypeError
from carbonost.factors.energy_types import energy_type
from carbonost.ingestion import amounts, mapping, quantities, stamps, wide
from carbonost.ingestion.tabular import Sheet, numbers, read_sheet
from carbonost.units import compile as compile_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """Read a table of meter readings: one row a reading, or one row a day with a column for each interval.

    Parameters
    ----------
    path : Path or str
        CSV or Excel file with a time and a value column, or with a date column and 24, 48, 96 … columns named by
        the clock (00:15 … 24:00) or by number (P1 … P96). Title rows above the header and totals below are no data.
    options : mapping
        ``columns`` (our name -> the file's), ``energy_type``, ``unit``, ``point`` for what the file does
        not say per row (a unit may stand in the heading, 电量(kWh), or above it, 单位:kW; kW is mean power),
        ``timezone`` for stamps without a zone, ``label: end`` where a stamp names the end of its interval and the
        columns do not show it, ``cumulative: true`` where the values are states of a register and no heading says
        so (示值), ``multiplier: false`` where a column 倍率 is in the values already (true where it is not), or its
        number where the table has none.

    Returns
    -------
    DataFrame
        A checked meter frame (`meter_frame`); mean power has become energy, in kWh for kW, and states of a register
        have become amounts. ``attrs["notes"]`` tell how the table was understood and which rows were left out.

    Raises
    ------
    FileFormatError
        If the file cannot be read, does not say what is needed, or says it twice and differently.
    NaiveTimestampError, UnitError, InputError
        As of `meter_frame`, with the row, and the column of a wide table.
    """
    path = Path(path)
    rename = options.get("columns") or {}
    label = options.get("label")
    if label not in (None, "start", "end"):
        raise FileFormatError("unknown label", f"{path.name}: label", label, "Say start or end.")
    sheet = read_sheet(path, mapping.METERS, _whole, rename)
    names = sheet.names(mapping.METERS, rename)
    columns = wide.intervals(sheet.headings)
    if columns is None or "value" in rename or not {"day", "start"} & set(names):
        columns = None
        missing = [
            name for name in ("start", "value") if name not in names and not (name == "start" and "day" in names)
        ]
        if missing:
            raise sheet.lacks(missing)
    told = quantities.told(sheet, names, None if columns is None else columns.at)
    states = told.states(options.get("cumulative"))
    notes = sheet.notes
    if columns is None:
        frame = sheet.table(names)
        frame = frame.assign(row=frame.index, under=None).reset_index(drop=True)
    else:
        names = {name: at for name, at in names.items() if name != "value" and at not in columns.at}
        frame, note = wide.melted(sheet, names, columns, label=label, states=bool(states))
        notes = (note, *notes)
    try:
        meters = meter_frame(_amounts(frame, sheet, told, states, {**options, "label": label or "start"}))
    except InputError as exc:
        _place(exc, frame, path)
        raise
    meters.attrs = {"notes": notes}
    return meters


def _whole(names: set[str], cells: list[str]) -> bool:
    """Whether a row can be the header of a meter table."""
    dated = bool({"start", "day"} & names)
    return dated and ("value" in names or wide.intervals(cells) is not None)


def _amounts(
    frame: pd.DataFrame, sheet: Sheet, told: quantities.Told, states: bool | None, options: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the amounts of a table whose rows are readings; rows go by their position."""
    path = sheet.path
    value = numbers(frame, "value", path, gaps=True)
    start = stamps.instants(frame, path, options.get("timezone"))
    if options["label"] == "end" and not states and "minutes" not in frame:
        start = start - amounts.step(start, path)
    out = pd.DataFrame({"value": value, "start": start.array}, index=frame.index)
    given = {"energy_type": options.get("energy_type"), "unit": options.get("unit", told.unit)}
    for column, fallback in given.items():
        if column in frame:
            out[column] = frame[column]
        elif fallback is not None:
            out[column] = str(fallback)
        else:
            raise FileFormatError(
                f"nobody says the {column} of these readings",
                f"{path.name}: {column}",
                None,
                f"Add a column {column!r}, or write {column}: … beside the file's name.",
            )
    out["point"] = _points(frame, sheet, options)
    nameless = np.flatnonzero(out["point"] == "")
    if nameless.size:
        raise FileFormatError(
            "a row names no meter", f"{path.name}: point", None, "Fill in its meter.", row=int(nameless[0])
        )
    for unit in out["unit"].unique():
        told.refuse_other(str(unit))
    multiplier = amounts.multipliers(frame, sheet, options.get("multiplier"), states=bool(states))
    if states:
        return amounts.of_states(out, multiplier, path)
    if states is None:
        amounts.refuse_rising(out, path)
    return amounts.of_power(out.assign(value=out["value"] * multiplier), path)


def _points(frame: pd.DataFrame, sheet: Sheet, options: Mapping[str, Any]) -> pd.Series[str] | str:
    """Return the meter of each row: its own, else the account's; of two accounts with a meter alike, both names."""
    if "point" in frame and "account" in frame:
        apart = frame[["account", "point"]].drop_duplicates()
        alike = frame["point"].isin(apart["point"][apart["point"].duplicated()])
        return frame["point"].where(~alike, frame["account"] + "/" + frame["point"])
    for name in ("point", "account"):
        if name in frame:
            return frame[name]
    if options.get("point") is not None:
        return str(options["point"])
    above = [sheet.said(mapping.METERS, name) for name in ("point", "account")]
    return next((names[0] for names in above if len(names) == 1), sheet.path.stem)


def _place(error: InputError, frame: pd.DataFrame, path: Path) -> None:
    """Name the file of each fault, its row in the spreadsheet, and the column where a row is a day."""
    for fault in getattr(error, "exceptions", (error,)):
        field = str(fault.field or "").removeprefix(f"{path.name}: ").removeprefix("meters.")
        if isinstance(fault.row, int):
            at = fault.row
            fault.row, under = int(frame["row"].iloc[at]), frame["under"].iloc[at]
            field = under if under and field in ("value", "start") else field
        fault.field = f"{path.name}: {field}"
