"""How long a job's logs, evidence and audit entries are kept, and how they go.

Only jobs that have ended are touched. Evidence is what a job was started with: the readings, the
enterprises, what they declared; it is replaced by its open form, whose hash the chain holds. An
audit entry loses its content and keeps its hashes. What was found, the envelopes, stays.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from carbonost.agents import sensitive
from carbonost.agents.canonical import canonical_bytes
from carbonost.agents.journal import Step
from carbonost.agents.snapshot import parse_inputs
from carbonost.errors import EnvelopeError, NaiveTimestampError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonost.agents.chain import Entry
    from carbonost.agents.journal import Journal
    from carbonost.storage.ports import RetentionPolicy

ENDED: Final = ("completed", "rejected", "failed")
KIND: Final = "job.purged"


def apply(journal: Journal, policy: RetentionPolicy, now: datetime) -> dict[str, int]:
    """Remove what a policy no longer keeps; broken off, it is simply repeated.

    Returns
    -------
    dict of str to int
        ``logs``, ``evidence`` and ``audit``: rows, jobs and entries whose content went.
    """
    if now.tzinfo is None:
        raise NaiveTimestampError("the instant has no zone", "now", now, "Pass an aware one.")
    limits = {name: _limit(now, getattr(policy, name), policy.tz) for name in ("logs", "evidence", "audit")}
    chains = {job_id: journal.entries(job_id) for job_id in journal.jobs()}
    ended = {job_id for status in ENDED for job_id in journal.jobs(status=status)}

    def old(name: str) -> list[str]:
        limit = limits[name]
        return [] if limit is None else [one for one in chains if one in ended and _end(chains[one]) < limit]

    logs = sum(journal.drop_logs(job_id) for job_id in old("logs"))
    gone = old("evidence")
    kept = {name for job_id in chains if job_id not in gone for name in _blobs(journal, chains[job_id])}
    evidence = sum(_strip(journal, job_id, chains[job_id], kept, now) for job_id in gone)
    fresh = [job_id for job_id in chains if job_id not in old("audit")]
    audit = 0 if limits["audit"] is None else journal.purge(limits["audit"], fresh)
    return {"logs": logs, "evidence": evidence, "audit": audit}


def _limit(now: datetime, duration: str | None, tz: str) -> datetime | None:
    from carbonost.storage.civil import before, instant

    at = before(now, duration, "d", tz)
    return None if at is None else instant(at)


def _end(chain: Iterable[Entry]) -> datetime:
    """Return when a job last moved; a purge is no move."""
    stamps = [entry.stamp for entry in chain if entry.kind != KIND]
    told = [stamp.get("at") or stamp.get("ended") for stamp in stamps]
    return datetime.fromisoformat(max(text for text in told if text))


def _blobs(journal: Journal, chain: list[Entry]) -> set[str]:
    """Return the names of what a job was started with that is still there."""
    name = str(chain[0].body["inputs"])
    try:
        block: Any = parse_inputs(journal.load(name))["meters"]
    except EnvelopeError:
        return set()
    return {name} if block is None else {name, str(block["sha256"])}


def _strip(journal: Journal, job_id: str, chain: list[Entry], kept: set[str], now: datetime) -> int:
    """Replace a job's inputs by their open form; return 1 where there was something to remove."""
    created: Mapping[str, Any] = chain[0].body
    names = _blobs(journal, chain)
    if not names:
        return 0
    plain = parse_inputs(journal.load(str(created["inputs"])))
    journal.save(canonical_bytes(sensitive.withhold(plain, sensitive.INPUTS)))
    if chain[-1].kind != KIND:
        step = Step(KIND, {"parts": ["evidence"], "open": created["open"]}, {"at": now.isoformat()})
        journal.append(job_id, chain, [step], status=journal.status(job_id))
    for name in sorted(names - kept, key=lambda one: one == created["inputs"]):  # the one that names the others last
        journal.drop(name)
    return 1
