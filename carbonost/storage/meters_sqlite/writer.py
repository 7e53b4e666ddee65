"""Writing: small groups go to the head as rows, large ones straight into day chunks.

A stamp stands in exactly one place, head or chunk, so readers add both up. Everything a batch
changes (rows, chunks, roll-ups, counters) is one transaction of the caller.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.errors import BeyondRetentionError
from carbonost.storage.civil import DAY, instant
from carbonost.storage.frames import known_series
from carbonost.storage.meters_sqlite.codec import (
    Packed,
    pack_days,
    pack_stamps,
    scaled,
    scales,
    unpack,
    unpack_extra,
    unpack_stamps,
)
from carbonost.storage.meters_sqlite.rollup import pack_rollups
from carbonost.storage.ports import SeriesInfo, WriteResult

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from carbonost.storage.frames import Batch

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]
    Known = dict[str, tuple[int, SeriesInfo]]

CHUNK_COLUMNS: Final = "count, first, last, step, scale, width, base, extra, data"
SMALL: Final = 32
"""A group of fewer readings of one series and day waits in the head."""

HEAD_LEAST, HEAD_MOST, HEAD_EACH = 20_000, 1_000_000, 240


@dataclass(slots=True)
class Group:
    """Readings of one series on one UTC day, sorted by start."""

    series: int
    day: int
    start: Integers
    value: Floats
    quality: Integers
    status: Texts | None

    def __len__(self) -> int:
        return len(self.start)


@dataclass(slots=True)
class _Tally:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    head: int = 0
    head_rows: int = 0
    spans: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    rows: list[Group] = field(default_factory=list)
    chunks: list[Group] = field(default_factory=list)


def write(db: sqlite3.Connection, batch: Batch, known: Known, *, skip: bool) -> WriteResult:
    """Store a checked batch inside the caller's transaction; `known` remembers series between calls."""
    ids = upsert_series(db, batch.series, known)
    tally = _Tally(skipped=batch.skipped, head_rows=head_rows(db), spans=_spans(db, ids, batch.start))
    rolled = db.execute("select exists (select 1 from rolled)").fetchone()[0]
    for group in groups(ids[batch.code], batch.start, batch.value, batch.quality, batch.status):
        kept = _not_rolled(db, group, tally, skip=skip) if rolled else group
        if len(kept):
            _place(db, kept, tally)
    _into_head(db, tally)
    store_chunks(db, tally.chunks)
    count_head(db, tally.head)
    compact(db)
    return WriteResult(tally.created, tally.updated, tally.unchanged, tally.skipped)


def _spans(db: sqlite3.Connection, ids: Integers, start: Integers) -> dict[tuple[int, int], tuple[int, int]]:
    """Return first and last stamp of each chunk a batch may touch."""
    rows = db.execute(
        "select series, day, first, last from chunk where series in (select value from json_each(?))"
        " and day between ? and ?",
        (json.dumps(ids.tolist()), int(start.min()) // DAY, int(start.max()) // DAY),
    )
    return {(series, day): (first, last) for series, day, first, last in rows}


def groups(series: Integers, start: Integers, value: Floats, quality: Integers, status: Texts | None) -> list[Group]:
    """Cut sorted columns into groups of one series and day."""
    if not len(start):
        return []
    day = start // DAY
    cuts = np.flatnonzero(np.r_[True, (series[1:] != series[:-1]) | (day[1:] != day[:-1])])
    ends = np.r_[cuts[1:], len(start)]
    keys = zip(series[cuts].tolist(), day[cuts].tolist(), cuts.tolist(), ends.tolist(), strict=True)
    return [
        Group(who, when, start[b:e], value[b:e], quality[b:e], status[b:e] if status is not None else None)
        for who, when, b, e in keys
    ]


def upsert_series(db: sqlite3.Connection, series: Sequence[SeriesInfo], known: Known) -> Integers:
    """Return the id of each series, adding new ones and new tags.

    Raises
    ------
    InvalidDataError
        If a known point comes with another carrier or unit, or a new one without.
    """
    missing = [info.point for info in series if info.point not in known]
    listed = json.dumps(missing, ensure_ascii=False)
    rows = db.execute(
        "select id, point, energy_type, unit, tags from series where point in (select value from json_each(?))",
        (listed,),
    )
    known |= {row[1]: (row[0], SeriesInfo(row[1], row[2], row[3], json.loads(row[4]))) for row in rows}
    ids = []
    for info in series:
        id_, before = known.get(info.point, (0, None))
        full = known_series(before, info)
        if full != before:
            tags = json.dumps(dict(full.tags), ensure_ascii=False, sort_keys=True)
            sql = "insert into series (point, energy_type, unit, tags) values (?, ?, ?, ?)"
            sql += " on conflict (point) do update set tags = excluded.tags returning id"
            id_ = int(db.execute(sql, (full.point, full.energy_type, full.unit, tags)).fetchone()[0])
            known[info.point] = (id_, full)
        ids.append(id_)
    return np.array(ids or [0], dtype=np.int64)


def count_head(db: sqlite3.Connection, change: int) -> None:
    """Keep the number of rows in the head."""
    if change:
        db.execute("update meta set value = value + ? where name = 'head_rows'", (change,))


def head_rows(db: sqlite3.Connection) -> int:
    """Return how many rows wait in the head."""
    return int(db.execute("select value from meta where name = 'head_rows'").fetchone()[0])


def compact(db: sqlite3.Connection, *, force: bool = False) -> None:
    """Move the head into chunks once it is long, or at once with `force`."""
    rows = head_rows(db)
    if not rows:
        return
    if not force:
        if rows < HEAD_LEAST:
            return
        series = db.execute("select count(*) from series").fetchone()[0]
        if rows < min(max(HEAD_LEAST, HEAD_EACH * series), HEAD_MOST):
            return
    moved = groups(*columns(db.execute("select series, start, value, quality, status from head order by 1, 2")))
    db.execute("delete from head")
    db.execute("update meta set value = 0 where name = 'head_rows'")
    waiting = []
    for group in moved:
        held = load_chunk(db, group.series, group.day)
        waiting.append(merge(held, group)[0] if held is not None else group)
    store_chunks(db, waiting)


def columns(
    rows: Iterable[tuple[int, int, float, int, str]],
) -> tuple[Integers, Integers, Floats, Integers, Texts | None]:
    """Return head rows as columns."""
    listed = list(rows)
    if not listed:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0), none, None
    series, start, value, quality, status = zip(*listed, strict=True)
    texts = np.array(status, dtype=object) if any(status) else None
    whole = (np.array(part, dtype=np.int64) for part in (series, start, quality))
    who, when, good = whole
    return who, when, np.array(value, dtype=np.float64), good, texts


