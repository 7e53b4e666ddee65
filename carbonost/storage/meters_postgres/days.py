"""Days of a series between columns and chunks: cut, merged, packed and unpacked, all in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost.storage.civil import DAY
from carbonost.storage.codec import Packed, as_integers, pack_days, unpack, unpack_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from carbonost.storage.meters_postgres.wire import Columns, Floats, Integers

    Key = tuple[int, int]
    Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Day:
    """Readings of one series on one UTC day, sorted by start."""

    series: int
    day: int
    start: Integers
    value: Floats
    quality: Integers
    status: Texts | None

    def __len__(self) -> int:
        return len(self.start)

    @property
    def key(self) -> Key:
        """Series and day."""
        return self.series, self.day

    @property
    def texts(self) -> Texts:
        """The status of each reading."""
        return texts(self.status, len(self))

    def take(self, which: Any) -> Day:
        """Return some of the readings."""
        status = self.status[which] if self.status is not None else None
        return Day(self.series, self.day, self.start[which], self.value[which], self.quality[which], status)


def texts(status: Texts | None, size: int) -> Texts:
    """Return a status for each of `size` readings."""
    return status if status is not None else np.full(size, "", dtype=object)


def days_of(columns: Columns) -> list[Day]:
    """Cut columns, sorted within each series, into days."""
    series, start, value, quality, status = columns
    if not len(start):
        return []
    day = start // DAY
    cuts = np.flatnonzero(np.r_[True, (series[1:] != series[:-1]) | (day[1:] != day[:-1])])
    ends = np.r_[cuts[1:], len(start)]
    keys = zip(series[cuts].tolist(), day[cuts].tolist(), cuts.tolist(), ends.tolist(), strict=True)
    return [
        Day(who, when, start[b:e], value[b:e], quality[b:e], status[b:e] if status is not None else None)
        for who, when, b, e in keys
    ]


def joined(days: Sequence[Day]) -> Columns:
    """Return days one after the other as columns."""
    series = np.concatenate([np.full(len(day), day.series, dtype=np.int64) for day in days])
    start, quality = (np.concatenate([getattr(day, name) for day in days]) for name in ("start", "quality"))
    value = np.concatenate([day.value for day in days])
    status = None
    if any(day.status is not None for day in days):
        status = np.concatenate([day.texts for day in days])
    return series, start, value, quality, status


def columns_of(rows: Iterable[tuple[Any, ...]]) -> Columns:
    """Return rows of series, start, value, quality and status as columns."""
    listed = list(rows)
    if not listed:
        none = np.zeros(0, dtype=np.int64)
        return none, none, np.zeros(0), none, None
    series, start, value, quality, status = zip(*listed, strict=True)
    who, when, good = (np.array(part, dtype=np.int64) for part in (series, start, quality))
    return who, when, np.array(value, dtype=np.float64), good, np.array(status, dtype=object) if any(status) else None


def merge(old: Day, new: Day) -> tuple[Day, int, int]:
    """Return both as one, the new readings replacing, and how many were created and updated."""
    at = np.minimum(np.searchsorted(old.start, new.start), len(old) - 1)
    hit = old.start[at] == new.start
    before, after = old.texts, new.texts
    same = (old.value[at] == new.value) & (old.quality[at] == new.quality) & (before[at] == after)
    changed = hit & ~same
    if hit.all() and not changed.any():
        return old, 0, 0
    parts = []
    for was, now in ((old.start, new.start), (old.value, new.value), (old.quality, new.quality), (before, after)):
        kept = was.copy()
        kept[at[changed]] = now[changed]
        parts.append(np.concatenate([kept, now[~hit]]))
    order = np.argsort(parts[0], kind="stable")
    start, value, quality, status = (part[order] for part in parts)
    return (
        Day(old.series, old.day, start, value, quality, status if any(status) else None),
        int((~hit).sum()),
        int(changed.sum()),
    )


def opened(series: int, day: int, packed: Packed) -> Day:
    """Return the readings of a chunk."""
    return Day(series, day, *unpack(packed), *unpack_extra(packed))


def inside(series: int, packed: Packed, first: int, last: int, *, plain: bool = False) -> Columns:
    """Return the readings of a chunk in a range as columns; with `plain`, without quality and status."""
    when, value = unpack(packed)
    quality, status = (when, None) if plain else unpack_extra(packed)
    if packed.first < first or packed.last >= last:
        part = slice(int(np.searchsorted(when, first)), int(np.searchsorted(when, last)))
        when, value, quality = when[part], value[part], quality[part]
        status = status[part] if status is not None else None
    return np.full(len(when), series, dtype=np.int64), when, value, quality, status


def packed_rows(full: Sequence[Day]) -> list[tuple[Any, ...]]:
    """Return days as rows of the chunk table."""
    begins = np.cumsum([0, *(len(day) for day in full[:-1])])
    _, start, value, quality, status = joined(full)
    places, whole = as_integers(value, begins)
    chunks = pack_days(start, value, quality, status, begins, whole, places)
    return [
        (day.series, day.day, c.count, c.first, c.last, c.step, c.scale, c.width, c.base, c.extra, c.data)
        for day, c in zip(full, chunks, strict=True)
    ]
