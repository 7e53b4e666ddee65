"""From a frame of factors to checked columns: every fault is told, with its row and field."""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from carbonost import units
from carbonost.errors import InputError, UnitError, raise_faults
from carbonost.factors.gwp import editions, gwp_set

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from carbonost.domain.series import BoolArray, FloatArray

    Days = npt.NDArray[np.int64]

REQUIRED: Final = ("id", "energy_type", "region", "value", "unit")
TEXT: Final = (
    "id", "energy_type", "variant", "region", "unit", "gas", "heating_value", "standard",
    "document", "locator", "status", "use", "name_zh", "name_en",
)  # fmt: skip
COLUMNS: Final = (
    "id", "energy_type", "variant", "region", "value", "unit", "gas", "heating_value", "valid_from", "valid_to",
    "data_year", "published_on", "standard", "document", "locator", "status", "use", "uncertainty_pct", "scope",
    "name_zh", "name_en",
)  # fmt: skip
"""Columns of a factor frame, in the order they are written; all but `REQUIRED` may be missing."""
USES: Final = frozenset({"inventory", "reduction_project"})
ALWAYS: Final = -(2**31)
"""Day ordinal of an open start."""
FOREVER: Final = 2**31
"""Day ordinal of an open end."""
_GASES: Final = {
    "co2": "CO2",
    "ch4": "CH4",
    "n2o": "N2O",
    "co2e": "CO2e",
    "co2eq": "CO2e",
    "co2equivalent": "CO2e",
    "co2_biogenic": "CO2_biogenic",
    "biogenicco2": "CO2_biogenic",
}
_RANGES: Final = {"data_year": (1900, 2200), "scope": (1, 3)}
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def day_of(when: date) -> int:
    """Return the day number of a date: days since 1970-01-01, as ``datetime64[D]`` counts them."""
    return when.toordinal() - _EPOCH


def date_of(day: int) -> date:
    """Return the date of a day number."""
    return date.fromordinal(int(day) + _EPOCH)


@lru_cache(maxsize=4096)
def printed_date(text: str, *, last: bool) -> int:
    """Return the day number of a printed date; a month or year alone is its last (or first) day.

    Raises
    ------
    ValueError
        If it is no date.
    """
    found = _DATE.fullmatch(re.split("[T ]", text.strip(), maxsplit=1)[0])
    if found is None:
        raise ValueError(text)
    year = int(found[1])
    month = int(found[2]) if found[2] else (12 if last else 1)
    day = int(found[3]) if found[3] else (calendar.monthrange(year, month)[1] if last else 1)
    return day_of(date(year, month, day))


def as_day(when: date | str, field: str) -> int:
    """Return the day number of a date, or of one written ``2024-06-30`` (a month counts as its last day).

    Raises
    ------
    InputError
        If it is no date.
    """
    if isinstance(when, date):
        return day_of(when)
    try:
        return printed_date(when, last=True)
    except (ValueError, TypeError, AttributeError) as exc:
        raise InputError("this is not a date", field, when, "Write 2024-06-30, or pass a date.") from exc


@dataclass(frozen=True, slots=True)
class Columns:
    """Checked columns of n factors.

    Attributes
    ----------
    text : dict of str to (n,) array of object
        The text columns, by name.
    value : (n,) array of float
        As printed.
    tonnes : (n,) array of float
        Tonnes of the gas, or of CO2e, per one `per`.
    weighted : (n,) array of bool
        True where the publisher already weighted the gas to CO2e.
    per : (n,) array of object
        Unit of activity.
    valid_from, valid_to, published : (n,) array of int
        Day numbers, inclusive; open sides are `ALWAYS` and `FOREVER`, unknown publication `ALWAYS`.
    data_year : (n,) array of int
        0 where there is none.
    scope : (n,) array of int
        0 where there is none.
    uncertainty_pct : (n,) array of float
        NaN where there is none.
    """

    text: dict[str, npt.NDArray[np.object_]]
    value: FloatArray
    tonnes: FloatArray
    weighted: BoolArray
    per: npt.NDArray[np.object_]
    valid_from: Days
    valid_to: Days
    published: Days
    data_year: npt.NDArray[np.int64]
    scope: npt.NDArray[np.int64]
    uncertainty_pct: FloatArray


def _as_text(column: pd.Series) -> npt.NDArray[np.object_]:
    if column.dtype == object or str(column.dtype).startswith("str"):
        filled = column.where(column.notna(), "")
        return np.array([v if isinstance(v, str) else str(v) for v in filled.tolist()], dtype=object)
    return np.array(["" if pd.isna(v) else str(v) for v in column.tolist()], dtype=object)


