"""Depreciation: a cost spread over the years the tax authority, or the accountant, allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.arguments import finite, scalar
from carbonost.engines.finance.columns import one_term, shares
from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import FloatArray


def straight_line(cost_cny: npt.ArrayLike, years: int, residual_rate: float = 0.0) -> FloatArray:
    """Equal amounts each year.

    Parameters
    ----------
    cost_cny : float or (...) array [CNY]
    years : int [a]
    residual_rate : float [-]
        Share of the cost that is never written off, 0 to below 1. Chinese tax law sets none
        (Implementing Regulations, art. 59), so a value other than 0 is an assumption to print.

    Returns
    -------
    (..., years) array of float [CNY/a]

    Examples
    --------
    >>> straight_line(1000.0, 4, residual_rate=0.04)
    array([240., 240., 240., 240.])
    """
    base, n = _base(cost_cny, years, residual_rate)
    return np.asarray(base[..., None] * np.full(n, 1.0 / n))


def sum_of_years(cost_cny: npt.ArrayLike, years: int, residual_rate: float = 0.0) -> FloatArray:
    """Sum-of-the-years'-digits: year k of n takes (n - k + 1) / (1 + 2 + … + n); see `straight_line`.

    Examples
    --------
    >>> sum_of_years(1000.0, 4)
    array([400., 300., 200., 100.])
    """
    base, n = _base(cost_cny, years, residual_rate)
    digits = np.arange(n, 0, -1.0)
    return np.asarray(base[..., None] * (digits / digits.sum()))


def declining_balance(
    cost_cny: npt.ArrayLike, years: int, residual_rate: float = 0.0, *, factor: float = 2.0
) -> FloatArray:
    """A constant share of the book value, straight line over the last two years (Chinese practice).

    Parameters
    ----------
    cost_cny, years, residual_rate
        See `straight_line`. The residual is left out of the yearly share and taken off before the
        last two years.
    factor : float
        2 for the double declining balance (双倍余额递减法): a yearly share of ``factor / years``.

    Returns
    -------
    (..., years) array of float [CNY/a]

    Examples
    --------
    >>> declining_balance(1000.0, 5)
    array([400., 240., 144., 108., 108.])
    """
    base, n = _base(cost_cny, years, residual_rate)
    if not 0 < scalar(factor, "factor") <= max(n, 2):  # over one or two years nothing declines
        raise InputError("must lie between 0 and the years", "factor", factor, "Use 2 for double declining balance.")
    share = factor / n
    declining = max(n - 2, 0)
    left = (1.0 - share) ** declining
    yearly = share * (1.0 - share) ** np.arange(declining)
    tail = (left - residual_rate) / (n - declining)
    if tail < 0:
        problem = "is above the book value two years before the end"
        raise InputError(problem, "residual_rate", residual_rate, "Lower the residual or use straight_line.")
    shares = np.concatenate([yearly, np.full(n - declining, tail)])
    return np.asarray((base / (1.0 - residual_rate))[..., None] * shares)


def _base(cost_cny: npt.ArrayLike, years: int, residual_rate: float) -> tuple[FloatArray, int]:
    cost, left = (
        finite(cost_cny, "cost_cny"),
        shares(scalar(residual_rate, "residual_rate"), "residual_rate", whole_too=False),
    )
    return np.asarray(cost * (1.0 - left)), one_term(years)
