"""The conductor: stages in their order, a store for the record, a runner for the calls.

``job = PipelineBuilder().build().run(*sample_park(), auto_approve=True)``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self
from uuid import uuid4

from carbonost import __version__
from carbonost.agents import bundle, retention
from carbonost.agents.canonical import canonical_bytes, sha256
from carbonost.agents.driver import StageOptions, World, now
from carbonost.agents.envelope import register_stage
from carbonost.agents.events import JobEnded
from carbonost.agents.inputs import Inputs, stored_inputs
from carbonost.agents.job import Job, ResultsView
from carbonost.agents.journal import Journal, Step
from carbonost.agents.policy import ReviewPolicy
from carbonost.agents.replay import Replay, replay
from carbonost.agents.runner import SequentialRunner
from carbonost.agents.sensitive import INPUTS, public_hash
from carbonost.agents.snapshot import encode_inputs
from carbonost.agents.stages.base import Stage
from carbonost.domain.scenario import GeoSelection, ScenarioParams
from carbonost.errors import AlreadyExistsError, EnvelopeError, GraphVersionError, InputError, JobNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from carbonost.agents.events import Event
    from carbonost.agents.runner import Runner
    from carbonost.factors.library import FactorLibrary
    from carbonost.ingestion.park import ParkData
    from carbonost.llm.ports import LanguageModel
    from carbonost.storage.chain import ChainReport
    from carbonost.storage.ports import ObjectStore, RecordStore, RetentionPolicy

DEFAULT_ORG: Final = "local"


class PipelineBuilder:
    """Puts a pipeline together; every part has a default that needs nothing.

    Examples
    --------
    >>> [stage["name"] for stage in PipelineBuilder().build().describe()["stages"]]
    ['geo', 'baseline', 'measures', 'finance', 'report']
    """

    def __init__(self) -> None:
        self._given: list[Stage] | None = None
        self._records: RecordStore | str | Path = "memory://"
        self._objects: ObjectStore | str | Path = "memory://"
        self._org = DEFAULT_ORG
        self._model: LanguageModel | None = None
        self._factors: FactorLibrary | None = None
        self._policy = ReviewPolicy()
        self._runner: Runner = SequentialRunner()
        self._options: dict[str, StageOptions] = {}
        self._versions: tuple[str | None, str | None] = (f"carbonost {__version__}", None)
        self._clock: Callable[[], datetime] = now

    @classmethod
    def of(cls, *stages: Stage) -> Self:
        """Begin with these stages instead of the five of the main job."""
        builder = cls()
        for stage in stages:
            builder._check(stage)
        builder._given = list(stages)
        return builder

    @property
    def _stages(self) -> list[Stage]:
        if self._given is None:
            from carbonost.agents.stages import default_stages

            self._given = list(default_stages())
        return self._given

    def with_records(self, records: RecordStore | str | Path, org_id: str = DEFAULT_ORG) -> Self:
        """Keep jobs here: an address such as ``sqlite:///park.db``, a path, or an open store."""
        self._records, self._org = records, org_id
        return self

    def with_objects(self, objects: ObjectStore | str | Path) -> Self:
        """Keep inputs and files here: an address such as ``file:///dir``, a path, or an open store."""
        self._objects = objects
        return self

    def with_model(self, model: LanguageModel | None) -> Self:
        """Let this language model write words; None is the offline template."""
        self._model = model
        return self

    def with_factors(self, factors: FactorLibrary) -> Self:
        """Use this factor library."""
        self._factors = factors
        return self

    def with_review_policy(self, policy: ReviewPolicy) -> Self:
        """Use these thresholds."""
        self._policy = policy
        return self

    def with_runner(self, runner: Runner) -> Self:
        """Drive jobs with this runner, e.g. ``LangGraphRunner()``."""
        self._runner = runner
        return self

    def with_stage(self, name: str, stage: Stage, *, options: StageOptions | None = None) -> Self:
        """Replace the stage of this name."""
        at = self._at(name)
        self._check(stage)
        if stage.spec.name != name:
            raise InputError("the stage has another name", "name", stage.spec.name, f"Its spec must be named {name!r}.")
        self._stages[at] = stage
        return self.with_options(name, options) if options is not None else self

    def insert_after(self, name: str, stage: Stage, *, options: StageOptions | None = None) -> Self:
        """Put a further stage behind the one of this name."""
        at = self._at(name)
        self._check(stage)
        if any(other.spec.name == stage.spec.name for other in self._stages):
            raise InputError("a stage of this name is already there", "name", stage.spec.name, "Use with_stage.")
        self._stages.insert(at + 1, stage)
        return self.with_options(stage.spec.name, options) if options is not None else self

    def with_options(self, name: str, options: StageOptions) -> Self:
        """Set timeout, retries and cache of a stage."""
        self._at(name)
        self._options[name] = options
        return self

    def with_versions(self, *, code_commit: str | None = None, container_digest: str | None = None) -> Self:
        """Name the code and the container in every envelope's reproducibility record.

        Without this the code is named by the version of the package.
        """
        self._versions = (code_commit or self._versions[0], container_digest)
        return self

    def with_clock(self, clock: Callable[[], datetime]) -> Self:
        """Take stamps from this clock."""
        self._clock = clock
        return self

    def __repr__(self) -> str:
        return f"PipelineBuilder({' → '.join(stage.spec.name for stage in self._stages)})"

    def build(self) -> Pipeline:
        """Return the pipeline.

        Raises
        ------
        InputError
            If a stage needs one that does not stand before it.
        """
        seen: set[str] = set()
        for stage in self._stages:
            register_stage(stage.spec.name)
            missing = [need for need in stage.spec.needs if need not in seen]
            if missing:
                known = f"Before it: {', '.join(sorted(seen)) or 'nothing'}."
                raise InputError(f"stage {stage.spec.name!r} needs {missing[0]!r} before it", "needs", missing, known)
            seen.add(stage.spec.name)
        from carbonost.factors.library import FactorLibrary
        from carbonost.llm.template import TemplateModel
        from carbonost.storage import ObjectStore, RecordStore, open_objects, open_records

        world = World(
            stages=tuple(self._stages),
            factors=self._factors if self._factors is not None else FactorLibrary.default(),
            model=self._model if self._model is not None else TemplateModel(),
            policy=self._policy,
            options=dict(self._options),
            code_commit=self._versions[0],
            container_digest=self._versions[1],
            clock=self._clock,
        )
        records = self._records if isinstance(self._records, RecordStore) else open_records(self._records)
        objects = self._objects if isinstance(self._objects, ObjectStore) else open_objects(self._objects)
        journal = Journal(records, objects, self._org)
        return Pipeline(world, journal, self._runner)

    def _at(self, name: str) -> int:
        names = [stage.spec.name for stage in self._stages]
        if name not in names:
            raise InputError("there is no such stage", "name", name, f"Known: {', '.join(names)}.")
        return names.index(name)

    @staticmethod
    def _check(stage: object) -> None:
        if not isinstance(stage, Stage):
            raise InputError("a stage has a spec and a run(context)", "stage", type(stage).__name__, "See Stage.")


