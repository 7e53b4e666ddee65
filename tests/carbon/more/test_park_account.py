"""A park's year through the calculator, by the national zero-carbon-park method."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.carbon import zero_carbon_park
from carbonost.engines.carbon.calculator import CarbonCalculator
from carbonost.errors import InputError, OverclaimError

CALC = CarbonCalculator(parameter_set="gbt32151.22-2024")
YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31", "region": "CN-JS"}
COAL = {"value": 26.7 / 29.307, "unit": "kgce/kg", "source": "park laboratory"}
POWER = {"value": 0.3, "unit": "kgce/kWh", "year": 2024, "source": "annual bulletin"}
COEFFICIENTS = {"electricity": POWER, "anthracite": COAL}


def row(carrier, amount, unit, category=None, **more):
    return {"energy_type": carrier, "consumption": amount, "unit": unit, "category": category, **YEAR, **more}


ACTIVITIES = [
    row("electricity", 80_000.0, "万kWh"),
    row("electricity", 1_000.0, "万kWh", "export"),
    row("anthracite", 10_000.0, "t"),
    row("anthracite", 500.0, "t", "feedstock"),
    row("heat", 30_000.0, "GJ"),
    row("heat", 5_000.0, "GJ", "nonfossil_import"),
    row("r-410a", 100.0, "kg"),
]
CONTRACTS = [
    {"kind": "direct", "energy_kwh": 300e6},
    {"kind": "GEC", "energy_kwh": 100e6},
    {"kind": "supplier", "energy_kwh": 50e6, "factor_kg_per_kwh": 0.2},
]
PRODUCTS = [{"product": "quicklime", "output_t": 10_000.0, "factor_t_per_t": 0.7, "source": "mass balance 2025"}]


def park(activities=ACTIVITIES, contracts=CONTRACTS, products=PRODUCTS, coefficients=COEFFICIENTS, **more):
    return zero_carbon_park(CALC.calculate, activities, contracts, products, coefficients, **more)


def test_a_park_by_hand():
    """Coal 10 000 t · 26.7 · 0.0274 · OF · 44/12; power (800 - 300 - 100 - 10) GWh · 0.8325; heat 30 000 · 0.11."""
    told = park()
    of = 0.94
    coal = 10_000 * 26.7 * 0.0274 * of * 44 / 12
    terms = told.terms.set_index("term")["emissions_t"]
    assert terms["power"] == pytest.approx(390e6 * 0.8325e-3)
    assert terms["heat"] == pytest.approx(3_300)
    assert terms["process"] == pytest.approx(7_000)
    assert terms["fuel"] == pytest.approx(coal)
    assert told.emissions_t == pytest.approx(terms.sum())
    assert told.energy_tce == pytest.approx(790e6 * 0.3e-3 + 10_500 * 26.7 / 29.307 + 35_000 * 0.0341)
    assert told.intensity_t_per_tce == pytest.approx(told.emissions_t / told.energy_tce)
    assert (told.year, told.target) == (2025, 0.2)
    assert told.gap == pytest.approx(told.intensity_t_per_tce - 0.2)
    assert {a.name for a in told.assumptions} == {"coal_equivalent.heat", "feedstock_is_energy", "fuel_factors"}
    assert told.gaps == ()
    assert told["target"] == 0.2


def test_the_bridge_explains_the_difference_to_both_inventory_totals():
    told = park()
    lines = told.bridge.set_index("line")
    for column in ("location_t", "market_t"):
        assert lines[column].iloc[:-1].sum() == pytest.approx(told.emissions_t)
        assert lines.loc["method", column] == told.emissions_t
    plain = [{**r, "category": None} for r in ACTIVITIES if r["category"] not in {"export", "feedstock"}]
    inventory = CALC.calculate(plain, contracts=CONTRACTS)
    assert lines.loc["inventory", "location_t"] == pytest.approx(float(inventory.total_t("location_based")))
    assert lines.loc["inventory", "market_t"] == pytest.approx(float(inventory.total_t("market_based")))
    assert lines.loc["other_sources", "location_t"] < 0
    grid = CALC.calculate([{**ACTIVITIES[0]}])
    assert lines.loc["zero_rated_power", "location_t"] == pytest.approx(-float(grid.total_t()) / 2)  # 400 of 800 GWh
    assert lines.loc["zero_rated_power", "market_t"] == 0


def test_direct_green_and_the_rest_are_all_the_power():
    balance = park().balance
    assert (balance.direct_kwh, balance.green_kwh, balance.rest_kwh) == (300e6, 100e6, 400e6)
    with pytest.raises(OverclaimError):
        park(contracts=[{"kind": "direct", "energy_kwh": 801e6}])


def test_moving_power_to_direct_supply_lowers_the_indicator_by_the_fossil_factor():
    more = [{"kind": "direct", "energy_kwh": 310e6}, *CONTRACTS[1:]]
    fell = park().intensity_t_per_tce - park(contracts=more).intensity_t_per_tce
    assert fell == pytest.approx(10e6 * 0.8325e-3 / park().energy_tce)


def test_what_a_closing_move_asks_for_closes_the_gap_when_it_is_done():
    need = park().closing_moves.set_index("move").loc["direct_supply", "amount"]
    done = park(contracts=[{"kind": "direct", "energy_kwh": 300e6 + need}, CONTRACTS[1]])
    assert done.gap == pytest.approx(0, abs=1e-9)


def test_transformed_carbon_counts_at_full_oxidation_and_energy_in_less_out():
    rows = [
        *ACTIVITIES,
        row("anthracite", 1_000.0, "t", "transformation_input"),
        row("anthracite", 900.0, "t", "transformation_output"),
    ]
    told, before = park(rows), park()
    lost = told.terms.set_index("term").loc["transformation", "emissions_t"]
    assert lost == pytest.approx(100 * 26.7 * 0.0274 * 44 / 12)
    assert told.energy_tce - before.energy_tce == pytest.approx(100 * 26.7 / 29.307)
    assert told.bridge["location_t"].iloc[:-1].sum() == pytest.approx(told.emissions_t)


def test_international_transport_is_counted_and_listed_apart():
    told = park([*ACTIVITIES, row("anthracite", 10.0, "t", "international_transport")])
    assert told.international_t > 0
    assert told.emissions_t - park().emissions_t == pytest.approx(told.international_t)


def test_measured_heat_replaces_the_default():
    measured = {"value": 0.08, "unit": "tCO2/GJ", "gas": "CO2", "source": "supplier's measurement"}
    rows = [r for r in ACTIVITIES if r["energy_type"] != "heat"]
    told = park([*rows, row("heat", 30_000.0, "GJ", factor=measured), row("heat", 1_000.0, "GJ", "export")])
    assert told.terms.set_index("term").loc["heat", "emissions_t"] == pytest.approx(30_000 * 0.08 - 110)


@pytest.mark.parametrize("carrier", ["electricity", "anthracite", "heat"])
def test_a_gap_in_any_term_makes_the_indicator_a_gap(carrier):
    rows = [
        {**r, "consumption": np.nan} if r["energy_type"] == carrier and not r["category"] else r for r in ACTIVITIES
    ]
    told = park(rows)
    assert np.isnan(told.emissions_t)
    assert np.isnan(told.intensity_t_per_tce)
    assert told.gap is None
    assert told.indicators["status"].iloc[0] == "gap"
    assert any(carrier in gap.missing for gap in told.gaps)
    assert told.closing_moves.empty
    assert np.isnan(told.bridge["location_t"].iloc[0])


def test_without_the_equivalent_value_there_is_no_indicator():
    told = park(coefficients={"anthracite": COAL})
    assert np.isnan(told.energy_tce)
    assert told.target is None
    assert "等价值" in told.gaps[0].missing
    assert not np.isnan(told.emissions_t)


def test_a_product_without_a_factor_and_a_factor_in_co2e_are_gaps():
    assert np.isnan(park(products=[{"product": "glass", "output_t": 1.0, "factor_t_per_t": None}]).emissions_t)
    own = {"value": 2.5, "unit": "tCO2e/t", "source": "own"}
    told = park([*ACTIVITIES, row("anthracite", 1.0, "t", factor=own)])
    assert np.isnan(told.emissions_t)
    assert any("CO2e only" in gap.missing for gap in told.gaps)
    warm = park([*ACTIVITIES, row("heat", 1.0, "GJ", factor={"value": 0.1, "unit": "tCO2e/GJ", "source": "supplier"})])
    assert np.isnan(warm.terms.set_index("term").loc["heat", "emissions_t"])
    assert any("CO2e only" in gap.missing for gap in warm.gaps)
    cold = park([*ACTIVITIES, row("heat", 0.0, "GJ", factor={"value": 0.1, "unit": "tCO2/GJ", "source": "supplier"})])
    assert cold.emissions_t == pytest.approx(park().emissions_t)


def test_a_small_park_is_told_that_the_table_has_no_limit_for_it():
    told = park([row("electricity", 100.0, "万kWh")], contracts=[], products=[])
    assert told.target is None
    assert told.gap is None
    core = told.indicators.set_index("indicator").loc["core_intensity"]
    assert core["status"] == "no_limit"
    assert "不足20万吨标准煤" in core["evidence"]


def test_one_calendar_year_and_known_uses_only():
    with pytest.raises(InputError, match="one calendar year"):
        park([{**ACTIVITIES[0], "period_start": "2024-12-01"}])
    with pytest.raises(InputError, match="no such use"):
        park([row("anthracite", 1.0, "t", "bonfire")])


def test_a_table_and_row_order_change_nothing():
    frame = pd.DataFrame(ACTIVITIES).sample(frac=1.0, random_state=3)
    assert park(frame).emissions_t == pytest.approx(park().emissions_t, rel=1e-12)
