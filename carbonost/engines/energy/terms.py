"""Every cost and CO2 term, declared once.

A `Term` says which columns of a plan cost what. `objective` sums the terms into the solver's cost vector
and `ledger` multiplies the same terms by a plan, so the ledger is the objective by construction; a bill
is the ledger of the grid's terms at a measured load.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carbonost.domain.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.domain.tariff import ContractRule, Tariff
    from carbonost.engines.energy.load import Horizon


@dataclass(frozen=True, eq=False)
class Term:
    """One item of the ledger.

    Attributes
    ----------
    name : str
        Item, such as "energy".
    columns : (k,) array of int
        Columns of the plan it is counted on.
    month : (k,) array of int
        Month each column is booked in.
    cny, tonnes : (k,) array of float
        CNY and tCO2 per unit of the column.
    fixed_cny : (months,) array of float or None
        What is due whatever the plan [CNY].
    """

    name: str
    columns: IntArray
    month: IntArray
    cny: FloatArray
    tonnes: FloatArray | None = None
    fixed_cny: FloatArray | None = None

    def times(self, weight: float) -> Term:
        """The same term for a horizon that stands for itself `weight` times."""
        return Term(
            self.name,
            self.columns,
            self.month,
            self.cny * weight,
            None if self.tonnes is None else self.tonnes * weight,
            None if self.fixed_cny is None else self.fixed_cny * weight,
        )


@dataclass(frozen=True, eq=False)
class Rates:
    """A tariff on a horizon: prices [CNY/kWh] per interval, fixed prices per month, emission factor.

    `months` is how many months' fixed charge each month of the horizon owes, for one run of the horizon: 1, or less
    where the horizon stands for itself several times within a month.
    """

    energy: FloatArray
    export: FloatArray
    grid_t_per_kwh: FloatArray
    demand_cny_per_kw: float
    contract_kw: float | None
    contract: ContractRule | None
    capacity_cny_per_month: float
    discount: tuple[float, float] | None
    """(energy per month that earns the discount [kWh], what it takes off the demand price [CNY/kW])"""
    months: FloatArray

    @property
    def covered_kw(self) -> float:
        """Demand that costs no more than the contract: its band; 0 without a contract."""
        return 0.0 if self.contract is None or self.contract_kw is None else self.contract.band * self.contract_kw

    @property
    def column_cny_per_kw(self) -> FloatArray:
        """Price of each month's demand above `covered_kw` [CNY/kW]."""
        return self.months * self.demand_cny_per_kw * (1.0 if self.contract is None else self.contract.excess_factor)


def rates(tariff: Tariff, at: Horizon, grid_kg_per_kwh: FloatArray | None = None, weight: float = 1.0) -> Rates:
    """Compile a tariff for a horizon that stands for itself `weight` times."""
    billed = tariff.charge in ("demand", "contract")
    discount = None
    if tariff.demand_discount is not None and tariff.charge == "demand":
        threshold = tariff.demand_discount.kwh_per_kva_month * float(tariff.transformer_kva or 0.0)
        discount = (threshold, (1.0 - tariff.demand_discount.factor) * tariff.demand_cny_per_kw_month)
    return Rates(
        energy=tariff.prices(at.starts, at.hours),
        export=tariff.export_prices(at.starts, at.hours),
        grid_t_per_kwh=np.zeros(len(at)) if grid_kg_per_kwh is None else grid_kg_per_kwh / 1000.0,
        demand_cny_per_kw=tariff.demand_cny_per_kw_month if billed else 0.0,
        contract_kw=tariff.contract_kw if tariff.charge == "contract" else None,
        contract=tariff.contract_rule if tariff.charge == "contract" else None,
        capacity_cny_per_month=(
            tariff.capacity_cny_per_kva_month * float(tariff.transformer_kva or 0.0)
            if tariff.charge == "capacity"
            else 0.0
        ),
        discount=discount,
        months=months_due(at, tariff.zone, weight) / weight,
    )