def _by_value(
    words: npt.NDArray[np.object_],
    field: str,
    convert: Callable[[str], float],
    faults: list[InputError],
    problem: str,
) -> FloatArray:
    """Convert each distinct word once; a word that does not convert is a fault of its first row."""
    codes, distinct = pd.factorize(words)
    numbers = np.empty(len(distinct))
    for code, word in enumerate(distinct):
        try:
            numbers[code] = convert(str(word))
        except ValueError:
            numbers[code] = np.nan
            row = int(np.argmax(codes == code))
            faults.append(InputError(problem, field, word, row=row))
    return numbers[codes] if len(codes) else np.empty(0)


def _number(column: pd.Series, field: str, faults: list[InputError], *, required: bool) -> FloatArray:
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        words = _as_text(column)
        numbers = np.asarray(pd.to_numeric(pd.Series(words).replace("", None), errors="coerce"), dtype=np.float64)
        wrong = np.flatnonzero(np.isnan(numbers) & (words != ""))
        faults += [InputError("this is not a number", field, words[row], row=int(row)) for row in wrong]
    bad = np.isinf(numbers) | (np.isnan(numbers) if required else False) | (numbers < 0)
    for row in np.flatnonzero(bad):
        if not (np.isnan(numbers[row]) and any(f.row == int(row) and f.field == field for f in faults)):
            remedy = "A factor is a finite number of at least 0."
            faults.append(InputError("this cannot be a factor", field, float(numbers[row]), remedy, row=int(row)))
    return numbers


def _optional(frame: pd.DataFrame, name: str, faults: list[InputError]) -> FloatArray:
    return _number(frame[name], name, faults, required=False) if name in frame else np.full(len(frame), np.nan)


def _whole(frame: pd.DataFrame, name: str, faults: list[InputError]) -> FloatArray:
    """Read a column of whole numbers inside `_RANGES`; what is outside is a fault and becomes NaN."""
    numbers = _optional(frame, name, faults)
    low, high = _RANGES[name]
    with np.errstate(invalid="ignore"):
        wrong = ~np.isnan(numbers) & ((numbers % 1 != 0) | (numbers < low) | (numbers > high))
    remedy = f"Write a whole number from {low} to {high}."
    told = {fault.row for fault in faults if fault.field == name}
    rows = [int(row) for row in np.flatnonzero(wrong) if row not in told]
    faults += [InputError("this is out of range", name, float(numbers[row]), remedy, row=row) for row in rows]
    return np.where(wrong, np.nan, numbers)


def _first_days(years: FloatArray) -> Days:
    """Return the day number of 1 January of each year; a data year without a start of validity begins there."""
    whole = np.nan_to_num(years, nan=1970.0).astype(np.int64)
    return (whole - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)


def _dates(frame: pd.DataFrame, field: str, open_side: int, faults: list[InputError]) -> Days:
    if field not in frame:
        return np.full(len(frame), open_side, dtype=np.int64)
    column = frame[field]
    if pd.api.types.is_datetime64_any_dtype(column):
        days = column.to_numpy().astype("datetime64[D]")
        return np.where(np.isnat(days), open_side, days.astype(np.int64))

    def convert(word: str) -> float:
        return float(printed_date(word, last=field != "valid_from")) if word else float(open_side)

    numbers = _by_value(_as_text(column), field, convert, faults, "this is not a date (write 2024-01-31)")
    return np.where(np.isnan(numbers), open_side, numbers).astype(np.int64)


def gas_name(text: str) -> str:
    """Return the spelling of a gas this library uses: ``"co2eq"`` -> ``"CO2e"``, ``"CO₂"`` -> ``"CO2"``."""
    word = unicodedata.normalize("NFKC", text).strip()
    return _GASES.get(re.sub(r"[\s\-]+", "", word.casefold()), word)


@lru_cache(maxsize=512)
def is_gas(name: str) -> bool:
    """Whether some packaged set prints a warming potential for `name`, or it needs none."""
    if name in _GASES.values():
        return True
    for edition in editions():
        try:
            gwp_set(edition)(name)
        except InputError:
            continue
        return True
    return False


