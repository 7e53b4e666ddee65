"""How a day of one series becomes bytes, and comes back to the bit.

A value that is exactly a decimal of up to six places is kept as a scaled integer: differences,
zigzag, bytes grouped by place, zlib. Anything else keeps its eight bytes, grouped. Regular stamps
are a first one and a step. All days of a batch are prepared as one column; only zlib sees each.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Unsigned = npt.NDArray[np.uint64]

FLOAT: Final = -1
"""The scale of values that are no short decimals."""

_FACTORS: Final = 10.0 ** np.arange(7)
_LIMIT: Final = 2.0**43  # so that a million of them still add up within 64 bits
_LEVEL: Final = 1
_DEFAULT_QUALITY: Final = 100


@dataclass(frozen=True, slots=True)
class Packed:
    """A day of one series as it stands in the chunk table."""

    count: int
    first: int
    last: int
    step: int
    scale: int
    width: int
    base: int
    extra: bytes | None
    data: bytes


def scales(values: Floats, begins: Integers) -> Integers:
    """Return, for each group that starts at `begins`, the decimal places that keep it exactly, or -1.

    Parameters
    ----------
    values : (n,) array of float
        Finite values.
    begins : (g,) array of int
        Where the groups start; ascending, the first is 0.
    """
    places = np.full(len(begins), FLOAT, dtype=np.int64)
    sizes = np.diff(np.r_[begins, len(values)])
    rows: Any = slice(None)
    for place, factor in enumerate(_FACTORS):
        if not _exact(values[begins[places == FLOAT]], factor).any():
            continue  # already the first value of each group needs more places
        good = np.ones(len(values), dtype=bool)
        good[rows] = _exact(values[rows], factor)
        places[np.logical_and.reduceat(good, begins) & (places == FLOAT)] = place
        rows = np.flatnonzero(np.repeat(places == FLOAT, sizes))
        if not len(rows):
            break
    return places


def _exact(values: Floats, factor: float) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore"):
        whole = np.rint(values * factor)
    return np.asarray((whole / factor == values) & (np.abs(whole) < _LIMIT))


def scaled(values: Floats, places: Integers, begins: Integers) -> Integers:
    """Return the values as integers, each group at its scale; groups without one give 0."""
    sizes = np.diff(np.r_[begins, len(values)])
    factor = np.repeat(np.where(places == FLOAT, 0.0, _FACTORS[places]), sizes)
    return np.asarray(np.rint(np.where(factor == 0, 0.0, values) * factor).astype(np.int64))


def unscaled(integers: Integers, scale: int) -> Floats:
    """Return the values of scaled integers, to the bit."""
    return np.asarray(integers / _FACTORS[scale])


def fold(steps: Integers) -> Unsigned:
    """Return signed differences as unsigned ones, small ones first."""
    return ((steps << 1) ^ (steps >> 63)).view(np.uint64)


def unfold(folded: Unsigned) -> Integers:
    """Return what `fold` was given."""
    return np.asarray((folded >> np.uint64(1)).astype(np.int64) ^ -(folded & np.uint64(1)).astype(np.int64))


def _width(most: int) -> int:
    return 1 if most < 1 << 8 else 2 if most < 1 << 16 else 4 if most < 1 << 32 else 8


def _planes(folded: Unsigned, width: int) -> bytes:
    bytes_ = folded.astype(f"<u{width}").view(np.uint8)
    return zlib.compress((bytes_.reshape(-1, width).T if width > 1 else bytes_).tobytes(), _LEVEL)


def _stretch(base: int, width: int, data: bytes) -> Integers:
    bytes_ = np.frombuffer(zlib.decompress(data), dtype=np.uint8)
    if width > 1:
        bytes_ = np.ascontiguousarray(bytes_.reshape(width, -1).T)
    steps = unfold(bytes_.view(f"<u{width}").ravel().astype(np.uint64))
    integers = np.empty(len(steps) + 1, dtype=np.int64)
    integers[0] = base
    np.cumsum(steps, out=integers[1:])
    integers[1:] += base
    return integers


def pack_days(
    start: Integers,
    value: Floats,
    quality: Integers,
    status: npt.NDArray[np.object_] | None,
    begins: Integers,
    whole: Integers,
    places: Integers,
) -> list[Packed]:
    """Return days of readings as bytes.

    Parameters
    ----------
    start, value, quality, status : (n,) arrays
        Readings, sorted by `start` within each day.
    begins : (g,) array of int
        Where the days start.
    whole, places
        What `scaled` and `scales` returned for them.
    """
    ends = np.r_[begins[1:], len(start)]
    steps = np.diff(whole, prepend=0)
    steps[begins] = 0
    folded = fold(steps)
    widths = np.maximum.reduceat(folded, begins)
    gaps = np.diff(start, prepend=start[:1])
    inner = np.ones(len(start), dtype=bool)
    inner[begins] = False
    low = np.minimum.reduceat(np.where(inner, gaps, np.iinfo(np.int64).max), begins)
    high = np.maximum.reduceat(np.where(inner, gaps, 0), begins)
    plain = np.logical_and.reduceat(quality == _DEFAULT_QUALITY, begins)
    days = []
    for i, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        step = 1 if end - begin == 1 else int(low[i]) if low[i] == high[i] else 0
        stamps = b"" if step else _pack_stamps(start[begin:end])
        place = int(places[i])
        if place == FLOAT:
            width, base, data = 8, 0, _float_planes(value[begin:end])
        else:
            width = _width(int(widths[i]))
            base, data = int(whole[begin]), _planes(folded[begin + 1 : end], width)
        extra = None
        if status is not None or not plain[i]:
            extra = _pack_extra(quality[begin:end], status[begin:end] if status is not None else None)
        first, last = int(start[begin]), int(start[end - 1])
        days.append(Packed(end - begin, first, last, step, place, width, base, extra, stamps + data))
    return days


def unpack(day: Packed) -> tuple[Integers, Floats]:
    """Return stamps and values of a day."""
    start, data = unpack_stamps(day)
    if day.scale == FLOAT:
        planes = np.frombuffer(zlib.decompress(data), dtype=np.uint8).reshape(8, -1)
        return start, np.ascontiguousarray(planes.T).view(np.float64).ravel()
    return start, unscaled(_stretch(day.base, day.width, data), day.scale)


def unpack_stamps(day: Packed) -> tuple[Integers, bytes]:
    """Return the stamps of a day, and the bytes that follow them."""
    if day.step:
        return day.first + day.step * np.arange(day.count, dtype=np.int64), day.data
    width, size = day.data[0], int.from_bytes(day.data[1:5], "little")
    return _stretch(day.first, width, day.data[5 : 5 + size]), day.data[5 + size :]


def pack_stamps(start: Integers) -> tuple[int, bytes]:
    """Return step and bytes of stamps alone; the step is 0 where they are irregular."""
    if len(start) == 1:
        return 1, b""
    gaps = np.diff(start)
    return (int(gaps[0]), b"") if (gaps == gaps[0]).all() else (0, _pack_stamps(start))


def _pack_stamps(start: Integers) -> bytes:
    folded = fold(np.diff(start))
    width = _width(int(folded.max()))
    data = _planes(folded, width)
    return bytes([width]) + len(data).to_bytes(4, "little") + data


def _float_planes(value: Floats) -> bytes:
    return zlib.compress(np.ascontiguousarray(value).view(np.uint8).reshape(-1, 8).T.tobytes(), _LEVEL)


def _pack_extra(quality: Integers, status: npt.NDArray[np.object_] | None) -> bytes | None:
    texts = b"" if status is None or not any(status) else "\0".join(status).encode()
    if not texts and (quality == _DEFAULT_QUALITY).all():
        return None
    return zlib.compress(quality.astype(np.uint8).tobytes() + texts, _LEVEL)


def unpack_extra(day: Packed) -> tuple[Integers, npt.NDArray[np.object_] | None]:
    """Return quality and status of a day; status is None where all are empty."""
    if day.extra is None:
        return np.full(day.count, _DEFAULT_QUALITY, dtype=np.int64), None
    data = zlib.decompress(day.extra)
    quality = np.frombuffer(data[: day.count], dtype=np.uint8).astype(np.int64)
    if len(data) == day.count:
        return quality, None
    return quality, np.array(data[day.count :].decode().split("\0"), dtype=object)
