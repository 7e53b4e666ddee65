"""Many parks at once, through any executor."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carbonost.engines.energy.dispatch import dispatch
from carbonost.engines.energy.problem import read_problem
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from carbonost.domain.asset import Site
    from carbonost.domain.schedule import Schedule
    from carbonost.domain.tariff import Tariff


@dataclass(frozen=True, eq=False)
class Case:
    """One park's dispatch problem."""

    site: Site
    load: Any
    tariff: Tariff
    options: Mapping[str, Any] = field(default_factory=dict)

    def solve(self) -> Schedule:
        """The park's best plan."""
        return dispatch(read_problem(self.site, self.load, self.tariff, **self.options))


def solve_portfolio(
    cases: Mapping[str, Case],
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Schedule]:
    """Solve every case, in the order given.

    Parameters
    ----------
    cases : {park: Case}
    executor : Executor, optional
        Any `concurrent.futures` executor; None solves one after another. Processes, not threads: the solver's
        instances in one process share their workers.
    progress : callable(done, total), optional
        Called as cases end.
    """
    if not isinstance(cases, Mapping):
        raise InputError(
            "is not a mapping of parks", field="cases", value=type(cases).__name__, remedy="Give {park: Case}."
        )
    found: dict[str, Schedule] = {}
    if executor is None:
        for name, case in cases.items():
            found[name] = case.solve()
            if progress is not None:
                progress(len(found), len(cases))
        return found
    running = {executor.submit(case.solve): name for name, case in cases.items()}
    for future in as_completed(running):
        found[running[future]] = future.result()
        if progress is not None:
            progress(len(found), len(cases))
    return {name: found[name] for name in cases}
