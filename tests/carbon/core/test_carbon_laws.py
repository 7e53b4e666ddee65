"""Laws of ARCHITECTURE section 4 that hold for every inventory, and the exact sum behind them."""

from __future__ import annotations

import math
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carbonost import CarbonCalculator
from carbonost.domain.activity import Contract
from carbonost.domain.exact import exact_group_sum, exact_sum
from carbonost.engines.carbon.electricity import allocate_contracts, market_based_t
from carbonost.engines.carbon.fugitive import life_cycle_leak_kg, mass_balance_leak_kg
from carbonost.errors import InputError

CALC = CarbonCalculator()
amounts = st.floats(0, 1e9, allow_nan=False, allow_subnormal=False)
days = st.integers(0, 364).map(lambda n: date(2022, 7, 1) + timedelta(days=n))
carriers = st.sampled_from(
    [
        ("electricity", "kWh"),
        ("electricity", "万kWh"),
        ("heat", "GJ"),
        ("natural_gas", "Nm3"),
        ("diesel", "t"),
        ("sf6", "kg"),
    ]
)


@st.composite
def rows(draw):
    kind, unit = draw(carriers)
    start = draw(days)
    return {
        "energy_type": kind,
        "unit": unit,
        "consumption": draw(amounts),
        "region": draw(st.sampled_from(["CN", "CN-JS", "CN-XZ", "广东"])),
        "period_start": start,
        "period_end": start + timedelta(days=draw(st.integers(0, 500))),
    }


tables = st.lists(rows(), min_size=1, max_size=8)


@settings(max_examples=50)
@given(tables)
def test_scopes_sum_to_the_inventory(table):
    inv = CALC.calculate(table)
    assert float(inv.total_t()) == math.fsum([inv.scope1_t, inv.scope2_location_t, inv.scope3_t])
    assert inv.by("scope")["emissions_co2e"].sum() == pytest.approx(float(inv.total_t()), rel=1e-12)
    assert math.fsum(float(r.emissions_co2e) for r in inv.results()) == pytest.approx(float(inv.total_t()), rel=1e-12)
    assert math.fsum(inv.gases_co2e_t.values()) == pytest.approx(float(inv.total_t()), rel=1e-12)


@settings(max_examples=50)
@given(tables, st.randoms())
def test_row_order_changes_nothing_to_the_last_bit(table, random):
    shuffled = random.sample(table, len(table))
    assert float(CALC.calculate(shuffled).total_t()) == float(CALC.calculate(table).total_t())


@settings(max_examples=50)
@given(rows(), st.integers(1, 400))
def test_splitting_a_period_keeps_the_total(row, after):
    days_in = (row["period_end"] - row["period_start"]).days + 1
    cut = row["period_start"] + timedelta(days=after % days_in)
    if cut == row["period_start"]:
        return
    share = (cut - row["period_start"]).days / days_in
    first = row | {"period_end": cut - timedelta(days=1), "consumption": row["consumption"] * share}
    second = row | {"period_start": cut, "consumption": row["consumption"] * (1 - share)}
    whole, parts = CALC.calculate([row]), CALC.calculate([first, second])
    assert float(parts.total_t()) == pytest.approx(float(whole.total_t()), rel=1e-9, abs=1e-9)
    assert parts.scope2_market_t == pytest.approx(whole.scope2_market_t, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "units"),
    [
        ("electricity", {"kWh": 1e6, "万kWh": 100.0, "MWh": 1000.0, "GJ": 3600.0, "TJ": 3.6}),
        ("natural_gas", {"Nm3": 1e4, "万Nm3": 1.0, "m3@20C": 1e4 * 293.15 / 273.15}),
        (
            "natural_gas",
            {"GJ": 389.31, "TJ": 0.38931, "tce": 389.31 / 29.307, "GJ_LHV": 389.31, "GJ_HHV": 389.31 / 0.9},
        ),
        ("diesel", {"t": 1.0, "kg": 1000.0, "kt": 1e-3, "short_ton": 1 / 0.90718474}),
        ("heat", {"GJ": 3.6, "MWh": 1.0, "kWh": 1000.0, "mmBtu": 3.6 / 1.05505585262}),
    ],
)
def test_a_change_of_unit_changes_nothing(kind, units):
    row = {"energy_type": kind, "region": "CN", "period_start": "2023-01-01", "period_end": "2023-12-31"}
    totals = [float(CALC.calculate([row | {"unit": unit, "consumption": x}]).total_t()) for unit, x in units.items()]
    assert totals == pytest.approx([totals[0]] * len(totals), rel=1e-12)


