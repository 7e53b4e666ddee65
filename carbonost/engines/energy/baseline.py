"""What the same demand costs without the assets' freedom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.asset import Boiler, EvFleet, FlexibleLoad
from carbonost.engines.energy.bill import rebates
from carbonost.engines.energy.flexible import presence, runs
from carbonost.engines.energy.terms import GridColumns, billed_demand, fuel_term, grid_terms, ledger, peaks

if TYPE_CHECKING:
    from carbonost.domain.ledger import Ledger
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.load import Horizon
    from carbonost.engines.energy.problem import Problem


def baseline(problem: Problem) -> Ledger | None:
    """Cost of doing nothing: batteries idle, generators absent, vehicles charged on arrival, runs at their
    earliest hour, heat from the first boiler of its grade; None where heat is asked for and no boiler is there.
    """  # noqa: D205 -- one sentence
    site, at, economics = problem.site, problem.at, problem.economics
    import_kw = problem.load.kw.copy()
    for asset in site.assets:
        if isinstance(asset, EvFleet):
            import_kw += charged_on_arrival(asset, at)
        elif isinstance(asset, FlexibleLoad):
            for steps, need in runs(at, asset, problem.zone):
                import_kw[steps[:need]] += asset.power_kw
    gas_kw = np.zeros(len(at))
    for grade, kw in problem.heat_kw.items():
        boiler = next((a for a in site.assets if isinstance(a, Boiler) and a.grade == grade), None)
        if boiler is None:
            return None
        if boiler.fuel == "electricity":
            import_kw += kw / boiler.efficiency
        else:
            gas_kw += kw / boiler.efficiency
    peak = peaks(at, import_kw)
    plan = np.concatenate([import_kw, gas_kw, billed_demand(problem.rate, peak), rebates(problem.rate, at, import_kw)])
    n, months = len(at), len(at.months)
    column = np.arange(plan.size, dtype=np.int32)
    meter = GridColumns(column[:n], None, column[2 * n : 2 * n + months], column[2 * n + months :])
    terms = grid_terms(problem.rate, at, meter)
    if economics.gas_price_cny_per_kwh is not None:
        terms.append(fuel_term(column[n : 2 * n], at, economics.gas_price_cny_per_kwh, economics.gas_t_per_kwh))
    terms = [term.times(economics.weight) for term in terms]
    return ledger(terms, plan, at.months, economics.carbon_price_cny_per_t)


def charged_on_arrival(fleet: EvFleet, at: Horizon) -> FloatArray:
    """Power [kW] of vehicles that charge at full power until they have their energy."""
    out = np.zeros(len(at))
    for visit in fleet.visits:
        first, share = presence(at, visit["arrival"], visit["departure"])
        most = share * float(visit["power_kw"]) * at.hours
        given = np.diff(np.minimum(np.cumsum(most), float(visit["energy_kwh"])), prepend=0.0)
        out[first : first + share.size] += given / at.hours
    return out
