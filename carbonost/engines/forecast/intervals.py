"""Split-conformal intervals from past errors, by day type and hour.

Errors are those a forecast of the same lead would have made; each is one the model was not fitted on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray, IntArray

NEIGHBOUR_H: Final = 1.0  # hours to either side that lend their errors
RECENT: Final = 42  # days of the same group that count: older errors tell of a model that knew less
FEWEST: Final = 5  # blocks below which a group borrows from all


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
    reach = round(NEIGHBOUR_H * size.shape[1] / 24)
    out = {level: np.zeros(size.shape[1]) for level in levels}
    for slot in range(size.shape[1]):
        near = np.arange(slot - reach, slot + reach + 1) % size.shape[1]
        pool = _pool(size[:, near], groups[:, near], int(wanted[slot]))
        for level in levels:
            out[level][slot] = conformal_quantile(pool, level)
    return out


def conformal_quantile(scores: FloatArray, level: float) -> float:
    """The score that the next one stays under with probability `level`, if they can be exchanged."""
    if not scores.size:
        return 0.0
    rank = min(int(np.ceil(level * (scores.size + 1))), scores.size) - 1
    return float(np.partition(scores, rank)[rank])


def _pool(size: FloatArray, groups: IntArray, group: int) -> Any:
    """Errors of the group's recent cells, or of all where the group is hardly known."""
    known = np.isfinite(size)
    same = known & (groups == group)
    if same.any(axis=1).sum() < FEWEST:
        same = known
    rows = np.flatnonzero(same.any(axis=1))[-RECENT:]
    return size[rows][same[rows]]
