"""A person's decision: checked, tried out, and only then written.

A correction is refused before anything moves if its path is not editable, its value does not fit, or
the stage cannot compute with it; the refusal is recorded and the review stays open. What is approved
becomes revision n + 1 of the envelope, corrected or not, whose parent is the one that was asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from carbonost.agents.envelope import ResultEnvelope
from carbonost.agents.journal import Step
from carbonost.errors import CarbonostError, JobLockedError, NotEditableError, ReviewConflictError, ReviewError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.agents.blackboard import JobStatus, ReviewItem
    from carbonost.agents.driver import Driver


def decide(
    driver: Driver,
    checkpoint_id: str,
    *,
    status: Literal["approved", "rejected"],
    patch: Mapping[str, Any],
    by: str,
    note: str | None,
) -> ReviewItem:
    """Take a decision; see `Job.review`."""
    item = _open_item(driver, checkpoint_id)
    if status not in ("approved", "rejected"):
        raise ReviewError("a decision is 'approved' or 'rejected'", "status", status)
    if not by.strip():
        raise ReviewError("a decision needs the name of who takes it", "by", by, "Give by='…'.")
    if status == "rejected" and patch:
        raise ReviewError("a rejection changes nothing", "patch", sorted(patch), "Approve with the patch, or drop it.")
    body: dict[str, Any] = {
        "checkpoint_id": checkpoint_id,
        "stage": item.stage,
        "status": status,
        "by": by,
        "note": note,
        "patch": {},
        "before": item.result_id,
        "result_id": item.result_id,
    }
    envelope: ResultEnvelope | None = None
    if status == "approved":
        corrected, envelope = _try(driver, item, patch, by) if patch else ({}, _settled(driver, item))
        body |= {"patch": corrected, "result_id": envelope.result_id, "input_hash": envelope.input_hash}
        body["overrides"] = dict(envelope.overrides)
        body |= driver.open_form(envelope)
    stamp = {"at": driver.world.clock().isoformat()}
    steps = [Step("review.decided", body, stamp)]
    after: JobStatus = "running"
    if status == "rejected":
        steps.append(Step("job.rejected", {"stage": item.stage, "by": by}, stamp))
        after = "rejected"
    decided = item.model_copy(update={"status": status, "decided_by": by, "patch": body["patch"]})
    try:
        driver.append(steps, status=after, envelope=envelope, review=decided)
    except JobLockedError as exc:
        raise ReviewConflictError(
            "somebody else decided meanwhile", "checkpoint_id", checkpoint_id, "Read the job again."
        ) from exc
    return driver.ledger.reviews[checkpoint_id]


def reopen(driver: Driver, checkpoint_id: str, *, by: str, note: str | None) -> ReviewItem:
    """Put a rejected review back into the queue; see `Job.reopen`."""
    item = driver.ledger.reviews.get(checkpoint_id)
    if item is None or item.status != "rejected":
        raise ReviewError("only a rejected review can be reopened", "checkpoint_id", checkpoint_id)
    body = {"checkpoint_id": checkpoint_id, "stage": item.stage, "by": by, "note": note}
    again = item.model_copy(update={"status": "pending", "decided_by": None, "patch": {}})
    stamp = {"at": driver.world.clock().isoformat()}
    driver.append([Step("job.reopened", body, stamp)], status="waiting_review", review=again)
    return driver.ledger.reviews[checkpoint_id]


def _open_item(driver: Driver, checkpoint_id: str) -> ReviewItem:
    item = driver.ledger.reviews.get(checkpoint_id)
    if item is None:
        known = ", ".join(driver.ledger.reviews) or "none"
        raise ReviewError("the job has no such review", "checkpoint_id", checkpoint_id, f"Known: {known}.")
    if item.status != "pending" or item.skipped:
        raise ReviewConflictError(
            f"this review is already {'skipped' if item.skipped else item.status}", "checkpoint_id", checkpoint_id
        )
    return item


def _settled(driver: Driver, item: ReviewItem) -> ResultEnvelope:
    """Return the envelope as approved: the same content, its questions answered."""
    parent = driver.journal.envelope(item.result_id)
    asked = tuple(c.model_copy(update={"status": "approved"}) for c in parent.human_checkpoints)
    kept = {name: getattr(parent, name) for name in type(parent).model_fields if name != "result_id"}
    return ResultEnvelope.seal(
        **kept | {"human_checkpoints": asked, "revision": parent.revision + 1, "parent": parent.result_id}
    )


def _try(driver: Driver, item: ReviewItem, patch: Mapping[str, Any], by: str) -> tuple[dict[str, Any], ResultEnvelope]:
    """Check the patch and compute the corrected envelope; nothing is stored but a refusal."""
    parent = driver.journal.envelope(item.result_id)
    try:
        corrected = driver.world.stage(item.stage).spec.read_patch(patch)
        overrides = {**parent.overrides, **corrected}
        key = driver.input_hash(item.stage, overrides)
        envelope, _ = driver.compute(item.stage, overrides, key, parent)
    except Exception as exc:
        _refuse(driver, item, patch, by, exc)
        if isinstance(exc, NotEditableError):
            raise
        reason = exc.problem if isinstance(exc, CarbonostError) and hasattr(exc, "problem") else str(exc)
        raise ReviewError(
            f"the stage cannot compute with this correction: {reason}", "patch", sorted(patch), "The review stays open."
        ) from exc
    return corrected, envelope


def _refuse(driver: Driver, item: ReviewItem, patch: Mapping[str, Any], by: str, error: Exception) -> None:
    body = {
        "checkpoint_id": item.checkpoint_id,
        "stage": item.stage,
        "by": by,
        "paths": sorted(str(path) for path in patch),
        "error": type(error).__name__,
    }
    step = Step("review.refused", body, {"at": driver.world.clock().isoformat()})
    driver.append([step], status=driver.ledger.status)
