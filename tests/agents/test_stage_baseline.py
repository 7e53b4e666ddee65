"""P41 to P51, P73: what a park uses and emits."""

from pathlib import Path

import numpy as np
import pandas as pd
import parks
import pytest

from carbonost import CarbonCalculator, ParkData, ScenarioParams


def test_the_flows_of_the_specification_become_both_scopes():  # P41, P43, P44
    base = parks.run(data=ParkData(activities=parks.SPEC_FLOWS)).envelopes["baseline"]
    inventory = CarbonCalculator().calculate([{**row, "region": "CN-ZJ"} for row in parks.SPEC_FLOWS])
    assert base.number("S1_tco2e_y") == inventory.scope1_t
    assert base.number("S2_tco2e_y") == inventory.scope2_location_t
    assert base.number("S2_market_tco2e_y") == inventory.scope2_market_t
    assert base.number("total_tco2e_y") == base.number("S1_tco2e_y") + base.number("S2_tco2e_y")
    assert base.value("ghg_boundary") == "S1S2"
    assert base.value("grid_ef_version")
    assert base.value("fuel_ef_version")


def test_shares_of_emitters_are_computed_and_sum_to_one(sample_job):  # P45
    rows = sample_job.envelopes["baseline"].artifacts["top_emitters"]
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=1e-12)
    total = sample_job.envelopes["baseline"].number("total_tco2e_y")
    assert all(row["share"] == pytest.approx(row["emissions_tco2e"] / total) for row in rows)
    assert [row["emissions_tco2e"] for row in rows] == sorted((r["emissions_tco2e"] for r in rows), reverse=True)


def test_metering_comes_before_declared_totals_and_nothing_counts_twice():  # P42
    start = pd.date_range("2023-01-01", "2024-01-01", freq="1h", inclusive="left", tz="Asia/Shanghai")
    meters = pd.DataFrame({"start": start, "point": "A-1", "energy_type": "electricity", "value": 2.0, "unit": "kWh"})
    declared = [
        {"energy_type": "electricity", "consumption": 99_999, "unit": "kWh", "facility": "A", **parks.YEAR},
        {"energy_type": "electricity", "consumption": 1_000, "unit": "kWh", "facility": "B", **parks.YEAR},
        {
            "energy_type": "diesel",
            "consumption": 1,
            "unit": "t",
            "period_start": "2023-12-31",
            "period_end": "2024-01-01",
        },
        {
            "energy_type": "diesel",
            "consumption": 7,
            "unit": "t",
            "period_start": "2021-01-01",
            "period_end": "2021-12-31",
        },
    ]
    data = ParkData(meters=meters, activities=declared, entities=[{"id": "A", "name": "A"}, {"id": "B", "name": "B"}])
    base = parks.run(data=data).envelopes["baseline"]
    assert base.number("baseline_electricity_kwh_y") == 8760 * 2 + 1000
    methods = {(row["flow"], row["method"]): row for row in base.artifacts["baseline_method"]}
    assert set(methods) == {("electricity", "meter"), ("electricity", "declared"), ("diesel", "declared")}
    assert methods["electricity", "meter"]["coverage"] == 1.0
    diesel = next(row for row in base.artifacts["energy_balance"] if row["carrier"] == "diesel")
    assert diesel["consumption"] == pytest.approx(0.5)
    noted = {item.name: item.value for item in base.assumptions}
    assert noted["declared_superseded_by_meters"] == 1
    assert noted["declared_outside_year"] == 1


def test_a_row_is_declared_unless_it_says_that_a_meter_was_read():
    """P42, P46: method, share, uncertainty and label follow what a row says of itself."""

    def told(**source):
        bill = {
            "energy_type": "electricity",
            "consumption": 1_000,
            "unit": "kWh",
            "facility": "A",
            **parks.YEAR,
        } | source
        base = parks.run(data=ParkData(activities=[bill], entities=[{"id": "A", "name": "A"}])).envelopes["baseline"]
        row = base.artifacts["baseline_method"][0]
        stated = {item.name for item in base.assumptions if item.name.startswith("activity_uncertainty")}
        return row["method"], row["source"], row["coverage"], base.number("metered_share"), stated

    declared = ("declared", "申报 A", None, 0.0, {"activity_uncertainty_declared_pct"})
    assert told() == told(data_source="manual") == declared
    assert told(data_source="meter") == ("meter", "月度计量 A", None, 1.0, {"activity_uncertainty_meter_pct"})
    assert told(data_source="estimated")[:2] == ("proxy", "自报估算 A")


