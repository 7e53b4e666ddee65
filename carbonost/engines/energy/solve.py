"""HiGHS in process: a model is handed over once, then its costs, bounds and rows change in place."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost._lazy import load
from carbonost.errors import OptimizationError, SolverTimeoutError, UnboundedError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.energy.model import Matrix


NODES: Final = 5000
"""Branchings after which decisions are no longer sought a proof for; what lacks is reported as a gap."""


class Solution:
    """What the solver found; duals and reduced costs are read where they are asked for, NaN with integers.

    `bound` is what no plan costs less than: the objective itself, but where the proof was given up.
    """

    def __init__(self, found: Any, objective: float, *, integer: bool, bound: float) -> None:
        self._found, self._integer = found, integer
        self.objective, self.bound = objective, bound
        self.plan = _floats(found.col_value)

    @cached_property
    def row_dual(self) -> FloatArray:
        """Duals of the rows."""
        return self._known(self._found.row_dual, self._found.row_value)

    @cached_property
    def reduced_cost(self) -> FloatArray:
        """Reduced costs of the columns."""
        return self._known(self._found.col_dual, self._found.col_value)

    def _known(self, duals: Any, values: Any) -> FloatArray:
        return np.full(len(values), np.nan) if self._integer else _floats(duals)


class NoPlan(Exception):  # noqa: N818 -- a signal between solver and explainer, never seen by users
    """The model has no feasible point."""


class Clock:
    """The time a call may take, shared by all its solves; None is without end."""

    def __init__(self, limit_s: float | None = None) -> None:
        self.limit_s = limit_s
        self._end = float("inf") if limit_s is None else time.monotonic() + limit_s

    def left_s(self) -> float:
        """Time left [s].

        Raises
        ------
        SolverTimeoutError
            If there is none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise self.ended()
        return left

    def ended(self) -> SolverTimeoutError:
        """Say that the time is over."""
        return SolverTimeoutError(
            "the time ended before the best plan was proved",
            field="time_limit_s",
            value=self.limit_s,
            remedy="Allow more time, shorten the horizon, or drop on/off decisions.",
        )


class Solver:
    """One model kept alive in HiGHS.

    `spent_s` sums the time inside the solver, for the benchmark of what is ours.
    """

    def __init__(self, matrix: Matrix, clock: Clock | None = None) -> None:
        self._hs: Any = load("highspy", "dispatch")
        self.highs = self._hs.Highs()
        self.highs.silent()
        self.highs.setOptionValue("parallel", "off")
        self.highs.setOptionValue("mip_rel_gap", 1e-7)
        self.highs.setOptionValue("mip_abs_gap", 1e-6)
        self.highs.setOptionValue("mip_max_nodes", NODES)
        self.highs.setOptionValue("mip_feasibility_tolerance", 1e-9)  # a share of a month's energy hangs on it
        self.clock = clock or Clock()
        self.spent_s = 0.0
        self.take(matrix)

    def take(self, matrix: Matrix) -> None:
        """Hand a model over; nothing of the one before it stays."""
        self.integer = matrix.integer.size > 0
        columns, rows = matrix.cost.size, matrix.row_lower.size
        kind = np.zeros(columns, dtype=np.int32)
        kind[matrix.integer] = 1
        status = self.highs.passModel(
            columns,
            rows,
            matrix.value.size,
            int(self._hs.MatrixFormat.kColwise),
            int(self._hs.ObjSense.kMinimize),
            0.0,
            matrix.cost,
            matrix.column_lower,
            matrix.column_upper,
            matrix.row_lower,
            matrix.row_upper,
            matrix.start[:-1],
            matrix.row,
            matrix.value,
            kind,
        )  # fmt: skip -- the vendor's positions, in its own groups
        if status == self._hs.HighsStatus.kError:
            raise OptimizationError("the solver refused the model")

    def solve(self) -> Solution:
        """Solve from the present basis.

        Raises
        ------
        NoPlan, UnboundedError, SolverTimeoutError, OptimizationError
        """
        self.highs.setOptionValue("time_limit", float(self.highs.getRunTime()) + self.clock.left_s())
        began = time.perf_counter()
        self.highs.run()
        self.spent_s += time.perf_counter() - began
        status, codes = self.highs.getModelStatus(), self._hs.HighsModelStatus
        if status == codes.kUnboundedOrInfeasible:
            self.highs.setOptionValue("presolve", "off")
            self.highs.run()
            self.highs.setOptionValue("presolve", "choose")
            status = self.highs.getModelStatus()
        if status == codes.kSolutionLimit and not np.isfinite(self.highs.getInfo().mip_gap):  # no plan yet: go on
            self.highs.setOptionValue("mip_max_nodes", self._hs.kHighsIInf)
            self.highs.run()
            status = self.highs.getModelStatus()
        if status == codes.kInfeasible:
            raise NoPlan
        if status in (codes.kUnbounded, codes.kUnboundedOrInfeasible):
            raise UnboundedError(
                "the cost can fall without end",
                field="site",
                remedy="Limit the grid's export or the capacities to be sized, or check the export price.",
            )
        if status == codes.kTimeLimit:
            raise self.clock.ended()
        given_up = status == codes.kSolutionLimit
        if status not in (codes.kOptimal, codes.kModelEmpty) and not given_up:
            raise OptimizationError(f"the solver stopped: {self.highs.modelStatusToString(status)}")
        objective = float(self.highs.getObjectiveValue())
        bound = float(self.highs.getInfo().mip_dual_bound) if given_up else objective
        return Solution(self.highs.getSolution(), objective, integer=self.integer, bound=bound)

    def bound(self, gap: float, limit_s: float) -> float:
        """What no plan costs less than, after so much effort; -inf where that is not known."""
        self.highs.setOptionValue("mip_rel_gap", gap)
        self.highs.setOptionValue("time_limit", min(limit_s, self.clock.left_s()))
        began = time.perf_counter()
        self.highs.run()
        self.spent_s += time.perf_counter() - began
        status, codes = self.highs.getModelStatus(), self._hs.HighsModelStatus
        if status == codes.kInfeasible:
            raise NoPlan
        if self.integer and status in (codes.kOptimal, codes.kTimeLimit, codes.kSolutionLimit):
            return float(self.highs.getInfo().mip_dual_bound)
        return float(self.highs.getObjectiveValue()) if status in (codes.kOptimal, codes.kModelEmpty) else -float("inf")

    def costs(self, columns: IntArray, cost: FloatArray) -> None:
        """Change the cost of columns."""
        self.highs.changeColsCost(columns.size, columns, np.ascontiguousarray(cost, dtype=np.float64))

    def bounds(self, columns: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Change the bounds of columns."""
        self.highs.changeColsBounds(columns.size, columns, _floats(lower), _floats(upper))

    def limits(self, rows: IntArray, lower: FloatArray, upper: FloatArray) -> None:
        """Change the limits of rows."""
        self.highs.changeRowsBounds(rows.size, rows, _floats(lower), _floats(upper))

    def add_rows(
        self, lower: FloatArray, upper: FloatArray, start: IntArray, index: IntArray, value: FloatArray
    ) -> None:
        """Append rows given in compressed rows; `start` has one entry per row."""
        self.highs.addRows(
            lower.size,
            _floats(lower),
            _floats(upper),
            value.size,
            np.ascontiguousarray(start, dtype=np.int32),
            np.ascontiguousarray(index, dtype=np.int32),
            _floats(value),
        )


def _floats(values: Any) -> FloatArray:
    return np.ascontiguousarray(values, dtype=np.float64)
