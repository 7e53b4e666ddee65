"""Activity rows as columns: read, checked and coded, so that the engine sees only numbers.

Every fault is found in one pass over the columns and names its row and field. Text columns become
codes; rows that agree in all of them form a group, which is resolved once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from carbonost.domain.activity import ActivityData, FuelParameters, OwnFactor
from carbonost.domain.period import as_date
from carbonost.engines.carbon.faults import Faults
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray

REQUIRED: Final = ("energy_type", "consumption", "unit", "period_start", "period_end")
_KEYS: Final = ("energy_type", "unit", "region", "scope", "category", "factor", "parameters")
_EPOCH: Final = date(1970, 1, 1)
_PER_DAY: Final = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
NO_DAY: Final = -(2**31) + 1
_FIRST_STAMP: Final = -106_751  # the first day of a nanosecond stamp, 1677-09-22
_DENSE: Final = 1 << 16  # combinations numbered without looking which occur

Rows = pd.DataFrame | Iterable[ActivityData | Mapping[str, Any]] | ActivityData | Mapping[str, Any]


class Group(NamedTuple):
    """What the rows of one group share, as they were written."""

    energy_type: str
    unit: str
    region: str
    scope: int | None
    category: str | None
    factor: OwnFactor | str | None
    parameters: FuelParameters | None


class Keys:
    """The key columns of n rows as codes, and what each combination of codes means.

    Parameters
    ----------
    tables : list of list
        What the codes of each key of `Group` mean, in its order.
    columns : list of (n,) array of int
        Codes of the keys that vary, in order.
    """

    def __init__(self, tables: list[list[Any]], columns: list[npt.NDArray[np.integer]], rows: int) -> None:
        self.tables, self.columns, self.rows = tables, columns, rows
        self.radices = [len(table) for table in tables if len(table) > 1]
        self._groups: list[Group] | None = None

    @property
    def size(self) -> int:
        """How many combinations there could be."""
        return len(self._groups) if self._groups is not None else math.prod(self.radices)

    @property
    def grouped(self) -> bool:
        """Whether the one column already numbers the combinations."""
        return self._groups is not None

    def compact(self) -> Keys:
        """Return keys numbered by the combinations that occur, where there could be far more."""
        if self.size <= _DENSE:
            return self
        code = np.zeros(self.rows, dtype=np.int64)
        for radix, column in zip(self.radices, self.columns, strict=True):
            code = code * radix + column
        used, inverse = np.unique(code, return_inverse=True)
        keys = Keys([], [inverse.astype(np.int32)], self.rows)
        keys._groups = [self.group(number) for number in used.tolist()]
        return keys

    def numbers(self, at: slice) -> npt.NDArray[np.int32]:
        """Return the number of the combination of each row of a block."""
        size = min(at.stop, self.rows) - at.start
        if not self.columns:
            return np.zeros(size, dtype=np.int32)
        number = self.columns[0][at].astype(np.int32)
        for radix, column in zip(self.radices[1:], self.columns[1:], strict=True):
            number *= radix
            number += column[at]
        return number

    def take(self, rows: npt.NDArray[np.intp]) -> Keys:
        """Return the keys of some rows."""
        keys = Keys(self.tables, [column[rows] for column in self.columns], len(rows))
        keys._groups = self._groups
        return keys

    def group(self, number: int) -> Group:
        """Return what a combination means."""
        if self._groups is not None:
            return self._groups[number]
        parts: list[Any] = []
        for table in reversed(self.tables):
            number, digit = divmod(number, len(table))
            parts.append(table[digit])
        return Group(*reversed(parts))

    def content(self) -> tuple[Any, ...]:
        """Return what the numbers mean, to recognise the same keys in another table."""
        return tuple(self._groups) if self._groups is not None else tuple(map(tuple, self.tables))


@dataclass(eq=False)
class Activities:
    """Checked columns of n activity rows.

    Attributes
    ----------
    frame : DataFrame
        The input as it came.
    consumption : (n,) array of float
    start_day, end_day : (n,) array of int32 [days since 1970-01-01]
    keys : Keys
        Carrier, unit, region … of each row, coded.
    share : (n,) array of float or None
        Purity, where the column was given.
    faults : Faults
    """

    frame: pd.DataFrame
    consumption: FloatArray
    start_day: IntArray
    end_day: IntArray
    keys: Keys
    share: FloatArray | None
    faults: Faults

    def __len__(self) -> int:
        return len(self.consumption)

    def take(self, rows: npt.NDArray[np.intp]) -> Activities:
        """Return some rows, over the same frame and faults."""
        return Activities(
            self.frame,
            self.consumption[rows],
            self.start_day[rows],
            self.end_day[rows],
            self.keys.take(rows),
            None if self.share is None else self.share[rows],
            self.faults,
        )


def read_activities(rows: Rows) -> Activities:
    """Read rows of any accepted shape.

    Parameters
    ----------
    rows : DataFrame, or iterable of ActivityData or dict

    Returns
    -------
    Activities

    Raises
    ------
    InputError
        If a required column is missing altogether.
    """
    frame = _frame(rows)
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        near = get_close_matches(missing[0], [str(c) for c in frame.columns], n=1, cutoff=0.6)
        remedy = f"Is it the column {near[0]!r}?" if near else f"Needed: {', '.join(REQUIRED)}."
        raise InputError("the activities lack this column", missing[0], None, remedy)
    faults = Faults()
    consumption = _numbers(frame["consumption"], "consumption", faults)
    start, end = _days(frame["period_start"], "period_start", faults), _days(frame["period_end"], "period_end", faults)
    _check_order(start, end, faults)
    share = None
    if "purity" in frame and frame["purity"].notna().any():
        share = _numbers(frame["purity"].where(frame["purity"].notna(), 1.0), "purity", faults)
        above = np.flatnonzero(share > 1)
        faults.add(above, "purity", share, "a purity lies between 0 and 1", "95 % is 0.95.")
    return Activities(frame, consumption, start, end, _read_keys(frame, faults), share, faults)


def _frame(rows: Rows) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows if isinstance(rows.index, pd.RangeIndex) else rows.reset_index(drop=True)
    items = [rows] if isinstance(rows, (Mapping, BaseModel)) else list(rows)
    records = []
    for index, item in enumerate(items):
        if isinstance(item, ActivityData):
            records.append({name: getattr(item, name) for name in ActivityData.model_fields})
        elif isinstance(item, Mapping):
            records.append(dict(item))
        else:
            raise InputError(
                "an activity is an ActivityData or a mapping", "activities", item, "See carbonost.ActivityData.", index
            )
    frame = pd.DataFrame.from_records(records) if records else pd.DataFrame(columns=list(ActivityData.model_fields))
    unknown = [name for name in frame.columns if name not in ActivityData.model_fields]
    for name in unknown:
        near = get_close_matches(str(name), ActivityData.model_fields, n=1, cutoff=0.75)
        if near and near[0] not in frame.columns:
            raise InputError("activities have no such field", str(name), None, f"Did you mean {near[0]!r}?")
    return frame


def _numbers(column: pd.Series, name: str, faults: Faults) -> FloatArray:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64)
    if not all(values[at].min() >= 0 and values[at].max() < np.inf for at in _chunks(len(values))):  # NaN fails both
        raw = column.array
        words = "a declared amount is finite and not negative"
        remedy = "Correct the row; leave out what was not measured, or give an estimate as data_source='estimated'."
        faults.add(np.flatnonzero(~(np.isfinite(values) & (values >= 0))), name, raw, words, remedy)
    return np.asarray(values, dtype=np.float64)


def _days(column: pd.Series, name: str, faults: Faults) -> IntArray:
    if isinstance(column.dtype, pd.DatetimeTZDtype):  # an instant stands for the date on its own wall clock
        column = column.dt.tz_localize(None)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        stamps = column.to_numpy()
        raw = stamps.view(np.int64)
        scale = _PER_DAY[np.datetime_data(stamps.dtype)[0]]
        days, least = np.empty(len(raw), dtype=np.int32), 0
        for at in _chunks(len(raw)):
            whole = raw[at] // scale
            least = min(least, int(whole.min()))
            days[at] = whole
        if least <= _FIRST_STAMP:  # as early as a missing date reads: look closer
            empty = np.flatnonzero(np.isnat(stamps))
            faults.add(empty, name, column.array, "the date is missing", "Write YYYY-MM-DD.")
        return days
    codes, uniques = pd.factorize(column, use_na_sentinel=False)
    table = np.full(len(uniques), NO_DAY, dtype=np.int32)
    for code, value in enumerate(uniques):
        try:
            table[code] = (as_date(value, name) - _EPOCH).days
        except InputError as error:
            for row in np.flatnonzero(codes == code).tolist():
                faults.put(row, InputError(error.problem, name, value, error.remedy, row))
    return np.asarray(table[codes], dtype=np.int32)


def _check_order(start: IntArray, end: IntArray, faults: Faults) -> None:
    backwards = [at for at in _chunks(len(start)) if (end[at] < start[at]).any()]
    if backwards:
        rows = np.concatenate([np.flatnonzero(end[at] < start[at]) + at.start for at in backwards])
        shown = {int(row): str(np.datetime64(int(end[row]), "D")) for row in rows}
        faults.add(rows, "period_end", shown, "the period ends before it starts", "Exchange the two dates.")


def _chunks(n: int, size: int = 1 << 14) -> Iterable[slice]:
    return (slice(first, min(first + size, n)) for first in range(0, n, size))


def _read_keys(frame: pd.DataFrame, faults: Faults) -> Keys:
    """Code the key columns; columns with one value cost nothing."""
    tables: list[list[Any]] = []
    columns: list[npt.NDArray[np.integer]] = []
    for name in _KEYS:
        if name not in frame.columns:
            tables.append(["CN" if name == "region" else None])
            continue
        codes, values = _codes(frame[name], name, faults)
        tables.append(values or [None])
        if len(tables[-1]) > 1:
            columns.append(codes)
    return Keys(tables, columns, len(frame)).compact()


def _codes(column: pd.Series, name: str, faults: Faults) -> tuple[npt.NDArray[np.integer], list[Any]]:
    """Return the code of each row and what each code means; an empty cell is None (region: CN)."""
    if name in {"factor", "parameters"}:
        return _object_codes(column, name, faults)
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes: npt.NDArray[np.integer] = column.cat.codes.to_numpy()
        uniques = list(column.cat.categories)
    else:
        found, labels = pd.factorize(column)
        codes, uniques = found, list(labels)
    if len(codes) and codes.min() < 0:
        empty = codes < 0
        if name in {"energy_type", "unit"}:
            words = "this field is empty"
            faults.add(np.flatnonzero(empty), name, column.array, words, f"Give {name} in every row.")
        codes = np.where(empty, len(uniques), codes)
        uniques = [*uniques, "CN" if name == "region" else None]
    return codes, [_plain(name, value) for value in uniques]


def _plain(name: str, value: Any) -> Any:
    """Return a key's value as the resolver reads it; a sheet's numbers (320500, 3.0) become words again."""
    if value is None or name in {"energy_type", "unit"}:
        return value
    number = int(value) if isinstance(value, (int, float)) and float(value).is_integer() else None
    if name == "scope":
        return value if number is None else number
    return str(value if number is None else number)


def _object_codes(column: pd.Series, name: str, faults: Faults) -> tuple[npt.NDArray[np.integer], list[Any]]:
    """Code a column of mappings by content; the model reads each distinct one once."""
    keys: dict[str, int] = {}
    values: list[Any] = []
    codes = np.zeros(len(column), dtype=np.int64)
    for row, cell in enumerate(column.tolist()):
        empty = cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))
        key = "" if empty else _content(cell)
        if key not in keys:
            try:
                values.append(None if empty else _read_cell(name, cell))
            except InputError as error:
                faults.put(row, InputError(error.problem, f"{name}.{error.field}", error.value, error.remedy, row))
                values.append(None)
            keys[key] = len(keys)
        codes[row] = keys[key]
    return codes, values


def _content(cell: Any) -> str:
    if isinstance(cell, BaseModel):
        return str(cell.model_dump_json())
    return cell if isinstance(cell, str) else json.dumps(cell, sort_keys=True, default=str)


def _read_cell(name: str, cell: Any) -> Any:
    if isinstance(cell, (str, OwnFactor, FuelParameters)):
        return cell
    if isinstance(cell, Mapping):
        return (OwnFactor if name == "factor" else FuelParameters)(**cell)
    remedy = "Give a factor's id, or {'value', 'unit', 'source'}." if name == "factor" else "Give a mapping."
    raise InputError("this cannot be read", name, cell, remedy)
