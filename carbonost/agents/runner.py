"""The order of calls: a plain loop, and the protocol a driver of another make must keep."""

from __future__ import annotations

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
    """A loop. No dependency, the same hashes as every other runner; the honest base line for overhead."""

    def drive(self, driver: Driver) -> Iterator[Event]:
        """Run stage after stage."""
        for name in driver.names:
            if driver.ledger.status == "rejected":
                break
            yield from driver.execute(name)
            if driver.gate(name) != "go":
                break
        yield from driver.finish()
