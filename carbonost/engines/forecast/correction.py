"""What the last day tells about the next one.

A track treats every slot for itself, so at its origin it does not know that the evening ran high. The
errors ahead are expected to be what is usually left of the last ones, and the rest is regressed on what was
seen in the day before the origin: the errors of its last hours, with a slope for all days, one for days that
go from work to rest alike, and a bell that leans on the most similar of those; and the shape of its load, with
a bell that leans on the days that followed a like one. Nearer days count more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.forecast.sequential import Sequence

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray

_WINDOWS_H: Final = (1, 3, 6, 12, 24)
_SLOPE: Final = 2.4  # weights, in units of the noise's 4.8
_SLOPE_OF_TURN: Final = 0.5
_BELL: Final = 1.5
_WIDTH: Final = 0.6
_SHAPE: Final = 2.0
_SHAPE_WIDTH: Final = 0.8  # in units of how far apart the shapes of two days a week apart are
_OTHER_TURN: Final = 0.5  # how alike days of one shape are that go from work to rest otherwise
_NOISE: Final = 4.8
_BOUND: Final = 0.16
_MEMORY_DAYS: Final = 600.0
_LEFT_AT_ONCE: Final = ((0.2, 1, 2.0), (0.3, 3, 8.0))  # share of the mean over the last hours, and hours it lasts
_LEFT_AT_THE_HOUR: Final = (0.1, 4)  # share that comes back a day later, and hours it is spread over
_LEFT_ALL_DAY: Final = 0.1  # share of the mean of the day
_LARGEST: Final = 3.0  # usual errors that one error counts as, at most


def correct(errors: FloatArray, shapes: FloatArray, turns: IntArray) -> tuple[FloatArray, FloatArray]:
    """Expected errors of every past block, each from the blocks before it, and of the next one.

    Parameters
    ----------
    errors : (tracks, n, slots) array of float
        Past errors in blocks of a day that end at the origin; NaN where unknown.
    shapes : (n, slots) array of float
        The load of those blocks, without its level.
    turns : (n + 1,) array of int
        How each block and the next one go from work to rest; blocks of one turn share a slope.

    Returns
    -------
    (tracks, n, slots) array of float, (tracks, slots) array of float
    """
    tracks, n, slots = errors.shape
    known = np.nan_to_num(errors)
    size = np.abs(known).mean(axis=1, keepdims=True)
    size = np.where(size > 0, size, 1.0)
    left = np.zeros((tracks, n + 1, slots))
    left[:, 1:] = np.clip(known / size, -_LARGEST, _LARGEST) @ _usually_left(slots)
    kernels = _kernels(known, shapes, turns)
    scaled = np.full((tracks, n + 1, slots), np.nan)  # the next block is a row yet unknown
    scaled[:, :n] = errors / size - left[:, :n]
    sequence = Sequence(kernels, scaled, np.full(tracks, _NOISE), np.full(tracks, _BOUND))
    expected = (sequence.past(1) + left) * size
    return expected[:, :n], expected[:, n]


def _usually_left(slots: int) -> FloatArray:
    """What a day's errors usually leave of themselves to the next day, (slots, slots)."""
    hour = 24 / slots * np.arange(slots)
    share, reach = _LEFT_AT_THE_HOUR
    near = np.maximum(reach + 1 - np.abs(hour[:, None] - hour), 0.0)
    out = share * near / near.sum(axis=0) + _LEFT_ALL_DAY / slots
    for share, hours, lasts in _LEFT_AT_ONCE:
        last = max(1, hours * slots // 24)
        out[-last:] += share / last * np.exp(-hour / lasts)
    return np.asarray(out)


def _shaped(shapes: FloatArray) -> FloatArray:
    """How alike blocks are by the shape of the load before them, (n + 1, n + 1)."""
    before = np.vstack([np.zeros(shapes.shape[1]), shapes])
    near = _half_apart(before @ before.T)
    usual = -float(np.median(near.diagonal(min(7, len(shapes)))))
    near /= 2 * _SHAPE_WIDTH**2 * (usual if usual > 0 else 1.0)
    np.exp(near, out=near)
    near *= _SHAPE
    return near


def _signs(errors: FloatArray) -> FloatArray:
    """Mean errors of the last hours before each block and before the next one, (n + 1, windows)."""
    n, slots = errors.shape
    signs = np.zeros((n + 1, len(_WINDOWS_H)))
    for column, hours in enumerate(_WINDOWS_H):
        signs[1:, column] = errors[:, -max(1, hours * slots // 24) :].mean(axis=1)
    spread = signs.std(axis=0)
    return np.asarray(signs / np.where(spread > 0, spread, 1.0))


def _kernels(errors: FloatArray, shapes: FloatArray, turns: IntArray) -> FloatArray:
    """Inner products of the blocks and the next one by what was seen before them, (tracks, n + 1, n + 1)."""
    days = np.arange(len(turns))
    slope = np.exp(-days / _MEMORY_DAYS)[np.abs(days[:, None] - days)]
    bell = slope * (turns[:, None] == turns)
    alike_in_shape = _shaped(shapes)
    alike_in_shape *= _OTHER_TURN * slope + (1 - _OTHER_TURN) * bell
    slope *= _SLOPE
    slope += _SLOPE_OF_TURN * bell
    bell *= _BELL
    out = np.empty((len(errors), *slope.shape))
    for table, track in zip(out, errors, strict=True):
        _fill(table, _signs(track), slope, bell, alike_in_shape)
    return out


def _fill(table: FloatArray, signs: FloatArray, slope: FloatArray, bell: FloatArray, shape: FloatArray) -> None:
    """Fill a table of blocks with their inner products."""
    np.matmul(signs, signs.T, out=table)
    near = _half_apart(table)
    near /= len(_WINDOWS_H) * _WIDTH**2
    np.exp(near, out=near)
    near *= bell
    table *= slope
    table += near
    table += shape


def _half_apart(product: FloatArray) -> FloatArray:
    """Minus half of the squared distances, from inner products."""
    square = product.diagonal() / 2
    near = product - square
    near -= square[:, None]
    return np.asarray(np.minimum(near, 0.0, out=near))
