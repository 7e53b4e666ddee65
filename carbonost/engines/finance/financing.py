"""Who pays: a loan's service, and an energy-performance contract's two sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from carbonost.domain.alike import Alike
from carbonost.domain.arguments import finite, fit, one_of, whole
from carbonost.engines.finance.columns import flows, held, one_rate, one_term, shares
from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import FloatArray

METHODS: Final = ("annuity", "equal_principal")


@dataclass(frozen=True, slots=True, eq=False)
class Loan(Alike):
    """Service of a loan by year, shape (..., years), in CNY; `balance_cny` is what is owed after each year."""

    interest_cny: FloatArray
    repayment_cny: FloatArray
    balance_cny: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class SharedSavings(Alike):
    """The two sides of an energy-performance contract, shape (..., n), in CNY; they sum to the project."""

    host_cny: FloatArray
    provider_cny: FloatArray


def loan(
    principal_cny: npt.ArrayLike,
    rate: float,
    years: int,
    *,
    method: Literal["annuity", "equal_principal"] = "annuity",
    grace_years: int = 0,
) -> Loan:
    """Yearly service of a loan drawn at time 0, paid at each year's end.

    Parameters
    ----------
    principal_cny : float or (...) array [CNY]
    rate : float [1/a]
        Nominal; for a Chinese bank loan the LPR of the day with its spread.
    years : int [a]
        Term, grace included.
    method : {"annuity", "equal_principal"}
        等额本息: equal payments. 等额本金: equal repayments, interest on the rest.
    grace_years : int [a]
        First years that pay interest only.

    Returns
    -------
    Loan

    Examples
    --------
    >>> service = loan(1000.0, 0.05, 2, method="equal_principal")
    >>> service.interest_cny, service.repayment_cny
    (array([50., 25.]), array([500., 500.]))
    """
    principal = finite(principal_cny, "principal_cny")
    if (principal < 0).any():
        raise InputError("must not be negative", "principal_cny", float(principal.min()), "Give the sum borrowed.")
    n, r = one_term(years), one_rate(rate)
    if whole(grace_years, "grace_years") >= n:
        raise InputError("must be shorter than the term", "grace_years", grace_years, "Repayment needs a year.")
    repaying = n - int(grace_years)
    if one_of(method, METHODS, "method") == "annuity":
        each_year = _growing(r, repaying)
    else:
        each_year = np.full(repaying, 1.0 / repaying)
    repayment = principal[..., None] * np.concatenate([np.zeros(n - repaying), each_year])
    balance = principal[..., None] - np.cumsum(repayment, axis=-1)
    owed = np.concatenate([principal[..., None], balance[..., :-1]], axis=-1)
    return Loan(np.asarray(owed * r), np.asarray(repayment), np.asarray(balance))


def _growing(rate: float, years: int) -> FloatArray:
    """Repayments of 1 by equal payments: each grows by the interest no longer due, and together they are 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        growth = (1.0 + rate) ** np.arange(years)
        each = growth / growth.sum()
    return held(each, "rate", np.asarray(rate, dtype=np.float64))


def shared_savings(
    project_cny: npt.ArrayLike, saving_cny: npt.ArrayLike, provider_share: npt.ArrayLike, contract_years: int
) -> SharedSavings:
    """Split a project between the host and the energy service company (节能效益分享型).

    The provider pays the investment and the running cost while the contract lasts, and receives its
    share of the saving; afterwards the equipment and the whole saving are the host's.

    Parameters
    ----------
    project_cny : (..., n) array of float [CNY]
        The whole project's flow, from time 0.
    saving_cny : (..., n) array of float [CNY]
        The verified saving inside it, by year.
    provider_share : float or (n,) array [-]
        Share of the saving paid to the provider in each year of the contract, 0 to 1.
    contract_years : int [a]

    Returns
    -------
    SharedSavings
    """
    project, saving = flows(project_cny, "project_cny"), flows(saving_cny, "saving_cny")
    share, term = shares(provider_share, "provider_share"), one_term(contract_years, "contract_years")
    fit(project_cny=project, saving_cny=saving, provider_share=share)
    inside = np.arange(project.shape[-1]) <= term
    provider = np.where(inside, project - (1.0 - share) * saving, 0.0)
    return SharedSavings(np.asarray(project - provider), np.asarray(provider))
