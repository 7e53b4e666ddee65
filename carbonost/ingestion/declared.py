"""Rows of a declared table to their nouns; every fault names its file and its row."""

from __future__ import annotations

import calendar
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

from carbonost.domain.activity import ActivityData
from carbonost.errors import FileFormatError, InputError, UnknownEnergyTypeError, raise_faults
from carbonost.factors.energy_types import energy_type
from carbonost.units import compile as compile_unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

_Noun = TypeVar("_Noun")
_MONTH: Final = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?(?:[-/.]1|[-/.]01)?(?:\s+0?0:00(?::00)?)?")


def spread_months(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Give a table of monthly bills its periods: 2025-03, 2025/3 and 2025年3月 are the whole month.

    Raises
    ------
    FileFormatError
        If a month cannot be read.
    """
    if "month" not in frame or "period_start" in frame:
        return frame
    periods: list[tuple[str, str]] = []
    faults: list[InputError] = []
    for row, text in frame["month"].items():
        found = _MONTH.fullmatch(text.strip())
        year, month = (int(part) for part in found.groups()) if found else (0, 0)
        if not 1 <= month <= 12:  # noqa: PLR2004 -- months of a year
            faults.append(FileFormatError("not a month", f"{file}: month", text, "Write 2025-03.", row=int(str(row))))
            continue
        periods.append((f"{year}-{month:02d}-01", f"{year}-{month:02d}-{calendar.monthrange(year, month)[1]}"))
    raise_faults(f"{file}: column month holds what is not a month", faults)
    out = frame.drop(columns="month")
    out["period_start"], out["period_end"] = zip(*periods, strict=True)
    return out


def nouns(noun: type[_Noun], rows: Iterable[tuple[str, int | None, Mapping[str, Any]]], told: str) -> list[_Noun]:
    """Make a noun of every row, given as (place, spreadsheet row, fields).

    Raises
    ------
    InputError
        If a row is refused; the faults of all rows come together, each with its place.
    """
    made: list[_Noun] = []
    faults: list[InputError] = []
    for place, row, fields in rows:
        try:
            one = noun(**fields)
            if isinstance(one, ActivityData):
                _measurable(one)
            made.append(one)
        except InputError as exc:
            for fault in getattr(exc, "exceptions", (exc,)):
                fault.field, fault.row = f"{place}{fault.field}", row
                faults.append(fault)
    raise_faults(f"{told} cannot be read", faults)
    return made


def _measurable(item: ActivityData) -> None:
    """Refuse a unit that does not fit a known carrier; a carrier of somebody's own is the factor library's business."""
    if item.factor is not None:
        return
    try:
        carrier = energy_type(item.energy_type)
    except UnknownEnergyTypeError:
        return
    compile_unit(carrier, item.unit)
