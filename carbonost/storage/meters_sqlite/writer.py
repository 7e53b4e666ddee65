"""Writing: small groups go to the head as rows, large ones straight into day chunks.

A stamp stands in exactly one place, head or chunk, so readers add both up. Everything a batch
changes (head, chunks, roll-ups) is one transaction of the caller.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.storage.civil import DAY
from carbonost.storage.codec import Packed, as_integers, pack_days
from carbonost.storage.days import Columns, Day, cuts, days_of, joined, laid_out, merge, opened
from carbonost.storage.frames import known_series
from carbonost.storage.meters_sqlite import head
from carbonost.storage.meters_sqlite.rolled import not_rolled
from carbonost.storage.ports import SeriesInfo, WriteResult
from carbonost.storage.rollup import pack_rollups

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.storage.frames import Batch

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

CHUNK_COLUMNS: Final = "count, first, last, step, scale, width, base, extra, data"
SMALL: Final = 32
"""A group of fewer readings of one series and day waits in the head, unless the batch is as long as a head."""

BLOCK: Final = 1 << 16
"""Days of about so many readings are prepared at once: their columns stay in the processor's cache."""

HEAD_LEAST, HEAD_MOST, HEAD_EACH = 20_000, 250_000, 240
PACE: Final = 2
"""A long head loses so many times what arrives."""


@dataclass(slots=True)
class Memory:
    """What one connection remembers of the file between its writes.

    It holds while no other connection wrote and nothing was rolled back; `clear` it otherwise.
    """

    series: dict[str, tuple[int, SeriesInfo]] = field(default_factory=dict)
    points: tuple[SeriesInfo, ...] = ()
    ids: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    head_rows: int = 0
    newest: int = 0
    rolled: bool = True
    version: int = -1

    def clear(self) -> None:
        """Forget everything."""
        self.series, self.points, self.version = {}, (), -1

    def refresh(self, db: sqlite3.Connection) -> None:
        """Read the file again if another connection wrote."""
        version = db.execute("pragma data_version").fetchone()[0]
        if version == self.version:
            return
        self.clear()
        self.head_rows, last = head.rows(db)
        newest = int(db.execute("select value from meta where name = 'newest'").fetchone()[0])
        self.newest = newest if last is None else max(newest, last)
        self.rolled = bool(db.execute("select exists (select 1 from rolled)").fetchone()[0])
        self.version = version


@dataclass(slots=True)
class _Tally:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    head: list[Day] = field(default_factory=list)
    chunks: list[Day] = field(default_factory=list)


def write(db: sqlite3.Connection, batch: Batch, memory: Memory, *, skip: bool) -> WriteResult:
    """Store a checked batch inside the caller's transaction."""
    memory.refresh(db)
    ids = series_ids(db, batch.series, memory)
    readings = Columns(ids[batch.code], batch.start, batch.value, batch.quality, batch.status)
    known = int(batch.start.min()) <= memory.newest
    if not known and len(batch) < HEAD_LEAST and _all_small(readings, len(batch.series)):
        head.append(db, readings)
        memory.head_rows += len(batch)
        result = WriteResult(created=len(batch), skipped=batch.skipped)
    else:
        result = _write_days(db, readings, memory, skip=skip) + WriteResult(skipped=batch.skipped)
    memory.newest = max(memory.newest, int(batch.start.max()))
    compact(db, memory, len(batch))
    return result


def _all_small(readings: Columns, series: int) -> bool:
    """Whether no series has many readings of one day; mostly told by the number of series."""
    size, days = len(readings.start), (int(readings.start.max()) - int(readings.start.min())) // DAY + 2
    if size - series < SMALL - 1:
        return True
    if size >= series * days * SMALL:
        return False
    return bool(np.diff(cuts(readings), append=size).max() < SMALL)


def _write_days(db: sqlite3.Connection, readings: Columns, memory: Memory, *, skip: bool) -> WriteResult:
    """Store readings that may be known, rolled up, or many of a day."""
    tally = _Tally()
    pieces = days_of(readings)
    spans = _spans(db, pieces)
    large: list[Day] = []
    for group in pieces:
        kept = not_rolled(db, group, skip=skip) if memory.rolled else group
        tally.skipped += len(group) - len(kept)
        if not len(kept):
            continue
        span = spans.get(kept.key)
        overlaps = span is not None and kept.start[0] <= span[1] and kept.start[-1] >= span[0]
        small = len(kept) < SMALL and len(readings.start) < HEAD_LEAST and not (overlaps and _in_chunk(db, kept))
        (tally.head if small else large).append(kept)
    waiting = _take_head(db, large, memory)
    for group in large:
        held = load_chunk(db, *group.key) if group.key in spans else None
        _merge_into(held, waiting.get(group.key), group, tally)
    store_chunks(db, tally.chunks)
    if tally.head:
        created, updated, unchanged = head.put(db, joined(group.columns() for group in tally.head))
        memory.head_rows += created
        tally.created += created
        tally.updated += updated
        tally.unchanged += unchanged
    return WriteResult(tally.created, tally.updated, tally.unchanged, tally.skipped)


