"""Income tax and value added tax on an investment; the rates come in, see `tax_rows` for the published ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from carbonost.domain.arguments import finite, fit, one_of, scalar, whole
from carbonost.engines.finance.columns import flows, plain, shares
from carbonost.engines.finance.depreciation import declining_balance, straight_line, sum_of_years

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.evidence import AssumptionItem, EvidenceItem
    from carbonost.domain.series import FloatArray

Method = Literal["straight_line", "sum_of_years", "declining_balance"]
METHODS: Final = {
    "straight_line": straight_line,
    "sum_of_years": sum_of_years,
    "declining_balance": declining_balance,
}


@dataclass(frozen=True, slots=True)
class TaxTerms:
    """How an investment is taxed.

    Attributes
    ----------
    rate : float [-]
        Corporate income tax.
    depreciation_years : int [a]
        Years over which the cost is written off.
    method : {"straight_line", "sum_of_years", "declining_balance"}
    residual_rate : float [-]
        Share never written off; the law sets none, so it is an assumption.
    exempt_years, half_years : int [a]
        Holiday: years without tax, then years at half the rate, counted from the first year with
        operating income (not from commissioning, nor from the first profit).
    loss_carry_years : int or None [a]
        None: a loss lowers the tax of the owner's other business at once. A number: the project
        stands alone and carries losses forward so many years.
    credit_rate : float [-]
        Share of the first cost credited against tax (special equipment), in the first years that owe any.
    evidence, assumptions
        The rows and choices behind the numbers.
    """

    rate: float
    depreciation_years: int
    method: Method = "straight_line"
    residual_rate: float = 0.0
    exempt_years: int = 0
    half_years: int = 0
    loss_carry_years: int | None = None
    credit_rate: float = 0.0
    evidence: tuple[EvidenceItem, ...] = ()
    assumptions: tuple[AssumptionItem, ...] = ()

    def __post_init__(self) -> None:
        for field in ("rate", "residual_rate", "credit_rate"):
            shares(scalar(getattr(self, field), field, remedy="25 % is 0.25."), field, whole_too=False)
        whole(self.depreciation_years, "depreciation_years", least=1)
        for field in ("exempt_years", "half_years"):
            whole(getattr(self, field), field)
        if self.loss_carry_years is not None:
            whole(self.loss_carry_years, "loss_carry_years")
        one_of(self.method, METHODS, "method")

    def depreciation(self, purchases_cny: FloatArray) -> FloatArray:
        """Write-off of purchases by year, from the year after each; (..., n) to (..., n)."""
        shares = METHODS[self.method](1.0, self.depreciation_years, self.residual_rate)
        written = np.zeros_like(purchases_cny)
        for year, share in enumerate(shares, start=1):
            if year < written.shape[-1]:
                written[..., year:] += purchases_cny[..., :-year] * share
        return written


def holiday_rates(rate: float, income_cny: npt.ArrayLike, exempt_years: int, half_years: int) -> FloatArray:
    """Tax rate of each year under a holiday.

    Parameters
    ----------
    rate : float [-]
        Full rate.
    income_cny : (..., n) array of float [CNY]
        Operating income; the first year in which it is positive is year 1 of the holiday.
    exempt_years, half_years : int [a]

    Returns
    -------
    (..., n) array of float [-]

    Examples
    --------
    >>> holiday_rates(0.25, [0.0, 0.0, 5.0, 5.0, 5.0, 5.0], 1, 2)
    array([0.25 , 0.25 , 0.   , 0.125, 0.125, 0.25 ])
    """
    income = flows(income_cny, "income_cny")
    shares(scalar(rate, "rate"), "rate", whole_too=False)
    whole(exempt_years, "exempt_years")
    whole(half_years, "half_years")
    started = np.cumsum(income > 0, axis=-1) > 0
    since = np.cumsum(started, axis=-1)
    half = (since > exempt_years) & (since <= exempt_years + half_years)
    exempt = started & (since <= exempt_years)
    return np.asarray(rate * np.where(exempt, 0.0, np.where(half & started, 0.5, 1.0)))


def income_tax(taxable_cny: npt.ArrayLike, rate: npt.ArrayLike, loss_carry_years: int | None = None) -> FloatArray:
    """Tax of each year.

    Parameters
    ----------
    taxable_cny : (..., n) array of float [CNY]
        Income less cost and depreciation; a loss is negative.
    rate : float or (..., n) array [-]
    loss_carry_years : int or None
        None: a loss earns a negative tax in its year, the saving in the owner's other business.
        A number: losses are carried forward, oldest first, and lapse after so many years.

    Returns
    -------
    (..., n) array of float [CNY]
    """
    taxable = flows(taxable_cny, "taxable_cny")
    by_rate = shares(rate, "rate")
    fit(taxable_cny=taxable, rate=by_rate)
    by_year = np.broadcast_to(by_rate, taxable.shape)
    if loss_carry_years is None:
        return np.asarray(taxable * by_year)
    carried = whole(loss_carry_years, "loss_carry_years")
    left = np.maximum(-taxable, 0.0)
    charged = np.maximum(taxable, 0.0)
    for year in range(taxable.shape[-1]):
        for origin in range(max(0, year - carried), year):
            used = np.minimum(left[..., origin], charged[..., year])
            left[..., origin] -= used
            charged[..., year] -= used
    return np.asarray(charged * by_year)


def without_vat(amount_cny: npt.ArrayLike, rate: npt.ArrayLike) -> float | FloatArray:
    """Amount net of the VAT it includes: amount / (1 + rate).

    A general taxpayer deducts input VAT, so both the saved energy and the equipment count net; a
    small-scale taxpayer does not, so for him amounts stay with VAT.
    """
    amount, added = finite(amount_cny, "amount_cny"), shares(rate, "rate")
    fit(amount_cny=amount, rate=added)
    return plain(np.asarray(amount / (1.0 + added)))
