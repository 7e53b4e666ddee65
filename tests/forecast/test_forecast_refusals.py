"""Gaps, clocks that change, doubled stamps, dull and short histories: stated rules and typed errors (S29)."""

import importlib.util
import warnings

import numpy as np
import pandas as pd
import pytest

from carbonost import EnergyOptimizer
from carbonost.engines.forecast import backtest, forecast, predict_load, read_history
from carbonost.errors import (
    CarbonostError,
    HistoryTooShortError,
    InputError,
    MissingExtraError,
    NaiveTimestampError,
)


def test_a_gap_is_told_and_bridged(plant):
    load = plant(60)
    holed = load.copy()
    holed.iloc[200:260] = np.nan
    dropped = load.drop(load.index[200:260])
    told = forecast(dropped, holidays=None)
    assert told.diagnostics["gaps"] == 60
    np.testing.assert_allclose(told.mean, forecast(holed, holidays=None).mean)
    assert np.abs(told.mean - forecast(load, holidays=None).mean).max() < 10


def test_a_gap_at_the_very_end_is_bridged(plant):
    load = plant(60)
    load.iloc[-30:] = np.nan
    out = predict_load(load)
    assert out.ds[0] == load.index[-1] + pd.Timedelta("1h")
    assert np.isfinite(out.yhat).all()


@pytest.mark.parametrize("model", ["auto", "ridge", "naive"])
def test_a_slot_that_was_never_read_stays_open(plant, model):
    load = plant(60)
    load[load.index.hour == 3] = np.nan
    out = predict_load(load, model=model)
    assert (out.yhat.isna() == (out.ds.dt.hour == 3)).all()
    assert (out.yhat_lower.isna() == (out.ds.dt.hour == 3)).all()


@pytest.mark.parametrize("start", ["2025-02-20", "2025-09-20"])
def test_a_day_of_23_or_25_hours_has_as_many_intervals(plant, start):
    load = plant(60, tz="Europe/Berlin", start=start)
    origin = pd.Timestamp("2025-03-30" if start < "2025-05" else "2025-10-26", tz="Europe/Berlin")
    out = predict_load(load[load.index < origin], holidays="DE", horizon_hours=48)
    assert len(out) == 48
    assert (out.ds.diff().dropna() == pd.Timedelta("1h")).all()
    assert np.isfinite(out.yhat).all()


def test_a_row_said_twice_counts_once(plant):
    load = plant(30)
    doubled = pd.concat([load, load.iloc[10:20]])
    assert read_history(doubled).repeated == 10
    np.testing.assert_array_equal(predict_load(doubled).yhat, predict_load(load).yhat)


def test_a_stamp_with_two_values_is_refused(plant):
    load = plant(30)
    doubled = pd.concat([load, load.iloc[10:11] + 1])
    with pytest.raises(InputError, match=r"2025-03-03 10:00:00\+08:00.*two values.*one reading per instant"):
        predict_load(doubled)


@pytest.mark.parametrize("value", [0.0, 37.5])
@pytest.mark.parametrize("model", ["auto", "ridge", "naive"])
def test_a_constant_load_stays_constant(plant, value, model):
    load = plant(40) * 0.0 + value
    out = predict_load(load, model=model)
    np.testing.assert_allclose(out[["yhat", "yhat_lower", "yhat_upper"]], value, atol=1e-9)


def test_a_load_that_was_never_negative_is_forecast_none(plant):
    load = (plant(60, noise=30.0) - 200.0).clip(lower=0.0)
    assert (predict_load(load, horizon_hours=72)[["yhat", "yhat_lower"]] >= 0).all(axis=None)


def test_a_net_load_may_be_negative(plant):
    assert (predict_load(plant(60) - 1000.0).yhat < 0).all()


def test_less_than_two_days_are_too_few(plant):
    with pytest.raises(HistoryTooShortError, match=r"1.5 days of readings are too few"):
        predict_load(plant(5).iloc[:36])


def test_two_weeks_of_nothing_are_too_few(plant):
    with pytest.raises(HistoryTooShortError, match=r"0.0 days"):
        predict_load(plant(14) * np.nan)


def test_an_empty_history_is_too_short(plant):
    with pytest.raises(HistoryTooShortError):
        predict_load(plant(2).iloc[:0])


def test_below_two_weeks_the_last_day_of_the_type_is_repeated_and_told(plant):
    load = plant(10)
    said = forecast(load)
    assert said.diagnostics["short_history"]
    assert said.mean[5] == pytest.approx(load[load.index.day_of_week == 3].iloc[-24 + 5], abs=60)


def test_stamps_without_a_zone_are_refused(plant):
    with pytest.raises(NaiveTimestampError, match="tz_localize"):
        predict_load(plant(20).tz_localize(None))


def test_numbers_are_no_stamps():
    with pytest.raises(InputError, match="not indexed by instants"):
        predict_load(pd.Series(np.ones(100)))


def test_a_list_is_no_history():
    with pytest.raises(InputError, match="not a Series or DataFrame"):
        predict_load([1.0, 2.0])


def test_a_frame_without_a_load_is_refused(plant):
    with pytest.raises(InputError, match="no column load_kw"):
        predict_load(plant(20).rename("other").rename_axis("timestamp").reset_index())