def test_a_gap_in_the_metering_is_stated_and_never_filled():
    start = pd.date_range("2023-01-01", "2024-01-01", freq="1h", inclusive="left", tz="Asia/Shanghai")
    value = np.where(np.arange(8760) < 876, np.nan, 1.0)
    meters = pd.DataFrame({"start": start, "point": "m", "energy_type": "electricity", "value": value, "unit": "kWh"})
    base = parks.run(data=ParkData(meters=meters)).envelopes["baseline"]
    assert base.number("baseline_electricity_kwh_y") == 8760 - 876
    assert base.artifacts["baseline_method"][0]["coverage"] == pytest.approx(0.9)
    assert any("计量读数" in gap.missing and gap.severity == "medium" for gap in base.data_gaps)


def test_an_enterprise_without_data_is_estimated_and_the_rule_is_an_assumption():  # P42, P46, P50
    entities = [{"id": "A", "name": "A化工", "industry_code": "C26", "employees": 100}]
    job = parks.run(data=ParkData(entities=entities, site={"no_fuels": True}))
    base = job.envelopes["baseline"]
    rule = next(item for item in base.assumptions if item.name.startswith("proxy_electricity"))
    assert base.number("baseline_electricity_kwh_y") == rule.value * 100
    assert rule.unit
    assert rule.rationale
    assert base.number("proxy_share") == 1.0
    assert base.artifacts["checks"]["mostly_estimated"] is True
    assert "能耗的 100.0% 为代理估算" in job.envelopes["report"].artifacts["report_markdown"]
    assert "baseline.proxy" in parks.reasons(job, "baseline")
    assert base.number("uncertainty_pct") > 0.3
    assert "baseline.proxy: 代理估算占能耗比例 100 %，高于 50 %" in parks.reasons(job, "baseline")
    assert "baseline.uncertainty: 排放总量不确定性" in parks.reasons(job, "baseline")


def test_a_factor_version_the_library_lacks_leaves_the_figure_unknown_until_corrected():  # P48, P51
    scenario = ScenarioParams(region="CN-ZJ", accounting_year=2023, grid_ef_version="CN-grid-2099")
    job = parks.run(scenario=scenario, data=ParkData(activities=parks.SPEC_FLOWS), auto=False)
    job.review(job.review_queue[0].checkpoint_id, status="approved", by="li")
    job.resume()
    base = job.envelopes["baseline"]
    assert base.value("S2_tco2e_y") is None
    assert base.value("total_tco2e_y") is None
    assert base.number("S1_tco2e_y") > 0
    assert base.number("baseline_electricity_kwh_y") == 120_000_000
    gap = next(gap for gap in base.data_gaps if "CN-grid-2099" in gap.missing)
    assert gap.severity == "high"
    assert "S2_tco2e_y" in gap.affects
    assert "baseline.factor" in job.review_queue[0].reasons[0]
    patch = {"metrics.grid_ef_version": "CN-grid-2022", "metrics.baseline_electricity_kwh_y": 60_000_000}
    job.review(job.review_queue[0].checkpoint_id, status="approved", patch=patch, by="li")
    fixed = job.envelopes["baseline"]
    assert fixed.value("grid_ef_version") == "CN-grid-2022"
    factor = next(row for row in fixed.artifacts["factors"] if row["energy_type"] == "electricity")
    assert factor["id"].startswith("cn.grid.2022")
    assert fixed.number("S2_tco2e_y") == pytest.approx(60_000_000 * factor["value"] / 1000)
    assert fixed.number("total_tco2e_y") == fixed.number("S1_tco2e_y") + fixed.number("S2_tco2e_y")  # P44


