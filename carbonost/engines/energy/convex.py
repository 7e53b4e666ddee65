"""The second front: the same model in cvxpy, for convex terms and limits of the user's own."""

from __future__ import annotations

from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost._lazy import load
from carbonost.domain.checks import is_number
from carbonost.engines.energy.assembly import add_carbon_cap
from carbonost.engines.energy.dispatch import Solved, assemble, read_schedule, solver_costs
from carbonost.errors import InfeasibleError, InputError, OptimizationError, UnboundedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.schedule import Schedule
    from carbonost.engines.energy.problem import Problem


class ConvexModel:
    """A dispatch model whose flows are cvxpy expressions.

    ``model["import_kw"]`` is the flow of each interval; names are the schedule's columns.

    Attributes
    ----------
    cost_cny : cvxpy expression
        The declared terms' cost.
    constraints : list
        The site's limits.
    """

    def __init__(self, problem: Problem) -> None:
        self._cp: Any = load("cvxpy", "a convex term of your own")
        sparse: Any = load("scipy.sparse", "a convex term of your own")
        self.problem = problem
        self._assembly = assemble(problem)
        add_carbon_cap(self._assembly)
        matrix = self._assembly.model.matrix(solver_costs(self._assembly))
        if matrix.integer.size:
            raise InputError(
                "the site has on/off decisions", field="site.assets", remedy="Use dispatch, or drop the decisions."
            )
        self._x = self._cp.Variable(matrix.cost.size)
        rows = sparse.csc_matrix(
            (matrix.value, matrix.row, matrix.start), shape=(matrix.row_lower.size, matrix.cost.size)
        )
        self.cost_cny = matrix.cost @ self._x + self._fixed()
        self.constraints = [
            *self._between(rows @ self._x, matrix.row_lower, matrix.row_upper),
            *self._between(self._x, matrix.column_lower, matrix.column_upper),
        ]

    def __getitem__(self, name: str) -> Any:
        if not isinstance(name, str):
            raise InputError("is not the name of a flow", field="name", value=name, remedy="Write model['import_kw'].")
        parts = [
            self._cp.multiply(np.broadcast_to(flow.factor, flow.columns.shape), self._x[flow.columns])
            for flow in self._assembly.flows
            if flow.name == name and flow.columns.size
        ]
        if not parts:
            known = sorted({flow.name for flow in self._assembly.flows})
            raise InputError("is not a flow of this site", field="name", value=name, remedy=f"Use one of {known}.")
        return sum(parts[1:], parts[0])

    def solve(self, extra_cny: Any = 0.0, constraints: Sequence[Any] = (), **solver: Any) -> Schedule:
        """Minimise the declared cost plus `extra_cny` under the site's limits and `constraints`.

        The schedule's ledger holds the declared terms; the rest is in ``diagnostics["extra_cny"]``.
        """
        self._check(extra_cny, constraints)
        problem = self._cp.Problem(self._cp.Minimize(self.cost_cny + extra_cny), [*self.constraints, *constraints])
        problem.solve(**solver)
        if problem.status in ("infeasible", "infeasible_inaccurate"):
            raise InfeasibleError("the site's limits with the constraints given", None, float("nan"))
        if problem.status in ("unbounded", "unbounded_inaccurate"):
            raise UnboundedError("the cost can fall without end", remedy="Bound the flow your term pays for.")
        if problem.status not in ("optimal", "optimal_inaccurate"):
            raise OptimizationError(f"the solver stopped: {problem.status}")
        solved = Solved(self._assembly, np.asarray(self._x.value, dtype=np.float64), float("nan"), 0.0, 1)
        schedule = read_schedule(self.problem, solved)
        extra = getattr(extra_cny, "value", extra_cny)
        return replace(schedule, diagnostics={**schedule.diagnostics, "extra_cny": float(extra)})

    def _check(self, extra_cny: Any, constraints: Any) -> None:
        if not (is_number(extra_cny) or isinstance(extra_cny, self._cp.Expression)):
            raise InputError("is neither a number nor a cvxpy expression", field="extra_cny", value=extra_cny)
        if not isinstance(constraints, (list, tuple)) or not all(
            isinstance(limit, self._cp.Constraint) for limit in constraints
        ):
            raise InputError(
                "is not a list of cvxpy constraints",
                field="constraints",
                value=constraints,
                remedy="Write [model['import_kw'] <= 100].",
            )

    def _fixed(self) -> float:
        return fsum(float(term.fixed_cny.sum()) for term in self._assembly.terms if term.fixed_cny is not None)

    def _between(self, values: Any, lower: Any, upper: Any) -> list[Any]:
        low, high = np.flatnonzero(np.isfinite(lower)), np.flatnonzero(np.isfinite(upper))
        return [values[low] >= lower[low], values[high] <= upper[high]]
