"""A diagnosis of an enterprise or a park: what the numbers say, what others did, what to do first.

Figures are computed and deterministic; the action plan is ordered by computed returns. A language model
may word the overview around slots, and the template's words stand where it fails.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
import pandas as pd

from carbonost.agents.action_plan import Action, plan_actions
from carbonost.agents.analysis import OUTLIER, anomalies, coverage_confidence, percentile, trend
from carbonost.agents.canonical import content_hash, thaw
from carbonost.agents.diagnosis import Case, Diagnosis, DiagnosisReport, DiagnosisType, Finding
from carbonost.agents.words import Wordsmith
from carbonost.domain.scenario import ScenarioParams
from carbonost.errors import InputError
from carbonost.llm.guard import SLOT
from carbonost.llm.ports import Task, TextRequest
from carbonost.llm.retrieval import BigramIndex, Hit, Passage
from carbonost.llm.template import TemplateModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from carbonost.llm.ports import LanguageModel
    from carbonost.llm.retrieval import Retriever

MONTHS: Final = 12
_DENOMINATORS: Final = {"area_m2": "m2", "employees": "employee", "output_cny": "1e4 CNY"}
_SCALE: Final = {"output_cny": 1e-4}


@dataclass(frozen=True)
class DiagnosticEngine:
    """Diagnoses from monthly data.

    Parameters
    ----------
    model : LanguageModel, optional
        Words the overview; the offline template by default.
    retriever : Retriever, optional
        Finds cases; by default the packaged measures and policy clauses.
    """

    model: LanguageModel | None = None
    retriever: Retriever | None = None

    def generate_comprehensive_diagnosis(
        self,
        emission_data: Any,
        energy_data: Any,
        organization_info: Mapping[str, Any],
        benchmark_data: Any = None,
        *,
        diagnosis_type: DiagnosisType = "comprehensive",
    ) -> Diagnosis:
        """Diagnose.

        Parameters
        ----------
        emission_data : DataFrame, rows or mapping
            Monthly rows with ``month`` and ``total`` (or ``scope1``, ``scope2``, ``scope3``) in tCO2e,
            optionally ``data_quality``; or one mapping of the year's totals.
        energy_data : DataFrame, rows or mapping
            Monthly rows with ``month``, ``electricity_kwh`` and further ``natural_gas_nm3``, ``heat_gj``;
            or one mapping of totals.
        organization_info : mapping
            ``name``, and of ``area_m2, employees, output_cny`` what is known; ``site`` holds the facts
            measures ask for, ``scenario`` the `ScenarioParams` they are priced with.
        benchmark_data : mapping or rows, optional
            ``{"kwh_per_m2": {"p25": …, "p50": …, "p75": …, "p90": …}}`` by intensity name.
        diagnosis_type : {"comprehensive", "energy", "emission", "optimization"}

        Raises
        ------
        InputError
            If a table has no month or no amount, or a value is not a number.
        """
        started = time.perf_counter()
        emissions, energy = _series(emission_data, "emission_data"), _series(energy_data, "energy_data")
        _add_total(emissions)
        marks = _marks(benchmark_data)
        findings, analysis, missing, shares = _analyse(emissions, energy, organization_info, marks, diagnosis_type)
        actions = plan_actions(_totals(emissions), _totals(energy), organization_info)
        confidence = coverage_confidence(**shares)
        words = Wordsmith(self.model if self.model is not None else TemplateModel())
        overview = _overview(words, findings, analysis)
        cases = self._cases(findings, actions, organization_info)
        snapshot = cast(
            "dict[str, JsonValue]",
            {"emissions": _plain(emissions), "energy": _plain(energy), "organization": _info(organization_info)},
        )
        return Diagnosis(
            diagnosis_type=diagnosis_type,
            diagnosis=DiagnosisReport(
                overview=overview,
                findings=tuple(findings),
                cases=tuple(Case(id=hit.id, score=hit.score, text=hit.text) for hit in cases),
                analysis=analysis,
                missing=tuple(missing),
            ),
            action_plan=actions,
            confidence=round(confidence, 4),
            estimated_savings_cny_per_year=_sum(actions, "saving_cny_per_year"),
            estimated_abatement_t_per_year=_sum(actions, "abatement_t_per_year"),
            words_by=words.name if not any(call["fallback"] for call in words.calls) else "template",
            input_hash=content_hash(snapshot),
            input_data=snapshot,
            processing_time_s=round(time.perf_counter() - started, 6),
        )

    def _cases(self, findings: list[Finding], actions: tuple[Action, ...], info: Mapping[str, Any]) -> list[Hit]:
        query = " ".join(
            [str(info.get("industry", "")), *(one.name for one in actions[:3]), *(f.statement for f in findings)]
        )
        retriever = self.retriever if self.retriever is not None else packaged_cases()
        return retriever.search(query, 5)


def _add_total(emissions: dict[str, pd.Series]) -> None:
    scopes = [emissions[name] for name in ("scope1", "scope2", "scope3") if name in emissions]
    if scopes and "total" not in emissions:
        emissions["total"] = sum(scopes[1:], scopes[0])


def _sum(actions: tuple[Action, ...], field: str) -> float | None:
    """Return the sum over the actions that could be valued, None without any."""
    saved = [getattr(one, field) or 0.0 for one in actions if one.roi is not None]
    return float(sum(saved)) if saved else None


def packaged_cases() -> BigramIndex:
    """Return an index of the packaged measures and policy clauses, each by its id."""
    from carbonost.engines.measures import MeasureLibrary
    from carbonost.factors import table

    measures = [Passage(f"measure/{one.id}", f"{one.name_zh}：{one.basis_zh}") for one in MeasureLibrary.default()]
    clauses = table("policy_clauses")
    listed = [
        Passage(f"clause/{row['clause_id']}", str(row["excerpt"])) for _, row in clauses.iterrows() if row["excerpt"]
    ]
    return BigramIndex([*measures, *listed])


def _series(data: Any, name: str) -> dict[str, pd.Series]:
    """Return monthly columns by name; one mapping of totals becomes one row without a month."""
    if isinstance(data, dict) and isinstance(data.get("monthly"), list):
        data = data["monthly"]
    if data is None or (hasattr(data, "__len__") and not len(data)):
        return {}
    frame = pd.DataFrame([data]) if isinstance(data, dict) else pd.DataFrame(data)
    month = next((column for column in ("month", "period", "period_start") if column in frame), None)
    if month is None and len(frame) > 1:
        raise InputError("monthly rows need their month", f"{name}.month", list(frame.columns), "Add month='2025-01'.")
    index = pd.Index(frame[month].astype(str).str[:7]) if month is not None else pd.Index(["year"])
    columns: dict[str, pd.Series] = {}
    for column in frame.columns:
        if column == month:
            continue
        try:
            values = pd.to_numeric(frame[column]).to_numpy(dtype=np.float64)
        except (ValueError, TypeError) as exc:
            raise InputError("not a number", f"{name}.{column}", str(frame[column].iloc[0]), "Give numbers.") from exc
        columns[str(column)] = pd.Series(values, index=index).groupby(level=0, sort=True).sum(min_count=1)
    return columns


def _totals(columns: Mapping[str, pd.Series]) -> dict[str, float]:
    return {
        name: float(series.sum()) for name, series in columns.items() if series.notna().any() and name != "data_quality"
    }


def _marks(data: Any) -> dict[str, dict[int, float]]:
    if not data:
        return {}
    rows = data if isinstance(data, dict) else {str(row["metric_name"]): row for row in data}
    marks: dict[str, dict[int, float]] = {}
    for name, row in rows.items():
        pairs = {p: row.get(f"p{p}", row.get(f"percentile_{p}")) for p in (25, 50, 75, 90)}
        marks[str(name)] = {p: float(value) for p, value in pairs.items() if value is not None}
    return marks


def _analyse(
    emissions: dict[str, pd.Series],
    energy: dict[str, pd.Series],
    info: Mapping[str, Any],
    marks: Mapping[str, Mapping[int, float]],
    kind: DiagnosisType,
) -> tuple[list[Finding], dict[str, JsonValue], list[str], dict[str, float]]:
    topics = {
        "emissions_tco2e": emissions.get("total") if kind != "energy" else None,
        "electricity_kwh": energy.get("electricity_kwh") if kind != "emission" else None,
    }
    findings: list[Finding] = []
    analysis: dict[str, JsonValue] = {}
    missing: list[str] = []
    for name, series in topics.items():
        if series is None:
            if not (kind == "energy" and name == "emissions_tco2e") and not (
                kind == "emission" and name == "electricity_kwh"
            ):
                missing.append(name)
            continue
        analysis[f"{name}.total"] = float(series.sum())
        findings += _trend_finding(name, series, analysis)
        findings += _anomaly_findings(name, series)
    formed = _intensities(topics, info, analysis, missing)
    compared = _compare(formed, marks, findings)
    known = [series for series in topics.values() if series is not None]
    filled = [min(1.0, float(series.notna().sum()) / MONTHS) if series.index[0] != "year" else 0.5 for series in known]
    quality = emissions.get("data_quality", energy.get("data_quality"))
    shares = {
        "coverage": float(np.mean(filled)) if filled else 0.0,
        "quality": float(np.clip(quality.mean(), 0, 1)) if quality is not None else (1.0 if known else 0.0),
        "denominators": min(1.0, len(formed) / max(1, len(known) * len(_DENOMINATORS))) if known else 0.0,
        "benchmarks": compared / len(formed) if formed else 0.0,
    }
    if not marks:
        missing.append("benchmark_data")
    return findings, analysis, missing, shares


def _trend_finding(name: str, series: pd.Series, analysis: dict[str, JsonValue]) -> list[Finding]:
    found = trend(series.to_numpy(dtype=np.float64))
    if found is None:
        return []
    analysis[f"{name}.slope_per_month"] = found.slope
    analysis[f"{name}.trend_p_value"] = found.p_value
    words = {"rising": "呈上升趋势", "falling": "呈下降趋势", "steady": "没有显著趋势"}[found.direction]
    figures: dict[str, JsonValue] = {
        "slope_per_month": found.slope,
        "share_per_month": found.share_per_step,
        "p_value": found.p_value,
    }
    severity: Literal["low", "medium", "high"] = "medium" if found.direction == "rising" else "low"
    return [
        Finding(
            id=f"trend.{name}", topic="trend", severity=severity, statement=f"{_NAMES[name]}{words}", figures=figures
        )
    ]


def _anomaly_findings(name: str, series: pd.Series) -> list[Finding]:
    scores = anomalies(series.to_numpy(dtype=np.float64))
    return [
        Finding(
            id=f"anomaly.{name}.{month}",
            topic="anomaly",
            severity="medium",
            statement=f"{month} 的{_NAMES[name]}异常{'偏高' if score > 0 else '偏低'}",
            figures={"value": float(value), "robust_z": float(score)},
        )
        for month, value, score in zip(series.index, series, scores, strict=True)
        if np.isfinite(score) and abs(score) > OUTLIER
    ]


def _intensities(
    topics: Mapping[str, pd.Series | None], info: Mapping[str, Any], analysis: dict[str, JsonValue], missing: list[str]
) -> dict[str, float]:
    short = {"emissions_tco2e": "tco2e", "electricity_kwh": "kwh"}
    names = {"area_m2": "m2", "employees": "employee", "output_cny": "10k_cny"}
    formed: dict[str, float] = {}
    for field in _DENOMINATORS:
        size = info.get(field)
        if not isinstance(size, int | float) or isinstance(size, bool) or size <= 0:
            missing.append(field)
            continue
        for topic, series in topics.items():
            if series is not None:
                formed[f"{short[topic]}_per_{names[field]}"] = float(series.sum()) / (size * _SCALE.get(field, 1.0))
    analysis.update({f"intensity.{name}": value for name, value in formed.items()})
    return formed


def _compare(formed: Mapping[str, float], marks: Mapping[str, Mapping[int, float]], findings: list[Finding]) -> int:
    compared = 0
    for name, value in formed.items():
        if not marks.get(name):
            continue
        compared += 1
        low, high = percentile(value, marks[name])
        severity: Literal["low", "medium", "high"] = "high" if low >= 75 else "medium" if low >= 50 else "low"  # noqa: PLR2004 -- quartiles
        findings.append(
            Finding(
                id=f"benchmark.{name}",
                topic="benchmark",
                severity=severity,
                statement=f"{name} 在同行中处于{'较高' if low >= 50 else '较低'}水平",  # noqa: PLR2004 -- the median
                figures={"value": value, "percentile_low": low, "percentile_high": high},
            )
        )
    return compared


_NAMES: Final = {"emissions_tco2e": "排放量", "electricity_kwh": "用电量"}


def _overview(words: Wordsmith, findings: list[Finding], analysis: dict[str, JsonValue]) -> str:
    """Return the overview, its slots filled with the analysis' own figures."""
    said = (
        "；".join(finding.statement for finding in findings if finding.topic != "anomaly")
        or "数据不足，未能得出趋势结论"
    )
    fallback = f"诊断概述：{_without_digits(said)}。"
    if "emissions_tco2e.total" in analysis:
        fallback += "期间排放总量 {{analysis.emissions_tco2e.total}} 吨二氧化碳当量。"
    facts = {f"analysis.{name}": "number" for name, value in analysis.items() if isinstance(value, int | float)}
    request = TextRequest(Task.SUMMARISE, "为诊断写两三句概述，数字只写占位符。", facts, fallback=fallback)
    text = words.complete(request).text
    return SLOT.sub(lambda slot: _shown(analysis[slot[1].removeprefix("analysis.")]), text)


def _without_digits(text: str) -> str:
    return "；".join(part for part in text.split("；") if not any(c.isdigit() for c in part)) or "详见各项发现"


def _shown(value: JsonValue) -> str:
    return f"{value:,.2f}" if isinstance(value, int | float) else str(value)


def _plain(columns: Mapping[str, pd.Series]) -> dict[str, Any]:
    return {
        name: {str(month): None if np.isnan(value) else float(value) for month, value in series.items()}
        for name, series in columns.items()
    }


def _info(info: Mapping[str, Any]) -> JsonValue:
    body = {key: value for key, value in info.items() if key != "scenario"}
    scenario = info.get("scenario")
    body["scenario"] = scenario.model_dump(mode="json") if isinstance(scenario, ScenarioParams) else scenario
    return thaw(body)
