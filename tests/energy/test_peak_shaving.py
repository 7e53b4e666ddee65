"""Small days whose best plan can be worked by hand (S31, S32)."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import EnergyOptimizer, Tariff


def day(values, start="2025-03-03", freq="h"):
    return pd.Series(
        np.asarray(values, dtype=float), pd.date_range(start, periods=len(values), freq=freq, tz="Asia/Shanghai")
    )


CHEAP_NIGHT = {hour: 0.3 if hour < 12 else 1.0 for hour in range(24)}


def test_a_lossless_battery_moves_its_capacity_from_the_dear_half_of_the_day_to_the_cheap_one():
    result = EnergyOptimizer().optimize_peak_shaving(
        day(np.full(24, 100.0)), 50.0, 50.0, CHEAP_NIGHT,
        charge_efficiency=1.0, discharge_efficiency=1.0, soc_initial=0.0,
    )  # fmt: skip
    assert result.original_cost == pytest.approx(12 * 100 * 1.3)
    assert result["savings"] == pytest.approx(50 * 0.7)
    assert result["savings_percentage"] == pytest.approx(100 * 35 / 1560)
    assert result["optimized_cost"] == pytest.approx(result["ledger"].total_cny)


def test_losses_are_paid_on_both_ways():
    result = EnergyOptimizer().optimize_peak_shaving(
        day(np.full(24, 100.0)), 50.0, 50.0, CHEAP_NIGHT, charge_efficiency=0.8, discharge_efficiency=0.5,
        soc_initial=0.0,
    )  # fmt: skip
    assert result.savings == pytest.approx(50 * 0.5 * 1.0 - 50 / 0.8 * 0.3)


def test_a_single_peak_is_shaved_by_the_power_the_battery_has():
    load = np.full(24, 100.0)
    load[18] = 200.0
    tariff = Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0)
    result = EnergyOptimizer().optimize_peak_shaving(
        day(load), 1000.0, 60.0, tariff, charge_efficiency=1.0, discharge_efficiency=1.0
    )
    assert result.peak_kw == pytest.approx(140.0)
    assert result.savings == pytest.approx(60.0 * 40.0)


def test_a_forecast_frame_is_a_load_too():
    series = day(np.full(24, 100.0))
    frame = pd.DataFrame({"ds": series.index, "yhat": series.to_numpy(), "yhat_lower": 0.0, "yhat_upper": 0.0})
    result = EnergyOptimizer().optimize_peak_shaving(frame, 50.0, 50.0, CHEAP_NIGHT)
    assert result.original_cost == pytest.approx(1560.0)


def test_a_result_has_the_manners_of_the_dict_it_stands_for():
    result = EnergyOptimizer().optimize_peak_shaving(day(np.full(24, 100.0)), 50.0, 50.0, CHEAP_NIGHT)
    assert dict(result) == result.to_dict()
    assert "savings" in result
    assert "no such key" not in result
    assert 0 not in result
    assert result.get("savings") == result.savings
    assert result.get("no such key", 0.0) == 0.0
