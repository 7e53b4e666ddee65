"""What the last hours tell about the next ones.

A track treats every slot for itself, so at its origin it does not know that the evening ran high. The
errors ahead are regressed on the errors of the day before the origin: a slope for all days, one for days
that go from work to rest alike, and a bell that leans on the most similar of those. Nearer days count more.
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
_NOISE: Final = 4.8
_BOUND: Final = 0.16
_MEMORY_DAYS: Final = 600.0


def correct(errors: FloatArray, turns: IntArray) -> tuple[FloatArray, FloatArray]:
    """Expected errors of every past block, each from the blocks before it, and of the next one.

    Parameters
    ----------
    errors : (tracks, n, slots) array of float
        Past errors in blocks of a day that end at the origin; NaN where unknown.
    turns : (n + 1,) array of int
        How each block and the next one go from work to rest; blocks of one turn share a slope.

    Returns
    -------
    (tracks, n, slots) array of float, (tracks, slots) array of float
    """
    tracks, n, _ = errors.shape
    known = np.nan_to_num(errors)
    days = np.arange(n + 1)
    slope = np.exp(-np.abs(days[:, None] - days) / _MEMORY_DAYS)
    bell = slope * (turns[:, None] == turns)
    slope *= _SLOPE
    slope += _SLOPE_OF_TURN * bell
    bell *= _BELL
    kernels, cross = np.empty((tracks, n, n)), np.empty((tracks, 1, n))
    for i, track in enumerate(known):
        alike = _alike(_signs(track), slope, bell)
        kernels[i], cross[i] = alike[:n, :n], alike[n:, :n]
    size = np.abs(known).mean(axis=1, keepdims=True)
    size = np.where(size > 0, size, 1.0)
    noise, bound = np.full(tracks, _NOISE), np.full(tracks, _BOUND)
    sequence = Sequence(kernels, errors / size, noise, bound)
    return sequence.past(1) * size, (sequence.ahead(cross) * size)[:, 0]


def _signs(errors: FloatArray) -> FloatArray:
    """Mean errors of the last hours before each block and before the next one, (n + 1, windows)."""
    n, slots = errors.shape
    signs = np.zeros((n + 1, len(_WINDOWS_H)))
    for column, hours in enumerate(_WINDOWS_H):
        signs[1:, column] = errors[:, -max(1, hours * slots // 24) :].mean(axis=1)
    spread = signs.std(axis=0)
    return np.asarray(signs / np.where(spread > 0, spread, 1.0))


def _alike(signs: FloatArray, slope: FloatArray, bell: FloatArray) -> FloatArray:
    """Inner products of the blocks by what was seen before them."""
    product = signs @ signs.T
    square = product.diagonal().copy()
    near = product - square / 2  # minus half of the squared distance
    near -= square[:, None] / 2
    near /= len(_WINDOWS_H) * _WIDTH**2
    np.exp(near, out=near)
    near *= bell
    product *= slope
    product += near
    return np.asarray(product)
