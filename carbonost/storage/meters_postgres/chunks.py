"""Readings as compressed days, with the codec of the embedded store: a fortieth of the rows' disk.

What trickles in waits as rows in a head; a day's worth of a series, and any batch of history, is
packed at once. The caller holds the series of a batch, so that writers of one day take turns.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.storage import cells
from carbonost.storage.civil import DAY, EARLIEST, QUARTER
from carbonost.storage.codec import Packed, as_integers, pack_days
from carbonost.storage.days import Columns, days_of, in_order, inside, joined, laid_out, merge, opened, texts
from carbonost.storage.meters_postgres import sql, wire
from carbonost.storage.rollup import pack_rollups, unpack_rollups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carbonost.storage.cells import Cells
    from carbonost.storage.days import Day, Key
    from carbonost.storage.meters_postgres.wire import Floats, Integers, Rows

SMALL: Final = 32
"""Fewer readings of a series' last day wait in the head."""

WORTH: Final = 4
"""Fewer readings of a day are no smaller as a chunk than as rows."""

FULL: Final = 240
"""So many waiting readings of a series are packed."""

PACE: Final = 4
"""A head loses so many times what arrives."""

_SLAB: Final = 2000  # chunks decoded at a time


class ChunkLayout:
    """One compressed chunk a series and UTC day, and a head of rows.

    Parameters
    ----------
    copies : bool
        Whether the role may COPY straight into the tables.
    """

    name = "chunk"

    def __init__(self, *, copies: bool) -> None:
        self._copies = copies
        self._waiting: Counter[int] | None = None  # a hint when to pack; other processes pack too

    def write(self, cursor: Any, columns: Columns) -> tuple[int, int]:
        """Store rows and return how many were created and updated."""
        days = days_of(columns)
        spans = self._spans(cursor, days)
        held = self._load(cursor, [day.key for day in days if _touches(day, spans.get(day.key))])
        history = [day.series == after.series for day, after in pairwise(days)]
        stay: list[Day] = []
        move: list[Day] = []
        for day, is_over in zip(days, [*history, False], strict=True):
            known = held.get(day.key)
            beside = known is None or not np.isin(day.start, known.start).any()
            waits = len(day) < (WORTH if is_over else SMALL) and beside
            (stay if waits else move).append(day)
        held |= self._load(cursor, [day.key for day in move if day.key in spans and day.key not in held])
        created, updated = self._pack(cursor, move, held)
        more = self._into_head(cursor, stay)
        return created + more[0], updated + more[1]

    def read(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> Columns:
        """Return readings of a range, sorted by the order of `ids` and start."""
        chunks = self._chunks(cursor, sql.CHUNKS, ids, first, last)
        parts = [inside(series, packed, first, last) for series, packed in chunks]
        head = self._head(cursor, ids, first, last)
        if len(head[0]):
            parts.append(head)
        return in_order(parts, ids)

    def latest(self, cursor: Any, ids: Sequence[int]) -> Rows:
        """Return the last reading of each series as a row."""
        cursor.execute(sql.LAST_HEAD, (list(ids),))
        rows = {row[0]: row for row in cursor.fetchall()}
        cursor.execute(sql.LAST_CHUNKS, (list(ids),), binary=True)
        for series, day, *fields in cursor.fetchall():
            packed = Packed(*fields)
            if series not in rows or rows[series][1] < packed.last:
                last = opened(series, day, packed).take(slice(-1, None))
                rows[series] = (
                    series,
                    *(part.tolist()[0] for part in (last.start, last.value, last.quality, last.texts)),
                )
        return list(rows.values())

    def extent(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> list[int]:
        """Return bounds of what a range touches, or nothing."""
        cursor.execute(sql.CHUNK_EXTENT, (*_touching(ids, first, last), list(ids), first, last))
        low, high = cursor.fetchone()
        return [] if low is None else [max(int(low), first), min(int(high), last - 1)]

    def cells(self, cursor: Any, ids: Sequence[int], first: int, last: int, cuts: Integers) -> Cells:
        """Return the buckets between `cuts` of a range."""
        whole = (0, 0) if (cuts % QUARTER).any() else (-(-first // DAY), last // DAY)
        held, slab = self._rolled_up(cursor, ids, *whole, cuts), []
        for series, packed in self._chunks(cursor, sql.PLAIN, ids, first, last, *whole):
            slab.append(cells.of_readings(*inside(series, packed, first, last, plain=True)[:3]))
            if len(slab) == _SLAB:
                held.append(cells.gather(cells.join(slab), cuts))
                slab.clear()
        slab.append(cells.of_readings(*self._head(cursor, ids, first, last)[:3]))
        return cells.join([*held, cells.gather(cells.join(slab), cuts)])

    def delete(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> int:
        """Remove a range and return how many readings it held."""
        cursor.execute(sql.DELETE_HEAD, (list(ids), first, last))
        removed = int(cursor.rowcount)
        cursor.execute(sql.DROP_WHOLE, (list(ids), first, last))
        removed += sum(int(row[0]) for row in cursor.fetchall())
        cursor.execute(sql.CUT, _touching(ids, first, last))
        cut = self._load(cursor, cursor.fetchall())
        kept = [day.take((day.start < first) | (day.start >= last)) for day in cut.values()]
        self._store(cursor, kept, replaced=list(cut))
        return removed + sum(map(len, cut.values())) - sum(map(len, kept))

    def take(self, cursor: Any, series: int, limit: int) -> tuple[Integers, Floats]:
        """Remove what lies before `limit` and return its stamps and values, sorted."""
        _, when, value, _, _ = self.read(cursor, [series], EARLIEST, limit)
        self.delete(cursor, [series], EARLIEST, limit)
        return when, value

    def _pack(self, cursor: Any, move: Sequence[Day], held: dict[Key, Day]) -> tuple[int, int]:
        """Merge days, and what waited of them, into chunks; return created and updated readings."""
        if not move:
            return 0, 0
        waiting = self._take_head(cursor, [day.key for day in move])
        created, updated, done = 0, 0, []
        for day in move:
            known, waited = held.get(day.key), waiting.get(day.key)
            if waited is not None:
                known = waited if known is None else merge(known, waited)[0]
            if known is None:
                created += len(day)
                done.append(day)
                continue
            merged, new, changed = merge(known, day)
            created, updated = created + new, updated + changed
            if new or changed or waited is not None:
                done.append(merged)
        self._store(cursor, done, replaced=[day.key for day in done if day.key in held])
        return created, updated

    def _into_head(self, cursor: Any, stay: Sequence[Day]) -> tuple[int, int]:
        if not stay:
            return 0, 0
        columns = joined(day.columns() for day in stay)
        who, start = columns[:2]
        bounds = (np.unique(who).tolist(), int(start.min()), int(start.max()) + 1)
        cursor.execute(sql.HEAD, bounds)
        known = {row[:2]: row[2:] for row in cursor.fetchall()}
        if not known and self._copies:  # as readings come, minute by minute
            wire.copy_in(cursor, "meter_head", columns)
            self._count(cursor, who.tolist())
            return len(who), 0
        parts = (who, start, *columns[2:4], texts(columns[4], len(who)))
        rows = zip(*(part.tolist() for part in parts), strict=True)
        changed = [row for row in rows if known.get(row[:2]) != row[2:]]
        if changed:
            cursor.execute(sql.PUT_HEAD, tuple(list(column) for column in zip(*changed, strict=True)))
        created = [row[0] for row in changed if row[:2] not in known]
        self._count(cursor, created)
        return len(created), len(changed) - len(created)

    def _count(self, cursor: Any, created: Sequence[int]) -> None:
        """Note what waits; pack the days of a series whose head is long."""
        if self._waiting is None:  # those of this batch are counted with the others
            cursor.execute(sql.HEAD_COUNTS)
            self._waiting = Counter(dict(cursor.fetchall()))
        else:
            self._waiting.update(created)
        long = [series for series in sorted(set(created)) if self._waiting[series] >= FULL]
        long = long[: 1 + PACE * len(created) // FULL]  # the others with the next commits: none waits for all
        if not long:
            return
        cursor.execute(sql.FULL_DAYS, (long, WORTH))
        keys = [(int(series), int(day)) for series, day in cursor.fetchall()]
        held = self._load(cursor, keys)
        waited = self._take_head(cursor, keys)
        done = [merge(held[key], day)[0] if key in held else day for key, day in waited.items()]
        self._store(cursor, done, replaced=list(held))
        for series in long:
            self._waiting[series] = 0

    def _store(self, cursor: Any, done: Sequence[Day], *, replaced: Sequence[Key]) -> None:
        """Write days as chunks in place of those replaced."""
        if replaced:
            cursor.execute(sql.DROP_CHUNKS, _lists(replaced))
        full = [day for day in done if len(day)]
        if full:
            rows = _packed(full)
            if self._copies:
                wire.copy_chunks(cursor, rows)
            else:
                cursor.executemany(sql.PUT_CHUNK, rows)

    @staticmethod
    def _spans(cursor: Any, days: Sequence[Day]) -> dict[Key, tuple[int, int]]:
        """Return first and last stamp of each chunk a batch may touch."""
        numbers = [day.day for day in days]
        cursor.execute(sql.SPANS, (sorted({day.series for day in days}), min(numbers), max(numbers)))
        return {(series, day): (first, last) for series, day, first, last in cursor.fetchall()}

    @staticmethod
    def _rolled_up(cursor: Any, ids: Sequence[int], first: int, last: int, cuts: Integers) -> list[Cells]:
        """Return what stands in quarter-hours of whole days, added up some days at a time."""
        if last <= first:
            return []
        cursor.execute(sql.ROLLUPS, (list(ids), first, last), binary=True)
        held = []
        while rows := cursor.fetchmany(_SLAB):
            series, day, scale, blobs = zip(*rows, strict=True)
            quarters = unpack_rollups(np.array(series), np.array(day), np.array(scale), blobs)
            held.append(cells.gather(quarters, cuts))
        return held

    @staticmethod
    def _chunks(
        cursor: Any, statement: str, ids: Sequence[int], first: int, last: int, *days: int
    ) -> Iterator[tuple[int, Packed]]:
        if last <= first:
            return
        cursor.execute(statement, (*_touching(ids, first, last), *days), binary=True)
        while rows := cursor.fetchmany(_SLAB):
            for series, _, *fields in rows:
                yield series, Packed(*fields)

    @staticmethod
    def _load(cursor: Any, keys: Iterable[Sequence[int]]) -> dict[Key, Day]:
        wanted = list(keys)
        if not wanted:
            return {}
        cursor.execute(sql.CHUNKS_OF, _lists(wanted), binary=True)
        return {(series, day): opened(series, day, Packed(*fields)) for series, day, *fields in cursor.fetchall()}

    @staticmethod
    def _head(cursor: Any, ids: Sequence[int], first: int, last: int) -> Columns:
        cursor.execute(sql.HEAD, (list(ids), first, last))
        return _columns(cursor.fetchall())

    @staticmethod
    def _take_head(cursor: Any, keys: Sequence[Key]) -> dict[Key, Day]:
        if not keys:
            return {}
        cursor.execute(sql.TAKE_HEAD, _lists(keys))
        return {day.key: day for day in days_of(_columns(sorted(cursor.fetchall())))}


def _columns(rows: Iterable[tuple[Any, ...]]) -> Columns:
    """Return rows of series, start, value, quality and status as columns."""
    listed = list(rows)
    if not listed:
        return joined(())
    series, start, value, quality, status = zip(*listed, strict=True)
    who, when, good = (np.array(part, dtype=np.int64) for part in (series, start, quality))
    told = np.array(status, dtype=object) if any(status) else None
    return Columns(who, when, np.array(value, dtype=np.float64), good, told)


def _packed(full: Sequence[Day]) -> list[tuple[Any, ...]]:
    """Return days as rows of the chunk table."""
    begins, start, value, quality, status = laid_out(full)
    places, whole = as_integers(value, begins)
    chunks = pack_days(start, value, quality, status, begins, whole, places)
    rollups = pack_rollups(start, value, begins, whole, places)
    return [
        (day.series, day.day, c.count, c.first, c.last, c.step, c.scale, c.width, c.base, c.extra, c.data, rollup)
        for day, c, rollup in zip(full, chunks, rollups, strict=True)
    ]


def _touches(day: Day, span: tuple[int, int] | None) -> bool:
    return span is not None and bool(day.start[0] <= span[1] and day.start[-1] >= span[0])


def _touching(ids: Sequence[int], first: int, last: int) -> tuple[list[int], int, int, int, int]:
    return list(ids), first // DAY, (last - 1) // DAY, first, last


def _lists(keys: Iterable[Sequence[int]]) -> tuple[list[int], list[int]]:
    listed = list(keys)
    return [key[0] for key in listed], [key[1] for key in listed]