def _place(db: sqlite3.Connection, group: Group, tally: _Tally) -> None:
    """Decide where a group goes: rows in the head, or its day's chunk."""
    key = (group.series, group.day)
    span = tally.spans.get(key)
    overlaps = span is not None and group.start[0] <= span[1] and group.start[-1] >= span[0]
    if len(group) < SMALL and not (overlaps and _in_chunk(db, group)):
        tally.rows.append(group)
        return
    held = load_chunk(db, *key) if span is not None else None
    waiting = _take_head(db, group, tally)
    if waiting is not None:
        held = waiting if held is None else merge(held, waiting)[0]
    if held is None:
        tally.created += len(group)
        tally.chunks.append(group)
        return
    merged, created, updated = merge(held, group)
    tally.created += created
    tally.updated += updated
    tally.unchanged += len(group) - created - updated
    if created or updated or waiting is not None:
        tally.chunks.append(merged)


def _in_chunk(db: sqlite3.Connection, group: Group) -> bool:
    held = load_chunk(db, group.series, group.day)
    return held is not None and bool(np.isin(group.start, held.start).any())


def _into_head(db: sqlite3.Connection, tally: _Tally) -> None:
    """Store the small groups of a batch as rows."""
    if not tally.rows:
        return
    low, high = min(int(g.start[0]) for g in tally.rows), max(int(g.start[-1]) for g in tally.rows)
    found = db.execute(
        "select series, start, value, quality, status from head where start between ? and ?", (low, high)
    )
    known = {row[:2]: row[2:] for row in found}
    rows = []
    for group in tally.rows:
        status = group.status.tolist() if group.status is not None else [""] * len(group)
        listed = zip(group.start.tolist(), group.value.tolist(), group.quality.tolist(), status, strict=True)
        for start, *reading in listed:
            before = known.get((group.series, start))
            if before == tuple(reading):
                tally.unchanged += 1
                continue
            tally.created += before is None
            tally.head += before is None
            tally.updated += before is not None
            rows.append((group.series, start, *reading))
    sql = "insert or replace into head (series, start, value, quality, status) values (?, ?, ?, ?, ?)"
    db.executemany(sql, rows)


def _take_head(db: sqlite3.Connection, group: Group, tally: _Tally) -> Group | None:
    if not tally.head_rows + tally.head:
        return None
    span = (group.series, group.day * DAY, (group.day + 1) * DAY)
    rows = db.execute(
        "delete from head where series = ? and start >= ? and start < ?"
        " returning series, start, value, quality, status",
        span,
    ).fetchall()
    if not rows:
        return None
    tally.head -= len(rows)
    return groups(*columns(sorted(rows)))[0]


