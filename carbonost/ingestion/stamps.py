"""Instants of readings, from stamps, or from a day and a time of the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from carbonost.errors import FileFormatError, NaiveTimestampError
from carbonost.ingestion import wide

if TYPE_CHECKING:
    from pathlib import Path


def instants(frame: pd.DataFrame, path: Path, zone: object) -> pd.Series[pd.Timestamp]:
    """Return the aware instant of each row.

    Parameters
    ----------
    frame : DataFrame
        `start`, or `day` with `start` as a time of the clock, or `day` (else `start`) with `minutes` after midnight.
    path : Path
        The file, for faults.
    zone : object
        Name of the zone of stamps without one.

    Raises
    ------
    FileFormatError
        If a cell is no time, or does not exist in the zone.
    NaiveTimestampError
        If neither the stamps nor `zone` name one.
    """
    text = frame["start"] if "start" in frame else frame["day"]
    minutes = frame.get("minutes")
    if "day" in frame and "start" in frame and minutes is None:
        clocks = {cell: wide.clock(cell) for cell in text.unique()}
        if None not in clocks.values():
            minutes = text.map(clocks)
    if minutes is None:
        stamps = _parsed(text, path, "start", "2025-01-31 13:45")
    else:
        stamps = _days(frame.get("day", text), path) + pd.to_timedelta(minutes, unit="min")
    return _aware(stamps, path, text, zone)


def _days(text: pd.Series[str], path: Path) -> pd.Series[pd.Timestamp]:
    once = text.drop_duplicates()
    days = _parsed(once, path, "day", "2025-01-31")
    late = (days != days.dt.normalize()).to_numpy()
    if late.any():
        raise FileFormatError(
            "a day has a time of its own, beside the clock's",
            f"{path.name}: day",
            once[late].iloc[0],
            "Write 2025-01-31.",
            row=int(once.index[late][0]),
        )
    return text.map(dict(zip(once, days, strict=True)))


def _parsed(text: pd.Series[str], path: Path, field: str, example: str) -> pd.Series[pd.Timestamp]:
    try:
        stamps = pd.Series(pd.to_datetime(text, format="ISO8601"), index=text.index)
    except ValueError:
        stamps = _written(text)
    bad = stamps.isna()
    if bad.any():
        raise FileFormatError(
            "not a time",
            f"{path.name}: {field}",
            text[bad].iloc[0] or "(empty)",
            f"Write {example}.",
            row=int(text.index[bad][0]),
        )
    return stamps


def _aware(stamps: pd.Series[pd.Timestamp], path: Path, text: pd.Series[str], zone: object) -> pd.Series[pd.Timestamp]:
    if stamps.dt.tz is not None:
        return stamps.dt.tz_convert("UTC")
    if zone is None:
        raise NaiveTimestampError(
            "the stamps name no time zone",
            f"{path.name}: start",
            text.iloc[0],
            "Write timezone: Asia/Shanghai beside the file's name.",
        )
    try:
        local = stamps.dt.tz_localize(ZoneInfo(str(zone)))
    except ZoneInfoNotFoundError as exc:
        raise FileFormatError("unknown time zone", f"{path.name}: timezone", zone, "Say Asia/Shanghai.") from exc
    except ValueError as exc:
        raise FileFormatError(
            f"a stamp does not exist, or exists twice, in {zone}",
            f"{path.name}: start",
            str(exc)[:60],
            "Write stamps with their offset, such as 2025-10-26T02:30+02:00.",
        ) from exc
    return local


def _written(text: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Read stamps as logs print them: 2025/1/1 0:15, 2025年1月1日 0:15, and 24:00 for the end of a day."""
    plain = text.str.replace(r"[年月]", "-", regex=True).str.replace("日", " ", regex=False)
    late = plain.str.contains(r"[ T]24:00(?::00)?$", regex=True)
    plain = plain.str.replace(r"([ T])24:00", r"\g<1>00:00", regex=True)
    plain = plain.where(~plain.str.fullmatch(r"\d{1,2}:\d{2}(?::\d{2})?"))  # a clock alone would be today's
    stamps = pd.Series(pd.to_datetime(plain, errors="coerce", format="mixed"), index=text.index)
    return stamps + pd.to_timedelta(late.astype(int), unit="D")
