"""A journal that reads from a job's store and writes only into memory: what a replay computes on."""

from __future__ import annotations

from carbonost.agents.blackboard import Ledger
from carbonost.agents.envelope import ResultEnvelope
from carbonost.agents.journal import Journal


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
