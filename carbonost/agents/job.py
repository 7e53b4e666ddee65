"""A job in a user's hands: how it stands, what waits, what was found, and how to go on."""

from __future__ import annotations

from html import escape
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakValueDictionary

from pydantic import JsonValue  # noqa: TC002 -- pydantic reads it

from carbonost.agents import bundle, lineage, review
from carbonost.agents.blackboard import BlackboardState, JobStatus, Ledger, NodeLog, ReviewItem
from carbonost.agents.driver import Driver
from carbonost.domain.scenario import SpokenModel
from carbonost.errors import JobLockedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from carbonost.agents.chain import Entry
    from carbonost.agents.driver import World
    from carbonost.agents.envelope import ResultEnvelope
    from carbonost.agents.events import Event
    from carbonost.agents.inputs import Inputs
    from carbonost.agents.journal import Journal
    from carbonost.agents.runner import Runner
    from carbonost.engines.report.generator import Report

StageState = Literal["waiting", "running", "done", "review", "rejected", "failed"]


class _Hold:
    """One driver per job and process; other processes are held off by the journal's head."""

    def __init__(self) -> None:
        self.lock = Lock()


_HOLDS: WeakValueDictionary[tuple[str, str], _Hold] = WeakValueDictionary()
_HOLDS_LOCK: Final = Lock()


class EnvelopeSummary(SpokenModel):
    """An envelope in one line."""

    result_id: str
    revision: int
    confidence: float
    grade: str
    metrics: dict[str, JsonValue]
    data_gaps: int


class JobView(SpokenModel):
    """How a job stands, for a screen: the answer of ``GET /jobs/{id}``."""

    job_id: str
    scenario_id: str
    status: JobStatus
    current_stage: str | None
    stage_status: dict[str, StageState]
    latest_envelopes: dict[str, EnvelopeSummary]
    review_queue: tuple[ReviewItem, ...]
    logs: tuple[NodeLog, ...]

    def __repr__(self) -> str:
        stages = ", ".join(f"{name} {state}" for name, state in self.stage_status.items())
        return f"<JobView {self.job_id}: {self.status}; {stages}; {len(self.review_queue)} reviews>"

    __str__ = __repr__


class ResultsView(SpokenModel):
    """A job's results for a screen: the answer of ``GET /results/{scenario_id}``."""

    scenario_id: str
    metrics: dict[str, JsonValue]
    units: dict[str, str]
    top_measures: list[JsonValue]
    finance_summary: dict[str, JsonValue]


