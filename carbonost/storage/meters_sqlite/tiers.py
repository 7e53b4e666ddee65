"""Retention: readings become hours, hours become days, days become months, in one transaction.

What a tier holds was taken out of the tier below in the same transaction, so nothing is lost and
nothing counts twice. The stamps of rolled readings are kept (a regular day takes a few bytes), so
that a late reading is told from one that was counted already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.errors import InvalidDataError
from carbonost.storage import cells
from carbonost.storage.cells import Cells
from carbonost.storage.civil import DAY, EARLIEST, before, edges, zone
from carbonost.storage.meters_sqlite.reader import readings
from carbonost.storage.meters_sqlite.rolled import keep_stamps
from carbonost.storage.meters_sqlite.writer import compact_all, load_chunk, store_chunks

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    import numpy.typing as npt

    from carbonost.storage.meters_sqlite.writer import Memory
    from carbonost.storage.ports import RetentionPolicy

    Integers = npt.NDArray[np.int64]


def apply(db: sqlite3.Connection, memory: Memory, policy: RetentionPolicy, now: datetime) -> dict[str, int]:
    """Roll up what is older than the policy keeps; return how much moved, by tier.

    Raises
    ------
    InvalidDataError
        If the store was rolled up in another zone before: its buckets would not fit.
    """
    _same_zone(db, policy.tz)
    moved = {"raw": 0, "hourly": 0, "daily": 0, "monthly": 0}
    limit = before(now, policy.raw, "h", policy.tz)
    if limit is not None:
        compact_all(db, memory)
        moved["raw"] = _roll_readings(db, limit, policy.tz)
    for level, name, unit in ((1, "hourly", "d"), (2, "daily", "mo")):
        limit = before(now, getattr(policy, name), unit, policy.tz)
        if limit is not None:
            moved[name] = _roll_tier(db, level, limit, f"1{unit}", policy.tz)
    limit = before(now, policy.monthly, "mo", policy.tz)
    if limit is not None:
        moved["monthly"] = db.execute("delete from tier where level = 3 and until <= ?", (limit,)).rowcount
    return moved


def _same_zone(db: sqlite3.Connection, tz: str) -> None:
    key = zone(tz).key
    known = db.execute("select value from meta where name = 'tier_tz'").fetchone()
    if known is None:
        db.execute("insert into meta values ('tier_tz', ?)", (key,))
    elif known[0] != key:
        raise InvalidDataError("the store was rolled up in another zone", "policy.tz", tz, f"Keep {known[0]!r}.")


def _roll_readings(db: sqlite3.Connection, limit: int, tz: str) -> int:
    """Move readings before `limit` into hours, series by series."""
    moved = 0
    for (series,) in db.execute("select distinct series from chunk where first < ?", (limit,)).fetchall():
        _, when, value, _, _ = readings(db, [series], EARLIEST, limit, plain=True)
        hours = cells.gather(
            cells.of_readings(np.full(len(when), series), when, value),
            edges(int(when[0]), int(when[-1]) + 1, "1h", tz),
        )
        _add(db, 1, hours)
        for day, stamps in _by_day(when):
            keep_stamps(db, series, day, stamps)
            _shorten(db, series, day, limit)
        moved += len(when)
    return moved


def _by_day(when: Integers) -> list[tuple[int, Integers]]:
    day = when // DAY
    cuts = np.flatnonzero(np.r_[True, day[1:] != day[:-1]])
    return list(zip(day[cuts].tolist(), np.split(when, cuts[1:]), strict=True))


def _shorten(db: sqlite3.Connection, series: int, day: int, limit: int) -> None:
    held = load_chunk(db, series, day)
    if held is None:
        return
    rest = int(np.searchsorted(held.start, limit))
    if rest < len(held):
        store_chunks(db, [held.take(slice(rest, None))])
        return
    drop(db, series, day)


def drop(db: sqlite3.Connection, series: int, day: int) -> None:
    """Remove a day's chunk and its roll-up."""
    for table in ("chunk", "rollup"):
        db.execute(f"delete from {table} where series = ? and day = ?", (series, day))  # noqa: S608


def _roll_tier(db: sqlite3.Connection, level: int, limit: int, every: str, tz: str) -> int:
    """Move the buckets of a tier that end by `limit` into the next one."""
    rows = db.execute(
        "select series, start, first, until, count, total, low, high from tier where level = ? and until <= ?",
        (level, limit),
    ).fetchall()
    if not rows:
        return 0
    held = cells.of_rows(rows)
    _add(db, level + 1, cells.gather(held, edges(int(held.first.min()), int(held.end.max()), every, tz)))
    db.execute("delete from tier where level = ? and until <= ?", (level, limit))
    return len(rows)


def _add(db: sqlite3.Connection, level: int, new: Cells) -> None:
    rows = zip(*(getattr(new, name).tolist() for name in Cells.__slots__), strict=True)
    db.executemany(
        "insert into tier values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (series, level, start) do update set"
        " first = min(first, excluded.first), until = max(until, excluded.until), count = count + excluded.count, "
        " total = total + excluded.total, low = min(low, excluded.low), high = max(high, excluded.high)",
        [(series, level, *rest) for series, *rest in rows],
    )
