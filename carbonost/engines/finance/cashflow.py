"""An investment as a row of years: what is paid, saved, taxed and kept."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.arguments import fit, of_kind, one_of, scalar, whole
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance.columns import one_rate, one_term, plain, shares
from carbonost.engines.finance.discount import npv
from carbonost.engines.finance.financing import METHODS, loan, shared_savings
from carbonost.engines.finance.metrics import Payback, payback, payback_column
from carbonost.engines.finance.rates import Irr, irr, irr_column
from carbonost.engines.finance.tax import TaxTerms, holiday_rates, income_tax
from carbonost.engines.finance.terms import Amounts, amounts, energy_value, known, number, read
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

_MOVES: Final = {
    "price_escalation": 0.0,
    "capex_multiplier": 1.0,
    "opex_multiplier": 1.0,
    "subsidy_share": 0.0,
    "carbon_price_y_per_tco2": 0.0,
}
"""What of a scenario moves amounts, and its value where the scenario is silent."""


@dataclass(frozen=True, slots=True)
class Financing:
    """Who pays the investment.

    Attributes
    ----------
    kind : {"self", "loan", "shared_savings"}
        The owner; the owner and a bank; an energy service company under a shared-savings contract.
    share : float [-]
        Part of the net first cost that is borrowed, or part of the saving paid to the company.
    years : int [a]
        Term of the loan or the contract.
    rate : float [1/a]
        Of the loan, nominal.
    method : {"annuity", "equal_principal"}
    grace_years : int [a]
        First years of a loan that pay interest only.
    provider_tax : TaxTerms or None
        How the energy service company is taxed, e.g. ``tax_terms(holiday="emc", …)``; None: not looked at.
    """

    kind: Literal["self", "loan", "shared_savings"] = "self"
    share: float = 0.0
    years: int = 1
    rate: float = 0.0
    method: Literal["annuity", "equal_principal"] = "annuity"
    grace_years: int = 0
    provider_tax: TaxTerms | None = None

    def __post_init__(self) -> None:
        one_of(self.kind, ("self", "loan", "shared_savings"), "kind")
        one_of(self.method, METHODS, "method")
        shares(scalar(self.share, "share", remedy="70 % is 0.7."), "share")
        one_rate(self.rate)
        if whole(self.grace_years, "grace_years") >= one_term(self.years):
            raise InputError("must be shorter than the term", "grace_years", self.grace_years, "Lengthen the term.")
        if self.provider_tax is not None:
            of_kind(self.provider_tax, TaxTerms, "provider_tax", "Give TaxTerms(…), or tax_terms(…).")


@dataclass(frozen=True, eq=False)
class Cashflow(Alike):
    """Yearly flows of one measure, or of many: arrays (..., horizon + 1), time 0 first, all in CNY.

    Amounts are positive under their name; ``pretax = saving + carbon + subsidy - opex - capex`` and
    ``after_tax = pretax - tax``, both before any financing. `capex` includes replacements.

    Attributes
    ----------
    saving, carbon, subsidy, opex, capex, depreciation, taxable, tax, pretax, after_tax : (..., n) array [CNY]
    owner : (..., n) array [CNY]
        After tax and financing: what the owner of the site sees. Equal to `after_tax` where he pays himself.
    provider : (..., n) array [CNY]
        The energy service company's side, after its own tax where that is given; zero without a contract.
    energy_kwh, abatement_t : (..., n) array [kWh, tCO2e]
    rate : float or array [1/a]
        The scenario's WACC.
    """

    saving: FloatArray
    carbon: FloatArray
    subsidy: FloatArray
    opex: FloatArray
    capex: FloatArray
    depreciation: FloatArray
    taxable: FloatArray
    tax: FloatArray
    pretax: FloatArray
    after_tax: FloatArray
    owner: FloatArray
    provider: FloatArray
    energy_kwh: FloatArray
    abatement_t: FloatArray
    rate: FloatArray

    @classmethod
    def build(
        cls, measure: object, scenario: object, *, tax: TaxTerms | None = None, financing: Financing | None = None
    ) -> Cashflow:
        """Cash flow of a measure under a scenario.

        Parameters
        ----------
        measure : Investment, mapping, or a sequence of them
            Fields of `Investment`; `capex_cny` must be known. A sequence gives one row each. Fields
            may be arrays, and broadcast against the scenario's.
        scenario : ScenarioParams or mapping
            Prices of the energies the measure touches, `carbon_price_y_per_tco2`, `wacc`,
            `horizon_years`; optionally `tax_rate`, `depreciation_years`, `residual_share`,
            `subsidy_share`, `capex_multiplier`, `opex_multiplier`, `price_escalation`,
            `green_power_premium_y_per_kwh`. Prices are net of VAT; see `without_vat`. Exported power
            without a `feed_in_price_y_per_kwh` earns nothing.
        tax : TaxTerms, optional
            Replaces the scenario's three tax fields, e.g. with a holiday from `tax_terms`.
        financing : Financing, optional
            Otherwise the owner pays.

        Returns
        -------
        Cashflow

        Raises
        ------
        InputError
            Naming the field that is missing or impossible; a price only where its energy flows.

        Notes
        -----
        Investment at time 0, yearly flows at each year's end. A life shorter than the horizon brings
        a replacement at that year's end, or ends the flow (`at_end_of_life`). Nothing is counted
        after the horizon, and no worth is left at it: the conservative end. A capital grant lowers
        the depreciable cost. Energy prices grow by `price_escalation` from the second year on.
        """
        known(scenario, ScenarioParams, "scenario")
        if tax is not None:
            of_kind(tax, TaxTerms, "tax", "Give TaxTerms(…), or tax_terms(…).")
        paid_by = Financing() if financing is None else financing
        of_kind(paid_by, Financing, "financing", 'Give Financing("loan", …).')
        horizon = whole(number(scenario, "horizon_years"), "horizon_years", least=1)
        have = amounts(measure, horizon)
        gross = _gross(have, scenario, horizon)
        rules = _tax_rules(scenario) if tax is None else tax
        granted = gross["subsidy"]
        written = np.zeros_like(granted) if rules is None else rules.depreciation(gross["capex"] - granted)
        income = gross["saving"] + gross["carbon"]
        taxable = income - gross["opex"] - written
        pretax = income + granted - gross["opex"] - gross["capex"]
        due = np.zeros_like(pretax) if rules is None else _tax_due(rules, income, taxable, gross["capex"])
        flows = {**gross, "depreciation": written, "taxable": taxable, "tax": due, "pretax": pretax}
        owner, provider = _financed(paid_by, rules, flows)
        return cls(**flows, after_tax=pretax - due, owner=owner, provider=provider, rate=number(scenario, "wacc"))

    @cached_property
    def npv_cny(self) -> float | FloatArray:
        """Net present value after tax at the WACC [CNY]."""
        return npv(self.rate, self.after_tax)

    @cached_property
    def irr(self) -> Irr | FloatArray:
        """Rate of return after tax: an `Irr` for one measure, a column (NaN where none or several) for many."""
        return irr(self.after_tax) if self.after_tax.ndim == 1 else irr_column(self.after_tax)

    @cached_property
    def payback(self) -> Payback | FloatArray:
        """Payback after tax: a `Payback` for one measure, a column of years (NaN where never) for many."""
        if self.after_tax.ndim == 1 and self.rate.ndim == 0:
            return payback(self.after_tax, float(self.rate))
        return payback_column(self.after_tax)

    @cached_property
    def mac_cny_per_t(self) -> float | FloatArray:
        """Abatement cost [CNY/tCO2e], before tax and without a carbon price.

        Cost net of savings and grants, per discounted tonne; NaN where nothing is abated.
        """
        cost = -np.asarray(npv(self.rate, self.pretax - self.carbon))
        tonnes = np.asarray(npv(self.rate, self.abatement_t))
        with np.errstate(divide="ignore", invalid="ignore"):
            return plain(np.asarray(np.where(tonnes > 0, cost / tonnes, np.nan)))

    @cached_property
    def lcoe_cny_per_kwh(self) -> float | FloatArray:
        """Levelised cost of the delivered energy, before tax and grants [CNY/kWh]; NaN without any."""
        cost = np.asarray(npv(self.rate, self.capex + self.opex))
        energy = np.asarray(npv(self.rate, self.energy_kwh))
        with np.errstate(divide="ignore", invalid="ignore"):
            return plain(np.asarray(np.where(energy > 0, cost / energy, np.nan)))

    @classmethod
    def total(cls, flow: Cashflow) -> Cashflow:
        """Sum over measures: the last leading axis is added up, as a portfolio is."""
        of_kind(flow, Cashflow, "flow", "Give Cashflow.build(…) of several measures.")
        if flow.after_tax.ndim < 2:  # noqa: PLR2004 -- one axis of measures, one of time
            return flow
        if flow.rate.ndim and (flow.rate != flow.rate[..., :1]).any():
            remedy = "Build them under one scenario; many scenarios take a trailing axis of one."
            raise InputError("several rates discount no one sum", "rate", flow.rate.tolist(), remedy)
        added = {f.name: getattr(flow, f.name).sum(axis=-2) for f in fields(cls) if f.name != "rate"}
        rate = flow.rate[..., 0] if flow.rate.ndim else flow.rate
        return cls(**added, rate=rate)

    def to_frame(self) -> pd.DataFrame:
        """One row per year; for many measures the leading axes stand in the index before it."""
        names = [f.name for f in fields(self) if f.name != "rate"]
        shape = self.after_tax.shape
        columns = {name: np.broadcast_to(getattr(self, name), shape).ravel() for name in names}
        levels = [range(size) for size in shape[:-1]]
        years = pd.RangeIndex(shape[-1], name="year")
        index = pd.MultiIndex.from_product([*levels, years]) if levels else years
        return pd.DataFrame(columns, index=index)

    def to_dict(self) -> dict[str, Any]:
        """Flows as plain lists."""
        return {f.name: getattr(self, f.name).tolist() for f in fields(self)}

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw yearly flows and their sum on axes given or new ones, which are returned; `language` "zh" or "en"."""
        from carbonost.engines.finance.plots import plot_cashflow

        return plot_cashflow(self, axes, language)

    def _repr_html_(self) -> str:
        units = (
            "CNY, at each year's end; energy in kWh, abatement in tCO2e. owner and provider: after tax and financing."
        )
        return f"<p>{units}</p>{self.to_frame().to_html(float_format='{:,.0f}'.format)}"


