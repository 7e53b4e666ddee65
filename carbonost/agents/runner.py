"""The order of calls: a plain loop, and the protocol a driver of another make must keep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonost.agents.driver import Driver
    from carbonost.agents.events import Event


class Runner(Protocol):
    """Drives a job until it ends or waits.

    Laws
    ----
    1. The stages run in the driver's order; a stage that waits or was rejected lets nothing pass.
    2. Driving again after any interruption ends with the same hashes.
    3. It writes nothing: the driver does.
    """

    def drive(self, driver: Driver) -> Iterator[Event]:
        """Yield what happens until the job ends or waits for a person."""
        ...


class SequentialRunner:
    """A loop. No dependency, the same hashes as every other runner; the honest base line for overhead.

    Parameters
    ----------
    workers : int
        Threads for stages that do not read each other; they are computed side by side and stored in
        their order, so that the hashes do not depend on it.
    """

    def __init__(self, workers: int = 1) -> None:
        self.workers = workers

    def drive(self, driver: Driver) -> Iterator[Event]:
        """Run stage after stage."""
        for at, name in enumerate(driver.names):
            if driver.ledger.status == "rejected":
                break
            wave = driver.wave(at) if self.workers > 1 else []
            if len(wave) > 1:
                with ThreadPoolExecutor(self.workers) as pool:
                    list(pool.map(driver.prepare, wave))
            yield from driver.execute(name)
            if driver.gate(name) != "go":
                break
        yield from driver.finish()
