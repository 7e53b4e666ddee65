"""What a job knows, read off its chain: which envelope stands for which stage, what waits, what was logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, JsonValue

from carbonost.agents.envelope import CheckpointStatus, ResultEnvelope  # noqa: TC001 -- pydantic reads them
from carbonost.domain.scenario import GeoSelection, ScenarioParams, SpokenModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.agents.chain import Entry

JobStatus = Literal["running", "waiting_review", "completed", "rejected", "failed"]


class NodeLog(SpokenModel):
    """One attempt of one stage: written once, when it ends."""

    node: str
    attempt: int
    started: str
    ended: str
    duration_s: float
    input_hash: str
    output_hash: str | None = None
    exception: str | None = None


class ReviewItem(SpokenModel):
    """A question to a person about one envelope.

    `checkpoint_id` is made from the stage, the revision and the envelope's name, so that it is the
    same on every runner and after every restart.
    """

    checkpoint_id: str
    stage: str
    question: str
    reasons: tuple[str, ...]
    suggested_action: str | None = None
    editable_fields: tuple[str, ...] = ()
    result_id: str
    status: CheckpointStatus = "pending"
    skipped: bool = False
    decided_by: str | None = None
    patch: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The reasons in one text."""
        return "; ".join(self.reasons)


class BlackboardState(SpokenModel):
    """Everything about a job in one value, assembled from the store."""

    job_id: str
    scenario_id: str
    region_id: str
    status: JobStatus
    selection: GeoSelection
    scenario: ScenarioParams
    envelopes: dict[str, ResultEnvelope]
    review_queue: tuple[ReviewItem, ...]
    logs: tuple[NodeLog, ...]


class Ledger:
    """The state of a job, folded from its chain."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries: list[Entry] = []
        self.created: dict[str, Any] = {}
        self.status: JobStatus = "running"
        self.heads: dict[str, str] = {}
        self.inputs: dict[str, str] = {}
        self.overrides: dict[str, dict[str, JsonValue]] = {}
        self.history: dict[str, list[str]] = {}
        self.reviews: dict[str, ReviewItem] = {}
        self.logs: list[NodeLog] = []
        for entry in entries:
            self.add(entry)

    @property
    def head(self) -> str:
        """Hash of the last entry."""
        return self.entries[-1].hash

    def pending(self, stage: str | None = None) -> ReviewItem | None:
        """Return the review that waits (of one stage), if any."""
        items = (item for item in self.reviews.values() if item.status == "pending" and not item.skipped)
        return next((item for item in items if stage in (None, item.stage)), None)

    def failures(self, stage: str, input_hash: str) -> int:
        """Return how many attempts at exactly this input have failed."""
        return sum(
            log.node == stage and log.input_hash == input_hash and log.exception is not None for log in self.logs
        )

    def add(self, entry: Entry) -> None:
        """Take one more entry in."""
        self.entries.append(entry)
        body = entry.body
        match entry.kind:
            case "job.created":
                self.created = dict(body)
            case "stage.finished":
                self._finished(body["stage"], body["result_id"], body["input_hash"])
                self.logs.append(_log(entry))
                self.status = "running"
            case "stage.failed":
                self.logs.append(_log(entry))
                self.status = "failed"
            case "review.raised" | "review.skipped":
                item = ReviewItem(**body["review"])
                self.reviews[item.checkpoint_id] = item
                self.status = self.status if item.skipped else "waiting_review"
            case "review.decided":
                self._decided(body)
            case "job.rejected" | "job.completed":
                self.status = "rejected" if entry.kind == "job.rejected" else "completed"
            case "job.reopened":
                self._reopened(body)

    def _finished(self, stage: str, result_id: str, input_hash: str) -> None:
        self.heads[stage] = result_id
        self.inputs[stage] = input_hash
        self.history.setdefault(stage, []).append(result_id)

    def _decided(self, body: Any) -> None:
        item = self.reviews[body["checkpoint_id"]]
        changes = {"status": body["status"], "decided_by": body["by"], "patch": body["patch"]}
        self.reviews[item.checkpoint_id] = item.model_copy(update=changes)
        self.status = "running"
        if body["result_id"] != item.result_id:
            self.overrides[item.stage] = dict(body["overrides"])
            self._finished(item.stage, body["result_id"], body["input_hash"])

    def _reopened(self, body: Any) -> None:
        item = self.reviews[body["checkpoint_id"]]
        changes: dict[str, Any] = {"status": "pending", "decided_by": None, "patch": {}, "skipped": False}
        self.reviews[item.checkpoint_id] = item.model_copy(update=changes)
        self.status = "waiting_review"


def _log(entry: Entry) -> NodeLog:
    body, stamp = entry.body, entry.stamp
    return NodeLog(
        node=body["stage"],
        attempt=body["attempt"],
        started=stamp["started"],
        ended=stamp["ended"],
        duration_s=stamp["duration_s"],
        input_hash=body["input_hash"],
        output_hash=body.get("result_id"),
        exception=body.get("exception"),
    )
