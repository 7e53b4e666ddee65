"""The scale a load is learned on, and intervals that follow their own misses (S30)."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.forecast import forecast, predict_load
from carbonost.engines.forecast.intervals import half_widths
from carbonost.engines.forecast.scale import Scale


def covered(sizes, days=40, level=0.8):
    """Share of the last days' cells inside intervals made from the days before; sizes by day."""
    rng = np.random.default_rng(4)
    errors = rng.normal(size=(len(sizes), 24)) * np.asarray(sizes)[:, None]
    groups = np.zeros(errors.shape, dtype=np.int32)
    inside = []
    for day in range(len(sizes) - days, len(sizes)):
        half = half_widths(errors[:day], groups[:day], groups[day], (level,))[level]
        inside.append(np.abs(errors[day]) <= half)
    return np.mean(inside)


@pytest.mark.parametrize(
    "sizes",
    [
        np.ones(160),
        np.linspace(1.0, 4.0, 160),
        np.linspace(4.0, 1.0, 160),
        np.repeat([1.0, 3.0], 80),
        np.repeat([3.0, 1.0], 80),
    ],
    ids=["steady", "rising", "falling", "a jump up", "a jump down"],
)
def test_intervals_cover_what_they_promise_when_errors_change_in_size(sizes):
    assert 0.77 <= covered(sizes) <= 0.84


def test_an_hour_and_a_group_keep_their_own_width():
    rng = np.random.default_rng(2)
    groups = np.repeat((np.arange(140) % 7 >= 5).astype(np.int32)[:, None], 24, axis=1)
    errors = rng.normal(size=(140, 24)) * np.where(groups, 0.2, 1.0) * np.where(np.arange(24) < 8, 0.1, 1.0)
    works = half_widths(errors, groups, np.zeros(24, np.int32), (0.8,))[0.8]
    rests = half_widths(errors, groups, np.ones(24, np.int32), (0.8,))[0.8]
    assert works[2] < 0.2
    assert works[15] > 1.0
    assert rests[15] < 0.45
    assert (half_widths(errors, groups, np.zeros(24, np.int32), (0.95,))[0.95] > works).all()


def test_a_few_days_of_errors_are_measured_against_themselves():
    errors = np.array([[1.0, 2.0], [np.nan, 1.0], [2.0, np.nan]])
    none = np.zeros((3, 2), dtype=np.int32)
    half = half_widths(errors, none, none[0], (0.8,))[0.8]
    assert (half >= 1.0).all()
    assert half_widths(np.full((3, 2), np.nan), none, none[0], (0.8,))[0.8].tolist() == [0.0, 0.0]
    assert half_widths(np.zeros((30, 2)), np.zeros((30, 2), np.int32), none[0], (0.8,))[0.8].tolist() == [0.0, 0.0]


@given(st.integers(0, 2**32 - 1), st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_a_scale_gives_back_what_it_took(seed, base, spread):
    values = base + spread * np.random.default_rng(seed).gamma(2.0, size=(20, 3))
    scale = Scale.of(values)
    np.testing.assert_allclose(scale.back(scale.even(values)), values, rtol=1e-9, atol=1e-9 * (abs(base) + spread))


def test_no_forecast_lies_far_beyond_what_was_seen():
    values = np.random.default_rng(0).gamma(2.0, size=(30, 2))
    scale = Scale.of(values)
    assert scale.back(np.array([[1e9, -1e9]])).max() < 4.0 * values.max()
    assert np.isfinite(scale.back(np.array([[1e9, -1e9]]))).all()


def test_a_load_that_grows_by_shares_is_met_at_its_middle(plant):
    load = plant(200, noise=0.0)
    skewed = load * np.exp(np.random.default_rng(3).normal(0, 0.5, len(load)))
    said = predict_load(skewed, holidays=None)
    night = said.yhat[said.ds.dt.hour < 7].mean()
    assert night == pytest.approx(200.0, rel=0.12)  # the median; the mean is 227


def test_auto_weighs_three_ridges(plant):
    weights = forecast(plant(60)).diagnostics["weights"]
    assert len(weights) == 3
    assert sum(weights) == pytest.approx(1.0, abs=2e-4)
    assert min(weights) > 0


@pytest.mark.parametrize("days", [2, 3, 5])
def test_a_short_history_is_no_surer_of_days_far_ahead(days):
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2025-03-03", periods=24 * days, freq="h", tz="Asia/Shanghai")
    out = predict_load(pd.Series(100 + rng.normal(0, 10, len(stamps)), stamps), 24 * 10, holidays=None)
    width = (out.yhat_upper - out.yhat_lower).to_numpy().reshape(-1, 24).mean(axis=1)
    assert (width > 0.5 * width[0]).all()


def test_a_load_that_starts_after_months_at_rest_is_not_foretold_with_certainty():
    rng = np.random.default_rng(0)
    stamps = pd.date_range("2025-03-03", periods=24 * 100, freq="h", tz="Asia/Shanghai")
    load = pd.Series(0.0, stamps)
    assert predict_load(load, holidays=None).yhat_upper.max() == 0.0
    load.iloc[-24 * 5 :] = 150 + rng.normal(0, 5, 24 * 5)
    out = predict_load(load, holidays=None)
    assert (out.yhat_upper > out.yhat_lower + 5).all()


def test_a_signal_beyond_the_horizon_changes_nothing():
    stamps = pd.date_range("2025-03-03", periods=24 * 40, freq="h", tz="Asia/Shanghai")
    warmth = pd.DataFrame({"t": np.sin(np.arange(len(stamps)) / 50)}, stamps)
    load = (100 + 20 * warmth["t"]).iloc[: 24 * 30]
    other = warmth.copy()
    other.iloc[24 * 31 :] = 99.0
    plain, changed = (predict_load(load, 24, holidays=None, exog=exog).yhat for exog in (warmth, other))
    np.testing.assert_array_equal(plain, changed)
