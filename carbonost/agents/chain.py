"""The audit chain of one job: what happened, in order, each entry bound to the one before.

Two hashes bind it. `hash` covers what happened (position, kind, body and the hash before it) and no
clock, so that a job which was killed and resumed ends with the same head as one that was not.
`seal` covers the hash, the stamp (when, how long, which attempt) and the seal before it, so that a
changed stamp is found as well. Sensitive values of a body count by their own hash, so that they can
be taken out of an exported chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from carbonost.agents.canonical import content_hash, sha256
from carbonost.agents.sensitive import withhold
from carbonost.errors import EnvelopeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

KINDS: Final = (
    "job.created",
    "stage.finished",
    "stage.failed",
    "model.called",
    "review.raised",
    "review.skipped",
    "review.refused",
    "review.decided",
    "job.rejected",
    "job.reopened",
    "job.completed",
    "job.purged",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the chain."""

    job_id: str
    seq: int
    kind: str
    body: Mapping[str, Any]
    stamp: Mapping[str, Any]
    prev: str
    hash: str
    seal: str

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the entry as plain JSON."""
        return {
            "job_id": self.job_id,
            "seq": self.seq,
            "kind": self.kind,
            "body": dict(self.body),
            "stamp": dict(self.stamp),
            "prev": self.prev,
            "hash": self.hash,
            "seal": self.seal,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Entry:
        """Read an entry back."""
        names = ("job_id", "seq", "kind", "body", "stamp", "prev", "hash", "seal")
        return cls(**cast("Any", {name: row[name] for name in names}))


def genesis(job_id: str) -> str:
    """Return the hash that stands before a job's first entry."""
    return sha256(f"carbonost job {job_id}".encode())


def link(
    job_id: str, last: Entry | None, kind: str, body: Mapping[str, Any], stamp: Mapping[str, Any] | None = None
) -> Entry:
    """Return the next entry after `last`."""
    seq = 0 if last is None else last.seq + 1
    prev = genesis(job_id) if last is None else last.hash
    shown = withhold(body, body.get("sensitive", {}))
    own = content_hash({"seq": seq, "kind": kind, "body": shown, "prev": prev})
    before = genesis(job_id) if last is None else last.seal
    seal = content_hash({"hash": own, "stamp": dict(stamp or {}), "before": before})
    return Entry(job_id, seq, kind, dict(body), dict(stamp or {}), prev, own, seal)


def verify_chain(job_id: str, entries: Sequence[Entry]) -> str:
    """Check a job's whole chain and return its head.

    Raises
    ------
    EnvelopeError
        At the first entry that was changed, removed, inserted or moved.
    """
    last: Entry | None = None
    for entry in entries:
        if entry != link(job_id, last, entry.kind, entry.body, entry.stamp):
            raise EnvelopeError(
                "the audit chain is broken", f"audit[{entry.seq}]", entry.kind, "Restore the audit log from a copy."
            )
        last = entry
    return genesis(job_id) if last is None else last.hash
