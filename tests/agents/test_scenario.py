import pickle

import pytest

from carbonost import GeoSelection, ScenarioParams
from carbonost.errors import InputError, InputErrors


def test_the_scenario_keeps_the_names_and_defaults_of_the_specification():  # P24
    wanted = {
        "electricity_price_y_per_kwh": 0.75, "gas_price_y_per_nm3": 2.8, "carbon_price_y_per_tco2": 80.0,
        "wacc": 0.08, "horizon_years": 15, "ghg_boundary": "S1S2", "grid_ef_version": "CN-grid-2024-v1",
        "fuel_ef_version": "IPCC-2006-default-v1",
    }  # fmt: skip
    assert {name: getattr(ScenarioParams(), name) for name in wanted} == wanted


def test_every_parameter_has_a_unit_and_every_default_a_source():  # P24
    assert all(ScenarioParams.unit_of(name) for name in ScenarioParams.model_fields)
    assert all(item.source not in ("", "None") for item in ScenarioParams().defaults_used())


def test_a_default_is_told_apart_from_the_same_value_chosen():  # P24
    untouched = {item.name for item in ScenarioParams().defaults_used()}
    chosen = {item.name for item in ScenarioParams(wacc=0.08).defaults_used()}
    assert untouched - chosen == {"wacc"}
    assert {item.name for item in ScenarioParams().defaults_used() if item.price} == set(ScenarioParams.prices())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"wac": 0.08}, "Did you mean 'wacc'"),
        ({"wacc": 8}, "0.08 is 8 %"),
        ({"electricity_price_y_per_kwh": -1}, "CNY/kWh"),
        ({"wacc": float("nan")}, "finite"),
        ({"horizon_years": 0}, "years"),
        ({"gwp": "AR3"}, "'AR4', 'AR5' or 'AR6'"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name_with_its_unit(given, words):
    with pytest.raises(InputError) as caught:
        ScenarioParams(**given)
    assert words in str(caught.value)
    assert caught.value.field == next(iter(given))


def test_several_faults_come_together():
    with pytest.raises(InputErrors) as caught:
        ScenarioParams(wacc=8, horizon_years=0, nonsense=1)
    assert {fault.field for fault in caught.value.exceptions} == {"wacc", "horizon_years", "nonsense"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"type": "polygon", "geometry": "320500"}, "GeoJSON Polygon"),
        ({"type": "polygon", "geometry": {"type": "Point", "coordinates": [1, 2]}}, "GeoJSON Polygon"),
        ({"type": "polygon", "geometry": {"type": "Feature", "geometry": None}}, "not a geometry"),
        ({"type": "admin_code", "geometry": 320500}, "six-digit code"),
        ({"type": "park_id", "geometry": " "}, "the park's id"),
        ({"type": "circle", "geometry": "x"}, "'polygon', 'admin_code' or 'park_id'"),
        ({"type": "park_id", "geometry": "x", "datum": "BJ54"}, "WGS84"),
        ({"type": "park_id"}, "needs this field"),
    ],
)
def test_a_selection_is_what_its_type_says(given, words):  # P26
    with pytest.raises(InputError) as caught:
        GeoSelection(**given)
    assert words in str(caught.value)


def test_both_pickle_and_do_not_change():
    selection = GeoSelection(type="admin_code", geometry="320500")
    assert pickle.loads(pickle.dumps(selection)) == selection  # noqa: S301 -- our own bytes
    scenario = pickle.loads(pickle.dumps(ScenarioParams(wacc=0.1)))  # noqa: S301 -- our own bytes
    assert scenario.defaults_used() == ScenarioParams(wacc=0.1).defaults_used()
    with pytest.raises(ValueError, match="frozen"):
        selection.geometry = "x"
