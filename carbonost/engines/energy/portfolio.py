"""Many parks at once, through any executor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carbonost.engines.energy.dispatch import dispatch
from carbonost.engines.energy.problem import of_known_size, read_problem
from carbonost.errors import CarbonostError, InputError

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
        return dispatch(of_known_size(read_problem(self.site, self.load, self.tariff, **self.options)))


@contextmanager
def named(park: str) -> Iterator[None]:
    """Let an error say whose it is."""
    try:
        yield
    except CarbonostError as exc:
        exc.add_note(f"park {park!r}")
        raise


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

    Raises
    ------
    CarbonostError
        The first park that has no plan; a note of the error names it.
    """
    _check(cases, executor, progress)
    found: dict[str, Schedule] = {}
    if executor is None:
        for name, case in cases.items():
            with named(name):
                found[name] = case.solve()
            if progress is not None:
                progress(len(found), len(cases))
        return found
    running = {executor.submit(case.solve): name for name, case in cases.items()}
    for future in as_completed(running):
        with named(running[future]):
            found[running[future]] = future.result()
        if progress is not None:
            progress(len(found), len(cases))
    return {name: found[name] for name in cases}


def _check(cases: Any, executor: Any, progress: Any) -> None:
    if not isinstance(cases, Mapping):
        raise InputError(
            "is not a mapping of parks", field="cases", value=type(cases).__name__, remedy="Give {park: Case}."
        )
    for name, case in cases.items():
        if not isinstance(case, Case) or not isinstance(case.options, Mapping):
            raise InputError(
                "is not a Case with a mapping of options",
                field=f"cases[{name!r}]",
                value=type(case).__name__,
                remedy="Give Case(site, load, tariff, {…}).",
            )
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise InputError("submits nothing", field="executor", value=executor, remedy="Give a ProcessPoolExecutor().")
    if progress is not None and not callable(progress):
        raise InputError("cannot be called", field="progress", value=progress, remedy="Give a function (done, total).")
