from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carbonost import CarbonCalculator, GeoSelection, ParkData, PipelineBuilder, ScenarioParams
from carbonost.agents.policy import ReviewPolicy
from carbonost.agents.reasons import beyond
from carbonost.agents.stages.geo import GeoStage
from carbonost.errors import GeometryError, InputError

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[120.0, 30.0], [120.2, 30.0], [120.2, 30.2], [120.0, 30.2], [120.0, 30.0]]],
}
YEAR = {"period_start": date(2023, 1, 1), "period_end": date(2023, 12, 31)}
SPEC_FLOWS = (
    {"energy_type": "electricity", "consumption": 120_000_000, "unit": "kWh", **YEAR},
    {"energy_type": "natural_gas", "consumption": 35_000_000, "unit": "Nm3", **YEAR},
)


def run(selection=None, scenario=None, data=None, *, auto=True, policy=None, boundaries=None):
    builder = PipelineBuilder().with_stage("geo", GeoStage(boundaries))
    if policy is not None:
        builder.with_review_policy(policy)
    return builder.build().run(
        selection or GeoSelection(type="polygon", geometry=SQUARE, datum="WGS84"),
        scenario or ScenarioParams(region="CN-ZJ", accounting_year=2023),
        data or ParkData(),
        auto_approve=auto,
    )


def reasons(job, stage):
    return " ".join(reason for item in job.reviews if item.stage == stage for reason in item.reasons)


def gaps(job, stage):
    return {gap.missing: gap for gap in job.envelopes[stage].data_gaps}


# --- the whole -----------------------------------------------------------------------------------


def test_the_main_job_runs_offline_in_one_call(sample_job):  # P6
    assert sample_job.status == "completed"
    assert list(sample_job.envelopes) == ["geo", "baseline", "measures", "finance", "report"]


def test_the_graph_has_the_edges_of_the_specification(sample_pipeline):  # P84
    edges = sample_pipeline.describe()["edges"]
    stages = ("geo", "baseline", "measures", "finance", "report")
    assert edges == ["START", *(part for name in stages for part in (name, f"review_{name}?")), "END"]


def test_a_park_of_nothing_states_gaps_and_no_figure():  # P48, P76
    job = run(GeoSelection(type="park_id", geometry="P1"))
    assert job.status == "completed"
    for stage, key in (("baseline", "total_tco2e_y"), ("baseline", "S2_tco2e_y"), ("finance", "portfolio_npv")):
        assert job.envelopes[stage].value(key) is None
    assert gaps(job, "baseline")["用电量"].severity == "high"
    assert "园区边界" in gaps(job, "geo")
    assert "数据缺失" in job.envelopes["report"].artifacts["report_markdown"]


def test_without_a_year_the_refusal_names_the_field():
    with pytest.raises(InputError, match="accounting_year"):
        run(scenario=ScenarioParams())


# --- geo -----------------------------------------------------------------------------------------


def test_the_polygon_of_the_specification_has_427_km2():  # P28
    geo = run().envelopes["geo"]
    assert geo.number("area_km2") == pytest.approx(427.41, abs=0.01)
    assert geo.value("admin_codes") == {"province": "330000"}  # P29
    assert geo.artifacts["region_boundary"]["type"] == "Polygon"  # P31


def test_a_polygon_that_crosses_itself_is_refused():  # P34, P39
    bow = {
        "type": "Polygon",
        "coordinates": [[[120.0, 30.0], [120.2, 30.2], [120.2, 30.0], [120.0, 30.2], [120.0, 30.0]]],
    }
    with pytest.raises(GeometryError, match="crosses itself"):
        run(GeoSelection(type="polygon", geometry=bow, datum="WGS84"))


def test_swapped_coordinates_are_refused_with_the_remedy():  # P39
    swapped = {"type": "Polygon", "coordinates": [[[p[1], p[0]] for p in SQUARE["coordinates"][0]]]}
    with pytest.raises(GeometryError, match="swapped"):
        run(GeoSelection(type="polygon", geometry=swapped, datum="WGS84"))


def test_an_undeclared_datum_is_a_gap_and_a_review():  # P38
    job = run(GeoSelection(type="polygon", geometry=SQUARE))
    assert "坐标基准（datum）" in gaps(job, "geo")
    assert beyond("metrics.area_km2", 12345.6, 2000.0, above=True) == "选区面积 12,350 km²，高于 2,000 km²"
    assert "geo.datum: 坐标基准未声明" in reasons(job, "geo")


