"""What a stage is given, what it hands back, and nothing else.

A stage is any object with a `spec` and a `run(context)`: pure, no clock, no store. It may be
replaced by name (`PipelineBuilder.with_stage`); its neighbours see only envelopes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

from pydantic import Field, JsonValue

from carbonost.agents.canonical import thaw
from carbonost.agents.envelope import Confidence, Metric, ResultEnvelope
from carbonost.agents.policy import ReviewPolicy
from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem, Severity
from carbonost.domain.scenario import GeoSelection, ScenarioParams, SpokenModel
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.agents.spec import AgentSpec
    from carbonost.llm.ports import LanguageModel


class StageOutput(SpokenModel):
    """What a stage found; the pipeline adds names, versions and questions, and seals it."""

    metrics: dict[str, Metric] = Field(default_factory=dict)
    artifacts: dict[str, JsonValue] = Field(default_factory=dict)
    assumptions: tuple[AssumptionItem, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    confidence: Confidence
    data_gaps: tuple[DataGap, ...] = ()
    solver_version: str | None = None


@dataclass(frozen=True)
class StageContext:
    """Everything a stage may read.

    Attributes
    ----------
    selection, scenario, data
        What the job was asked (`data` is a `ParkData`).
    upstream : mapping of str to ResultEnvelope
        Fresh copies of the envelopes of earlier stages; changing one changes nothing else.
    factors : FactorLibrary
    model : LanguageModel
        For words only; no figure may come from it.
    policy : ReviewPolicy
    overrides : mapping
        A person's corrections of this stage's inputs, by path.
    """

    selection: GeoSelection
    scenario: ScenarioParams
    data: Any
    upstream: Mapping[str, ResultEnvelope]
    factors: Any
    model: LanguageModel
    policy: ReviewPolicy = field(default_factory=ReviewPolicy)
    overrides: Mapping[str, JsonValue] = field(default_factory=dict)

    def envelope(self, stage: str) -> ResultEnvelope:
        """Return the envelope of an earlier stage.

        Raises
        ------
        InputError
            If that stage has not run.
        """
        if stage not in self.upstream:
            raise InputError(f"stage {stage!r} has not run", stage, None, "Declare it in `needs`, before this stage.")
        return self.upstream[stage]

    def notes(self) -> Notes:
        """Return an empty notebook that knows the overrides."""
        return Notes(overrides=self.overrides)


@dataclass
class Notes:
    """Assumptions, evidence and gaps gathered while a stage computes."""

    overrides: Mapping[str, JsonValue] = field(default_factory=dict)
    assumptions: dict[str, AssumptionItem] = field(default_factory=dict)
    evidence: dict[tuple[str, str], EvidenceItem] = field(default_factory=dict)
    gaps: dict[str, DataGap] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def override(self, path: str) -> JsonValue:
        """Return a person's correction of one field, or None."""
        if path not in self.overrides:
            return None
        self.used.add(path)
        return self.overrides[path]

    def assume(
        self,
        name: str,
        value: Any,
        unit: str | None = None,
        rationale: str | None = None,
        sensitivity: Severity | None = None,
    ) -> Any:
        """State an assumption and return its value: the one given, or a person's correction of it."""
        corrected = self.override(f"assumptions.{name}")
        if corrected is not None:
            value, rationale = corrected, f"corrected in review; before: {value}"
        self.assumptions[name] = AssumptionItem(
            name=name, value=thaw(value), unit=unit, rationale=rationale, sensitivity=sensitivity
        )
        return value

    def cite(self, item: EvidenceItem) -> None:
        """Name a source, once."""
        self.evidence.setdefault((item.type, item.id), item)

    def gap(
        self, missing: str, impact: str, severity: Severity = "medium", *, fix: str, affects: tuple[str, ...]
    ) -> None:
        """State that something is missing, once."""
        self.gaps.setdefault(
            missing, DataGap(missing=missing, impact=impact, severity=severity, workaround=fix, affects=affects)
        )

    def output(
        self,
        metrics: Mapping[str, tuple[Any, str]],
        artifacts: Mapping[str, Any],
        confidence: float,
        solver_version: str | None = None,
    ) -> StageOutput:
        """Return the stage's output with everything noted.

        Raises
        ------
        InputError
            If a person corrected something this stage did not use.
        """
        idle = sorted(set(self.overrides) - self.used)
        if idle:
            raise InputError("the correction has no effect: this run does not use the field", idle[0], None, "Drop it.")
        return StageOutput(
            metrics={key: Metric(value=thaw(value), unit=unit) for key, (value, unit) in metrics.items()},
            artifacts={key: thaw(value) for key, value in artifacts.items()},
            assumptions=tuple(self.assumptions.values()),
            evidence=tuple(self.evidence[key] for key in sorted(self.evidence)),
            confidence=round(confidence, 4),
            data_gaps=tuple(self.gaps.values()),
            solver_version=solver_version,
        )


@runtime_checkable
class Stage(Protocol):
    """One step from a selection to a report.

    Laws
    ----
    1. `run` depends on its context alone: equal contexts give equal outputs.
    2. It returns a `StageOutput` whose metrics and artifacts its `spec` declares.
    3. It does not change what it is given.
    4. With any language model, its metrics are the same.
    """

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        ...

    def run(self, context: StageContext) -> StageOutput:
        """Compute."""
        ...


Fraction = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0, le=1e15)]
