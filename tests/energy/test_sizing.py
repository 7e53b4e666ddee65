"""Capacities: worked cases, cuts against one model with columns, and refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.engines.energy import Battery, EnergyOptimizer, HeatPump, PvArray, Site, Tariff
from carbonost.engines.energy.problem import read_problem
from carbonost.engines.energy.sizing import as_sizing, by_cuts, monolithic
from carbonost.errors import InputError, UnboundedError

OPT = EnergyOptimizer()
INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(100.0, INDEX)
NIGHT = Tariff.from_prices({h: 0.3 if h < 8 else 0.9 for h in range(24)})


def lossless(**owning):
    return Battery(None, None, 1.0, 1.0, soc_initial=0.0, **owning)


def test_a_battery_grows_until_its_last_kwh_no_longer_pays():
    # a kWh moved each day earns 0.6 CNY; eight hours of charging at 200 kW would fill 1600 kWh
    cheap = lossless(annual_cost_cny_per_kwh=0.5 * 365, annual_cost_cny_per_kw=0.0, capacity_kw_max=200.0)
    sizing = OPT.size(Site(assets=[cheap]), LOAD, NIGHT, weight=365.0)
    assert sizing.capacities["battery"]["capacity_kwh"] == pytest.approx(1600.0)
    assert sizing.objective_cny == pytest.approx(365 * (8 * 300 * 0.3 - 0 + 0.5 * 1600), rel=1e-6)
    dear = lossless(annual_cost_cny_per_kwh=0.7 * 365, annual_cost_cny_per_kw=0.0)
    assert OPT.size(Site(assets=[dear]), LOAD, NIGHT, weight=365.0).capacities["battery"]["capacity_kwh"] == 0.0


def test_capital_becomes_an_annuity_at_the_discount_rate():
    annuity = 900 * 0.08 / (1 - 1.08**-10)
    owned = {"capacity_kw_max": 200.0, "annual_cost_cny_per_kw": 0.0}
    by_capex = OPT.size(
        Site(assets=[lossless(capex_cny_per_kwh=900.0, life_years=10.0, **owned)]), LOAD, NIGHT, weight=365.0
    )
    by_annual = OPT.size(Site(assets=[lossless(annual_cost_cny_per_kwh=annuity, **owned)]), LOAD, NIGHT, weight=365.0)
    assert by_capex.objective_cny == pytest.approx(by_annual.objective_cny)
    assert by_capex.investment_cny == pytest.approx(annuity * by_capex.capacities["battery"]["capacity_kwh"])


def random_case(seed, hours=24 * 14):
    rng = np.random.default_rng(seed)
    index = pd.date_range("2025-03-24", periods=hours, freq="h", tz="Asia/Shanghai")
    hour = index.hour.to_numpy()
    load = pd.Series(np.maximum(5, 200 + 150 * np.sin((hour - 8) / 24 * 2 * np.pi) + rng.normal(0, 50, hours)), index)
    sun = pd.Series(np.maximum(0, np.sin((hour - 6) / 12 * np.pi)) * rng.uniform(0.3, 1, hours), index)
    tariff = Tariff.from_prices(
        {h: 0.3 if h < 8 else 1.1 if 14 <= h < 22 else 0.6 for h in range(24)},
        demand_cny_per_kw_month=36.0,
        contract_kw=[None, 200.0][int(rng.integers(2))],
    )
    site = Site(
        assets=[
            Battery(
                None, None,
                annual_cost_cny_per_kwh=float(rng.uniform(60, 220)),
                annual_cost_cny_per_kw=float(rng.uniform(10, 60)),
                soc_min=0.1,
                soc_final=["initial", None][int(rng.integers(2))],
                wear_cny_per_kwh=float(rng.choice([0.0, 0.05])),
            ),
            PvArray(capacity_kw=None, profile=sun, annual_cost_cny_per_kw=float(rng.uniform(150, 500))),
        ]
    )  # fmt: skip
    return read_problem(site, load, tariff, weight=365 / 14)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_cuts_reach_the_optimum_of_one_whole_model(seed):
    problem = random_case(seed)
    arrays = as_sizing(problem)
    assert arrays is not None
    assert by_cuts(problem, arrays).objective_cny == pytest.approx(monolithic(problem).objective_cny, rel=1e-6)


def test_a_cut_is_exact_where_it_was_taken_and_below_everywhere_else():
    from carbonost.engines.energy.cuts import Operation

    arrays = as_sizing(random_case(7))
    rng = np.random.default_rng(1)
    points = [rng.uniform(0, [800.0, 300.0, 500.0]) for _ in range(6)]
    found = [Operation(arrays).at(x) for x in points]
    for x, (value, slope, constant) in zip(points, found, strict=True):
        assert slope @ x + constant == pytest.approx(value, rel=1e-9)
        for other, (there, _, _) in zip(points, found, strict=True):
            assert slope @ other + constant <= there * (1 + 1e-9)


def test_one_open_capacity_beside_a_given_one():
    site = Site(assets=[Battery(400.0, None, annual_cost_cny_per_kw=30.0)])
    sizes = OPT.size(site, LOAD, NIGHT, weight=365.0).capacities["battery"]
    assert sizes["capacity_kwh"] == 400.0
    assert 0.0 < sizes["power_kw"] < 400.0


def test_a_heat_pump_is_sized_by_one_model():
    site = Site(assets=[HeatPump(None, cop=3.0, annual_cost_cny_per_kw=100.0)])
    sizing = OPT.size(site, LOAD, NIGHT, weight=365.0, heat_kw=np.full(24, 60.0))
    assert sizing.capacities["heat_pump"]["power_kw"] == pytest.approx(60.0)


def test_owning_that_always_pays_is_refused_and_so_is_nothing_to_size():
    sun = PvArray(capacity_kw=None, profile=np.ones(24), annual_cost_cny_per_kw=10.0)
    from carbonost.engines.energy import Grid

    with pytest.raises(UnboundedError):
        OPT.size(
            Site(grid=Grid(export_kw_max=None), assets=[sun]), LOAD,
            Tariff.from_prices(0.6, export_cny_per_kwh=0.4), weight=365.0,
        )  # fmt: skip
    with pytest.raises(InputError, match="None"):
        OPT.size(Site(assets=[Battery(1.0, 1.0)]), LOAD, NIGHT)
