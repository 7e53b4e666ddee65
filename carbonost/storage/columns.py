"""The columns of readings, checked one by one: instants, numbers and qualities, whatever brought them.

A column is a Series of a DataFrame; of a mapping it may also be a list, an array, or one value for
all rows. What is clean by its type never becomes a Python object per row, and a commit of a few
readings, which is one fsync and nothing else to wait for, goes without pandas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pandas as pd

from carbonost.errors import InvalidDataError, NaiveTimestampError
from carbonost.storage.civil import EARLIEST, LATEST, micros, zone

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

NEEDED: Final = ("point", "start", "value")
QUALITY_MAX: Final = 100
_EXACT: Final = 2**53
_ZONED: Final = r"(?:Z|z|[+-]\d{2}:?\d{2})\s*$"
SINGLE: Final = (str, bytes, datetime, int, float, np.generic, type(None))
_AS_A_SERIES: Final = (
    "pd.Series([31.4], pd.to_datetime(['2024-01-01T00:00+08:00']), name='meter-1'),"
    " then series.attrs |= {'energy_type': 'electricity', 'unit': 'kWh'}"
)


class Table:
    """The caller's columns, and the rows of them that cannot be stored.

    Parameters
    ----------
    held : dict
        The columns by name.
    rows : int
    skip : bool
        Whether faulty rows are left out; otherwise the first one is refused.
    """

    def __init__(self, held: dict[str, Any], rows: int, *, skip: bool) -> None:
        self.held, self.rows, self.skip = held, rows, skip
        self.bad = np.zeros(rows, dtype=bool)

    @classmethod
    def of(cls, frame: Any, *, skip: bool) -> Table:
        """Return the columns of a DataFrame, of a Series, of what has ``to_pandas``, or of a mapping."""
        if not isinstance(frame, Mapping | pd.DataFrame | pd.Series) and hasattr(frame, "to_pandas"):
            frame = frame.to_pandas()
        if isinstance(frame, Mapping):
            return cls(*_of_mapping(frame), skip=skip)
        return cls(*(_of_series(frame) if isinstance(frame, pd.Series) else _of_frame(frame)), skip=skip)

    def series(self, name: str) -> pd.Series[Any]:
        """Return a column as pandas holds it."""
        column = self.held[name]
        if isinstance(column, pd.Series):
            return column
        return pd.Series([column] * self.rows if isinstance(column, SINGLE) else column)

    def at(self, name: str, row: int) -> object:
        """Return one cell."""
        column = self.held[name]
        if isinstance(column, SINGLE):
            return column
        return column.iloc[row] if isinstance(column, pd.Series) else column[row]

    def mark(self, wrong: Any, column: str, problem: str, remedy: str | None = None, *, naive: bool = False) -> None:
        """Note faulty rows; unless they are skipped the first one is refused."""
        wrong = np.asarray(wrong, dtype=bool)
        if not wrong.any():
            return
        rows = np.flatnonzero(wrong & ~self.bad)
        if not len(rows):
            return
        if not self.skip:
            first = int(rows[0])
            kind = NaiveTimestampError if naive else InvalidDataError
            raise kind(problem, column, self.at(column, first), remedy, row=first)
        self.bad[rows] = True


def as_frame(readings: Any) -> pd.DataFrame:
    """Return readings as a DataFrame, whatever brought them.

    Raises
    ------
    InvalidDataError
        If they are no readings: point, start and value.
    """
    table = Table.of(readings, skip=False)
    if isinstance(readings, pd.DataFrame):
        return readings
    return pd.DataFrame({name: table.series(name).reset_index(drop=True) for name in table.held})


def _of_frame(frame: Any) -> tuple[dict[str, Any], int]:
    if not isinstance(frame, pd.DataFrame):
        problem = "readings come as a DataFrame, a Series or a mapping of columns"
        raise InvalidDataError(problem, "frame", type(frame).__name__, f"Columns: {', '.join(NEEDED)}.")
    names = frame.columns.tolist()
    if len(set(names)) < len(names):
        raise InvalidDataError("two columns have one name", str(frame.columns[frame.columns.duplicated()][0]))
    _complete(names)
    return {str(name): column for name, column in frame.items()}, len(frame)


def _of_series(series: pd.Series[Any]) -> tuple[dict[str, Any], int]:
    """Return one point's readings, its name the point; carrier and unit stand in its ``attrs``."""
    if not isinstance(series.index, pd.DatetimeIndex):
        problem, found = "a Series of readings is indexed by their instants", type(series.index).__name__
        raise InvalidDataError(problem, "start", found, f"Write {_AS_A_SERIES}.")
    if not isinstance(series.name, str):
        problem = "a Series of readings is named after its point"
        raise InvalidDataError(problem, "point", series.name, f"Write {_AS_A_SERIES}.")
    held = {"point": series.name, "start": pd.Series(series.index), "value": series.reset_index(drop=True)}
    for name in ("energy_type", "unit"):
        text = series.attrs.get(name)
        if not isinstance(text, str | None):
            raise InvalidDataError("not a text", name, text, f"Write {_AS_A_SERIES}.")
        if text is not None:
            held[name] = text
    return held, len(series)