def test_steam_in_tonnes_needs_its_enthalpy():  # P43, P48
    steam = [{"energy_type": "steam", "consumption": 1000, "unit": "t", **parks.YEAR}]
    bare = parks.run(data=ParkData(activities=[*parks.SPEC_FLOWS, *steam])).envelopes["baseline"]
    assert bare.value("S2_tco2e_y") is None
    assert any("焓值" in gap.missing and gap.severity == "high" for gap in bare.data_gaps)
    site = {"steam_grade": {"enthalpy_kj_per_kg": 2783.74}}
    known = parks.run(data=ParkData(activities=[*parks.SPEC_FLOWS, *steam], site=site)).envelopes["baseline"]
    assert known.number("baseline_heat_gj_y") == pytest.approx(2700.0)
    assert known.number("S2_tco2e_y") > 0


def test_derived_figures_are_never_edited(sample_pipeline):  # P51, P73
    editable = {s["name"]: [e["path"] for e in s["editable"]] for s in sample_pipeline.describe()["stages"]}
    assert not any("S1_" in path or "S2_" in path or "total" in path for path in editable["baseline"])
    assert not any("npv" in path or "irr" in path for path in editable["finance"])
    assert "artifacts.scenario_params_used.wacc" in editable["finance"]


def test_evidence_names_each_source_with_its_version(sample_job):  # P47
    base = sample_job.envelopes["baseline"]
    assert {item.id for item in base.evidence} >= {"carbonost.sample", "carbonost.factors"}
    assert any(item.type == "doc" and "公告" in item.id for item in base.evidence)


def test_the_park_is_also_accounted_by_the_national_method(sample_job):
    account = sample_job.envelopes["baseline"].artifacts["zero_carbon_park"]
    terms = sum(row["emissions_t"] for row in account["artifacts"]["terms"])
    assert account["metrics"]["emissions_t"]["value"] == pytest.approx(terms)
    assert len(account["artifacts"]["indicators"]) == 7
    assert account["metrics"]["intensity_t_per_tce"]["value"] == pytest.approx(2.747, abs=5e-4)
    core = next(row for row in account["artifacts"]["indicators"] if row["indicator"] == "core_intensity")
    assert core["status_code"] == "no_limit", "below 200,000 tce the table sets no target"
    assert core["target"] is None
    assert core["met"] is None
    assert "等价值折标系数（当年供电煤耗，含年份与来源）" not in parks.gaps(sample_job, "baseline")


def test_without_the_coefficient_of_the_year_the_core_indicator_is_a_gap():
    job = parks.run(data=ParkData(activities=parks.SPEC_FLOWS))
    account = job.envelopes["baseline"].artifacts["zero_carbon_park"]
    assert account["metrics"]["intensity_t_per_tce"]["value"] is None
    assert "等价值折标系数（当年供电煤耗，含年份与来源）" in parks.gaps(job, "baseline")


def test_monthly_rows_sum_to_the_year(sample_job):  # P43
    base = sample_job.envelopes["baseline"]
    rows = base.artifacts["monthly"]
    assert len(rows) == 12
    assert sum(row["electricity_kwh"] for row in rows) == pytest.approx(base.number("baseline_electricity_kwh_y"))
    assert sum(row["S1_tco2e"] + row["S2_tco2e"] for row in rows) == pytest.approx(base.number("total_tco2e_y"))


def test_the_baseline_kwh_of_real_metering_is_the_sum_of_the_file():
    path = Path(__file__).parents[3] / "shared/data/energy/steel_daewoo_gwangyang_2018_15min.csv"
    if not path.exists():
        pytest.skip("the steel-works series is not on this machine")
    frame = pd.read_csv(path)
    start = pd.to_datetime(frame["interval_start_kst"]).dt.tz_localize("Asia/Seoul")
    meters = pd.DataFrame(
        {"start": start, "point": "works", "energy_type": "electricity", "value": frame["energy_kwh"], "unit": "kWh"}
    )
    data = ParkData(
        meters=meters, entities=[{"id": "works", "name": "钢铁厂", "industry_code": "C31"}], zone="Asia/Seoul"
    )
    scenario = ScenarioParams(region="CN-JS", tariff_region="CN-JS", vintage="latest_published")
    job = parks.run(scenario=scenario, data=data)
    base = job.envelopes["baseline"]
    assert base.number("baseline_electricity_kwh_y") == pytest.approx(frame["energy_kwh"].sum(), rel=1e-12)
    assert base.value("accounting_year") == 2018
