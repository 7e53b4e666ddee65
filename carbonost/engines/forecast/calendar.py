"""Day types a load follows: workday, weekend, holiday block, make-up workday.

Statutory days come from the `holidays` package, which for China also knows the weekend days worked in
exchange (调休). Two things it leaves to us: the weekend days inside a holiday block are holidays, and a
year for which no State Council notice is known yet holds statutory dates only and is provisional.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import BoolArray, IntArray

WORKDAY, WEEKEND, HOLIDAY, MAKEUP = range(4)
KINDS: Final = ("workday", "weekend", "holiday", "makeup")
FIRST_EXCHANGES: Final = 2001  # from this year on, every Chinese notice exchanged weekend days
_EPOCH: Final = date(1970, 1, 1)
_NOT_A_NAME: Final = re.compile(r"^Day off|substitut|\((observed|estimated)[^)]*\)", re.IGNORECASE)
_MARGIN: Final = 15  # days looked at beyond the asked range, so that no block is cut


@dataclass(frozen=True, eq=False)
class Days:
    """Day types of a row of consecutive days.

    Attributes
    ----------
    first : int
        Number of the first day since 1970-01-01.
    weekday : (n,) array of int
        Monday is 0.
    kind : (n,) array of int
        `WORKDAY`, `WEEKEND`, `HOLIDAY` or `MAKEUP`.
    into, left : (n,) array of int
        Days since the holiday block began and until it ends, -1 outside of blocks.
    after, eve : (n,) array of bool
        The day before, or the day after, is off.
    brim : (n,) array of int
        1 on the last day before a holiday block, 2 on the first one after, 0 elsewhere.
    festival : (n,) array of str
        What the block celebrates, "" outside of blocks.
    provisional : (n,) array of bool
        True in years whose exchange of days is not announced yet.
    country : str or None
        Whose holidays; None means that only weekends are known.
    unkept : frozenset of str
        Festivals, or "makeup", whose days were read as plain days of their weekday.
    """

    first: int
    weekday: IntArray
    kind: IntArray
    into: IntArray
    left: IntArray
    after: BoolArray
    eve: BoolArray
    brim: IntArray
    festival: Any
    provisional: BoolArray
    country: str | None
    unkept: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def off(self) -> BoolArray:
        """Nobody is expected at work."""
        return np.asarray((self.kind == WEEKEND) | (self.kind == HOLIDAY), dtype=np.bool_)

    @property
    def special(self) -> BoolArray:
        """Holidays and make-up workdays."""
        return np.asarray(self.kind >= HOLIDAY, dtype=np.bool_)

    def part(self, start: int, stop: int) -> Days:
        """Rows `start` to `stop`."""
        cut = slice(start, stop)
        return Days(
            self.first + start, self.weekday[cut], self.kind[cut], self.into[cut], self.left[cut],
            self.after[cut], self.eve[cut], self.brim[cut], self.festival[cut], self.provisional[cut], self.country,
            self.unkept,
        )  # fmt: skip


def day_types(start: date | str, end: date | str, country: str | None = "CN") -> pd.DataFrame:
    """Tabulate day types, first and last day inclusive.

    Parameters
    ----------
    start, end : date or ISO text
    country : str or None
        Two-letter code; None knows weekends only.

    Returns
    -------
    DataFrame
        `date, weekday, day_type, festival, day_of_block, block_days, provisional`.

    Raises
    ------
    MissingExtraError
        If the `holidays` package is not installed.
    InputError
        If the country is not known or the range is empty.
    """
    first, last = pd.Timestamp(start).date(), pd.Timestamp(end).date()
    if last < first:
        raise InputError("ends before it starts", field="end", value=str(last))
    days = read_days((first - _EPOCH).days, (last - first).days + 1, country)
    return pd.DataFrame(
        {
            "date": [first + timedelta(days=i) for i in range(len(days))],
            "weekday": days.weekday,
            "day_type": np.array(KINDS)[days.kind],
            "festival": days.festival,
            "day_of_block": days.into + 1,
            "block_days": np.where(days.into >= 0, days.into + days.left + 1, 0),
            "provisional": days.provisional,
        }
    )


def read_days(first: int, count: int, country: str | None, unkept: frozenset[str] = frozenset()) -> Days:
    """Day types of `count` days from day number `first`; those `unkept` are plain days of their weekday."""
    begin, n = first - _MARGIN, count + 2 * _MARGIN
    weekday = ((np.arange(begin, begin + n) + 3) % 7).astype(np.int32)  # 1970-01-01 was a Thursday
    kind = np.where(weekday >= 5, WEEKEND, WORKDAY).astype(np.int32)  # noqa: PLR2004 -- Saturday
    name = np.full(n, "", dtype=object)
    provisional = np.zeros(n, dtype=np.bool_)
    if country is not None:
        _mark(country, begin, kind, weekday, name, provisional)
    rests = np.isin(weekday, np.unique(weekday[kind == WEEKEND]))
    into, left = _blocks(kind, name, country)
    gone = ((kind == HOLIDAY) & np.isin(name, list(unkept))) | ((kind == MAKEUP) & (KINDS[MAKEUP] in unkept))
    kind[gone], into[gone], left[gone], name[gone] = np.where(rests, WEEKEND, WORKDAY)[gone], -1, -1, ""
    off = (kind == WEEKEND) | (kind == HOLIDAY)
    inside = into >= 0
    brim = np.where(inside, 0, np.where(np.roll(inside, -1), 1, 2 * np.roll(inside, 1))).astype(np.int32)
    after, eve = np.roll(off, 1), np.roll(off, -1)
    days = Days(begin, weekday, kind, into, left, after, eve, brim, name, provisional, country, unkept)
    return days.part(_MARGIN, _MARGIN + count)


def _mark(country: str, begin: int, kind: Any, weekday: Any, name: Any, provisional: Any) -> None:
    """Write holidays, make-up workdays and provisional years over weekdays and weekends."""
    years = range((_EPOCH + timedelta(days=begin)).year, (_EPOCH + timedelta(days=begin + len(kind))).year + 1)
    try:
        known = load("holidays", f"the calendar of {country}").country_holidays(country, years=years)
    except NotImplementedError as exc:
        raise InputError(
            "is no country with a calendar", field="holidays", value=country, remedy="Use a code like 'CN', or None."
        ) from exc
    kind[~np.isin(weekday, sorted(known.weekend)) & (kind == WEEKEND)] = WORKDAY
    kind[np.isin(weekday, sorted(known.weekend))] = WEEKEND
    exchanged = {day for day in getattr(known, "weekend_workdays", ()) if day.year in years}
    announced = {day.year for day in exchanged}
    for day in exchanged:
        if 0 <= (i := (day - _EPOCH).days - begin) < len(kind):
            kind[i] = MAKEUP
    for day, label in known.items():
        if 0 <= (i := (day - _EPOCH).days - begin) < len(kind):
            kind[i], name[i] = HOLIDAY, label
            provisional[i] = "estimated" in label
    if country == "CN":
        for year in set(years) - announced:
            start, stop = (date(y, 1, 1) - _EPOCH for y in (year, year + 1))
            provisional[max(start.days - begin, 0) : max(stop.days - begin, 0)] = year >= FIRST_EXCHANGES


def _blocks(kind: Any, name: Any, country: str | None) -> tuple[IntArray, IntArray]:
    """Close the holiday blocks, name their days, and count days into them."""
    into, left = np.full((2, len(kind)), -1, dtype=np.int32)
    off = (kind == WEEKEND) | (kind == HOLIDAY)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], off, [False]]).astype(np.int8)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        holidays = start + np.flatnonzero(kind[start:stop] == HOLIDAY)
        if not holidays.size:
            continue
        if country != "CN":  # elsewhere a weekend beside a holiday stays a weekend
            start, stop = holidays[0], holidays[-1] + 1  # noqa: PLW2901
        kind[start:stop] = HOLIDAY
        labels = [_plain(name[i]) for i in holidays]
        names = [label for label in labels if label]
        name[start:stop] = max(names, key=names.count) if names else "holiday"
        into[start:stop] = np.arange(stop - start)
        left[start:stop] = np.arange(stop - start)[::-1]
    return into, left


def _plain(label: str) -> str:
    """The festival in a label; "" for a substituted day off."""
    return "" if label.startswith("Day off") else _NOT_A_NAME.sub("", label.split(";", maxsplit=1)[0]).strip()
