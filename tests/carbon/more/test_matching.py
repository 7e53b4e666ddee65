"""Hourly matching: the 24/7 score beside the annual one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carbonost.engines.carbon import hourly_match
from carbonost.errors import InputError

hours = st.integers(1, 48)
kwh = st.floats(0, 1e5)


def test_a_noon_surplus_answers_for_the_night_only_in_the_annual_balance():
    match = hourly_match(np.array([100.0, 100.0]), np.array([200.0, 0.0]), 0.5)
    assert (match.annual_t, match.hourly_t, match.location_t) == (0.0, 0.05, 0.1)
    assert (match.cfe_fraction, match.annual_fraction) == (0.5, 1.0)
    assert (match.residual_kwh, match.surplus_kwh) == (100.0, 100.0)
    assert match["cfe_fraction"] == 0.5


def test_supplies_are_used_in_the_order_given():
    match = hourly_match([10.0, 10.0], {"pv": [8.0, 0.0], "ppa": [5.0, 5.0]}, [0.6, 0.4])
    assert match.by_supply_kwh == {"pv": 8.0, "ppa": 7.0}
    assert match.hourly_t == pytest.approx(5 * 0.4 / 1000)
    assert match.hours["surplus_kwh"].tolist() == [3.0, 0.0]


def test_a_gap_makes_the_totals_gaps_and_is_counted():
    match = hourly_match([10.0, np.nan, 10.0], [5.0, 5.0, 5.0], 0.5)
    assert match.gap_hours == 1
    assert np.isnan([match.annual_t, match.hourly_t, match.cfe_fraction, match.residual_kwh]).all()
    assert match.hours["emissions_t"].isna().tolist() == [False, True, False]


def test_no_load_has_no_score():
    match = hourly_match([0.0, 0.0], [1.0, 0.0], 0.5)
    assert np.isnan(match.cfe_fraction)
    assert match.hourly_t == 0


@pytest.mark.parametrize(
    ("load", "clean", "factor"),
    [([1.0, 2.0], [1.0], 0.5), ([1.0, 2.0], [1.0, 2.0], [0.5] * 3), ([-1.0], [1.0], 0.5), ([1.0], [np.inf], 0.5)],
)
def test_columns_that_do_not_fit_are_refused(load, clean, factor):
    with pytest.raises(InputError):
        hourly_match(load, clean, factor)


@given(hours.flatmap(lambda n: st.tuples(*[arrays(np.float64, n, elements=kwh)] * 2)), st.floats(0, 1.2))
def test_matching_by_the_hour_never_flatters(columns, factor):
    """Law: with one grid factor, annual <= hourly <= location, and load = matched + residual."""
    match = hourly_match(*columns, factor)
    slack = 1e-9 * (1 + match.location_t)
    assert match.annual_t <= match.hourly_t + slack
    assert match.hourly_t <= match.location_t + slack
    assert match.hours["matched_kwh"].sum() + match.residual_kwh == pytest.approx(columns[0].sum())
    if columns[0].sum() > 0:
        assert -1e-9 <= match.cfe_fraction <= match.annual_fraction + 1e-9 <= 1 + 2e-9
