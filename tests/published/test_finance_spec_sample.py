"""The specification's finance sample is impossible, and its own code says what it should have been (P67)."""

import pytest

from carbonost.engines.finance import Cashflow, check_consistency, npv, payback
from carbonost.errors import InconsistentMetricsError

SAMPLE = {"capex_cny": 37_000_000.0, "annual_net_cny": 1_500_000.0, "rate": 0.08, "horizon_years": 15}


def test_the_sample_of_37_million_at_1_5_million_a_year_loses_24_million():
    flows = [-37e6] + [1.5e6] * 15
    assert npv(0.08, flows) == pytest.approx(-24.16e6, rel=1e-4)
    assert payback(flows).years is None  # 24.67 years lie beyond the horizon
    assert payback([-37e6] + [1.5e6] * 30).years == pytest.approx(24.67, abs=0.005)


def test_a_payback_beyond_the_horizon_beside_a_gain_is_refused():
    with pytest.raises(InconsistentMetricsError, match="beyond the horizon of 15 a"):
        check_consistency(rate=0.08, horizon_years=15, npv_cny=4.2e6, payback_years=24.67)


def test_the_samples_present_value_is_refused_with_the_true_one():
    with pytest.raises(InconsistentMetricsError, match=r"worth -2\.4160.e\+07"):
        check_consistency(**SAMPLE, npv_cny=4.2e6, payback_years=24.67)


def test_the_samples_true_figures_stand():
    check_consistency(**SAMPLE, npv_cny=-24.16e6, payback_years=24.67)


def test_the_specifications_code_gives_a_loss_of_12_52_million_and_12_94_years():
    saving = 120e6 * 0.75 * 0.02
    measures = [
        {"capex_cny": capex, "opex_cny_per_year": 0.02 * capex, "saving_cny_per_year": saving} for capex in (25e6, 12e6)
    ]
    portfolio = Cashflow.total(Cashflow.build(measures, {"wacc": 0.08, "horizon_years": 15}))
    assert portfolio.after_tax[1] == pytest.approx(2.86e6)
    assert portfolio.npv_cny == pytest.approx(-12.52e6, rel=1e-3)
    assert portfolio.payback.years == pytest.approx(12.94, abs=0.005)
    check_consistency(
        rate=0.08, horizon_years=15, npv_cny=portfolio.npv_cny, payback_years=portfolio.payback.years,
        irr=portfolio.irr.rate, capex_cny=37e6, annual_net_cny=2.86e6,
    )  # fmt: skip
