r"""One battery's problem at the size it really has: consecutive intervals of one price act as one block.

Where import prices are positive and nothing is exported, a site of one battery and given generation
needs only charge, discharge and stored energy: import is what is left. Consecutive intervals of one month and one
price form a block, but for those that may have to be shaved. A block's charge C can be spread over its intervals
under the month's peak M if

.. math:: C \le \sum_t \min(P, M - n_t)

The right side is concave in M, so each of its tangents is a linear row that cuts off no plan. Rows are added
where a plan breaks the limit and the model is solved again from its basis; the last relaxation breaks none, so its
plan is the best at full resolution.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from carbonost.engines.energy.assembly import TIE_CNY_PER_KWH
from carbonost.engines.energy.model import INF, Model
from carbonost.engines.energy.solve import Clock, Solver
from carbonost.engines.energy.storage import Multipliers, StoragePlan, StorageProblem, least_peaks, plan_of
from carbonost.errors import OptimizationError

if TYPE_CHECKING:
    from carbonost.domain.series import BoolArray, FloatArray, IntArray

ROUNDS: Final = 60
SLACK_KW: Final = 1e-6


class Tangent(NamedTuple):
    """Rows under the blocks' room to charge: ``charge - slope * excess <= constant``.

    `tight` marks the intervals the slope counts, where the peak leaves less than the battery's power.
    """

    blocks: IntArray
    tight: BoolArray


class StorageModel:
    """The block model, alive in the solver.

    Parameters
    ----------
    problem : StorageProblem
    clock : Clock, optional
    tied : bool
        Whether equal plans are told apart.
    spare : float
        How much larger a battery `update` is to take without new blocks.
    """

    def __init__(
        self,
        problem: StorageProblem,
        clock: Clock | None = None,
        *,
        tied: bool = True,
        spare: float = 1.0,
    ) -> None:
        self._tie = TIE_CNY_PER_KWH if tied else 0.0
        self._written: FloatArray = np.zeros(0)
        self._spare = spare
        self._read(problem)
        self._shape()
        self._build(clock)

    def update(self, problem: StorageProblem) -> bool:
        """Take another problem of the same months, in place; False where its blocks would differ.

        Blocks stay valid while no interval changes between deficit and surplus and none needs shaving that
        did not; their tangents hold at any size once their constants are taken anew.
        """
        kept = self.problem
        self._read(problem)
        turned = (problem.net_kw < 0) != (kept.net_kw < 0)
        if turned.any() or (self._must_shave() & ~self._loud[self._block]).any():
            return False
        self._write()
        return True

    def solve(self) -> StoragePlan:
        """Solve, add the rows a plan breaks, and solve again until it breaks none."""
        for count in range(ROUNDS):
            self.solution = found = self.solver.solve()
            broken = self._broken(found.plan)
            if broken.size == 0:
                return self._spread(found.plan, count + 1)
            self._add(Tangent(broken, self._tight(self._peak(found.plan))))
        raise OptimizationError("the block model did not settle")

    def multipliers(self) -> Multipliers:
        """Multipliers of the solved model, at full resolution."""
        dual = -self.solution.row_dual
        stored = dual[: self._first.size][self._block]
        peak = np.zeros(self.problem.month.size)
        if self._limited:
            at = self._first.size
            peak[self._first[self._shaved]] = dual[at : at + self._shaved.size]
            at += self._shaved.size
            for tangent in self._tangents:
                price = np.zeros(self._first.size)
                price[tangent.blocks] = dual[at : at + tangent.blocks.size]
                peak += np.where(tangent.tight, price[self._block], 0.0)
                at += tangent.blocks.size
        return Multipliers(np.maximum(stored, 0.0), np.maximum(peak, 0.0))

    def _read(self, problem: StorageProblem) -> None:
        self.problem = p = problem
        self._limited = p.demand_is_paid or p.import_kw_max < INF
        self._room = p.room()
        self._deficit, self._free, self._paid, self._useful = self._room[1:]

    def _must_shave(self, spare: float = 1.0) -> BoolArray:
        """Intervals that may have to be shaved; none where no peak is limited."""
        p = self.problem
        if spare != 1.0:
            larger = replace(p.battery, capacity_kwh=spare * p.energy_kwh, power_kw=spare * p.power_kw)
            p = replace(p, battery=larger)
        if not self._limited:
            return np.zeros(p.net_kw.size, dtype=np.bool_)
        self._least = np.minimum(least_peaks(p), p.import_kw_max)
        return np.asarray(p.net_kw > self._least[p.month] - SLACK_KW, dtype=np.bool_)

    def _shape(self) -> None:
        """Group intervals into blocks; those that may have to be shaved stay single."""
        p = self.problem
        new = np.ones(p.net_kw.size, dtype=bool)
        loud = self._must_shave(self._spare)
        new[1:] = (p.month[1:] != p.month[:-1]) | (p.price[1:] != p.price[:-1])
        new[1:] |= ((p.net_kw[1:] < 0) != (p.net_kw[:-1] < 0)) | loud[1:] | loud[:-1]
        self._first = np.flatnonzero(new).astype(np.int32)
        self._block = (np.cumsum(new) - 1).astype(np.int32)
        self._loud = loud[self._first]
        self._month = p.month[self._first]
        self._shaved = np.flatnonzero(self._loud).astype(np.int32)

    def _sum(self, values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values, self._first), dtype=np.float64)

    def _build(self, clock: Clock | None) -> None:
        """Columns and rows; what depends on the numbers of a problem is written by `_write`."""
        p, model = self.problem, Model()
        n, hours = self._first.size, p.hours
        self._at_free = np.flatnonzero(self._sum(self._free) > 0).astype(np.int32)
        self._charge, self._discharge, self._stored = model.columns(n), model.columns(n), model.columns(n)
        self._gift = model.columns(self._at_free.size)
        self._excess = model.columns(p.floor_kw.size)
        into, out = -p.battery.charge_efficiency * hours, hours / p.battery.discharge_efficiency
        soc = model.rows(n, 0.0, 0.0, (self._stored, 1.0), (self._charge, into), (self._discharge, out))
        model.add(soc[1:], self._stored[:-1], -1.0)
        model.add(soc[self._at_free], self._gift, into)
        self._tangents: list[Tangent] = []
        if self._limited:
            at = self._shaved
            excess = self._excess[self._month[at]]
            model.rows(at.size, -INF, 0.0, (self._charge[at], 1.0), (self._discharge[at], -1.0), (excess, -1.0))
            self._first_tangents(model)
        self.columns = model.n_columns
        self.solver = Solver(model.matrix(np.zeros(self.columns)), clock)
        self.solver.highs.setOptionValue("presolve", "off")  # a reduced model gains nothing from it
        self._write()

    def _first_tangents(self, model: Model) -> None:
        """A tangent of each block's room at the least peak."""
        tight = self._tight(self._least[self.problem.month])
        slope = self._sum(tight.astype(np.float64))
        near = np.flatnonzero((slope > 0) & ~self._loud).astype(np.int32)
        self._tangents.append(Tangent(near, tight))
        excess = self._excess[self._month[near]]
        model.rows(near.size, -INF, 0.0, (self._charge[near], 1.0), (excess, -slope[near]))

    def _write(self) -> None:
        """Put a problem's numbers into costs, bounds and rows."""
        p, battery = self.problem, self.problem.battery
        n, solver = self._first.size, self.solver
        low, high = battery.soc_min * p.energy_kwh, battery.soc_max * p.energy_kwh
        lower, upper = np.full(n, low), np.full(n, high)
        if battery.final_share is not None:
            lower[-1] = upper[-1] = battery.final_share * p.energy_kwh
        bottom, top = p.excess_kw()
        zeros = np.zeros(2 * n)
        given = (self._sum(self._paid), self._sum(self._useful), upper, self._sum(self._free)[self._at_free])
        every = np.arange(self.columns, dtype=np.int32)
        solver.bounds(
            every,
            np.concatenate([zeros, lower, np.zeros(self._gift.size), bottom]),
            np.concatenate([*given, top]),
        )
        cost = self._cost()
        if not np.array_equal(cost, self._written):
            solver.costs(every, cost)
            self._written = cost
        first = np.array([battery.soc_initial * p.energy_kwh])
        solver.limits(np.zeros(1, dtype=np.int32), first, first)
        if self._limited:
            room = [p.covered_kw - self._deficit[self._first[self._shaved]]]
            limits = np.concatenate([*room, *(self._constant(tangent) for tangent in self._tangents)])
            rows = np.arange(n, n + limits.size, dtype=np.int32)
            solver.limits(rows, np.full(limits.size, -INF), limits)

    def _cost(self) -> FloatArray:
        p = self.problem
        price = p.price[self._first] * p.hours
        tie = self._tie * p.hours * (1.0 + 0.1 * np.arange(price.size) / price.size)
        wear = p.battery.wear_steps[0] * p.hours
        return np.concatenate(
            [price + tie, wear - price, np.zeros(price.size), tie[self._at_free], p.demand_cny_per_kw]
        )

    def _tight(self, peak_kw: FloatArray) -> BoolArray:
        """Where a peak per interval leaves less room to charge than the battery's power."""
        return np.asarray(self._paid > peak_kw - self._deficit, dtype=np.bool_)

    def _constant(self, tangent: Tangent) -> FloatArray:
        """Right side of a tangent's rows."""
        whole = self._sum(np.where(tangent.tight, self.problem.covered_kw - self._deficit, self._paid))
        return np.asarray(whole[tangent.blocks], dtype=np.float64)

    def _peak(self, plan: FloatArray) -> FloatArray:
        return np.asarray((self.problem.covered_kw + plan[self._excess])[self.problem.month], dtype=np.float64)

    def _broken(self, plan: FloatArray) -> IntArray:
        """Blocks that charge more than their intervals have room for."""
        if not self._tangents:  # no peak, or every interval stands alone
            return np.zeros(0, dtype=np.int32)
        room = self._sum(np.clip(self._peak(plan) - self._deficit, 0.0, self._paid))
        return np.flatnonzero((plan[self._charge] > room + SLACK_KW) & ~self._loud).astype(np.int32)

    def _add(self, tangent: Tangent) -> None:
        self._tangents.append(tangent)
        at = tangent.blocks
        slope = self._sum(tangent.tight.astype(np.float64))[at]
        index = np.stack([self._charge[at], self._excess[self._month[at]]], axis=1)
        value = np.stack([np.ones(at.size), -slope], axis=1)
        start = 2 * np.arange(at.size, dtype=np.int32)
        self.solver.add_rows(np.full(at.size, -INF), self._constant(tangent), start, index.ravel(), value.ravel())

    def _spread(self, plan: FloatArray, rounds: int) -> StoragePlan:
        """Spread each block over its intervals in proportion to their room."""
        p, paid = self.problem, self._paid
        if self._limited:
            room = np.clip(self._peak(plan) - self._deficit, 0.0, self._paid)
            paid = np.where(self._loud[self._block], self._paid, room)
        charge = self._share(np.maximum(plan[self._charge], 0.0), paid)
        discharge = self._share(np.maximum(plan[self._discharge], 0.0), self._useful)
        gifts = np.zeros(self._first.size)
        gifts[self._at_free] = np.maximum(plan[self._gift], 0.0)
        gift = self._share(gifts, self._free)
        spent = {"solver_s": self.solver.spent_s, "rounds": rounds, "columns": self.columns}
        return plan_of(p, self._room, (charge, gift, discharge), **spent)

    def _share(self, blocks: FloatArray, room: FloatArray) -> FloatArray:
        total = self._sum(room)
        part = np.divide(blocks, total, out=np.zeros_like(blocks), where=total > 0)
        return np.asarray(part[self._block] * room, dtype=np.float64)
