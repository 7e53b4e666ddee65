"""P44, P46, P48, P50, P66: what a verifier of the sample park and of small parks asked the stages to say."""

from datetime import date

import pandas as pd
import pytest

from carbonost import GeoSelection, ParkData, PipelineBuilder, ScenarioParams, sample_park
from carbonost.agents.stages.baseline import BaselineStage
from carbonost.agents.stages.geo import GeoStage
from carbonost.factors import FactorLibrary

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[120.0, 30.0], [120.2, 30.0], [120.2, 30.2], [120.0, 30.2], [120.0, 30.0]]],
}
ENTITIES = [{"id": "A", "name": "甲"}, {"id": "B", "name": "乙"}]


def baseline(data, **scenario):
    terms = {"region": "CN-JS", "accounting_year": 2023} | scenario
    selection = GeoSelection(type="polygon", geometry=SQUARE, datum="WGS84")
    job = PipelineBuilder().build().run(selection, ScenarioParams(**terms), ParkData(**data), auto_approve=True)
    return job.envelopes["baseline"]


def bill(**changes):
    year = {"period_start": date(2023, 1, 1), "period_end": date(2023, 12, 31)}
    return {"energy_type": "electricity", "consumption": 100, "unit": "万kWh", "facility": "A"} | year | changes


def readings(points, freq="1h", kwh=100.0):
    start = pd.date_range("2023-01-01", "2024-01-01", freq=freq, inclusive="left", tz="Asia/Shanghai")
    one = {"start": start, "energy_type": "electricity", "value": kwh, "unit": "kWh"}
    return pd.concat([pd.DataFrame({**one, "point": point}) for point in points], ignore_index=True)


def missing(envelope):
    return {gap.missing: gap.severity for gap in envelope.data_gaps}


@pytest.mark.parametrize("version", ["CN-grid-2023", "cn.grid.2023.province.js", None])
def test_a_grid_version_asked_for_leaves_the_residual_mix_in_the_market_total(version):
    """MEE/NBS No. 47 of 2025, tables 3 and 4: Jiangsu 0.5827, average without traded non-fossil power 0.6096."""
    asked = {} if version is None else {"grid_ef_version": version}
    found = baseline({"activities": [bill()], "entities": ENTITIES[:1]}, **asked)
    assert found.number("S2_tco2e_y") == pytest.approx(582.7)
    assert found.number("S2_market_tco2e_y") == pytest.approx(609.6)
    factors = {row["energy_type"]: row for row in found.artifacts["factors"]}
    residual = factors["electricity_residual"]
    assert residual["value"] == pytest.approx(0.6096)
    assert "2025年第47号" in residual["document"]


def test_a_bill_across_the_year_end_keeps_its_own_factor():
    own = {"value": 0.2, "unit": "kgCO2e/kWh", "source": "supplier"}
    across = bill(period_start=date(2022, 7, 1), period_end=date(2023, 6, 30), factor=own)
    found = baseline({"activities": [across], "entities": ENTITIES[:1]})
    assert found.number("S2_tco2e_y") == pytest.approx(1_000_000 * 181 / 365 * 0.2 / 1000)


@pytest.mark.parametrize("points", [("PARK", "A-M1", "B-M1"), ("A", "A-M1")])
def test_a_meter_that_may_stand_above_others_is_a_grave_gap(points):
    found = baseline({"meters": readings(points), "entities": ENTITIES})
    assert missing(found)[f"电力计量点的层级（{points[0]} 是否为总表）"] == "high"


def test_meters_side_by_side_raise_no_question():
    found = baseline({"meters": readings(("A-M1", "A-M2", "B-M1")), "entities": ENTITIES})
    assert not any("层级" in name for name in missing(found))


def test_a_declared_total_above_the_meters_counts_with_its_remainder():
    given = {"meters": readings(("A-M1",)), "activities": [bill(facility=None, consumption=1000)], "entities": ENTITIES}
    found = baseline(given)
    assert found.number("baseline_electricity_kwh_y") == 10_000_000
    assert missing(found)["电力园区合计申报量 10,000,000 大于计量合计 876,000"] == "low"
    shares = {row["method"]: row["share"] for row in found.artifacts["baseline_method"]}
    assert shares == pytest.approx({"meter": 0.0876, "declared": 0.9124})


