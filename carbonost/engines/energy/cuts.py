"""Size a battery and generation by cuts on the cost of operation.

For sizes ``x = (E, P, K...)`` the best operation costs ``V(x)``, a convex function. With the worth of stored
energy and the peak's price at one ``x`` the storage and demand rows can be priced away, each interval is then
solved by hand, and what results is a lower bound of V everywhere that is exact at ``x`` (Lagrangian cut).
A level method [1]_ walks between the bounds until they meet.

References
----------
.. [1] C. Lemarechal, A. Nemirovskii, Y. Nesterov, New variants of bundle methods, Math. Programming 69, 1995.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.model import INF, Model
from carbonost.engines.energy.solve import Clock, Solver
from carbonost.errors import OptimizationError, UnboundedError

if TYPE_CHECKING:
    from carbonost.domain.asset import Battery
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.storage import Multipliers, StorageProblem

GAP: Final = 2e-7
COARSE_GAP: Final = 3e-4
SMALL_GAP: Final = 1e-10
"""On horizons too short to be sampled the corner itself is cheap to reach."""
CORNER: Final = 1e-5
"""A gap below which the walk steps onto the cuts' corner instead of short of it."""
ROUNDS: Final = 200
LEVEL: Final = 0.1
NEAR: Final = 0.03
"""Reach of the first step from sizes found on sampled days, as a share of the box."""
SPARE: Final = 1.2
SAMPLE: Final = 6
WIDENINGS: Final = 8
TIE_CNY: Final = 1e-6
"""Of sizes that cost the same, the smaller is taken; not part of any figure reported."""
EDGE: Final = 1e-6


@dataclass(frozen=True, eq=False)
class SizingProblem:
    """What is to be chosen, on arrays.

    Attributes
    ----------
    load_kw : (n,) array
        Load less generation that is given.
    shapes : (k, n) array
        Generation per kW of each array to be sized.
    cost : (2 + k,) array
        Annual cost of a kWh, a kW, and a kW of each array, in units of the horizon's cost.
    lower, upper : (2 + k,) arrays
    template : StorageProblem
        The problem at any sizes; its battery's capacities and net load are replaced.
    """

    load_kw: FloatArray
    shapes: FloatArray
    cost: FloatArray
    lower: FloatArray
    upper: FloatArray
    template: StorageProblem

    def at(self, x: FloatArray) -> StorageProblem:
        """The operation's problem at sizes `x`."""
        battery: Battery = replace(self.template.battery, capacity_kwh=float(x[0]), power_kw=float(x[1]))
        return replace(self.template, battery=battery, net_kw=self.load_kw - x[2:] @ self.shapes)


@dataclass(frozen=True, eq=False)
class Sizes:
    """Chosen sizes, the cost of operation there, and how the bounds met."""

    x: FloatArray
    operation_cny: float
    rounds: int
    gap: float


class Operation:
    """Cost of the best operation at any sizes, by one block model kept alive while its blocks hold."""

    def __init__(self, problem: SizingProblem, clock: Clock | None = None) -> None:
        self.problem, self._clock = problem, clock
        self._model: StorageModel | None = None

    def at(self, x: FloatArray) -> tuple[float, FloatArray, float]:
        """Cost at `x`, and slope and constant of its cut."""
        storage = self.problem.at(x)
        if self._model is None or not self._model.update(storage):
            self._model = StorageModel(storage, self._clock, tied=False, spare=SPARE)
        self._model.solve()
        slope, constant = cut(self.problem, storage, self._model.multipliers(), x)
        unavoided = float(np.maximum(storage.net_kw, 0.0) @ storage.price) * storage.hours
        return self._model.solution.objective + unavoided, slope, constant


def choose(problem: SizingProblem, clock: Clock | None = None) -> Sizes:
    """Choose the sizes of least total cost: first on every sixth day, then from there on all."""
    problem = replace(problem, cost=problem.cost + TIE_CNY)
    upper = np.where(np.isfinite(problem.upper), problem.upper, _first_box(problem))
    upper = np.maximum(upper, problem.lower)
    for _ in range(WIDENINGS):
        start = np.clip(0.2 * upper, problem.lower, upper)
        coarse = _sampled(problem)
        if coarse is not None:
            start = _walk(coarse, upper, start, 1.0, COARSE_GAP, clock).x
        near, gap = (1.0, SMALL_GAP) if coarse is None else (NEAR, GAP)
        found = _walk(problem, upper, start, near, gap, clock)
        grow = (found.x >= upper * (1 - EDGE)) & ~np.isfinite(problem.upper)
        if not grow.any():
            return found
        upper = np.where(grow, 4.0 * upper, upper)
    raise UnboundedError(
        "owning more always pays", field="site.assets", remedy="Give capacity_kwh_max or capacity_kw_max."
    )


def _walk(
    problem: SizingProblem, upper: FloatArray, start: FloatArray, reach: float, gap: float, clock: Clock | None
) -> Sizes:
    """Walk from `start` in a box around the best sizes so far, until the cuts' bound meets the best total."""
    operation = Operation(problem, clock)
    cuts: list[tuple[FloatArray, float]] = []
    visited: list[FloatArray] = []
    best, best_total, x = start, INF, start
    span = np.maximum(upper - problem.lower, 1e-9)
    for count in range(ROUNDS):
        value, slope, constant = operation.at(x)
        cuts.append((slope, constant))
        visited.append(x)
        total = value + float(problem.cost @ x)
        if total < best_total:
            best, best_total, best_value = x, total, value
            reach = 2.0 * reach if count else reach
        else:
            reach = 0.6 * reach
        low, high = np.maximum(problem.lower, best - reach * span), np.minimum(upper, best + reach * span)
        nearby, corner = _master(problem, cuts, low, high, None, best)
        scale = max(1.0, abs(best_total))
        if best_total - nearby <= gap * scale:  # only then can the bound over all sizes be as near
            bound, corner = _master(problem, cuts, problem.lower, upper, None, best)
            known = any(np.all(np.abs(corner - seen) <= EDGE * span) for seen in visited)
            if best_total - bound <= (max(gap, GAP) if known else gap) * scale:  # a known corner tells no more
                return Sizes(best, best_value, count + 1, (best_total - bound) / scale)
            reach = 1.0
            low, high, nearby = problem.lower, upper, bound
        if best_total - nearby <= CORNER * scale:
            x = corner
        else:
            _, x = _master(problem, cuts, low, high, nearby + LEVEL * (best_total - nearby), best)
    raise OptimizationError("the sizes did not settle")