def _units(
    text: dict[str, npt.NDArray[np.object_]], faults: list[InputError]
) -> tuple[FloatArray, BoolArray, npt.NDArray[np.object_]]:
    """Read the unit column: tonnes per printed one, whether in CO2e, and the activity below the bar."""
    codes, distinct = pd.factorize(text["unit"])
    scale, per, above = np.ones(len(distinct)), np.empty(len(distinct), object), np.empty(len(distinct), object)
    for code, word in enumerate(distinct):
        try:
            scale[code], gas_above, per[code] = units.factor_unit(unicodedata.normalize("NFKC", str(word)).strip())
            above[code] = gas_name(gas_above)
        except UnitError as error:
            above[code], per[code] = "", ""
            where = int(np.argmax(codes == code))
            faults.append(InputError(error.problem, "unit", word, error.remedy, row=where))
    numerator, gas = above[codes], text["gas"]
    spelt = {word: gas_name(word) for word in dict.fromkeys(gas)}
    gas[:] = [spelt[word] for word in gas]
    gas[gas == ""] = np.where(numerator[gas == ""] == "", "CO2e", numerator[gas == ""])
    plain = np.array([g.split("_")[0] for g in gas], dtype=object)
    clash = (numerator != "") & (numerator != "CO2e") & (numerator != plain)
    for row in np.flatnonzero(clash):
        problem = f"the unit weighs {numerator[row]}, the gas column says {gas[row]}"
        faults.append(InputError(problem, "gas", gas[row], "Make them agree.", row=int(row)))
    strange = {name for name in dict.fromkeys(gas) if not is_gas(name)}
    for row in np.flatnonzero([name in strange for name in gas]):
        remedy = "Write CO2, CH4, N2O, CO2e, CO2_biogenic, or a species such as SF6 or HFC-134a."
        faults.append(InputError("this gas is not known", "gas", gas[row], remedy, row=int(row)))
    return scale[codes], np.asarray((numerator == "CO2e") | (gas == "CO2e"), dtype=np.bool_), per[codes]


def _uses(words: npt.NDArray[np.object_]) -> list[InputError]:
    remedy = f"Use one of {', '.join(sorted(USES))}."
    wrong = [row for row, word in enumerate(words) if word not in USES]
    return [InputError("this use is not known", "use", words[row], remedy, row=row) for row in wrong]


def _twice(ids: npt.NDArray[np.object_]) -> list[InputError]:
    names = pd.Series(ids)
    rows = np.flatnonzero(names.duplicated().to_numpy() & (ids != ""))
    remedy = "Give each row its own."
    return [InputError("this id stands twice", "id", ids[row], remedy, row=int(row)) for row in rows]


def read_columns(frame: pd.DataFrame, source: str) -> Columns:
    """Check a frame of factors and return its columns.

    Parameters
    ----------
    frame : DataFrame of n rows
        Columns `COLUMNS`; all but `REQUIRED` may be missing.
    source : str
        Named in the error message.

    Raises
    ------
    InputErrors
        Every fault of the frame, each with its row (counted from 0) and field.
    """
    if not isinstance(frame, pd.DataFrame) or frame.columns.has_duplicates:
        remedy = "Pass a pandas DataFrame, each column once."
        raise InputError(f"{source} is no table of factors", "frame", type(frame).__name__, remedy)
    missing = [name for name in REQUIRED if name not in frame]
    if missing:
        remedy = (
            f"Columns needed: {', '.join(REQUIRED)}; optional: {', '.join(c for c in COLUMNS if c not in REQUIRED)}."
        )
        raise InputError(f"{source} has no column {missing[0]!r}", "columns", list(frame.columns), remedy)
    faults: list[InputError] = []
    empty = np.full(len(frame), "", dtype=object)
    text = {name: _as_text(frame[name]) if name in frame else empty.copy() for name in TEXT}
    for name, default in (("use", "inventory"), ("status", "own"), ("document", source)):
        text[name][text[name] == ""] = default
    bare = text["locator"] == ""
    text["locator"][bare] = np.array([f"row {row}" for row in np.flatnonzero(bare)], dtype=object)
    for name in ("id", "energy_type", "region"):
        faults += [InputError("this must not be empty", name, row=int(row)) for row in np.flatnonzero(text[name] == "")]
    faults += _uses(text["use"]) + _twice(text["id"])
    value = _number(frame["value"], "value", faults, required=True)
    tonnes, weighted, per = _units(text, faults)
    start, end = _dates(frame, "valid_from", ALWAYS, faults), _dates(frame, "valid_to", FOREVER, faults)
    year = _whole(frame, "data_year", faults)
    start = np.where((start == ALWAYS) & (year > 0), _first_days(year), start)
    backwards = np.flatnonzero(end < start)
    problem = "the validity ends before it starts"
    faults += [InputError(problem, "valid_to", str(date_of(end[row])), row=int(row)) for row in backwards]
    scope, uncertainty = _whole(frame, "scope", faults), _optional(frame, "uncertainty_pct", faults)
    published = _dates(frame, "published_on", ALWAYS, faults)
    raise_faults(f"{source} cannot be used", sorted(faults, key=lambda f: int(f.row or 0)))
    return Columns(
        text, value, value * tonnes, weighted, per, start, end, published,
        np.nan_to_num(year).astype(np.int64), np.nan_to_num(scope).astype(np.int64), uncertainty,
    )  # fmt: skip