def test_gcj_02_is_converted_and_said():  # P38
    geo = run(GeoSelection(type="polygon", geometry=SQUARE, datum="GCJ02")).envelopes["geo"]
    corner = geo.artifacts["region_boundary"]["coordinates"][0][0]
    assert 0.001 < abs(corner[0] - 120.0) < 0.02
    assert "datum_conversion" in {item.name for item in geo.assumptions}


@pytest.mark.parametrize(("low", "high", "rule"), [(500.0, 2000.0, "area_small"), (0.01, 100.0, "area_large")])
def test_an_abnormal_area_is_reviewed_by_the_policy(low, high, rule):  # P34, P85
    job = run(policy=ReviewPolicy(area_km2_min=low, area_km2_max=high))
    assert f"geo.{rule}" in reasons(job, "geo")


def test_several_districts_are_reviewed_with_their_shares():  # P29, P35
    class Halves:
        version = "made up"

        def boundary(self, selection):
            return SQUARE

        def admin_features(self, geometry):
            def half(code, west, east):
                ring = [[west, 29.9], [east, 29.9], [east, 30.3], [west, 30.3], [west, 29.9]]
                return {
                    "type": "Feature",
                    "properties": {"code": code, "name": code},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }

            return [half("330106", 119.9, 120.15), half("330110", 120.15, 120.3)]

    job = run(GeoSelection(type="admin_code", geometry="330106"), boundaries=Halves())
    shares = {row["code"]: row["share"] for row in job.envelopes["geo"].artifacts["admin_overlaps"]}
    assert shares == pytest.approx({"330106": 0.75, "330110": 0.25}, abs=1e-3)
    assert "geo.overlap" in reasons(job, "geo")
    assert job.envelopes["geo"].value("admin_codes")["district"] == "330106"


def test_an_abolished_code_is_reported_with_its_successor():  # P40
    job = run(GeoSelection(type="admin_code", geometry="330103"))
    assert "geo.old_code" in reasons(job, "geo")
    assert any("后继代码" in gap.workaround for gap in job.envelopes["geo"].data_gaps)
    with pytest.raises(InputError, match="no administrative unit"):
        run(GeoSelection(type="admin_code", geometry="999999"))


def test_enterprises_are_clipped_counted_and_compared_with_expectation():  # P30, P31, P36
    entities = [
        {"id": "A", "name": "A", "industry_code": "C26", "lon": 120.1, "lat": 30.1},
        {"id": "B", "name": "B", "lon": 121.0, "lat": 30.1},
        {"id": "C", "name": "C"},
    ]
    job = run(data=ParkData(entities=entities, site={"expected_entity_count": 10}))
    geo = job.envelopes["geo"]
    assert geo.value("entity_count_est") == 2
    assert [row["inside"] for row in geo.artifacts["entities_raw"]] == [True, False, None]
    manifest = geo.artifacts["layer_clip_manifest"][0]
    assert (manifest["count_in"], manifest["count_out"]) == (2, 1)
    assert manifest["method"]
    assert "geo.entities" in reasons(job, "geo")
    assert "部分企业的行业代码" in gaps(job, "geo")
    assert "电价规则（分时、基本电费）" in gaps(job, "geo")


def test_boundary_codes_and_enterprises_can_be_corrected():  # P37
    job = run(GeoSelection(type="park_id", geometry="P1"), auto=False)
    patch = {
        "artifacts.region_boundary": SQUARE,
        "metrics.admin_codes": {"province": "330000", "city": "330100"},
        "artifacts.entities_raw": [{"id": "A", "name": "A", "lon": 120.1, "lat": 30.1}],
    }
    job.review(job.review_queue[0].checkpoint_id, status="approved", patch=patch, by="li")
    geo = job.envelopes["geo"]
    assert geo.revision == 1
    assert geo.number("area_km2") == pytest.approx(427.41, abs=0.01)
    assert geo.value("admin_codes") == {"province": "330000", "city": "330100"}
    assert geo.value("entity_count_est") == 1


# --- baseline ------------------------------------------------------------------------------------


