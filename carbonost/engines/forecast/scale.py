"""The scale on which a load is learned: by shares, slot by slot.

What moves a load mostly moves it by a share of what it is, and its errors lean upwards; on a logarithm both
are even. Near zero shares mean nothing, so part of the mean load is added first; a load that was ever
negative is counted from its lowest reading. What lies far beyond all that was seen is not said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

_ADDED: Final = 0.3  # of the mean load, before the logarithm
_BEYOND: Final = 1.0  # how far outside of all that was seen a forecast may lie, in logarithms
_LEAST_SLOT: Final = 0.2  # a slot's spread, at least, as a share of the mean slot's
_LEAST_SPREAD: Final = 0.02  # and as a share of the load's whole spread: a perfect repeat has no noise


@dataclass(frozen=True, eq=False)
class Scale:
    """Brings a load to a logarithm of even spread, and back.

    Attributes
    ----------
    added : float
        What is added before the logarithm.
    centre, spread : (slots,) array of float
        Of each slot's logarithm; `spread` is what it usually moves by from week to week.
    lowest, highest : float
        Logarithms between which a forecast stays.
    """

    added: float
    centre: FloatArray
    spread: FloatArray
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: FloatArray) -> Scale:
        """The scale of (n, slots) readings; NaN where there is none."""
        floor = min(0.0, float(np.nanmin(values)))
        added = (_ADDED * float(np.nanmean(values - floor)) or 1.0) - floor
        logarithm = np.log(values + added)
        lowest, highest = float(np.nanmin(logarithm)) - _BEYOND, float(np.nanmax(logarithm)) + _BEYOND
        return cls(added, _median(logarithm), _spread(logarithm), lowest, highest)

    def even(self, values: FloatArray) -> FloatArray:
        """Readings on the scale."""
        return np.asarray((np.log(values + self.added) - self.centre) / self.spread)

    def back(self, said: FloatArray) -> FloatArray:
        """Readings from the scale."""
        logarithm = np.clip(said * self.spread + self.centre, self.lowest, self.highest)
        return np.asarray(np.exp(logarithm) - self.added)


def _spread(values: FloatArray) -> FloatArray:
    """What each slot usually moves by from week to week."""
    step = min(7, len(values) - 1)
    moved = np.abs(values[step:] - values[:-step])
    known = np.isfinite(moved)
    spread = np.where(known, moved, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    spread = np.maximum(spread, max(_LEAST_SLOT * spread.mean(), _LEAST_SPREAD * float(np.nanstd(values))))
    return np.where(spread > 0, spread, 1.0)


def _median(values: FloatArray) -> FloatArray:
    """Median of each column over what is known; NaN for an empty one."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(values).sum(axis=0)
    column = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    return np.asarray((ordered[low, column] + ordered[np.minimum(high, len(values) - 1), column]) / 2)
