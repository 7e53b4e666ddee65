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

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray


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
    """

    def __init__(self, kernel: FloatArray, values: FloatArray, noise: float, bound: float) -> None:
        kernel.flat[:: len(kernel) + 1] += noise
        self._factor = np.asarray(np.linalg.cholesky(kernel), dtype=np.float64)
        known = np.isfinite(values)
        held = np.where(known, values, 0.0)
        self._said, self._added = np.empty(values.shape), np.zeros(values.shape)
        for i, row in enumerate(self._factor):
            np.matmul(row[:i], self._added[:i], out=self._said[i])
            fresh = (held[i] - self._said[i]) / row[i]
            self._added[i] = np.minimum(np.maximum(fresh, -bound), bound) * known[i]

    def past(self, lead: int) -> FloatArray:
        """Each row as expected `lead` rows before it, (n, slots)."""
        said = self._said.copy()
        for back in range(1, min(lead, len(said))):
            said[back:] -= np.diagonal(self._factor, -back)[:, None] * self._added[:-back]
        return said

    def ahead(self, cross: FloatArray) -> FloatArray:
        """Rows to come, from their inner products with the known rows, (m, slots)."""
        upper = np.ascontiguousarray(self._factor.T)
        weights = np.empty_like(self._added)
        for i in range(len(weights) - 1, -1, -1):  # solves upper @ weights = added
            weights[i] = (self._added[i] - upper[i, i + 1 :] @ weights[i + 1 :]) / upper[i, i]
        return cross @ weights
