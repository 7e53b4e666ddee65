r"""Kernel ridge regression run as a filter: every row predicted from the rows before it.

With :math:`K + \nu I = L L^\top`, row i is expected to be :math:`\sum_{j<i} L_{ij} z_j`, where :math:`z_i` is
what row i added, in units of its expected error. A gap adds nothing; an outlier adds no more than a bound.
So one factorisation gives the forecast, every past forecast at every lead, and gaps filled by what was
expected of them [1]_. Several kernels over the same rows are run side by side.

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
    """Rows predicted one after the other, by m kernels.

    Parameters
    ----------
    kernels : (m, n, n) array of float
        Inner products of the rows; overwritten.
    values : (m, n, slots) array of float
        NaN where unknown.
    noise : (m,) array of float
        Variance that no other row shares.
    bound : (m,) array of float
        How many expected errors a row may add.
    warm : int
        Rows at the start that add whatever they bring: everything is news to an empty memory.
    """

    def __init__(
        self, kernels: FloatArray, values: FloatArray, noise: FloatArray, bound: FloatArray, warm: int = 0
    ) -> None:
        for kernel, variance in zip(kernels, noise, strict=True):
            kernel.flat[:: len(kernel) + 1] += variance
            kernel[:] = np.linalg.cholesky(kernel)
        self._factor = kernels
        known = np.isfinite(values)
        weight = known / np.diagonal(kernels, axis1=1, axis2=2)[:, :, None]
        held = np.where(known, values, 0.0)
        most = bound[:, None] * np.ones(values.shape[2])
        self._said: FloatArray = np.zeros(values.shape)
        self._added: FloatArray = np.zeros(values.shape)
        for start in range(0, values.shape[1], _BLOCK):
            rows = slice(start, start + _BLOCK)
            said, added, near = self._said[:, rows], self._added[:, rows], kernels[:, rows, rows]
            said += kernels[:, rows, :start] @ self._added[:, :start]
            for i in range(said.shape[1]):
                said[:, i] += (near[:, i : i + 1, :i] @ added[:, :i])[:, 0]
                fresh = (held[:, start + i] - said[:, i]) * weight[:, start + i]
                if start + i >= warm:
                    np.minimum(np.maximum(fresh, -most, out=fresh), most, out=fresh)
                added[:, i] = fresh

    def past(self, lead: int) -> FloatArray:
        """Each row as expected `lead` rows before it, (m, n, slots)."""
        said = self._said.copy()
        for back in range(1, min(lead, said.shape[1])):
            said[:, back:] -= np.diagonal(self._factor, -back, 1, 2)[:, :, None] * self._added[:, :-back]
        return said

    def ahead(self, cross: FloatArray) -> FloatArray:
        """Rows to come, (m, k, slots), from their inner products with the known rows, (m, k, n)."""
        weights = self._added.copy()  # becomes the solution of factor.T @ weights = added
        upper = self._factor.transpose(0, 2, 1)
        for stop in range(weights.shape[1], 0, -_BLOCK):
            start = max(stop - _BLOCK, 0)
            rows = slice(start, stop)
            weights[:, rows] -= upper[:, rows, stop:] @ weights[:, stop:]
            weights[:, rows] = np.linalg.solve(upper[:, rows, rows], weights[:, rows])
        return cross @ weights
