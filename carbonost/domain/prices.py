"""Prices over local time: a table by month, kind of day and time of day, or a series of instants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.checks import is_number, is_numeric
from carbonost.errors import NaiveTimestampError, TariffError

if TYPE_CHECKING:
    from datetime import date

    from carbonost.domain.series import FloatArray, IntArray

Prices: TypeAlias = float | Mapping[int, float] | Sequence[float] | pd.Series
BandPrices: TypeAlias = Mapping[str, float] | Mapping[int, Mapping[str, float]]

SLOT_MIN: Final = 5  # the finest clock a published tariff uses is the half hour
SLOTS: Final = 24 * 60 // SLOT_MIN
DAY_KINDS: Final = 8  # Monday to Sunday, then listed holidays
HOLIDAY: Final = 7


@dataclass(frozen=True, eq=False)
class PriceTable(Alike):
    """Price by month, kind of day and five-minute slot of the local day.

    Attributes
    ----------
    values : (12, 8, 288) array of float [CNY/kWh]
        Kinds of day are Monday to Sunday, then holidays; NaN in months without a price.
    names : (12, 8, 288) array of str or None
        The band each price belongs to.
    dated : {date: ((2, 288) values, (2, 288) names)}
        Single days with their own prices: where the day is no listed holiday, and where it is one.
    """

    values: FloatArray
    names: Any = None
    dated: Mapping[date, tuple[FloatArray, Any]] = field(default_factory=dict)
    on_holidays: bool = False
    """Whether holidays have bands of their own."""

    def __repr__(self) -> str:
        return f"PriceTable({', '.join(self.summary())})"

    def summary(self) -> list[str]:
        """Each band with its lowest and highest price [CNY/kWh], dearest first."""
        parts = [(self.values, self.names), *self.dated.values()]
        values = np.concatenate([np.ravel(part) for part, _ in parts])
        names = np.concatenate([np.ravel(np.full(part.shape, "") if name is None else name) for part, name in parts])
        told = []
        for band in np.unique(names[~np.isnan(values)]):
            low, high = np.nanmin(values[names == band]), np.nanmax(values[names == band])
            told.append((high, f"{band} {low:g}".lstrip() + (f"-{high:g}" if high > low else "")))
        return [text for _, text in sorted(told, key=lambda pair: -pair[0])]

    def at(self, local: pd.DatetimeIndex, hours: float, holidays: frozenset[date]) -> FloatArray:
        """Mean price [CNY/kWh] of the intervals of `hours` that begin at the local instants `local`."""
        width = _slots_per_interval(hours)
        if self.on_holidays:
            _refuse_unlisted(local, holidays)
        found = self._means(local, width, holidays)
        broken = _breaks_off(local, hours, width)
        if broken.any():
            steps = pd.to_timedelta(np.arange(width) * SLOT_MIN, unit="min")
            inside = local[broken].repeat(width) + np.tile(steps, int(broken.sum()))
            found[broken] = self._means(inside, 1, holidays).reshape(-1, width).mean(axis=1)
        if np.isnan(found).any():
            at = local[int(np.argmax(np.isnan(found)))]
            raise TariffError("no price for this month", field="prices", value=str(at), remedy="Give its prices.")
        return np.asarray(found, dtype=np.float64)

    def _means(self, local: pd.DatetimeIndex, width: int, holidays: frozenset[date]) -> FloatArray:
        """Mean price of `width` slots from each local instant, read on that instant's day."""
        month, kind, slot = _coordinates(local, holidays)
        found = _running_mean(self.values, width)[month, kind, slot]
        for day, (values, _) in self.dated.items():
            on = _is_date(local, day)
            if on.any():
                found[on] = _running_mean(values, width)[(kind[on] == HOLIDAY).astype(int), slot[on]]
        return np.asarray(found, dtype=np.float64)

    def names_at(self, local: pd.DatetimeIndex, holidays: frozenset[date]) -> Any:
        """Band name at each local instant."""
        month, kind, slot = _coordinates(local, holidays)
        found = self.names[month, kind, slot]
        for day, (_, names) in self.dated.items():
            on = _is_date(local, day)
            found[on] = names[(kind[on] == HOLIDAY).astype(int), slot[on]]
        return found


