"""S51: results are equal where their figures are, survive pickle and copy, and read as tables."""

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import Battery, EnergyOptimizer, Site, Tariff
from carbonost.engines.finance import Cashflow, Portfolio, loan, macc, npv_sensitivity, portfolio, shared_savings
from carbonost.engines.forecast import forecast
from carbonost.engines.measures import AbatementFactors, Baseline, assess, screen

HOURS = pd.date_range("2025-03-03", periods=24 * 21, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(100.0 + 50.0 * (HOURS.hour >= 8), HOURS)
SITE = Site(assets=[Battery(100.0, 25.0)])
TARIFF = Tariff.from_prices({h: 0.3 if h < 8 else 0.9 for h in range(24)})
OPT = EnergyOptimizer()
SCENARIO = {
    "wacc": 0.08, "horizon_years": 10, "electricity_price_y_per_kwh": 0.7, "carbon_price_y_per_tco2": 0.0,
    "portfolio_size": 3,
}  # fmt: skip
ROOF = {"id": "PV", "capex_cny": 1e6, "electricity_kwh_per_year": 4e5, "abatement_t_per_year": 200.0}
LAMPS = {"id": "LED", "capex_cny": 2e5, "electricity_kwh_per_year": 2e5, "abatement_t_per_year": 100.0}
FACTS = {"lighting_list": [{"fixtures": 1000, "watts_old": 458, "watts_new": 150, "hours": 5000}]}
MAKERS = {
    "schedule": lambda: OPT.dispatch(SITE, LOAD[:24], TARIFF),
    "shaving": lambda: OPT.optimize_peak_shaving(LOAD[:24], 100.0, 25.0, TARIFF),
    "frontier": lambda: OPT.pareto(SITE, LOAD[:24], TARIFF, points=2, grid_kg_per_kwh=0.5),
    "scenarios": lambda: OPT.dispatch_scenarios(SITE, {"a": LOAD[:24]}, TARIFF),
    "forecast": lambda: forecast(LOAD, 24),
    "cash flow": lambda: Cashflow.build([ROOF, LAMPS], SCENARIO),
    "portfolio": lambda: portfolio([ROOF, LAMPS], SCENARIO),
    "loan": lambda: loan(1e6, 0.04, 5),
    "shared": lambda: shared_savings(np.array([-1.0, 2.0]), np.array([0.0, 2.0]), 0.5, 1),
    "curve": lambda: macc([{"id": "X", "mac_cny_per_t": float("nan"), "abatement_t": 0.0}]),
    "roadmap": lambda: assess(
        ["LED"],
        FACTS,
        Baseline(electricity_kwh=4e7),
        AbatementFactors(electricity_location_t_per_kwh=5e-4, electricity_market_t_per_kwh=6e-4),
    ),
}


@pytest.mark.parametrize("name", MAKERS)
def test_equal_figures_make_equal_results(name):
    one, other = MAKERS[name](), MAKERS[name]()
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == copy.copy(one) == one  # noqa: S301 -- our own
    assert one != "another thing"


def test_one_other_figure_makes_another_result():
    plan = MAKERS["schedule"]()
    assert plan != replace(plan, frame=plan.frame + 1e-9)
    assert plan == replace(plan, diagnostics={"solver_s": 9.0}), "how long it took is no figure"
    assert MAKERS["loan"]() != loan(1e6, 0.041, 5)
    assert MAKERS["curve"]() != macc([{"id": "Y", "mac_cny_per_t": 1.0, "abatement_t": 1.0}])


def test_what_is_chosen_reads_as_a_table_a_dict_and_html():
    chosen = MAKERS["portfolio"]()
    table = chosen.to_frame()
    assert table.index.tolist() == list(chosen.selected) == ["PV", "LED"]
    assert table["npv_cny"].sum() == pytest.approx(chosen.metrics["portfolio_npv"])
    assert table.loc["PV", "payback_years"] == pytest.approx(1e6 / 2.8e5)
    assert json.loads(json.dumps(chosen.to_dict()))["selected"] == ["PV", "LED"]
    assert Portfolio((), ("X",), "", None, None).to_frame().empty
    spread = npv_sensitivity([ROOF], SCENARIO)
    assert json.loads(json.dumps(spread.to_dict()))["bars"][0]["name"] == spread.bars[0].name
    assert MAKERS["curve"]().to_dict()["ranking"] == []
    screened, road = screen(FACTS), MAKERS["roadmap"]()
    assert screened.to_frame().loc[1, "id"] == screened.candidates[0].id
    assert road.to_frame().loc["LED", "abatement_location_t"] == pytest.approx(770.0)
    for shown in (chosen, screened, road):
        assert "<table" in shown._repr_html_()
