"""The indicator page and annual energy of the national zero-carbon-park method."""

import numpy as np
import pytest

from carbonost.engines.carbon.park.energy import coal_equivalents
from carbonost.engines.carbon.park.guide import indicators
from carbonost.engines.carbon.park.method import ParkBalance, ParkMethod
from carbonost.errors import InputError, OverclaimError, UnitError

METHOD = ParkMethod.packaged()
PARK = ParkBalance(20_000.0, 0.0, 5_000.0, 400e6, 300e6, 100e6, 0.0, 2_200.0, 20_000.0, 300_000.0, 0.0003)
POWER = {"value": 0.2995, "unit": "kgce/kWh", "year": 2024, "source": "an annual statistical bulletin"}


def test_the_page_has_the_core_indicator_five_guides_and_direct_supply():
    page = indicators(
        PARK,
        METHOD,
        {
            "clean_energy_share": {"clean_tce": 270_000.0},
            "product_energy_grade": {"cement": 1, "steel": 3},
            "solid_waste_use_share": {"used_t": 850.0, "generated_t": 1000.0, "evidence": "waste ledger 2025"},
            "waste_heat_use_share": [{"used_gj": 10.0, "available_gj": 40.0}, {"used_gj": 30.0, "available_gj": 60.0}],
            "water_reuse_share": {"excluded": "no industrial water in the park"},
        },
    ).set_index("indicator")
    assert page["value"].drop("core_intensity").to_dict() == pytest.approx(
        {
            "clean_energy_share": 0.9,
            "product_energy_grade": 3,
            "solid_waste_use_share": 0.85,
            "waste_heat_use_share": 0.4,
            "water_reuse_share": np.nan,
            "direct_supply_share": 0.5,
        },
        nan_ok=True,
    )
    assert page["met"].tolist() == [False, True, False, True, False, None, True]
    assert page.loc["core_intensity", "gap"] == pytest.approx(110_450 / 300_000 - 0.2)
    assert page.loc["waste_heat_use_share", "gap"] == pytest.approx(0.1)
    assert page.loc["water_reuse_share", "status"] == "excluded"
    assert "no industrial water in the park" in page.loc["water_reuse_share", "evidence"]
    assert "steel" in page.loc["product_energy_grade", "evidence"]
    assert page.loc["solid_waste_use_share", "evidence"] == "waste ledger 2025"


def test_what_is_not_given_is_not_invented():
    page = indicators(PARK, METHOD).set_index("indicator")
    assert page.loc["clean_energy_share", "status"] == "not_given"
    assert page.loc["clean_energy_share", "met"] is None
    assert np.isnan(page.loc["clean_energy_share", "value"])


@pytest.mark.parametrize(
    ("guide", "error"),
    [
        ({"happiness": 1.0}, InputError),
        ({"water_reuse_share": 80.0}, InputError),
        ({"water_reuse_share": {"reused_m3": 5.0}}, InputError),
        ({"solid_waste_use_share": {"used_t": 5.0, "generated_t": 4.0}}, OverclaimError),
    ],
)
def test_an_indicator_that_cannot_be_is_refused(guide, error):
    with pytest.raises(error):
        indicators(PARK, METHOD, guide)


def test_electricity_at_equivalent_value_must_be_given_with_year_and_source():
    _, _, gaps = coal_equivalents(["electricity"], {})
    assert "等价值" in gaps[0].missing
    for gone in ("year", "source", "unit"):
        with pytest.raises(InputError, match=gone):
            coal_equivalents(["electricity"], {"electricity": {k: v for k, v in POWER.items() if k != gone}})
    with pytest.raises(InputError, match="year"):
        coal_equivalents(["electricity"], {"electricity": 0.3})


def test_the_calorific_value_cannot_pass_for_the_equivalent_value():
    for wrong in ({**POWER, "value": 0.1229}, "cn.tce.electricity"):
        with pytest.raises(InputError, match="等价值"):
            coal_equivalents(["electricity"], {"electricity": wrong})


def test_coefficients_speak_any_unit_of_their_carrier():
    found, _, _ = coal_equivalents(
        ["electricity", "natural_gas", "diesel"],
        {
            "electricity": {**POWER, "value": 2.995, "unit": "tce/万kWh"},
            "natural_gas": {"value": 1.2, "unit": "kgce/Nm3", "source": "supplier"},
            "diesel": "cn.tce.diesel",
        },
    )
    assert found["electricity"].of("MWh") == pytest.approx(0.2995)
    assert found["natural_gas"].of("万Nm3") == pytest.approx(12.0)
    assert found["diesel"].of("t") == pytest.approx(1.4571)
    assert found["diesel"].of("tce") == pytest.approx(1.0)
    assert found["electricity"].year == 2024
    with pytest.raises(UnitError, match="per L"):
        found["diesel"].of("L")


def test_a_packaged_coefficient_nobody_asked_for_is_listed_as_an_assumption():
    found, assumptions, gaps = coal_equivalents(["heat", "natural_gas"], {})
    assert assumptions[0].name == "coal_equivalent.heat"
    assert "GB/T 2589" in assumptions[0].rationale
    assert set(found) == {"heat"}
    assert "natural_gas" in gaps[0].missing


@pytest.mark.parametrize(
    ("coefficient", "error"),
    [
        ({"value": 1.0, "unit": "GJ/t", "source": "s"}, UnitError),
        ("cn.tce.unobtainium", InputError),
        ({"value": -1.0, "unit": "kgce/kg", "source": "s"}, InputError),
    ],
)
def test_a_coefficient_that_is_none_is_refused(coefficient, error):
    with pytest.raises(error):
        coal_equivalents(["diesel"], {"diesel": coefficient})


def test_without_any_contract_direct_supply_is_not_given_and_no_zero():
    silent = ParkBalance(20_000.0, 0.0, 5_000.0, 0.0, 0.0, 400e6, 0.0, 2_200.0, 20_000.0, 300_000.0, 0.0003)
    row = indicators(silent, METHOD).set_index("indicator").loc["direct_supply_share"]
    assert row["status"] == "not_given"
    assert row["met"] is None
    assert row["evidence"] == "未提供"
    green_only = ParkBalance(20_000.0, 0.0, 5_000.0, 0.0, 100e6, 300e6, 0.0, 2_200.0, 20_000.0, 300_000.0, 0.0003)
    told = indicators(green_only, METHOD).set_index("indicator").loc["direct_supply_share"]
    assert (told["value"], told["met"]) == (0.0, False)
