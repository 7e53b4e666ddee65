"""Activity rows as columns: read, checked and coded, so that the engine sees only numbers.

Every fault is found in one pass over the columns and names its row and field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from carbonost.domain.activity import ActivityData
from carbonost.domain.headings import ACTIVITIES, refuse_misspelt
from carbonost.domain.period import as_date, as_month
from carbonost.engines.carbon.faults import Faults
from carbonost.engines.carbon.keys import Keys, read_keys
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray

_DATES: Final = ("period_start", "period_end")
REQUIRED: Final = ("energy_type", "consumption", "unit", *_DATES)
_EPOCH: Final = date(1970, 1, 1)
_PER_DAY: Final = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
NO_DAY: Final = -(2**31) + 1
_FIRST_STAMP: Final = -106_751  # the first day of a nanosecond stamp, 1677-09-22
_LAST_STAMP: Final = 106_751  # its last, 2262-04-11; counted without sign a missing date falls here

Rows = pd.DataFrame | Iterable[ActivityData | Mapping[str, Any]] | ActivityData | Mapping[str, Any]


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

    def span(self) -> tuple[int, int]:
        """Return the first and the last day any row touches."""
        return (int(self.start_day.min()), int(self.end_day.max())) if len(self) else (0, 0)

    def without(self, rows: npt.NDArray[np.intp]) -> Activities:
        """Return the other rows, over the same frame and faults."""
        return Activities(
            self.frame,
            np.delete(self.consumption, rows),
            np.delete(self.start_day, rows),
            np.delete(self.end_day, rows),
            self.keys.without(rows),
            None if self.share is None else np.delete(self.share, rows),
            self.faults,
        )


@dataclass(eq=False)
class Plain:
    """A table whose columns are numbers already; nothing in it has been checked.

    Attributes
    ----------
    frame : DataFrame
    consumption : (n,) array of float
    start, end : (n,) array of int64
        Time stamps, `per_day` to a day.
    keys : Keys
    """

    frame: pd.DataFrame
    consumption: FloatArray
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    per_day: int
    keys: Keys

    def __len__(self) -> int:
        return len(self.consumption)

    def span(self) -> tuple[int, int]:
        """Return days that likely hold all rows: the calendar years of a sample."""
        step = max(1, len(self) // 4096)
        low, high = int(self.start[::step].min()) // self.per_day, int(self.end[::step].max()) // self.per_day
        if not _FIRST_STAMP < low <= high < _LAST_STAMP:
            return 0, 0
        first, last = ((_EPOCH + timedelta(days=day)).year for day in (low, high))
        return (date(first, 1, 1) - _EPOCH).days, min((date(last, 12, 31) - _EPOCH).days, _LAST_STAMP - 1)

    def activities(self, start_day: IntArray, end_day: IntArray) -> Activities:
        """Return the rows as read, once their days are known to be sound."""
        return Activities(self.frame, self.consumption, start_day, end_day, self.keys, None, Faults())


def read_plain(rows: Rows) -> Plain | None:
    """Return `rows` unchecked if its columns need no reading, else None."""
    if not isinstance(rows, pd.DataFrame):
        return None
    frame = _frame(rows)
    if "purity" in frame or any(name not in frame for name in REQUIRED):
        return None
    amount, *stamps = (frame[name].to_numpy() for name in ("consumption", "period_start", "period_end"))
    if amount.dtype != np.float64 or any(stamp.dtype.kind != "M" for stamp in stamps):
        return None
    if stamps[0].dtype != stamps[1].dtype:
        return None
    faults = Faults()
    keys = read_keys(frame, faults)
    if faults.by_row:
        return None
    start, end = (np.ascontiguousarray(stamp).view(np.int64) for stamp in stamps)
    return Plain(frame, amount, start, end, _PER_DAY[np.datetime_data(stamps[0].dtype)[0]], keys)


def read_activities(rows: Rows) -> Activities:
    """Read rows of any accepted shape.

    Parameters
    ----------
    rows : DataFrame, or iterable of ActivityData or dict
        Under our names or the usual Chinese and English ones; a `month` gives both dates.

    Returns
    -------
    Activities

    Raises
    ------
    InputError
        If a required column is missing altogether.
    """
    frame = _frame(rows)
    monthly = "month" in frame and not {"period_start", "period_end"} & set(frame.columns)
    missing = [name for name in REQUIRED if name not in frame.columns and not (monthly and name in _DATES)]
    if missing:
        near = get_close_matches(missing[0], [str(c) for c in frame.columns], n=1, cutoff=0.6)
        remedy = f"Is it the column {near[0]!r}?" if near else f"Name it one of: {ACTIVITIES.spelled(missing[0])}."
        raise InputError("the activities lack this column", missing[0], None, remedy)
    faults = Faults()
    consumption = _numbers(frame["consumption"], "consumption", faults)
    if monthly:
        start = _written(frame["month"], "month", lambda value: as_month(value)[0], faults)
        end = _written(frame["month"], "month", lambda value: as_month(value)[1], faults)
    else:
        start, end = (_days(frame[name], name, faults) for name in _DATES)
    _check_order(start, end, faults)
    share = None
    if "purity" in frame and frame["purity"].notna().any():
        share = _numbers(frame["purity"].where(frame["purity"].notna(), 1.0), "purity", faults)
        above = np.flatnonzero(share > 1)
        faults.add(above, "purity", share, "a purity lies between 0 and 1", "95 % is 0.95.")
    return Activities(frame, consumption, start, end, read_keys(frame, faults), share, faults)


def _frame(rows: Rows) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        names = ACTIVITIES.renames(rows.columns)
        frame = rows.rename(columns=names) if names else rows
        refuse_misspelt(frame.columns)
        return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index(drop=True)
    items = [rows] if isinstance(rows, (Mapping, BaseModel)) else list(rows)
    records = []
    shapes: dict[tuple[Any, ...], tuple[Any, ...] | None] = {}
    for index, item in enumerate(items):
        if isinstance(item, ActivityData):
            records.append({name: getattr(item, name) for name in ActivityData.model_fields})
        elif isinstance(item, Mapping):
            shape = tuple(item)
            if shape not in shapes:
                read = tuple(ACTIVITIES.read(dict.fromkeys(shape)))
                refuse_misspelt(read, index)
                shapes[shape] = None if read == shape else read
            ours = shapes[shape]
            records.append(dict(item) if ours is None else dict(zip(ours, item.values(), strict=True)))
        else:
            raise InputError(
                "an activity is an ActivityData or a mapping", "activities", item, "See carbonost.ActivityData.", index
            )
    return pd.DataFrame.from_records(records) if records else pd.DataFrame(columns=list(ActivityData.model_fields))


def _numbers(column: pd.Series, name: str, faults: Faults) -> FloatArray:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64)
    if not all(values[at].min() >= 0 and values[at].max() < np.inf for at in _chunks(len(values))):  # NaN fails both
        raw = column.array
        bad = [np.flatnonzero(~((values[at] >= 0) & (values[at] < np.inf))) + at.start for at in _chunks(len(values))]
        words = "a declared amount is finite and not negative"
        remedy = "Correct the row; leave out what was not measured, or give an estimate as data_source='estimated'."
        faults.add(np.concatenate(bad), name, raw, words, remedy)
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
    return _written(column, name, lambda value: as_date(value, name), faults)


def _written(column: pd.Series, name: str, read: Callable[[object], date], faults: Faults) -> IntArray:
    """Read days from what was written, each way of writing once."""
    codes, uniques = pd.factorize(column, use_na_sentinel=False)
    table = np.full(len(uniques), NO_DAY, dtype=np.int32)
    for code, value in enumerate(uniques):
        try:
            table[code] = (read(value) - _EPOCH).days
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
