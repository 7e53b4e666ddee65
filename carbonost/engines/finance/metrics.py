"""Payback, levelised cost, abatement cost: what an investment is judged by beside its present value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.arguments import finite, fit, of_kind, scalar, whole
from carbonost.engines.finance.columns import LONGEST, flows, held, one_rate, plain, rates, shares, whole_years
from carbonost.engines.finance.discount import annuity
from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import FloatArray


@dataclass(frozen=True, slots=True)
class Payback:
    """When an investment has returned its money; None wherever that is not inside the horizon.

    Attributes
    ----------
    years : float or None [period]
        The payback to quote: equal to `final`, so money that is lost again later does not count.
    first : float or None [period]
        When the cumulative flow first reaches zero.
    final : float or None [period]
        From when on it stays at zero or above.
    discounted : float or None [period]
        As `final`, over flows discounted at the rate given; None without a rate.
    """

    years: float | None
    first: float | None
    final: float | None
    discounted: float | None


def payback(cashflows: npt.ArrayLike, rate: float | None = None) -> Payback:
    """Time until the money is back, flows spread evenly over their period.

    A flow that is never below zero is back at once, after 0 periods.

    Parameters
    ----------
    cashflows : (n,) array of float [CNY]
        The first flow at time 0.
    rate : float, optional [1/period]
        Adds the discounted payback.

    Returns
    -------
    Payback

    Examples
    --------
    >>> payback([-100.0, 40.0, 40.0, 40.0]).years
    2.5
    >>> payback([-100.0, 40.0]).years is None
    True
    """
    flow = flows(cashflows)
    if flow.ndim != 1:
        raise InputError("takes one cash flow", "cashflows", flow.shape, "Use payback_column for a table of flows.")
    first, final = (_maybe(value) for value in _crossings(flow))
    discounted = None
    if rate is not None:
        with np.errstate(over="ignore", invalid="ignore"):
            worth = flow * np.exp(-np.log1p(one_rate(rate)) * np.arange(flow.size))
        discounted = _maybe(_crossings(held(worth, "rate", np.asarray(rate, dtype=np.float64)))[1])
    return Payback(final, first, final, discounted)


def payback_column(cashflows: npt.ArrayLike) -> FloatArray:
    """`Payback.years` of each row of a table of flows, shape (..., n) to (...); NaN where the money never returns."""
    return _crossings(flows(cashflows))[1]


def lcoe(
    capex_cny: npt.ArrayLike,
    opex_cny_per_year: npt.ArrayLike,
    energy_kwh_per_year: npt.ArrayLike,
    rate: npt.ArrayLike,
    years: npt.ArrayLike,
    degradation: npt.ArrayLike = 0.0,
    *,
    replacements: Mapping[int, float] | None = None,
    residual_cny: npt.ArrayLike = 0.0,
) -> float | FloatArray:
    r"""Levelised cost of energy.

    Parameters
    ----------
    capex_cny : float or array [CNY]
        At time 0.
    opex_cny_per_year : float or array [CNY/a]
    energy_kwh_per_year : float or array [kWh/a]
        In the first year.
    rate : float or array [1/a]
        Real rate for costs in constant prices, nominal for nominal ones.
    years : int or array [a]
        Life.
    degradation : float or array [1/a]
        Share of the output lost each year after the first, 0 to below 1.
    replacements : {year: CNY}, optional
        Parts bought again at the end of that year; years beyond the life are not counted.
    residual_cny : float or array [CNY]
        Worth at the end of life.

    Returns
    -------
    float or array [CNY/kWh]
        NaN where no energy is delivered: such a cost does not exist.

    Notes
    -----
    .. math:: LCOE = \frac{I + \sum_t (O_t + R_t)(1+r)^{-t} - S(1+r)^{-n}}{\sum_t E (1-d)^{t-1} (1+r)^{-t}}

    Examples
    --------
    >>> round(lcoe(3000.0, 46.0, 1100.0, 0.06, 20, 0.005), 4)
    0.2903
    """
    capex, opex = finite(capex_cny, "capex_cny"), finite(opex_cny_per_year, "opex_cny_per_year")
    first = finite(energy_kwh_per_year, "energy_kwh_per_year")
    if (first < 0).any():
        raise InputError("must not be negative", "energy_kwh_per_year", first.tolist(), "Give what is delivered.")
    lost = shares(degradation, "degradation", whole_too=False)
    r, life, left = rates(rate), whole_years(years), finite(residual_cny, "residual_cny")
    fit(
        capex_cny=capex, opex_cny_per_year=opex, energy_kwh_per_year=first, rate=r, years=life, degradation=lost,
        residual_cny=left,
    )  # fmt: skip
    year = np.arange(1.0, life.max() + 1.0)
    alive = year <= life[..., None]
    with np.errstate(over="ignore"):
        weight = alive * held(np.exp(-np.log1p(r)[..., None] * year), "rate", r)
    output = first[..., None] * (1.0 - lost)[..., None] ** (year - 1.0)
    spent = opex[..., None] + _bought(replacements, year) - (year == life[..., None]) * left[..., None]
    cost = capex + (spent * weight).sum(axis=-1)
    energy = (output * weight).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.asarray(np.where(energy > 0, cost / energy, np.nan)))


def mac(
    capex_cny: npt.ArrayLike,
    opex_cny_per_year: npt.ArrayLike,
    saving_cny_per_year: npt.ArrayLike,
    abatement_t_per_year: npt.ArrayLike,
    rate: npt.ArrayLike,
    years: npt.ArrayLike,
) -> float | FloatArray:
    r"""Marginal abatement cost: net cost of a year per tonne avoided in it.

    Parameters
    ----------
    capex_cny : float or array [CNY]
    opex_cny_per_year, saving_cny_per_year : float or array [CNY/a]
        Savings without any carbon price: the result is what the carbon price is compared with.
    abatement_t_per_year : float or array [tCO2e/a]
    rate : float or array [1/a]
    years : int or array [a]

    Returns
    -------
    float or array [CNY/tCO2e]
        Negative for a measure that pays for itself. NaN where nothing is abated: a measure that
        avoids nothing, or emits, has no abatement cost, and `macc` reports it by name.

    Notes
    -----
    .. math:: MAC = \frac{I\,a(r, n) + O - S}{A}, \qquad a = \text{capital recovery factor}

    Examples
    --------
    >>> round(mac(1_000_000.0, 20_000.0, 100_000.0, 500.0, 0.08, 15), 2)
    73.66
    """
    capex, opex = finite(capex_cny, "capex_cny"), finite(opex_cny_per_year, "opex_cny_per_year")
    saving = finite(saving_cny_per_year, "saving_cny_per_year")
    tonnes = finite(abatement_t_per_year, "abatement_t_per_year")
    fit(
        capex_cny=capex, opex_cny_per_year=opex, saving_cny_per_year=saving, abatement_t_per_year=tonnes,
        rate=rates(rate), years=whole_years(years),
    )  # fmt: skip
    cost = annuity(rate, years, capex) + opex - saving
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.asarray(np.where(tonnes > 0, cost / tonnes, np.nan)))


def _crossings(flow: FloatArray) -> tuple[FloatArray, FloatArray]:
    """When the running sum first reaches zero and from when it stays there; NaN for never."""
    running = np.cumsum(flow, axis=-1)
    scale = np.abs(flow).sum(axis=-1, keepdims=True)
    running = np.where(np.abs(running) <= 8 * np.finfo(np.float64).eps * scale, 0.0, running)
    back = running >= 0.0
    reached = back & ~np.concatenate([np.zeros_like(back[..., :1]), back[..., :-1]], axis=-1)
    before = running - flow
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        inside = np.where(flow > 0, np.clip(-before / flow, 0.0, 1.0), 0.0)
    at = np.where(np.arange(flow.shape[-1]) > 0, np.arange(flow.shape[-1]) - 1.0 + inside, 0.0)
    when = np.where(reached, at, np.nan)
    none = ~reached.any(axis=-1)
    first = np.where(none, np.nan, np.take_along_axis(when, reached.argmax(axis=-1)[..., None], -1)[..., 0])
    last = flow.shape[-1] - 1 - np.flip(reached, axis=-1).argmax(axis=-1)
    final = np.where(none | ~back[..., -1], np.nan, np.take_along_axis(when, last[..., None], -1)[..., 0])
    return np.asarray(first), np.asarray(final)


def _maybe(value: FloatArray) -> float | None:
    return None if np.isnan(value) else float(value)


def _bought(replacements: Mapping[int, float] | None, year: FloatArray) -> FloatArray:
    bought = np.zeros_like(year)
    told = {} if replacements is None else replacements
    of_kind(told, Mapping, "replacements", "Give {year: CNY}.")
    for when, cost in told.items():
        at, paid = whole(when, "replacements", least=1, most=LONGEST), scalar(cost, f"replacements[{when}]")
        if at <= year.size:
            bought[at - 1] += paid
    return bought
