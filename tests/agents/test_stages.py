"""P6, P24, P48, P54 to P84: the whole job, measures, finance and report."""

import numpy as np
import parks
import pytest

from carbonost import GeoSelection, ParkData, ScenarioParams
from carbonost.agents.policy import ReviewPolicy
from carbonost.errors import InputError


def test_the_main_job_runs_offline_in_one_call(sample_job):  # P6
    assert sample_job.status == "completed"
    assert list(sample_job.envelopes) == ["geo", "baseline", "measures", "finance", "report"]


def test_the_graph_has_the_edges_of_the_specification(sample_pipeline):  # P84
    edges = sample_pipeline.describe()["edges"]
    stages = ("geo", "baseline", "measures", "finance", "report")
    assert edges == ["START", *(part for name in stages for part in (name, f"review_{name}?")), "END"]


def test_a_park_of_nothing_states_gaps_and_no_figure():  # P48, P76
    job = parks.run(GeoSelection(type="park_id", geometry="P1"))
    assert job.status == "completed"
    for stage, key in (("baseline", "total_tco2e_y"), ("baseline", "S2_tco2e_y"), ("finance", "portfolio_npv")):
        assert job.envelopes[stage].value(key) is None
    assert parks.gaps(job, "baseline")["用电量"].severity == "high"
    assert "园区边界" in parks.gaps(job, "geo")
    assert "数据缺失" in job.envelopes["report"].artifacts["report_markdown"]


def test_without_a_year_the_refusal_names_the_field():
    with pytest.raises(InputError, match="accounting_year"):
        parks.run(scenario=ScenarioParams())


def test_missing_inputs_name_only_what_is_missing(sample_job):  # P54, P57
    rows = {row["id"]: row for row in sample_job.envelopes["measures"].artifacts["candidates"]}
    assert rows["PV_ROOF"]["missing_inputs"] == []
    assert rows["BESS"]["missing_inputs"] == []
    bare = parks.run(data=ParkData(activities=parks.SPEC_FLOWS)).envelopes["measures"]
    assert "roof_area_m2" in {
        n for row in bare.artifacts["candidates"] if row["id"] == "PV_ROOF" for n in row["missing_inputs"]
    }


def test_missing_data_lower_a_score_and_drop_nothing(sample_job):  # P55, P56, P58
    full = sample_job.envelopes["measures"]
    bare = parks.run(data=ParkData(activities=parks.SPEC_FLOWS)).envelopes["measures"]
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
    job = parks.run(data=ParkData(activities=parks.SPEC_FLOWS), auto=False)
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
    job = parks.run(selection, scenario, data)
    assert "finance.prices: 采用默认值的价格：" in parks.reasons(job, "finance")
    assert "电价、" in parks.reasons(job, "finance")
    assert sum("默认值" in gap.missing for gap in job.envelopes["finance"].data_gaps) == 4
    used = {item.name: item for item in job.envelopes["finance"].assumptions}
    assert used["wacc"].value == 0.08
    assert "specification" in used["wacc"].rationale
    assert not sample_job.envelopes["finance"].artifacts["checks"]["default_prices"]


def test_prices_lives_and_first_costs_are_corrected_and_value_follows():  # P73
    from carbonost import sample_park

    selection, scenario, data = sample_park()
    job = parks.run(selection, scenario, data, auto=False, policy=ReviewPolicy(finance_confidence_min=1.0))
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
    finance = parks.run(
        data=ParkData(activities=parks.SPEC_FLOWS, site={"steam_grade": {"temperature_c": 80}})
    ).envelopes["finance"]
    assert all(row["capex_cny"] is not None for row in finance.artifacts["measure_cashflows"])
    assert finance.value("portfolio_mac_y_per_tco2") is None or finance.number("portfolio_abatement_tco2e_y") > 0


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

    job = parks.run(*sample_park(), auto=False, policy=ReviewPolicy(report_confidence_min=1.0))
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
