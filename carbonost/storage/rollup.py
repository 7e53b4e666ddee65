"""Quarter-hours of a day: 96 slots of count, sum, least and most, packed per (series, day).

Quarter-hours, because demand is billed by them and because half-hour zones need them. The sums
of scaled integers are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.storage.cells import Cells
from carbonost.storage.civil import DAY, QUARTER
from carbonost.storage.codec import FLOAT, deflate, fold, inflate, planes_of, unfold, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Numbers = npt.NDArray[Any]

SLOTS: Final = DAY // QUARTER
WORTH_ROLLING: Final = 2 * SLOTS
"""A day with fewer readings is read from its chunk: its roll-up would be as large."""

_WIDE: Final = 3 * SLOTS


def pack_rollups(
    start: Integers, value: Floats, begins: Integers, whole: Integers, places: Integers
) -> list[bytes | None]:
    """Return the packed quarter-hours of each day, None where the day is small."""
    sizes = np.diff(begins, append=len(start))
    worth = sizes > WORTH_ROLLING
    if not worth.any():
        return [None] * len(begins)
    rows: Any = slice(None) if worth.all() else np.repeat(worth, sizes)
    group = np.repeat(np.arange(int(worth.sum())), sizes[worth])
    slot = (start[rows] // QUARTER) % SLOTS
    first = np.ones(len(slot), dtype=bool)
    first[1:] = (group[1:] != group[:-1]) | (slot[1:] != slot[:-1])
    cuts = np.flatnonzero(first)
    at = (group[cuts], slot[cuts])
    count = np.zeros((int(worth.sum()), SLOTS), dtype="<u4")
    count[at] = np.diff(cuts, append=len(slot))
    exact = _dense(whole[rows], cuts, at, len(count))
    rough = _dense(value[rows], cuts, at, len(count))
    steps = np.diff(exact, axis=2, prepend=np.zeros((len(count), 3, 1), dtype=np.int64))
    floats = (places == FLOAT)[worth]
    bits = np.where(floats[:, None, None], rough.view(np.uint64), fold(steps)).reshape(-1, _WIDE)
    widths = map(width_of, bits.max(axis=1).tolist())
    packed = (
        bytes([width]) + deflate(planes_of(numbers, width), filled.tobytes())
        for numbers, width, filled in zip(bits, widths, count, strict=True)
    )
    return [next(packed) if one else None for one in worth]


def _dense(values: Numbers, cuts: Integers, at: tuple[Integers, Integers], days: int) -> Numbers:
    """Return sum, least and most of each slot; an empty slot is zero."""
    full = np.zeros((days, 3, SLOTS), dtype=values.dtype)
    for place, reduce in enumerate((np.add, np.minimum, np.maximum)):
        full[at[0], place, at[1]] = reduce.reduceat(values, cuts)
    return full


def unpack_rollups(series: Integers, day: Integers, scale: Integers, blobs: Sequence[bytes]) -> Cells:
    """Return the filled slots of many days as cells."""
    joined = np.frombuffer(b"".join(map(_widened, blobs)), dtype=np.uint8).reshape(len(blobs), -1)
    counts = np.ascontiguousarray(joined[:, 8 * _WIDE :]).view("<u4")
    planes = joined[:, : 8 * _WIDE].reshape(-1, 8, _WIDE).transpose(0, 2, 1)
    bits = np.ascontiguousarray(planes).view("<u8").reshape(-1, 3, SLOTS)
    exact = np.cumsum(unfold(bits), axis=2)
    factor = 10.0 ** np.maximum(scale, 0)
    values = exact / factor[:, None, None]
    floats = scale == FLOAT
    if floats.any():
        values[floats] = bits[floats].view(np.float64)
    which, slot = np.nonzero(counts)
    start = day[which] * DAY + slot * QUARTER
    totals, lows, highs = (values[which, place, slot] for place in range(3))
    return Cells(
        series[which], start, start, start + QUARTER, counts[which, slot].astype(np.int64), totals, lows, highs
    )


def _widened(blob: bytes) -> bytes:
    """Return the eight planes of a day, and its counts."""
    width, data = blob[0], inflate(blob[1:], _WIDE)
    return data[: width * _WIDE] + bytes((8 - width) * _WIDE) + data[width * _WIDE :]
