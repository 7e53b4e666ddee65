"""A calendar counts as far as the load keeps it (S29, S30)."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.forecast import day_types, forecast


@pytest.fixture
def keeping(plant):
    """Build a plant that rests on the special days of a calendar and works on its make-up workdays."""

    def build(country, days=200, start="2025-03-03"):
        load = plant(days, start=start)
        table = day_types(load.index[0].date(), load.index[-1].date(), country)
        kind = table.day_type.to_numpy()[np.arange(len(load)) // 24]
        shift = (load.index.hour >= 8) & (load.index.hour < 18)
        plain = 120.0 * (shift & (load.index.day_of_week < 5))
        return load - plain + 120.0 * (shift & np.isin(kind, ["workday", "makeup"]))

    return build


@pytest.mark.parametrize("country", ["CN", "DE", "US"])
def test_a_load_that_keeps_its_calendar_is_believed(keeping, country):
    told = forecast(keeping(country, 300), holidays=country).diagnostics
    assert told["calendar"] == country
    assert told["unkept_holidays"] == []


def test_another_countrys_calendar_is_left_out(keeping):
    load = keeping("DE", 400, start="2024-09-02")[:"2025-09-27"]  # the day after is a make-up workday in China
    said = forecast(load, 24)
    assert "makeup" in said.diagnostics["unkept_holidays"]
    assert "National Day" in said.diagnostics["unkept_holidays"]  # it never came, yet nothing speaks for it
    assert said.mean[9:17].max() < 230


def test_a_festival_that_is_worked_through_leaves_the_others_as_they_are(keeping):
    load = keeping("CN", 600, start="2024-01-01")
    worked = load.index.normalize().isin(
        pd.to_datetime(["2024-06-10", "2025-05-31", "2025-06-02"]).tz_localize(load.index.tz)
    )
    shift = (load.index.hour >= 8) & (load.index.hour < 18) & (load.index.day_of_week < 5)
    load = load + 120.0 * (worked & shift)
    told = forecast(load).diagnostics["unkept_holidays"]
    assert told == ["Dragon Boat Festival"]


def test_a_long_forecast_leaves_out_what_is_not_kept(keeping):
    load = keeping("DE", 400, start="2024-09-02")[:"2025-09-15"]
    said = forecast(load, 24 * 20).to_frame(0.8).set_index("ds").yhat
    assert said["2025-10-02 09:00":"2025-10-02 16:00"].min() > 280


def test_a_load_without_a_week_speaks_neither_for_nor_against(plant):
    load = plant(200) * 0 + 100.0
    assert forecast(load).diagnostics["unkept_holidays"] == []
