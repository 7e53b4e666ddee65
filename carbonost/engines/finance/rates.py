"""Rates of return: every real root of a cash flow, found with a proof that there are no others.

The present value is a generalised polynomial in the discount factor. Multiplied by a power between
the two terms of one sign change and differentiated, it loses exactly that sign change (the step of
Descartes' and Laguerre's rule of signs). So the roots of the derivative, found the same way, cut
the axis into stretches on which the present value is monotone, and each stretch holds one root or
none. The depth is the number of sign changes, one for an ordinary investment, whatever its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.domain.arguments import fit
from carbonost.engines.finance.columns import flows, held, plain, rates
from carbonost.engines.finance.discount import DayCount, year_fractions
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.domain.series import FloatArray, IntArray

TOUCHES: Final = 64 * np.finfo(np.float64).eps  # |sum| below this share of sum|terms| is rounding, so zero
WIDEST: Final = 700.0  # |ln(1 + rate)| beyond which a double holds no rate
SAFE: Final = 600.0  # periods times |ln(1 + rate)| within which no power overflows
CLOSE: Final = 1e-12  # step in ln(1 + rate) after which a quadratic step leaves only rounding


@dataclass(frozen=True, slots=True)
class Irr:
    """Internal rates of return of one cash flow.

    Attributes
    ----------
    rate : float or None [1/period, or 1/a with dates]
        The rate, when there is exactly one; None when there is none or several, because then no
        single one is *the* return.
    roots : tuple of float
        Every rate above -1 at which the present value is zero, ascending.
    unique : bool
        Whether there is exactly one.
    sign_changes : int
        Changes of sign along the flow: an upper bound on the number of roots.
    """

    rate: float | None
    roots: tuple[float, ...]
    unique: bool
    sign_changes: int


def irr(cashflows: npt.ArrayLike, dates: Sequence[object] | None = None, *, day_count: DayCount = "ACT/365F") -> Irr:
    """All internal rates of return of one cash flow.

    Parameters
    ----------
    cashflows : (n,) array of float [CNY]
        Flows, income positive, one period apart unless `dates` are given.
    dates : sequence of n dates, optional
        Then the rates are effective annual ones, as `xirr` gives them.
    day_count : str
        See `year_fractions`.

    Returns
    -------
    Irr
        `rate` is None, and `roots` empty, for a flow that never changes sign.

    Examples
    --------
    The pump of Lorie and Savage pays 400 % and 25 % at once, so it has no rate of return:

    >>> pump = irr([-1600.0, 10000.0, -10000.0])
    >>> pump.rate, [round(root, 6) for root in pump.roots], pump.unique
    (None, [0.25, 4.0], False)

    References
    ----------
    .. [1] J. H. Lorie and L. J. Savage, "Three Problems in Rationing Capital", J. Business 28 (1955).
    .. [2] G. J. O. Jameson, "Counting zeros of generalised polynomials: Descartes' rule of signs and
       Laguerre's extensions", Math. Gazette 90 (2006).
    """
    flow = flows(cashflows)
    if flow.ndim != 1:
        raise InputError("takes one cash flow", "cashflows", flow.shape, "Use irr_column for a table of flows.")
    times = np.arange(flow.size, dtype=np.float64) if dates is None else year_fractions(dates, day_count)
    if times.size != flow.size:
        raise InputError(f"{times.size} dates for {flow.size} flows", "dates", None, "Give one date per flow.")
    amounts, instants = _merged(flow, times)
    changes = _sign_changes(amounts)
    found = (float(np.expm1(s)) for s in _zeros(amounts, instants))
    roots = tuple(root for root in found if root > -1.0)  # nearer to a total loss than a double can tell
    return Irr(roots[0] if len(roots) == 1 else None, roots, len(roots) == 1, len(changes))


def xirr(cashflows: npt.ArrayLike, dates: Sequence[object], *, day_count: DayCount = "ACT/365F") -> Irr:
    """All effective annual rates of return of one dated cash flow; see `irr`."""
    return irr(cashflows, dates, day_count=day_count)


def irr_column(cashflows: npt.ArrayLike) -> FloatArray:
    """Rate of return of each row of a table of flows.

    Parameters
    ----------
    cashflows : (..., n) array of float [CNY]

    Returns
    -------
    (...) array of float [1/period]
        NaN where a row has no rate or several. Rows with one change of sign have exactly one rate,
        and are solved together; the others go through `irr` one by one.
    """
    flow = flows(cashflows)
    table = flow.reshape(-1, flow.shape[-1])
    signs = np.sign(table)
    filled = _carry_signs(signs)
    changes = ((filled[:, 1:] * filled[:, :-1]) < 0).sum(axis=1)
    result = np.full(table.shape[0], np.nan)
    simple = changes == 1
    result[simple] = _one_root_each(table[simple])
    for row in np.flatnonzero(changes > 1):
        rate = irr(table[row]).rate
        result[row] = np.nan if rate is None else rate
    return result.reshape(flow.shape[:-1])


def mirr(cashflows: npt.ArrayLike, finance_rate: npt.ArrayLike, reinvest_rate: npt.ArrayLike) -> float | FloatArray:
    r"""Modified internal rate of return.

    Outflows are discounted at `finance_rate`, inflows carried to the end at `reinvest_rate`.

    Parameters
    ----------
    cashflows : (..., n) array of float [CNY]
    finance_rate, reinvest_rate : float or array [1/period]

    Returns
    -------
    float or (...) array [1/period]
        NaN where the flow has no inflow or no outflow.

    Notes
    -----
    .. math:: MIRR = \left(\frac{FV(C^+, r_r)}{-PV(C^-, r_f)}\right)^{1/(n-1)} - 1
    """
    flow = flows(cashflows, at_least=2)
    times = np.arange(flow.shape[-1], dtype=np.float64)
    last = times[-1]
    paid, kept = rates(finance_rate, "finance_rate"), rates(reinvest_rate, "reinvest_rate")
    fit(cashflows=flow[..., 0], finance_rate=paid, reinvest_rate=kept)
    with np.errstate(over="ignore", invalid="ignore"):
        spent = (np.minimum(flow, 0.0) * np.exp(-np.log1p(paid)[..., None] * times)).sum(-1)
        earned = (np.maximum(flow, 0.0) * np.exp(np.log1p(kept)[..., None] * (last - times))).sum(-1)
    held(spent, "finance_rate", paid)
    held(earned, "reinvest_rate", kept)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where((spent < 0) & (earned > 0), (earned / -spent) ** (1.0 / last) - 1.0, np.nan)
    return plain(np.asarray(rate))


def _merged(flow: FloatArray, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sort by time, add flows of one instant, drop zeros."""
    instants, index = np.unique(times, return_inverse=True)
    amounts = np.bincount(index, weights=flow, minlength=instants.size)
    keep = amounts != 0.0
    return amounts[keep], instants[keep]