def months_due(at: Horizon, zone: str, weight: float) -> FloatArray:
    """How many months' fixed charges a horizon owes that stands for itself `weight` times, by month it touches.

    A month touched once is due in full; a day of June that stands for a year owes 365 / 30 of them, not 365.
    """
    if weight == 1.0:
        return np.ones(len(at.months))
    begins = pd.DatetimeIndex([f"{month}-01" for month in at.months])
    whole_h = (begins + pd.offsets.MonthBegin(1)).tz_localize(zone) - begins.tz_localize(zone)
    share = np.bincount(at.month, minlength=len(at.months)) * at.hours / (whole_h / pd.Timedelta(hours=1)).to_numpy()
    return np.asarray(np.minimum(weight, np.maximum(1.0, weight * share)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class GridColumns:
    """Where a plan keeps its flows at the meter: per interval, then per month."""

    imported: IntArray
    exported: IntArray | None
    demand: IntArray
    """Per month: highest demand, or what of it exceeds the contract's band."""
    rebate: IntArray | None = None
    """Per month: demand [kW] that earns the discount."""


def grid_terms(rate: Rates, at: Horizon, columns: GridColumns) -> list[Term]:
    """Terms of the connection: energy, export, demand or contract, capacity."""
    months = np.arange(len(at.months), dtype=np.int32)
    terms = [Term("energy", columns.imported, at.month, rate.energy * at.hours, rate.grid_t_per_kwh * at.hours)]
    if columns.exported is not None:
        terms.append(Term("export", columns.exported, at.month, -rate.export * at.hours))
    if rate.demand_cny_per_kw:
        per_kw = rate.months * rate.demand_cny_per_kw
        if rate.contract_kw is None:
            terms.append(Term("demand", columns.demand, months, per_kw))
        else:
            contract = per_kw * rate.contract_kw
            terms.append(Term("demand", columns.demand, months, rate.column_cny_per_kw, fixed_cny=contract))
    if columns.rebate is not None and rate.discount is not None:
        terms.append(Term("demand", columns.rebate, months, -rate.months * rate.discount[1]))
    if rate.capacity_cny_per_month:
        none = np.zeros(0, dtype=np.int32)
        due = rate.months * rate.capacity_cny_per_month
        terms.append(Term("capacity", none, none, np.zeros(0), fixed_cny=due))
    return terms


def wear_terms(wear_cny_per_kwh: float, discharge: IntArray, at: Horizon) -> list[Term]:
    """Wear of a store by what it gives."""
    per_kw = np.full(len(at), wear_cny_per_kwh * at.hours)
    return [Term("wear", discharge, at.month, per_kw)] if wear_cny_per_kwh else []


def fuel_term(
    columns: IntArray, at: Horizon, price_cny_per_kwh: FloatArray, t_per_kwh: float, share: float = 1.0
) -> Term:
    """Gas burned: `share` kWh of gas for a kWh of what the columns carry."""
    per_kw = at.hours * share
    return Term("fuel", columns, at.month, price_cny_per_kwh * per_kw, np.full(len(at), t_per_kwh * per_kw))


def billed_demand(rate: Rates, peaks_kw: FloatArray) -> FloatArray:
    """What a month's peak enters its demand column with: itself, or its part above the contract's band."""
    return np.maximum(0.0, peaks_kw - rate.covered_kw)


def peaks(at: Horizon, import_kw: FloatArray) -> FloatArray:
    """Highest mean power over the demand windows of each month [kW]."""
    out = np.zeros(len(at.months))
    count = len(at.window_month)
    if count == len(import_kw):
        np.maximum.at(out, at.month, import_kw)
        return out
    total = np.bincount(at.window, weights=import_kw, minlength=count)
    means = total / np.bincount(at.window, minlength=count)
    np.maximum.at(out, at.window_month, means)
    return out


def notes(rate: Rates, at: Horizon) -> tuple[str, ...]:
    """What a bill of these intervals cannot show."""
    if not (at.coarse and rate.demand_cny_per_kw):
        return ()
    window = f"{60 * at.hours:g} min, longer than the demand meter's window"
    return (f"demand is the highest mean over {window}: the demand charge is understated",)


def objective(terms: Sequence[Term], columns: int, carbon_price_cny_per_t: float) -> tuple[FloatArray, float]:
    """Cost of each column, and what is due whatever the plan [CNY]."""
    cost, fixed = np.zeros(columns), 0.0
    for term in terms:
        per_unit = term.cny if term.tonnes is None else term.cny + carbon_price_cny_per_t * term.tonnes
        np.add.at(cost, term.columns, per_unit)
        fixed += 0.0 if term.fixed_cny is None else float(term.fixed_cny.sum())
    return cost, fixed


def tonnes(terms: Sequence[Term], columns: int) -> FloatArray:
    """Emissions of each column [tCO2 per unit]."""
    out = np.zeros(columns)
    for term in terms:
        if term.tonnes is not None:
            np.add.at(out, term.columns, term.tonnes)
    return out


def ledger(terms: Sequence[Term], plan: FloatArray, months: tuple[str, ...], carbon_price_cny_per_t: float) -> Ledger:
    """The same terms at a plan, by month."""
    items: dict[str, FloatArray] = {}
    emitted: dict[str, FloatArray] = {}
    for term in terms:
        flow = plan[term.columns]
        value: FloatArray = np.bincount(term.month, weights=term.cny * flow, minlength=len(months)).astype(np.float64)
        if term.fixed_cny is not None:
            value = value + term.fixed_cny
        items[term.name] = items.get(term.name, np.zeros(len(months))) + value
        if term.tonnes is not None:
            mass = np.bincount(term.month, weights=term.tonnes * flow, minlength=len(months))
            emitted[term.name] = emitted.get(term.name, np.zeros(len(months))) + mass
    if carbon_price_cny_per_t and emitted:
        items["carbon"] = carbon_price_cny_per_t * np.sum(list(emitted.values()), axis=0)
    return Ledger(months, items, emitted)