def test_a_missing_stamp_names_its_row(plant):
    frame = plant(20).rename_axis("timestamp").reset_index()
    frame.loc[7, "timestamp"] = pd.NaT
    with pytest.raises(InputError, match="row 7"):
        predict_load(frame)


def test_an_infinite_value_names_its_instant(plant):
    load = plant(20)
    load.iloc[5] = np.inf
    with pytest.raises(InputError, match=r"2025-03-03 05:00.*infinite"):
        predict_load(load)


def test_a_stamp_off_the_grid_is_refused(plant):
    load = plant(20)
    load.index = load.index[:30].append(load.index[30:31] + pd.Timedelta("7min")).append(load.index[31:])
    with pytest.raises(InputError, match=r"06:07:00.*60-minute grid"):
        predict_load(load)


def test_daily_values_are_refused(plant):
    with pytest.raises(InputError, match=r"neither hourly.*Resample"):
        predict_load(plant(40).resample("1D").mean())


@pytest.mark.parametrize("hours", [0, -1, 10_000, True])
def test_an_impossible_horizon_is_refused(plant, hours):
    with pytest.raises(InputError, match="horizon_hours"):
        predict_load(plant(20), horizon_hours=hours)


@pytest.mark.parametrize("level", [0.0, 1.0, 80])
def test_an_impossible_level_is_refused(plant, level):
    with pytest.raises(InputError, match=r"level.*\(0, 1\)"):
        predict_load(plant(20), level=level)


def test_an_unknown_model_lists_the_known(plant):
    with pytest.raises(InputError, match=r"'lstm'.*auto, boosting, naive, prophet, ridge"):
        predict_load(plant(20), model="lstm")


def test_a_signal_that_ends_too_early_names_the_day(plant):
    load = plant(30)
    with pytest.raises(InputError, match=r"'2025-04-02'.*every day"):
        predict_load(load, exog=load.rename("temperature").to_frame())


def test_a_signal_without_a_zone_is_refused(plant):
    load = plant(30)
    with pytest.raises(NaiveTimestampError, match="exog"):
        predict_load(load, exog=load.tz_localize(None).to_frame())


def test_origins_need_two_weeks_before_them(plant):
    with pytest.raises(HistoryTooShortError, match="first origin"):
        backtest(plant(30), origins=30)


def test_an_origin_outside_the_history_is_refused(plant):
    with pytest.raises(InputError, match="origins"):
        backtest(plant(30), origins=[pd.Timestamp("2031-01-01", tz="UTC")])


def test_without_the_holidays_package_the_default_knows_weekends_and_says_so(plant, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "carbonost.engines.forecast.predict.find_spec", lambda name: None if name == "holidays" else real(name)
    )
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    with pytest.warns(UserWarning, match=r"only weekends: pip install 'carbonost\[forecast\]'"):
        out = predict_load(plant(30))
    assert out.attrs["diagnostics"]["calendar"] == "weekdays only"
    with pytest.raises(MissingExtraError, match="the calendar of KR needs holidays"):
        predict_load(plant(30), holidays="KR")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict_load(plant(30), holidays=None)


def test_stamps_in_utc_are_read_on_the_clock_of_china(plant):
    load = plant(60)
    local, utc = predict_load(load), predict_load(load.tz_convert("UTC"))
    np.testing.assert_array_equal(local.yhat, utc.yhat)
    assert str(utc.ds.dt.tz) == "UTC"


def test_every_error_is_one_of_ours(plant):
    for call in (lambda: predict_load(plant(1)), lambda: predict_load(plant(20), model="x")):
        with pytest.raises(CarbonostError):
            call()


def test_the_specifications_frames_work_through_the_optimizer(plant):
    frame = plant(30).rename_axis("timestamp").reset_index()
    spec = EnergyOptimizer().predict_load(frame, horizon_hours=24)
    ds_y = frame.rename(columns={"timestamp": "ds", "load_kw": "y"})
    pd.testing.assert_frame_equal(spec, predict_load(ds_y))


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"horizon_hours": "24"}, "horizon_hours"),
        ({"horizon_hours": None}, "horizon_hours"),
        ({"horizon_hours": float("nan")}, "horizon_hours"),
        ({"level": "0.8"}, "level"),
        ({"level": None}, "level"),
        ({"zone": "Mars"}, "zone"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_named(plant, arguments, field):
    with pytest.raises(InputError) as caught:
        predict_load(plant(20), **arguments)
    assert caught.value.field == field


def test_a_table_read_from_a_file_may_hold_its_stamps_as_text(plant):
    load = plant(20)
    table = load.rename("load_kw").rename_axis("timestamp").reset_index()
    text = table.assign(timestamp=table.timestamp.map(str))
    np.testing.assert_array_equal(predict_load(text).yhat, predict_load(table).yhat)
    with pytest.raises(NaiveTimestampError):
        predict_load(table.assign(timestamp=table.timestamp.dt.tz_localize(None).map(str)))
    text.loc[7, "timestamp"] = "2025-03-03 24:00"
    with pytest.raises(InputError, match="24:00") as caught:
        predict_load(text)
    assert caught.value.row == 7


def test_a_number_with_separators_is_named_with_its_stamp(plant):
    load = plant(20).astype(object)
    load.iloc[5] = "1,000"
    with pytest.raises(InputError, match="'1,000' at") as caught:
        predict_load(load)
    assert str(load.index[5]) in caught.value.value