def test_the_flows_of_the_specification_become_both_scopes():  # P41, P43, P44
    base = run(data=ParkData(activities=SPEC_FLOWS)).envelopes["baseline"]
    inventory = CarbonCalculator().calculate([{**row, "region": "CN-ZJ"} for row in SPEC_FLOWS])
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
        {"energy_type": "electricity", "consumption": 99_999, "unit": "kWh", "facility": "A", **YEAR},
        {"energy_type": "electricity", "consumption": 1_000, "unit": "kWh", "facility": "B", **YEAR},
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
    base = run(data=data).envelopes["baseline"]
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
        bill = {"energy_type": "electricity", "consumption": 1_000, "unit": "kWh", "facility": "A", **YEAR} | source
        base = run(data=ParkData(activities=[bill], entities=[{"id": "A", "name": "A"}])).envelopes["baseline"]
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
    base = run(data=ParkData(meters=meters)).envelopes["baseline"]
    assert base.number("baseline_electricity_kwh_y") == 8760 - 876
    assert base.artifacts["baseline_method"][0]["coverage"] == pytest.approx(0.9)
    assert any("计量读数" in gap.missing and gap.severity == "medium" for gap in base.data_gaps)


def test_an_enterprise_without_data_is_estimated_and_the_rule_is_an_assumption():  # P42, P46, P50
    entities = [{"id": "A", "name": "A化工", "industry_code": "C26", "employees": 100}]
    job = run(data=ParkData(entities=entities, site={"no_fuels": True}))
    base = job.envelopes["baseline"]
    rule = next(item for item in base.assumptions if item.name.startswith("proxy_electricity"))
    assert base.number("baseline_electricity_kwh_y") == rule.value * 100
    assert rule.unit
    assert rule.rationale
    assert base.number("proxy_share") == 1.0
    assert base.artifacts["checks"]["mostly_estimated"] is True
    assert "能耗的 100.0% 为代理估算" in job.envelopes["report"].artifacts["report_markdown"]
    assert "baseline.proxy" in reasons(job, "baseline")
    assert base.number("uncertainty_pct") > 0.3
    assert "baseline.proxy: 代理估算占能耗比例 100 %，高于 50 %" in reasons(job, "baseline")
    assert "baseline.uncertainty: 排放总量不确定性" in reasons(job, "baseline")


def test_a_factor_version_the_library_lacks_leaves_the_figure_unknown_until_corrected():  # P48, P51
    scenario = ScenarioParams(region="CN-ZJ", accounting_year=2023, grid_ef_version="CN-grid-2099")
    job = run(scenario=scenario, data=ParkData(activities=SPEC_FLOWS), auto=False)
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
    steam = [{"energy_type": "steam", "consumption": 1000, "unit": "t", **YEAR}]
    bare = run(data=ParkData(activities=[*SPEC_FLOWS, *steam])).envelopes["baseline"]
    assert bare.value("S2_tco2e_y") is None
    assert any("焓值" in gap.missing and gap.severity == "high" for gap in bare.data_gaps)
    site = {"steam_grade": {"enthalpy_kj_per_kg": 2783.74}}
    known = run(data=ParkData(activities=[*SPEC_FLOWS, *steam], site=site)).envelopes["baseline"]
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
    assert "等价值折标系数（当年供电煤耗，含年份与来源）" not in gaps(sample_job, "baseline")


def test_without_the_coefficient_of_the_year_the_core_indicator_is_a_gap():
    job = run(data=ParkData(activities=SPEC_FLOWS))
    account = job.envelopes["baseline"].artifacts["zero_carbon_park"]
    assert account["metrics"]["intensity_t_per_tce"]["value"] is None
    assert "等价值折标系数（当年供电煤耗，含年份与来源）" in gaps(job, "baseline")


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
    job = run(scenario=scenario, data=data)
    base = job.envelopes["baseline"]
    assert base.number("baseline_electricity_kwh_y") == pytest.approx(frame["energy_kwh"].sum(), rel=1e-12)
    assert base.value("accounting_year") == 2018


# --- measures ------------------------------------------------------------------------------------


def test_missing_inputs_name_only_what_is_missing(sample_job):  # P54, P57
    rows = {row["id"]: row for row in sample_job.envelopes["measures"].artifacts["candidates"]}
    assert rows["PV_ROOF"]["missing_inputs"] == []
    assert rows["BESS"]["missing_inputs"] == []
    bare = run(data=ParkData(activities=SPEC_FLOWS)).envelopes["measures"]
    assert "roof_area_m2" in {
        n for row in bare.artifacts["candidates"] if row["id"] == "PV_ROOF" for n in row["missing_inputs"]
    }


def test_missing_data_lower_a_score_and_drop_nothing(sample_job):  # P55, P56, P58
    full, bare = sample_job.envelopes["measures"], run(data=ParkData(activities=SPEC_FLOWS)).envelopes["measures"]
    assert bare.value("candidate_count") == full.value("candidate_count")
    assert bare.number("avg_applicability_score") < full.number("avg_applicability_score")
    needed = bare.artifacts["required_data_for_top10"]
    assert needed == sorted(set(needed))
    assert "roof_area_m2" in {gap.missing for gap in bare.data_gaps}


