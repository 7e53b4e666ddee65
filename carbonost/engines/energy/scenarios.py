"""One battery plan for several possible loads: by expectation, by the worst case, or by the worst tail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from carbonost.domain.asset import Battery, PvArray
from carbonost.domain.checks import is_number
from carbonost.domain.schedule import ScenarioPlan
from carbonost.engines.energy.assembly import TIE_CNY_PER_KWH
from carbonost.engines.energy.load import given_kw, numbers
from carbonost.engines.energy.model import INF, Model
from carbonost.engines.energy.reduced import is_given
from carbonost.engines.energy.solve import NoPlan, Solver
from carbonost.engines.energy.terms import GridColumns, billed_demand, grid_terms, ledger, objective, wear_terms
from carbonost.errors import InfeasibleError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.energy.problem import Problem
    from carbonost.engines.energy.terms import Term

SLACK_KW: Final = 1e-6
Aim = Literal["expected", "worst", "cvar"]


def forecast_scenarios(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Low, middle and high load of a forecast's `ds, yhat_lower, yhat, yhat_upper`."""
    absent = [name for name in ("ds", "yhat_lower", "yhat", "yhat_upper") if name not in frame]
    if absent:
        raise InputError(
            f"a forecast lacks {absent}",
            field="loads",
            value=[str(name) for name in frame.columns],
            remedy="Give the frame predict_load returns, or {scenario: Series}.",
        )
    index = pd.DatetimeIndex(frame["ds"])
    names = {"low": "yhat_lower", "middle": "yhat", "high": "yhat_upper"}
    return {
        name: pd.Series(np.maximum(frame[column].to_numpy(dtype=float), 0.0), index) for name, column in names.items()
    }


def plan_scenarios(
    problems: Mapping[str, Problem], probabilities: Sequence[float] | None, aim: Aim, tail: float
) -> ScenarioPlan:
    """Choose charge and discharge once; each scenario's import follows.

    Where a scenario's load is below what the plan discharges, the surplus is lost to it.

    Raises
    ------
    InputError
        If the site is not one battery of given size with given generation behind a meter that only buys,
        or a share is out of range.
    InfeasibleError
        If the connection cannot carry every scenario; it names the first instant and the power that lacks.
    """
    cases = list(problems.values())
    weights = _weights(probabilities, len(cases))
    if not isinstance(aim, str) or aim not in ("expected", "worst", "cvar"):
        raise InputError("is not an aim", field="aim", value=aim, remedy="Use 'expected', 'worst' or 'cvar'.")
    if not is_number(tail) or not 0 < tail <= 1:
        raise InputError("must lie in (0, 1]", field="tail", value=tail)
    battery = _battery(cases[0])
    for case in cases:
        _refuse_more(case)
    model = Model()
    charge, discharge, stored = _store(model, cases[0], battery)
    own = [_scenario(model, case, charge, discharge) for case in cases]
    terms = [each.terms for each in own]
    wear = wear_terms(battery.wear_steps[0], discharge, cases[0].at)
    shared = [term.times(cases[0].economics.weight) for term in wear]
    cost = _aim(model, cases, terms, weights, aim, tail)
    cost = np.concatenate([cost, np.zeros(model.n_columns - cost.size)])
    cost += objective(shared, model.n_columns, 0.0)[0]
    cost[charge] += TIE_CNY_PER_KWH * cases[0].at.hours
    try:
        plan = Solver(model.matrix(cost), cases[0].clock).solve().plan
    except NoPlan:
        raise _explained(model, cases, terms) from None
    for case, each in zip(cases, own, strict=True):
        _settle(plan, case, each, plan[charge] - plan[discharge])
    totals = {
        name: ledger([*each.terms, *shared], plan, case.at.months, case.economics.carbon_price_cny_per_t).total_cny
        for (name, case), each in zip(problems.items(), own, strict=True)
    }
    paid = np.array(list(totals.values()))
    frame = pd.DataFrame(
        {
            **{f"load_kw[{name}]": case.load.kw for name, case in problems.items()},
            "charge_kw": plan[charge],
            "discharge_kw": plan[discharge],
            "soc": plan[stored] / float(battery.capacity_kwh or 1.0),
        },
        index=cases[0].load.starts,
    )
    aimed = {"expected": float(weights @ paid), "worst": float(paid.max()), "cvar": _tail_mean(paid, weights, tail)}
    return ScenarioPlan(aimed[aim], aimed["expected"], aimed["worst"], totals, frame)


