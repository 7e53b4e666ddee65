import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.measures import MeasureLibrary, ScoreWeights, parameter, parameters, screen
from carbonost.errors import FileFormatError, InputError

LIBRARY = MeasureLibrary.default()
SITE = {
    "roof_area_m2": 50_000.0,
    "roof_usable_share": 0.5,
    "latitude": 31.4,
    "longitude": 120.7,
    "grid_headroom_kw": 5_000.0,
    "transformer_kva": 20_000.0,
    "tou_tariff": "CN-JS",
    "steam_grade": {"pressure_mpa": 0.3, "temperature_c": 143.0},
    "waste_heat_profile": {"source_temperature_c": 60.0, "heat_gj_per_year": 40_000.0},
    "hot_water_demand": {"temperature_c": 70.0},
    "boiler_efficiency": 0.9,
    "boiler_gas_nm3": 1e6,
    "operating_hours_per_year": 6000.0,
    "motor_list": [{"rated_kw": 75, "poles": 4, "grade": 3, "hours": 6000}],
    "lighting_list": [{"fixtures": 100, "watts_old": 458, "hours": 5000}],
    "compressor_list": [{"power_kw": 250, "hours": 6000}],
    "green_power_contract": {"share": 0.5},
}
BASELINE = {"baseline_electricity_kwh_y": 1.2e8, "baseline_gas_nm3_y": 4e6, "baseline_heat_gj_y": 3e5}


def by_id(site, **options):
    return {one.id: one for one in screen(site, BASELINE, **options).candidates}


def test_a_site_that_tells_everything_misses_nothing():
    """P57: the specification marks every required input missing even where it is supplied."""
    found = screen(SITE, BASELINE)
    assert all(one.missing_inputs == () for one in found.candidates)
    assert found.required_data_for_top10 == ()
    assert found.avg_applicability_score == pytest.approx(LIBRARY.weights.full)
    assert found.gaps == ()


def test_only_what_is_absent_is_missing():
    """P57."""
    found = by_id({key: value for key, value in SITE.items() if key not in ("roof_area_m2", "steam_grade")})
    assert found["PV_ROOF"].missing_inputs == ("roof_area_m2",)
    assert found["HP_STEAM"].missing_inputs == ("steam_grade",)
    assert found["BESS"].missing_inputs == ()


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_empty_answer_is_no_answer(empty):
    assert by_id({**SITE, "steam_grade": empty})["HP_STEAM"].missing_inputs == ("steam_grade",)


def test_zero_is_an_answer():
    found = by_id({**SITE, "grid_headroom_kw": 0.0})
    assert found["EBOILER"].missing_inputs == ()
    assert [one.field for one in found["EBOILER"].violations] == ["grid_headroom_kw"]


def test_missing_data_lower_the_score_and_raise_a_gap_but_drop_nothing():
    """P58."""
    bare, told = screen({}), screen(SITE, BASELINE)
    assert len(bare.candidates) == len(told.candidates) == len(LIBRARY)
    scores = {one.id: one.applicability_score for one in told.candidates}
    assert all(one.applicability_score < scores[one.id] for one in bare.candidates)
    missing = {gap.missing for gap in bare.gaps}
    assert {"roof_area_m2", "tou_tariff", "steam_grade", "waste_heat_profile"} <= missing
    assert all(gap.severity == "high" for gap in bare.gaps if gap.missing == "roof_area_m2")


def test_a_park_without_a_roof_keeps_rooftop_pv_in_the_list_at_zero_with_the_reason():
    """P61."""
    found = screen({**SITE, "roof_area_m2": 0.0}, BASELINE)
    roof = next(one for one in found.candidates if one.id == "PV_ROOF")
    assert roof.applicability_score == 0.0
    assert not roof.feasible
    assert roof.violations[0].reason_zh == "没有屋顶"
    assert roof in found.violated


def test_heat_hotter_than_any_published_heat_pump_is_a_violation():
    hot = by_id({**SITE, "steam_grade": {"temperature_c": 165.0}})["HP_STEAM"]
    assert hot.violations[0].value == 165.0
    needed = by_id({**SITE, "steam_grade": {"temperature_c": 165.0, "process_temperature_c": 120.0}})["HP_STEAM"]
    assert needed.feasible  # the process, not the boiler, decides


def test_a_park_without_heat_has_no_use_for_heat_measures():
    cold = {
        candidate.id: candidate
        for candidate in screen(SITE, {"baseline_heat_gj_y": 0.0, "baseline_gas_nm3_y": 0.0}).candidates
    }
    assert not cold["WHR"].feasible
    assert not cold["HP_STEAM"].feasible


def test_what_the_ten_best_need_is_sorted_and_told_once():
    """P56."""
    needs = screen({"tou_tariff": "CN-JS"}).required_data_for_top10
    assert list(needs) == sorted(set(needs))
    assert "steam_grade" in needs  # asked by two measures


