"""Where jobs are kept: one transaction per step, on any record store and object store.

Order of a compound write: inputs as content-addressed objects, then one record transaction that
holds the chain entries, the envelope, the review, the job's head and the outbox event together.
The job's head carries a version; of two writers exactly one wins.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from carbonost.agents.canonical import canonical_bytes, parse, sha256
from carbonost.agents.chain import Entry, link, verify_chain
from carbonost.agents.envelope import ResultEnvelope
from carbonost.errors import (
    AlreadyExistsError,
    ConcurrencyConflict,
    EnvelopeError,
    IntegrityError,
    JobLockedError,
    JobNotFoundError,
    NotFoundError,
    PipelineError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from carbonost.storage.chain import ChainReport
    from carbonost.storage.ports import ObjectStore, RecordStore

TOLD: Final = frozenset(
    ("job.created", "review.raised", "review.decided", "stage.failed", "job.rejected", "job.reopened", "job.completed")
)
"""What others are told through the outbox; the audit chain holds everything."""
PURGED: Final = "purged"
"""The status of a job whose history retention removed."""
_INPUTS: Final = "inputs/{}"
_CACHE: Final = "cache/{}"


@dataclass(frozen=True)
class Step:
    """One thing to append: its kind, what happened, and when."""

    kind: str
    body: Mapping[str, Any]
    stamp: Mapping[str, Any]


class Journal:
    """The jobs of one organisation.

    Parameters
    ----------
    records : RecordStore
    objects : ObjectStore
    org_id : str
        The organisation whose rows are read and written.
    """

    def __init__(self, records: RecordStore, objects: ObjectStore, org_id: str) -> None:
        self.store = records
        self._tenant = records.for_tenant(org_id)
        self._objects = objects
        self.org_id = org_id

    def save(self, data: bytes) -> str:
        """Store bytes under the hash of their content; storing them again changes nothing."""
        name = sha256(data)
        try:
            self._objects.stat(_INPUTS.format(name))
        except NotFoundError:
            self._objects.put(_INPUTS.format(name), zlib.compress(data, 1), content_type="application/zlib")
        return name

    def load(self, name: str) -> bytes:
        """Return bytes by the hash of their content.

        Raises
        ------
        EnvelopeError
            If they are gone or changed.
        """
        try:
            data = zlib.decompress(self._objects.get(_INPUTS.format(name)))
        except (NotFoundError, IntegrityError, zlib.error) as exc:
            raise EnvelopeError("a job's stored inputs are gone or damaged", "sha256", name, "Restore them.") from exc
        if sha256(data) != name:
            raise EnvelopeError("a job's stored inputs were changed", "sha256", name, "Restore them from a copy.")
        return data

    def drop(self, name: str) -> None:
        """Remove bytes by the hash of their content."""
        self._objects.delete(_INPUTS.format(name))

    def inputs(self, created: Mapping[str, Any]) -> tuple[bytes, bool]:
        """Return what a job was started with, and whether it is whole; retention leaves its open form.

        Raises
        ------
        EnvelopeError
            If neither is there.
        """
        try:
            return self.load(str(created["inputs"])), True
        except EnvelopeError:
            try:
                return self.load(str(created.get("open"))), False
            except EnvelopeError:
                pass
            raise

    def entries(self, job_id: str) -> list[Entry]:
        """Return a job's chain, checked.

        Raises
        ------
        JobNotFoundError
            If there is no such job.
        EnvelopeError
            If the chain is broken.
        """
        try:
            with self._tenant.begin(write=False) as uow:
                head = uow.jobs.get(job_id)
                rows = [uow.audit.get(_id(job_id, seq)) for seq in range(int(head["entries"]))]
        except NotFoundError as exc:
            if exc.value == job_id:
                raise JobNotFoundError("no job has this id", "job_id", job_id, "See pipeline.jobs().") from exc
            raise EnvelopeError("an audit entry is gone", "audit", exc.value, "Restore the audit log.") from exc
        if any("canonical" not in (row.model_extra or {}) for row in rows):
            raise JobNotFoundError(
                "the history of this job was removed by retention",
                "job_id",
                job_id,
                "Its audit entries keep their hashes: pipeline.verify_audit().",
            )
        chain = [Entry.from_dict(_entry(row)) for row in rows]
        if verify_chain(job_id, chain) != head["head"]:
            raise EnvelopeError("the audit chain does not end at the job's head", "job_id", job_id, "Restore it.")
        return chain

    def exists(self, job_id: str) -> bool:
        """Whether a job has this id."""
        with self._tenant.begin(write=False) as uow:
            try:
                uow.jobs.get(job_id)
            except NotFoundError:
                return False
        return True

    def jobs(self, **filters: Any) -> list[str]:
        """Return the ids of the jobs, e.g. those with ``status="waiting_review"``."""
        with self._tenant.begin(write=False) as uow:
            rows = [row for row in uow.jobs.list(**filters) if "head" in (row.model_extra or {})]  # ours, no other's
        return [row.id for row in rows if row["status"] != PURGED or "status" in filters]

    def status(self, job_id: str) -> str:
        """Return the status a job's head says."""
        with self._tenant.begin(write=False) as uow:
            return str(uow.jobs.get(job_id)["status"])

    def drop_logs(self, job_id: str) -> int:
        """Remove the log rows of a job; return how many."""
        with self._tenant.begin() as uow:
            return sum(uow.logs.delete(row.id) for row in uow.logs.list(job_id=job_id))

    def purge(self, before: datetime, kept: Collection[str]) -> int:
        """Take the content of audit entries recorded before an instant away, but none of the jobs to keep."""
        with self._tenant.begin() as uow:
            firsts = [datetime.fromisoformat(uow.audit.get(_id(job_id, 0))["recorded_at"]) for job_id in kept]
            done: int = uow.audit.purge(min([before, *firsts]))
            for row in uow.jobs.list():
                ours = "head" in (row.model_extra or {}) and row["status"] != PURGED
                if ours and "canonical" not in (uow.audit.get(_id(row.id, 0)).model_extra or {}):
                    uow.jobs.put(row.replace(status=PURGED))
        return done

    def verify(self) -> ChainReport:
        """Walk the organisation's whole audit log.

        Raises
        ------
        IntegrityError
            At the first entry that was changed, removed or inserted.
        """
        with self._tenant.begin(write=False) as uow:
            report: ChainReport = uow.audit.verify()
        return report

    def envelope(self, result_id: str) -> ResultEnvelope:
        """Return an envelope by its name, checked against it.

        Raises
        ------
        EnvelopeError
            If it is gone, or a byte of it was changed.
        """
        try:
            with self._tenant.begin(write=False) as uow:
                text = uow.envelopes.get(result_id)["canonical"]
        except (NotFoundError, IntegrityError) as exc:
            raise EnvelopeError("an envelope is gone or damaged", "result_id", result_id, "Restore it.") from exc
        envelope = ResultEnvelope.read(str(text).encode())
        if envelope.result_id != result_id:
            raise EnvelopeError("another envelope stands under this name", "result_id", result_id, "Restore it.")
        return envelope

    def cached(self, input_hash: str) -> ResultEnvelope | None:
        """Return the envelope remembered for exactly these inputs, of any job."""
        try:
            name = self._objects.get(_CACHE.format(input_hash)).decode()
        except NotFoundError:
            return None
        return self.envelope(name)

    def remember(self, envelope: ResultEnvelope) -> None:
        """Let later jobs with the same inputs take this envelope over."""
        self._objects.put(_CACHE.format(envelope.input_hash), envelope.result_id.encode(), content_type="text/plain")

    def append(
        self,
        job_id: str,
        chain: Sequence[Entry],
        steps: Iterable[Step],
        *,
        status: str,
        envelope: ResultEnvelope | None = None,
        review: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> list[Entry]:
        """Append steps behind `chain`, all or nothing, and return the new entries.

        Raises
        ------
        JobLockedError
            If somebody else appended meanwhile.
        """
        last = chain[-1] if chain else None
        fresh: list[Entry] = []
        for step in steps:
            last = link(job_id, last, step.kind, step.body, step.stamp)
            fresh.append(last)
        try:
            with self._tenant.begin() as uow:
                self._move_head(uow, job_id, chain, fresh[-1], status, facts)
                uow.audit.put([_row(entry) for entry in fresh])
                logs = [_log(entry) for entry in fresh if entry.kind in {"stage.finished", "stage.failed"}]
                if logs:
                    uow.logs.put(logs)
                if envelope is not None:
                    uow.envelopes.put(_envelope(envelope))
                if review is not None:
                    uow.reviews.put(dict(review))
                told = [_event(entry) for entry in fresh if entry.kind in TOLD]
                if told:
                    uow.outbox.put(told)
        except (ConcurrencyConflict, AlreadyExistsError) as exc:
            raise JobLockedError(
                "somebody else moved this job meanwhile", "job_id", job_id, "Read it again with pipeline.job(job_id)."
            ) from exc
        return fresh

    @staticmethod
    def _move_head(
        uow: Any, job_id: str, chain: Sequence[Entry], last: Entry, status: str, facts: Mapping[str, Any] | None
    ) -> None:
        try:
            held = uow.jobs.get(job_id)
        except NotFoundError:
            held = None
        if held is not None and (not chain or held["head"] != chain[-1].hash):
            raise JobLockedError("somebody else moved this job meanwhile", "job_id", job_id, "Read it again.")
        if held is None and chain:
            raise PipelineError(f"job {job_id} has a chain but no head: restore the record store")
        row: dict[str, Any] = {"id": job_id, "status": status, "head": last.hash, "entries": last.seq + 1}
        if held is not None:
            row |= {"version": held["version"], "scenario_id": held["scenario_id"], "region_id": held["region_id"]}
        uow.jobs.put(row | dict(facts or {}))


def _id(job_id: str, seq: int) -> str:
    return f"{job_id}:{seq:06d}"


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": _id(entry.job_id, entry.seq),
        "subject": entry.job_id,
        "action": entry.kind,
        "actor": entry.body.get("by"),
        "canonical": canonical_bytes(entry.to_dict()).decode(),
    }


def _entry(row: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", parse(str(row["canonical"]).encode()))


def _log(entry: Entry) -> dict[str, Any]:
    return {
        "id": _id(entry.job_id, entry.seq),
        "job_id": entry.job_id,
        "node": entry.body["stage"],
        "body": dict(entry.body),
        "stamp": dict(entry.stamp),
    }


def _event(entry: Entry) -> dict[str, Any]:
    return {
        "id": _id(entry.job_id, entry.seq),
        "type": entry.kind,
        "aggregate": entry.job_id,
        "payload": {"job_id": entry.job_id, "seq": entry.seq, **entry.body},
    }


def _envelope(envelope: ResultEnvelope) -> dict[str, Any]:
    return {
        "id": envelope.result_id,
        "stage": envelope.stage,
        "scenario_id": envelope.scenario_id,
        "region_id": envelope.region_id,
        "canonical": envelope.to_bytes().decode(),
    }
