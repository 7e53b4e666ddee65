"""Units of activity data (S17, issue item 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost import units
from carbonost.errors import AmbiguousUnitError, UnitError

ENERGY = ["kWh", "万kWh", "MWh", "GWh", "MJ", "GJ", "TJ", "mmBtu"]


@pytest.mark.parametrize(
    ("key", "unit", "scale"),
    [
        ("electricity", "kWh", 1.0),
        ("electricity", "万kWh", 10_000.0),
        ("electricity", "MWh", 1000.0),
        ("electricity", "度", 1.0),
        ("heat", "MJ", 1e-3),
        ("heat", "kWh", 3.6e-3),
        ("natural_gas", "Nm3", 1.0),
        ("natural_gas", "万Nm³", 10_000.0),
        ("natural_gas", "tce", 29.307),
        ("natural_gas", "TJ", 1000.0),
        ("diesel", "kg", 1e-3),
        ("anthracite", "short_ton", 0.90718474),
        ("anthracite", "kgce", 29.307e-3),
        ("r-410a", "kg", 1e-3),
        ("freight_by_road", "tonne.km", 1.0),
        ("water_supply", "million litres", 1000.0),
    ],
)
def test_each_unit_scales_to_the_canonical_unit_of_its_carrier(key, unit, scale):
    assert units.compile(key, unit) == pytest.approx(scale, rel=1e-12)


def test_a_cubic_metre_at_20_degrees_is_6_8_percent_less_gas_than_at_0_degrees():
    assert units.compile("natural_gas", "m3@20C") == pytest.approx(273.15 / 293.15, rel=1e-12)


def test_a_plain_cubic_metre_of_fuel_gas_is_refused_with_both_conditions_named():
    with pytest.raises(AmbiguousUnitError, match=r"0 °C.*20 °C"):
        units.compile("natural_gas", "m3")
    assert units.compile("natural_gas", "m3", strict=False) == 1.0
    assert units.compile("water_supply", "m3") == 1.0


def test_gross_energy_becomes_net_by_the_published_share_of_the_phase():
    """IPCC 2006 vol. 2 section 1.4.1.2: about 10 % less for gas, 5 % for coal and oil."""
    assert units.compile("natural_gas", "GJ_HHV") == pytest.approx(0.90)
    assert units.compile("diesel", "GJ_HHV") == pytest.approx(0.95)
    assert units.compile("natural_gas", "kWh (Gross CV)") == pytest.approx(0.9 * 0.0036)
    assert units.compile("natural_gas", "kWh (Net CV)") == pytest.approx(0.0036)


@pytest.mark.parametrize("word", ["ton", "MT", "tons"])
def test_a_ton_is_asked_which(word):
    with pytest.raises(AmbiguousUnitError, match="say which"):
        units.compile("diesel", word)


def test_pints_own_traps_are_closed():
    assert units.compile("anthracite", "kt") == pytest.approx(1000.0)  # not knots
    with pytest.raises(UnitError):
        units.normalise("year")  # not 8766 h
    with pytest.raises(UnitError):
        units.normalise("knot")


@pytest.mark.parametrize(
    ("key", "unit", "hint"),
    [
        ("electricity", "kg", "kWh"),
        ("electricity", "tce", "kWh"),
        ("diesel", "L", "density"),
        ("diesel", "US_gallon", "density"),
        ("anthracite", "Nm3", "t or kg"),
        ("steam", "t", "steam_heat"),
        ("heat", "GJ_HHV", "GJ"),
        ("natural_gas", "km", "Nm3"),
        ("electricity", "kWhh", "kWh"),
    ],
)
def test_an_impossible_unit_is_refused_by_name_with_the_remedy(key, unit, hint):
    with pytest.raises(UnitError, match=hint) as caught:
        units.compile(key, unit)
    assert caught.value.field == "unit"
    assert caught.value.value == unit


@given(st.sampled_from(ENERGY), st.sampled_from(ENERGY), st.sampled_from(["electricity", "heat", "natural_gas"]))
def test_there_and_back_is_the_same_amount(one, other, key):
    assert units.ratio(key, one, other) * units.ratio(key, other, one) == pytest.approx(1.0, rel=1e-14)


@given(st.sampled_from(ENERGY), st.sampled_from(ENERGY), st.sampled_from(ENERGY))
def test_the_way_does_not_matter(one, two, three):
    via = units.ratio("heat", one, two) * units.ratio("heat", two, three)
    assert via == pytest.approx(units.ratio("heat", one, three), rel=1e-14)


@given(st.text(max_size=12))
def test_any_text_is_either_a_unit_or_a_unit_error(text):
    try:
        word = units.normalise(text)
    except UnitError:
        return
    assert units.normalise(word) == word


def test_a_factor_on_gross_energy_asks_a_row_for_its_basis():
    with pytest.raises(AmbiguousUnitError, match="Gross CV"):
        units.ratio("natural_gas", "kWh", "kWh (Gross CV)")
    assert units.ratio("natural_gas", "GJ_HHV", "mmBtu", gross=True) == pytest.approx(1 / 1.05505585262)


def test_a_factors_unit_is_read_whole():
    assert units.factor_unit("lbCO2/MWh") == (pytest.approx(0.00045359237), "CO2", "MWh")
    assert units.factor_unit("kgCO2e/kWh (Net CV)").per == "kWh_LHV"
    with pytest.raises(UnitError, match="kgCO2e/kWh"):
        units.factor_unit("0.58 per kWh")


def test_a_quantity_converts_adds_and_refuses():
    assert units.Quantity(2.5, "MWh").to("kWh") == units.Quantity(2500.0, "kWh")
    assert (units.Quantity(1, "t") + units.Quantity(500, "kg")).value == pytest.approx(1.5)
    assert (2 * units.Quantity(3, "GJ")).value == 6
    assert str(units.Quantity(1, "tCO2e")) == "Quantity(value=1, unit='tCO2e')"
    with pytest.raises(UnitError):
        units.Quantity(1, "kvar").to("kWh")
    with pytest.raises(UnitError):
        units.Quantity(1, "furlong")