class Job:
    """A job of a `Pipeline`; get one from ``pipeline.run`` or ``pipeline.job``."""

    def __init__(self, job_id: str, world: World, inputs: Inputs, journal: Journal, runner: Runner) -> None:
        self.id = job_id
        self._world, self._inputs, self._journal, self._runner = world, inputs, journal, runner
        self._ledger = Ledger(journal.entries(job_id))
        key = (f"{id(journal.store):x}/{journal.org_id}", job_id)
        with _HOLDS_LOCK:
            self._hold = _HOLDS.setdefault(key, _Hold())

    @property
    def scenario_id(self) -> str:
        """The scenario's name, or one made from its parameters."""
        return self._inputs.scenario_id

    @property
    def job_id(self) -> str:
        """The job's id."""
        return self.id

    def refresh(self) -> Job:
        """Read the job again from the store."""
        self._ledger = Ledger(self._journal.entries(self.id))
        return self

    def _driver(self) -> Driver:
        return Driver(self.id, self._world, self._inputs.needed(), self._journal, self._ledger)

    # --- how it stands -------------------------------------------------------------------------

    @property
    def status(self) -> JobStatus:
        """running, waiting_review, completed, rejected or failed."""
        return self._ledger.status

    @property
    def envelopes(self) -> dict[str, ResultEnvelope]:
        """The envelope that stands for each stage, checked against its hash as it is read."""
        names = (stage.spec.name for stage in self._world.stages)
        heads = self._ledger.heads
        return {name: self._journal.envelope(heads[name]) for name in names if name in heads}

    def revisions(self, stage: str) -> tuple[ResultEnvelope, ...]:
        """Return every envelope a stage ever had in this job, oldest first."""
        return tuple(self._journal.envelope(name) for name in self._ledger.history.get(stage, ()))

    @property
    def review_queue(self) -> tuple[ReviewItem, ...]:
        """What waits for a person."""
        return tuple(i for i in self._ledger.reviews.values() if i.status == "pending" and not i.skipped)

    @property
    def reviews(self) -> tuple[ReviewItem, ...]:
        """Every review of the job: waiting, decided, or skipped."""
        return tuple(self._ledger.reviews.values())

    @property
    def logs(self) -> tuple[NodeLog, ...]:
        """One entry per attempt of a stage."""
        return tuple(self._ledger.logs)

    @property
    def audit(self) -> tuple[Entry, ...]:
        """The job's hash-chained audit log."""
        return tuple(self._ledger.entries)

    @property
    def audit_head(self) -> str:
        """Hash of the last audit entry: it names the job's whole history."""
        return self._ledger.head

    def view(self) -> JobView:
        """Return how the job stands, as one value."""
        envelopes = self.envelopes
        states = self._stage_states()
        current = next((name for name, state in states.items() if state != "done"), None)
        return JobView(
            job_id=self.id,
            scenario_id=self._inputs.scenario_id,
            status=self.status,
            current_stage=current,
            stage_status=states,
            latest_envelopes={name: _summary(envelope) for name, envelope in envelopes.items()},
            review_queue=self.review_queue,
            logs=self.logs,
        )

    def _stage_states(self) -> dict[str, StageState]:
        ledger = self._ledger
        rejected = {item.stage for item in ledger.reviews.values() if item.status == "rejected"}
        states: dict[str, StageState] = {}
        for name in (stage.spec.name for stage in self._world.stages):
            if name in rejected:
                states[name] = "rejected"
            elif ledger.pending(name) is not None:
                states[name] = "review"
            elif name in ledger.heads:
                states[name] = "done"
            else:
                broken = ledger.status == "failed" and ledger.logs and ledger.logs[-1].node == name
                states[name] = "failed" if broken else "waiting"
        return states

    def blackboard(self) -> BlackboardState:
        """Return everything known about the job as one value."""
        return BlackboardState(
            job_id=self.id,
            scenario_id=self._inputs.scenario_id,
            region_id=self._inputs.region_id,
            status=self.status,
            selection=self._inputs.selection,
            scenario=self._inputs.scenario,
            envelopes=self.envelopes,
            review_queue=self.review_queue,
            logs=self.logs,
        )

    def results(self) -> ResultsView:
        """Return metrics, the measures chosen and the money in short."""
        envelopes = self.envelopes
        pairs = {key: metric for envelope in envelopes.values() for key, metric in envelope.metrics.items()}
        finance = envelopes.get("finance")
        chosen = finance.artifacts.get("portfolio_selected", []) if finance is not None else []
        return ResultsView(
            scenario_id=self._inputs.scenario_id,
            metrics={key: metric.value for key, metric in pairs.items()},
            units={key: metric.unit for key, metric in pairs.items()},
            top_measures=chosen if isinstance(chosen, list) else [],
            finance_summary={} if finance is None else finance.flat(),
        )

    # --- going on ------------------------------------------------------------------------------

    def drive(self) -> Iterator[Event]:
        """Go on where the job stands, and tell what happens.

        Raises
        ------
        JobLockedError
            If another driver holds the job.
        """
        if not self._hold.lock.acquire(blocking=False):
            raise JobLockedError("another driver holds this job", "job_id", self.id, "Wait for it to end.")
        try:
            self.refresh()
            yield from self._runner.drive(self._driver())
        finally:
            self._hold.lock.release()

    def resume(self) -> Job:
        """Go on to the end, or to the next review."""
        for _ in self.drive():
            pass
        return self

    def review(
        self,
        checkpoint_id: str,
        *,
        status: Literal["approved", "rejected"],
        patch: Mapping[str, Any] | None = None,
        by: str,
        note: str | None = None,
    ) -> ReviewItem:
        """Decide a review.

        Parameters
        ----------
        checkpoint_id : str
            From `review_queue`.
        status : {"approved", "rejected"}
        patch : mapping, optional
            Corrected inputs by path; what follows from them is computed again.
        by : str
            Who decides.
        note : str, optional
            Why.

        Raises
        ------
        ReviewError
            If there is no such review, or the correction cannot be computed.
        ReviewConflictError
            If it is decided already.
        NotEditableError
            If the patch reaches outside the editable fields, or a value does not fit.
        """
        self.refresh()
        return review.decide(self._driver(), checkpoint_id, status=status, patch=dict(patch or {}), by=by, note=note)

    def reopen(self, checkpoint_id: str, *, by: str, note: str | None = None) -> ReviewItem:
        """Put a rejected review back into the queue."""
        self.refresh()
        return review.reopen(self._driver(), checkpoint_id, by=by, note=note)

    # --- what it is good for -------------------------------------------------------------------

    def lineage(self, result_id: str, metric_key: str) -> lineage.Lineage:
        """Trace one metric to its assumptions, evidence and inputs."""
        return lineage.trace(self._journal.envelope, self._ledger, result_id, metric_key)

    def report(
        self,
        formats: Sequence[str] = ("html", "pdf", "docx", "md"),
        *,
        kind: str = "park",
        version: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Report:
        """Write the report in the formats asked for.

        Parameters
        ----------
        formats : sequence of {"html", "pdf", "docx", "md"}
        kind : str
            A template of the report registry.
        version : {"government", "technical", "investor"}, optional
            By default the one the report stage was made for.
        meta : mapping, optional
            Lines of the cover, such as ``prepared_by`` and ``date``.

        Raises
        ------
        ReportError
            If a figure, citation or glyph cannot be resolved.
        """
        from carbonost.agents.stages.report import report_data
        from carbonost.engines.report.generator import ReportGenerator

        envelopes = self.envelopes
        told: dict[str, Any] = dict(envelopes["report"].artifacts) if "report" in envelopes else {}
        narrative = told.get("narrative", {}) if kind == "park" else {}
        data = report_data(envelopes, narrative, {**told.get("meta", {}), **(meta or {})})
        audience = (version or told.get("audience")) if kind == "park" else version
        chosen = (formats,) if isinstance(formats, str) else tuple(formats)
        return ReportGenerator().generate(kind, data, formats=chosen, audience=audience)

    def export(self, path: Path | str, *, withhold: Collection[str] = ()) -> Path:
        """Write everything about the job into one file that can be verified elsewhere, offline.

        Parameters
        ----------
        path : path
            The file appears whole or not at all.
        withhold : collection of {"meters", "entities"}
            Groups to leave out: the meter curves, the enterprises and what they declared, and what
            a stage of yours tagged. The hash of each value stays, and the rest still verifies.

        Raises
        ------
        InputError
            If the place cannot be written.
        """
        return bundle.export(path, self._journal, self._ledger, self._world, withhold=withhold)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{escape(state)}</td></tr>" for name, state in self._stage_states().items()
        )
        return f"<table><caption>job {escape(self.id)} · {self.status}</caption>{rows}</table>"

    def __repr__(self) -> str:
        return f"Job({self.id!r}, status={self.status!r})"


def _summary(envelope: ResultEnvelope) -> EnvelopeSummary:
    return EnvelopeSummary(
        result_id=envelope.result_id,
        revision=envelope.revision,
        confidence=envelope.confidence,
        grade=envelope.grade,
        metrics=envelope.flat(),
        data_gaps=len(envelope.data_gaps),
    )
