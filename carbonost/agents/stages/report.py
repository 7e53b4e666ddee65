"""From envelopes to a report: words around figures, and not one figure of its own.

The report engine looks every figure up in an envelope. A language model may write the summary around
slots; what it gets wrong falls back to the template. A person may change words and never a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field

from carbonost.agents.spec import AgentSpec, Editable, MetricSpec, Trigger
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.report.compose import compose
from carbonost.engines.report.envelopes import Envelopes
from carbonost.engines.report.markdown import to_markdown
from carbonost.engines.report.registry import TemplateRegistry
from carbonost.engines.report.slots import fill
from carbonost.errors import UnsupportedFigureError
from carbonost.llm.guard import SLOT, check_slots
from carbonost.llm.ports import Task, TextRequest

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from carbonost.agents.envelope import ResultEnvelope
    from carbonost.agents.stages.base import Notes, StageContext, StageOutput

_CO2E: Final = {"吨": "tCO2e", "t": "tCO2e", "万吨": "万吨CO2e", "千吨": "ktCO2e"}
CHARACTERS_PER_PAGE: Final = 1500
"""Characters of Markdown on a printed page; only the page estimate rests on it."""
SECTIONS: Final = ("summary", "data", "profile", "measures", "portfolio", "finance", "policy", "risk", "mrv")
"""Chapters whose opening words a person may set."""
_SENTENCES: Final = (
    (
        "核算年度内，园区温室气体排放总量（基于位置）为 {{baseline.total_tco2e_y|tCO2e|2}}，"
        "其中范围一 {{baseline.S1_tco2e_y|tCO2e|2}}，范围二 {{baseline.S2_tco2e_y|tCO2e|2}}。"
    ),
    "年用电量 {{baseline.baseline_electricity_kwh_y|万kWh|2}}。",
    "推荐的减排组合需要投资 {{finance.portfolio_capex|万元|2}}，净现值 {{finance.portfolio_npv|万元|2}}。",
    "静态投资回收期 {{finance.portfolio_payback_y|年|2}}。",
)
"""The template's summary; a sentence whose figures are not all known is left out."""
_UNKNOWN: Final = "基线排放总量未知，原因见数据缺口；在补齐之前，本报告不给出排放结论。"
_INSTRUCTION: Final = (
    "为零碳园区报告写一段执行摘要，中文，三到五句。数字一律写成给定的占位符 {{stage.metric|单位|小数位}}，"
    "不写任何数字、比例或倍数。先说排放，再说措施组合与投资，最后说数据缺口。"
)

REPORT_SPEC: Final = AgentSpec(
    name="report",
    version="1.0.0",
    purpose="Words around the stages' figures, appendices, citations; no new figure.",
    needs=("geo", "baseline", "measures", "finance"),
    optional=("policy", "optimizer", "resources", "indicators", "risk"),
    metrics={"report_pages_est": MetricSpec("1", "estimated printed pages")},
    artifacts=(
        "report_markdown",
        "narrative",
        "meta",
        "audience",
        "appendix_params_table",
        "appendix_citations",
        "result_table_for_ui",
    ),
    sensitive={"artifacts.report_markdown": ("entities", "meters")},
    triggers=(
        Trigger(
            "confidence", "confidence", "below", "结论置信度偏低，是否发布？", "report_confidence_min", "补齐数据后重算"
        ),
        Trigger(
            "critical", "data_gaps", "critical", "数据缺口影响执行摘要或关键结论，是否发布？", None, "补齐缺口数据"
        ),
    ),
    editable=(
        Editable(
            "artifacts.narrative.*",
            Annotated[str, Field(min_length=1, max_length=4000)],
            "words of a chapter, by its id; figures only as {{stage.metric|unit|digits}}",
        ),
    ),
)


