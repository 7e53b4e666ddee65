"""Laws across rooms: meters to tenants to inventory, and the park method over any wording of one year."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.engines.carbon import aggregate, allocate, meter_tree, net_of_parts, zero_carbon_park
from carbonost.engines.carbon.calculator import CarbonCalculator

CALC = CarbonCalculator(parameter_set="gbt32151.22-2024")
YEAR = {"period_start": date(2025, 1, 1), "period_end": date(2025, 12, 31), "region": "CN-JS"}
COEFFICIENTS = {
    "electricity": {"value": 0.3, "unit": "kgce/kWh", "year": 2024, "source": "bulletin"},
    "anthracite": {"value": 0.91, "unit": "kgce/kg", "source": "laboratory"},
}
amounts = st.floats(1.0, 1e6)
uses = st.lists(amounts, min_size=1, max_size=6)


def electricity(kwh, **more):
    return {"energy_type": "electricity", "consumption": kwh, "unit": "kWh", **YEAR, **more}


@settings(max_examples=25)
@given(uses, amounts)
def test_tenants_and_common_area_emit_what_the_park_does(tenants, common):
    """Law: meters, net activity rows, and the shares of the tenants all give the park's own inventory."""
    gate = sum(tenants) + common
    names = {f"t{i}": kwh for i, kwh in enumerate(tenants)}
    park = float(CALC.calculate([electricity(gate)]).total_t())
    rows = [{"meter": "gate", "parent": None, "energy_kwh": gate}]
    rows += [{"meter": name, "parent": "gate", "energy_kwh": kwh} for name, kwh in names.items()]
    by_meter = meter_tree(rows).by_meter
    metered = CALC.calculate([electricity(max(kwh, 0.0), facility=name) for name, kwh in by_meter.items()])
    assert float(metered.total_t()) == pytest.approx(park, rel=1e-9)
    declared = [
        electricity(gate, park_id="p"),
        *(electricity(kwh, park_id="p", building_id=n) for n, kwh in names.items()),
    ]
    netted = CALC.calculate(net_of_parts(pd.DataFrame(declared)))
    assert float(netted.total_t()) == pytest.approx(park, rel=1e-9)
    shared = allocate(names, imported_kwh=gate, grid_kg_per_kwh=park / gate * 1000)
    assert shared.lines["emissions_t"].sum() == pytest.approx(park, rel=1e-9)


@settings(max_examples=25)
@given(st.lists(st.tuples(amounts, st.integers(0, 364), st.integers(0, 400)), min_size=1, max_size=8))
def test_an_inventory_summed_by_any_period_is_the_inventory(drawn):
    """Law: splitting or merging periods keeps the total, across years of different factors."""
    first = date(2023, 1, 1)
    rows = [
        {**electricity(kwh), "period_start": first + timedelta(days=s), "period_end": first + timedelta(days=s + n)}
        for kwh, s, n in drawn
    ]
    inventory = CALC.calculate(rows)
    for every in ("day", "month", "year"):
        sums = aggregate(inventory.to_frame(), ["energy_type"], every=every)
        assert sums["emissions_co2e"].sum() == pytest.approx(float(inventory.total_t()), rel=1e-9)


def told(rows):
    return zero_carbon_park(CALC.calculate, rows, [{"kind": "direct", "energy_kwh": 1.0}], (), COEFFICIENTS)


@settings(max_examples=20)
@given(amounts, amounts, amounts, st.floats(0.01, 0.99), st.integers(1, 364), st.randoms())
def test_units_periods_and_row_order_change_nothing_about_a_park(kwh, coal, heat, share, cut, rng):
    """Laws: a change of unit, a split of the period, a shuffle of the rows leave the park's account as it was."""
    one = [electricity(kwh), {"energy_type": "anthracite", "consumption": coal, "unit": "t", **YEAR}]
    one.append({"energy_type": "heat", "consumption": heat, "unit": "GJ", **YEAR})
    day = YEAR["period_start"] + timedelta(days=cut)
    early, late = {**YEAR, "period_end": day - timedelta(days=1)}, {**YEAR, "period_start": day}
    other = [
        {"energy_type": "电力", "consumption": kwh * share / 1e4, "unit": "万kWh", **early},
        {"energy_type": "electricity", "consumption": kwh * (1 - share) * 3.6, "unit": "MJ", **late},
        {"energy_type": "anthracite", "consumption": coal * 1000, "unit": "kg", **YEAR},
        {"energy_type": "heat", "consumption": heat * 1000, "unit": "MJ", **YEAR},
    ]
    rng.shuffle(other)
    first, second = told(one), told(other)
    for figure in ("emissions_t", "energy_tce", "intensity_t_per_tce"):
        assert first[figure] == pytest.approx(second[figure], rel=1e-9)
    np.testing.assert_allclose(first.bridge["location_t"], second.bridge["location_t"], rtol=1e-7, atol=1e-6)
    assert first.bridge["location_t"].iloc[:-1].sum() == pytest.approx(first.emissions_t, rel=1e-9)
    assert first.bridge["market_t"].iloc[:-1].sum() == pytest.approx(first.emissions_t, rel=1e-9)
