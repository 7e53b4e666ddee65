"""The JSON Schemas of every public model of the pipeline, with the version they belong to."""

from __future__ import annotations

from typing import Any

from carbonost.agents.blackboard import BlackboardState, NodeLog, ReviewItem
from carbonost.agents.diagnosis import Diagnosis
from carbonost.agents.envelope import SCHEMA_VERSION, HumanCheckpoint, Metric, ResultEnvelope
from carbonost.agents.job import JobView, ResultsView
from carbonost.agents.lineage import Lineage
from carbonost.agents.policy import ReviewPolicy
from carbonost.domain.activity import ActivityData, Contract
from carbonost.domain.emission import EmissionResult
from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem, Reproducibility
from carbonost.domain.place import Entity
from carbonost.domain.scenario import GeoSelection, ScenarioParams

MODELS = (
    ActivityData,
    AssumptionItem,
    BlackboardState,
    Contract,
    DataGap,
    Diagnosis,
    EmissionResult,
    Entity,
    EvidenceItem,
    GeoSelection,
    HumanCheckpoint,
    JobView,
    Lineage,
    Metric,
    NodeLog,
    Reproducibility,
    ResultEnvelope,
    ResultsView,
    ReviewItem,
    ReviewPolicy,
    ScenarioParams,
)


def schemas() -> dict[str, Any]:
    """Return ``{"version": …, "models": {name: JSON Schema}}``.

    Examples
    --------
    >>> sorted(schemas()["models"])[:3]
    ['ActivityData', 'AssumptionItem', 'BlackboardState']
    """
    return {"version": SCHEMA_VERSION, "models": {model.__name__: model.model_json_schema() for model in MODELS}}
