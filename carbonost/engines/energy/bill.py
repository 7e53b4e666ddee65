"""Price a load by a tariff, without a solver: exact, vectorised, itemised by month and term."""

from __future__ import annotations

from dataclasses import replace
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from carbonost.domain.arguments import MOST
from carbonost.domain.charges import ContractRule
from carbonost.domain.evidence import EvidenceItem
from carbonost.domain.tariff_checks import amount
from carbonost.engines.energy.load import Horizon, Load, horizon, numbers, profile, read_load
from carbonost.engines.energy.rules import contract_rule, second_hand
from carbonost.engines.energy.terms import GridColumns, Rates, billed_demand, grid_terms, ledger, notes, peaks, rates
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.ledger import Ledger
    from carbonost.domain.series import FloatArray
    from carbonost.domain.tariff import Tariff


def bill(
    tariff: Tariff,
    load: Any,
    *,
    load_kwh: Any = None,
    export_kw: Any = None,
    reactive_kvarh: Any = None,
    carbon_price_cny_per_t: float = 0.0,
    grid_kg_per_kwh: Any = None,
) -> Ledger:
    """Bill of a measured or planned load.

    A month that the load touches is billed with its whole fixed charge.

    Parameters
    ----------
    load : Series or DataFrame [kW]
        Mean import power; see `read_load`.
    load_kwh : Series, optional [kWh]
        Energy per interval, instead of `load`.
    export_kw : Series or array, optional [kW]
        Mean export power on the same intervals.
    reactive_kvarh : Series or array, optional [kvarh]
        Reactive energy per interval; with the tariff's `power_factor` rule it adjusts the month's
        energy and fixed charges.
    carbon_price_cny_per_t : float [CNY/t]
        With `grid_kg_per_kwh`, adds the cost of the carbon in the energy drawn.
    grid_kg_per_kwh : float or Series, optional [kgCO2/kWh]

    Returns
    -------
    Ledger

    Raises
    ------
    InputError
        If the load or a profile has gaps, doubled or unsorted stamps, or what is no number.
    TariffError
        If the tariff has no price for an instant of the load, or was not in force.
    """
    carbon_price = amount(carbon_price_cny_per_t, "carbon_price_cny_per_t")
    if carbon_price and grid_kg_per_kwh is None:
        raise InputError(
            "a carbon price needs emission factors", field="grid_kg_per_kwh", remedy="Give grid_kg_per_kwh=…."
        )
    drawn = read_load(load, load_kwh)
    at = horizon(drawn, tariff.zone, tariff.demand_window_min)
    factor = None if grid_kg_per_kwh is None else profile(grid_kg_per_kwh, drawn, "grid_kg_per_kwh")
    rate = rates(tariff, at, factor)
    sold = None if export_kw is None else profile(export_kw, drawn, "export_kw")
    out = bill_of(rate, at, drawn.kw, sold, carbon_price)
    out = replace(out, notes=(*out.notes, *_outside(tariff, at)))
    if reactive_kvarh is None:
        return out
    if tariff.power_factor is None:
        raise InputError(
            "the tariff has no rule to use it by",
            field="reactive_kvarh",
            remedy="Give the tariff power_factor=PowerFactorRule(steps), or leave the reactive energy out.",
        )
    return _adjust(out, tariff, at, drawn, profile(reactive_kvarh, drawn, "reactive_kvarh"))


def _outside(tariff: Tariff, at: Horizon) -> list[str]:
    """Tell that a load reaches to days on which the tariff's rule was not in force."""
    days = [stamp.date() for stamp in at.starts[[0, -1]].tz_convert(tariff.zone)]
    early = tariff.rule_from is not None and days[0] < tariff.rule_from
    late = tariff.rule_to is not None and days[1] > tariff.rule_to
    rule = f"the rule ({', '.join(tariff.sources)})"
    return [
        f"{rule} is in force from {tariff.rule_from}: the load from {days[0]} is billed as if it had been"
    ] * early + [f"{rule} is in force to {tariff.rule_to}: the load to {days[1]} is billed as if it still were"] * late


def bill_of(
    rate: Rates,
    at: Horizon,
    import_kw: FloatArray,
    export_kw: FloatArray | None = None,
    carbon_price_cny_per_t: float = 0.0,
) -> Ledger:
    """Bill arrays that are already on a horizon: the grid's terms at these flows."""
    steps, months = len(at), len(at.months)
    export = np.zeros(steps) if export_kw is None else export_kw
    peak = peaks(at, import_kw)
    plan = np.concatenate([import_kw, export, billed_demand(rate, peak), rebates(rate, at, import_kw)])
    at_column = np.arange(plan.size, dtype=np.int32)
    columns = GridColumns(
        imported=at_column[:steps],
        exported=None if export_kw is None else at_column[steps : 2 * steps],
        demand=at_column[2 * steps : 2 * steps + months],
        rebate=at_column[2 * steps + months :],
    )
    return replace(
        ledger(grid_terms(rate, at, columns), plan, at.months, carbon_price_cny_per_t), notes=notes(rate, at)
    )


def rebates(rate: Rates, at: Horizon, import_kw: FloatArray) -> FloatArray:
    """Demand [kW] of each month that earns the discount for much energy."""
    months = len(at.months)
    if rate.discount is None:
        return np.zeros(months)
    energy = np.bincount(at.month, weights=import_kw * at.hours, minlength=months)
    return np.where(energy >= rate.discount[0], peaks(at, import_kw), 0.0)