def test_a_candidate_tells_dependencies_risks_and_rivals():
    """P56."""
    found = by_id(SITE)
    assert found["HP_STEAM"].risks
    assert "WHR" in found["HP_STEAM"].competes_with
    assert all(one.name and one.basis for one in found.values())


def test_the_weights_are_stated_and_can_be_changed_but_a_score_is_computed():
    """P59, P62."""
    found = screen(SITE)
    assert {item.name for item in found.assumptions} == {
        "score_weights.full", "score_weights.missing_required", "score_weights.missing_optional", "score_weights.floor",
    }  # fmt: skip
    harsh = ScoreWeights(full=1.0, missing_required=1.0, missing_optional=0.0, floor=0.05)
    assert by_id({}, weights=harsh)["BESS"].applicability_score == 0.05


def test_a_measure_switched_off_is_listed_last_and_counts_no_more():
    """P62."""
    found = screen(SITE, BASELINE, disabled=["PV_ROOF"])
    assert found.candidates[-1].id == "PV_ROOF"
    assert not found.candidates[-1].enabled
    assert "PV_ROOF" not in {one.id for one in found.violated}


subsets = st.sets(st.sampled_from(sorted(SITE)))


@given(subsets)
def test_the_order_is_total_stable_and_ties_are_broken_by_id(kept):
    """P63."""
    site = {name: SITE[name] for name in sorted(kept)}
    shuffled = {name: SITE[name] for name in sorted(kept, reverse=True)}
    found = screen(site, BASELINE)
    assert found == screen(shuffled, BASELINE)
    keys = [(-one.applicability_score, one.id) for one in found.candidates]
    assert keys == sorted(keys)
    assert [one.rank for one in found.candidates] == list(range(1, len(LIBRARY) + 1))


@given(subsets, st.sampled_from(sorted(SITE)))
def test_one_more_answer_never_lowers_a_feasible_measures_score(kept, more):
    before = by_id({name: SITE[name] for name in kept})
    after = by_id({name: SITE[name] for name in {*kept, more}})
    for name, one in after.items():
        assert one.applicability_score >= before[name].applicability_score or not one.feasible


def test_the_library_is_data_with_a_version_and_a_digest():
    """P54."""
    assert len({one.id for one in LIBRARY}) == len(LIBRARY)
    assert {"PV_ROOF", "BESS", "HP_STEAM", "WHR", "LED", "MOTOR", "GREEN_POWER"} <= {one.id for one in LIBRARY}
    assert len(LIBRARY.digest) == 64
    assert LIBRARY.version in screen({}).library


def test_a_library_may_come_from_json_or_yaml(tmp_path):
    body = {
        "name": "own", "version": "1",
        "weights": {"full": 1, "missing_required": 0.5, "missing_optional": 0.1, "floor": 0.1}, "weights_note": "ours",
        "defaults": {}, "measures": [{"id": "X", "name_zh": "甲", "name_en": "A", "effect": "dispatch"}],
    }  # fmt: skip
    from_json = MeasureLibrary.from_text(json.dumps(body))
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    assert MeasureLibrary.from_file(path).digest == from_json.digest
    assert screen({}, library=from_json).candidates[0].id == "X"


@pytest.mark.parametrize(
    "text",
    ["[1]", "{", "name: only", '{"name":"a","version":"1","weights":{},"weights_note":"","defaults":{},"measures":[]}'],
)
def test_a_file_that_is_no_library_is_refused(text):
    with pytest.raises(FileFormatError):
        MeasureLibrary.from_text(text)


def test_an_unknown_measure_and_an_unreadable_file_are_refused(tmp_path):
    with pytest.raises(InputError, match="PV_ROOF"):
        LIBRARY.get("PV_FLOOR")
    with pytest.raises(FileFormatError):
        MeasureLibrary.from_file(tmp_path / "none.json")
    with pytest.raises(InputError):
        ScoreWeights(full=2.0, missing_required=0.0, missing_optional=0.0, floor=0.0)


def test_every_parameter_and_cost_row_of_the_library_stands_in_the_published_table():
    skipped = {"efficiency_table", "grade_to_ie_class", "saving_formula"}  # rows that hold no number
    for one in LIBRARY:
        for name in set(one.parameters) - skipped:
            assert parameter(one.id, name).document
        for row in one.cost_rows:
            assert parameter(one.id, row.parameter).currency in {"CNY", "EUR", "USD"}


def test_every_measure_with_a_model_names_one_that_exists():
    from carbonost.engines.measures.effects import MODELS

    assert {one.effect for one in LIBRARY} <= {*MODELS, "dispatch"}


def test_a_parameter_tells_where_it_stands_and_whether_it_may_be_a_default():
    loss = parameter("PV_ROOF", "degradation_per_year")
    assert loss.usable
    assert loss.region == "DK"
    assert "Danish Energy Agency" in loss.as_evidence().note
    assert not parameter("PV_ROOF", "capex_per_kw_dc_cn_cpia2024").usable
    assert len(parameters("PV_ROOF", "loss_pct_")) == 11
    with pytest.raises(InputError):
        parameter("PV_ROOF", "colour")
