"""Which policy clauses touch the park and its candidates; words are quoted, nothing is judged.

Not one of the five stages: ``PipelineBuilder().insert_after("measures", PolicyStage())``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, cast

from carbonost.agents.policy_graph import PolicyGraph
from carbonost.agents.spec import AgentSpec, MetricSpec, Trigger
from carbonost.domain.evidence import EvidenceItem

if TYPE_CHECKING:
    from carbonost.agents.policy_graph import MatchedClause
    from carbonost.agents.stages.base import StageContext, StageOutput

POLICY_SPEC: Final = AgentSpec(
    name="policy",
    version="1.0.0",
    purpose="Clauses that apply to the place, its industries and its candidates; no figure and no verdict.",
    needs=("geo", "measures"),
    metrics={
        "matched_clause_count": MetricSpec("1", "clauses that apply"),
        "excluded_clause_count": MetricSpec("1", "clauses of the place left out, not in force on the day"),
    },
    artifacts=("matches", "citations", "matched_clauses", "excluded"),
    triggers=(
        Trigger(
            "unread",
            "artifacts.excluded.title_only",
            "not_empty",
            "部分条款只读到标题，是否补充原文？",
            None,
            "补充原文",
        ),
    ),
)


@dataclass(frozen=True)
class PolicyStage:
    """Matches a policy graph.

    Parameters
    ----------
    graph : PolicyGraph, optional
        The packaged one by default.
    as_of : date, optional
        The day clauses must be in force; the last of the accounting year by default.
    """

    graph: PolicyGraph | None = None
    as_of: date | None = None

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        return POLICY_SPEC

    @property
    def param_digest(self) -> str:
        """Digest of the graph and the day, part of every envelope's ``param_version``."""
        return f"{(self.graph or PolicyGraph.default()).digest} {self.as_of}"

    def run(self, context: StageContext) -> StageOutput:
        """Match clauses by region, industry, measure and day."""
        notes = context.notes()
        graph = self.graph or PolicyGraph.default()
        codes = cast("dict[str, str]", context.envelope("geo").value("admin_codes") or {})
        industries = {entity.industry_code for entity in context.data.entities if entity.industry_code}
        rows = cast("list[dict[str, Any]]", context.envelope("measures").artifacts["candidates"])
        measures = [row["id"] for row in rows if row["enabled"]]
        as_of = self.as_of or _last_day(context)
        notes.assume("policy_as_of", as_of.isoformat(), "date", "条款在这一天有效", "medium")
        notes.cite(EvidenceItem(type="table", id="policy_graph", version=graph.digest[:16]))
        found = graph.match(codes.values(), industries, measures, as_of)
        quoted = [one for one in found.clauses if one.excerpt]
        for one in found.clauses:
            notes.cite(
                EvidenceItem(type="doc", id=f"{one.doc_id} {one.title}", version=one.status, ts=one.effective_date)
            )
        if not codes:
            notes.gap("行政区划代码", "地方政策条款", "medium", fix="给出 region", affects=("artifacts.matches",))
        unread = [one.clause_id for one in found.clauses if not one.excerpt]
        return notes.output(
            {
                "matched_clause_count": (len(found.clauses), "1"),
                "excluded_clause_count": (sum(found.excluded.values()), "1"),
            },
            {
                "matches": graph.by_point(found.clauses),
                "citations": [_citation(one) for one in found.clauses],
                "matched_clauses": [one.model_dump(mode="json") for one in found.clauses],
                "excluded": {**found.excluded, "title_only": unread},
            },
            0.6 + 0.4 * (len(quoted) / len(found.clauses) if found.clauses else 0.0),
        )


def _last_day(context: StageContext) -> date:
    from carbonost.agents.stages.flows import accounting_year

    return date(accounting_year(context, context.notes()), 12, 31)


def _citation(one: MatchedClause) -> dict[str, Any]:
    return {
        "citation_no": one.citation_no,
        "doc_id": one.doc_id,
        "title": one.title,
        "clause_no": one.clause_no,
        "effective_from": one.effective_date,
        "excerpt": one.excerpt or None,
        "excerpt_sha256": one.excerpt_sha256 or None,
    }