@dataclass(frozen=True, eq=False)
class PriceSeries(Alike):
    """Contract or market price on a regular row of instants.

    Attributes
    ----------
    start_ns, step_ns : int
        First instant (UTC) and interval [ns].
    values : (n,) array of float [CNY/kWh]
    name : str
        The argument it was given as.
    """

    start_ns: int
    step_ns: int
    values: FloatArray
    name: str = field(default="energy_cny_per_kwh", compare=False)

    def __repr__(self) -> str:
        return f"PriceSeries({', '.join(self.summary())})"

    def summary(self) -> list[str]:
        """How many prices there are, from when on, and their range [CNY/kWh]."""
        first = pd.Timestamp(self.start_ns, tz="UTC").isoformat()
        spread = f"{self.values.min():g}-{self.values.max():g}"
        return [f"{len(self.values)} prices of {self.step_ns / 6e10:g} min from {first}", spread]

    def at(self, starts: pd.DatetimeIndex, hours: float) -> FloatArray:
        """Mean price of the intervals; refused where the series does not reach."""
        begin = starts.as_unit("ns").asi8 - self.start_ns
        end = begin + round(hours * 3.6e12)
        outside = (begin < 0) | (end > self.step_ns * len(self.values))
        if outside.any():
            raise TariffError(
                "the price series does not cover the load",
                field=self.name,
                value=str(starts[int(np.argmax(outside))]),
                remedy="Give a price for each interval of the load.",
            )
        total = np.concatenate([[0.0], np.cumsum(self.values)])

        def integral(at: Any) -> Any:
            whole, part = np.divmod(at, self.step_ns)
            last = np.minimum(whole, len(self.values) - 1)
            return total[whole] + self.values[last] * (part / self.step_ns)

        if self.step_ns >= round(hours * 3.6e12) and not np.any(begin // self.step_ns != (end - 1) // self.step_ns):
            return np.asarray(self.values[begin // self.step_ns], dtype=np.float64)
        return np.asarray((integral(end) - integral(begin)) * self.step_ns / (end - begin), dtype=np.float64)


def key_number(key: Any) -> Any:
    """The number a key is: those of JSON are texts; any other key as it is."""
    return int(key) if isinstance(key, str) and key.isdecimal() else key


def clock(slot: int) -> str:
    """The time of day at which a slot begins."""
    return f"{slot * SLOT_MIN // 60:02d}:{slot * SLOT_MIN % 60:02d}"


def read_prices(prices: Prices, name: str) -> PriceTable | PriceSeries:
    """Read a scalar, 24, 48, 96 or 288 values of the local day, {hour: price}, or a Series on aware stamps."""
    if isinstance(prices, pd.Series) and isinstance(prices.index, pd.DatetimeIndex):
        return _read_series(prices, name)
    if isinstance(prices, pd.Series) and len(prices) > 24 and prices.index.equals(pd.RangeIndex(len(prices))):  # noqa: PLR2004
        prices = prices.tolist()  # a column of a table: its labels count rows, not hours
    day = np.asarray(_of_hours(prices, name) if isinstance(prices, (pd.Series, Mapping)) else prices, dtype=object)
    if day.ndim > 1 or day.size not in (1, 24, 48, 96, SLOTS):
        raise TariffError(
            "a day of prices has 24, 48, 96 or 288 values",
            field=name,
            value=f"{day.size} values" if day.ndim == 1 else f"{day.ndim} dimensions",
            remedy="Give one price, or a day; a market's prices of many days are a Series on aware stamps.",
        )
    values = np.empty(day.size)
    for at, price in enumerate(day.ravel()):
        if not is_numeric(price):
            when = "" if day.size == 1 else f"the price of {clock(at * SLOTS // day.size)} "
            raise TariffError(f"{when}is not a number", field=name, value=_told(price), remedy="Give CNY/kWh.")
        values[at] = float(price)
    table = np.broadcast_to(np.repeat(values, SLOTS // day.size), (12, DAY_KINDS, SLOTS))
    return PriceTable(np.ascontiguousarray(table))


def _of_hours(prices: Mapping[Any, Any] | pd.Series, name: str) -> list[Any]:
    """The prices of {hour: price}, from 0 to 23."""
    keys = [(key, key_number(key)) for key in prices.keys()]  # noqa: SIM118 -- a Series goes through its values
    hours = [hour for _, hour in keys if is_number(hour) and hour in range(24)]
    surplus = [key for key, hour in keys if not (is_number(hour) and hour in range(24))]
    doubled = next((hour for at, hour in enumerate(hours) if hour in hours[:at]), None)
    missing = sorted(set(range(24)) - set(hours))
    if surplus or doubled is not None or missing:
        told = f"not an hour of the day: {surplus[:3]}" if surplus else f"hours missing: {missing}"
        raise TariffError(
            told if doubled is None else f"an hour is given twice: {doubled}",
            field=name,
            remedy="Give one price for each hour, whole numbers from 0 to 23, or a Series on aware stamps.",
        )
    listed = prices.values() if isinstance(prices, Mapping) else prices
    return [price for _, price in sorted(zip(hours, listed, strict=True), key=lambda pair: float(pair[0]))]


def _told(value: Any) -> Any:
    """A value as an error shows it; None is a value too."""
    return "None" if value is None else value


def _read_series(prices: pd.Series, name: str) -> PriceSeries:
    index = prices.index
    assert isinstance(index, pd.DatetimeIndex)  # noqa: S101 -- told apart by the caller
    if index.tz is None:
        raise NaiveTimestampError("prices have stamps without a zone", field=name, remedy="Use tz_localize first.")
    if index.hasnans:
        raise TariffError(
            "a stamp is missing", field=name, row=int(np.argmax(index.isna())), remedy="Leave out rows without a stamp."
        )
    stamps = index.as_unit("ns").asi8
    steps = np.diff(stamps)
    step = int(np.sort(steps)[len(steps) // 2]) if len(steps) else 0
    wrong = (steps != step) | (steps <= 0)
    if wrong.any() or not len(steps):
        at = int(np.argmax(wrong)) + 1 if len(steps) else 0
        later = int(steps[at - 1]) if at else 0
        kind = "comes after a gap" if later > 0 else "is not in order" if later < 0 else "is doubled"
        raise TariffError(
            f"a stamp {kind}" if at else "fewer than two stamps do not tell an interval",
            field=name,
            value=str(index[at]) if len(index) else "none",
            remedy="Give at least two prices on a regular clock, sorted, each instant once.",
        )
    values = np.empty(len(prices))
    for at, price in enumerate(prices.to_numpy(dtype=object)):
        if not is_numeric(price):
            raise TariffError(
                "is not a number", field=name, value=f"{price!r} at {index[at]}", remedy="Give a price for each time."
            )
        values[at] = float(price)
    return PriceSeries(int(stamps[0]), step, values, name)


def _slots_per_interval(hours: float) -> int:
    minutes = hours * 60
    slots = max(1, round(minutes / SLOT_MIN))
    if minutes > SLOT_MIN and abs(slots * SLOT_MIN - minutes) > 1e-6:  # noqa: PLR2004 -- rounding of a float
        raise TariffError(
            f"an interval is a multiple of {SLOT_MIN} minutes, or shorter", field="load", value=f"{minutes:g} min"
        )
    return slots


def _running_mean(values: FloatArray, width: int) -> FloatArray:
    """Mean over the next `width` slots of the day, around midnight."""
    if width == 1:
        return values
    change = sum((np.roll(values, -k, axis=-1) - values for k in range(1, width)), np.zeros_like(values))
    return np.asarray(values + change / width, dtype=np.float64)  # exact where the price does not change


def _breaks_off(local: pd.DatetimeIndex, hours: float, width: int) -> Any:
    """Whether an interval runs into another day, or over a change of the clock."""
    if width == 1:
        return np.zeros(len(local), dtype=bool)
    minute = local.hour.to_numpy() * 60 + local.minute.to_numpy()
    last = local + pd.Timedelta(hours=hours) - pd.Timedelta(minutes=SLOT_MIN)
    return (last.hour.to_numpy() * 60 + last.minute.to_numpy() - minute) != (width - 1) * SLOT_MIN


def _coordinates(local: pd.DatetimeIndex, holidays: frozenset[date]) -> tuple[IntArray, IntArray, IntArray]:
    minute = local.hour.to_numpy() * 60 + local.minute.to_numpy()
    kind = local.day_of_week.to_numpy().astype(np.int32)
    for day in holidays:
        kind[_is_date(local, day)] = HOLIDAY
    slot = (minute // SLOT_MIN).astype(np.int32)
    return (local.month.to_numpy() - 1).astype(np.int32), kind, slot


def _refuse_unlisted(local: pd.DatetimeIndex, holidays: frozenset[date]) -> None:
    """Every year has holidays: one of which none is listed would be billed as if it had none."""
    years = local.year.to_numpy()
    unlisted = ~np.isin(years, [day.year for day in holidays])
    if unlisted.any():
        raise TariffError(
            f"holidays have bands of their own, and none of {years[int(np.argmax(unlisted))]} is listed",
            field="holidays",
            value=str(local[int(np.argmax(unlisted))]),
            remedy="Give holidays=[date(2026, 10, 1), …] for each year of the load.",
        )


def _is_date(local: pd.DatetimeIndex, day: date) -> Any:
    start = pd.Timestamp(day).tz_localize(local.tz)
    end = (pd.Timestamp(day) + pd.Timedelta(days=1)).tz_localize(local.tz)
    return np.asarray((local >= start) & (local < end))
