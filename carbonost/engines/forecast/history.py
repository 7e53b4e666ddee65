"""Read a history: regular aware stamps, gaps as NaN, and the same values as days by slots.

Rules: order of rows does not matter; a stamp given twice with one value counts once, with two values
it is refused; a missing stamp is a gap and stays NaN; a local day has as many slots as its wall clock,
so the hour a clock repeats is averaged and the hour it skips is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from carbonost.errors import HistoryTooShortError, InputError, NaiveTimestampError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

MIN_DAYS: Final = 2
DAY_S: Final = 86_400
_STAMPS: Final = ("timestamp", "ds", "start", "time")
_VALUES: Final = ("load_kw", "y", "power_kw", "value")
_STEPS_S: Final = (300, 600, 900, 1200, 1800, 3600)
_ZONE_OF: Final = {"CN": "Asia/Shanghai"}
"""Countries of one zone: stamps in UTC are read on that clock."""


@dataclass(frozen=True, eq=False)
class History:
    """Readings on a regular row of instants.

    Attributes
    ----------
    starts : DatetimeIndex
        Aware, ascending and without holes, in the caller's zone.
    readings : (n,) array of float
        Mean over each interval; NaN where there is no reading.
    step_s : int [s]
        Length of an interval.
    zone : str or tzinfo
        Where days begin and end.
    repeated : int
        Rows that said the same as another.
    """

    starts: pd.DatetimeIndex
    readings: FloatArray
    step_s: int
    zone: Any
    repeated: int = 0

    @property
    def slots(self) -> int:
        """Intervals in a day."""
        return DAY_S // self.step_s

    @property
    def days(self) -> float:
        """Days' worth of readings."""
        return float(np.isfinite(self.readings).sum()) / self.slots

    def future(self, steps: int) -> pd.DatetimeIndex:
        """The `steps` intervals that follow."""
        step = pd.Timedelta(seconds=self.step_s)
        return pd.date_range(self.starts[-1] + step, periods=steps, freq=step, unit=self.starts.unit)

    def before(self, origin: pd.Timestamp) -> History:
        """What was known at `origin`."""
        n = int(self.starts.searchsorted(origin))
        return History(self.starts[:n], self.readings[:n], self.step_s, self.zone, self.repeated)

    def last(self, days: int) -> History:
        """The last `days` of it."""
        cut = max(0, len(self.readings) - days * self.slots)
        return History(self.starts[cut:], self.readings[cut:], self.step_s, self.zone, self.repeated)

    def wall(self, starts: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """What the wall clock shows at each instant, without a zone."""
        return starts.tz_convert(self.zone).tz_localize(None)

    def at(self, starts: pd.DatetimeIndex) -> FloatArray:
        """Readings of those instants; NaN outside of the history."""
        row = (starts.as_unit("s").asi8 - self.starts[:1].as_unit("s").asi8) // self.step_s
        inside = (row >= 0) & (row < len(self.readings))
        return np.where(inside, self.readings[np.clip(row, 0, len(self.readings) - 1)], np.nan)

    def cells(self, starts: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
        """Local day (days since 1970) and slot of each instant."""
        wall = self.wall(starts).as_unit("s").asi8
        return wall // DAY_S, wall % DAY_S // self.step_s

    def by_day(self, last_day: int) -> tuple[int, FloatArray]:
        """Values as (days, slots) up to `last_day`, NaN where unknown, and the first day's number."""
        day, slot = self.cells(self.starts)
        first = int(day[0])
        rows = max(last_day, int(day[-1])) - first + 1
        cell = (day - first) * self.slots + slot
        known = np.isfinite(self.readings)
        count = np.bincount(cell[known], minlength=rows * self.slots)
        total = np.bincount(cell[known], weights=self.readings[known], minlength=rows * self.slots)
        with np.errstate(invalid="ignore"):
            return first, (total / np.where(count, count, np.nan)).reshape(rows, self.slots)


def read_history(history: Any, country: str | None = None, zone: str | None = None) -> History:
    """Check a history and lay it on a regular grid.

    Parameters
    ----------
    history : Series with aware stamps, or DataFrame with `timestamp, load_kw` (or `ds, y`)
    country : str, optional
        Names the clock of stamps in UTC where the country has one zone.
    zone : str, optional
        Where days begin and end; the stamps' own zone by default.

    Raises
    ------
    NaiveTimestampError
        If the stamps carry no zone.
    HistoryTooShortError
        If there are fewer than two days of readings.
    InputError
        If a stamp is missing, contradicts another or stands off the grid, or a value is infinite.
    """
    if isinstance(history, History):
        return history
    series = _as_series(history)
    index = _check_index(series.index)
    values = _numbers(series)
    if np.isinf(values).any():
        raise InputError("a value is infinite", field="history", value=str(index[int(np.argmax(np.isinf(values)))]))
    stamps, values, repeated = _sorted_once(index.as_unit("s").asi8, values, index)
    step = _step(stamps)
    at, off = np.divmod(stamps - stamps[0], step)
    if off.any():
        where = pd.Timestamp(int(stamps[int(np.argmax(off > 0))]), unit="s", tz=index.tz)
        raise InputError(
            f"a stamp stands off the {step // 60}-minute grid",
            field="history",
            value=str(where),
            remedy="Bring the readings to one regular clock first.",
        )
    grid = np.full(int(at[-1]) + 1, np.nan)
    grid[at] = values
    starts = pd.DatetimeIndex((stamps[0] + step * np.arange(grid.size)).astype("datetime64[s]"), tz="UTC").tz_convert(
        index.tz
    )
    utc = str(index.tz) in {"UTC", "UTC+00:00"}
    local = _clock(zone) or (_ZONE_OF.get(country or "") if utc else None) or index.tz
    out = History(starts, grid, step, local, repeated)
    if out.days < MIN_DAYS:
        raise HistoryTooShortError(
            f"{out.days:.1f} days of readings are too few to forecast from",
            field="history",
            remedy=f"Give at least {MIN_DAYS} days; two weeks let it see a week.",
        )
    return out


def _as_series(history: Any) -> pd.Series:
    if isinstance(history, pd.DataFrame):
        stamp = next((c for c in _STAMPS if c in history), None)
        value = next((c for c in _VALUES if c in history), None)
        if value is None:
            raise InputError("has no column load_kw", field="history", value=[str(c) for c in history.columns])
        stamps: Any = history.index if stamp is None else _instants(history[stamp])
        return pd.Series(history[value].to_numpy(), index=pd.Index(stamps))
    if not isinstance(history, pd.Series):
        raise InputError(
            "is not a Series or DataFrame",
            field="history",
            value=type(history).__name__,
            remedy="Give a Series with aware stamps, or a frame with timestamp and load_kw.",
        )
    return history


def _instants(stamps: pd.Series) -> Any:
    """Stamps written as text, such as those of a CSV file, read; anything else as it is."""
    if not (pd.api.types.is_object_dtype(stamps) or pd.api.types.is_string_dtype(stamps)):
        return stamps
    try:
        return pd.DatetimeIndex(stamps)
    except (TypeError, ValueError) as exc:
        at = int(np.argmax(pd.to_datetime(stamps, errors="coerce", format="mixed", utc=True).isna()))
        raise InputError(
            "is not an instant, or its zone is another one",
            field="history",
            value=str(stamps.iloc[at]),
            row=at,
            remedy="Read the column with pd.to_datetime(…, utc=True); a meter's 24:00 is 00:00 of the next day.",
        ) from exc


def _numbers(series: pd.Series) -> FloatArray:
    try:
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as exc:
        at = int(np.argmax((pd.to_numeric(series, errors="coerce").isna() & series.notna()).to_numpy()))
        raise InputError(
            "is not a number",
            field="history",
            value=f"{series.iloc[at]!r} at {series.index[at]}",
            remedy="Read the column as numbers, without thousands separators.",
        ) from exc


def _clock(zone: str | None) -> str | None:
    """The zone given, if there is one of that name."""
    try:
        return zone and str(ZoneInfo(zone))
    except (KeyError, ValueError, TypeError, OSError) as exc:
        raise InputError(
            "is not a time zone", field="zone", value=zone, remedy="Use a name such as 'Asia/Shanghai'."
        ) from exc


def _check_index(index: pd.Index) -> pd.DatetimeIndex:
    if not isinstance(index, pd.DatetimeIndex):
        raise InputError("is not indexed by instants", field="history", value=type(index).__name__)
    if index.tz is None:
        raise NaiveTimestampError(
            "the stamps carry no zone",
            field="history",
            value=str(index[0]) if len(index) else None,
            remedy="Use tz_localize('Asia/Shanghai').",
        )
    if index.hasnans:
        raise InputError("a stamp is missing", field="history", row=int(np.argmax(index.isna())))
    if len(index) < MIN_DAYS:
        raise HistoryTooShortError("there are no two readings", field="history", remedy="Give at least two days.")
    return index


def _sorted_once(stamps: np.ndarray, values: FloatArray, index: pd.DatetimeIndex) -> tuple[np.ndarray, FloatArray, int]:
    order = np.argsort(stamps, kind="stable")
    stamps, values = stamps[order], values[order]
    twice = np.flatnonzero(np.diff(stamps) == 0)
    if not twice.size:
        return stamps, values, 0
    differ = ~((values[twice] == values[twice + 1]) | (np.isnan(values[twice]) & np.isnan(values[twice + 1])))
    if differ.any():
        at = pd.Timestamp(int(stamps[twice[int(np.argmax(differ))]]), unit="s", tz=index.tz)
        raise InputError(
            "a stamp has two values", field="history", value=str(at), remedy="Keep one reading per instant."
        )
    keep = np.append(np.diff(stamps) > 0, True)
    return stamps[keep], values[keep], int(twice.size)


def _step(stamps: np.ndarray) -> int:
    step = int(np.median(np.diff(stamps)))
    if step not in _STEPS_S:
        raise InputError(
            "readings are neither hourly nor a common part of the hour",
            field="history",
            value=f"{step / 60:g} min",
            remedy="Resample to 15 or 60 minutes.",
        )
    return step