def test_a_remainder_leaves_out_what_another_firm_declared_itself():
    rows = [bill(facility=None, consumption=1000), bill(facility="B", consumption=100)]
    found = baseline({"meters": readings(("A-M1",)), "activities": rows, "entities": ENTITIES})
    assert found.number("baseline_electricity_kwh_y") == pytest.approx(10_000_000)
    small = [bill(facility=None, consumption=80)]
    under = baseline({"meters": readings(("A-M1",)), "activities": small, "entities": ENTITIES[:1]})
    assert under.number("baseline_electricity_kwh_y") == 876_000


def test_twelve_monthly_readings_cover_a_year():
    found = baseline({"meters": readings(("A-M1",), freq="MS", kwh=1e5), "entities": ENTITIES[:1]})
    assert found.number("baseline_electricity_kwh_y") == 1_200_000
    assert not any("部分计量读数" in name for name in missing(found))


def test_a_factor_of_one_source_is_a_gap_by_its_id(sample_job):
    """The heating value of diesel in the sample's parameter set stands in one transcription only."""
    named = [name for name in missing(sample_job.envelopes["baseline"]) if name.startswith("排放因子的第二来源")]
    assert named == ["排放因子的第二来源（ndrc.other.diesel）"]


def test_parameters_used_name_the_versions_that_were_used(sample_job):
    used = sample_job.envelopes["finance"].artifacts["scenario_params_used"]
    assert used["grid_ef_version"] == "cn.grid.2023.province.js"
    assert used["fuel_ef_version"] == "ndrc.other"


def test_what_the_value_rests_on_is_stated_as_grave(sample_job):
    told = {item.name: item.sensitivity for item in sample_job.envelopes["finance"].assumptions}
    assert told["avoided_emissions_are_paid"] == "high"
    assert told["saved_electricity_is_priced_flat"] == "medium"
    assert told["billed_saving_moves_with_price"] == "medium"
    assert any(item.name == "dispatch_foresight" for item in sample_job.envelopes["measures"].assumptions)


def test_without_a_word_on_fuels_scope_1_is_unknown_and_not_zero():
    """P48: what nobody declared is a gap; the electricity of the year is stated all the same."""
    silent = baseline({"activities": [bill()], "entities": ENTITIES[:1]})
    for key in ("S1_tco2e_y", "total_tco2e_y", "total_market_tco2e_y"):
        assert silent.value(key) is None
    assert silent.number("S2_tco2e_y") == pytest.approx(582.7)
    assert silent.number("S2_market_tco2e_y") == pytest.approx(609.6)
    assert missing(silent)["燃料与其他范围一活动数据"] == "high"
    said = baseline({"activities": [bill()], "entities": ENTITIES[:1], "site": {"no_fuels": True}})
    assert said.number("S1_tco2e_y") == 0
    assert said.number("total_tco2e_y") == pytest.approx(582.7)
    assert "燃料与其他范围一活动数据" not in missing(said)


def test_the_roof_is_valued_on_the_bill_and_still_moves_with_the_price(sample_job):
    """P66: 17.13 GWh of own use at the tariff's hours are 0.640 CNY/kWh, not the flat 0.68."""
    effects = {row["id"]: row for row in sample_job.envelopes["measures"].artifacts["effects"]}
    roof = effects["PV_ROOF"]
    assert roof["billed"]
    per_kwh = roof["other_saving_cny_per_year"] / roof["saved"]["electricity"]["value"]
    assert per_kwh == pytest.approx(0.640, abs=5e-4)
    finance = sample_job.envelopes["finance"]
    bars = {row["parameter"]: row for row in finance.artifacts["sensitivity"]}
    base = finance.number("portfolio_npv")
    power = bars["electricity_price_y_per_kwh"]
    assert power["npv_high_cny"] - base == pytest.approx(base - power["npv_low_cny"], rel=0.02)
    assert power["npv_high_cny"] - base > 0.2 * base
    assert {row["id"]: row["lcoe_cny_per_kwh"] for row in finance.artifacts["measure_cashflows"]}[
        "PV_ROOF"
    ] == pytest.approx(0.33156, abs=1e-5)


def told(envelope):
    return {item.name: item for item in envelope.assumptions}


