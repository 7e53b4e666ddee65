"""What a diagnosis says: findings with their figures, cases, actions, and how sure it is."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, JsonValue

from carbonost.agents.action_plan import Action  # noqa: TC001 -- pydantic reads it
from carbonost.domain.scenario import SpokenModel

DiagnosisType = Literal["comprehensive", "energy", "emission", "optimization"]
MODEL_VERSION: Final = "diagnostics@1.0.0"


class Finding(SpokenModel):
    """One statement with the figures behind it."""

    id: str
    topic: Literal["trend", "anomaly", "intensity", "benchmark", "data"]
    severity: Literal["low", "medium", "high"]
    statement: str
    figures: dict[str, JsonValue]


class Case(SpokenModel):
    """A passage that fits the findings."""

    id: str
    score: float
    text: str


class DiagnosisReport(SpokenModel):
    """What was found, as structured data."""

    overview: str
    findings: tuple[Finding, ...]
    cases: tuple[Case, ...]
    analysis: dict[str, JsonValue]
    missing: tuple[str, ...]


class Diagnosis(SpokenModel):
    """A finished diagnosis; ``result["diagnosis"]`` works as in the specification.

    Attributes
    ----------
    diagnosis : DiagnosisReport
    action_plan : tuple of Action
        Best return first; what cannot be computed yet comes last and says what it needs.
    confidence : float
        Computed from coverage and quality; see `coverage_confidence`.
    input_hash : str
        SHA-256 of the input snapshot.
    """

    diagnosis_type: DiagnosisType
    diagnosis: DiagnosisReport
    action_plan: tuple[Action, ...]
    confidence: float = Field(ge=0, le=1)
    estimated_savings_cny_per_year: float | None
    estimated_abatement_t_per_year: float | None
    model_version: str = MODEL_VERSION
    words_by: str
    input_hash: str
    input_data: dict[str, JsonValue]
    processing_time_s: float

    @property
    def confidence_score(self) -> float:
        """The specification's name of `confidence`."""
        return self.confidence

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return self.model_dump(mode="json")

    def record(self, diagnosis_id: str) -> dict[str, Any]:
        """Return the row a record store keeps (`uow.diagnostics.put`)."""
        body = self.to_dict()
        return {
            "id": diagnosis_id,
            "diagnosis_type": self.diagnosis_type,
            "input_data": body["input_data"],
            "output_report": body["diagnosis"],
            "recommendations": body["action_plan"],
            "priority_actions": [row for row in body["action_plan"] if row["roi"] is not None][:3],
            "estimated_savings": {
                "cny_per_year": self.estimated_savings_cny_per_year,
                "tco2e_per_year": self.estimated_abatement_t_per_year,
            },
            "confidence_score": self.confidence,
            "processing_time_seconds": self.processing_time_s,
            "model_version": self.model_version,
        }
