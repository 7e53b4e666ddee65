"""When no plan exists: find the limit that cannot be kept, by an elastic re-solve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.engines.energy.exclusive import ROUNDS, Exclusions
from carbonost.engines.energy.model import INF
from carbonost.engines.energy.solve import Clock, NoPlan, Solver
from carbonost.errors import InfeasibleError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.assembly import Assembly

_VISIBLE = 1e-6


def explain(assembly: Assembly, exclusions: Exclusions, clock: Clock | None = None) -> InfeasibleError:
    """Open every limit's slack and ask for the smallest uniform relief; name the first limit that needs it.

    A limit over intervals is relieved by one amount `by` for all of them, so relaxing it by that much is
    enough; `at` is the first interval that uses it. Where several limits are at fault, `also` holds the others.
    """
    plan = _relieved(assembly, exclusions, clock)
    if plan is None:
        return InfeasibleError("the site's limits together", None, float("nan"))
    broken = []
    for relief in assembly.reliefs:
        used = plan[relief.columns]
        if used.max(initial=0.0) > _VISIBLE:
            first = int(np.argmax(used > _VISIBLE))
            timed = used.size == assembly.steps and relief.at is None and used.size > 1
            at = assembly.at.starts[first] if timed else relief.at
            broken.append((relief.limit, at, float(used.max()) * relief.scale))
    if not broken:
        return InfeasibleError("the site's on/off decisions together", None, float("nan"))
    return InfeasibleError(*broken[0], also=tuple(broken[1:]))


def _relieved(assembly: Assembly, exclusions: Exclusions, clock: Clock | None) -> FloatArray | None:
    """The plan of least relief, which keeps exclusive flows apart: energy burned in a battery is no relief."""
    model = assembly.model
    most = model.columns(len(assembly.reliefs))
    weights = np.array([relief.weight for relief in assembly.reliefs])
    for column, relief in zip(most, assembly.reliefs, strict=True):
        model.rows(relief.columns.size, -INF, 0.0, (relief.columns, 1.0), (column, -1.0))
    for _ in range(ROUNDS):
        cost = np.zeros(model.n_columns)
        cost[most] = weights
        for relief in assembly.reliefs:
            cost[relief.columns] = 1e-4 * relief.weight / relief.columns.size
        matrix = model.matrix(cost)
        for relief in assembly.reliefs:
            matrix.column_upper[relief.columns] = INF
        try:
            plan = Solver(matrix, clock).solve().plan
        except NoPlan:
            return None
        if not exclusions.add(plan):
            return plan
    return None
