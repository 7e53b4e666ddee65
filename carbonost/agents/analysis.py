"""The numbers of a diagnosis: trend, anomaly, intensity and place among peers. Columns in, columns out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import erf, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray

POINTS_MIN: Final = 4
"""Fewer values have no trend and no anomaly worth a word."""
OUTLIER: Final = 3.5
"""Modified z-score above which a value is called anomalous: a design choice of this library."""
_TO_SIGMA: Final = 0.6744897501960817  # the normal distribution's upper quartile


@dataclass(frozen=True, slots=True)
class Trend:
    """Direction of a series.

    Attributes
    ----------
    slope : float
        Median change per step, in the series' unit (Theil-Sen).
    share_per_step : float or None
        The slope over the median; None where that is zero.
    p_value : float
        Two-sided, Mann-Kendall with the normal approximation and ties.
    direction : {"rising", "falling", "steady"}
        Rising or falling only where `p_value` is at most 0.05.
    """

    slope: float
    share_per_step: float | None
    p_value: float
    direction: str


def trend(values: FloatArray) -> Trend | None:
    """Return the trend of equally spaced values, NaN left out; None for fewer than four.

    References
    ----------
    .. [1] P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968).
    .. [2] M. G. Kendall, Rank Correlation Methods, 4th ed. (1975), ch. 4.
    """
    at = np.flatnonzero(np.isfinite(values))
    series = np.asarray(values, dtype=np.float64)[at]
    n = len(series)
    if n < POINTS_MIN:
        return None
    i, j = np.triu_indices(n, 1)
    slope = float(np.median((series[j] - series[i]) / (at[j] - at[i])))
    score = float(np.sum(np.sign(series[j] - series[i])))
    ties = np.unique(series, return_counts=True)[1]
    variance = (n * (n - 1) * (2 * n + 5) - float(np.sum(ties * (ties - 1) * (2 * ties + 5)))) / 18
    z = 0.0 if variance <= 0 or score == 0 else (abs(score) - 1) / sqrt(variance)
    p_value = 1 - erf(z / sqrt(2))
    middle = float(np.median(series))
    direction = "steady" if p_value > 0.05 or slope == 0 else "rising" if slope > 0 else "falling"  # noqa: PLR2004 -- the usual level
    return Trend(slope, slope / middle if middle else None, float(p_value), direction)


def anomalies(values: FloatArray) -> FloatArray:
    """Return the modified z-score of each value: distance from the median in robust deviations.

    NaN for a gap, for fewer than four values, and where half of them are equal.
    """
    series = np.asarray(values, dtype=np.float64)
    known = series[np.isfinite(series)]
    if len(known) < POINTS_MIN:
        return np.full(len(series), np.nan)
    middle = np.median(known)
    spread = np.median(np.abs(known - middle))
    if spread == 0:
        return np.full(len(series), np.nan)
    return np.asarray(_TO_SIGMA * (series - middle) / spread, dtype=np.float64)


def percentile(value: float, marks: Mapping[int, float]) -> tuple[float, float]:
    """Return the interval of percentiles a value lies in, by published marks such as ``{25: …, 50: …}``.

    Between two marks the place is not known any better, so none is invented.

    Examples
    --------
    >>> percentile(6.0, {25: 4.0, 50: 5.0, 75: 8.0})
    (50.0, 75.0)
    """
    order = sorted(marks.items())
    if not order or any(b < a for (_, a), (_, b) in itertools.pairwise(order)):
        raise InputError("percentiles must rise", "benchmark", dict(marks), "Give {25: …, 50: …, 75: …}.")
    low = max((float(p) for p, mark in order if value >= mark), default=0.0)
    high = min((float(p) for p, mark in order if value <= mark), default=100.0)
    return min(low, high), max(low, high)


def coverage_confidence(coverage: float, quality: float, denominators: float, benchmarks: float) -> float:
    r"""Return how far a diagnosis may be trusted, 0 to 1.

    Parameters
    ----------
    coverage : float [-]
        Months with data over months asked for.
    quality : float [-]
        Mean data quality.
    denominators, benchmarks : float [-]
        Share of the intensities that could be formed, and of those that could be compared.

    Notes
    -----
    A rule of this library: :math:`C = 0.5\,q\,c + 0.25\,q + 0.15\,d + 0.10\,b`; 1 only where all is there.
    """
    parts = {"coverage": coverage, "quality": quality, "denominators": denominators, "benchmarks": benchmarks}
    for name, part in parts.items():
        if not 0 <= part <= 1:
            raise InputError("must lie in [0, 1]", name, part, "Give a share.")
    return 0.5 * quality * coverage + 0.25 * quality + 0.15 * denominators + 0.10 * benchmarks