def test_candidates_stand_in_a_stable_order(sample_job):  # P63
    rows = sample_job.envelopes["measures"].artifacts["candidates"]
    assert rows == sorted(rows, key=lambda row: (not row["enabled"], -row["applicability_score"], row["id"]))


def test_measures_hand_out_no_portfolio(sample_job):  # P60
    keys = set(sample_job.envelopes["measures"].metrics)
    assert keys == {"candidate_count", "avg_applicability_score"}


def test_a_candidate_is_switched_off_and_the_weights_are_changed_but_no_score_is_edited():  # P59, P61, P62
    job = run(data=ParkData(activities=SPEC_FLOWS), auto=False)
    while job.review_queue[0].stage != "measures":
        job.review(job.review_queue[0].checkpoint_id, status="approved", by="li")
        job.resume()
    assert "measures.score" in " ".join(job.review_queue[0].reasons)
    patch = {"artifacts.candidates": [{"id": "GREEN_POWER", "enabled": False}], "assumptions.score_weights.full": 1.0}
    job.review(job.review_queue[0].checkpoint_id, status="approved", patch=patch, by="li")
    before, after = job.revisions("measures")
    assert after.value("candidate_count") == before.value("candidate_count") - 1
    assert after.number("avg_applicability_score") > before.number("avg_applicability_score")
    assert [row["id"] for row in after.artifacts["candidates"] if not row["enabled"]] == ["GREEN_POWER"]


def test_pv_and_battery_come_from_models(sample_job):
    measures = sample_job.envelopes["measures"]
    effects = {row["id"]: row for row in measures.artifacts["effects"]}
    months = measures.artifacts["pv_monthly"]
    made = effects["PV_ROOF"]["size"]["energy_kwh"]["value"]
    assert sum(row["energy_kwh"] for row in months) == pytest.approx(made, rel=1e-6)
    assert effects["BESS"]["billed"]
    assert effects["BESS"]["other_saving_cny_per_year"] > 0
    assert effects["BESS"]["saved"]["electricity"]["value"] < 0, "a battery loses energy"
    assert len(measures.artifacts["dispatch_week"]) == 168
    assert measures.reproducibility.solver_version


# --- finance -------------------------------------------------------------------------------------


def test_finance_gives_all_six_metrics_with_units(sample_job):  # P65, P17
    finance = sample_job.envelopes["finance"]
    wanted = {
        "portfolio_capex": "CNY", "portfolio_opex_y": "CNY/y", "portfolio_npv": "CNY", "portfolio_irr": "1",
        "portfolio_payback_y": "y", "portfolio_mac_y_per_tco2": "CNY/tCO2e",
    }  # fmt: skip
    assert {key: finance.metrics[key].unit for key in wanted} == wanted
    assert all(finance.number(key) is not None for key in wanted)


def test_the_cash_flow_gives_the_metrics_again(sample_job):  # P64, P66, P67
    finance = sample_job.envelopes["finance"]
    flow = np.array([row["cash_cny"] for row in finance.artifacts["portfolio_cashflow"]])
    wacc = finance.artifacts["scenario_params_used"]["wacc"]
    npv = float(np.sum(flow / (1 + wacc) ** np.arange(len(flow))))
    assert npv == pytest.approx(finance.number("portfolio_npv"))
    irr = finance.number("portfolio_irr")
    assert float(np.sum(flow / (1 + irr) ** np.arange(len(flow)))) == pytest.approx(0, abs=1e-3 * abs(flow[0]))
    assert len(finance.artifacts["portfolio_selected"]) == 3
    assert "取前 3 项" in finance.artifacts["portfolio_rule"]
    assert {row["parameter"] for row in finance.artifacts["sensitivity"]} == {
        "electricity_price_y_per_kwh", "gas_price_y_per_nm3", "carbon_price_y_per_tco2", "wacc",
        "heat_price_y_per_gj",
    }, "waste heat is taken: what heat costs moves the value beside the four of every report"  # fmt: skip


