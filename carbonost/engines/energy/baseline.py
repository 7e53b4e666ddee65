"""What the same demand costs without the assets' freedom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.asset import Boiler, EvFleet, FlexibleLoad
from carbonost.engines.energy.bill import bill_of
from carbonost.engines.energy.flexible import presence, runs

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.load import Horizon
    from carbonost.engines.energy.problem import Problem


def baseline_cny(problem: Problem) -> float:
    """Cost of doing nothing: batteries idle, generators absent, vehicles charged on arrival, runs at their
    earliest hour, heat from the first boiler of its grade; NaN where heat is asked for and no boiler is there.
    """  # noqa: D205 -- one sentence
    site, at, economics = problem.site, problem.at, problem.economics
    import_kw = problem.load.kw.copy()
    for asset in site.assets:
        if isinstance(asset, EvFleet):
            import_kw += charged_on_arrival(asset, at)
        elif isinstance(asset, FlexibleLoad):
            for steps, need in runs(at, asset, problem.zone):
                import_kw[steps[:need]] += asset.power_kw
    fuel, emitted = 0.0, 0.0
    for grade, kw in problem.heat_kw.items():
        boiler = next((a for a in site.assets if isinstance(a, Boiler) and a.grade == grade), None)
        if boiler is None:
            return float("nan")
        drawn = kw / boiler.efficiency
        if boiler.fuel == "electricity":
            import_kw += drawn
        elif economics.gas_price_cny_per_kwh is not None:
            fuel += float(drawn @ economics.gas_price_cny_per_kwh) * at.hours
            emitted += float(drawn.sum()) * at.hours * economics.gas_t_per_kwh
    grid = bill_of(problem.rate, at, import_kw, None, economics.carbon_price_cny_per_t)
    return economics.weight * (grid.total_cny + fuel + emitted * economics.carbon_price_cny_per_t)


def charged_on_arrival(fleet: EvFleet, at: Horizon) -> FloatArray:
    """Power [kW] of vehicles that charge at full power until they have their energy."""
    out = np.zeros(len(at))
    for visit in fleet.visits:
        first, share = presence(at, visit["arrival"], visit["departure"])
        most = share * float(visit["power_kw"]) * at.hours
        given = np.diff(np.minimum(np.cumsum(most), float(visit["energy_kwh"])), prepend=0.0)
        out[first : first + share.size] += given / at.hours
    return out
