"""What stands behind a result: evidence, assumptions, gaps, and what it takes to compute it again."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

Severity = Literal["low", "medium", "high"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceItem(_Record):
    """A document, table, interface or file a figure rests on.

    `ts` is when the evidence itself was retrieved or published (ISO 8601), never when it was used.
    """

    type: Literal["doc", "table", "api", "file"]
    id: str
    ts: str | None = None
    version: str | None = None
    note: str | None = None


class AssumptionItem(_Record):
    """A value that was chosen, not measured: with its unit, why, and how much hangs on it."""

    name: str
    value: JsonValue
    unit: str | None = None
    rationale: str | None = None
    sensitivity: Severity | None = None


class DataGap(_Record):
    """Something missing, what it touches (metric keys or report sections), and what to do."""

    missing: str
    impact: str
    severity: Severity = "medium"
    workaround: str | None = None
    affects: tuple[str, ...] = ()


class Reproducibility(_Record):
    """Versions that, with the inputs, give the same result again."""

    model_version: str
    param_version: str
    solver_version: str | None = None
    code_commit: str | None = None
    container_digest: str | None = None