def load_chunk(db: sqlite3.Connection, series: int, day: int) -> Group | None:
    """Return the readings of a chunk, or None."""
    row = db.execute(f"select {CHUNK_COLUMNS} from chunk where series = ? and day = ?", (series, day)).fetchone()  # noqa: S608
    if row is None:
        return None
    packed = Packed(*row)
    return Group(series, day, *unpack(packed), *unpack_extra(packed))


def merge(old: Group, new: Group) -> tuple[Group, int, int]:
    """Return both groups as one, the new readings replacing, and how many were created and updated."""
    at = np.minimum(np.searchsorted(old.start, new.start), len(old) - 1)
    hit = old.start[at] == new.start
    old_status, new_status = _texts(old), _texts(new)
    same = hit & (old.value[at] == new.value) & (old.quality[at] == new.quality) & (old_status[at] == new_status)
    changed = hit & ~same
    if not changed.any() and hit.all():
        return old, 0, 0
    parts = []
    for before, after in (
        (old.start, new.start),
        (old.value, new.value),
        (old.quality, new.quality),
        (old_status, new_status),
    ):
        kept = before.copy()
        kept[at[changed]] = after[changed]
        parts.append(np.concatenate([kept, after[~hit]]))
    order = np.argsort(parts[0], kind="stable")
    start, value, quality, status = (part[order] for part in parts)
    merged = Group(old.series, old.day, start, value, quality, status if any(status) else None)
    return merged, int((~hit).sum()), int(changed.sum())


def _texts(group: Group) -> Texts:
    return group.status if group.status is not None else np.full(len(group), "", dtype=object)


def store_chunks(db: sqlite3.Connection, waiting: Sequence[Group]) -> None:
    """Write groups as chunks with their roll-ups, replacing those of the same series and day."""
    if not waiting:
        return
    begins = np.cumsum([0, *(len(group) for group in waiting[:-1])])
    start, value, quality = (
        np.concatenate([getattr(group, name) for group in waiting]) for name in ("start", "value", "quality")
    )
    status = np.concatenate([_texts(g) for g in waiting]) if any(g.status is not None for g in waiting) else None
    places = scales(value, begins)
    whole = scaled(value, places, begins)
    days = pack_days(start, value, quality, status, begins, whole, places)
    rollups = pack_rollups(start, value, begins, whole, places)
    keys = [(group.series, group.day) for group in waiting]
    db.executemany(
        f"insert or replace into chunk (series, day, {CHUNK_COLUMNS}) values (?,?,?,?,?,?,?,?,?,?,?)",  # noqa: S608
        [
            (*key, d.count, d.first, d.last, d.step, d.scale, d.width, d.base, d.extra, d.data)
            for key, d in zip(keys, days, strict=True)
        ],
    )
    named = zip(keys, places.tolist(), rollups, strict=True)
    rows = [(*key, place, blob) for key, place, blob in named if blob is not None]
    db.executemany("insert or replace into rollup values (?, ?, ?, ?)", rows)
    if len(rows) < len(keys):
        bare = [key for key, blob in zip(keys, rollups, strict=True) if blob is None]
        db.executemany("delete from rollup where series = ? and day = ?", bare)


def rolled_stamps(db: sqlite3.Connection, series: int, day: int) -> Integers:
    """Return the stamps of a day whose values live on in a tier only."""
    row = db.execute(
        "select count, first, last, step, data from rolled where series = ? and day = ?", (series, day)
    ).fetchone()
    if row is None:
        return np.zeros(0, dtype=np.int64)
    count, first, last, step, data = row
    return unpack_stamps(Packed(count, first, last, step, 0, 0, 0, None, data))[0]


def keep_stamps(db: sqlite3.Connection, series: int, day: int, start: Integers) -> None:
    """Note, beside those noted before, stamps whose values were rolled up."""
    stamps = np.union1d(rolled_stamps(db, series, day), start)
    step, data = pack_stamps(stamps)
    row = (series, day, len(stamps), int(stamps[0]), int(stamps[-1]), step, data)
    db.execute("insert or replace into rolled values (?, ?, ?, ?, ?, ?, ?)", row)


def _not_rolled(db: sqlite3.Connection, group: Group, tally: _Tally, *, skip: bool) -> Group:
    """Return the readings of a group that are not yet counted in a tier."""
    counted = np.isin(group.start, rolled_stamps(db, group.series, group.day))
    if not counted.any():
        return group
    if not skip:
        at = int(group.start[np.flatnonzero(counted)[0]])
        raise BeyondRetentionError(
            "a reading of this instant was rolled up already and cannot be replaced",
            "start",
            instant(at).isoformat(),
            "Leave it out, or write with on_invalid='skip'.",
        )
    tally.skipped += int(counted.sum())
    keep = ~counted
    status = group.status[keep] if group.status is not None else None
    return Group(group.series, group.day, group.start[keep], group.value[keep], group.quality[keep], status)
