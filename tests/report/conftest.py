"""One park's envelopes: round, made-up figures that agree with one another."""

import copy

import pytest

MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]


def _envelope(stage, metrics, artifacts, **more):
    body = {
        "result_id": {"geo": "a1", "baseline": "b2", "measures": "c3", "finance": "d4", "policy": "e5"}[stage] * 32,
        "scenario_id": "s-1",
        "region_id": "r-1",
        "stage": stage,
        "metrics": metrics,
        "artifacts": artifacts,
        "assumptions": [],
        "evidence": [],
        "confidence": 0.8,
        "data_gaps": [],
        "reproducibility": {"model_version": f"{stage}@0.1.0", "param_version": "params@0.1.0"},
        "human_checkpoints": [],
    }
    return {**body, **more}


def _q(value, unit):
    return {"value": value, "unit": unit}


GEO = _envelope(
    "geo",
    {
        "area_km2": _q(3.417, "km2"),
        "admin_codes": {"province": "320000", "city": "320500", "district": "320508"},
        "entity_count_est": _q(3, "1"),
        "data_completeness_score": _q(0.55, "1"),
    },
    {
        "entities_raw": [
            {
                "name": "示例化工有限公司",
                "industry_code": "C26",
                "industry": "化学原料和化学制品制造业",
                "source": "名录",
                "confidence": 0.9,
            },
            {
                "name": "示例材料有限公司",
                "industry_code": "C30",
                "industry": "非金属矿物制品业",
                "source": "名录",
                "confidence": 0.8,
            },
            {
                "name": "示例机械有限公司",
                "industry_code": "C34",
                "industry": "通用设备制造业",
                "source": "poi",
                "confidence": 0.5,
            },
        ],
        "layer_clip_manifest": [
            {"layer": "enterprises", "version": "2025-12", "method": "within", "count_in": 40, "count_out": 3}
        ],
    },
    evidence=[{"type": "file", "id": "park.yaml", "ts": "2026-01-05", "version": "1", "note": "园区提供"}],
    data_gaps=[
        {
            "missing": "园区企业统一社会信用代码",
            "impact": "企业去重",
            "severity": "medium",
            "workaround": "补充名录",
            "affects": ["profile"],
        }
    ],
)
BASELINE = _envelope(
    "baseline",
    {
        "baseline_electricity_kwh_y": _q(120_000_000.0, "kWh/y"),
        "baseline_gas_nm3_y": _q(35_000_000.0, "Nm3/y"),
        "S1_tco2e_y": _q(73_500.0, "tCO2e/y"),
        "S2_tco2e_y": _q(66_000.125, "tCO2e/y"),
        "S2_market_tco2e_y": _q(60_000.0, "tCO2e/y"),
        "total_tco2e_y": _q(139_500.125, "tCO2e/y"),
        "uncertainty_pct": _q(0.354, "1"),
        "ghg_boundary": "S1S2",
        "grid_ef_version": "CN-grid-2023",
        "fuel_ef_version": "ndrc.other",
    },
    {
        "energy_balance": [
            {
                "carrier": "electricity",
                "consumption": 120_000_000.0,
                "unit": "kWh",
                "energy_tce": 14748.0,
                "emissions_tco2e": 66_000.125,
                "method": "meter",
            },
            {
                "carrier": "natural_gas",
                "consumption": 35_000_000.0,
                "unit": "Nm3",
                "energy_tce": 46550.0,
                "emissions_tco2e": 73_500.0,
                "method": "declared",
            },
        ],
        "by_scope": [
            {"scope": "S1", "emissions_tco2e": 73_500.0},
            {"scope": "S2", "emissions_tco2e": 66_000.125},
        ],
        "by_source": [
            {
                "scope": "S1",
                "energy_type": "natural_gas",
                "consumption": 35_000_000.0,
                "unit": "Nm3",
                "factor_value": 2.1,
                "factor_unit": "kgCO2e/Nm3",
                "emissions_tco2e": 73_500.0,
            },
            {
                "scope": "S2",
                "energy_type": "electricity",
                "consumption": 120_000_000.0,
                "unit": "kWh",
                "factor_value": 0.55,
                "factor_unit": "kgCO2e/kWh",
                "emissions_tco2e": 66_000.125,
            },
        ],
        "monthly": [
            {
                "month": m,
                "electricity_kwh": 1e7 + i * 1e5,
                "gas_nm3": 2.9e6,
                "S1_tco2e": 6125.0,
                "S2_tco2e": 5300.0 + 37.5 * i,
            }
            for i, m in enumerate(MONTHS)
        ],
        "top_emitters": [
            {"name": "示例化工有限公司", "emissions_tco2e": 73_500.0, "share": 0.5269},
            {"name": "示例材料有限公司", "emissions_tco2e": 66_000.125, "share": 0.4731},
        ],
        "baseline_method": [
            {"flow": "electricity", "method": "meter", "coverage": 1.0, "source": "十五分钟计量"},
            {"flow": "natural_gas", "method": "declared", "coverage": 0.9, "source": "月度申报"},
        ],
        "factors": [
            {
                "energy_type": "electricity",
                "value": 0.55,
                "unit": "kgCO2e/kWh",
                "region": "CN-JS",
                "data_year": 2023,
                "document": "示例公告",
            },
        ],
    },
    assumptions=[
        {
            "name": "grid_ef_tco2_per_kwh",
            "value": 0.00055,
            "unit": "tCO2/kWh",
            "rationale": "示例",
            "sensitivity": "high",
        }
    ],
    evidence=[{"type": "table", "id": "meters-2025", "ts": "2026-01-05", "version": "sha-1", "note": "十五分钟电量"}],
    data_gaps=[
        {
            "missing": "蒸汽计量",
            "impact": "热力排放",
            "severity": "high",
            "workaround": "安装蒸汽表",
            "affects": ["baseline"],
        }
    ],
    human_checkpoints=[
        {
            "checkpoint": "baseline.review",
            "status": "approved",
            "editable_fields": ["assumptions"],
            "trigger_reason": "uncertainty > 0.30",
            "by": "张工",
        }
    ],
)
_MEASURES = [
    ("PV_ROOF", "屋顶光伏", 0.82, 6_200.0, 21_000_000.0, -120.5),
    ("BESS", "储能削峰填谷", 0.74, 310.0, 9_500_000.0, 410.25),
    ("HP_STEAM", "热泵替代低压蒸汽", 0.63, 4_150.0, 12_800_000.0, 95.0),
]
MEASURES = _envelope(
    "measures",
    {"candidate_count": _q(3, "1"), "avg_applicability_score": _q(0.73, "1")},
    {
        "candidates": [
            {
                "id": i,
                "name": n,
                "applicability_score": s,
                "abatement_tco2e_y": a,
                "capex_cny": c,
                "missing_inputs": [] if i != "HP_STEAM" else ["steam_grade"],
                "risks": ["屋顶荷载"],
                "enabled": True,
            }
            for i, n, s, a, c, _ in _MEASURES
        ],
        "required_data_for_top10": ["steam_grade"],
        "dispatch_week": [
            {
                "start": f"2025-07-{7 + h // 24:02d}T{h % 24:02d}:00",
                "load_kw": 12000 + 300 * (h % 24),
                "pv_kw": max(0, 5000 - 900 * abs(h % 24 - 12)),
                "import_kw": 9000 + 200 * (h % 24),
                "discharge_kw": 1500 if h % 24 in (18, 19) else 0,
            }
            for h in range(168)
        ],
    },
)
FINANCE = _envelope(
    "finance",
    {
        "portfolio_capex": _q(43_300_000.0, "CNY"),
        "portfolio_opex_y": _q(650_000.0, "CNY/y"),
        "portfolio_npv": _q(-1_250_000.0, "CNY"),
        "portfolio_irr": _q(0.0712, "1"),
        "portfolio_payback_y": _q(9.4, "y"),
        "portfolio_mac_y_per_tco2": _q(62.4, "CNY/tCO2e"),
        "portfolio_abatement_tco2e_y": _q(10_660.0, "tCO2e/y"),
    },
    {
        "portfolio_selected": [
            {
                "id": i,
                "name": n,
                "capex_cny": c,
                "opex_cny_y": 0.01 * c,
                "saving_cny_y": 0.12 * c,
                "abatement_tco2e_y": a,
                "mac_cny_per_t": m,
            }
            for i, n, _, a, c, m in _MEASURES
        ],
        "measure_cashflows": [
            {"id": i, "name": n, "capex_cny": c, "npv_cny": -c / 40, "irr": 0.07, "payback_y": 9.1, "mac_cny_per_t": m}
            for i, n, _, a, c, m in _MEASURES
        ],
        "macc": [{"id": i, "name": n, "mac_cny_per_t": m, "abatement_tco2e_y": a} for i, n, _, a, c, m in _MEASURES],
        "portfolio_cashflow": [
            {
                "year": y,
                "cash_cny": -43_300_000.0 if y == 0 else 4_600_000.0,
                "cumulative_cny": -43_300_000.0 + 4_600_000.0 * y,
            }
            for y in range(16)
        ],
        "sensitivity": [
            {
                "name": "电价",
                "low": 0.52,
                "high": 0.78,
                "unit": "CNY/kWh",
                "npv_low_cny": -9.8e6,
                "npv_high_cny": 7.3e6,
            },
            {"name": "碳价", "low": 50, "high": 120, "unit": "CNY/tCO2e", "npv_low_cny": -2.4e6, "npv_high_cny": 1.1e6},
            {"name": "折现率", "low": 0.06, "high": 0.1, "unit": "1", "npv_low_cny": 3.6e6, "npv_high_cny": -5.2e6},
        ],
        "scenario_params_used": {
            "wacc": 0.08,
            "electricity_price_y_per_kwh": {"value": 0.65, "unit": "CNY/kWh", "source": "用户"},
        },
    },
)


@pytest.fixture(scope="session")
def complete_park():
    return {
        "geo": GEO,
        "baseline": BASELINE,
        "measures": MEASURES,
        "finance": FINANCE,
        "meta": {
            "park_name": "示例工业园（合成数据）",
            "period": "2025 年",
            "date": "2026-11-01",
            "notice": "本报告使用合成数据，仅供演示。",
        },
    }


@pytest.fixture
def park(complete_park):
    """Envelopes of a complete park, free to change."""
    return copy.deepcopy(complete_park)
