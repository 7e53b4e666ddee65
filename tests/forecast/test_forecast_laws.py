"""What holds for every forecast, whoever makes it (S29, S30)."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.forecast import backtest, find, forecast, names, predict_load, read_history

OWN = ("auto", "ridge", "naive")
VALUES = ["yhat", "yhat_lower", "yhat_upper"]


@pytest.fixture(params=OWN)
def model(request):
    return request.param


def test_the_table_is_what_the_contract_says(plant, model):
    load = plant(40)
    out = predict_load(load, horizon_hours=48, model=model)
    assert list(out.columns) == ["ds", *VALUES]
    assert len(out) == 48
    assert out.ds[0] == load.index[-1] + pd.Timedelta("1h")
    assert str(out.ds.dt.tz) == "Asia/Shanghai"
    assert (out.yhat_lower <= out.yhat).all()
    assert (out.yhat <= out.yhat_upper).all()
    assert np.isfinite(out[VALUES].to_numpy()).all()


def test_scaling_the_history_scales_the_forecast(plant, model):
    load = plant(60)
    one, ten = predict_load(load, model=model), predict_load(10 * load, model=model)
    np.testing.assert_allclose(ten[VALUES], 10 * one[VALUES], rtol=1e-9)


def test_shifting_a_load_that_feeds_back_shifts_the_forecast(plant, model):
    net = plant(60) - 220.0  # nights are negative: shares are counted from the lowest reading
    low, lower = predict_load(net, model=model), predict_load(net - 1000.0, model=model)
    assert low.yhat.min() < 0
    np.testing.assert_allclose(lower[VALUES], low[VALUES] - 1000.0, rtol=1e-9)


def test_the_order_of_rows_changes_nothing(plant, model):
    load = plant(40)
    mixed = load.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(predict_load(load, model=model), predict_load(mixed, model=model))


def test_what_comes_after_the_origin_changes_nothing(plant, model):
    load = plant(60)
    origin = load.index[24 * 50]
    tampered = load.copy()
    tampered[origin:] = 1e6
    honest = backtest(load, (model,), [origin]).cells
    peeked = backtest(tampered, (model,), [origin]).cells
    pd.testing.assert_frame_equal(honest.drop(columns="y"), peeked.drop(columns="y"))
    alone = predict_load(load[:origin].iloc[:-1], model=model)
    np.testing.assert_array_equal(honest[VALUES], alone[VALUES])


def test_the_same_history_gives_the_same_forecast_and_digest(plant, model):
    load = plant(40)
    one, two = forecast(load, model=model), forecast(load.copy(), model=model)
    assert one.provenance == two.provenance
    assert one.provenance["engine"] == f"carbonost.forecast.{model}/1"
    np.testing.assert_array_equal(one.mean, two.mean)
    other = forecast(load * 2, model=model).provenance
    assert other["history_sha256"] != one.provenance["history_sha256"]


def test_higher_levels_have_wider_intervals(plant, model):
    said = forecast(plant(60), model=model, levels=(0.5, 0.8, 0.95))
    widths = [said.intervals[level][1] - said.intervals[level][0] for level in (0.5, 0.8, 0.95)]
    assert (widths[0] <= widths[1]).all()
    assert (widths[1] <= widths[2]).all()


def test_longer_leads_have_no_narrower_intervals_on_average(plant):
    said = predict_load(plant(120), horizon_hours=24 * 7)
    width = (said.yhat_upper - said.yhat_lower).to_numpy().reshape(7, 24).mean(axis=1)
    assert width[1:5].mean() >= 0.95 * width[0]


def test_a_load_that_repeats_is_forecast_to_repeat(plant, model):
    load = plant(40, noise=0.0)
    out = predict_load(load, horizon_hours=24 * 7, model=model, holidays=None)
    again = 200.0 + 120.0 * ((out.ds.dt.day_of_week < 5) & (out.ds.dt.hour >= 8) & (out.ds.dt.hour < 18))
    np.testing.assert_allclose(out.yhat, again, atol=5.0)


@pytest.mark.parametrize("hours", [1, 7, 13, 23])
def test_an_origin_inside_a_day_carries_on_from_there(plant, model, hours):
    load = plant(60).iloc[: -24 + hours]
    out = predict_load(load, horizon_hours=60, model=model, holidays=None)
    assert out.ds[0] == load.index[-1] + pd.Timedelta("1h")
    daytime = out.yhat[(out.ds.dt.day_of_week < 5) & out.ds.dt.hour.between(9, 16)]
    night = out.yhat[out.ds.dt.hour < 7]
    assert daytime.mean() > night.mean() + 60


def test_quarter_hours_and_hours_agree(plant):
    fine = plant(60, freq="15min")
    hourly = fine.resample("1h").mean()
    by_quarter = predict_load(fine, holidays=None).set_index("ds").yhat.resample("1h").mean()
    by_hour = predict_load(hourly, holidays=None).set_index("ds").yhat
    assert len(predict_load(fine)) == 96
    assert (by_quarter - by_hour).abs().max() < 15


def test_a_high_evening_raises_the_next_morning(plant):
    load = plant(90)
    high = load.copy()
    high.iloc[-3:] += 40.0
    first = predict_load(high).yhat[:3] - predict_load(load).yhat[:3]
    assert (first > 1.0).all()


def test_a_holiday_is_not_taken_for_a_workday(plant):
    load = plant(380, start="2024-09-20")
    resting = load.index.normalize().isin(pd.date_range("2024-10-01", "2024-10-07", tz="Asia/Shanghai"))
    load = load.where(~resting, 150.0)[:"2025-09-30"]
    out = predict_load(load)  # 2025-10-01 is a Wednesday
    assert out.yhat.iloc[9:17].mean() < 260
    assert predict_load(load, holidays=None).yhat.iloc[9:17].mean() > 290


def test_intervals_cover_what_they_promise(plant):
    load = plant(200, seed=5)
    scores = backtest(load, ("auto",), 40, holidays=None, level=0.8).scores()
    assert 0.74 <= scores.coverage["auto"] <= 0.88


def test_auto_beats_the_naive_forecasts_where_there_is_something_to_learn(plant):
    scores = backtest(plant(150, seed=7), ("auto", "naive"), 20).scores()
    assert scores.mae["auto"] < 0.85 * scores.mae["naive"]


def test_a_followed_signal_helps(plant):
    load = plant(150)
    stamps = pd.date_range(load.index[0], periods=24 * 151, freq="h")
    warmth = pd.Series(np.repeat(np.random.default_rng(2).normal(20, 6, 151), 24), index=stamps, name="temperature")
    driven = load + 6.0 * (warmth[load.index] - 20.0)
    blind = backtest(driven, ("auto",), 12, holidays=None).scores().mae["auto"]
    seeing = backtest(driven, ("auto",), 12, holidays=None, exog=warmth.to_frame()).scores().mae["auto"]
    assert seeing < 0.6 * blind


def test_a_third_partys_forecaster_is_taken_as_it_is(plant):
    class Flat:
        name = "flat"

        def fit(self, history, holidays=None, exog=None):
            self.seen = history
            return self

        def predict(self, steps, levels=(0.8,)):
            from carbonost.domain.forecast import Forecast

            flat = np.full(steps, np.nanmean(self.seen.readings))
            return Forecast(self.seen.future(steps), flat, dict.fromkeys(levels, (flat, flat)), "flat")

    load = plant(20)
    assert predict_load(load, model=Flat()).yhat.to_numpy() == pytest.approx(load.mean())
    assert backtest(plant(40), (Flat(), "naive"), 3).scores().index.tolist() == ["flat", "naive"]


def test_every_name_is_found_and_says_its_name():
    assert names() == ["auto", "boosting", "naive", "prophet", "ridge"]
    assert [find(name).name for name in names()] == names()


def test_boosting_forecasts_with_past_days_held_out(plant):
    load = plant(60)
    out = predict_load(load, model="boosting", horizon_hours=48)
    assert np.isfinite(out[VALUES].to_numpy()).all()
    works = out.yhat[(out.ds.dt.hour >= 9) & (out.ds.dt.hour < 17) & (out.ds.dt.day_of_week < 5)]
    assert works.mean() > 280


def test_a_history_is_read_once(plant):
    history = read_history(plant(20))
    assert read_history(history) is history


@pytest.mark.parametrize("holidays", ["CN", "DE"])
def test_replayed_errors_are_close_to_those_of_a_forecaster_fitted_anew_each_day(plant, holidays):
    load = plant(160)
    fitted = backtest(load, ("auto",), 56, holidays=holidays).scores().mae["auto"]
    assert forecast(load, holidays=holidays).diagnostics["recent_mae"] == pytest.approx(fitted, rel=0.03)


def test_a_forecast_is_drawn_to_the_levels_a_load_comes_back_to():
    stamps = pd.date_range("2025-03-03", periods=24 * 120, freq="h", tz="Asia/Shanghai")
    batches = np.random.default_rng(4).random(120) < 0.75  # three days in four run at 300, the others at 240
    load = pd.Series(np.repeat(np.where(batches, 300.0, 240.0), 24), stamps)
    load += np.random.default_rng(5).normal(0, 2, len(load))
    error = backtest(load, ("auto",), 40, holidays=None).scores().mae["auto"]
    assert error < 14.7  # 15.3 were it not drawn, 19.5 for the mean of both
