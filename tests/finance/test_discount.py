from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.finance import annuity, npv, real_rate, xnpv, year_fractions
from carbonost.errors import InputError

money = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)
rate = st.floats(-0.5, 2.0)


def test_the_first_flow_is_today_unless_said_otherwise():
    assert npv(0.1, [-100.0, 110.0]) == pytest.approx(0.0, abs=1e-12)
    assert npv(0.1, [-100.0, 110.0], first_at=1) == pytest.approx(0.0, abs=1e-12)
    assert npv(0.1, [110.0], first_at=1) == pytest.approx(100.0)  # a spreadsheet's NPV


def test_measures_and_rates_broadcast():
    table = np.array([[-100.0, 110.0], [-100.0, 120.0]])
    by_rate = npv(np.array([[0.0], [0.1]]), table)
    assert by_rate.shape == (2, 2)
    np.testing.assert_allclose(by_rate, [[10.0, 20.0], [0.0, 100 / 11]], atol=1e-12)


@given(money, money, rate)
def test_present_values_add(a, b, r):
    size = min(len(a), len(b))
    one, two = np.array(a[:size]), np.array(b[:size])
    scale = 1e-9 * (1 + np.abs(one).sum() + np.abs(two).sum()) * max(1.0, (1 + r) ** -size)
    assert npv(r, one + two) == pytest.approx(npv(r, one) + npv(r, two), abs=scale)


@given(money, rate)
def test_a_year_later_is_worth_one_discount_less(flows, r):
    later = npv(r, flows, first_at=1)
    assert later == pytest.approx(npv(r, flows) / (1 + r), rel=1e-9, abs=1e-6)


@given(st.floats(1e-6, 1.0), st.integers(1, 60), st.floats(1.0, 1e8))
def test_an_annuity_is_worth_what_it_repays(r, years, present):
    payment = annuity(r, years, present)
    assert npv(r, np.full(years, payment), first_at=1) == pytest.approx(present, rel=1e-9)


def test_an_annuity_without_interest_is_an_equal_share():
    assert annuity(0.0, 20) == 0.05
    np.testing.assert_allclose(annuity([0.0, 0.08], [10, 15]), [0.1, 0.1168295], rtol=1e-6)


@given(st.floats(-0.2, 0.5), st.floats(-0.2, 0.5), money)
def test_real_flows_at_the_real_rate_are_worth_what_nominal_ones_are_at_the_nominal(nominal, inflation, flows):
    times = np.arange(len(flows))
    grown = np.array(flows) * (1 + inflation) ** times
    real = real_rate(nominal, inflation)
    assert npv(nominal, grown) == pytest.approx(npv(real, flows), rel=1e-6, abs=1e-3)


def test_a_leap_year_has_366_days_of_365():
    assert xnpv(0.1, [-100.0, 110.0], ["2024-01-01", "2025-01-01"]) == pytest.approx(
        -100 + 110 / 1.1 ** (366 / 365), rel=1e-12
    )


def test_every_day_count_is_named_and_known():
    dates = [date(2024, 2, 29), datetime(2024, 8, 31, 12, tzinfo=UTC), np.datetime64("2025-02-28")]
    np.testing.assert_allclose(year_fractions(dates), [0, 184 / 365, 365 / 365])
    np.testing.assert_allclose(year_fractions(dates, "ACT/360"), [0, 184 / 360, 365 / 360])
    np.testing.assert_allclose(year_fractions(dates, "ACT/ACT"), [0, 184 / 366, 307 / 366 + 58 / 365])
    np.testing.assert_allclose(year_fractions(["2025-01-30", "2025-03-31"], "30/360"), [0, 60 / 360])
    with pytest.raises(InputError, match="ACT/365F"):
        year_fractions(dates, "ACT/364")


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: npv(0.1, []), "cashflows"),
        (lambda: npv(0.1, [1.0, np.nan]), "cashflows"),
        (lambda: npv(-1.0, [1.0]), "rate"),
        (lambda: npv(np.inf, [1.0]), "rate"),
        (lambda: npv(0.1, ["ten"]), "cashflows"),
        (lambda: xnpv(0.1, [1.0, 2.0], ["2025-01-01"]), "dates"),
        (lambda: xnpv(0.1, [1.0, 2.0], ["2025-01-02", "2025-01-01"]), "dates"),
        (lambda: xnpv(0.1, [1.0], ["tomorrow"]), "dates"),
        (lambda: annuity(0.1, 0), "years"),
        (lambda: annuity(0.1, 2.5), "years"),
    ],
)
def test_what_cannot_be_valued_is_refused_by_name(call, field):
    with pytest.raises(InputError) as refused:
        call()
    assert refused.value.field == field
    assert refused.value.remedy


def test_the_first_bad_flow_is_named():
    with pytest.raises(InputError) as refused:
        npv(0.1, [1.0, 2.0, np.inf, np.nan])
    assert refused.value.row == 2