def _of_mapping(columns: Mapping[Any, Any]) -> tuple[dict[str, Any], int]:
    _complete(columns)
    held = {str(name): _one_column(str(name), column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in held.items() if not isinstance(column, SINGLE)}
    rows = next(iter(lengths.values()), 1)
    for name, length in lengths.items():
        if length != rows:
            raise InvalidDataError(f"a column has {length} rows where another has {rows}", name)
    return held, rows


def _one_column(name: str, column: Any) -> Any:
    if isinstance(column, (list, pd.Series, *SINGLE)) or (isinstance(column, np.ndarray) and column.ndim == 1):
        return column
    if isinstance(column, pd.Index):
        return column.to_series()
    if isinstance(column, Iterable) and not isinstance(column, Mapping | np.ndarray):
        return list(column)
    raise InvalidDataError("not a column", name, type(column).__name__, "Pass a list, an array or one value.")


def _complete(names: Any) -> None:
    for name in NEEDED:
        if name not in names:
            raise InvalidDataError(
                "a column is missing", name, None, "Columns: point, start, value, energy_type, unit."
            )


def instants(table: Table, assume_tz: str | None) -> Integers:
    """Return the column ``start`` as microseconds since 1970 UTC; a faulty row is marked."""
    if assume_tz is not None:
        zone(assume_tz)
    column = table.held["start"]
    if isinstance(column, datetime) and _is_whole(column):
        start = np.full(table.rows, micros(column), dtype=np.int64)
    else:
        start = _stamps(table, assume_tz)
    if len(start) and not (start.min() >= EARLIEST and start.max() < LATEST):
        table.mark((start < EARLIEST) | (start >= LATEST), "start", "a stamp lies outside the years 1900 to 2200")
    return start


def _is_whole(stamp: datetime) -> bool:
    """Whether a stamp is an instant of whole microseconds."""
    return not pd.isna(stamp) and stamp.utcoffset() is not None and not getattr(stamp, "nanosecond", 0)


def _stamps(table: Table, assume_tz: str | None) -> Integers:
    column = table.series("start")
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        column = _zoned(column, table, assume_tz)
    unit = cast("pd.DatetimeTZDtype", column.dtype).unit
    raw = column.to_numpy(dtype=f"datetime64[{unit}]")
    table.mark(np.isnat(raw), "start", "not an instant", "Write ISO 8601 with an offset.")
    if unit == "ns":
        table.mark(raw.view(np.int64) % 1000 != 0, "start", "a stamp is finer than a microsecond", "Round it.")
    return np.asarray(raw.astype("datetime64[us]").view(np.int64))


def _zoned(column: pd.Series[Any], table: Table, assume_tz: str | None) -> Any:
    """Return a column of stamps that has no zone of its own as UTC; NaT where a row is no instant."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        zoned, stamps = None, column
    else:
        texts = column.map(_iso).astype("str")
        has_zone = texts.str.contains(_ZONED, regex=True, na=False)
        zoned = pd.to_datetime(texts.where(has_zone), utc=True, format="ISO8601", errors="coerce")
        if has_zone.all():
            return zoned
        stamps = pd.to_datetime(texts.where(~has_zone), format="ISO8601", errors="coerce")
    naive = stamps.notna()
    if assume_tz is None:
        table.mark(naive, "start", "a stamp has no zone", "Pass assume_tz, e.g. 'Asia/Shanghai'.", naive=True)
        local = stamps.where(~naive).dt.tz_localize("UTC")
    else:
        local = stamps.dt.tz_localize(assume_tz, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
        table.mark(naive & local.isna(), "start", "a stamp happens twice or never in that zone", "Give its offset.")
    return local if zoned is None else local.where(local.notna(), zoned)


def _iso(stamp: object) -> str | None:
    """Return a stamp as ISO 8601; None for what is no stamp."""
    if isinstance(stamp, str):
        return stamp
    return stamp.isoformat() if isinstance(stamp, datetime) and not pd.isna(stamp) else None


def numbers(table: Table) -> Floats:
    """Return the column ``value``; a faulty row is marked."""
    column = table.held["value"]
    if type(column) is float:
        value = np.full(table.rows, column)
    elif isinstance(column, list) and set(map(type, column)) == {float}:
        value = np.array(column)
    elif isinstance(column, np.ndarray) and column.dtype == np.float64:
        value = column
    elif isinstance(column, pd.Series) and column.dtype == np.float64:
        value = column.to_numpy()
    else:
        value = _numeric(table, table.series("value"))
    finite = np.isfinite(value)
    if not finite.all():
        table.mark(~finite, "value", "not a finite number", "A gap has no row: leave it out.")
    return value + 0.0  # -0.0 becomes 0.0


def _numeric(table: Table, column: pd.Series[Any]) -> Floats:
    if column.dtype == bool or not pd.api.types.is_numeric_dtype(column.dtype):
        numeric = column.map(lambda v: not isinstance(v, str | bool) and v is not None)
        table.mark(~numeric.to_numpy(dtype=bool), "value", "not a number")
        column = pd.to_numeric(column.where(numeric).map(_as_float), errors="coerce")
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        table.mark(column.abs() > _EXACT, "value", "an integer is beyond 2**53")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _as_float(value: object) -> float:
    try:
        return float(cast("Any", value))
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def qualities(table: Table) -> Integers:
    """Return the column ``quality``, 100 where there is none; a faulty row is marked."""
    if "quality" not in table.held:
        return np.full(table.rows, QUALITY_MAX, dtype=np.int64)
    column = table.series("quality")
    number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    number = np.where(column.isna(), float(QUALITY_MAX), number)
    good = (number >= 0) & (number <= QUALITY_MAX) & (number == np.floor(number))
    table.mark(~good, "quality", "a quality is a whole number from 0 to 100")
    return np.where(good, number, 0).astype(np.int64)
