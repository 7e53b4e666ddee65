"""Choose capacities: annual cost of owning plus cost of the best operation.

The general way is one linear model with the capacities as columns. A site of one battery, generation and
a meter is chosen by cuts instead: operation's cost is convex in the sizes, the block model gives its value
and the multipliers of a lower bound at any sizes, and the bounds meet the values in a few rounds.
"""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.asset import Battery, HeatPump, PvArray, Site
from carbonost.domain.schedule import Sizing
from carbonost.engines.energy.assembly import annual_cost
from carbonost.engines.energy.cuts import SizingProblem, choose
from carbonost.engines.energy.dispatch import dispatch, solve_problem
from carbonost.engines.energy.load import profile
from carbonost.engines.energy.problem import is_open
from carbonost.engines.energy.reduced import as_storage
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.asset import Asset, Sized
    from carbonost.engines.energy.problem import Problem

_OPEN: Final[Mapping[type, tuple[str, ...]]] = {Battery: ("capacity_kwh", "power_kw"), PvArray: ("power_kw",)}


def size(problem: Problem) -> Sizing:
    """Choose every capacity that is None.

    Raises
    ------
    InputError
        If nothing is to be sized, or what is to be sized has neither a cost nor a bound.
    UnboundedError
        If owning more always pays and no bound stops it.
    """
    chosen = [name for name, asset in problem.site.named() if is_open(asset)]
    if not chosen:
        raise InputError("no capacity is None", field="site.assets", remedy="Set the capacities to be chosen to None.")
    for name, asset in problem.site.named():
        if name in chosen and not _is_priced(asset):
            raise InputError(
                "is to be sized, and has neither a cost nor a bound",
                field=name,
                remedy="Give annual_cost_cny_per_kwh=…, or capex_cny_per_kwh=… with life_years=…, or a maximum.",
            )
    cut_problem = as_sizing(problem)
    return monolithic(problem) if cut_problem is None else by_cuts(problem, cut_problem)


def as_sizing(problem: Problem) -> SizingProblem | None:
    """The arrays of the cutting way, or None where the site needs the whole model."""
    pairs = problem.site.named()
    stores = [asset for _, asset in pairs if isinstance(asset, Battery)]
    if len(stores) != 1 or problem.site.grid.import_kw_max is not None:
        return None
    trial = {name: dict.fromkeys(_OPEN.get(type(asset), ()), 1.0) for name, asset in pairs if is_open(asset)}
    storage = as_storage(replace(problem, site=at_sizes(problem.site, trial)))
    if storage is None:
        return None
    battery = stores[0]
    arrays = [(name, asset) for name, asset in pairs if isinstance(asset, PvArray) and is_open(asset)]
    shapes = np.array([profile(asset.profile, problem.load, f"{name}.profile") for name, asset in arrays])
    rate, weight = problem.economics.discount_rate, problem.economics.weight
    known = [battery.capacity_kwh, battery.power_kw]
    units: list[tuple[Sized, str, float | None]] = [(battery, "kwh", known[0]), (battery, "kw", known[1])]
    units += [(asset, "kw", None) for _, asset in arrays]
    cost = [0.0 if value is not None else annual_cost(asset, unit, rate) / weight for asset, unit, value in units]
    lower = [getattr(a, f"capacity_{unit}_min") if value is None else value for a, unit, value in units]
    upper = [getattr(a, f"capacity_{unit}_max") if value is None else value for a, unit, value in units]
    return SizingProblem(
        load_kw=storage.net_kw + shapes.sum(axis=0) if arrays else storage.net_kw,
        shapes=shapes.reshape(len(arrays), len(problem.at)),
        cost=np.array(cost),
        lower=np.array(lower, dtype=float),
        upper=np.array([np.inf if value is None else value for value in upper], dtype=float),
        template=storage,
    )


def by_cuts(problem: Problem, arrays: SizingProblem) -> Sizing:
    """Choose by cuts on the cost of operation."""
    found = choose(arrays, problem.clock)
    sizes: dict[str, dict[str, float]] = {}
    generators = iter(found.x[2:])
    for name, asset in problem.site.named():
        if isinstance(asset, Battery) and is_open(asset):
            sizes[name] = {"capacity_kwh": float(found.x[0]), "power_kw": float(found.x[1])}
        elif is_open(asset):
            sizes[name] = {"power_kw": float(next(generators))}
    owned = float(arrays.cost @ found.x) * problem.economics.weight
    return sized(problem, sizes, owned, {"rounds": found.rounds, "gap": found.gap})


def monolithic(problem: Problem) -> Sizing:
    """One model with capacities as columns."""
    solved = solve_problem(problem)
    sizes = {
        name: {quantity: max(0.0, float(solved.plan[column][0])) for quantity, column in columns.items()}
        for name, columns in solved.assembly.capacities.items()
    }
    owned = fsum(float(cost @ solved.plan[columns]) for columns, cost in solved.assembly.investments)
    return sized(problem, sizes, owned, {"rounds": solved.rounds, "solver_s": solved.solver_s})


def sized(
    problem: Problem, sizes: Mapping[str, Mapping[str, float]], investment_cny: float, effort: Mapping[str, Any]
) -> Sizing:
    """The result at chosen sizes, with its schedule by dispatch."""
    site = at_sizes(problem.site, sizes)
    schedule = dispatch(replace(problem, site=site))
    return Sizing(
        objective_cny=schedule.objective_cny + investment_cny,
        capacities={name: whole_size(asset, sizes[name]) for name, asset in problem.site.named() if name in sizes},
        schedule=schedule,
        investment_cny=investment_cny,
        diagnostics=dict(effort),
    )


def whole_size(asset: Asset, found: Mapping[str, float]) -> dict[str, float]:
    """All capacities of an asset, chosen or given."""
    if not isinstance(asset, Battery):
        return dict(found)
    return {
        "capacity_kwh": found.get("capacity_kwh", asset.capacity_kwh or 0.0),
        "power_kw": found.get("power_kw", asset.power_kw or 0.0),
    }


def at_sizes(site: Site, sizes: Mapping[str, Mapping[str, float]]) -> Site:
    """The site with its capacities filled in."""
    assets: list[Asset] = []
    for name, asset in site.named():
        found = sizes.get(name, {})
        if not found:
            assets.append(asset)
        elif isinstance(asset, Battery):
            sizes_of = whole_size(asset, found)
            assets.append(replace(asset, capacity_kwh=sizes_of["capacity_kwh"], power_kw=sizes_of["power_kw"]))
        elif isinstance(asset, HeatPump):
            assets.append(replace(asset, heat_kw=found["power_kw"]))
        elif isinstance(asset, PvArray):
            assets.append(replace(asset, capacity_kw=found["power_kw"]))
    return Site(site.grid, assets)


def _is_priced(asset: Asset) -> bool:
    """Whether a cost or a bound keeps a capacity from growing without end."""
    spread = ("capex_cny_per_kwh", "capex_cny_per_kw", "opex_cny_per_kwh_year", "opex_cny_per_kw_year")
    stated = ("annual_cost_cny_per_kwh", "annual_cost_cny_per_kw", "capacity_kwh_max", "capacity_kw_max")
    return any(getattr(asset, name) for name in spread) or any(getattr(asset, name) is not None for name in stated)
