"""Inventories drawn at random: one column of draws a group, shared factors drawn once.

Draws are made in blocks that stay in cache, shaped in place and summed by cell, so that the
random generator is what takes the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray

Distribution = Literal["normal", "lognormal", "triangular", "uniform"]
Codes = npt.NDArray[np.integer]

Z_95: Final = 1.959963984540054  # two-sided 95 % point of the standard normal
_TRIANGLE_95: Final = 1 - 0.05**0.5  # 95 % half-width of a symmetric triangle over its own half-width
_UNIFORM_95: Final = 0.95
_SCALE: Final[dict[Distribution, tuple[float, float]]] = {
    "normal": (1 / Z_95, 0.0),
    "triangular": (1 / _TRIANGLE_95, 0.0),
    "uniform": (2 / _UNIFORM_95, 0.5),
}
"""What turns a deviate as drawn into one of 95 % half-width 1, and the mean of the deviate as drawn."""
_BLOCK: Final = 1 << 14  # draws x sources in flight


class Spread(NamedTuple):
    """Mean and 95 % interval of each group of rows, as columns."""

    mean_t: FloatArray
    sd_t: FloatArray
    low_t: FloatArray
    high_t: FloatArray

    def frame(self, groups: Sequence[object], name: str) -> pd.DataFrame:
        """Return `mean_t, sd_t, low_t, high_t, pct`, the groups as index `name`."""
        half = (self.high_t - self.low_t) / 2
        index = pd.Index(list(groups), name=name, dtype=None if len(groups) else object)
        return pd.DataFrame({**self._asdict(), "pct": pct_of(half, self.mean_t)}, index=index)


def monte_carlo(
    emissions_t: FloatArray,
    activity_pct: FloatArray,
    factor_pct: FloatArray,
    factor: Codes,
    *,
    draws: int,
    rng: np.random.Generator,
    group: Codes | None = None,
    groups: int = 1,
    activity_distribution: Distribution = "normal",
    factor_distribution: Distribution = "normal",
) -> FloatArray:
    """Draw inventories: each row's activity by itself, each factor once for all its rows.

    Parameters
    ----------
    emissions_t, activity_pct, factor_pct, factor, group, groups
        As for `propagate`. Rows of one factor must state the same `factor_pct`.
    draws : int
        Inventories to draw.
    rng : numpy.random.Generator
        Where chance comes from; the same state gives the same draws.
    activity_distribution, factor_distribution : {"normal", "lognormal", "triangular", "uniform"}
        Each has mean 1. The symmetric three have the stated 95 % half-width; the lognormal has the
        standard deviation of the normal, so its interval leans upwards.

    Returns
    -------
    (draws, groups) array [tCO2e]

    Raises
    ------
    InputError
        A symmetric distribution so wide that it reaches below zero; the lognormal does not.
    """
    if draws < 1:
        raise InputError("must be at least 1", field="draws", value=draws)
    out = np.zeros((draws, groups))
    if not len(emissions_t):
        return out
    cell_group = np.zeros(len(factor), dtype=np.int64) if group is None else group.astype(np.int64)
    order = np.lexsort((factor, cell_group))  # rows of one cell side by side, so that a cell is one reduceat
    f, g, tonnes = factor[order], cell_group[order], emissions_t[order]
    starts = np.flatnonzero(np.r_[True, (f[1:] != f[:-1]) | (g[1:] != g[:-1])])
    _, pos, place = np.unique(f, return_index=True, return_inverse=True)
    ad = stated(np.broadcast_to(activity_pct, factor.shape)[order].astype(np.float64))
    ef = stated(np.broadcast_to(factor_pct, factor.shape)[order][pos].astype(np.float64))
    to_group = np.zeros((len(starts), groups))
    to_group[np.arange(len(starts)), g[starts]] = 1.0
    for scale, shape in ((ad, activity_distribution), (ef, factor_distribution)):
        _refuse_negative(scale, shape)

    of_cell = place[starts]
    spread_out = not np.array_equal(of_cell, np.arange(len(pos)))  # some factor serves several groups
    step = max(1, _BLOCK // len(f))
    for first in range(0, draws, step):
        n = min(step, draws - first)
        cells = _weighted(rng, n, ad, activity_distribution, tonnes, starts)
        shared = _multiplier(rng, n, ef, factor_distribution)
        cells *= shared[:, of_cell] if spread_out else shared
        out[first : first + n] = cells @ to_group
    return out


def _refuse_negative(pct: FloatArray, shape: Distribution) -> None:
    if shape not in get_args(Distribution):
        remedy = f"Use one of {', '.join(get_args(Distribution))}."
        raise InputError("is no distribution", field="distribution", value=shape, remedy=remedy)
    widest = {"normal": 100.0, "triangular": 100 * _TRIANGLE_95, "uniform": 100 * _UNIFORM_95, "lognormal": np.inf}
    if (pct > widest[shape]).any():
        raise InputError(
            f"a {shape} distribution this wide reaches below zero",
            field="uncertainty_pct",
            value=float(pct.max()),
            row=int(pct.argmax()),
            remedy="Draw it as lognormal.",
        )


def _multiplier(rng: np.random.Generator, draws: int, pct: FloatArray, shape: Distribution) -> FloatArray:
    """(draws, n) factors of mean 1 with the stated spread."""
    if shape == "lognormal":
        variance = np.log1p((pct / (100 * Z_95)) ** 2)
        x = rng.standard_normal((draws, len(pct)))
        x *= np.sqrt(variance)
        x -= variance / 2
        return np.exp(x, out=x)
    scale, mean = _SCALE[shape]
    x = _deviate(rng, (draws, len(pct)), shape)
    x *= pct * (scale / 100)
    x += 1 - pct * (scale * mean / 100)
    return x


def _weighted(
    rng: np.random.Generator, draws: int, pct: FloatArray, shape: Distribution, tonnes: FloatArray, starts: Codes
) -> FloatArray:
    """(draws, cells) sums of tonnes times multiplier; where the spread is symmetric, one pass over the draws."""
    if shape == "lognormal":
        x = _multiplier(rng, draws, pct, shape)
        x *= tonnes
        return _by_cell(x, starts)
    scale, mean = _SCALE[shape]
    weight = tonnes * (pct * (scale / 100))
    x = _deviate(rng, (draws, len(pct)), shape)
    x *= weight
    cells = _by_cell(x, starts)
    cells += np.add.reduceat(tonnes - mean * weight, starts)
    return cells


def _by_cell(x: FloatArray, starts: Codes) -> FloatArray:
    return x if len(starts) == x.shape[1] else np.add.reduceat(x, starts, axis=1)


def _deviate(rng: np.random.Generator, size: tuple[int, int], shape: Distribution) -> FloatArray:
    """Deviates as the generator gives them; `_SCALE` has their mean, and what makes their 95 % half-width 1."""
    if shape == "normal":
        return rng.standard_normal(size)
    x = rng.random(size)
    if shape == "uniform":
        return x
    x -= 0.5
    away = np.abs(x)  # the inverse of a symmetric triangle's distribution function
    away *= -2
    away += 1
    np.sqrt(away, out=away)
    np.subtract(1, away, out=away)
    return np.copysign(away, x, out=x)


def spread(draws_t: FloatArray) -> Spread:
    """Mean, standard deviation and 95 % percentiles of each column of draws."""
    low, high = np.percentile(draws_t, [2.5, 97.5], axis=0)
    sd = draws_t.std(axis=0, ddof=1) if len(draws_t) > 1 else np.zeros(draws_t.shape[1])
    return Spread(draws_t.mean(axis=0), sd, low, high)


def pct_of(half_t: FloatArray, mean_t: FloatArray) -> FloatArray:
    """Half-widths as percentages of their means; NaN where the mean is zero."""
    out: FloatArray = np.full(np.shape(mean_t), np.nan)
    return np.divide(100 * half_t, np.abs(mean_t), out=out, where=np.asarray(mean_t) != 0)


def stated(column: FloatArray) -> FloatArray:
    """Return a fresh column with 0 where no uncertainty is stated."""
    return np.nan_to_num(column, copy=False) if np.isnan(column.sum()) else column
