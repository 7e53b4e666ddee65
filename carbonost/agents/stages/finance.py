"""What the candidates are worth: cash flows, a portfolio, and what its value hangs on.

Amounts come from the measures' effects, prices from the scenario. No policy is judged and no clause is
cited here. A person may correct prices, rates, lives and first costs; every value is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import numpy as np
from pydantic import Field

from carbonost.agents.spec import AgentSpec, Editable, MetricSpec, Trigger
from carbonost.agents.stages.conventions import default_source
from carbonost.agents.stages.valuation import parameters_used, tell_valuation
from carbonost.domain.measure import Effect, Investment
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance import Cashflow, Irr, Payback, Portfolio, macc, npv_sensitivity, portfolio
from carbonost.engines.measures import MeasureLibrary, invest
from carbonost.engines.measures.site import read_facts
from carbonost.engines.report.labels import PARAMETER_NAMES
from carbonost.errors import InputError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from carbonost.agents.stages.base import Notes, StageContext, StageOutput

_PARAMS: Final = "artifacts.scenario_params_used"
_FIXED: Final = frozenset(
    [
        "region",
        "accounting_year",
        "gwp",
        "parameter_set",
        "vintage",
        "ghg_boundary",
        "grid_ef_version",
        "fuel_ef_version",
        "scenario_id",
        "tariff_region",
        "tariff_voltage",
        "tariff_charge",
        "demand_price_y_per_kw_month",
    ]
)
"""Parameters earlier stages have used: changing them here would contradict those."""
_LABELS: Final = {
    "electricity_price_y_per_kwh": ("电价", "CNY/kWh"),
    "gas_price_y_per_nm3": ("气价", "CNY/Nm3"),
    "carbon_price_y_per_tco2": ("碳价", "CNY/tCO2e"),
    "wacc": ("折现率", "1"),
    "heat_price_y_per_gj": ("热价", "CNY/GJ"),
}
_HEAT_SWING: Final = (0.8, 1.2)
"""Moved beside the four of every report where a measure taken saves bought heat."""
_DEFAULT_PRICE_COST: Final = 0.08
"""Confidence each default price takes away."""


def _editable() -> tuple[Editable, ...]:
    fields = ScenarioParams.model_fields
    prices = [
        Editable(
            f"{_PARAMS}.{name}",
            Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation,
            ScenarioParams.unit_of(name),
        )
        for name, field in fields.items()
        if name not in _FIXED
    ]
    amount = Annotated[float, Field(ge=0, le=1e13)]
    life = Annotated[int, Field(ge=1, le=60)]
    return (
        *prices,
        Editable("assumptions.capex_cny.*", amount, "first cost of a measure, CNY"),
        Editable("assumptions.opex_cny_per_year.*", amount, "yearly running cost of a measure, CNY/a"),
        Editable("assumptions.life_years.*", life, "life of a measure, whole years"),
    )


FINANCE_SPEC: Final = AgentSpec(
    name="finance",
    version="1.0.0",
    purpose="Cash flows, portfolio and sensitivity; no policy conclusion and no clause.",
    needs=("baseline", "measures"),
    metrics={
        "portfolio_capex": MetricSpec("CNY", "first cost, before grants and without replacements"),
        "portfolio_opex_y": MetricSpec("CNY/y", "running cost of the first year"),
        "portfolio_annual_net": MetricSpec(
            "CNY/y", "saving and carbon value less running cost, first year, before tax"
        ),
        "portfolio_npv": MetricSpec("CNY", "net present value after tax at the WACC"),
        "portfolio_irr": MetricSpec("1", "internal rate of return after tax; null where none or several"),
        "portfolio_payback_y": MetricSpec("y", "payback, undiscounted, in years; null where not inside the horizon"),
        "portfolio_discounted_payback_y": MetricSpec("y", "payback, discounted, in years"),
        "portfolio_mac_y_per_tco2": MetricSpec("CNY/tCO2e", "abatement cost without any carbon price"),
        "portfolio_abatement_tco2e_y": MetricSpec("tCO2e/y", "abatement, location-based"),
        "portfolio_abatement_market_tco2e_y": MetricSpec("tCO2e/y", "abatement, market-based"),
    },
    artifacts=(
        "measure_cashflows",
        "portfolio_selected",
        "portfolio_cashflow",
        "portfolio_rule",
        "macc",
        "sensitivity",
        "scenario_params_used",
        "checks",
    ),
    triggers=(
        Trigger("capex", "artifacts.checks.negative_capex", "true", "存在负投资，是否正确？", None, "核对 CAPEX"),
        Trigger(
            "irr_high",
            "metrics.portfolio_irr",
            "above",
            "内部收益率异常偏高，参数是否合理？",
            "irr_max",
            "核对价格与 CAPEX",
        ),
        Trigger(
            "irr_low",
            "metrics.portfolio_irr",
            "below",
            "内部收益率异常偏低，参数是否合理？",
            "irr_min",
            "核对价格与 CAPEX",
        ),
        Trigger(
            "payback", "metrics.portfolio_payback_y", "above", "回收期过长，参数是否合理？", "payback_y_max", "核对参数"
        ),
        Trigger("never", "metrics.portfolio_npv", "null", "组合无法估值：缺少造价或价格。", None, "补充造价与价格"),
        Trigger(
            "prices",
            "artifacts.checks.default_prices",
            "not_empty",
            "采用了默认价格，请确认电价、气价、碳价与折现率。",
            None,
            "更正 scenario_params_used",
        ),
        Trigger(
            "confidence",
            "confidence",
            "below",
            "请确认价格、WACC 与措施造价数量级。",
            "finance_confidence_min",
            "核对参数",
        ),
    ),
    editable=_editable(),
)


@dataclass(frozen=True)
class FinanceStage:
    """Values the candidates under one scenario."""

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        return FINANCE_SPEC

    def run(self, context: StageContext) -> StageOutput:
        """Value, select, and move the parameters."""
        notes = context.notes()
        scenario, defaults = _scenario(context, notes)
        before = context.envelope("measures")
        effects = [Effect(**row) for row in cast("list[dict[str, Any]]", before.artifacts["effects"])]
        investments = [_invest(effect, context, notes, scenario) for effect in effects if effect.computable]
        priced = [one for one in investments if _priced(one, scenario, notes)]
        notes.assume("portfolio_size", scenario.portfolio_size, "1", "组合最多选取的措施数", "medium")
        chosen = portfolio(priced, scenario)
        tell_valuation(notes, scenario, chosen, effects)
        rows = _rows(priced, scenario)
        metrics = _metrics(chosen, effects)
        if chosen.total is None:
            notes.gap("可估值的措施（造价）", "组合财务指标", "high", fix="补充造价", affects=("portfolio_npv",))
        taken = [one for one in priced if one.id in chosen.selected]
        valued = sum(one.capex_cny is not None for one in investments) / max(1, len(investments))
        confidence = max(before.confidence * (0.8 + 0.2 * valued) - _DEFAULT_PRICE_COST * len(defaults), 0.0)
        return notes.output(
            metrics,
            {
                "measure_cashflows": rows,
                "portfolio_selected": [row for name in chosen.selected for row in rows if row["id"] == name],
                "portfolio_cashflow": _years(chosen.total),
                "portfolio_rule": chosen.rule,
                "macc": _macc(rows),
                "sensitivity": _sensitivity(taken, scenario),
                "scenario_params_used": parameters_used(scenario, context),
                "checks": {
                    "default_prices": defaults,
                    "negative_capex": any((one.capex_cny or 0) < 0 for one in investments),
                    "unvalued": [one.id for one in investments if one.capex_cny is None],
                },
            },
            confidence,
        )


def _scenario(context: StageContext, notes: Notes) -> tuple[ScenarioParams, list[str]]:
    """Return the scenario with a person's corrections, and the prices left at their default."""
    given = context.scenario.model_dump(exclude_unset=True)
    for name in ScenarioParams.model_fields:
        value = notes.override(f"{_PARAMS}.{name}")
        if value is not None:
            notes.assume(f"corrected.{name}", value, ScenarioParams.unit_of(name), "人工复核更正", "high")
            given[name] = value
    scenario = ScenarioParams(**given)
    defaults: list[str] = []
    for item in scenario.defaults_used():
        if item.name in _FIXED:
            continue
        sensitivity: Any = "high" if item.price else "medium"
        unit = PARAMETER_NAMES.get(item.name, ("", item.unit))[1] or "text"
        notes.assume(item.name, item.value, unit, f"默认值：{default_source(item.source)}", sensitivity)
        if item.price:
            defaults.append(item.name)
            notes.gap(
                f"{_LABELS[item.name][0]}（采用默认值 {item.value} {item.unit}）",
                "组合财务指标",
                "medium",
                fix="在情景参数中给出本地价格",
                affects=("portfolio_npv", "portfolio_irr", "portfolio_payback_y"),
            )
    return scenario, defaults