def _spans(db: sqlite3.Connection, pieces: Sequence[Day]) -> dict[tuple[int, int], tuple[int, int]]:
    """Return first and last stamp of each chunk a batch may touch."""
    days = {group.day for group in pieces}
    rows = db.execute(
        "select series, day, first, last from chunk where series in (select value from json_each(?))"
        " and day between ? and ?",
        (head.chosen(sorted({group.series for group in pieces})), min(days), max(days)),
    )
    return {(series, day): (first, last) for series, day, first, last in rows}


def series_ids(db: sqlite3.Connection, series: tuple[SeriesInfo, ...], memory: Memory) -> Integers:
    """Return the id of each series, adding new ones and new tags.

    Raises
    ------
    InvalidDataError
        If a known point comes with another carrier or unit, or a new one without.
    """
    if memory.points is series:  # the same points as in the batch before
        return memory.ids
    known = memory.series
    missing = json.dumps([info.point for info in series if info.point not in known], ensure_ascii=False)
    rows = db.execute(
        "select id, point, energy_type, unit, tags from series where point in (select value from json_each(?))",
        (missing,),
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
    memory.points, memory.ids = series, np.array(ids, dtype=np.int64)
    return memory.ids


def compact(db: sqlite3.Connection, memory: Memory, arrived: int) -> None:
    """Move a part of a long head into chunks: some times what a batch brought, so that the head stays bounded."""
    if memory.head_rows < HEAD_LEAST:
        return
    gone = 0
    while gone < PACE * arrived and (leaving := head.piece(db)) is not None:
        _move(db, leaving)
        gone += len(leaving.start)
    memory.head_rows -= gone
    if not gone:
        series = db.execute("select count(*) from series").fetchone()[0]
        if memory.head_rows >= min(max(HEAD_LEAST, HEAD_EACH * series), HEAD_MOST):
            head.sort(db)


def compact_all(db: sqlite3.Connection, memory: Memory) -> None:
    """Move the whole head into chunks."""
    _move(db, head.everything(db))
    memory.head_rows = 0


def _move(db: sqlite3.Connection, leaving: Columns) -> None:
    merged = []
    for group in days_of(leaving):
        held = load_chunk(db, *group.key)
        merged.append(merge(held, group)[0] if held is not None else group)
    store_chunks(db, merged)


def _merge_into(held: Day | None, waiting: Day | None, group: Day, tally: _Tally) -> None:
    """Put a group together with what its day holds in chunk and head."""
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


def _in_chunk(db: sqlite3.Connection, group: Day) -> bool:
    held = load_chunk(db, *group.key)
    return held is not None and bool(np.isin(group.start, held.start).any())


def _take_head(db: sqlite3.Connection, large: Sequence[Day], memory: Memory) -> dict[tuple[int, int], Day]:
    """Remove from the head what waits of the days of large groups."""
    if not large or not memory.head_rows:
        return {}
    wanted = {group.key for group in large}
    days = np.array(sorted({day for _, day in wanted}))

    def which(held: Columns) -> npt.NDArray[np.bool_]:
        day = held.start // DAY
        likely = np.isin(day, days)
        pairs = zip(held.series[likely].tolist(), day[likely].tolist(), strict=True)
        likely[likely] = [pair in wanted for pair in pairs]
        return likely

    taken = head.take(db, int(days[0]) * DAY, (int(days[-1]) + 1) * DAY, which)
    memory.head_rows -= len(taken.start)
    taken = taken.take(np.lexsort((taken.start, taken.series)))
    return {group.key: group for group in days_of(taken)}


def load_chunk(db: sqlite3.Connection, series: int, day: int) -> Day | None:
    """Return the readings of a chunk, or None."""
    row = db.execute(f"select {CHUNK_COLUMNS} from chunk where series = ? and day = ?", (series, day)).fetchone()  # noqa: S608
    if row is None:
        return None
    return opened(series, day, Packed(*row))


def store_chunks(db: sqlite3.Connection, waiting: Sequence[Day]) -> None:
    """Write groups as chunks with their roll-ups, replacing those of the same series and day."""
    if not waiting:
        return
    block = np.cumsum([len(group) for group in waiting]) // BLOCK
    bounds = pairwise([0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(waiting)])
    for begin, end in bounds:
        _store_block(db, waiting[begin:end])
    newest = max(int(group.start[-1]) for group in waiting)
    db.execute("update meta set value = max(value, ?) where name = 'newest'", (newest,))


def _store_block(db: sqlite3.Connection, waiting: Sequence[Day]) -> None:
    begins, start, value, quality, status = laid_out(waiting)
    places, whole = as_integers(value, begins)
    days = pack_days(start, value, quality, status, begins, whole, places)
    rollups = pack_rollups(start, value, begins, whole, places)
    keys = [group.key for group in waiting]
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
