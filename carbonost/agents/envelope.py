"""The one shape of a result: content-addressed, with its unit, its evidence and its gaps.

A `ResultEnvelope` is frozen and named by the SHA-256 of its own canonical JSON. No clock and no
random number enters it, so the same inputs give the same name on every runner and every store;
when, who and how long stand in the audit log.
"""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Final, Literal, Self, cast

from pydantic import Field, JsonValue

from carbonost.agents.canonical import canonical_bytes, check_plain, content_hash, parse
from carbonost.domain.document import display
from carbonost.domain.evidence import (  # noqa: TC001 -- pydantic reads them
    AssumptionItem,
    DataGap,
    EvidenceItem,
    Reproducibility,
)
from carbonost.domain.scenario import SpokenModel
from carbonost.errors import EnvelopeError, InputError

SCHEMA_VERSION: Final = 1
"""Version of the envelope's shape; an envelope of version N is read by N + 1."""

GRADES: Final = (("A", 0.8), ("B", 0.6), ("C", 0.0))
"""Confidence to grade: A from 0.8, B from 0.6, C below."""

_BARE: Final = frozenset({"1", "text"})
_STAGES: set[str] = {"geo", "baseline", "measures", "finance", "report"}

Confidence = Annotated[float, Field(ge=0, le=1)]
CheckpointStatus = Literal["pending", "approved", "rejected"]


def register_stage(name: str) -> None:
    """Let envelopes be sealed for a further stage; a pipeline does this for the stages it is built of."""
    if not name.isidentifier():
        raise InputError("a stage is named like a variable", "stage", name, "Use letters, digits and underscores.")
    _STAGES.add(name)


def grade(confidence: float) -> str:
    """Return the grade of a confidence between 0 and 1.

    Raises
    ------
    InputError
        If the confidence lies outside 0 to 1.
    """
    if not 0 <= confidence <= 1:
        raise InputError("a confidence lies between 0 and 1", "confidence", confidence, "Give a share, not percent.")
    return next(letter for letter, floor in GRADES if confidence >= floor)


class Metric(SpokenModel):
    """A value and its unit; ``None`` says that the value is not known, and a gap says why.

    `unit` is ``"1"`` for a share or a count and ``"text"`` for a name or a structure.
    """

    value: JsonValue
    unit: Annotated[str, Field(min_length=1)]


class HumanCheckpoint(SpokenModel):
    """A question to a person, with what that person may change."""

    checkpoint: str
    question: str
    status: CheckpointStatus = "pending"
    editable_fields: tuple[str, ...] = ()
    trigger_reason: str | None = None
    suggested_action: str | None = None


