"""Conformal intervals from past errors: how large, in units of what is usual for the cell.

Errors are those a forecast of the same lead would have made; each is one the model was not fitted on. What
is usual is a mean over the past days of the group at the slot and its neighbours, recent days counting
more. The quantile is taken over all cells of the last weeks. A factor then corrects it: it is what would
have kept the last weeks covered, raised by each miss and lowered by each hit [1]_, so a load that drifts and
one that calms down are both covered as promised.

References
----------
.. [1] A. N. Angelopoulos, E. J. Candes, R. J. Tibshirani, Conformal PID Control for Time Series Prediction,
   NeurIPS 2023; here on the logarithm of the width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray, IntArray

NEIGHBOUR_H: Final = 1.0  # hours to either side that lend their errors
HALF_LIFE: Final = 10.0  # days of a group after which an error counts half
BORROWED: Final = 5.0  # days' worth of errors a group takes from all days
POOLED: Final = 56  # days whose errors give the quantile, and that are replayed
FEWEST: Final = 7  # days with a usual size below which the errors are measured against the last one
STEP: Final = 0.2  # how much a day of misses widens
TRACKED: Final = 0.8  # the level whose misses are counted


def half_widths(
    errors: FloatArray, groups: IntArray, wanted: IntArray, levels: Sequence[float]
) -> dict[float, FloatArray]:
    """Half width of the interval of each level, (slots,).

    Parameters
    ----------
    errors : (n, slots) array of float
        Past errors; NaN where unknown.
    groups : (n, slots) array of int
        Group of each past cell.
    wanted : (slots,) array of int
        Group of each cell to come.
    levels : sequence of float [-]
    """
    size = np.abs(errors)
    usual = usual_size(size, np.vstack([groups, wanted]))
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = np.where(size > 0, size / usual[:-1], size)
    scored = np.isfinite(scores).any(axis=1)
    if scored.sum() < FEWEST:
        with np.errstate(invalid="ignore", divide="ignore"):
            scores = np.where(size > 0, size / usual[-1], size)
        scored = np.isfinite(scores).any(axis=1)
    scores = scores[scored]
    factor = _factor(scores)
    pool = scores[-POOLED:]
    shy = 1 + 1 / max(len(pool), 1)  # the cells of a day err together: a day counts as one score
    pool = pool[np.isfinite(pool)]
    width = factor * np.nan_to_num(usual[-1])
    least = 0.0 if conformal_quantile(pool, TRACKED * shy) else _mean(pool)
    return {level: max(conformal_quantile(pool, level * shy), least) * width for level in levels}


def conformal_quantile(scores: FloatArray, level: float) -> float:
    """The score that the next one stays under with probability `level`, if they can be exchanged."""
    if not scores.size:
        return 0.0
    rank = min(int(np.ceil(level * (scores.size + 1))), scores.size) - 1
    return float(np.partition(scores, rank)[rank])


def _factor(scores: FloatArray) -> float:
    """What the quantile had to be multiplied with to cover the last days."""
    logarithm = 0.0
    for day in range(max(len(scores) - POOLED, FEWEST), len(scores)):
        pool, now = scores[max(day - POOLED, 0) : day], scores[day]
        pool = pool[np.isfinite(pool)]
        limit = (conformal_quantile(pool, TRACKED) or _mean(pool)) * np.exp(logarithm)
        now = now[np.isfinite(now)]
        logarithm += STEP * (float((now > limit).mean()) - (1 - TRACKED))
    return float(np.exp(logarithm))


def _mean(scores: FloatArray) -> float:
    """What a quantile of zero gives way to: no factor would widen it when a load at rest starts."""
    return float(scores.mean()) if scores.size else 0.0


def usual_size(size: FloatArray, groups: IntArray) -> FloatArray:
    """Usual size of each cell and of the cells to come, from the days before, (n + 1, slots); NaN without any."""
    known = np.isfinite(size)
    held = np.where(known, size, 0.0)
    reach = round(NEIGHBOUR_H * size.shape[1] / 24)
    total, count = _faded(_lent(held, reach), _lent(known, reach))
    with np.errstate(invalid="ignore", divide="ignore"):
        every = total / count
        out = every.copy()
        for group in np.unique(groups):
            mine = groups[:-1] == group
            total, count = _faded(_lent(held * mine, reach), _lent(known * mine, reach))
            out = np.where(groups == group, (total + BORROWED * every) / (count + BORROWED), out)
    return np.asarray(out)


def _lent(table: FloatArray, reach: int) -> FloatArray:
    """Mean of each cell and its neighbours in the day, the nearer ones counting more."""
    out = (reach + 1.0) * table
    for apart in range(1, reach + 1):
        out += (reach + 1.0 - apart) * (np.roll(table, apart, axis=1) + np.roll(table, -apart, axis=1))
    return np.asarray(out / (reach + 1.0) ** 2)


def _faded(total: FloatArray, count: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sums over the rows before each row and before the next one; a count of `HALF_LIFE` later, half of it."""
    age = np.cumsum(count, axis=0) * (np.log(2) / HALF_LIFE)
    weight, left = np.exp(age), np.exp(-np.vstack([np.zeros(age.shape[1]), age]))
    nothing = np.zeros((1, total.shape[1]))
    return (
        left * np.vstack([nothing, np.cumsum(weight * total, axis=0)]),
        left * np.vstack([nothing, np.cumsum(weight * count, axis=0)]),
    )
