"""The best plan for a site: assemble, solve, hold exclusive flows apart, and read the plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.asset import PvArray
from carbonost.domain.schedule import Schedule
from carbonost.engines.energy.assembly import (
    Assembly,
    add_carbon_cap,
    add_rebate,
    frame_columns,
    meter,
)
from carbonost.engines.energy.baseline import baseline
from carbonost.engines.energy.exclusive import ROUNDS, Exclusions
from carbonost.engines.energy.explain import explain
from carbonost.engines.energy.load import given_kw
from carbonost.engines.energy.model import INF
from carbonost.engines.energy.reduced import as_storage, is_given, solve_storage, storage_frame, storage_terms
from carbonost.engines.energy.solve import NoPlan, Solution, Solver
from carbonost.engines.energy.supply import add_asset, open_heat
from carbonost.engines.energy.terms import ledger, notes, objective, peaks
from carbonost.engines.energy.windows import Decided, decide_by_windows, is_long
from carbonost.errors import OptimizationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.energy.model import Matrix
    from carbonost.engines.energy.problem import Problem
    from carbonost.engines.energy.solve import Clock
    from carbonost.engines.energy.terms import Term

PROVED: Final = 1e-7
"""A gap at which a plan counts as the best, as it does in the solver."""
DUST: Final = 1e-9
FRAME: Final = ("load_kw", "import_kw", "export_kw", "charge_kw", "discharge_kw", "soc", "pv_kw", "curtailed_kw")


def assemble(problem: Problem, peak_floor_kw: FloatArray | None = None) -> Assembly:
    """Meter, heat balances, assets and caps as one model; of equal plans none is taken for the order assets come in."""
    assembly = Assembly(
        problem.load, problem.at, problem.rate, problem.economics, zone=problem.zone, heat_kw=problem.heat_kw
    )
    meter(assembly, problem.site.grid, peak_floor_kw)
    open_heat(assembly, problem.heat_kw)
    for name, asset in sorted(problem.site.named(), key=lambda pair: (type(pair[1]).__name__, pair[0])):
        add_asset(assembly, name, asset)
    add_rebate(assembly)
    _own_power_only(problem, assembly)
    if problem.economics.weight != 1.0:
        assembly.terms = [term.times(problem.economics.weight) for term in assembly.terms]
    return assembly


def _own_power_only(problem: Problem, assembly: Assembly) -> None:
    """Hold free export to what the site can give, where selling pays more than buying costs.

    No plan that buys or sells, but not both, exports more; without the limit the relaxation has no end.
    """
    exported, rate = assembly.meter.exported, assembly.rate
    free = exported is not None and problem.site.grid.export_kw_max is None
    if not (free and np.any(rate.export > rate.energy)):
        return
    most = np.full(len(problem.at), assembly.give_kw)
    for name, asset in problem.site.named():
        if isinstance(asset, PvArray) and is_given(asset):
            available = given_kw(problem.load, name, asset)
            most += available - available.max()
        elif isinstance(asset, PvArray) and asset.capacity_kw_max is None:
            return  # what it can give is to be chosen
    assembly.model.rows(len(problem.at), -INF, most, (exported, 1.0))


def solver_costs(assembly: Assembly) -> FloatArray:
    """Terms, investments and the tie-break, as the solver sees them."""
    cost, _ = objective(assembly.terms, assembly.model.n_columns, assembly.economics.carbon_price_cny_per_t)
    for columns, values in (*assembly.ties, *assembly.investments):
        np.add.at(cost, columns, values)
    return cost


@dataclass(frozen=True, eq=False)
class Solved:
    """A plan, the model it belongs to, the price of the last tonne, and what the plan may cost too much."""

    assembly: Assembly
    plan: FloatArray
    shadow: float
    solver_s: float
    rounds: int
    above_bound_cny: float = 0.0


def solve_problem(problem: Problem, peak_floor_kw: FloatArray | None = None) -> Solved:
    """Solve a problem exactly.

    The relaxation without on/off decisions is solved first; where it charges and discharges (or buys and
    sells) at once, decisions are added on those intervals alone. A relaxed plan that keeps them apart is
    the best plan. Decisions in more intervals than can be proved at once are taken window by window.
    """
    assembly = assemble(problem, peak_floor_kw)
    cap = add_carbon_cap(assembly)
    exclusions = Exclusions(assembly)
    spent = 0.0
    for count in range(ROUNDS):
        matrix = assembly.model.matrix(solver_costs(assembly))
        try:
            found, solver, bound, busy = _solved(assembly, matrix, problem.clock)
        except NoPlan:
            raise explain(assembly, exclusions, problem.clock) from None
        spent += busy
        if not exclusions.add(found.plan):
            shadow = _shadow(solver, matrix.integer, found, cap)
            return Solved(assembly, found.plan, shadow, spent, count + 1, max(0.0, found.objective - bound))
    raise OptimizationError("no plan keeps charging and discharging apart")


def _solved(assembly: Assembly, matrix: Matrix, clock: Clock) -> Decided:
    """Solve a matrix at once, or window by window where its decisions are too many."""
    step = assembly.model.step()
    if is_long(matrix, step):
        return decide_by_windows(matrix, step, assembly.at.month, assembly.at.hours, clock)
    solver = Solver(matrix, clock)
    found = solver.solve()
    return Decided(found, solver, found.bound, solver.spent_s)


def _shadow(solver: Solver, integer: IntArray, found: Solution, cap: IntArray | None) -> float:
    """What the last tonne under the cap saves; with on/off decisions, at the decisions taken."""
    if cap is None:
        return 0.0
    if solver.integer:
        values = np.round(found.plan[integer])
        solver.highs.changeColsIntegrality(integer.size, integer, np.zeros(integer.size, dtype=np.uint8))
        solver.bounds(integer, values, values)
        solver.integer = False
        found = solver.solve()
    return max(0.0, -float(found.row_dual[cap[0]]))


def dispatch(problem: Problem) -> Schedule:
    """Solve and read the plan."""
    storage = as_storage(problem)
    if storage is not None:
        try:
            plan = solve_storage(problem, storage)
        except NoPlan:
            pass  # the full model below says which limit
        else:
            terms, vector = storage_terms(problem, plan)
            effort = {"solver_s": plan.solver_s, "rounds": plan.rounds, "columns": plan.columns}
            return _schedule(problem, terms, vector, storage_frame(problem, plan), 0.0, effort)
    return read_schedule(problem, solve_problem(problem))


def read_schedule(problem: Problem, solved: Solved) -> Schedule:
    """The typed result of a plan of the full model."""
    assembly, plan = solved.assembly, _cleaned(solved)
    columns = frame_columns(assembly, plan)
    frame = {"load_kw": problem.load.kw, **{name: columns.get(name, np.zeros(len(problem.at))) for name in FRAME[1:]}}
    frame |= {name: values for name, values in columns.items() if name not in frame}
    frame |= _charge_levels(assembly, plan)
    effort = {"solver_s": solved.solver_s, "rounds": solved.rounds, "columns": assembly.model.n_columns}
    schedule = _schedule(problem, assembly.terms, plan, frame, solved.shadow, effort)
    gap = solved.above_bound_cny / max(1.0, abs(schedule.objective_cny))
    if gap <= PROVED:
        return schedule
    bound = schedule.objective_cny - solved.above_bound_cny
    return replace(schedule, status="feasible", diagnostics={**schedule.diagnostics, "bound_cny": bound, "gap": gap})


def _schedule(
    problem: Problem,
    terms: Sequence[Term],
    plan: FloatArray,
    frame: dict[str, FloatArray],
    shadow: float,
    effort: dict[str, Any],
) -> Schedule:
    """Every figure of a schedule comes from the declared terms and the flows."""
    at, weight = problem.at, problem.economics.weight
    booked = ledger(terms, plan, at.months, problem.economics.carbon_price_cny_per_t)
    booked = replace(booked, notes=notes(problem.rate, at))
    peak = peaks(at, frame["import_kw"])
    undone = baseline(problem)
    return Schedule(
        status="optimal",
        objective_cny=booked.total_cny,
        baseline_cny=float("nan") if undone is None else undone.total_cny,
        peak_kw=float(peak.max()),
        emissions_t=booked.emissions_t,
        carbon_shadow_price_cny_per_t=shadow,
        ledger=booked,
        curtailed_kwh=float(frame["curtailed_kw"].sum() * at.hours * weight),
        frame=pd.DataFrame(frame | {"price_cny_per_kwh": problem.rate.energy}, index=problem.load.starts),
        hours=at.hours,
        baseline=undone,
        diagnostics={**effort, "monthly_peak_kw": peak},
    )


def _cleaned(solved: Solved) -> FloatArray:
    """The plan without the solver's dust: tiny negatives, and what flows both ways at once to no one's gain."""
    plan = np.where(np.abs(solved.plan) < DUST, 0.0, solved.plan)
    for pair in solved.assembly.pairs:
        both = np.minimum(plan[pair.one], plan[pair.other])
        plan[pair.one] -= both
        plan[pair.other] -= both
    demand = solved.assembly.meter.demand
    if demand.size:  # the column is exactly what the flows bill
        rate, at = solved.assembly.rate, solved.assembly.at
        covered = rate.covered_kw
        billed = np.maximum(0.0, peaks(at, plan[solved.assembly.meter.imported]) - covered)
        plan[demand] = np.maximum(billed, np.where(plan[demand] > billed + 1e-3, plan[demand], 0.0))
    return plan


def _charge_levels(assembly: Assembly, plan: FloatArray) -> dict[str, FloatArray]:
    """State of charge [-] at the end of each interval: of all stores, and of each where there are several."""
    if not assembly.stores:
        return {"soc": np.full(assembly.steps, np.nan)}
    stored, room, each = np.zeros(assembly.steps), 0.0, {}
    for name, columns, capacity in assembly.stores:
        energy = plan[columns]
        size = float(capacity) if isinstance(capacity, float) else float(plan[capacity][0])
        each[f"{name}.soc"] = energy / size if size > 0 else np.zeros(assembly.steps)
        stored, room = stored + energy, room + size
    whole = {"soc": stored / room if room > 0 else np.zeros(assembly.steps)}
    return whole | (each if len(assembly.stores) > 1 else {})