def test_conventions_reach_the_report_in_its_language(sample_job):
    base, finance = (told(sample_job.envelopes[name]) for name in ("baseline", "finance"))
    said = base["电力（CN-JS）：2025 年度采用 2023 数据年因子（latest_published 规则）"]
    assert said.value == "是"
    assert not any(" in CN" in name for name in base)
    assert (finance["tax_rate"].unit, finance["depreciation_years"].unit) == ("1", "年")
    assert "税法未规定残值率" in finance["residual_share"].rationale
    years = {row["energy_type"]: row["data_year"] for row in sample_job.envelopes["baseline"].artifacts["factors"]}
    assert years["electricity"] == "2023"
    assert years["natural_gas"] == "未注明数据年", "a fuel set's name is no year"


def test_a_factor_two_years_old_is_a_small_gap(sample_job):
    """P50: the accounting year 2025 stands on grid factors of data year 2023."""
    named = [name for name in missing(sample_job.envelopes["baseline"]) if "数据年的排放因子" in name]
    assert named == ["2024 至 2025 数据年的排放因子（现用 cn.grid.2023.province.js，2023 数据年）"]
    fresh = baseline({"activities": [bill()], "entities": ENTITIES[:1]})
    assert not any("数据年的排放因子" in name for name in missing(fresh))


def test_two_totals_of_two_data_years_are_said():
    year = {"period_start": date(2024, 1, 1), "period_end": date(2024, 12, 31)}
    data = {"activities": [bill(**year)], "entities": ENTITIES[:1]}
    found = baseline(data, accounting_year=2024, vintage="latest_published")
    assert told(found)["scope2_data_years_differ"].value == "2022 / 2023"


def test_a_suppliers_own_factor_is_said_to_stand_in_both_totals():
    own = {"value": 0.2, "unit": "kgCO2e/kWh", "source": "supplier"}
    found = baseline({"activities": [bill(factor=own)], "entities": ENTITIES[:1]})
    assert any("同时用于范围二两个总量" in name for name in told(found))


def test_a_report_introduces_itself_in_one_line(sample_job):
    assert len(repr(sample_job.report(("md",)))) < 120


def months_of_bills(*months):
    return [bill(period_start=date(2023, m, 1), period_end=date(2023, m, 28), id=f"bill-{m}") for m in months]


def test_a_month_without_a_bill_is_a_gap_and_prints_no_zero():
    """P45, P48: eleven of twelve bills would make a year a twelfth low, and say nothing."""
    found = baseline({"activities": months_of_bills(*range(1, 3), *range(4, 13)), "entities": ENTITIES})
    told = {name: severity for name, severity in missing(found).items() if "申报（缺" in name}
    assert len(told) == 1
    assert next(iter(told)).startswith("A 的电力申报（缺 ")
    monthly = {row["month"]: row["electricity_kwh"] for row in found.artifacts["monthly"]}
    assert monthly["2023-03"] is None
    assert monthly["2023-02"] == pytest.approx(1e6)


def test_a_year_of_bills_and_a_load_of_diesel_leave_no_day_unsaid():
    diesel = bill(energy_type="mobile_diesel", consumption=3, unit="t", period_end=date(2023, 1, 31), id="diesel")
    found = baseline({"activities": [bill(), diesel], "entities": ENTITIES})
    assert not [name for name in missing(found) if "申报（缺" in name]


def test_a_pipeline_counts_with_the_factors_it_is_given_and_says_which_code_counted():
    """P16, P46: own electricity factors move scope 2 alone; the library, code and container are in the envelope."""
    frame = FactorLibrary.default().to_frame()
    grid = frame["energy_type"].eq("electricity") & frame["region"].str.startswith("CN")
    frame.loc[grid, "value"] *= 0.9
    own = FactorLibrary.from_frame(frame)
    asked = PipelineBuilder.of(GeoStage(), BaselineStage())
    before = asked.build().run(*sample_park(), auto_approve=True).envelopes["baseline"]
    asked.with_factors(own).with_versions(code_commit="4f2a9c1", container_digest="sha256:9d1e")
    after = asked.build().run(*sample_park(), auto_approve=True).envelopes["baseline"]
    assert after.number("S1_tco2e_y") == before.number("S1_tco2e_y")
    assert 0.89 < after.number("S2_tco2e_y") / before.number("S2_tco2e_y") < 0.95  # bought heat stays as it was
    assert own.digest in {item.version for item in after.evidence}
    assert (after.reproducibility.code_commit, after.reproducibility.container_digest) == ("4f2a9c1", "sha256:9d1e")
    assert after.reproducibility.param_version != before.reproducibility.param_version