def _sign_changes(amounts: FloatArray) -> IntArray:
    return np.flatnonzero(amounts[1:] * np.sign(amounts[:-1]) < 0).astype(np.int32)


def _value(s: float, amounts: FloatArray, times: FloatArray) -> float:
    """Present value at s = ln(1 + rate) as a share of the sum of the terms' sizes; 0 within rounding."""
    terms = _scaled(s, amounts, times)
    share = float(terms.sum() / np.abs(terms).sum())
    return 0.0 if abs(share) <= TOUCHES else share


def _scaled(s: float, amounts: FloatArray, times: FloatArray) -> FloatArray:
    """Discounted flows over the largest of them: sizes are added as logarithms, so none over- or underflows."""
    exponents = np.log(np.abs(amounts)) - times * s
    return np.asarray(np.sign(amounts) * np.exp(exponents - exponents.max()))


def _zeros(amounts: FloatArray, times: FloatArray) -> list[float]:
    """Every s at which the sum of amounts * exp(-times * s) is zero, ascending."""
    changes = _sign_changes(amounts)
    if changes.size == 0:
        return []
    pivot = 0.5 * (times[changes[0]] + times[changes[0] + 1])
    slope = -amounts * (times - pivot)
    turns = _zeros(slope / np.abs(slope).max(), times)
    low, high = _outer(amounts, times, turns)
    found: list[float] = []
    edges = [low, *turns, high]
    values = [_value(s, amounts, times) for s in edges]
    for index, edge in enumerate(edges[:-1]):
        if values[index] == 0.0:
            found.append(edge)
        elif values[index] * values[index + 1] < 0:
            found.append(_bracketed(edge, edges[index + 1], amounts, times))
    if values[-1] == 0.0:
        found.append(edges[-1])
    return [s for at, s in enumerate(found) if at == 0 or s - found[at - 1] > 1e-9]  # noqa: PLR2004 -- one double root


