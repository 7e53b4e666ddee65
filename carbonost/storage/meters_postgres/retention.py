"""Retention in PostgreSQL: readings become hours, hours days, days months, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost.errors import BeyondRetentionError, InvalidDataError
from carbonost.storage import cells
from carbonost.storage.cells import Cells
from carbonost.storage.civil import DAY, before, edges, instant, zone
from carbonost.storage.meters_postgres import sql, wire

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt

    from carbonost.storage.meters_postgres.wire import Integers, Layout
    from carbonost.storage.ports import RetentionPolicy


def apply(cursor: Any, layout: Layout, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
    """Roll up what is older than the policy keeps; return how much moved, by tier.

    Raises
    ------
    InvalidDataError
        If the store was rolled up in another zone before: its buckets would not fit.
    """
    moved = {"raw": 0, "hourly": 0, "daily": 0, "monthly": 0}
    _same_zone(cursor, zone(policy.tz).key)
    limit = before(now, policy.raw, "h", policy.tz)
    if limit is not None:
        moved["raw"] = _roll_readings(cursor, layout, limit, policy.tz)
    for level, name, unit in ((1, "hourly", "d"), (2, "daily", "mo")):
        limit = before(now, getattr(policy, name), unit, policy.tz)
        if limit is not None:
            moved[name] = _roll_tier(cursor, level, limit, f"1{unit}", policy.tz)
    limit = before(now, policy.monthly, "mo", policy.tz)
    if limit is not None:
        cursor.execute(sql.END_TIER, (limit,))
        moved["monthly"] = int(cursor.rowcount)
    return moved


def tiers(cursor: Any, ids: Sequence[int], first: int, last: int) -> Cells:
    """Return what older readings of a range were rolled up into.

    Raises
    ------
    BeyondRetentionError
        If the range cuts a bucket.
    """
    cursor.execute(sql.TIERS, (list(ids), first, last))
    return cells.within(cells.of_rows(cursor.fetchall()), first, last)


def not_rolled(cursor: Any, ids: Integers, start: Integers, *, skip: bool) -> npt.NDArray[np.bool_]:
    """Return which readings are not yet counted in a tier.

    Raises
    ------
    BeyondRetentionError
        If one is, unless `skip` leaves it out.
    """
    keep = np.ones(len(ids), dtype=bool)
    span = (int(start.min()) // DAY, int(start.max()) // DAY)
    for series, day, stamps in wire.rolled(cursor, np.unique(ids).tolist(), *span):
        rows = np.flatnonzero((ids == series) & (start // DAY == day))
        keep[rows[np.isin(start[rows], stamps)]] = False
    if not keep.all() and not skip:
        at = int(start[np.flatnonzero(~keep)[0]])
        raise BeyondRetentionError(
            "a reading of this instant was rolled up already and cannot be replaced",
            "start",
            instant(at).isoformat(),
            "Leave it out, or write with on_invalid='skip'.",
        )
    return keep


def delete(cursor: Any, ids: Sequence[int], first: int, last: int) -> int:
    """Remove the buckets inside a range and return how many readings they stood for."""
    cursor.execute(sql.DELETE_TIER, (list(ids), first, last))
    removed = sum(int(row[0]) for row in cursor.fetchall())
    for series, day, stamps in wire.rolled(cursor, ids, first // DAY, (last - 1) // DAY):
        wire.keep_stamps(cursor, series, day, stamps[(stamps < first) | (stamps >= last)])
    return removed


def _same_zone(cursor: Any, tz: str) -> None:
    cursor.execute("insert into meter_meta values ('tier_tz', %s) on conflict do nothing", (tz,))
    cursor.execute("select value from meter_meta where name = 'tier_tz'")
    known = cursor.fetchone()[0]
    if known != tz:
        raise InvalidDataError("the store was rolled up in another zone", "policy.tz", tz, f"Keep {known!r}.")


def _roll_readings(cursor: Any, layout: Layout, limit: int, tz: str) -> int:
    """Move readings before `limit` into hours, series by series."""
    cursor.execute("select id from meter_series order by id")
    moved = 0
    for (series,) in cursor.fetchall():
        when, value = layout.take(cursor, series, limit)
        if not len(when):
            continue
        single = cells.of_readings(np.full(len(when), series), when, value)
        _add(cursor, 1, cells.gather(single, edges(int(when[0]), int(when[-1]) + 1, "1h", tz)))
        days = when // DAY
        known = {day: old for _, day, old in wire.rolled(cursor, [series], int(days[0]), int(days[-1]))}
        for day in np.unique(days).tolist():
            stamps = when[days == day]
            wire.keep_stamps(cursor, series, day, np.union1d(known[day], stamps) if day in known else stamps)
        moved += len(when)
    return moved


def _roll_tier(cursor: Any, level: int, limit: int, every: str, tz: str) -> int:
    """Move the buckets of a tier that end by `limit` into the next one."""
    cursor.execute(sql.TAKE_TIER, (level, limit))
    held = cells.of_rows(cursor.fetchall())
    if len(held):
        bounds = (int(held.first.min()), int(held.end.max()))
        _add(cursor, level + 1, cells.gather(held, edges(*bounds, every, tz)))
    return len(held)


def _add(cursor: Any, level: int, new: Cells) -> None:
    rows = zip(*(getattr(new, name).tolist() for name in Cells.__slots__), strict=True)
    cursor.executemany(sql.ADD_TIER, [(series, level, *rest) for series, *rest in rows])
