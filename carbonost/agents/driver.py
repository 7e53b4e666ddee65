"""One job's driver: computes stages, seals envelopes, raises and takes reviews, writes the chain.

Runners (`carbonost.agents.runner`, `carbonost.agents.graph`) decide the order of calls and nothing
else; every step here looks at the store first and may be repeated, which is what makes a killed job
resume to the same hashes.
"""

from __future__ import annotations

import copy
import logging
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

from carbonost.agents.blackboard import JobStatus, Ledger, ReviewItem
from carbonost.agents.canonical import content_hash
from carbonost.agents.envelope import ResultEnvelope
from carbonost.agents.events import Event, JobEnded, ReviewRaised, StageFinished, StageStarted
from carbonost.agents.journal import Step
from carbonost.agents.sensitive import public_hash
from carbonost.agents.stages.base import StageContext, StageOutput
from carbonost.agents.words import Wordsmith
from carbonost.domain.evidence import Reproducibility
from carbonost.errors import CarbonostError, StageBoundaryError, StageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic import JsonValue

    from carbonost.agents.inputs import Inputs
    from carbonost.agents.journal import Journal
    from carbonost.agents.policy import ReviewPolicy
    from carbonost.agents.stages.base import Stage
    from carbonost.llm.ports import LanguageModel

_log = logging.getLogger(__name__)
Gate = Literal["go", "wait", "stop"]