class Pipeline:
    """Runs jobs; make one with `PipelineBuilder`."""

    def __init__(self, world: World, journal: Journal, runner: Runner) -> None:
        self._world, self._journal, self._runner = world, journal, runner

    def __repr__(self) -> str:
        return f"Pipeline({' → '.join(stage.spec.name for stage in self._world.stages)})"

    def start(
        self,
        selection: GeoSelection,
        scenario: ScenarioParams | None = None,
        data: ParkData | None = None,
        *,
        auto_approve: bool = False,
        job_id: str | None = None,
    ) -> Job:
        """Store a job's inputs and return it, not yet driven.

        Raises
        ------
        AlreadyExistsError
            If a job of this id exists: it is resumed, never started twice.
        """
        from carbonost.ingestion.park import ParkData

        scenario = ScenarioParams() if scenario is None else scenario
        data = ParkData() if data is None else data
        for name, value, kind in (
            ("selection", selection, GeoSelection),
            ("scenario", scenario, ScenarioParams),
            ("data", data, ParkData),
        ):
            if not isinstance(value, kind):
                raise InputError(
                    f"{name} is a {kind.__name__}", name, type(value).__name__, f"Build {kind.__name__}(…)."
                )
        job_id = uuid4().hex if job_id is None else job_id
        if self._journal.exists(job_id):
            raise AlreadyExistsError("a job of this id exists", "job_id", job_id, "Resume it: pipeline.job(job_id).")
        plain, blobs = encode_inputs(selection, scenario, data)
        encoded = canonical_bytes(plain)
        for blob in (*blobs.values(), encoded):
            self._journal.save(blob)
        inputs = Inputs.of(selection, scenario, data, sha256(encoded))
        body = {
            "inputs": inputs.name,
            "open": public_hash(plain, INPUTS),
            "scenario_id": inputs.scenario_id,
            "region_id": inputs.region_id,
            "graph_version": self._world.graph_version,
            "stages": [stage.spec.model_version for stage in self._world.stages],
            "policy": self._world.policy.model_dump(mode="json"),
            "factors": str(getattr(self._world.factors, "digest", "")),
            "auto_approve": auto_approve,
        }
        stamp = {"at": self._world.clock().isoformat()}
        facts = {"scenario_id": inputs.scenario_id, "region_id": inputs.region_id}
        self._journal.append(job_id, [], [Step("job.created", body, stamp)], status="running", facts=facts)
        return Job(job_id, self._world, inputs, self._journal, self._runner)

    def run(
        self,
        selection: GeoSelection,
        scenario: ScenarioParams | None = None,
        data: ParkData | None = None,
        *,
        auto_approve: bool = False,
        job_id: str | None = None,
    ) -> Job:
        """Run a job to its end, or to the first review.

        Parameters
        ----------
        selection : GeoSelection
            Where.
        scenario : ScenarioParams, optional
            On what terms; a price left at its default is stated as a gap.
        data : ParkData, optional
            What is metered, declared and listed.
        auto_approve : bool
            Record reviews without waiting for them.
        job_id : str, optional
            A name for the job; a random one by default.

        Returns
        -------
        Job
            ``job.status`` is ``"completed"`` or ``"waiting_review"``.
        """
        return self.start(selection, scenario, data, auto_approve=auto_approve, job_id=job_id).resume()

    def stream(
        self,
        selection: GeoSelection,
        scenario: ScenarioParams | None = None,
        data: ParkData | None = None,
        *,
        auto_approve: bool = False,
        job_id: str | None = None,
    ) -> Iterator[Event]:
        """Run a job and yield what happens; the last event says how it ended and carries the job's id."""
        return self.start(selection, scenario, data, auto_approve=auto_approve, job_id=job_id).drive()

    def job(self, job_id: str) -> Job:
        """Return a job by its id, its stored inputs checked.

        Raises
        ------
        JobNotFoundError
            If there is none.
        GraphVersionError
            If it was started by other stages than this pipeline has.
        """
        created = self._journal.entries(job_id)[0].body
        if created["graph_version"] != self._world.graph_version:
            raise GraphVersionError(
                "this job was started by another graph",
                "graph_version",
                created["graph_version"],
                f"Its stages: {', '.join(created['stages'])}. Build the pipeline with those, or start a new job.",
            )
        return Job(job_id, self._world, stored_inputs(self._journal, created), self._journal, self._runner)

    def jobs(self, **filters: object) -> list[str]:
        """Return the ids of this organisation's jobs, e.g. those with ``status="waiting_review"``."""
        return self._journal.jobs(**filters)

    def results(self, scenario_id: str) -> ResultsView:
        """Return the results of the last completed job of a scenario.

        Raises
        ------
        JobNotFoundError
            If none of its jobs is completed.
        """
        done = self._journal.jobs(status="completed")
        found = [job for job in map(self.job, done) if job.scenario_id == scenario_id]
        if not found:
            raise JobNotFoundError("no completed job of this scenario", "scenario_id", scenario_id, "Run one.")
        return max(found, key=lambda job: str(job.audit[-1].stamp["at"])).results()

    def replay(self, job_id: str) -> Replay:
        """Compute a job again from its stored inputs and decisions, and compare the hashes.

        Nothing is written to the store of the job.
        """
        inputs = stored_inputs(self._journal, self.job(job_id).audit[0].body).needed()
        return replay(job_id, self._world, inputs, self._journal)

    def apply_retention(self, policy: RetentionPolicy, now: datetime | None = None) -> dict[str, int]:
        """Remove the logs, evidence and audit content of ended jobs that a policy no longer keeps.

        The audit chain still verifies, and what the jobs found stays. Returns how many log rows, jobs
        and audit entries lost something; broken off, it is simply repeated.
        """
        return retention.apply(self._journal, policy, now or self._world.clock())

    def verify_audit(self) -> ChainReport:
        """Walk the organisation's audit log; raise `IntegrityError` where an entry was changed or is missing."""
        return self._journal.verify()

    def describe(self) -> dict[str, Any]:
        """Return stages, figures, triggers, editable fields and thresholds as plain JSON."""
        names = [stage.spec.name for stage in self._world.stages]
        chain = ["START"]
        for name in names:
            chain += [name, f"review_{name}?"]
        return {
            "graph_version": self._world.graph_version,
            "edges": [*chain, "END"],
            "stages": [stage.spec.to_dict() for stage in self._world.stages],
            "policy": self._world.policy.model_dump(mode="json"),
            "model": self._world.model.name,
            "factors": str(getattr(self._world.factors, "digest", "")),
        }

    @staticmethod
    def verify(path: Path | str) -> bundle.Verification:
        """Check an exported bundle, offline.

        Raises
        ------
        EnvelopeError
            If anything in it is not what its name says.
        FileFormatError
            If the file is no bundle.
        """
        found = bundle.verify(path)
        if not found.ok:
            more = "; ".join(found.problems)
            raise EnvelopeError(f"the bundle does not verify: {more}", "path", str(path), "Ask for it again.")
        return found


__all__ = ["JobEnded", "Pipeline", "PipelineBuilder", "Replay"]
