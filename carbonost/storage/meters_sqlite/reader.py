"""Reading: decode the chunks a range touches, add the head, keep what lies inside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.storage import cells
from carbonost.storage.civil import DAY, EARLIEST, LATEST, QUARTER
from carbonost.storage.codec import Packed
from carbonost.storage.days import Columns, in_order, inside, joined, ranks
from carbonost.storage.meters_sqlite.head import chosen, load
from carbonost.storage.meters_sqlite.writer import CHUNK_COLUMNS
from carbonost.storage.rollup import unpack_rollups

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from carbonost.storage.cells import Cells

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

_CHOSEN: Final = "select value from json_each(?)"
_DAYS: Final = 512


def readings(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int, *, plain: bool = False) -> Columns:
    """Return series, start, value, quality and status in a range, sorted by the order of `ids` and start.

    With `plain`, quality and status are not decoded.
    """
    return in_order([*_chunks(db, ids, start, end, plain=plain), load(db, ids, start, end)], ids)


def _chunks(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int, *, plain: bool) -> Iterator[Columns]:
    if end <= start:
        return
    rows = db.execute(
        f"select series, {CHUNK_COLUMNS} from chunk where series in ({_CHOSEN})"  # noqa: S608
        " and day between ? and ? and last >= ? and first < ? order by series, day",
        (chosen(ids), start // DAY, (end - 1) // DAY, start, end),
    )
    for series, *fields in rows:
        yield inside(series, Packed(*fields), start, end, plain=plain)


def latest(db: sqlite3.Connection, ids: Sequence[int]) -> Columns:
    """Return the last reading of each series that has one; series is the rank in `ids`."""
    parts = []
    for id_ in ids:
        row = db.execute(
            f"select {CHUNK_COLUMNS} from chunk where series = ? order by day desc limit 1",  # noqa: S608
            (id_,),
        ).fetchone()
        if row:
            parts.append(inside(id_, Packed(*row), EARLIEST, LATEST).take(slice(-1, None)))
    held = in_order([*parts, load(db, ids, EARLIEST, LATEST)], ids)
    return held.take(np.flatnonzero(np.diff(held.series, append=-1)))


def extent(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int) -> tuple[int, int] | None:
    """Return the first instant and one past the last of the days anything in a range is kept for, or None."""
    row = db.execute(
        f"""select min(a), max(b) from (
          select (select min(day) from chunk where series = value) * {DAY} a,
                 (select max(day) + 1 from chunk where series = value) * {DAY} b from json_each(?)
          union all select min(first), max(until) from tier where series in ({_CHOSEN}))""",  # noqa: S608
        (chosen(ids),) * 2,
    ).fetchone()
    waiting = load(db, ids, start, end).start
    found = [at for at in row if at is not None]
    if len(waiting):
        found += [int(waiting.min()), int(waiting.max()) + 1]
    return (min(found), max(found)) if found else None


def collect(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int, edges: Integers) -> Cells:
    """Return the buckets between `edges` of all that lies in ``[start, end)``; series is the rank in `ids`."""
    parts = [tiers(db, ids, start, end)]
    quarters = not (edges % QUARTER).any()
    first, last = -(-start // DAY), end // DAY  # whole days inside the range
    if quarters and first < last:
        parts += _rolled_up(db, ids, first, last, edges)
        parts += _plain(db, ids, first * DAY, last * DAY, edges, small=True)
        parts += _plain(db, ids, start, first * DAY, edges, small=False)
        parts += _plain(db, ids, last * DAY, end, edges, small=False)
    else:
        parts += _plain(db, ids, start, end, edges, small=False)
    parts.append(cells.of_readings(*load(db, ids, start, end)[:3]))
    held = cells.join(parts)
    return cells.gather(replace(held, series=ranks(ids)[held.series]), edges)


def _rolled_up(db: sqlite3.Connection, ids: Sequence[int], first: int, last: int, edges: Integers) -> Iterator[Cells]:
    """Yield the roll-ups of whole days, added up some at a time: memory holds no more of them."""
    found = db.execute(
        f"select series, day, scale, data from rollup where series in ({_CHOSEN})"  # noqa: S608
        " and day >= ? and day < ? order by series, day",
        (chosen(ids), first, last),
    )
    while rows := found.fetchmany(_DAYS):
        series, day, scale, blobs = zip(*rows, strict=True)
        yield cells.gather(unpack_rollups(np.array(series), np.array(day), np.array(scale), blobs), edges)


def _plain(
    db: sqlite3.Connection, ids: Sequence[int], start: int, end: int, edges: Integers, *, small: bool
) -> Iterator[Cells]:
    """Yield chunk readings added up some days at a time; with `small`, only those of days that have no roll-up."""
    if end <= start:
        return
    bare = "and not exists (select 1 from rollup r where r.series = c.series and r.day = c.day)" if small else ""
    found = db.execute(
        f"select series, {CHUNK_COLUMNS} from chunk c where series in ({_CHOSEN})"  # noqa: S608
        f" and day between ? and ? and last >= ? and first < ? {bare} order by series, day",
        (chosen(ids), start // DAY, (end - 1) // DAY, start, end),
    )
    while rows := found.fetchmany(_DAYS):
        held = joined(inside(series, Packed(*fields), start, end, plain=True) for series, *fields in rows)
        yield cells.gather(cells.of_readings(*held[:3]), edges)


def tiers(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int) -> Cells:
    """Return what older readings were rolled up into."""
    rows: list[tuple[Any, ...]] = db.execute(
        f"select series, start, first, until, count, total, low, high from tier"  # noqa: S608
        f" where series in ({_CHOSEN}) and until > ? and first < ?",
        (chosen(ids), start, end),
    ).fetchall()
    if not rows:
        return cells.empty()
    return cells.within(cells.of_rows(rows), start, end)