def _gross(have: Amounts, scenario: object, horizon: int) -> dict[str, FloatArray]:
    """Flows before tax, all of one shape (..., horizon + 1)."""
    told = {name: number(scenario, name, default) for name, default in _MOVES.items()}
    priced, wacc = energy_value(have.energy, scenario), number(scenario, "wacc")
    premium = number(scenario, "green_power_premium_y_per_kwh") if np.any(have.green_kwh) else np.zeros(())
    fit(measure=have.broadcast(), **told, energy_price=priced, green_power_premium_y_per_kwh=premium, wacc=wacc)
    each = {name: column[..., None] for name, column in told.items()}
    year = np.arange(horizon + 1.0)
    life, kept = have.life_years[..., None], have.replaced[..., None] > 0
    runs = (year >= 1) & ((year <= life) | kept)
    output = runs * (1.0 - have.degradation[..., None]) ** ((year - 1.0) % life)
    growth = (1.0 + each["price_escalation"]) ** np.maximum(year - 1.0, 0.0)
    running = have.opex_cny * told["opex_multiplier"] + have.green_kwh * premium
    again = (year > 0) & (year < horizon) & (year % life == 0) & kept
    first = each["capex_multiplier"] * have.capex_cny[..., None] * (year == 0)
    abated = have.abatement_t[..., None] * output
    flows = {
        "saving": (priced[..., None] * growth + have.saving_cny[..., None]) * output,
        "carbon": abated * each["carbon_price_y_per_tco2"],
        "subsidy": have.subsidy_cny[..., None] * (year == 0) + each["subsidy_share"] * first,
        "opex": running[..., None] * runs,
        "capex": first + each["capex_multiplier"] * have.replacement_cny[..., None] * again,
        "energy_kwh": have.delivered_kwh[..., None] * output,
        "abatement_t": abated,
    }
    shape = np.broadcast_shapes(*(flow.shape for flow in flows.values()), (*wacc.shape, horizon + 1))
    return {name: np.array(np.broadcast_to(flow, shape), dtype=np.float64) for name, flow in flows.items()}