def _adjust(out: Ledger, tariff: Tariff, at: Horizon, load: Load, reactive_kvarh: FloatArray) -> Ledger:
    rule = tariff.power_factor
    assert rule is not None  # noqa: S101 -- asked for by the caller
    active = np.bincount(at.month, weights=load.kw * load.hours, minlength=len(at.months))
    reactive = np.bincount(at.month, weights=reactive_kvarh, minlength=len(at.months))
    apparent = np.hypot(active, reactive)
    factor = np.divide(active, apparent, out=np.ones_like(active), where=apparent > 0)
    zero = np.zeros(len(at.months))
    base = sum((out.items.get(term, zero) for term in ("energy", "demand", "capacity")), zero)
    return replace(out, items={**out.items, "power_factor": base * rule.percent(factor) / 100.0})


class _Contract(NamedTuple):
    contract_kw: float
    expected_cost_cny: float


class ContractDemand(_Contract):
    """The contract that costs least, and the rule that says so.

    The pair ``(contract_kw, expected_cost_cny)``, with where the rule was read beside it.

    Attributes
    ----------
    contract_kw : float [kW]
    expected_cost_cny : float [CNY/month]
    rule : ContractRule
        How a contract was billed.
    """

    rule: ContractRule

    def __new__(cls, contract_kw: float, expected_cost_cny: float, rule: ContractRule) -> Self:
        """Build the pair with its rule."""
        pair = super().__new__(cls, contract_kw, expected_cost_cny)
        pair.rule = rule
        return pair

    def __getnewargs__(self) -> tuple[float, float, ContractRule]:
        """What pickle builds it from."""
        return self.contract_kw, self.expected_cost_cny, self.rule

    def __repr__(self) -> str:
        return (
            f"ContractDemand(contract_kw={self.contract_kw:g}, expected_cost_cny={self.expected_cost_cny:g}, "
            f"status={self.status!r})"
        )

    @property
    def status(self) -> str:
        """How firm the rule is: "user" where it was given, otherwise that of the packaged rows."""
        return self.rule.status

    @property
    def gaps(self) -> tuple[str, ...]:
        """What to confirm before the contract is signed."""
        return tuple(second_hand("the rule of contracted demand", self.status, [self.rule.document]))

    @property
    def evidence(self) -> tuple[EvidenceItem, ...]:
        """The rows behind a packaged rule."""
        if not self.rule.document:
            return ()
        return (
            EvidenceItem(type="table", id="tariff_rules/contract_demand", version=self.status, note=self.rule.document),
        )

    def to_dict(self) -> dict[str, Any]:
        """All figures and their standing."""
        return {**self._asdict(), "status": self.status, "gaps": list(self.gaps)}


def best_contract_demand(
    peaks_kw: Sequence[float],
    probabilities: Sequence[float] | None,
    price_cny_per_kw_month: float,
    *,
    rule: ContractRule | None = None,
    floor_kw: float = 0.0,
) -> ContractDemand:
    """The contract demand that costs least over what the peak may become.

    The cost is piecewise linear in the contract with kinks where the band meets a peak, so the best
    contract is a kink, or the floor.

    Parameters
    ----------
    peaks_kw, probabilities : sequences of float [kW], [-]
        Possible monthly peaks; None weighs them equally.
    rule : ContractRule, optional
        How a contract is billed; omitted, the packaged `contract_rule()`, whose status is second-hand.
    floor_kw : float [kW]
        The least contract allowed.

    Returns
    -------
    ContractDemand
        Also the pair ``(contract_kw, expected_cost_cny)``: the smallest contract among equals. Its `status` and
        `gaps` say whether the rule was read in its document.
    """
    peak = np.atleast_1d(numbers(peaks_kw, "peaks_kw"))
    chance = (
        numbers(probabilities, "probabilities")
        if probabilities is not None
        else np.full(peak.size, 1.0 / max(peak.size, 1))
    )
    price, floor = amount(price_cny_per_kw_month, "price_cny_per_kw_month"), amount(floor_kw, "floor_kw")
    if peak.ndim != 1 or peak.size == 0 or not (np.abs(peak) <= MOST).all() or (peak < 0).any():
        raise InputError(
            "must be finite and not negative",
            field="peaks_kw",
            value="None" if peaks_kw is None else peaks_kw,
            remedy="Give the peaks a month may have, such as [480.0, 600.0].",
        )
    if chance.shape != peak.shape or not (chance >= 0).all() or abs(chance.sum() - 1.0) > 1e-9:  # noqa: PLR2004 -- rounding
        raise InputError(
            "one per peak, summing to 1",
            field="probabilities",
            value=probabilities,
            remedy="Give [0.7, 0.3], or None for equal ones.",
        )
    if not isinstance(rule, (ContractRule, NoneType)):
        raise InputError(
            "is not a ContractRule", field="rule", value=rule, remedy="Give ContractRule(band=1.05, excess_factor=2.0)."
        )
    rule = contract_rule() if rule is None else rule
    contracts = np.unique(np.maximum(np.append(peak / rule.band, 0.0), floor))
    above = np.maximum(0.0, peak[None, :] - rule.band * contracts[:, None])
    cost = price * (contracts + rule.excess_factor * above @ chance)
    best = int(np.flatnonzero(cost <= cost.min() * (1 + 1e-12))[0])
    return ContractDemand(float(contracts[best]), float(cost[best]), rule)