def _sampled(problem: SizingProblem) -> SizingProblem | None:
    """Every sixth day, its energy counted six times; None for a short horizon."""
    whole = problem.template
    per_day = round(24 / whole.hours)
    day = np.arange(whole.month.size) // per_day
    kept = day % SAMPLE == 0
    if day[-1] < 10 * SAMPLE or np.unique(whole.month[kept]).size < whole.floor_kw.size:
        return None
    battery = replace(whole.battery, wear_cny_per_kwh=SAMPLE * whole.battery.wear_steps[0])
    template = replace(
        whole, price=SAMPLE * whole.price[kept], month=whole.month[kept], net_kw=whole.net_kw[kept], battery=battery
    )
    return replace(problem, load_kw=problem.load_kw[kept], shapes=problem.shapes[:, kept], template=template)


def cut(problem: SizingProblem, storage: StorageProblem, price: Multipliers, x: FloatArray) -> tuple[FloatArray, float]:
    """The affine lower bound of operation's cost that the multipliers give.

    Each interval's share is the largest of affine pieces in (P, net load); the piece that holds at `x` is taken.
    """
    battery, hours, power, net = storage.battery, storage.hours, storage.power_kw, storage.net_kw
    bought = storage.price * hours + price.peak
    stored = price.stored * battery.charge_efficiency * hours
    given = bought - (battery.wear_steps[0] + price.stored / battery.discharge_efficiency) * hours
    per_power, per_net = np.zeros(net.size), np.zeros(net.size)
    eager = stored > bought
    full = eager & (net + power >= 0)
    per_net[full] = bought[full]
    per_power[full] = (bought - stored)[full]
    per_power[eager & ~full] = -stored[eager & ~full]
    calm = ~eager
    worth = np.maximum(given, 0.0)
    high = calm & (net >= power)
    low = calm & (net >= 0) & (net < power)
    spare = calm & (net < 0) & (net > -power)
    flood = calm & (net <= -power)
    per_net[high], per_power[high] = bought[high], -worth[high]
    per_net[low] = (bought - worth)[low]
    per_net[spare] = stored[spare]
    per_power[flood] = -stored[flood]
    slope = np.empty(x.size)
    slope[0] = _energy_slope(battery, price.stored)
    slope[1] = per_power.sum()
    slope[2:] = -problem.shapes @ per_net
    constant = float(per_net @ problem.load_kw) - float(price.peak.sum()) * storage.covered_kw
    left = storage.demand_cny_per_kw - np.bincount(storage.month, weights=price.peak, minlength=storage.floor_kw.size)
    floor = np.maximum(storage.floor_kw - storage.covered_kw, 0.0)
    return slope, constant + float(np.maximum(left, 0.0) @ floor)


def _energy_slope(battery: Battery, worth: FloatArray) -> float:
    """What a kWh of capacity saves by holding energy while its worth rises [CNY/kWh]."""
    rise = worth[:-1] - worth[1:]  # what keeping a kWh through the end of the interval costs
    held = np.minimum(rise * battery.soc_min, rise * battery.soc_max).sum()
    share = battery.final_share
    last = worth[-1]
    end = last * share if share is not None else min(last * battery.soc_min, last * battery.soc_max)
    return float(held + end - worth[0] * battery.soc_initial)


def _master(
    problem: SizingProblem,
    cuts: list[tuple[FloatArray, float]],
    lower: FloatArray,
    upper: FloatArray,
    level: float | None,
    centre: FloatArray,
) -> tuple[float, FloatArray]:
    """The least total under the cuts; with a `level`, the point at most that high and nearest to `centre`."""
    model, k = Model(), problem.lower.size
    x = model.columns(k, lower, upper)
    theta = model.columns(1, -INF)
    for slope, constant in cuts:
        row = model.rows(1, constant, INF, (theta, 1.0))
        model.add(row, x, -slope)
    if level is None:
        cost = np.concatenate([problem.cost, [1.0]])
        found = Solver(model.matrix(cost)).solve()
        return float(cost @ found.plan), found.plan[x]
    far = model.columns(1)
    span = np.maximum(upper - lower, 1e-9)
    model.rows(k, -INF, centre, (x, 1.0), (far, -span))
    model.rows(k, centre, INF, (x, 1.0), (far, span))
    row = model.rows(1, -INF, level, (theta, 1.0))
    model.add(row, x, problem.cost)
    found = Solver(model.matrix(np.concatenate([np.zeros(k + 1), [1.0]]))).solve()
    return level, found.plan[x]


def _first_box(problem: SizingProblem) -> FloatArray:
    """Sizes that are large for the load: a day's energy, twice the peak, and twice the peak of generation."""
    peak = max(float(problem.load_kw.max(initial=0.0)), 1.0)
    return np.array([24.0 * peak, 2.0 * peak, *(2.0 * peak for _ in problem.shapes)])
