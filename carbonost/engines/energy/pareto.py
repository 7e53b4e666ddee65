"""Cost against emissions: plans of which none is cheaper at the same emissions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.arguments import whole
from carbonost.domain.schedule import Frontier, Schedule
from carbonost.engines.energy.dispatch import dispatch, read_schedule, solve_problem, solver_costs
from carbonost.engines.energy.problem import Problem, without_price
from carbonost.engines.energy.solve import Solver
from carbonost.engines.energy.terms import tonnes
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

NUDGE = 1e-9
MOST_POINTS = 1000


def pareto(problem: Problem, points: int = 5) -> Frontier:
    """Solve for the cheapest and the cleanest plan, and for caps evenly between.

    The cleanest point is the cheapest plan among those of least emissions.
    """
    points = whole(points, "points", least=2, most=MOST_POINTS)  # a front has two ends
    if not np.any(problem.rate.grid_t_per_kwh) and not problem.economics.gas_t_per_kwh:
        raise InputError(
            "a front needs emission factors",
            field="grid_kg_per_kwh",
            remedy="Give grid_kg_per_kwh=… (and gas_kg_per_kwh=…).",
        )
    free = without_price(problem)
    cheapest = dispatch(free)
    least = least_emissions(free)
    caps = np.linspace(cheapest.emissions_t, least, points)[1:]
    schedules: list[Schedule] = [cheapest]
    for cap in caps:
        room = NUDGE * max(1.0, abs(float(cap)))
        capped = replace(free, economics=replace(free.economics, carbon_cap_t=float(cap) + room))
        schedules.append(read_schedule(capped, solve_problem(capped)))
    cost: FloatArray = np.array([s.objective_cny for s in schedules])
    emitted: FloatArray = np.array([s.emissions_t for s in schedules])
    return Frontier(cost, emitted, tuple(schedules))


def least_emissions(problem: Problem) -> float:
    """The least a site can emit [tCO2]."""
    free = replace(problem, economics=replace(problem.economics, carbon_cap_t=None))
    assembly = solve_problem(free).assembly  # with the on/off decisions its cheapest plan needed
    mass = tonnes(assembly.terms, assembly.model.n_columns)
    scale = 1e3 / max(1.0, float(np.abs(mass).max(initial=0.0)))
    cost = mass * scale + 1e-6 * np.abs(solver_costs(assembly))
    found = Solver(assembly.model.matrix(cost), problem.clock).solve()
    return float(mass @ found.plan)
