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
    from carbonost.domain.series import BoolArray, FloatArray, IntArray

_WINDOWS_H: Final = (1, 3, 6, 12, 24)
_SLOPE: Final = 2.4  # weights, in units of the noise's 4.8
_SLOPE_OF_TURN: Final = 2.2
_BELL: Final = 0.7
_WIDTH: Final = 0.6
_NOISE: Final = 4.8
_BOUND: Final = 0.16
_MEMORY_DAYS: Final = 600.0


def correct(errors: FloatArray, turns: IntArray, odd: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Expected errors of every past block, each from the blocks before it, and of the next one.

    Parameters
    ----------
    errors : (n, slots) array of float
        Past errors in blocks of a day that end at the origin; NaN where unknown.
    turns : (n + 1,) array of int
        How each block and the next one go from work to rest; blocks of one turn share a slope.
    odd : (n,) array of bool
        Blocks to learn nothing from.

    Returns
    -------
    (n, slots) array of float, (slots,) array of float
    """
    n, slots = errors.shape
    known = np.nan_to_num(errors)
    signs = np.zeros((n + 1, len(_WINDOWS_H)))
    for column, hours in enumerate(_WINDOWS_H):
        signs[1:, column] = known[:, -max(1, hours * slots // 24) :].mean(axis=1)
    spread = signs.std(axis=0)
    signs /= np.where(spread > 0, spread, 1.0)
    days = np.arange(n + 1)
    product = signs @ signs.T
    square = product.diagonal()
    apart = (square[:, None] + square - 2 * product) / len(_WINDOWS_H)
    same = (turns[:, None] == turns).astype(np.float64)
    kernel = product * (_SLOPE + _SLOPE_OF_TURN * same) + _BELL * same * np.exp(-apart / (2 * _WIDTH**2))
    kernel *= np.exp(-np.abs(days[:, None] - days) / _MEMORY_DAYS)
    size = np.abs(known).mean(axis=0)
    size = np.where(size > 0, size, 1.0)
    learned = np.where(odd[:, None], np.nan, errors / size)
    sequence = Sequence(kernel[:n, :n].copy(), learned, _NOISE, _BOUND)
    return sequence.past(1) * size, sequence.ahead(kernel[n:, :n])[0] * size
