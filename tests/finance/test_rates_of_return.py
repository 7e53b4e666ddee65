"""Every real rate of return, or none, and never a wrong one (P68)."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from carbonost.engines.finance import irr, irr_column, mirr, npv, xirr, xnpv
from carbonost.errors import InputError


def test_one_change_of_sign_has_one_rate():
    found = irr([-100.0, 60.0, 60.0])
    assert found.unique
    assert found.rate == pytest.approx(0.1306623863)
    assert found.roots == (found.rate,)


def test_no_change_of_sign_has_none():
    for flows in ([100.0, 50.0], [-1.0, -2.0], [-5.0, 0.0, 0.0], [0.0, 0.0]):
        found = irr(flows)
        assert (found.rate, found.roots, found.unique) == (None, (), False)


def test_two_changes_may_still_have_no_rate():
    assert irr([100.0, -200.0, 150.0]).roots == ()


@pytest.mark.parametrize(
    ("flows", "roots"),
    [
        ([-1600.0, 10000.0, -10000.0], (0.25, 4.0)),
        ([-100.0, 230.0, -132.0], (0.10, 0.20)),
        ([-1000.0, 3600.0, -4310.0, 1716.0], (0.10, 0.20, 0.30)),
        (np.poly([1.05, 1.1, 1.2, 1.4, 2.0]), (0.05, 0.10, 0.20, 0.40, 1.0)),
    ],
)
def test_several_rates_are_all_told_and_none_is_picked(flows, roots):
    found = irr(flows)
    assert found.rate is None
    assert not found.unique
    assert found.roots == pytest.approx(roots, rel=1e-6)


def test_a_rate_that_is_touched_but_not_crossed_is_found():
    assert irr([-1.0, 2.4, -1.44]).roots == pytest.approx((0.2,))


def test_a_loss_has_a_negative_rate():
    assert irr([-100.0, 10.0, 10.0]).rate == pytest.approx(-0.6298438)


def test_leading_zeros_and_thirty_years_of_months_change_nothing():
    monthly = [0.0, -100_000.0, *[700.0] * 360]
    found = irr(monthly)
    assert found.unique
    assert npv(found.rate, monthly) == pytest.approx(0.0, abs=1e-5)
    assert found.rate == pytest.approx(irr(monthly[1:]).rate, rel=1e-12)


def test_a_loss_too_near_the_whole_to_be_told_has_no_rate():
    flows = [-100.0, *[0.0] * 10, 1e-300]
    assert irr(flows).roots == ()
    assert np.isnan(irr_column([flows])[0])


@pytest.mark.parametrize("true", [-0.999, -0.5, -1e-9, 1e-12, 3.0, 1e6])
def test_extreme_rates_are_found(true):
    assert irr([-1.0, 1.0 + true]).rate == pytest.approx(true, rel=1e-6, abs=1e-15)


roots_of_flows = st.lists(st.floats(-0.6, 3.0), min_size=1, max_size=4, unique=True)


@given(roots_of_flows)
def test_a_flow_built_from_its_rates_gives_them_back(rates):
    ordered = np.sort(rates)
    assume(np.all(np.diff(ordered) > 0.05))
    found = irr(np.poly(1 + ordered))
    assert len(found.roots) == len(ordered)
    np.testing.assert_allclose(found.roots, ordered, rtol=1e-6, atol=1e-6)


@settings(max_examples=200)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=12))
def test_the_roots_are_those_of_the_polynomial(flows):
    found = irr(flows)
    assume(any(flows))
    complex_roots = np.roots(np.trim_zeros(np.array(flows, dtype=float)))
    real = np.sort(complex_roots[(np.abs(complex_roots.imag) < 1e-9) & (complex_roots.real > 1e-9)].real) - 1
    assume(not real.size or np.all(np.diff(real) > 1e-3))
    near = np.abs(complex_roots.imag[complex_roots.real > 1e-9])
    assume(not np.any((near > 1e-9) & (near < 1e-3)))  # a pair about to touch: the eigenvalues cannot tell
    np.testing.assert_allclose(found.roots, real, rtol=1e-5, atol=1e-7)


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=40))
def test_there_are_never_more_rates_than_changes_of_sign_and_the_parity_agrees(flows):
    found = irr(flows)
    assert len(found.roots) <= found.sign_changes
    for root in found.roots:
        scale = np.abs(np.array(flows) / (1 + root) ** np.arange(len(flows))).sum()
        assert abs(npv(root, flows)) <= 1e-6 * scale


@given(st.floats(1.0, 1e6), st.lists(st.floats(0.1, 1e5), min_size=1, max_size=25), st.floats(1e-3, 1e3))
def test_a_rate_does_not_depend_on_the_currency_unit(cost, income, unit):
    flows = np.array([-cost, *income])
    assert irr(flows * unit).rate == pytest.approx(irr(flows).rate, rel=1e-9, abs=1e-12)


@given(st.floats(1.0, 1e6), st.lists(st.floats(0.1, 1e5), min_size=1, max_size=25))
def test_the_value_is_positive_exactly_below_the_rate(cost, income):
    flows = np.array([-cost, *income])
    rate = irr(flows).rate
    width = 1e-3 * (1 + rate)
    assert npv(rate - width, flows) > 0 > npv(rate + width, flows)


def test_dated_flows_have_annual_rates_with_the_day_count_named():
    dates = ["2025-01-01", "2025-07-02", "2026-01-01"]
    flows = [-1000.0, 500.0, 600.0]
    found = xirr(flows, dates)
    assert xnpv(found.rate, flows, dates) == pytest.approx(0.0, abs=1e-9)
    assert irr(flows, dates).rate == found.rate
    assert xirr(flows, dates, day_count="ACT/360").rate != pytest.approx(found.rate, rel=1e-4)


def test_flows_of_one_day_are_one_flow():
    assert xirr([-60.0, -40.0, 110.0], ["2025-01-01", "2025-01-01", "2026-01-01"]).rate == pytest.approx(0.1)


@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_table_gives_what_its_rows_give(count, chance):
    table = np.array([[round(chance.uniform(-100, 100), 3) for _ in range(8)] for _ in range(count)])
    table[0] = np.abs(table[0])
    together = irr_column(table)
    for row, rate in zip(table, together, strict=True):
        alone = irr(row).rate
        assert np.isnan(rate) if alone is None else rate == pytest.approx(alone, rel=1e-7, abs=1e-9)


def test_a_table_keeps_its_leading_axes():
    table = np.broadcast_to([-100.0, 60.0, 60.0], (3, 4, 3))
    assert irr_column(table).shape == (3, 4)
    assert irr_column(np.empty((0, 5))).shape == (0,)


def test_the_modified_rate_of_a_spreadsheets_example():
    flows = [-120_000.0, 39_000.0, 30_000.0, 21_000.0, 37_000.0, 46_000.0]
    assert mirr(flows, 0.10, 0.12) == pytest.approx(0.1260941, abs=1e-6)  # the MIRR example of Excel's manual
    assert np.isnan(mirr([1.0, 2.0], 0.1, 0.1))


@given(st.floats(1.0, 1e6), st.lists(st.floats(0.1, 1e5), min_size=1, max_size=20))
def test_the_modified_rate_at_the_rate_itself_is_the_rate(cost, income):
    flows = [-cost, *income]
    rate = irr(flows).rate
    assert mirr(flows, rate, rate) == pytest.approx(rate, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("flows", [[], 5.0, [1.0, np.nan], [[1.0, 2.0]]])
def test_what_has_no_rate_of_return_is_refused(flows):
    with pytest.raises(InputError):
        irr(flows)


def test_dates_and_flows_must_match():
    with pytest.raises(InputError, match="2 dates for 3 flows"):
        irr([-1.0, 1.0, 1.0], ["2025-01-01", "2026-01-01"])
