"""What a running job tells, as typed events."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened in a job."""

    kind: ClassVar[str] = "event"
    job_id: str

    def to_dict(self) -> dict[str, Any]:
        """Return the event as plain JSON, its kind included."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A stage begins."""

    kind: ClassVar[str] = "stage.started"
    stage: str


@dataclass(frozen=True, slots=True)
class StageFinished(Event):
    """A stage ended; `reused` says that its stored result still stood."""

    kind: ClassVar[str] = "stage.finished"
    stage: str
    result_id: str
    confidence: float
    duration_s: float
    reused: bool = False


@dataclass(frozen=True, slots=True)
class ReviewRaised(Event):
    """A person is asked; `skipped` says that the job was told not to wait."""

    kind: ClassVar[str] = "review.raised"
    stage: str
    checkpoint_id: str
    reasons: tuple[str, ...]
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class JobEnded(Event):
    """The job stops here: completed, waiting for a review, or rejected."""

    kind: ClassVar[str] = "job.ended"
    status: str