def _invest(effect: Effect, context: StageContext, notes: Notes, scenario: ScenarioParams) -> Investment:
    """Return the investment of an effect, with a person's corrections of its cost and life."""
    cost = invest(
        effect,
        read_facts(context.data.site, MeasureLibrary.default()),
        cny_per_eur=scenario.currency_rate_cny_per_eur,
        cny_per_usd=scenario.currency_rate_cny_per_usd,
        billed_at_cny_per_kwh=context.scenario.electricity_price_y_per_kwh or None,
    )
    for item in cost.assumptions:
        notes.assumptions.setdefault(item.name, item)
    for source in cost.evidence:
        notes.cite(source)
    changes: dict[str, Any] = {}
    units = {"capex_cny": "CNY", "opex_cny_per_year": "CNY/a", "life_years": "a"}
    for field, unit in units.items():
        path = f"{field}.{effect.id}"
        value = notes.override(f"assumptions.{path}")
        if value is not None:
            notes.assume(path, value, unit, "人工复核更正", "high")
            changes[field] = value
    for gap in cost.gaps:
        if not (gap.missing.startswith("capex.") and "capex_cny" in changes):
            notes.gaps.setdefault(
                gap.missing, gap.model_copy(update={"affects": ("portfolio_capex", "portfolio_mac_y_per_tco2")})
            )
    return cost.investment.model_copy(update=changes)


