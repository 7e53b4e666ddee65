"""What the baseline stage promises: its figures, its questions, and what a person may correct."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from carbonost.agents.spec import AgentSpec, Editable, MetricSpec, Trigger

_AMOUNT: Final = Annotated[float, Field(ge=0, le=1e13)]

BASELINE_SPEC: Final = AgentSpec(
    name="baseline",
    version="1.0.0",
    purpose="Energy of the year, scope 1 and scope 2 by both methods, uncertainty; no measures and no money.",
    needs=("geo",),
    metrics={
        "baseline_electricity_kwh_y": MetricSpec("kWh/y", "electricity used"),
        "baseline_gas_nm3_y": MetricSpec("Nm3/y", "natural gas at 0 °C"),
        "baseline_heat_gj_y": MetricSpec("GJ/y", "steam and heat bought"),
        "S1_tco2e_y": MetricSpec("tCO2e/y", "scope 1"),
        "S2_tco2e_y": MetricSpec("tCO2e/y", "scope 2, location-based"),
        "S2_market_tco2e_y": MetricSpec("tCO2e/y", "scope 2, market-based; never added to the other"),
        "total_tco2e_y": MetricSpec("tCO2e/y", "S1_tco2e_y + S2_tco2e_y (location-based)"),
        "total_market_tco2e_y": MetricSpec("tCO2e/y", "S1_tco2e_y + S2_market_tco2e_y"),
        "biogenic_co2_t_y": MetricSpec("tCO2/y", "biogenic CO2, outside the scopes"),
        "energy_tce_y": MetricSpec("tce/y", "energy in coal equivalents, electricity at its calorific value"),
        "uncertainty_pct": MetricSpec("1", "half-width of the total's 95 % interval, as a share"),
        "proxy_share": MetricSpec("1", "share of the energy that is estimated"),
        "metered_share": MetricSpec("1", "share of the energy that is metered"),
        "peak_kw": MetricSpec("kW", "highest 15-minute sum of the electricity meters"),
        "accounting_year": MetricSpec("year", "calendar year accounted for"),
        "ghg_boundary": MetricSpec("text", "scopes counted"),
        "grid_ef_version": MetricSpec("text", "grid factors used"),
        "fuel_ef_version": MetricSpec("text", "fuel parameters used"),
        "gwp_set": MetricSpec("text", "global warming potentials"),
    },
    artifacts=(
        "energy_balance",
        "baseline_method",
        "top_emitters",
        "monthly",
        "by_scope",
        "by_source",
        "factors",
        "uncertainty_contributors",
        "zero_carbon_park",
        "checks",
    ),
    sensitive={"artifacts.top_emitters": ("entities",)},
    triggers=(
        Trigger(
            "proxy",
            "metrics.proxy_share",
            "above",
            "过半能耗来自估算，能否补充计量？",
            "proxy_share_max",
            "补充计量或账单",
        ),
        Trigger(
            "factor",
            "artifacts.checks.missing_factors",
            "not_empty",
            "排放因子版本缺失，采用哪个版本？",
            None,
            "更正 grid_ef_version 或 fuel_ef_version",
        ),
        Trigger(
            "uncertainty",
            "metrics.uncertainty_pct",
            "above",
            "不确定性偏高，数据能否改进？",
            "uncertainty_max",
            "核对数据",
        ),
        Trigger("unknown", "metrics.total_tco2e_y", "null", "排放总量未知，缺少数据或因子。", None, "补充数据"),
        Trigger(
            "confidence", "confidence", "below", "请确认用电、用气数量级与核算口径。", "confidence_min", "核对基线"
        ),
        Trigger("critical", "data_gaps", "critical", "关键数据缺口影响核算结论，是否接受？", None, "补充缺口数据"),
    ),
    editable=(
        Editable("metrics.baseline_electricity_kwh_y", _AMOUNT, "kWh per year, not negative"),
        Editable("metrics.baseline_gas_nm3_y", _AMOUNT, "Nm3 at 0 °C per year, not negative"),
        Editable("metrics.grid_ef_version", str, "e.g. CN-grid-2023, or a factor's id"),
        Editable("metrics.fuel_ef_version", str, "a parameter set, e.g. ndrc.other or IPCC-2006-default-v1"),
        Editable("artifacts.top_emitters", list[str], "ids of the emitters to name; the others are summed"),
        Editable("assumptions.*", float, "the new value, in the assumption's unit"),
    ),
)
