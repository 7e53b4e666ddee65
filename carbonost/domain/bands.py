"""Time-of-use bands as people write them, laid over the year as a table of prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.checks import day as read_day
from carbonost.domain.checks import is_hole, is_numeric
from carbonost.domain.prices import DAY_KINDS, HOLIDAY, SLOT_MIN, SLOTS, BandPrices, PriceTable, clock, key_number
from carbonost.errors import TariffError

_KEYS: Final = ("band", "start", "end", "months", "days")
_DAY_WORDS: Final = {"workday": (0, 1, 2, 3, 4), "weekend": (5, 6), "holiday": (HOLIDAY,)}
_BAND_WORDS: Final = {
    "critical": "sharp",
    **dict.fromkeys(("尖", "尖峰", "尖段"), "sharp"),
    **dict.fromkeys(("峰", "高峰", "峰段"), "peak"),
    **dict.fromkeys(("平", "平段", "平时段"), "flat"),
    **dict.fromkeys(("谷", "低谷", "谷段"), "valley"),
    **dict.fromkeys(("深谷", "深谷段"), "deep_valley"),
}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::00)?\Z")  # a spreadsheet adds seconds


def band_table(bands: Iterable[Mapping[str, Any]], prices: BandPrices) -> PriceTable:
    """Lay time-of-use bands over the year; each day of each month is covered exactly once."""
    if isinstance(bands, Mapping) or not _is_list(bands):
        raise TariffError(
            "are not rows", field="bands", value=bands, remedy="Give [{'band': …, 'start': …, 'end': …}]."
        )
    rows = [_Band.read(row, number) for number, row in enumerate(bands)]
    text = f"<U{max([16, *(len(row.band) for row in rows)])}"
    names = np.full((12, DAY_KINDS, SLOTS), "", dtype=text)
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
            row.lay(dated.setdefault(day, np.full(SLOTS, "", dtype=text)), str(day))
    names[:, HOLIDAY] = np.where(laid != "", laid, names[:, HOLIDAY])
    by_month = _by_month(prices)
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
        """Read one row; what is wrong names the row and the field."""
        if not isinstance(row, Mapping) or not set(_KEYS[:3]) <= set(row) <= set(_KEYS):
            raise TariffError(
                "a band has band, start, end, and may have months and days",
                field="bands",
                value=sorted(map(str, row)) if isinstance(row, Mapping) else row,
                row=number,
                remedy="Write {'band': 'peak', 'start': '08:00', 'end': '11:00'}; a frame gives .to_dict('records').",
            )
        if not isinstance(row["band"], str) or not row["band"]:
            raise TariffError("is not a name", "band", row["band"], "Write 'peak', 'flat', 'valley' …", number)
        kinds, dates = _read_days(row.get("days"), number)
        first, last = (_slot(row[name], name, number) for name in ("start", "end"))
        if first >= last:
            raise TariffError(
                "a band ends after it starts",
                field="end",
                value=f"{row['start']}-{row['end']}",
                row=number,
                remedy="Split a band that passes midnight at 24:00.",
            )
        overlay = bool(dates) or HOLIDAY in kinds
        name = _BAND_WORDS.get(row["band"], row["band"])
        return cls(name, first, last, _read_months(row.get("months"), number), kinds, dates, overlay, number)

    def lay(self, day: Any, where: str) -> None:
        """Write the band into a day that nothing claims yet."""
        part = day[self.first : self.last]
        taken = part != ""
        if taken.any():
            at = self.first + int(np.argmax(taken))
            raise TariffError(
                f"two bands claim {clock(at)} in {where}",
                field="bands",
                value=self.band,
                row=self.row,
                remedy="Let each time of the day belong to one band.",
            )
        part[:] = self.band


def _is_list(given: Any) -> bool:
    """Whether there are items to go through; a text and an array without dimensions have none."""
    return isinstance(given, Iterable) and not isinstance(given, (str, bytes)) and getattr(given, "ndim", 1) > 0


def _items(given: Any) -> list[Any]:
    """The items of a list, or the one item itself."""
    return list(given) if _is_list(given) else [given]


def _whole(item: Any, among: range) -> bool:
    return isinstance(item, (int, np.integer)) and not isinstance(item, bool) and item in among


def _read_months(months: Any, number: int) -> tuple[int, ...]:
    if is_hole(months):
        return tuple(range(1, 13))
    listed = _items(months)
    if not listed or not all(_whole(month, range(1, 13)) for month in listed) or len(set(listed)) != len(listed):
        raise TariffError(
            "months are 1 to 12, each once", field="months", value=months, row=number, remedy="Write [6, 7, 8]."
        )
    return tuple(int(month) for month in listed)


def _read_days(days: Any, number: int) -> tuple[tuple[int, ...], tuple[date, ...]]:
    """Kinds of day and single dates."""
    if is_hole(days):
        return tuple(range(7)), ()
    kinds: list[int] = []
    dates: list[date] = []
    for item in _items(days):
        if isinstance(item, str) and item in _DAY_WORDS:
            kinds += _DAY_WORDS[item]
        elif _whole(item, range(7)):
            kinds.append(int(item))
        elif isinstance(item, (str, date, np.datetime64)):
            dates.append(read_day(item, "days", TariffError))
        else:
            raise TariffError(
                "is not a kind of day",
                field="days",
                value=item,
                row=number,
                remedy="Use 0 (Monday) to 6, 'workday', 'weekend', 'holiday' or a date.",
            )
    if not (kinds or dates) or ((dates or HOLIDAY in kinds) and any(kind != HOLIDAY for kind in kinds)):
        raise TariffError(
            "a row is for weekdays or for special days, one of them",
            field="days",
            value=days,
            row=number,
            remedy="Split it in two rows.",
        )
    return tuple(kinds), tuple(dates)


def _slot(time: Any, name: str, number: int) -> int:
    match = _CLOCK.match(str(time))
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else -1  # noqa: PLR2004 -- an hour
    if minutes < 0 or minutes > 24 * 60 or minutes % SLOT_MIN:
        raise TariffError(
            f"times stand on a {SLOT_MIN}-minute clock from 00:00 to 24:00",
            field=name,
            value=time,
            row=number,
            remedy="Write '08:30'.",
        )
    return minutes // SLOT_MIN


def _refuse_gaps(names: Any) -> None:
    empty = names[:, :HOLIDAY] == ""
    if empty.any():
        month, kind, slot = (int(i[0]) for i in np.nonzero(empty))
        raise TariffError(
            f"no band covers {clock(slot)} on weekday {kind} in month {month + 1}",
            field="bands",
            remedy="Cover each day from 00:00 to 24:00.",
        )


def _by_month(prices: Any) -> list[Mapping[str, float]]:
    """Prices of the bands in each of the twelve months; a month without prices has none."""
    given = prices.to_dict() if isinstance(prices, pd.Series) else prices
    if not isinstance(given, Mapping) or not given:
        raise TariffError("are not {band: price}", field="prices", value=prices, remedy="Write {'peak': 1.1, …}.")
    if all(isinstance(band, str) and not isinstance(price, Mapping) for band, price in given.items()):
        return [_band_prices(given, "prices")] * 12
    read: dict[int, Mapping[str, float]] = {}
    for key, bands in given.items():
        month = key_number(key)
        if not _whole(month, range(1, 13)) or month in read or not isinstance(bands, Mapping) or not bands:
            raise TariffError(
                "is not a month's prices",
                field=f"prices[{key!r}]",
                value=bands,
                remedy="Write {band: price}, or {month: {band: price}} with months 1 to 12, each once.",
            )
        read[int(month)] = _band_prices(bands, f"prices[{key!r}]")
    return [read.get(month, {}) for month in range(1, 13)]


def _band_prices(prices: Mapping[Any, Any], field: str) -> Mapping[str, float]:
    read: dict[str, float] = {}
    for band, value in prices.items():
        if not is_numeric(value):
            raise TariffError("is not a number", field=f"{field}[{band!r}]", value=value, remedy="Give CNY/kWh.")
        name = _BAND_WORDS.get(str(band), str(band))
        if name in read:
            raise TariffError(
                f"{name!r} is priced twice", field=f"{field}[{band!r}]", value=value, remedy="Leave one of the two."
            )
        read[name] = float(value)
    return read


def _price_of(names: Any, prices: Mapping[str, float], month: int) -> Any:
    values = np.full(names.shape, np.nan)
    for band, price in prices.items():
        values[names == band] = price
    missing = np.isnan(values)
    if missing.any() and prices:
        band = str(names[missing][0])
        raise TariffError(
            f"no price for band {band!r} in month {month}",
            field="prices",
            value=sorted(prices),
            remedy=f"Give prices={{{band!r}: …}}.",
        )
    return values
