"""S43, P56: what a park says of its site is refused where it is read, with file, field, value and remedy."""

import numpy as np
import pytest

from carbonost import ParkData, sample_park
from carbonost.domain.site import NUMBERS, ROWS, site_faults
from carbonost.engines.measures import MeasureLibrary
from carbonost.errors import InputError, InputErrors
from carbonost.ingestion.park import read_park


def told(site):
    with pytest.raises(InputError) as caught:
        ParkData(site=site)
    return [(fault.field, fault.value) for fault in getattr(caught.value, "exceptions", (caught.value,))]


@pytest.mark.parametrize(
    ("site", "field", "value"),
    [
        ({"roof_area_m2": "两万"}, "site.roof_area_m2", "两万"),
        ({"roof_area_m2": "20000"}, "site.roof_area_m2", "20000"),
        ({"roof_area_m2": True}, "site.roof_area_m2", True),
        ({"grid_headroom_kw": -1}, "site.grid_headroom_kw", -1),
        ({"grid_headroom_kw": float("inf")}, "site.grid_headroom_kw", float("inf")),
        ({"roof_usable_share": 55}, "site.roof_usable_share", 55),
        ({"boiler_efficiency": 92}, "site.boiler_efficiency", 92),
        ({"latitude": 120.7}, "site.latitude", 120.7),
        ({"steam_grade": {"temperature_c": "中温"}}, "site.steam_grade.temperature_c", "中温"),
        ({"motor_list": [{"rated_kw": "75kW"}]}, "site.motor_list[0].rated_kw", "75kW"),
        ({"motor_list": {"rated_kw": 75, "hours": 9000}}, "site.motor_list[0].hours", 9000),
        ({"lighting_list": "LED"}, "site.lighting_list", "LED"),
        ({"compressor_list": ["one"]}, "site.compressor_list[0]", "one"),
        ({"no_fuels": "yes"}, "site.no_fuels", "yes"),
        ({"life_years": {"LED": 0}}, "site.life_years.LED", 0),
        ({"life_years": 10}, "site.life_years", 10),
        ({"capex": {"PV_ROOF": {"cny_per_kw": "2750元"}}}, "site.capex.PV_ROOF.cny_per_kw", "2750元"),
        ({"contracts": [{"kind": "raffle", "energy_kwh": 1}]}, "site.contracts[0].kind", "raffle"),
        ({"contracts": "GEC"}, "site.contracts", "GEC"),
        ({"contracts": [1]}, "site.contracts[0]", 1),
    ],
)
def test_a_wrong_fact_is_refused_by_its_field(site, field, value):
    assert told(site) == [(field, value)]


def test_all_wrong_facts_come_together_and_name_the_file(tmp_path):
    park = "selection: {type: park_id, geometry: P1}\nscenario: {region: CN-JS}\n"
    path = tmp_path / "park.yaml"
    path.write_text(park + "site: {roof_area_m2: 两万, roof_usable_share: 55}\n", "utf-8")
    with pytest.raises(InputErrors) as caught:
        read_park(path)
    fields = [fault.field for fault in caught.value.exceptions]
    assert fields == ["park.yaml: site.roof_area_m2", "park.yaml: site.roof_usable_share"]
    assert "'两万': must be one number. The unit ends the name: write plain digits" in str(caught.value)


def test_what_is_not_known_and_what_is_somebodys_own_pass():
    site = {"roof_area_m2": None, "capex": {}, "motor_list": [], "my_own_fact": "两万", "steam_grade": "中压"}
    assert ParkData(site=site).site["my_own_fact"] == "两万"
    assert site_faults(sample_park()[2].site) == []


def test_a_number_of_numpy_is_a_number():
    assert ParkData(site={"roof_area_m2": np.int64(5), "pv_capacity_kw": np.float64(2.5)}).site == {
        "roof_area_m2": 5,
        "pv_capacity_kw": 2.5,
    }


def test_every_input_the_measures_ask_for_is_held_to_its_kind():
    asked = {n for one in MeasureLibrary.default() for n in (*one.required_inputs, *one.optional_inputs)}
    known = {name.split(".", maxsplit=1)[0] for name in (*NUMBERS, *ROWS)}
    assert asked - known == {"tou_tariff"}  # any text names a tariff