def _outer(amounts: FloatArray, times: FloatArray, turns: list[float]) -> tuple[float, float]:
    """Ends beyond which the first, or the last, flow decides the sign."""
    span = max(float(times[-1] - times[0]), np.finfo(np.float64).tiny)
    step = 1.0 / span
    low = min(turns, default=0.0) - step
    while low > -WIDEST and _value(low, amounts, times) * amounts[-1] <= 0:
        low = max(low - step, -WIDEST)
        step *= 2.0
    step = 1.0 / span
    high = max(turns, default=0.0) + step
    while high < WIDEST and _value(high, amounts, times) * amounts[0] <= 0:
        high = min(high + step, WIDEST)
        step *= 2.0
    return low, high


def _bracketed(low: float, high: float, amounts: FloatArray, times: FloatArray) -> float:
    """The one zero between `low` and `high`, whose values differ in sign.

    Newton on ln(inflow / outflow), which is nearly a straight line in s; each eighth step halves the
    bracket, so that the count is bounded whatever the flow.
    """
    rising = _value(high, amounts, times) > 0
    s = 0.5 * (low + high)
    for count in range(600):
        terms = _scaled(s, amounts, times)
        gains, costs = np.maximum(terms, 0.0), np.maximum(-terms, 0.0)
        gain, cost = float(gains.sum()), float(costs.sum())
        if gain == cost:
            return s
        if (gain > cost) == rising:
            high = s
        else:
            low = s
        following = 0.5 * (low + high)
        if gain and cost and count % 8 != 7:  # noqa: PLR2004 -- see above
            slope = float((times * costs).sum() / cost - (times * gains).sum() / gain)
            step = s - float(np.log(gain / cost)) / slope if slope else low
            following = step if low <= step <= high else following
            if abs(following - s) <= CLOSE * max(1.0, abs(s)):
                return following
        if high - low <= CLOSE * max(1.0, abs(s)):
            return following
        s = following
    return s


def _carry_signs(signs: FloatArray) -> FloatArray:
    """Each row's signs with zeros replaced by the last sign before them."""
    columns = np.arange(signs.shape[1])
    last = np.maximum.accumulate(np.where(signs != 0, columns, 0), axis=1)
    return np.take_along_axis(signs, last, axis=1)


def _one_root_each(table: FloatArray) -> FloatArray:
    """Rate of each row, each with one change of sign, solved together as `_bracketed` solves one.

    Rows whose root lies where a power of the discount factor could overflow go through `irr`.
    """
    if table.size == 0:
        return np.empty(table.shape[0])
    columns = np.ascontiguousarray((table / np.abs(table).max(axis=1, keepdims=True)).T)
    first = np.take_along_axis(np.sign(columns), (columns != 0).argmax(axis=0)[None], axis=0)[0]
    early, late = np.maximum(columns * first, 0.0), np.maximum(-columns * first, 0.0)
    reach = SAFE / (columns.shape[0] - 1)
    low, high = np.full(first.size, -reach), np.full(first.size, reach)
    inside = (_log_ratio(low, early, late)[0] < 0) & (_log_ratio(high, early, late)[0] > 0)
    s = np.zeros_like(low)
    active = np.flatnonzero(inside)
    for count in range(600):
        if not active.size:
            break
        at = s[active]
        ratio, slope = _log_ratio(at, early[:, active], late[:, active])
        above = ratio > 0  # beyond the root the first flows weigh more
        high[active[above]], low[active[~above]] = at[above], at[~above]
        a, b = low[active], high[active]
        step = at - ratio / slope if count % 8 != 7 else np.full_like(at, np.inf)  # noqa: PLR2004 -- then halve
        s[active] = np.where((step >= a) & (step <= b), step, 0.5 * (a + b))
        moved = np.abs(s[active] - at)
        active = active[(moved > CLOSE * np.maximum(1.0, np.abs(at))) & (ratio != 0.0)]
    found = np.expm1(s)
    for row in np.flatnonzero(~inside):
        found[row] = next(iter(irr(table[row]).roots), np.nan)
    return np.where(found > -1.0, found, np.nan)


def _log_ratio(s: FloatArray, early: FloatArray, late: FloatArray) -> tuple[FloatArray, FloatArray]:
    """ln(value of the first flows / value of the later ones) and its slope in s, column by column."""
    x = np.exp(-s)
    parts = []
    with np.errstate(divide="ignore", invalid="ignore"):  # a side that underflows is no number: `inside` is then false
        for side in (early, late):
            value, weighted = side[-1].copy(), np.zeros_like(s)
            for flow in side[-2::-1]:
                weighted = weighted * x + value
                value = value * x + flow
            parts.append((value, x * weighted / value))
        (one, mean_one), (two, mean_two) = parts
        return np.log(one / two), mean_two - mean_one
