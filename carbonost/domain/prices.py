"""Prices over local time: a table by month, kind of day and time of day, or a series of instants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd

from carbonost.domain.checks import is_number
from carbonost.errors import NaiveTimestampError, TariffError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray

Prices: TypeAlias = float | Mapping[int, float] | Sequence[float] | pd.Series
BandPrices: TypeAlias = Mapping[str, float] | Mapping[int, Mapping[str, float]]

SLOT_MIN: Final = 5  # the finest clock a published tariff uses is the half hour
SLOTS: Final = 24 * 60 // SLOT_MIN
DAY_KINDS: Final = 8  # Monday to Sunday, then listed holidays
HOLIDAY: Final = 7
_DAY_WORDS: Final = {"workday": (0, 1, 2, 3, 4), "weekend": (5, 6)}
_BAND_WORDS: Final = {
    "critical": "sharp",
    **dict.fromkeys(("尖", "尖峰", "尖段"), "sharp"),
    **dict.fromkeys(("峰", "高峰", "峰段"), "peak"),
    **dict.fromkeys(("平", "平段", "平时段"), "flat"),
    **dict.fromkeys(("谷", "低谷", "谷段"), "valley"),
    **dict.fromkeys(("深谷", "深谷段"), "deep_valley"),
}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})\Z")


@dataclass(frozen=True, eq=False)
class PriceTable:
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
class PriceSeries:
    """Contract or market price on a regular row of instants.

    Attributes
    ----------
    start_ns, step_ns : int
        First instant (UTC) and interval [ns].
    values : (n,) array of float [CNY/kWh]
    """

    start_ns: int
    step_ns: int
    values: FloatArray

    def at(self, starts: pd.DatetimeIndex, hours: float) -> FloatArray:
        """Mean price of the intervals; refused where the series does not reach."""
        begin = starts.as_unit("ns").asi8 - self.start_ns
        end = begin + round(hours * 3.6e12)
        outside = (begin < 0) | (end > self.step_ns * len(self.values))
        if outside.any():
            raise TariffError(
                "the price series does not cover the load",
                field="energy_cny_per_kwh",
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


def read_prices(prices: Prices, name: str) -> PriceTable | PriceSeries:
    """Read a scalar, 24 or 96 values of the local day, {hour: price}, or a Series on aware stamps."""
    if isinstance(prices, pd.Series) and isinstance(prices.index, pd.DatetimeIndex):
        return _read_series(prices, name)
    if isinstance(prices, (pd.Series, Mapping)):
        keys = dict(prices.items())
        missing = sorted(set(range(24)) - set(keys))
        surplus = sorted(set(keys) - set(range(24)), key=str)
        if missing or surplus:
            raise TariffError(
                f"hours missing: {missing}" if missing else f"not an hour of the day: {surplus}",
                field=name,
                remedy="Give one price for each hour 0 to 23.",
            )
        day = _numbers([keys[hour] for hour in range(24)], name)
    else:
        day = np.atleast_1d(_numbers(prices, name))
    if day.ndim != 1 or day.size not in (1, 24, 48, 96, SLOTS):
        raise TariffError(
            "a day of prices has 24, 48 or 96 values", field=name, value=day.size, remedy="Give one price, or a day."
        )
    table = np.broadcast_to(np.repeat(day, SLOTS // day.size), (12, DAY_KINDS, SLOTS))
    return PriceTable(np.ascontiguousarray(table))


def band_table(bands: Iterable[Mapping[str, Any]], prices: BandPrices) -> PriceTable:
    """Lay time-of-use bands over the year; each day of each month is covered exactly once."""
    rows = [_Band.read(row, number) for number, row in enumerate(bands)]
    names = np.full((12, DAY_KINDS, SLOTS), "", dtype="<U16")
    for row in (r for r in rows if not r.overlay):
        for month in row.months:
            for kind in row.kinds:
                row.lay(names[month - 1, kind], f"month {month}")
    _refuse_gaps(names)
    names[:, HOLIDAY] = names[:, 6]
    laid = np.full_like(names[:, HOLIDAY], "")
    dated: dict[date, Any] = {}
    for row in (r for r in rows if r.overlay):
        for month in row.months if row.kinds else ():
            row.lay(laid[month - 1], "holiday")
        for day in row.dates:
            row.lay(dated.setdefault(day, np.full(SLOTS, "", dtype="<U16")), str(day))
    names[:, HOLIDAY] = np.where(laid != "", laid, names[:, HOLIDAY])
    by_month = [_month_prices(prices, month) for month in range(1, 13)]
    values = np.stack([_price_of(names[m], by_month[m], m + 1) for m in range(12)])
    singles = {}
    for day, over in dated.items():
        merged = np.where(over != "", over, names[day.month - 1, [day.weekday(), HOLIDAY]])
        singles[day] = (_price_of(merged, by_month[day.month - 1], day.month), merged)
    return PriceTable(values, names, singles, on_holidays=bool((laid != "").any()))


@dataclass(frozen=True)
class _Band:
    band: str
    first: int
    last: int
    months: tuple[int, ...]
    kinds: tuple[int, ...]
    dates: tuple[date, ...]
    overlay: bool
    row: int

    @classmethod
    def read(cls, row: Mapping[str, Any], number: int) -> _Band:
        unknown = set(row) - {"band", "start", "end", "months", "days"} if isinstance(row, Mapping) else {"row"}
        if unknown or not {"band", "start", "end"} <= set(row):
            raise TariffError(
                "a band has band, start, end, and may have months and days",
                field="bands",
                value=sorted(map(str, row)) if isinstance(row, Mapping) else row,
                row=number,
            )
        listed = range(1, 13) if row.get("months") is None else row["months"]
        months = tuple(listed) if isinstance(listed, Iterable) else (listed,)
        if not months or not all(is_number(m) and m in range(1, 13) for m in months):
            raise TariffError("months are 1 to 12", field="months", value=listed, row=number, remedy="Write [6, 7, 8].")
        kinds, dates, overlay = _read_days(row.get("days"), number)
        first, last = _slot(row["start"], number), _slot(row["end"], number)
        if first >= last:
            raise TariffError(
                "a band ends after it starts",
                field="end",
                value=f"{row['start']}-{row['end']}",
                row=number,
                remedy="Split a band that passes midnight at 24:00.",
            )
        name = str(row["band"])
        return cls(
            _BAND_WORDS.get(name, name), first, last, tuple(int(m) for m in months), kinds, dates, overlay, number
        )

    def lay(self, day: Any, where: str) -> None:
        part = day[self.first : self.last]
        taken = part != ""
        if taken.any():
            at = self.first + int(np.argmax(taken))
            raise TariffError(
                f"two bands claim {_clock(at)} in {where}",
                field="bands",
                value=self.band,
                row=self.row,
                remedy="Let each time of the day belong to one band.",
            )
        part[:] = self.band


def _read_days(days: Any, number: int) -> tuple[tuple[int, ...], tuple[date, ...], bool]:
    if days is None:
        return tuple(range(7)), (), False
    listed = [days] if isinstance(days, (str, int, date)) else list(days)
    kinds: list[int] = []
    dates: list[date] = []
    for item in listed:
        if isinstance(item, str) and item in _DAY_WORDS:
            kinds += _DAY_WORDS[item]
        elif item == "holiday":
            kinds.append(HOLIDAY)
        elif isinstance(item, date):
            dates.append(item)
        elif isinstance(item, str):
            try:
                dates.append(date.fromisoformat(item))
            except ValueError as exc:
                raise TariffError("is not a kind of day", field="days", value=item, row=number) from exc
        elif item in range(7):
            kinds.append(int(item))
        else:
            raise TariffError("is not a kind of day", field="days", value=item, row=number)
    overlay = bool(dates) or HOLIDAY in kinds
    if overlay and any(kind != HOLIDAY for kind in kinds):
        raise TariffError("a row is for weekdays or for special days, not both", field="days", row=number)
    return tuple(kinds), tuple(dates), overlay


def _slot(clock: Any, number: int) -> int:
    match = _CLOCK.match(str(clock))
    minutes = int(match[1]) * 60 + int(match[2]) if match else -1
    if minutes < 0 or minutes > 24 * 60 or minutes % SLOT_MIN:
        raise TariffError(
            f"times stand on a {SLOT_MIN}-minute clock from 00:00 to 24:00", field="start", value=clock, row=number
        )
    return minutes // SLOT_MIN


def _clock(slot: int) -> str:
    return f"{slot * SLOT_MIN // 60:02d}:{slot * SLOT_MIN % 60:02d}"


def _refuse_gaps(names: Any) -> None:
    empty = names[:, :HOLIDAY] == ""
    if empty.any():
        month, kind, slot = (int(i[0]) for i in np.nonzero(empty))
        raise TariffError(
            f"no band covers {_clock(slot)} on weekday {kind} in month {month + 1}",
            field="bands",
            remedy="Cover each day from 00:00 to 24:00.",
        )


def _month_prices(prices: BandPrices, month: int) -> Mapping[str, float]:
    first = next(iter(prices.values()), None)
    chosen: Any = prices
    if isinstance(first, Mapping):
        if month not in prices:
            return {}
        chosen = prices[month]  # type: ignore[index]
    for band, value in chosen.items():
        if not is_number(value):
            raise TariffError("is not a number", field=f"prices[{band!r}]", value=value, remedy="Give CNY/kWh.")
    return {_BAND_WORDS.get(str(band), str(band)): float(value) for band, value in chosen.items()}


def _price_of(names: Any, prices: Mapping[str, float], month: int) -> FloatArray:
    values = np.full(names.shape, np.nan)
    for band, price in prices.items():
        values[names == band] = price
    missing = np.isnan(values)
    if missing.any() and prices:
        band = str(names[missing][0])
        raise TariffError(f"no price for band {band!r} in month {month}", field="prices", value=sorted(prices))
    return values


def _read_series(prices: pd.Series, name: str) -> PriceSeries:
    index = prices.index
    assert isinstance(index, pd.DatetimeIndex)  # noqa: S101 -- told apart by the caller
    if index.tz is None:
        raise NaiveTimestampError("prices have stamps without a zone", field=name, remedy="Use tz_localize first.")
    values = _numbers(prices.to_numpy(dtype=object), name, index)
    stamps = index.as_unit("ns").asi8
    steps = np.diff(stamps)
    if len(steps) == 0 or (steps <= 0).any() or (steps != steps[0]).any():
        at = 0 if len(steps) == 0 else int(np.argmax((steps <= 0) | (steps != steps[0])))
        raise TariffError(
            "prices need at least two regular, ascending stamps", field=name, value=str(index[at]) if len(index) else ""
        )
    return PriceSeries(int(stamps[0]), int(steps[0]), values)


def _numbers(values: Any, name: str, index: pd.DatetimeIndex | None = None) -> FloatArray:
    """Finite numbers; the first that is none is named, with its instant where there is one."""
    given = np.asarray(values, dtype=object)
    out = pd.to_numeric(pd.Series(given.ravel(), dtype=object), errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(out)
    if wrong.any():
        first = int(np.argmax(wrong))
        shown = given.ravel()[first] if index is None else str(index[first])
        raise TariffError("is not a number", field=name, value=shown, remedy="Give a price for each time.")
    return np.asarray(out.reshape(given.shape), dtype=np.float64)


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
