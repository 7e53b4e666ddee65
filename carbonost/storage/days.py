"""Readings as columns, cut into days and put together again: what stores of chunks do in memory.

No store is known here, only the codec; a chunk is one series on one UTC day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from carbonost.storage.civil import DAY
from carbonost.storage.codec import Packed, unpack, unpack_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]
    Key = tuple[int, int]


class Columns(NamedTuple):
    """Readings as columns; `status` is None where every one is empty."""

    series: Integers
    start: Integers
    value: Floats
    quality: Integers
    status: Texts | None

    def take(self, which: Any) -> Columns:
        """Return some of the readings."""
        status = self.status[which] if self.status is not None else None
        return Columns(self.series[which], self.start[which], self.value[which], self.quality[which], status)


@dataclass(slots=True)
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

    def columns(self) -> Columns:
        """Return the readings as columns."""
        series = np.full(len(self), self.series, dtype=np.int64)
        return Columns(series, self.start, self.value, self.quality, self.status)

    def take(self, which: Any) -> Day:
        """Return some of the readings."""
        status = self.status[which] if self.status is not None else None
        return Day(self.series, self.day, self.start[which], self.value[which], self.quality[which], status)


def texts(status: Texts | None, size: int) -> Texts:
    """Return one text per reading."""
    return status if status is not None else np.full(size, "", dtype=object)


def joined(parts: Iterable[Columns]) -> Columns:
    """Return the readings of all parts, one after the other."""
    held = [part for part in parts if len(part.start)]
    if len(held) == 1:
        return held[0]
    if not held:
        none = np.zeros(0, dtype=np.int64)
        return Columns(none, none, np.zeros(0), none, None)
    status = None
    if any(part.status is not None for part in held):
        status = np.concatenate([texts(part.status, len(part.start)) for part in held])
    series, start, value, quality = (np.concatenate([part[place] for part in held]) for place in range(4))
    return Columns(series, start, value, quality, status)


def laid_out(days: Sequence[Day]) -> tuple[Integers, Integers, Floats, Integers, Texts | None]:
    """Return where each of some days begins, and start, value, quality and status one after the other."""
    begins = np.cumsum([0, *(len(day) for day in days[:-1])])
    value = np.concatenate([day.value for day in days])
    start, quality = (np.concatenate([getattr(day, name) for day in days]) for name in ("start", "quality"))
    told = any(day.status is not None for day in days)
    return begins, start, value, quality, np.concatenate([day.texts for day in days]) if told else None


def ranks(ids: Sequence[int]) -> Integers:
    """Return the place of each series id in a list, indexed by the id."""
    rank = np.zeros(max(ids, default=0) + 1, dtype=np.int64)
    rank[list(ids)] = np.arange(len(ids))
    return rank


def in_order(parts: Iterable[Columns], ids: Sequence[int]) -> Columns:
    """Return all parts sorted by the order of `ids` and start; series becomes the rank in `ids`."""
    held = joined(parts)
    held = held._replace(series=ranks(ids)[held.series])
    step = np.diff(held.series)
    if bool(((step > 0) | ((step == 0) & (np.diff(held.start) > 0))).all()):
        return held
    return held.take(np.lexsort((held.start, held.series)))


def cuts(columns: Columns) -> Integers:
    """Return where the days of each series begin in readings sorted by series and start."""
    day = columns.start // DAY
    first = np.ones(len(day), dtype=bool)
    first[1:] = (columns.series[1:] != columns.series[:-1]) | (day[1:] != day[:-1])
    return np.flatnonzero(first)


def days_of(columns: Columns) -> list[Day]:
    """Cut readings, sorted by series and start, into days."""
    series, start, value, quality, status = columns
    begins = cuts(columns)
    ends = [*begins[1:].tolist(), len(start)]
    keys = zip(series[begins].tolist(), (start[begins] // DAY).tolist(), begins.tolist(), ends, strict=False)
    return [
        Day(who, day, start[b:e], value[b:e], quality[b:e], status[b:e] if status is not None else None)
        for who, day, b, e in keys
    ]


def merge(old: Day, new: Day) -> tuple[Day, int, int]:
    """Return both as one, the new readings replacing, and how many were created and updated."""
    pairs: list[tuple[Any, Any]] = [(old.start, new.start), (old.value, new.value), (old.quality, new.quality)]
    if old.status is not None or new.status is not None:
        pairs.append((old.texts, new.texts))
    at = np.minimum(np.searchsorted(old.start, new.start), len(old) - 1)
    hit = old.start[at] == new.start
    changed = hit & ~np.logical_and.reduce([was[at] == now for was, now in pairs])
    if hit.all() and not changed.any():
        return old, 0, 0
    parts = []
    for was, now in pairs:
        kept = was.copy()
        kept[at[changed]] = now[changed]
        parts.append(np.concatenate([kept, now[~hit]]))
    order = np.argsort(parts[0], kind="stable")
    start, value, quality, *status = (part[order] for part in parts)
    told = status[0] if status and any(status[0]) else None
    return Day(old.series, old.day, start, value, quality, told), int((~hit).sum()), int(changed.sum())


def opened(series: int, day: int, packed: Packed) -> Day:
    """Return the readings of a chunk."""
    return Day(series, day, *unpack(packed), *unpack_extra(packed))


def inside(series: int, packed: Packed, first: int, last: int, *, plain: bool = False) -> Columns:
    """Return the readings of a chunk in a half-open range; with `plain`, quality and status are not decoded."""
    when, value = unpack(packed)
    quality, status = (when, None) if plain else unpack_extra(packed)
    found = Columns(np.full(len(when), series, dtype=np.int64), when, value, quality, status)
    if packed.first >= first and packed.last < last:
        return found
    return found.take(slice(int(np.searchsorted(when, first)), int(np.searchsorted(when, last))))