class ResultEnvelope(SpokenModel):
    """What one stage found.

    Attributes
    ----------
    result_id : str
        SHA-256 of the canonical JSON of everything else in here.
    scenario_id, region_id, stage : str
        What was asked, where, and who answers.
    metrics : dict of str to Metric
        Figures by the specification's names.
    artifacts : dict
        Tables, curves and texts, as plain JSON.
    confidence : float
        0 to 1; `grade` gives A, B or C.
    revision, parent
        A person's correction makes revision n + 1, whose parent is the envelope it corrects.
    overrides : dict
        The corrected inputs: path of the field, and its value.
    upstream : dict
        Stage, and the result_id this envelope was computed from.
    input_hash : str
        SHA-256 over everything the stage was given.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    result_id: str
    scenario_id: str
    region_id: str
    stage: Annotated[str, Field(min_length=1)]
    metrics: dict[str, Metric] = Field(default_factory=dict)
    artifacts: dict[str, JsonValue] = Field(default_factory=dict)
    assumptions: tuple[AssumptionItem, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    confidence: Confidence
    data_gaps: tuple[DataGap, ...] = ()
    reproducibility: Reproducibility
    human_checkpoints: tuple[HumanCheckpoint, ...] = ()
    revision: Annotated[int, Field(ge=0)] = 0
    parent: str | None = None
    overrides: dict[str, JsonValue] = Field(default_factory=dict)
    upstream: dict[str, str] = Field(default_factory=dict)
    input_hash: str = ""

    def model_post_init(self, _context: object, /) -> None:
        """Hold the uncertainty to a share: 35 for 35 % is refused, not read as percent."""
        uncertainty = self.metrics.get("uncertainty_pct")
        if uncertainty is None or uncertainty.value is None:
            return
        if not isinstance(uncertainty.value, int | float) or not 0 <= uncertainty.value <= 1:
            raise InputError(
                "uncertainty_pct is a share between 0 and 1",
                "metrics.uncertainty_pct",
                uncertainty.value,
                "Write 0.35 for 35 %.",
            )

    @classmethod
    def seal(cls, **fields: Any) -> Self:
        """Build an envelope and give it the name its content has.

        Raises
        ------
        EnvelopeError
            If the content is not plain JSON; the path is named.
        InputError
            If a field is unknown, missing or out of range.
        """
        if fields.get("stage") not in _STAGES:
            known = ", ".join(sorted(_STAGES))
            raise InputError("no stage of this name", "stage", fields.get("stage"), f"Known: {known}.")
        for name in ("artifacts", "overrides"):
            check_plain(fields.get(name, {}), f"$.{name}")
        for key, metric in fields.get("metrics", {}).items():
            check_plain(metric.value, f"$.metrics.{key}")
        draft = cls(result_id="", **fields)
        return draft.model_copy(update={"result_id": content_hash(draft.body())})

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read an envelope back and check that its content still has its name.

        Raises
        ------
        EnvelopeError
            If the bytes are no envelope, or were changed since they were sealed.
        """
        try:
            stored = parse(data)
            if not isinstance(stored, dict):
                raise InputError("an envelope is a JSON object", None, type(stored).__name__)
            envelope = cls(**stored)
        except ValueError as exc:
            raise EnvelopeError("these bytes are no envelope", remedy=f"Restore them from a copy ({exc}).") from exc
        envelope.verify()
        return envelope

    def body(self) -> dict[str, JsonValue]:
        """Return what is hashed: every field but `result_id`, as plain JSON."""
        body = cast("dict[str, JsonValue]", self.model_dump(mode="python"))
        del body["result_id"]
        return cast("dict[str, JsonValue]", _lists(body))

    def to_bytes(self) -> bytes:
        """Return the canonical JSON of the whole envelope."""
        return canonical_bytes({"result_id": self.result_id, **self.body()})

    def verify(self) -> None:
        """Check the content against its name.

        Raises
        ------
        EnvelopeError
            If a single byte differs.
        """
        found = content_hash(self.body())
        if found != self.result_id:
            raise EnvelopeError(
                f"the content of this {self.stage} envelope does not match its name",
                "result_id",
                self.result_id,
                f"Its content hashes to {found[:12]}…; restore it from a copy, or run the job again.",
            )

    def value(self, key: str) -> JsonValue:
        """Return the value of one metric.

        Raises
        ------
        InputError
            If the envelope has no such metric; the known ones are named.
        """
        if key not in self.metrics:
            raise InputError(
                f"{self.stage} has no such metric", key, None, f"Known: {', '.join(sorted(self.metrics))}."
            )
        return self.metrics[key].value

    def number(self, key: str) -> float | None:
        """Return one metric as a number, or None where it is not known."""
        found = self.value(key)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise InputError("this metric is not a number", key, found, "Use value().")
        return float(found)

    @property
    def grade(self) -> str:
        """A, B or C."""
        return grade(self.confidence)

    def flat(self) -> dict[str, JsonValue]:
        """Return the metrics by the specification's flat names, without their units."""
        return {key: metric.value for key, metric in self.metrics.items()}

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the whole envelope as plain JSON."""
        return {"result_id": self.result_id, **self.body()}

    def __repr__(self) -> str:
        grave = sum(gap.severity == "high" for gap in self.data_gaps)
        gaps = f"{len(self.data_gaps)} gaps" + (f" ({grave} high)" if grave else "")
        told = f"{len(self.metrics)} metrics, {self.grade} ({self.confidence:.2f}), {gaps}"
        revised = f", revision {self.revision}" if self.revision else ""
        return f"<ResultEnvelope {self.stage} {self.result_id[:12]}: {told}{revised}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(key)}</td><td style='text-align:right'>{escape(_shown(m))}</td>"
            f"<td>{escape('' if m.unit in _BARE else m.unit)}</td></tr>"
            for key, m in self.metrics.items()
        )
        head = escape(repr(self)[1:-1])
        return f"<table><caption>{head}</caption><tr><th>metric</th><th>value</th><th>unit</th></tr>{rows}</table>"


def _shown(metric: Metric) -> str:
    """Return a metric's value as a notebook shows it; a calendar year names, it does not count."""
    value = metric.value
    if value is None:
        return "not known"
    if isinstance(value, bool) or not isinstance(value, int | float) or metric.unit == "year":
        return str(value)
    return display(value, None)


def _lists(value: object) -> object:
    """Return `value` with tuples as lists; nothing else is changed, so that `check_plain` sees it."""
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(inner) for inner in value]
    return value
