r"""One battery's problem in which everything may change: forecast, prices, charge and the month's peak.

Most windows do not raise the month's peak. *Held* where it stands, a peak needs neither column nor row: it bounds
what an interval may charge and what it has to discharge, and only the battery's energy is left. The reduced costs of
those bounds are what one more kW of peak would save. The least cost is convex in the peak, so where that saving is
below the kW's price, the plan is the best of all peaks. Elsewhere the model with the peak as a column decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.energy.assembly import TIE_CNY_PER_KWH
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.model import INF, Model
from carbonost.engines.energy.solve import NoPlan, Solver
from carbonost.engines.energy.storage import plan_of

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.storage import StoragePlan, StorageProblem

DUAL_TOLERANCE: Final = 1e-9


class LiveModel:
    """A problem of fixed length in the solver, solved anew as its numbers change.

    Parameters
    ----------
    problem : StorageProblem
    """

    def __init__(self, problem: StorageProblem) -> None:
        self._open: StorageModel | None = None
        self._build(problem, gifts=bool((problem.net_kw < 0).any()))
        self.update(problem)

    def fits(self, problem: StorageProblem) -> bool:
        """Whether `update` can take the problem."""
        return problem.net_kw.size == self.problem.net_kw.size and problem.hours == self.problem.hours

    def update(self, problem: StorageProblem) -> None:
        """Take another problem of the same battery and clock."""
        if not self._gifts and (problem.net_kw < 0).any():
            self._build(problem, gifts=True)
        self.problem, self._room = problem, problem.room()

    def solve(self) -> StoragePlan:
        """The best plan.

        Raises
        ------
        NoPlan
            If no plan keeps the limits.
        """
        return self._held() or self._free()

    def _build(self, problem: StorageProblem, *, gifts: bool) -> None:
        model, n, hours, battery = Model(), problem.net_kw.size, problem.hours, problem.battery
        self._gifts = gifts
        flows = [model.columns(n) for _ in range(3 if gifts else 2)]  # charge, discharge, charge from surplus
        stored = model.columns(n)
        into, out = -battery.charge_efficiency * hours, hours / battery.discharge_efficiency
        parts = zip(flows, (into, out, into), strict=False)
        balance = model.rows(n, 0.0, 0.0, (stored, 1.0), *parts)
        model.add(balance[1:], stored[:-1], -1.0)
        self._solver = Solver(model.matrix(np.zeros(model.n_columns)))
        self._solver.highs.setOptionValue("presolve", "off")
        self._flows, self._stored = np.concatenate(flows), stored
        self._tie = TIE_CNY_PER_KWH * hours * (1.0 + 0.1 * np.arange(n) / n)
        self._costs: FloatArray = np.zeros(0)
        self._window: tuple[float, ...] = ()

    def _held(self) -> StoragePlan | None:
        """The best plan under the peaks as they stand; None where another peak may be better."""
        p, room, n = self.problem, self._room, self.problem.net_kw.size
        least, highest = p.excess_kw()
        limited = p.demand_is_paid or p.import_kw_max < INF
        below = (p.covered_kw + least)[p.month] - room.deficit if limited else np.full(n, INF)
        most, needed = np.minimum(room.paid, np.maximum(below, 0.0)), np.maximum(-below, 0.0)
        if (needed > room.useful).any():
            return None
        self._write(most, needed)
        try:
            found = self._solver.solve()
        except NoPlan:
            return None
        charge, discharge = found.reduced_cost[: 2 * n].reshape(2, n)
        saved = np.where(below < room.paid, np.minimum(charge, 0.0), 0.0)
        saved -= np.where(below < 0, np.maximum(discharge, 0.0), 0.0)
        kept = p.demand_cny_per_kw + np.bincount(p.month, saved, least.size)
        if ((kept < -DUAL_TOLERANCE) & (highest > least)).any():
            return None
        flows = np.maximum(found.plan.reshape(-1, n), 0.0)
        gift = flows[2] if self._gifts else np.zeros(n)
        spent = {"solver_s": self._solver.spent_s, "rounds": 1, "columns": found.plan.size}
        return plan_of(p, room, (flows[0], gift, flows[1]), **spent)

    def _write(self, most: FloatArray, needed: FloatArray) -> None:
        """Put the problem's numbers into the solver, as far as they changed."""
        p, room = self.problem, self._room
        none = np.zeros(p.net_kw.size)
        gifts = [(none, room.free, self._tie)] if self._gifts else []
        price = p.price * p.hours
        wear = p.battery.wear_steps[0] * p.hours
        columns = ((none, most, price + self._tie), (needed, room.useful, wear - price), *gifts)
        lower, upper, costs = (np.concatenate(part) for part in zip(*columns, strict=True))
        self._solver.bounds(self._flows, lower, upper)
        if not np.array_equal(costs, self._costs):
            self._solver.costs(self._flows, costs)
            self._costs = costs
        self._write_window()

    def _write_window(self) -> None:
        battery, energy = self.problem.battery, self.problem.energy_kwh
        final = battery.final_share
        ends = (battery.soc_min, battery.soc_max) if final is None else (final, final)
        window = tuple(energy * share for share in (battery.soc_initial, battery.soc_min, battery.soc_max, *ends))
        if window == self._window:
            return
        first, *bounds = window
        low, high, last_low, last_high = bounds
        lower, upper = np.full(self._stored.size, low), np.full(self._stored.size, high)
        lower[-1], upper[-1] = last_low, last_high
        self._solver.bounds(self._stored, lower, upper)
        self._solver.limits(np.zeros(1, dtype=np.int32), np.array([first]), np.array([first]))
        self._window = window

    def _free(self) -> StoragePlan:
        """The best plan with the peaks free."""
        model = self._open
        if model is None or not np.array_equal(model.problem.month, self.problem.month):
            model = self._open = StorageModel(self.problem, live=True)
        else:
            model.update(self.problem)
        return model.solve()
