import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.finance import annuity, irr, lcoe, mac, npv, payback, payback_column
from carbonost.errors import InputError

costs = st.floats(1.0, 1e8)
incomes = st.lists(st.floats(0.0, 1e7), min_size=1, max_size=30)


def test_money_comes_back_inside_a_year():
    found = payback([-100.0, 40.0, 40.0, 40.0])
    assert (found.years, found.first, found.final, found.discounted) == (2.5, 2.5, 2.5, None)


def test_money_that_is_not_back_by_the_end_has_no_payback():
    assert payback([-100.0, 40.0, 40.0]).years is None
    assert payback([-100.0]).first is None


def test_a_payback_exactly_at_the_horizon_counts():
    assert payback([-0.3, 0.1, 0.1, 0.1]).years == pytest.approx(3.0)  # though 0.1 * 3 is not 0.3


def test_a_replacement_moves_the_final_payback_not_the_first():
    found = payback([-100.0, 60.0, 60.0, -50.0, 60.0])
    assert found.first == pytest.approx(1 + 40 / 60)
    assert found.final == found.years == pytest.approx(3.5)


def test_money_lost_again_at_the_end_is_not_back():
    found = payback([-100.0, 120.0, -50.0])
    assert found.first == pytest.approx(100 / 120)
    assert found.final is None
    assert found.years is None


def test_without_an_investment_there_is_nothing_to_wait_for():
    assert payback([0.0, 5.0]).years == 0.0
    assert payback([10.0, -5.0]).years == 0.0


def test_the_discounted_payback_is_later():
    found = payback([-100.0] + [40.0] * 5, rate=0.1)
    discounted = 40 / 1.1 ** np.arange(1, 6)
    assert found.discounted == pytest.approx(3 + (100 - discounted[:3].sum()) / discounted[3])
    assert found.discounted > found.years


@given(costs, incomes, st.floats(0.0, 0.5))
def test_a_gain_at_a_positive_rate_means_the_money_is_back(cost, income, rate):
    """P67: no payback inside the horizon implies a negative present value at any WACC from 0."""
    flows = [-cost, *income]
    if npv(rate, flows) > 1e-9 * cost:
        found = payback(flows, rate)
        assert found.years is not None
        assert found.discounted is not None
        assert found.years <= found.discounted + 1e-9 <= len(income) + 1e-9


@given(costs, incomes)
def test_the_rate_is_positive_exactly_when_the_money_is_back(cost, income):
    flows = [-cost, *income]
    if abs(sum(flows)) > 1e-6 * cost and any(income):
        rate = irr(flows).rate
        assert (payback(flows).years is not None) == (rate is not None and rate > 0)


@given(st.lists(st.tuples(costs, st.floats(0.0, 1e7), st.floats(0.0, 1e7)), min_size=1, max_size=10))
def test_a_table_of_flows_gives_each_rows_payback(rows):
    table = np.array([[-cost, one, two] for cost, one, two in rows])
    for row, years in zip(table, payback_column(table), strict=True):
        alone = payback(row).years
        assert np.isnan(years) if alone is None else years == alone


def test_levelised_cost_by_hand():
    energy = sum(1000 * 0.99 ** (t - 1) / 1.05**t for t in (1, 2, 3))
    cost = 500 + sum(20 / 1.05**t for t in (1, 2, 3)) + 100 / 1.05**2 - 30 / 1.05**3
    assert lcoe(500, 20, 1000, 0.05, 3, 0.01, replacements={2: 100.0}, residual_cny=30) == pytest.approx(cost / energy)


@given(st.floats(0, 1e6), st.floats(0, 1e5), st.floats(1, 1e6), st.floats(0.001, 0.3), st.integers(1, 40))
def test_selling_at_the_levelised_cost_is_worth_nothing(capex, opex, energy, rate, years):
    price = lcoe(capex, opex, energy, rate, years)
    flows = [-capex] + [price * energy - opex] * years
    assert npv(rate, flows) == pytest.approx(0.0, abs=1e-6 * (capex + opex * years + 1))


def test_levelised_cost_takes_columns_of_measures():
    found = lcoe([100.0, 200.0], 0.0, 10.0, 0.0, [10, 20])
    np.testing.assert_allclose(found, [1.0, 1.0])
    assert np.isnan(lcoe(100.0, 0.0, 0.0, 0.05, 10))


def test_replacements_after_the_life_are_not_bought():
    assert lcoe(100.0, 0.0, 10.0, 0.0, 5, replacements={6: 1e9}) == pytest.approx(2.0)


def test_abatement_cost_by_hand():
    found = mac(1_000_000.0, 20_000.0, 100_000.0, 500.0, 0.08, 15)
    assert found == pytest.approx((1e6 * annuity(0.08, 15) - 80_000) / 500)
    assert mac(0.0, 0.0, 100.0, 10.0, 0.08, 1) == -10.0


@pytest.mark.parametrize("tonnes", [0.0, -5.0])
def test_no_abatement_has_no_cost_and_no_infinity(tonnes):
    """P69."""
    assert np.isnan(mac(1e6, 0.0, 0.0, tonnes, 0.08, 15))
    np.testing.assert_array_equal(np.isnan(mac(1e6, 0.0, 0.0, [tonnes, 1.0], 0.08, 15)), [True, False])


@given(costs, st.floats(0, 1e6), st.floats(1, 1e5), st.floats(0.001, 0.3), st.integers(1, 40))
def test_a_carbon_price_at_the_abatement_cost_is_worth_nothing(capex, saving, tonnes, rate, years):
    price = mac(capex, 0.0, saving, tonnes, rate, years)
    flows = [-capex] + [saving + price * tonnes] * years
    assert npv(rate, flows) == pytest.approx(0.0, abs=1e-6 * (capex + saving * years))


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: lcoe(1, 1, 1, 0.1, 0), "years"),
        (lambda: lcoe(1, 1, 1, 0.1, 5, 1.0), "degradation"),
        (lambda: lcoe(1, 1, 1, 0.1, 5, replacements={0: 5.0}), "replacements"),
        (lambda: lcoe(np.nan, 1, 1, 0.1, 5), "capex_cny"),
        (lambda: mac(1, 1, 1, np.nan, 0.1, 5), "abatement_t_per_year"),
        (lambda: payback([[1.0]]), "cashflows"),
        (lambda: payback([1.0], rate=-2), "rate"),
    ],
)
def test_impossible_inputs_are_named(call, field):
    with pytest.raises(InputError) as refused:
        call()
    assert refused.value.field == field
