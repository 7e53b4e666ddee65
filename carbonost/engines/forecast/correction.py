"""What the last hours tell about the next ones.

A track treats every slot for itself, so at its origin it does not know that the evening ran high. The
errors of the day before the origin are regressed on, slot by slot ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from carbonost.domain.series import BoolArray, FloatArray

_WINDOWS_H: Final = (1, 3, 6, 12, 24)
_STRENGTH: Final = 30.0  # days' worth of shrinkage towards no correction
_REFIT: Final = 3  # days between fits when the past is replayed
_MEMORY: Final = 365
_WARM: Final = 21
_CLIP: Final = 3.0


def correct(errors: FloatArray, odd: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Expected errors of every past block, each from the blocks before it, and of the next one.

    Parameters
    ----------
    errors : (n, slots) array of float
        Past errors in blocks of a day that end at the origin; NaN where unknown.
    odd : (n,) array of bool
        Blocks to learn nothing from.

    Returns
    -------
    (n, slots) array of float, (slots,) array of float
    """
    n, slots = errors.shape
    known = np.nan_to_num(errors)
    signs = np.stack([known[:, -max(1, h * slots // 24) :].mean(axis=1) for h in _WINDOWS_H], axis=1)
    before = np.vstack([np.zeros((1, len(_WINDOWS_H))), signs[:-1]])
    past = np.zeros_like(known)
    for start in range(_WARM, n, _REFIT):
        slope = _slope(before[:start], known[:start], odd[:start])
        past[start : start + _REFIT] = before[start : start + _REFIT] @ slope
    ahead = signs[-1] @ _slope(before, known, odd) if n > _WARM else np.zeros(slots)
    return past, np.asarray(ahead)


def _slope(signs: FloatArray, errors: FloatArray, odd: BoolArray) -> Any:
    """Ridge regression of errors on signs over the recent ordinary blocks."""
    use = np.flatnonzero(~odd[-_MEMORY:]) + max(0, len(odd) - _MEMORY)
    x, y = signs[use], errors[use]
    spread = x.std(axis=0) if len(x) else np.zeros(x.shape[1])
    spread = np.where(spread > 0, spread, 1.0)
    most = _CLIP * np.abs(y).mean() if y.size else 0.0
    x = x / spread
    return np.linalg.solve(x.T @ x + _STRENGTH * np.eye(x.shape[1]), x.T @ np.clip(y, -most, most)) / spread[:, None]
