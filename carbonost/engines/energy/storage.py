r"""One battery behind one meter, at the size the problem really has.

Where import prices are positive and nothing is exported, a site of one battery and given generation
needs only charge, discharge and stored energy: import is what is left. Consecutive intervals of one month
and one price then act as one *block*. A block's plan can be spread back over its intervals if their room
under the month's peak M holds it:

.. math:: C_j \\le \\sum_t \\min(P, M - n_t)

The right side is concave in M, so each of its tangents is a linear row. Rows are added where a plan breaks
the limit and the model is solved again from its basis; the relaxation's plan that breaks none is the best
plan at full resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.energy.assembly import TIE_CNY_PER_KWH
from carbonost.engines.energy.model import INF, Model
from carbonost.engines.energy.solve import Solver
from carbonost.errors import OptimizationError

if TYPE_CHECKING:
    from carbonost.domain.asset import Battery
    from carbonost.domain.series import FloatArray, IntArray

ROUNDS: Final = 30
SLACK_KW: Final = 1e-6
WINDOWS: Final = tuple(int(w) for w in np.unique(np.round(np.geomspace(1, 400, 28))))


@dataclass(frozen=True, eq=False)
class StorageProblem:
    """Arrays of one battery's problem.

    Attributes
    ----------
    net_kw : (n,) array [kW]
        Load less generation; negative where there is surplus, which is free.
    price : (n,) array [CNY/kWh]
        What an imported kWh costs, carbon included; positive.
    month : (n,) array of int
    hours : float [h]
    battery : Battery
        With known capacities and one wear price.
    demand_cny_per_kw : float
        Price of the month's peak above `covered_kw`; 0 without such a charge.
    floor_kw : (months,) array [kW]
        Peaks already reached.
    import_kw_max : float [kW]
    """

    net_kw: FloatArray
    price: FloatArray
    month: IntArray
    hours: float
    battery: Battery
    demand_cny_per_kw: float
    covered_kw: float
    floor_kw: FloatArray
    import_kw_max: float = INF

    @property
    def energy_kwh(self) -> float:
        """Energy between empty and full."""
        return float(self.battery.capacity_kwh or 0.0)

    @property
    def power_kw(self) -> float:
        """Power at the grid side."""
        return float(self.battery.power_kw or 0.0)


@dataclass(frozen=True, eq=False)
class StoragePlan:
    """Flows [kW] and stored energy [kWh] at full resolution."""

    charge_kw: FloatArray
    discharge_kw: FloatArray
    stored_kwh: FloatArray
    import_kw: FloatArray
    curtailed_kw: FloatArray
    solver_s: float
    rounds: int
    columns: int


def least_peaks(problem: StorageProblem) -> FloatArray:
    """A peak no plan can stay below, per month [kW].

    In any window the battery gives at most its power in each interval and its usable energy in all, so the
    window's mean less that is imported at some instant.
    """
    battery = problem.battery
    usable = (battery.soc_max - battery.soc_min) * problem.energy_kwh * battery.discharge_efficiency / problem.hours
    least = np.maximum(problem.floor_kw, problem.covered_kw)
    begins = np.flatnonzero(np.diff(problem.month, prepend=-1))
    ends = np.append(begins[1:], problem.month.size)
    total = np.concatenate([[0.0], np.cumsum(problem.net_kw)])
    np.maximum.at(least, problem.month, problem.net_kw - problem.power_kw)
    for m, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        for width in WINDOWS:
            if width > end - begin:
                break
            energy = (total[begin + width : end + 1] - total[begin : end + 1 - width]).max()
            least[m] = max(least[m], (energy - usable) / width)
    return np.asarray(least, dtype=np.float64)


class StorageModel:
    """The block model, alive in the solver."""

    def __init__(self, problem: StorageProblem, time_limit_s: float | None = None, *, aggregate: bool = True) -> None:
        self.problem = problem
        self._limited = bool(problem.demand_cny_per_kw) or np.isfinite(problem.import_kw_max)
        self._shape(aggregate=aggregate)
        self._build(time_limit_s)

    def solve(self) -> StoragePlan:
        """Solve, add the rows a plan breaks, and solve again until it breaks none."""
        for count in range(ROUNDS):
            plan = self.solver.solve().plan
            broken = self._broken(plan)
            if broken.size == 0:
                return self._spread(plan, count + 1)
            self._add_tangents(broken, plan)
        raise OptimizationError("the block model did not settle")

    def _shape(self, *, aggregate: bool) -> None:
        """Group intervals into blocks; those that may have to be shaved stay single."""
        p = self.problem
        net = p.net_kw
        self._surplus = np.maximum(-net, 0.0)
        self._deficit = np.maximum(net, 0.0)
        self._free = np.minimum(p.power_kw, self._surplus)
        self._paid = p.power_kw - self._free
        self._useful = np.minimum(p.power_kw, self._deficit)
        least = least_peaks(p) if self._limited else np.full(int(p.month[-1]) + 1, INF)
        self._least = np.minimum(least, p.import_kw_max)
        loud = net > self._least[p.month] + SLACK_KW
        new = np.ones(net.size, dtype=bool)
        if aggregate:
            same = (p.month[1:] == p.month[:-1]) & (p.price[1:] == p.price[:-1])
            same &= ((net[1:] < 0) == (net[:-1] < 0)) & ~loud[1:] & ~loud[:-1]
            new[1:] = ~same
        self._first = np.flatnonzero(new).astype(np.int32)
        self._block = (np.cumsum(new) - 1).astype(np.int32)
        self._loud = loud[self._first]

    def _sum(self, values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, self._first), dtype=np.float64)

    def _build(self, time_limit_s: float | None) -> None:
        p, battery, model = self.problem, self.problem.battery, Model()
        n, hours = self._first.size, p.hours
        self._month = p.month[self._first]
        self._charge = model.columns(n, 0.0, self._sum(self._paid))
        self._discharge = model.columns(n, 0.0, self._sum(self._useful))
        low, high = battery.soc_min * p.energy_kwh, battery.soc_max * p.energy_kwh
        lower, upper = np.full(n, low), np.full(n, high)
        if battery.final_share is not None:
            lower[-1] = upper[-1] = battery.final_share * p.energy_kwh
        self._stored = model.columns(n, lower, upper)
        free = self._sum(self._free)
        self._at_free = np.flatnonzero(free > 0).astype(np.int32)
        self._gift = model.columns(self._at_free.size, 0.0, free[self._at_free])
        months = p.floor_kw.size
        top = max(p.import_kw_max - p.covered_kw, 0.0)
        fixed = np.isfinite(top) and not p.demand_cny_per_kw
        bottom = np.full(months, top) if fixed else np.maximum(p.floor_kw - p.covered_kw, 0.0)
        self._excess = model.columns(months, bottom, np.maximum(top, bottom))
        begin = np.zeros(n)
        begin[0] = battery.soc_initial * p.energy_kwh
        eta_c, eta_d = battery.charge_efficiency, battery.discharge_efficiency
        soc = model.rows(
            n, begin, begin, (self._stored, 1.0), (self._charge, -eta_c * hours), (self._discharge, hours / eta_d)
        )
        model.add(soc[1:], self._stored[:-1], -1.0)
        model.add(soc[self._at_free], self._gift, -eta_c * hours)
        if self._limited:
            self._limit(model)
        self.solver = Solver(model.matrix(self._cost(model.n_columns)), time_limit_s)
        self.columns = model.n_columns

    def _cost(self, columns: int) -> FloatArray:
        p = self.problem
        price = p.price[self._first] * p.hours
        tie = TIE_CNY_PER_KWH * p.hours * (1.0 + 0.1 * np.arange(price.size) / price.size)
        cost = np.zeros(columns)
        cost[self._charge] = price + tie
        cost[self._discharge] = p.battery.wear_steps[0] * p.hours - price
        cost[self._gift] = tie[self._at_free]
        cost[self._excess] = p.demand_cny_per_kw
        return cost

    def _limit(self, model: Model) -> None:
        """Rows under the peak: of each interval that may have to be shaved, and a first tangent of each block."""
        p = self.problem
        loud = np.flatnonzero(self._loud)
        model.rows(
            loud.size,
            -INF,
            p.covered_kw - p.net_kw[self._first[loud]],
            (self._charge[loud], 1.0),
            (self._discharge[loud], -1.0),
            (self._excess[self._month[loud]], -1.0),
        )
        slope, room = self._tangent(self._least[p.month])
        near = np.flatnonzero((slope > 0) & ~self._loud)
        model.rows(
            near.size, -INF, room[near], (self._charge[near], 1.0), (self._excess[self._month[near]], -slope[near])
        )

    def _tangent(self, peak_kw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Slope and constant of the blocks' room to charge, as tangents at a peak per interval.

        Room is ``slope * excess + constant``, with the peak equal to excess and what is covered.
        """
        p = self.problem
        tight = self._paid > peak_kw - self._deficit
        slope = self._sum(tight.astype(np.float64))
        constant = self._sum(np.where(tight, p.covered_kw - self._deficit, self._paid))
        return slope, constant

    def _peak(self, plan: FloatArray) -> FloatArray:
        return np.asarray((self.problem.covered_kw + plan[self._excess])[self.problem.month], dtype=np.float64)

    def _broken(self, plan: FloatArray) -> IntArray:
        if not self._limited:
            return np.zeros(0, dtype=np.int32)
        room = np.clip(self._peak(plan) - self._deficit, 0.0, self._paid)
        over = plan[self._charge] > self._sum(room) + SLACK_KW
        return np.flatnonzero(over & ~self._loud).astype(np.int32)

    def _add_tangents(self, broken: IntArray, plan: FloatArray) -> None:
        slope, room = self._tangent(self._peak(plan))
        index = np.empty((broken.size, 2), dtype=np.int32)
        index[:, 0] = self._charge[broken]
        index[:, 1] = self._excess[self._month[broken]]
        value = np.ones((broken.size, 2))
        value[:, 1] = -slope[broken]
        start = 2 * np.arange(broken.size, dtype=np.int32)
        self.solver.add_rows(np.full(broken.size, -INF), room[broken], start, index.ravel(), value.ravel())

    def _spread(self, plan: FloatArray, rounds: int) -> StoragePlan:
        """Spread each block over its intervals in proportion to their room."""
        p = self.problem
        paid = self._paid
        if self._limited:
            roomy = np.clip(self._peak(plan) - self._deficit, 0.0, self._paid)
            paid = np.where(self._loud[self._block], self._paid, roomy)
        charge = self._share(np.maximum(plan[self._charge], 0.0), paid)
        discharge = self._share(np.maximum(plan[self._discharge], 0.0), self._useful)
        gifts = np.zeros(self._first.size)
        gifts[self._at_free] = np.maximum(plan[self._gift], 0.0)
        gift = self._share(gifts, self._free)
        both = np.minimum(charge, discharge)
        charge, discharge = charge - both, discharge - both
        eta_c, eta_d = p.battery.charge_efficiency, p.battery.discharge_efficiency
        change = (eta_c * (charge + gift) - discharge / eta_d) * p.hours
        stored = p.battery.soc_initial * p.energy_kwh + np.cumsum(change)
        return StoragePlan(
            charge_kw=charge + gift,
            discharge_kw=discharge,
            stored_kwh=np.clip(stored, p.battery.soc_min * p.energy_kwh, p.battery.soc_max * p.energy_kwh),
            import_kw=np.maximum(self._deficit + charge - discharge, 0.0),
            curtailed_kw=self._surplus - gift,
            solver_s=self.solver.spent_s,
            rounds=rounds,
            columns=self.columns,
        )

    def _share(self, blocks: FloatArray, room: FloatArray) -> FloatArray:
        total = self._sum(room)
        part = np.divide(blocks, total, out=np.zeros_like(blocks), where=total > 0)
        return np.asarray(part[self._block] * room, dtype=np.float64)