def _priced(one: Investment, scenario: ScenarioParams, notes: Notes) -> bool:
    """Whether every price the measure needs is known; a missing one is a gap and sets the measure aside."""
    if one.capex_cny is None:
        return True
    try:
        Cashflow.build(one, scenario)
    except InputError as exc:
        notes.gap(
            f"{exc.field}",
            f"{one.name}的现金流",
            "medium",
            fix=f"在情景参数中给出 {exc.field}",
            affects=("portfolio_npv",),
        )
        return False
    return True


def _rows(investments: list[Investment], scenario: ScenarioParams) -> list[dict[str, Any]]:
    """Return each valued measure's money, by id."""
    rows = []
    for one in sorted(investments, key=lambda item: item.id):
        if one.capex_cny is None:
            continue
        flow = Cashflow.build(one, scenario)
        back, returns = cast("Payback", flow.payback), cast("Irr", flow.irr)
        rows.append(
            {
                "id": one.id,
                "name": one.name,
                "capex_cny": float(flow.capex[0]),
                "opex_cny_y": float(flow.opex[1]),
                "saving_cny_y": float(flow.saving[1] + flow.carbon[1]),
                "abatement_tco2e_y": float(one.abatement_t_per_year),
                "npv_cny": float(cast("float", flow.npv_cny)),
                "irr": returns.rate,
                "irr_roots": list(returns.roots),
                "payback_y": back.years,
                "lcoe_cny_per_kwh": _finite(flow.lcoe_cny_per_kwh),
                "mac_cny_per_t": _finite(flow.mac_cny_per_t),
                "life_years": one.life_years,
                "after_tax_cny": flow.after_tax.tolist(),
            }
        )
    return rows


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _metrics(chosen: Portfolio, effects: list[Effect]) -> dict[str, tuple[JsonValue, str]]:
    found: dict[str, Any] = dict(chosen.metrics)
    flow = chosen.total
    if flow is not None:
        back = cast("Payback", flow.payback)
        found["portfolio_annual_net"] = float(flow.saving[1] + flow.carbon[1] - flow.opex[1])
        found["portfolio_discounted_payback_y"] = back.discounted
        avoided = [one.abatement for one in effects if one.id in chosen.selected and one.abatement is not None]
        found["portfolio_abatement_tco2e_y"] = fsum(one.total_t("location_based") or 0.0 for one in avoided)
        found["portfolio_abatement_market_tco2e_y"] = fsum(one.total_t("market_based") or 0.0 for one in avoided)
    return {key: (found.get(key), metric.unit) for key, metric in FINANCE_SPEC.metrics.items()}


def _years(flow: Cashflow | None) -> list[dict[str, Any]]:
    if flow is None:
        return []
    total = np.cumsum(flow.after_tax)
    return [
        {
            "year": year,
            "saving_cny": float(flow.saving[year] + flow.carbon[year]),
            "subsidy_cny": float(flow.subsidy[year]),
            "opex_cny": float(flow.opex[year]),
            "capex_cny": float(flow.capex[year]),
            "tax_cny": float(flow.tax[year]),
            "cash_cny": float(flow.after_tax[year]),
            "cumulative_cny": float(total[year]),
        }
        for year in range(len(flow.after_tax))
    ]


def _macc(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the measures that abate in the order of the cost curve."""
    curve = [
        {"id": row["id"], "mac_cny_per_t": row["mac_cny_per_t"], "abatement_t": row["abatement_tco2e_y"]}
        for row in rows
        if row["mac_cny_per_t"] is not None and row["abatement_tco2e_y"] > 0
    ]
    if not curve:
        return []
    names = {row["id"]: row["name"] for row in rows}
    ordered = macc(curve).to_frame()
    return [
        {
            "id": str(row["id"]),
            "name": names[str(row["id"])],
            "mac_cny_per_t": float(row["mac_cny_per_t"]),
            "abatement_tco2e_y": float(row["abatement_t"]),
        }
        for row in ordered.to_dict("records")
    ]


def _sensitivity(taken: list[Investment], scenario: ScenarioParams) -> list[dict[str, Any]]:
    """Return the portfolio's value with one parameter at a time at its low and its high."""
    from carbonost.engines.finance import SWINGS

    if not taken:
        return []
    warm = any(one.heat_gj_per_year for one in taken)
    swings = {**SWINGS, **({"heat_price_y_per_gj": _HEAT_SWING} if warm else {})}
    spread = npv_sensitivity(taken, scenario, swings)
    rows = []
    for bar in spread.bars:
        label, unit = _LABELS[bar.name]
        base = float(getattr(scenario, bar.name))
        low, high = (base * factor for factor in swings[bar.name])
        rows.append(
            {
                "parameter": bar.name,
                "label": label,
                "low": low,
                "high": high,
                "unit": unit,
                "npv_low_cny": float(bar.low),
                "npv_high_cny": float(bar.high),
            }
        )
    return rows