def _weights(probabilities: Sequence[float] | None, count: int) -> FloatArray:
    if count == 0:
        raise InputError("no scenario is given", field="loads")
    weights = np.full(count, 1.0 / count) if probabilities is None else numbers(probabilities, "probabilities")
    if weights.shape != (count,) or (weights < 0).any() or abs(weights.sum() - 1.0) > 1e-9:  # noqa: PLR2004 -- rounding
        raise InputError("one per scenario, summing to 1", field="probabilities", value=probabilities)
    return weights


def _battery(problem: Problem) -> Battery:
    stores = [asset for asset in problem.site.assets if isinstance(asset, Battery)]
    others = [asset for asset in problem.site.assets if not isinstance(asset, Battery)]
    plain = (
        len(stores) == 1
        and len(stores[0].wear_steps) == 1
        and None
        not in (
            stores[0].capacity_kwh,
            stores[0].power_kw,
        )
    )
    if not plain or not all(isinstance(asset, PvArray) and is_given(asset) for asset in others):
        raise InputError(
            "scenarios are planned for one battery of given size, with given generation",
            field="site.assets",
            remedy="Dispatch each scenario of another site by itself.",
        )
    return stores[0]


def _refuse_more(problem: Problem) -> None:
    """Refuse what the scenario model does not hold, rather than leave it out."""
    asked = {
        "site.grid.export_kw_max": problem.site.grid.export_kw_max != 0,
        "heat_kw": bool(problem.heat_kw),
        "carbon_cap_t": problem.economics.carbon_cap_t is not None,
        "tariff.demand_discount": problem.rate.discount is not None,
        "tariff.energy": bool((problem.rate.energy < 0).any()),
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise InputError(
                "is not part of a plan over scenarios" if name != "tariff.energy" else "is below zero at times",
                field=name,
                remedy="Dispatch each scenario by itself.",
            )


def _explained(model: Model, cases: Sequence[Problem], terms: Sequence[Sequence[Term]]) -> InfeasibleError:
    """The least the connection would have to be larger, and the first instant that needs it."""
    matrix = model.matrix(np.zeros(model.n_columns))
    bought = [term.columns for own in terms for term in own if term.name == "energy"]
    over = model.columns(1)
    for columns, case in zip(bought, cases, strict=True):
        matrix.column_upper[columns] = INF
        limit = INF if case.site.grid.import_kw_max is None else float(case.site.grid.import_kw_max)
        model.rows(columns.size, -INF, limit, (columns, 1.0), (over, -1.0))
    cost = np.zeros(model.n_columns)
    cost[over] = 1.0
    relaxed = model.matrix(cost)
    relaxed.column_upper[: matrix.cost.size] = matrix.column_upper
    try:
        plan = Solver(relaxed, cases[0].clock).solve().plan
    except NoPlan:  # the store itself: its final charge is out of reach
        return InfeasibleError("the battery's limits in every scenario", None, float("nan"))
    limits = [INF if case.site.grid.import_kw_max is None else float(case.site.grid.import_kw_max) for case in cases]
    beyond = np.any([plan[columns] > most + SLACK_KW for columns, most in zip(bought, limits, strict=True)], axis=0)
    at = cases[0].load.starts[int(np.argmax(beyond))]
    return InfeasibleError("grid.import_kw_max in every scenario", at, float(plan[over][0]))


def _store(model: Model, problem: Problem, battery: Battery) -> tuple[IntArray, IntArray, IntArray]:
    n, hours = len(problem.at), problem.at.hours
    energy, power = float(battery.capacity_kwh or 0.0), float(battery.power_kw or 0.0)
    charge, discharge = model.columns(n, 0.0, power), model.columns(n, 0.0, power)
    lower, upper = np.full(n, battery.soc_min * energy), np.full(n, battery.soc_max * energy)
    if battery.final_share is not None:
        lower[-1] = upper[-1] = battery.final_share * energy
    stored = model.columns(n, lower, upper)
    begin = np.zeros(n)
    begin[0] = battery.soc_initial * energy
    into, out = -battery.charge_efficiency * hours, hours / battery.discharge_efficiency
    rows = model.rows(n, begin, begin, (stored, 1.0), (charge, into), (discharge, out))
    model.add(rows[1:], stored[:-1], -1.0)
    return charge, discharge, stored


class _Own(NamedTuple):
    """What a scenario has to itself: its load less generation [kW], its columns and its terms."""

    net_kw: FloatArray
    imported: IntArray
    demand: IntArray
    terms: list[Term]


def _settle(plan: FloatArray, problem: Problem, own: _Own, stored_kw: FloatArray) -> None:
    """Let a scenario buy no more than it needs: where its cost is not what is least, the solver leaves it open."""
    at = problem.at
    bought = np.maximum(own.net_kw + stored_kw, 0.0)
    peaks = np.zeros(len(at.months))
    np.maximum.at(peaks, at.window_month, np.bincount(at.window, bought) / np.bincount(at.window))
    plan[own.imported], plan[own.demand] = bought, billed_demand(problem.rate, peaks)


def _scenario(model: Model, problem: Problem, charge: IntArray, discharge: IntArray) -> _Own:
    at, rate, n = problem.at, problem.rate, len(problem.at)
    net = problem.load.kw.copy()
    for name, asset in problem.site.named():
        if isinstance(asset, PvArray):
            net -= given_kw(problem.load, name, asset)
    limit = problem.site.grid.import_kw_max
    imported = model.columns(n, 0.0, INF if limit is None else float(limit))
    model.rows(n, net, INF, (imported, 1.0), (charge, -1.0), (discharge, 1.0))
    covered = rate.covered_kw
    demand = model.columns(len(at.months))
    size = np.bincount(at.window)
    rows = model.rows(size.size, -INF, covered, (demand[at.window_month], -1.0))
    model.add(rows[at.window], imported, 1.0 / size[at.window])
    weight = problem.economics.weight
    terms = [term.times(weight) for term in grid_terms(rate, at, GridColumns(imported, None, demand))]
    return _Own(net, imported, demand, terms)


def _aim(
    model: Model,
    cases: Sequence[Problem],
    terms: Sequence[Sequence[Term]],
    weights: FloatArray,
    aim: Aim,
    tail: float,
) -> FloatArray:
    """Cost vector of the aim; the worst and the tail are columns above each scenario's cost."""
    count = model.n_columns
    costs = [
        objective(own, count, case.economics.carbon_price_cny_per_t) for own, case in zip(terms, cases, strict=True)
    ]
    if aim == "expected":
        return np.asarray(sum(w * cost for w, (cost, _) in zip(weights, costs, strict=True)), dtype=np.float64)
    level = model.columns(1, -INF)
    above = model.columns(len(cases)) if aim == "cvar" else np.zeros(0, dtype=np.int32)
    for number, (cost, fixed) in enumerate(costs):
        row = model.rows(1, fixed, INF, (level, 1.0))
        used = np.flatnonzero(cost)
        model.add(row, used, -cost[used])
        if aim == "cvar":
            model.add(row, above[number : number + 1], 1.0)
    out = np.zeros(model.n_columns)
    out[level] = 1.0
    out[above] = weights / tail if aim == "cvar" else 0.0
    return out


def _tail_mean(paid: FloatArray, weights: FloatArray, tail: float) -> float:
    """Mean cost of the dearest share `tail` of outcomes."""
    order = np.argsort(-paid)
    taken = np.minimum(np.cumsum(weights[order]), tail)
    return float(np.diff(taken, prepend=0.0) @ paid[order] / tail)


def common_times(loads: Mapping[str, Any]) -> None:
    """Refuse scenarios that do not share their stamps."""
    indices = [load.index for load in loads.values() if isinstance(load, pd.Series)]
    if any(not index.equals(indices[0]) for index in indices):
        raise InputError("scenarios have different stamps", field="loads", remedy="Give them one index.")
