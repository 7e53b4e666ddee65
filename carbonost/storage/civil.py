"""Civil time: instants as microseconds, and the buckets a calendar cuts them into.

Buckets are those of a zone's wall clock: a day has 23, 24 or 25 hours, an hour begins at :30 UTC
where the zone says so, and a shorter bucket ends where the clock is set.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from carbonost.errors import InvalidDataError, NaiveTimestampError

if TYPE_CHECKING:
    import numpy.typing as npt

    Micros = npt.NDArray[np.int64]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
QUARTER: Final = 15 * MINUTE
EARLIEST: Final = -(70 * 366 * DAY)
LATEST: Final = 230 * 366 * DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EVERY: Final = re.compile(r"(\d+)\s*(min|h|d|mo|y)")
_DURATION: Final = re.compile(r"(\d+)\s*(d|w|mo|y)")
_ONE: Final = timedelta(microseconds=1)


def micros(instant: datetime | str, name: str = "start") -> int:
    """Return microseconds since 1970 UTC.

    Raises
    ------
    NaiveTimestampError
        If the instant has no zone.
    InvalidDataError
        If it is no instant.
    """
    if isinstance(instant, str):
        try:
            instant = datetime.fromisoformat(instant)
        except ValueError:
            raise InvalidDataError("not an instant", name, instant, "Write ISO 8601 with an offset.") from None
    if isinstance(instant, pd.Timestamp):
        instant = instant.to_pydatetime(warn=False)
    if not isinstance(instant, datetime) or pd.isna(instant):
        raise InvalidDataError("not an instant", name, instant, "Pass an aware datetime.")
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise NaiveTimestampError("an instant has no zone", name, instant, "Pass an aware one, e.g. +08:00.")
    return (instant.astimezone(UTC) - _EPOCH) // _ONE


def span(start: datetime | str, end: datetime | str) -> tuple[int, int]:
    """Return the half-open range in microseconds, clipped to what can be stored."""
    first, last = micros(start, "start"), micros(end, "end")
    if last < first:
        raise InvalidDataError("the range ends before it starts", "end", end)
    return max(first, EARLIEST), min(last, LATEST)


def instant(value: int) -> datetime:
    """Return the instant of some microseconds."""
    return _EPOCH + timedelta(microseconds=int(value))


def zone(tz: str) -> ZoneInfo:
    """Return a zone by its name.

    Raises
    ------
    InvalidDataError
        If no such zone is known.
    """
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InvalidDataError("no such time zone", "tz", tz, "Use a name like 'Asia/Shanghai'.") from None


def parse_every(every: str) -> tuple[int, str]:
    """Return count and unit of a bucket length: minutes or hours that divide a day, or 1d, 1mo, 1y."""
    found = _EVERY.fullmatch(every) if isinstance(every, str) else None
    if found:
        count, unit = int(found[1]), found[2]
        minutes = count * {"min": 1, "h": 60}.get(unit, 0)
        if (minutes and 24 * 60 % minutes == 0) or (unit in ("d", "mo", "y") and count == 1):
            return count, unit
    raise InvalidDataError("no such bucket", "every", every, "Use e.g. '15min', '1h', '1d', '1mo', '1y'.")


def edges(start: int, end: int, every: str, tz: str) -> Micros:
    """Return the civil bucket edges that cover ``[start, end)``: ascending, first <= start, last >= end."""
    count, unit = parse_every(every)
    name = zone(tz).key
    if unit in ("d", "mo", "y"):
        return _calendar_edges(start, end, unit, name)
    step = count * (MINUTE if unit == "min" else HOUR)
    cuts, offsets = _offsets(start - DAY, end + DAY, name)
    pieces = []
    for place, offset in enumerate(offsets):
        first, last = cuts[place], cuts[place + 1]
        grid = np.arange((first + offset) // step, (last + offset) // step + 2, dtype=np.int64) * step - offset
        pieces.append(np.array([first], dtype=np.int64) if place else grid[:0])
        pieces.append(grid[(grid > first) & (grid < last)])
    return _cover(np.concatenate(pieces), start, end)


def _calendar_edges(start: int, end: int, unit: str, tz: str) -> Micros:
    where = ZoneInfo(tz)
    first, last = (instant(at).astimezone(where).replace(tzinfo=None) for at in (start, end))
    code = {"d": "datetime64[D]", "mo": "datetime64[M]", "y": "datetime64[Y]"}[unit]
    begin, finish = np.array([first, last], dtype="datetime64[us]").astype(code)
    civil = pd.DatetimeIndex(np.arange(begin - 1, finish + 2).astype("datetime64[us]"))
    ambiguous = np.ones(len(civil), dtype=bool)
    aware = civil.tz_localize(tz, ambiguous=ambiguous, nonexistent="shift_forward")
    return _cover(_utc(aware), start, end)


def _cover(found: Micros, start: int, end: int) -> Micros:
    low = max(int(np.searchsorted(found, start, "right")) - 1, 0)
    high = int(np.searchsorted(found, end, "left"))
    return found[low : high + 1]


def _utc(index: pd.DatetimeIndex) -> Micros:
    return np.asarray(index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64))


def _offsets(start: int, end: int, tz: str) -> tuple[list[int], list[int]]:
    """Return the instants where the zone's offset changes (with both ends), and the offsets between."""
    where = ZoneInfo(tz)
    probes = [*range(start, end, 7 * DAY), end]
    cuts, offsets = [start], [_offset(where, start)]
    for low, high in pairwise(probes):
        begin = low
        while _offset(where, begin) != _offset(where, high) or _hidden(where, begin, high):
            begin = _change(where, begin, high)
            cuts.append(begin)
            offsets.append(_offset(where, begin))
    return [*cuts, end], offsets


def _offset(where: ZoneInfo, at: int) -> int:
    offset = instant(at).astimezone(where).utcoffset() or timedelta()
    return offset // _ONE


def _hidden(where: ZoneInfo, low: int, high: int) -> bool:
    """Whether the offset changes and changes back within the week."""
    here = _offset(where, low)
    return any(_offset(where, at) != here for at in range(low, high, DAY))


def _change(where: ZoneInfo, low: int, high: int) -> int:
    """Return the first instant after `low` with another offset, to the second."""
    here = _offset(where, low)
    step = DAY
    while low + step < high and _offset(where, low + step) == here:
        low += step
    high = min(high, low + step)
    while high - low > SECOND:
        middle = (low + high) // (2 * SECOND) * SECOND
        if middle <= low:
            break
        low, high = (middle, high) if _offset(where, middle) == here else (low, middle)
    return high


def before(now: datetime, duration: str | None, unit: str, tz: str) -> int | None:
    """Return the start of the civil `unit` (h, d, mo) that holds ``now - duration``; None for ever."""
    if duration is None:
        return None
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if not found:
        raise InvalidDataError("no such duration", "policy", duration, "Use e.g. '30d', '6mo', '5y', or None.")
    count = int(found[1])
    local = pd.Timestamp(micros(now, "now"), unit="us", tz="UTC").tz_convert(tz).tz_localize(None)
    offset = {"d": pd.DateOffset(days=count), "w": pd.DateOffset(weeks=count)}
    offset |= {"mo": pd.DateOffset(months=count), "y": pd.DateOffset(years=count)}
    moved = (local - offset[found[2]]).tz_localize(tz, ambiguous=True, nonexistent="shift_forward")
    at = micros(moved, "policy")
    return int(edges(at, at + 1, f"1{unit}", tz)[0])
