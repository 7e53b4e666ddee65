"""How a day of one series becomes bytes, and comes back to the bit.

A value that is exactly a decimal of up to six places is kept as a scaled integer: differences,
zigzag, bytes grouped by place. Anything else keeps its eight bytes, grouped. Low places that are
noise are kept as they are, the others are deflated. Regular stamps are a first one and a step. Many
days are prepared as one column; only the last step sees each.
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
_SOME: Final = 8
_SAMPLE: Final = 64
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


def as_integers(values: Floats, begins: Integers) -> tuple[Integers, Integers]:
    """Return for each group the decimal places that keep it exactly, or -1, and all values scaled by them.

    Parameters
    ----------
    values : (n,) array of float
        Finite values.
    begins : (g,) array of int
        Where the groups start; ascending, the first is 0.

    Returns
    -------
    places : (g,) array of int
    whole : (n,) array of int
        The values times ten to their group's places; 0 in a group that has none.
    """
    sizes = np.diff(begins, append=len(values))
    some = begins[:, None] + np.arange(_SOME) * (sizes[:, None] - 1) // (_SOME - 1)
    least = np.full(len(begins), FLOAT)  # what some values need; the others may need more
    for place in range(len(_FACTORS) - 1, -1, -1):
        least[_exact(values[some], place)[0].all(axis=1)] = place
    places, whole = np.full(len(begins), FLOAT), np.zeros(len(values), dtype=np.int64)
    for place in range(len(_FACTORS)):
        tried = (least >= 0) & (least <= place) & (places == FLOAT)
        if not tried.any():
            continue
        rows: Any = slice(None) if tried.all() else np.flatnonzero(np.repeat(tried, sizes))
        exact, scaled = _exact(values[rows], place)
        good = np.logical_and.reduceat(exact, np.cumsum(sizes[tried]) - sizes[tried])
        places[np.flatnonzero(tried)[good]] = place
        whole[rows] = np.where(np.repeat(good, sizes[tried]), scaled, 0.0)
    return places, whole


def _exact(values: Floats, place: int) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Return where a number of places keeps values exactly, and the values scaled."""
    with np.errstate(over="ignore"):
        scaled = np.rint(values * _FACTORS[place])
    return (scaled / _FACTORS[place] == values) & (np.abs(scaled) < _LIMIT), scaled


def unscaled(integers: Integers, scale: int) -> Floats:
    """Return the values of scaled integers, to the bit."""
    return np.asarray(integers / _FACTORS[scale])


def fold(steps: Integers) -> Unsigned:
    """Return signed differences as unsigned ones, small ones first."""
    return ((steps << 1) ^ (steps >> 63)).view(np.uint64)


def unfold(folded: Unsigned) -> Integers:
    """Return what `fold` was given."""
    return np.asarray((folded >> np.uint64(1)).astype(np.int64) ^ -(folded & np.uint64(1)).astype(np.int64))


def width_of(most: int) -> int:
    """Return in how many bytes numbers up to `most` fit."""
    return 1 if most < 1 << 8 else 2 if most < 1 << 16 else 4 if most < 1 << 32 else 8


def planes_of(numbers: Unsigned, width: int) -> Bytes:
    """Return unsigned numbers (n,) as bytes (width, n), low ones first."""
    return np.ascontiguousarray(numbers.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T)


def deflate(planes: Bytes, more: bytes = b"") -> bytes:
    """Return planes as bytes, followed by others; low planes of noise are kept, the rest is deflated."""
    kept = 0
    while kept < len(planes) and _is_noise(planes[kept]):
        kept += 1
    rest = planes[kept:].tobytes() + more
    return bytes([kept]) + planes[:kept].tobytes() + (zlib.compress(rest, _LEVEL) if rest else b"")


def inflate(data: bytes, size: int) -> bytes:
    """Return what `deflate` was given, as one piece; `size` is the length of a plane."""
    plain = 1 + data[0] * size
    return data[1:plain] + (zlib.decompress(data[plain:]) if len(data) > plain else b"")


def _is_noise(plane: Bytes) -> bool:
    """Whether bytes look as if deflating them won nothing: most of some are different."""
    sample = plane[:: max(len(plane) // _SAMPLE, 1)].tobytes()
    return 4 * len(set(sample)) > 3 * len(sample)


def _stretch(base: int, width: int, size: int, data: bytes) -> Integers:
    planes = np.frombuffer(inflate(data, size), dtype=np.uint8).reshape(width, -1)
    steps = unfold(np.ascontiguousarray(planes.T).view(f"<u{width}").ravel().astype(np.uint64))
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
        What `as_integers` returned for them.
    """
    ends = np.append(begins[1:], len(start))
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
            width = width_of(int(widths[i]))
            base, data = int(whole[begin]), deflate(planes_of(folded[begin + 1 : end], width))
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
        planes = np.frombuffer(inflate(data, day.count), dtype=np.uint8).reshape(8, -1)
        return start, np.ascontiguousarray(planes.T).view(np.float64).ravel()
    return start, unscaled(_stretch(day.base, day.width, day.count - 1, data), day.scale)


def unpack_stamps(day: Packed) -> tuple[Integers, bytes]:
    """Return the stamps of a day, and the bytes that follow them."""
    if day.step:
        return day.first + day.step * np.arange(day.count, dtype=np.int64), day.data
    width, size = day.data[0], int.from_bytes(day.data[1:5], "little")
    return _stretch(day.first, width, day.count - 1, day.data[5 : 5 + size]), day.data[5 + size :]


def pack_stamps(start: Integers) -> tuple[int, bytes]:
    """Return step and bytes of stamps alone; the step is 0 where they are irregular."""
    if len(start) == 1:
        return 1, b""
    gaps = np.diff(start)
    return (int(gaps[0]), b"") if (gaps == gaps[0]).all() else (0, _pack_stamps(start))


def _pack_stamps(start: Integers) -> bytes:
    folded = fold(np.diff(start))
    width = width_of(int(folded.max()))
    data = deflate(planes_of(folded, width))
    return bytes([width]) + len(data).to_bytes(4, "little") + data


def _float_planes(value: Floats) -> bytes:
    return deflate(planes_of(np.ascontiguousarray(value).view(np.uint64), 8))


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