def now() -> datetime:
    """Return the time of day; stamps only, never part of a result."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class StageOptions:
    """How patiently a stage is run.

    `timeout_s` ends the wait (the computation itself cannot be ended from outside); `retries` repeats
    after a fault that is not a refusal of the input; `cache` takes over the envelope of an earlier job
    whose inputs were the same.
    """

    timeout_s: float | None = None
    retries: int = 0
    cache: bool = False


@dataclass(frozen=True)
class World:
    """What every job of a pipeline shares."""

    stages: tuple[Stage, ...]
    factors: Any
    model: LanguageModel
    policy: ReviewPolicy
    options: Mapping[str, StageOptions]
    code_commit: str | None = None
    container_digest: str | None = None
    clock: Callable[[], datetime] = now

    def stage(self, name: str) -> Stage:
        """Return a stage by its name."""
        return next(stage for stage in self.stages if stage.spec.name == name)

    @property
    def graph_version(self) -> str:
        """Hash of the stages, their versions and their order: a job goes on only under its own."""
        plan = [[stage.spec.name, stage.spec.model_version, list(stage.spec.needs)] for stage in self.stages]
        return content_hash({"stages": plan, "envelope": 1})[:16]

    def param_version(self, name: str) -> str:
        """Name the parameters a stage rests on: review thresholds, factor data, and its own `param_digest`."""
        parts = {
            "policy": self.policy.digest,
            "factors": str(getattr(self.factors, "digest", "")),
            "own": str(getattr(self.stage(name), "param_digest", "")),
        }
        digest = content_hash(parts)
        return f"{name}_params@{digest[:12]}"


class Driver:
    """Drives one job; everything it knows stands in the journal."""

    def __init__(self, job_id: str, world: World, inputs: Inputs, journal: Journal, ledger: Ledger) -> None:
        self.job_id, self.world, self.inputs = job_id, world, inputs
        self.journal, self.ledger = journal, ledger
        self._ready: dict[str, tuple[str, ResultEnvelope, list[dict[str, Any]], dict[str, Any]]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The stages, in order."""
        return tuple(stage.spec.name for stage in self.world.stages)

    @property
    def auto_approve(self) -> bool:
        """Whether reviews are recorded without waiting."""
        return bool(self.ledger.created["auto_approve"])

    def upstream(self, name: str) -> dict[str, str]:
        """Return the envelopes a stage rests on, by their names."""
        spec = self.world.stage(name).spec
        wanted = (*spec.needs, *spec.optional)
        return {
            stage: self.ledger.heads[stage] for stage in self.names if stage in wanted and stage in self.ledger.heads
        }

    def input_hash(self, name: str, overrides: Mapping[str, JsonValue]) -> str:
        """Return the hash of everything a stage is given."""
        repro = self.world
        return content_hash(
            {
                "stage": repro.stage(name).spec.model_version,
                "inputs": self.inputs.name,
                "upstream": self.upstream(name),
                "overrides": dict(overrides),
                "param_version": repro.param_version(name),
                "code": [repro.code_commit, repro.container_digest],
            }
        )

    def gate(self, name: str) -> Gate:
        """Say whether the job may pass this stage."""
        if self.ledger.status == "rejected":
            return "stop"
        return "wait" if self.ledger.pending(name) is not None else "go"

    def wave(self, start: int) -> list[str]:
        """Return the stages from `start` on that may run side by side: all they read stands already."""
        found: list[str] = []
        for name in self.names[start:]:
            spec = self.world.stage(name).spec
            reads = {stage for stage in (*spec.needs, *spec.optional) if stage in self.names}
            if name in self.ledger.heads or not reads <= set(self.ledger.heads):
                break
            found.append(name)
        return found

    def prepare(self, name: str) -> None:
        """Compute a stage ahead of its turn; `execute` takes the result over if its inputs are still the same."""
        overrides = self.ledger.overrides.get(name, {})
        key = self.input_hash(name, overrides)
        try:
            found = self._attempt(name, overrides, key, self.world.options.get(name, StageOptions()))
        except Exception:  # noqa: BLE001 -- the stage fails again in its turn, where the failure is recorded
            return
        self._ready[name] = (key, *found)

    def execute(self, name: str) -> Iterator[Event]:
        """Compute a stage unless its stored result still stands."""
        overrides = self.ledger.overrides.get(name, {})
        key = self.input_hash(name, overrides)
        if self.ledger.inputs.get(name) == key:
            head = self.journal.envelope(self.ledger.heads[name])
            yield StageFinished(self.job_id, name, head.result_id, head.confidence, 0.0, reused=True)
            return
        yield StageStarted(self.job_id, name)
        options = self.world.options.get(name, StageOptions())
        patience = self.ledger.failures(name, key) + options.retries
        while True:
            attempt = self.ledger.failures(name, key) + 1
            started, tick = self.world.clock(), perf_counter()
            try:
                ready = self._ready.pop(name, None)
                fits = ready is not None and ready[0] == key
                envelope, calls, stamp = ready[1:] if ready and fits else self._attempt(name, overrides, key, options)
                break
            except Exception as exc:
                self._failed(name, key, attempt, exc, self._stamp(started, tick))
                final = isinstance(exc, ValueError | StageBoundaryError) or attempt > patience
                if final and isinstance(exc, CarbonostError):
                    raise
                if final:
                    raise StageError(
                        f"stage {name!r} failed", name, type(exc).__name__, "See the chained error."
                    ) from exc
        yield from self._finished(envelope, calls, stamp, attempt)

    def _attempt(
        self, name: str, overrides: Mapping[str, JsonValue], key: str, options: StageOptions
    ) -> tuple[ResultEnvelope, list[dict[str, Any]], dict[str, Any]]:
        started, tick = self.world.clock(), perf_counter()
        cached = self.journal.cached(key) if options.cache else None
        if cached is not None:
            return cached, [], self._stamp(started, tick)
        if options.timeout_s is None:
            envelope, calls = self.compute(name, overrides, key)
        else:
            pool = ThreadPoolExecutor(1, thread_name_prefix=f"carbonost-{name}")
            try:
                envelope, calls = pool.submit(self.compute, name, overrides, key).result(options.timeout_s)
            except FutureTimeout as exc:
                limit = f"{options.timeout_s} s"
                raise StageError("the stage ran longer than allowed", name, limit, "Raise its timeout_s.") from exc
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        return envelope, calls, self._stamp(started, tick)

    def _stamp(self, started: datetime, tick: float) -> dict[str, Any]:
        return {
            "started": started.isoformat(),
            "ended": self.world.clock().isoformat(),
            "duration_s": round(perf_counter() - tick, 6),
        }

    def compute(
        self, name: str, overrides: Mapping[str, JsonValue], key: str, parent: ResultEnvelope | None = None
    ) -> tuple[ResultEnvelope, list[dict[str, Any]]]:
        """Run a stage and seal what it found; nothing is stored.

        Raises
        ------
        StageBoundaryError
            If the stage hands out anything but a `StageOutput` within its declaration.
        """
        stage, words = self.world.stage(name), Wordsmith(self.world.model)
        upstream = self.upstream(name)
        missing = [need for need in stage.spec.needs if need not in upstream]
        if missing:
            raise StageError(f"stage {name!r} needs {missing[0]!r} first", name, missing, "Order the stages.")
        context = StageContext(
            selection=self.inputs.selection.model_copy(deep=True),
            scenario=self.inputs.scenario,
            data=self.inputs.copy_of_data(),
            upstream={stage_: self.journal.envelope(result_id) for stage_, result_id in upstream.items()},
            factors=self.world.factors,
            model=words,
            policy=self.world.policy,
            overrides=copy.deepcopy(dict(overrides)),
        )
        output = stage.run(context)
        if not isinstance(output, StageOutput):
            raise StageBoundaryError(f"stage {name!r} must return a StageOutput", name, type(output).__name__)
        stage.spec.check_boundary(output)
        checkpoints = stage.spec.checkpoints(output, self.world.policy) if parent is None else parent.human_checkpoints
        settled = tuple(c.model_copy(update={"status": "approved"}) for c in checkpoints)
        envelope = ResultEnvelope.seal(
            scenario_id=self.inputs.scenario_id,
            region_id=self.inputs.region_id,
            stage=name,
            metrics=output.metrics,
            artifacts=output.artifacts,
            assumptions=output.assumptions,
            evidence=output.evidence,
            confidence=output.confidence,
            data_gaps=output.data_gaps,
            reproducibility=Reproducibility(
                model_version=stage.spec.model_version,
                param_version=self.world.param_version(name),
                solver_version=output.solver_version,
                code_commit=self.world.code_commit,
                container_digest=self.world.container_digest,
            ),
            human_checkpoints=checkpoints if parent is None else settled,
            revision=0 if parent is None else parent.revision + 1,
            parent=None if parent is None else parent.result_id,
            overrides=dict(overrides),
            upstream=upstream,
            input_hash=key,
        )
        return envelope, words.calls

    def _finished(
        self, envelope: ResultEnvelope, calls: list[dict[str, Any]], stamp: dict[str, Any], attempt: int
    ) -> Iterator[Event]:
        name = envelope.stage
        body = {
            "stage": name,
            "result_id": envelope.result_id,
            "revision": envelope.revision,
            "input_hash": envelope.input_hash,
            "attempt": attempt,
            **self.open_form(envelope),
        }
        steps = [Step("model.called", {"stage": name, **call}, {}) for call in calls]
        steps.append(Step("stage.finished", body, stamp))
        item = self._review_item(envelope) if envelope.revision == 0 else None
        status: JobStatus = "running"
        if item is not None:
            status = "running" if item.skipped else "waiting_review"
            kind = "review.skipped" if item.skipped else "review.raised"
            steps.append(Step(kind, {"review": item.model_dump(mode="json")}, {"at": stamp["ended"]}))
        self.append(steps, status=status, envelope=envelope, review=item)
        if self.world.options.get(name, StageOptions()).cache:
            self.journal.remember(envelope)
        _log.info("stage %s finished in %.3f s", name, stamp["duration_s"])
        yield StageFinished(self.job_id, name, envelope.result_id, envelope.confidence, stamp["duration_s"])
        if item is not None:
            yield ReviewRaised(self.job_id, name, item.checkpoint_id, item.reasons, item.skipped)

    def open_form(self, envelope: ResultEnvelope) -> dict[str, Any]:
        """Return the tags of an envelope's sensitive values and the hash of its form without them; empty without."""
        tags = {path: list(groups) for path, groups in self.world.stage(envelope.stage).spec.sensitive.items()}
        return {"sensitive": tags, "open": public_hash(envelope.to_dict(), tags)} if tags else {}

    def _failed(self, name: str, key: str, attempt: int, error: Exception, stamp: dict[str, Any]) -> None:
        body = {"stage": name, "input_hash": key, "attempt": attempt, "exception": type(error).__name__}
        self.append([Step("stage.failed", body, stamp)], status="failed")

    def _review_item(self, envelope: ResultEnvelope) -> ReviewItem | None:
        asked = envelope.human_checkpoints
        if not asked:
            return None
        actions = [c.suggested_action for c in asked if c.suggested_action]
        return ReviewItem(
            checkpoint_id=f"{envelope.stage}.r{envelope.revision}.{envelope.result_id[:12]}",
            stage=envelope.stage,
            question="\n".join(dict.fromkeys(c.question for c in asked)),
            reasons=tuple(f"{c.checkpoint}: {c.trigger_reason}" for c in asked),
            suggested_action="\n".join(dict.fromkeys(actions)) or None,
            editable_fields=asked[0].editable_fields,
            result_id=envelope.result_id,
            skipped=self.auto_approve,
        )

    def append(
        self,
        steps: list[Step],
        *,
        status: JobStatus,
        envelope: ResultEnvelope | None = None,
        review: ReviewItem | None = None,
    ) -> None:
        """Write steps to the journal and take them in."""
        row = None if review is None else review_row(self.job_id, review)
        fresh = self.journal.append(
            self.job_id, self.ledger.entries, steps, status=status, envelope=envelope, review=row
        )
        for entry in fresh:
            self.ledger.add(entry)

    def finish(self) -> Iterator[Event]:
        """Close the job if every stage stands and nothing waits; say how it ended."""
        waits = self.ledger.pending() is not None
        if self.ledger.status == "running" and not waits and set(self.names) <= set(self.ledger.heads):
            heads = {name: self.ledger.heads[name] for name in self.names}
            at = self.world.clock().isoformat()
            self.append([Step("job.completed", {"results": heads}, {"at": at})], status="completed")
        yield JobEnded(self.job_id, self.ledger.status)


def review_row(job_id: str, item: ReviewItem) -> dict[str, Any]:
    """Return a review as a record; an auto-approved one is stored as approved."""
    row = item.model_dump(mode="json")
    status = "approved" if item.skipped and item.status == "pending" else item.status
    return {**row, "id": f"{job_id}:{item.checkpoint_id}", "job_id": job_id, "status": status}