@dataclass(frozen=True)
class ReportStage:
    """Writes the report.

    Parameters
    ----------
    kind : str
        A template of the report registry.
    audience : {"government", "technical", "investor"}
        Which version.
    """

    kind: str = "park"
    audience: str = "government"

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        return REPORT_SPEC

    def run(self, context: StageContext) -> StageOutput:
        """Compose the report."""
        notes = context.notes()
        upstream = context.upstream
        for envelope in upstream.values():
            for item in envelope.evidence:
                notes.cite(item)
            for gap in envelope.data_gaps:
                notes.gaps.setdefault(gap.missing, gap)
        narrative = self._narrative(context, notes)
        meta = _meta(context)
        data = report_data(upstream, narrative, meta)
        document, _ = compose(TemplateRegistry().active(self.kind), data, self.audience)
        text = to_markdown(document)
        return notes.output(
            {"report_pages_est": (ceil(len(text) / CHARACTERS_PER_PAGE), "1")},
            {
                "report_markdown": text,
                "narrative": narrative,
                "meta": meta,
                "audience": self.audience,
                "appendix_params_table": _parameters(upstream),
                "appendix_citations": [item.model_dump(mode="json") for item in notes.evidence.values()],
                "result_table_for_ui": _table(upstream),
            },
            min(envelope.confidence for envelope in upstream.values()),
        )

    def _narrative(self, context: StageContext, notes: Notes) -> dict[str, str]:
        facts = _facts(context.upstream)
        said = [words for words in _SENTENCES if {found[1] for found in SLOT.finditer(words)} <= set(facts)]
        fallback = "".join(said if "baseline.total_tco2e_y" in facts else [_UNKNOWN, *said])
        bodies = Envelopes(report_data(context.upstream, {}, {}))
        request = TextRequest(
            Task.SUMMARISE,
            _INSTRUCTION,
            facts,
            fallback=fallback,
            check=lambda text: _try_fill(text, facts, bodies),
        )
        narrative = {"summary": fit_units(context.model.complete(request).text, facts)}
        for section in SECTIONS:
            given = notes.override(f"artifacts.narrative.{section}")
            if given is not None:
                narrative[section] = fit_units(str(given), facts)
        for text in narrative.values():
            try:
                check_slots(text, allowed=set(facts))
            except UnsupportedFigureError as exc:
                raise UnsupportedFigureError(exc.problem, "artifacts.narrative", exc.value, exc.remedy) from exc
        return narrative


def fit_units(text: str, facts: Mapping[str, str]) -> str:
    """Return the text with a slot's 吨 of a CO2e figure written as what it is, 吨CO2e."""

    def fitted(slot: re.Match[str]) -> str:
        address, *options = [part.strip() for part in slot[0].strip("{}").split("|")]
        if options and options[0] in _CO2E and facts.get(address, "").startswith("tCO2e"):
            options[0] = _CO2E[options[0]]
        return "{{" + "|".join([address, *options]) + "}}"

    return SLOT.sub(fitted, text)


def _try_fill(text: str, facts: Mapping[str, str], bodies: Envelopes) -> None:
    """Fill the slots once, to see that every unit and every digit count can be printed."""
    fill(fit_units(text, facts), bodies)


def report_data(
    envelopes: Mapping[str, ResultEnvelope], narrative: Mapping[str, str], meta: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the report engine reads: envelopes, and the national park account the baseline holds."""
    bodies: dict[str, Any] = {name: one.to_dict() for name, one in envelopes.items() if name != "report"}
    park = envelopes["baseline"].artifacts.get("zero_carbon_park") if "baseline" in envelopes else None
    if isinstance(park, dict):
        bodies.setdefault("park", park)
    return {**bodies, "narrative": dict(narrative), "meta": dict(meta)}


def _facts(upstream: Mapping[str, ResultEnvelope]) -> dict[str, str]:
    """Return the slots on offer: every figure that is known, with its unit."""
    return {
        f"{stage}.{key}": metric.unit
        for stage, envelope in upstream.items()
        for key, metric in envelope.metrics.items()
        if isinstance(metric.value, int | float)
    }


def _meta(context: StageContext) -> dict[str, Any]:
    year = context.envelope("baseline").value("accounting_year")
    name = context.data.name or context.selection.name_hint
    meta = {"park_name": name, "period": f"{year}年1月1日至{year}年12月31日"}
    if context.data.synthetic:
        meta["notice"] = "本报告使用合成数据，仅供演示；不描述任何真实园区。"
    return {key: value for key, value in meta.items() if value}


def _parameters(upstream: Mapping[str, ResultEnvelope]) -> list[dict[str, Any]]:
    """Return every parameter, assumption and version, one row each."""
    used = cast("dict[str, Any]", upstream["finance"].artifacts["scenario_params_used"])
    rows: list[dict[str, Any]] = [
        {"kind": "scenario", "stage": "finance", "name": name, "value": value, "unit": ScenarioParams.unit_of(name)}
        for name, value in used.items()
    ]
    for stage, envelope in upstream.items():
        rows += [
            {"kind": "assumption", "stage": stage, "name": item.name, "value": item.value, "unit": item.unit}
            for item in envelope.assumptions
        ]
        repro = envelope.reproducibility
        rows += [
            {"kind": "version", "stage": stage, "name": name, "value": value, "unit": None}
            for name, value in repro.model_dump(mode="json", exclude_none=True).items()
        ]
    return rows


def _table(upstream: Mapping[str, ResultEnvelope]) -> list[dict[str, Any]]:
    return [
        {"stage": stage, "key": key, "value": metric.value, "unit": metric.unit, "result_id": envelope.result_id}
        for stage, envelope in upstream.items()
        for key, metric in envelope.metrics.items()
    ]