def test_default_prices_are_gaps_and_a_review(sample_job):  # P24, P70, P72
    from carbonost import sample_park

    selection, _, data = sample_park()
    scenario = ScenarioParams(region="CN-JS", vintage="latest_published", tariff_region="CN-JS")
    job = run(selection, scenario, data)
    assert "finance.prices: 采用默认值的价格：" in reasons(job, "finance")
    assert "电价、" in reasons(job, "finance")
    assert sum("默认值" in gap.missing for gap in job.envelopes["finance"].data_gaps) == 4
    used = {item.name: item for item in job.envelopes["finance"].assumptions}
    assert used["wacc"].value == 0.08
    assert "specification" in used["wacc"].rationale
    assert not sample_job.envelopes["finance"].artifacts["checks"]["default_prices"]


def test_prices_lives_and_first_costs_are_corrected_and_value_follows():  # P73
    from carbonost import sample_park

    selection, scenario, data = sample_park()
    job = run(selection, scenario, data, auto=False, policy=ReviewPolicy(finance_confidence_min=1.0))
    assert [item.stage for item in job.review_queue] == ["finance"]
    before = job.envelopes["finance"]
    patch = {
        "artifacts.scenario_params_used": {"wacc": 0.12, "capex_multiplier": 1.5},
        "assumptions.life_years.PV_ROOF": 20,
        "assumptions.capex_cny.LED": 1.0,
    }
    job.review(job.review_queue[0].checkpoint_id, status="approved", patch=patch, by="li")
    after = job.envelopes["finance"]
    assert after.number("portfolio_npv") < before.number("portfolio_npv")
    rows = {row["id"]: row for row in after.artifacts["measure_cashflows"]}
    assert rows["PV_ROOF"]["life_years"] == 20
    assert rows["LED"]["capex_cny"] == 1.5
    assert after.artifacts["scenario_params_used"]["wacc"] == 0.12


def test_a_measure_without_a_known_cost_is_a_gap_not_a_price():  # P69
    finance = run(data=ParkData(activities=SPEC_FLOWS, site={"steam_grade": {"temperature_c": 80}})).envelopes[
        "finance"
    ]
    assert all(row["capex_cny"] is not None for row in finance.artifacts["measure_cashflows"])
    assert finance.value("portfolio_mac_y_per_tco2") is None or finance.number("portfolio_abatement_tco2e_y") > 0


# --- report --------------------------------------------------------------------------------------


def test_the_report_has_twelve_chapters_and_its_appendices(sample_job):  # P74, P75, P76, P79
    report = sample_job.envelopes["report"]
    text = report.artifacts["report_markdown"]
    assert sum(line.startswith("## ") for line in text.splitlines()) >= 12
    kinds = {row["kind"] for row in report.artifacts["appendix_params_table"]}
    assert kinds == {"scenario", "assumption", "version"}
    assert report.artifacts["appendix_citations"]
    assert report.value("report_pages_est") > 5
    ids = {row["result_id"] for row in report.artifacts["result_table_for_ui"]}
    assert ids == {e.result_id for name, e in sample_job.envelopes.items() if name != "report"}


def test_the_report_is_as_sure_as_its_weakest_stage(sample_job):  # P80
    others = [e.confidence for name, e in sample_job.envelopes.items() if name != "report"]
    assert sample_job.envelopes["report"].confidence == min(others)


def test_the_report_says_that_the_park_is_made_up(sample_job):
    assert "合成数据" in sample_job.envelopes["report"].artifacts["report_markdown"]


def test_the_same_envelopes_give_the_same_report(sample_job):  # P83
    assert (
        sample_job.report(("md",)).files["md"].decode() == sample_job.envelopes["report"].artifacts["report_markdown"]
    )
    assert sample_job.report(("md",), version="technical").files["md"] != sample_job.report(("md",)).files["md"]


def test_words_may_be_changed_and_figures_not():  # P81, P82
    from carbonost import sample_park
    from carbonost.errors import ReviewError

    job = run(*sample_park(), auto=False, policy=ReviewPolicy(report_confidence_min=1.0))
    item = job.review_queue[0]
    assert item.stage == "report"
    for wrong in ("总量约 12 万吨。", "总量下降三成。", "总量为 {{baseline.unknown}}。", "减半。"):
        with pytest.raises(ReviewError):
            job.review(item.checkpoint_id, status="approved", patch={"artifacts.narrative.risk": wrong}, by="li")
    words = "风险以电价政策为主；总量 {{baseline.total_tco2e_y|万吨|2}}。"
    job.review(item.checkpoint_id, status="approved", patch={"artifacts.narrative.risk": words}, by="li")
    text = job.resume().envelopes["report"].artifacts["report_markdown"]
    assert "风险以电价政策为主；总量 11.44" in text
    assert job.status == "completed"
