"""A job computed again from its stored inputs and decisions, and held against what was stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carbonost.agents.blackboard import Ledger
from carbonost.agents.driver import Driver
from carbonost.agents.envelope import ResultEnvelope
from carbonost.agents.journal import Journal

if TYPE_CHECKING:
    from carbonost.agents.driver import World
    from carbonost.agents.inputs import Inputs


@dataclass(frozen=True)
class Replay:
    """A finished job computed again from its stored inputs.

    `stages` maps each stage to whether its envelope came out the same; `differences` says what is not.
    """

    job_id: str
    stages: dict[str, bool]
    differences: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether every envelope came out the same."""
        return all(self.stages.values())

    def __bool__(self) -> bool:
        return self.equal


class ReplayJournal(Journal):
    """Answers with the envelopes of the replay first, then with the stored ones."""

    def __init__(self, journal: Journal, job_id: str) -> None:
        self._from = journal
        self._fresh: dict[str, ResultEnvelope] = {}
        self.ledger = Ledger(journal.entries(job_id)[:1])

    def take(self, envelope: ResultEnvelope) -> None:
        """Let a replayed envelope stand for its stage, read back as the store would."""
        self._fresh[envelope.result_id] = ResultEnvelope.read(envelope.to_bytes())
        self.ledger.heads[envelope.stage] = envelope.result_id

    def envelope(self, result_id: str) -> ResultEnvelope:
        """Return an envelope of the replay."""
        return self._fresh[result_id] if result_id in self._fresh else self._from.envelope(result_id)


def replay(job_id: str, world: World, inputs: Inputs, journal: Journal) -> Replay:
    """Compute every stage of a job again; nothing is written to its store."""
    stored = Ledger(journal.entries(job_id))
    fresh = ReplayJournal(journal, job_id)
    driver = Driver(job_id, world, inputs, fresh, fresh.ledger)
    stages: dict[str, bool] = {}
    differences: list[str] = []
    for name in driver.names:
        if name not in stored.heads:
            continue
        before = journal.envelope(stored.heads[name])
        key = driver.input_hash(name, before.overrides)
        parent = None if before.parent is None else journal.envelope(before.parent)
        after, _ = driver.compute(name, before.overrides, key, parent)
        fresh.take(after)
        stages[name] = after.result_id == before.result_id
        if not stages[name]:
            differences += _differences(before, after)
    return Replay(job_id, stages, tuple(differences))


def _differences(before: ResultEnvelope, after: ResultEnvelope) -> list[str]:
    found = [
        f"{before.stage}: {field} was {was}, is {getattr(after.reproducibility, field)}"
        for field, was in before.reproducibility
        if was != getattr(after.reproducibility, field)
    ]
    keys = sorted(set(before.metrics) | set(after.metrics))
    found += [
        f"{before.stage}: {key} was {before.metrics.get(key)}, is {after.metrics.get(key)}"
        for key in keys
        if before.metrics.get(key) != after.metrics.get(key)
    ]
    return found or [f"{before.stage}: the content differs"]
