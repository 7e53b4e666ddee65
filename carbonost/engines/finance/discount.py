"""Present values: what a stream of money is worth at one instant."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from carbonost.domain.arguments import finite, fit, one_of, scalar
from carbonost.domain.checks import day as read_day
from carbonost.engines.finance.columns import flows, held, plain, rates, whole_years
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.domain.series import FloatArray

DayCount = Literal["ACT/365F", "ACT/360", "ACT/ACT", "30/360"]
DAY_COUNTS: Final = ("ACT/365F", "ACT/360", "ACT/ACT", "30/360")


def npv(rate: npt.ArrayLike, cashflows: npt.ArrayLike, first_at: float = 0) -> float | FloatArray:
    r"""Net present value of equally spaced flows.

    Parameters
    ----------
    rate : float or array [1/period]
        Discount rate per period; broadcasts against the leading axes of `cashflows`.
    cashflows : (..., n) array of float [CNY]
        Flow at the end of each period, income positive; time on the last axis.
    first_at : float
        Time of the first flow in periods. 0: the first flow is today (an investment).
        1: the first flow comes after one period, as a spreadsheet's ``NPV`` assumes.

    Returns
    -------
    float or (...) array [CNY]
        Value at time 0.

    Raises
    ------
    InputError
        If a flow is not finite, or a rate is not above -1.

    Notes
    -----
    .. math:: NPV = \sum_{t=0}^{n-1} \frac{C_t}{(1+r)^{t + t_0}}

    Examples
    --------
    >>> round(npv(0.08, [-100.0, 60.0, 60.0]), 4)
    6.9959
    """
    flow = flows(cashflows)
    times = np.arange(flow.shape[-1], dtype=np.float64) + scalar(first_at, "first_at")
    return _discounted(rates(rate), flow, times)


def xnpv(
    rate: npt.ArrayLike, cashflows: npt.ArrayLike, dates: Sequence[object], *, day_count: DayCount = "ACT/365F"
) -> float | FloatArray:
    """Net present value of dated flows, at the date of the first one.

    Parameters
    ----------
    rate : float or array [1/a]
        Effective annual rate.
    cashflows : (..., n) array of float [CNY]
        Flows in the order of `dates`.
    dates : sequence of n dates
        `date`, `datetime`, ISO string or `datetime64`; none before the first. Beyond that they may
        stand in any order, and twice.
    day_count : {"ACT/365F", "ACT/360", "ACT/ACT", "30/360"}
        How days become years. "ACT/365F" (days over 365, leap years too) is the spreadsheet's ``XNPV``.

    Returns
    -------
    float or (...) array [CNY]

    Examples
    --------
    >>> round(xnpv(0.1, [-100.0, 110.0], ["2025-01-01", "2026-01-01"]), 9)
    0.0
    """
    flow = flows(cashflows)
    times = year_fractions(dates, day_count)
    if times.size != flow.shape[-1]:
        raise InputError(f"{times.size} dates for {flow.shape[-1]} flows", "dates", None, "Give one date per flow.")
    return _discounted(rates(rate), flow, times)


def year_fractions(dates: Sequence[object], day_count: DayCount = "ACT/365F") -> FloatArray:
    """Years from the first date to each date.

    Parameters
    ----------
    dates : sequence of dates
        None before the first.
    day_count : {"ACT/365F", "ACT/360", "ACT/ACT", "30/360"}
        "ACT/ACT" counts each calendar year's days over that year's length (ISDA);
        "30/360" takes twelve months of thirty days (bond basis).

    Returns
    -------
    (n,) array of float [a]
    """
    one_of(day_count, DAY_COUNTS, "day_count")
    if isinstance(dates, str) or not isinstance(dates, Iterable):
        raise InputError("is no sequence of dates", "dates", dates, "Give one date per flow.")
    days = [read_day(value, "dates", row=row) for row, value in enumerate(dates)]
    if not days:
        raise InputError("needs at least one date", "dates", None, "Give one date per flow.")
    first = days[0]
    for row, day in enumerate(days):
        if day < first:
            problem = f"lies before the first date {first}"
            raise InputError(problem, "dates", str(day), "Put the earliest flow first; its date is time 0.", row)
    if day_count == "ACT/ACT":
        return np.array([_actual_actual(day) - _actual_actual(first) for day in days])
    if day_count == "30/360":
        return np.array([_thirty_360(first, day) for day in days])
    length = 365.0 if day_count == "ACT/365F" else 360.0
    return np.array([(day - first).days / length for day in days])


def annuity(rate: npt.ArrayLike, years: npt.ArrayLike, present_cny: npt.ArrayLike = 1.0) -> float | FloatArray:
    r"""Equal payment at each year's end that is worth `present_cny` today.

    With the default of 1 this is the capital recovery factor [1/a]; its inverse is the present
    value of 1 a year.

    Parameters
    ----------
    rate : float or array [1/a]
    years : float or array [a]
        Number of payments, whole.
    present_cny : float or array [CNY]

    Returns
    -------
    float or array [CNY/a]

    Notes
    -----
    .. math:: a = P \frac{r}{1-(1+r)^{-n}}, \qquad a = P/n \text{ at } r = 0

    Examples
    --------
    >>> round(annuity(0.08, 15), 6)
    0.11683
    """
    r, n, present = rates(rate), whole_years(years), finite(present_cny, "present_cny")
    fit(rate=r, years=n, present_cny=present)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        growth = -np.expm1(-n * np.log1p(r))  # 1 - (1+r)^-n without cancellation near r = 0
        factor = np.where(r == 0.0, 1.0 / n, r / growth)
    return plain(np.asarray(factor * present))


def real_rate(nominal: npt.ArrayLike, inflation: npt.ArrayLike) -> float | FloatArray:
    """Real rate that a nominal one is worth under `inflation` (Fisher): (1+n)/(1+i) - 1, all in 1/a.

    Nominal flows are discounted at the nominal rate, flows in prices of one year at the real one.
    """
    grown, dearer = rates(nominal, "nominal"), rates(inflation, "inflation")
    fit(nominal=grown, inflation=dearer)
    return plain(np.asarray((1.0 + grown) / (1.0 + dearer) - 1.0))


def _discounted(rate: FloatArray, flow: FloatArray, times: FloatArray) -> float | FloatArray:
    fit(rate=rate[..., None], cashflows=flow)
    with np.errstate(over="ignore", invalid="ignore"):
        value = (flow * np.exp(-np.log1p(rate)[..., None] * times)).sum(axis=-1)
    return plain(held(np.asarray(value), "rate", rate))


def _actual_actual(day: date) -> float:
    return day.year + (day - date(day.year, 1, 1)).days / (366 if isleap(day.year) else 365)


def _thirty_360(first: date, day: date) -> float:
    d1 = min(first.day, 30)
    d2 = min(day.day, 30) if d1 == 30 else day.day  # noqa: PLR2004 -- the convention's own thirty
    return ((day.year - first.year) * 360 + (day.month - first.month) * 30 + (d2 - d1)) / 360.0