@given(arrays(np.float64, st.integers(0, 300), elements=st.floats(-1e12, 1e12, allow_subnormal=False)), st.randoms())
def test_the_sum_of_a_column_is_exact_in_any_order(values, random):
    exact = float(sum((Fraction(x) for x in values.tolist()), Fraction(0)))
    top = float(np.abs(values).max(initial=0.0))
    shuffled = np.array(random.sample(values.tolist(), len(values)))
    assert exact_sum(values) == exact_sum(shuffled)
    assert abs(exact_sum(values) - exact) <= max(abs(exact), top) * 2.0**-52  # one unit in the last place
    groups = np.arange(len(values)) % 3
    assert math.fsum(exact_group_sum(values, groups, 3)) == pytest.approx(exact, rel=1e-12, abs=top * 1e-15)


def test_ten_million_small_rows_sum_to_the_last_bit():
    values = np.full(10_000_000, 1e-7)
    values[::2] = 3e-7
    exact = float(Fraction(1e-7) * 5_000_000 + Fraction(3e-7) * 5_000_000)
    assert exact_sum(values) == exact == exact_sum(values[::-1])


@given(
    arrays(np.float64, st.integers(1, 20), elements=st.floats(0, 1e6, allow_subnormal=False)),
    st.lists(st.floats(0, 0.3), min_size=1, max_size=3),
    st.floats(0, 1),
)
def test_contracts_cover_no_more_than_the_consumption_and_all_they_claim(kwh, shares, rest):
    claims = [Contract(kind="GEC", energy_kwh=float(kwh.sum()) * share) for share in shares]
    day = np.zeros(len(kwh), dtype=np.int32)
    use = allocate_contracts(kwh, day, day, claims)
    assert np.all(use.covered_kwh <= kwh)
    assert use.covered_kwh.sum() == pytest.approx(sum(claim.energy_kwh for claim in claims), rel=1e-9, abs=1e-6)
    market = market_based_t(kwh, use, rest).sum()
    assert market == pytest.approx((kwh.sum() - use.covered_kwh.sum()) * rest / 1000, rel=1e-9, abs=1e-9)


@given(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0, 1e3), st.floats(-1e3, 1e3))
def test_a_stock_book_leaks_what_it_cannot_explain_or_is_refused(opening, bought, left, closing, growth):
    leak = opening + bought - left - closing - growth
    if leak < 0:
        with pytest.raises(InputError):
            mass_balance_leak_kg(opening, bought, left, closing, growth)
    else:
        assert float(mass_balance_leak_kg(opening, bought, left, closing, growth)) == pytest.approx(leak)


def test_formulas_refuse_what_cannot_be():
    with pytest.raises(InputError, match="between 0 and 1"):
        life_cycle_leak_kg(1.0, 3.0, 1.0, 0.1)
    with pytest.raises(InputError, match="not negative"):
        life_cycle_leak_kg(-1.0, 0.03, 1.0, 0.1)
    with pytest.raises(InputError, match="enthalpy"):
        CALC.steam_heat(10, 80)
    with pytest.raises(InputError, match="closing_kg"):
        CALC.refrigerants({"refrigerant": "R-22", "opening_kg": 1, "purchased_kg": 1, "sold_or_returned_kg": 0})
