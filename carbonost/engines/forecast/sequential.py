r"""Kernel ridge regression run as a filter: every row predicted from the rows before it.

With :math:`K + \nu I = L L^\top`, row i is expected to be :math:`\sum_{j<i} L_{ij} z_j`, where :math:`z_i` is
what row i added, in units of its expected error. A gap adds nothing; an outlier adds no more than a bound.
So one factorisation gives the forecast, every past forecast at every lead, and gaps filled by what was
expected of them [1]_.

References
----------
.. [1] C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press 2006, ch. 2,
   for the predictive mean; its innovations form is that of the Kalman filter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

_BLOCK: Final = 64  # rows whose past is added up in one product


class Sequence:
    """Rows predicted one after the other.

    Parameters
    ----------
    kernel : (n, n) array of float
        Inner products of the rows; overwritten.
    values : (n, slots) array of float
        NaN where unknown.
    noise : float
        Variance that no other row shares.
    bound : float
        How many expected errors a row may add.
    warm : int
        Rows at the start that add whatever they bring: everything is news to an empty memory.
    """

    def __init__(self, kernel: FloatArray, values: FloatArray, noise: float, bound: float, warm: int = 0) -> None:
        kernel.flat[:: len(kernel) + 1] += noise
        self._factor = np.asarray(np.linalg.cholesky(kernel), dtype=np.float64)
        known = np.isfinite(values)
        held = np.where(known, values, 0.0)
        self._said, self._added = np.empty(values.shape), np.zeros(values.shape)
        for start in range(0, len(values), _BLOCK):
            rows = slice(start, start + _BLOCK)
            self._said[rows] = self._factor[rows, :start] @ self._added[:start]
            for i in range(start, min(start + _BLOCK, len(values))):
                self._said[i] += self._factor[i, start:i] @ self._added[start:i]
                fresh = (held[i] - self._said[i]) / self._factor[i, i]
                if i >= warm:
                    fresh = np.minimum(np.maximum(fresh, -bound), bound)
                self._added[i] = fresh * known[i]

    def past(self, lead: int) -> FloatArray:
        """Each row as expected `lead` rows before it, (n, slots)."""
        said = self._said.copy()
        for back in range(1, min(lead, len(said))):
            said[back:] -= np.diagonal(self._factor, -back)[:, None] * self._added[:-back]
        return said

    def ahead(self, cross: FloatArray) -> FloatArray:
        """Rows to come, from their inner products with the known rows, (m, slots)."""
        weights = self._added.copy()  # becomes the solution of factor.T @ weights = added
        for stop in range(len(weights), 0, -_BLOCK):
            start = max(stop - _BLOCK, 0)
            rows = slice(start, stop)
            weights[rows] -= self._factor[stop:, rows].T @ weights[stop:]
            weights[rows] = np.linalg.solve(self._factor[rows, rows].T, weights[rows])
        return cross @ weights
