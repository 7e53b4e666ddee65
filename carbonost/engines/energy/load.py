"""Read a load: mean power on aware, regular stamps that label the start of each interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.arguments import MOST
from carbonost.domain.checks import is_hole, is_numeric
from carbonost.errors import InputError, NaiveTimestampError

if TYPE_CHECKING:
    from carbonost.domain.asset import PvArray
    from carbonost.domain.series import FloatArray, IntArray

LONGEST_H: Final = 1.0
_STAMPS: Final = ("timestamp", "ds", "start", "time")
_POWERS: Final = ("load_kw", "yhat", "power_kw")
_ENERGIES: Final = ("load_kwh", "energy_kwh")
_NS_PER_H: Final = 3_600_000_000_000


@dataclass(frozen=True, eq=False)
class Horizon:
    """The intervals of a problem.

    Attributes
    ----------
    starts : DatetimeIndex
        Aware starts of the intervals, in the caller's zone.
    hours : float
        Length of one interval [h].
    month : (n,) array of int
        Number of each interval's local month, from 0.
    months : tuple of str
        Those months, such as "2026-07".
    window : (n,) array of int
        Number of the demand window each interval lies in.
    coarse : bool
        Whether an interval is longer than the demand meter's window, so that peaks inside it are not seen.
    """

    starts: pd.DatetimeIndex
    hours: float
    month: IntArray
    months: tuple[str, ...]
    window: IntArray
    window_month: IntArray
    coarse: bool = False

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, eq=False)
class Load:
    """Mean power [kW] on a regular row of instants."""

    starts: pd.DatetimeIndex
    hours: float
    kw: FloatArray

    @property
    def energy_kwh(self) -> float:
        """Energy over the horizon [kWh]."""
        return float(self.kw.sum() * self.hours)


def read_load(load: Any, load_kwh: Any = None, name: str = "load") -> Load:
    """Check a load and bring it to kW.

    Parameters
    ----------
    load : Series, or DataFrame with `timestamp, load_kw` (or a forecast's `ds, yhat`) [kW]
    load_kwh : Series, or DataFrame with `timestamp, load_kwh`, optional [kWh]
        Energy per interval, instead of `load`.

    Raises
    ------
    NaiveTimestampError
        If the stamps carry no zone.
    InputError
        If stamps are unsorted, doubled or irregular, or a value is missing, infinite or negative;
        `value` is the first offending instant.
    """
    if isinstance(load, Load):
        return load
    if (load is None) == (load_kwh is None):
        raise InputError("give the load once", field=name, remedy="Pass load= in kW or load_kwh= per interval.")
    series = _as_series(load, _POWERS, name) if load_kwh is None else _as_series(load_kwh, _ENERGIES, name)
    starts, hours = _read_starts(series.index, name)
    values = numbers(series, name)
    wrong = ~(np.abs(values) <= MOST)
    if wrong.any():
        raise InputError(
            "a value is missing or not finite",
            field=name,
            value=str(starts[int(np.argmax(wrong))]),
            remedy="Fill gaps first and record the assumption, or bill the months that are complete.",
        )
    if (values < 0).any():
        raise InputError(
            "a load is not negative",
            field=name,
            value=str(starts[int(np.argmax(values < 0))]),
            remedy="Give generation as a PvArray profile.",
        )
    return Load(starts, hours, values if load_kwh is None else values / hours)


def horizon(load: Load, zone: str, demand_window_min: int = 15) -> Horizon:
    """Months and demand windows of a load in a tariff's local time."""
    local = load.starts.tz_convert(zone)
    month, codes = _months(local)
    ratio = demand_window_min / 60 / load.hours
    per_window = max(1, round(ratio))
    if ratio > 1 and abs(ratio - per_window) > 1e-6:  # noqa: PLR2004 -- rounding of a float
        raise InputError(
            "is not a whole number of the load's intervals",
            field="demand_window_min",
            value=demand_window_min,
            remedy=f"The load has intervals of {60 * load.hours:g} min.",
        )
    first = load.starts.as_unit("ns").asi8 // round(load.hours * _NS_PER_H)
    window = (first // per_window if per_window > 1 else first - first[0]).astype(np.int64)
    window = (window - window[0]).astype(np.int32)
    begins = np.flatnonzero(np.diff(window, prepend=-1))
    return Horizon(load.starts, load.hours, month, codes, window, month[begins], coarse=ratio < 1 - 1e-6)


def profile(values: Any, load: Load, name: str) -> FloatArray:
    """Bring a profile that belongs to `load` to an array on its intervals [as given]."""
    if isinstance(values, pd.Series) and isinstance(values.index, pd.DatetimeIndex):
        if values.index.tz is None:
            raise NaiveTimestampError("the stamps carry no zone", field=name, remedy="Use tz_localize first.")
        at = values.index.get_indexer(load.starts.tz_convert(values.index.tz)) if values.index.is_unique else None
        if at is None or (at < 0).any():
            first = load.starts[0 if at is None else int(np.argmax(at < 0))]
            raise InputError(
                "does not cover the load's intervals",
                field=name,
                value=str(first),
                remedy="Give each instant of the load once.",
            )
        array = numbers(values, name)[at]
    elif isinstance(values, pd.Series) and not isinstance(values.index, pd.RangeIndex):
        raise InputError(
            "is not indexed by instants",
            field=name,
            value=type(values.index).__name__,
            remedy="Index it as the load, or give an array.",
        )
    else:
        array = numbers(values, name)
        if array.ndim == 0:
            array = np.full(len(load.kw), float(array))
        if array.shape != load.kw.shape:
            raise InputError(
                f"has {array.size} values for {load.kw.size} intervals", field=name, remedy="Give one per interval."
            )
    wrong = ~(np.abs(array) <= MOST) | (array < 0)
    if wrong.any():
        at_first = int(np.argmax(wrong))
        raise InputError(
            "must be finite and not negative",
            field=name,
            value=f"{array[at_first]} at {load.starts[at_first]}",
            remedy="Fill gaps first and record the assumption.",
        )
    return array


def numbers(values: Any, name: str) -> FloatArray:
    """Read numbers, holes as NaN; a text or a truth value is refused with where it stands."""
    given = values.to_numpy() if isinstance(values, pd.Series) else values
    try:
        array = np.asarray(given)
    except ValueError as exc:
        raise InputError("has rows of different lengths", field=name, remedy="Give one number per interval.") from exc
    if array.dtype.kind in "iuf":
        return np.asarray(array, dtype=np.float64)
    out = np.empty(array.shape)
    for at, one in enumerate(np.ravel(np.asarray(given, dtype=object))):
        if not (is_hole(one) or isinstance(one, (float, np.floating)) or is_numeric(one)):
            place = values.index[at] if isinstance(values, pd.Series) else at
            raise InputError(
                "is not a number",
                field=name,
                value=f"{one!r} at {place}",
                remedy="Read the column as numbers, without thousands separators.",
            )
        out.flat[at] = np.nan if is_hole(one) else float(one)
    return out


def given_kw(load: Load, name: str, generator: PvArray) -> FloatArray:
    """Power of a generator whose capacity is known [kW]."""
    if generator.profile_kw is not None:
        return profile(generator.profile_kw, load, f"{name}.profile_kw")
    return profile(generator.profile, load, f"{name}.profile") * float(generator.capacity_kw or 0.0)


def _as_series(load: Any, columns: tuple[str, ...], name: str) -> pd.Series:
    if isinstance(load, pd.DataFrame):
        stamp = next((c for c in _STAMPS if c in load), None)
        power = next((c for c in columns if c in load), None)
        if power is None:
            remedy = f"Name a column {columns[0]} [{'kWh per interval' if columns is _ENERGIES else 'kW'}]."
            if columns is _POWERS and any(c in load for c in _ENERGIES):
                remedy = "Energy per interval goes in as load_kwh=…, with load=None."
            raise InputError(
                f"has no column {columns[0]}", field=name, value=[str(c) for c in load.columns], remedy=remedy
            )
        index = load.index if stamp is None else _instants(load[stamp], name)
        return pd.Series(load[power].to_numpy(), index=index)
    if not isinstance(load, pd.Series):
        raise InputError(
            "is not a Series or DataFrame", field=name, value=type(load).__name__, remedy="Index it by aware stamps."
        )
    return load


def _instants(stamps: pd.Series, name: str) -> pd.DatetimeIndex:
    try:
        return pd.DatetimeIndex(stamps)
    except (TypeError, ValueError) as exc:
        read = pd.to_datetime(stamps, errors="coerce", format="mixed")
        at = int(np.argmax(read.isna().to_numpy()))
        raise InputError(
            "is not an instant",
            field=name,
            value=str(stamps.iloc[at]),
            row=at,
            remedy="Write 2025-06-01 00:15; a meter's 24:00 is 00:00 of the next day.",
        ) from exc


def _read_starts(index: pd.Index, name: str) -> tuple[pd.DatetimeIndex, float]:
    if not isinstance(index, pd.DatetimeIndex):
        raise InputError(
            "is not indexed by instants",
            field=name,
            value=type(index).__name__,
            remedy="Index it by aware stamps, or give a frame timestamp, load_kw.",
        )
    if len(index) == 0:
        raise InputError("has no interval", field=name, remedy="Give at least two intervals.")
    if index.tz is None:
        raise NaiveTimestampError(
            "the stamps carry no zone", field=name, value=str(index[0]), remedy="Use tz_localize('Asia/Shanghai')."
        )
    if index.hasnans:
        raise InputError(
            "a stamp is missing", field=name, row=int(np.argmax(index.isna())), remedy="Leave out rows without a stamp."
        )
    if len(index) == 1:
        if index.freq is None:
            raise InputError("one stamp does not tell an interval", field=name, remedy="Give an index with a freq.")
        step = int((index + index.freq).as_unit("ns").asi8[0] - index.as_unit("ns").asi8[0])
        return index, _hours(step, name)
    steps = np.diff(index.as_unit("ns").asi8)
    step = int(np.median(steps)) if len(steps) > 1 else int(steps[0])
    if (steps != step).any():
        at = int(np.argmax(steps != step)) + 1
        kind = "doubled" if steps[at - 1] == 0 else "not in order" if steps[at - 1] < 0 else "after a gap"
        raise InputError(
            f"a stamp is {kind}",
            field=name,
            value=str(index[at]),
            remedy="Sort and de-duplicate the stamps and close gaps on a regular clock.",
        )
    if step <= 0:
        raise InputError("stamps are not ascending", field=name, value=str(index[1]), remedy="Sort them first.")
    return index, _hours(step, name)


def _hours(step: int, name: str) -> float:
    hours = step / _NS_PER_H
    if hours > LONGEST_H:
        raise InputError(
            "an interval is longer than an hour", field=name, value=f"{hours:g} h", remedy="Bill on 15-minute data."
        )
    return hours


def _months(local: pd.DatetimeIndex) -> tuple[IntArray, tuple[str, ...]]:
    code = local.year.to_numpy().astype(np.int64) * 12 + local.month.to_numpy() - 1
    change = np.diff(code, prepend=code[0]) != 0
    number = np.cumsum(change).astype(np.int32)
    firsts = code[np.concatenate([[0], np.flatnonzero(change)])]
    return number, tuple(f"{c // 12:04d}-{c % 12 + 1:02d}" for c in firsts)
