"""Where a metric comes from: assumptions, evidence, versions, and every envelope down to the raw inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import JsonValue  # noqa: TC002 -- pydantic reads it

from carbonost.domain.evidence import (  # noqa: TC001 -- pydantic reads them
    AssumptionItem,
    DataGap,
    EvidenceItem,
    Reproducibility,
)
from carbonost.domain.scenario import SpokenModel
from carbonost.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.agents.blackboard import Ledger
    from carbonost.agents.envelope import ResultEnvelope


class Ancestor(SpokenModel):
    """An envelope a result rests on, itself included."""

    stage: str
    result_id: str
    revision: int
    parent: str | None
    upstream: dict[str, str]
    model_version: str
    param_version: str


class Lineage(SpokenModel):
    """The origin of one metric, as the answer of ``GET /data/lineage``.

    `inputs` is the SHA-256 of the job's stored inputs; `corrected_by` names who changed an input of
    this envelope in review.
    """

    result_id: str
    stage: str
    metric_key: str
    value: JsonValue
    unit: str
    assumptions: tuple[AssumptionItem, ...]
    evidence: tuple[EvidenceItem, ...]
    data_gaps: tuple[DataGap, ...]
    reproducibility: Reproducibility
    overrides: dict[str, JsonValue]
    corrected_by: tuple[str, ...]
    ancestors: tuple[Ancestor, ...]
    inputs: str
    sources: tuple[EvidenceItem, ...]

    def to_prov(self) -> dict[str, Any]:
        """Return the lineage as PROV-JSON: envelopes and inputs are entities, stage runs are activities."""
        entities: dict[str, Any] = {f"carbonost:{self.inputs}": {"prov:type": "inputs"}}
        activities: dict[str, Any] = {}
        made: dict[str, Any] = {}
        used: dict[str, Any] = {}
        revised: dict[str, Any] = {}
        for one in self.ancestors:
            entity, activity = f"carbonost:{one.result_id}", f"carbonost:run/{one.result_id}"
            entities[entity] = {"prov:type": "ResultEnvelope", "carbonost:stage": one.stage}
            activities[activity] = {"carbonost:model": one.model_version, "carbonost:parameters": one.param_version}
            made[f"_:made/{one.result_id}"] = {"prov:entity": entity, "prov:activity": activity}
            for name in (self.inputs, *one.upstream.values()):
                used[f"_:used/{one.result_id}/{name}"] = {"prov:activity": activity, "prov:entity": f"carbonost:{name}"}
            if one.parent is not None:
                entities.setdefault(f"carbonost:{one.parent}", {"prov:type": "ResultEnvelope"})
                revised[f"_:revised/{one.result_id}"] = {
                    "prov:generatedEntity": entity,
                    "prov:usedEntity": f"carbonost:{one.parent}",
                    "prov:type": "prov:Revision",
                }
        return {
            "prefix": {"carbonost": "urn:carbonost:"},
            "entity": entities,
            "activity": activities,
            "wasGeneratedBy": made,
            "used": used,
            "wasDerivedFrom": revised,
        }


def trace(load: Callable[[str], ResultEnvelope], ledger: Ledger, result_id: str, metric_key: str) -> Lineage:
    """Trace a metric of one of a job's envelopes.

    Raises
    ------
    NotFoundError
        If the envelope is not of this job.
    InputError
        If the envelope has no such metric.
    """
    if not any(result_id in names for names in ledger.history.values()):
        raise NotFoundError("this job has no such envelope", "result_id", result_id, "See job.envelopes.")
    envelope = load(result_id)
    value = envelope.value(metric_key)
    found: dict[str, ResultEnvelope] = {}
    waiting = [envelope]
    while waiting:
        one = waiting.pop()
        if one.result_id not in found:
            found[one.result_id] = one
            waiting.extend(load(name) for name in one.upstream.values())
    ancestors = tuple(
        Ancestor(
            stage=one.stage,
            result_id=one.result_id,
            revision=one.revision,
            parent=one.parent,
            upstream=one.upstream,
            model_version=one.reproducibility.model_version,
            param_version=one.reproducibility.param_version,
        )
        for one in found.values()
    )
    evidence = {(item.type, item.id): item for one in found.values() for item in one.evidence}
    decided = [entry.body for entry in ledger.entries if entry.kind == "review.decided"]
    return Lineage(
        result_id=result_id,
        stage=envelope.stage,
        metric_key=metric_key,
        value=value,
        unit=envelope.metrics[metric_key].unit,
        assumptions=envelope.assumptions,
        evidence=envelope.evidence,
        data_gaps=envelope.data_gaps,
        reproducibility=envelope.reproducibility,
        overrides=envelope.overrides,
        corrected_by=tuple(body["by"] for body in decided if body["patch"] and body["result_id"] in found),
        ancestors=ancestors,
        inputs=str(ledger.created["inputs"]),
        sources=tuple(evidence[key] for key in sorted(evidence)),
    )