def _tax_rules(scenario: object) -> TaxTerms | None:
    """The scenario's own tax fields, or None where it names no rate."""
    rate = read(scenario, "tax_rate")
    if rate is None:
        return None
    return TaxTerms(
        rate=scalar(number(scenario, "tax_rate"), "tax_rate"),
        depreciation_years=whole(number(scenario, "depreciation_years"), "depreciation_years", least=1),
        residual_rate=scalar(number(scenario, "residual_share", 0.0), "residual_share"),
    )


def _tax_due(rules: TaxTerms, income: FloatArray, taxable: FloatArray, capex: FloatArray) -> FloatArray:
    rate = holiday_rates(rules.rate, income, rules.exempt_years, rules.half_years)
    due = income_tax(taxable, rate, rules.loss_carry_years)
    if rules.credit_rate:
        credit = rules.credit_rate * capex[..., :1]
        owed = np.maximum(due, 0.0)
        used = np.minimum(np.cumsum(owed, axis=-1), credit)
        due = due - np.diff(used, axis=-1, prepend=0.0)
    return due


def _financed(
    financing: Financing, rules: TaxTerms | None, flows: dict[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """What the owner and a provider see."""
    pretax, nobody = flows["pretax"], np.zeros_like(flows["pretax"])
    if financing.kind == "self":
        return pretax - flows["tax"], nobody
    if financing.kind == "loan":
        return _with_loan(financing, rules, flows), nobody
    return _shared(financing, rules, flows)


def _shared(
    financing: Financing, rules: TaxTerms | None, flows: dict[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Host and provider of a shared-savings contract, each after the tax that is given for him.

    While the contract runs the host's share of the saving is his income, and he owns nothing to write
    off; the provider writes the equipment off. Afterwards saving, cost and what is bought again are the host's.
    """
    sides = shared_savings(flows["pretax"], flows["saving"], financing.share, financing.years)
    host, provider, terms = sides.host_cny, sides.provider_cny, financing.provider_tax
    inside = np.arange(host.shape[-1]) <= financing.years
    spent, income = flows["capex"] - flows["subsidy"], flows["saving"] + flows["carbon"]
    if rules is not None:
        own = np.where(inside, (1.0 - financing.share) * flows["saving"], income - flows["opex"])
        host = host - income_tax(own - rules.depreciation(~inside * spent), rules.rate, rules.loss_carry_years)
    if terms is not None:
        income = inside * (financing.share * flows["saving"] + flows["carbon"])
        taxable = income - inside * (flows["opex"] + terms.depreciation(spent))
        provider = provider - _tax_due(terms, income, taxable, inside * flows["capex"])
    return host, provider


def _with_loan(financing: Financing, rules: TaxTerms | None, flows: dict[str, FloatArray]) -> FloatArray:
    """The owner's flow when part of the net first cost is borrowed; interest lowers his tax.

    What is still owed at the horizon is paid back there.
    """
    pretax = flows["pretax"]
    drawn = np.maximum(financing.share * (flows["capex"][..., 0] - flows["subsidy"][..., 0]), 0.0)
    service = loan(drawn, financing.rate, financing.years, method=financing.method, grace_years=financing.grace_years)
    interest, repaid = (_padded(part, pretax.shape[-1]) for part in (service.interest_cny, service.repayment_cny))
    horizon = pretax.shape[-1] - 1
    if financing.years > horizon:  # a debt does not end with the horizon: what is left of it is paid back there
        repaid[..., -1] += service.balance_cny[..., horizon - 1]
    tax = flows["tax"]
    if rules is not None:
        tax = _tax_due(rules, flows["saving"] + flows["carbon"], flows["taxable"] - interest, flows["capex"])
    owner = pretax - interest - repaid - tax
    owner[..., 0] += drawn
    return np.asarray(owner)


def _padded(service: FloatArray, size: int) -> FloatArray:
    """Years 1 … of a loan laid after time 0, cut at the horizon."""
    padded = np.zeros((*service.shape[:-1], size))
    years = min(service.shape[-1], size - 1)
    padded[..., 1 : years + 1] = service[..., :years]
    return padded
