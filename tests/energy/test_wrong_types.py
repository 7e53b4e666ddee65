"""What is of the wrong type is refused by name before anything is reckoned, wherever it is given."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import (
    Battery,
    Boiler,
    Case,
    Chp,
    CurtailableLoad,
    EnergyOptimizer,
    EvFleet,
    FlexibleLoad,
    HeatPump,
    PvArray,
    Site,
    Tariff,
    WasteHeat,
    WindTurbine,
)
from carbonost.errors import InputError

OPT = EnergyOptimizer()
INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(np.where(INDEX.hour < 8, 40.0, 160.0), INDEX)
TARIFF = Tariff.from_prices({h: 0.3 if h < 8 else 1.0 for h in range(24)})
SITE = Site(assets=[Battery(100.0, 50.0)])
WRONG = [True, "x", b"x", [], {}, [1, 2], ..., 1j, pd.NaT, float("nan"), -1, pd.Series([1.0]), 10**400]
SCENARIOS = {"a": LOAD, "b": 1.2 * LOAD}


def unempty(wrong):
    """An empty list or mapping may stand where nothing is asked for."""
    return 5 if isinstance(wrong, (list, dict)) and not wrong else wrong


CALLS = {
    "site of dispatch": lambda wrong: OPT.dispatch(wrong, LOAD, TARIFF),
    "load": lambda wrong: OPT.dispatch(SITE, wrong, TARIFF),
    "tariff": lambda wrong: OPT.dispatch(SITE, LOAD, wrong),
    "site of control": lambda wrong: OPT.controller(wrong, TARIFF),
    "tariff of control": lambda wrong: OPT.controller(SITE, wrong),
    "forecast": lambda wrong: OPT.controller(SITE, TARIFF).step(wrong),
    "points": lambda wrong: OPT.pareto(SITE, LOAD, TARIFF, grid_kg_per_kwh=0.5, points=wrong),
    "loads": lambda wrong: OPT.dispatch_scenarios(SITE, wrong, TARIFF),
    "aim": lambda wrong: OPT.dispatch_scenarios(SITE, SCENARIOS, TARIFF, aim=wrong),
    "tail": lambda wrong: OPT.dispatch_scenarios(
        SITE, SCENARIOS, TARIFF, aim="cvar", tail=2.0 if wrong is True else wrong
    ),
    "probabilities": lambda wrong: OPT.dispatch_scenarios(SITE, SCENARIOS, TARIFF, probabilities=wrong),
    "case": lambda wrong: OPT.dispatch_many({"a": wrong}),
    "options": lambda wrong: OPT.dispatch_many({"a": Case(SITE, LOAD, TARIFF, unempty(wrong))}),
    "executor": lambda wrong: OPT.dispatch_many({"a": Case(SITE, LOAD, TARIFF)}, executor=wrong),
    "progress": lambda wrong: OPT.dispatch_many({"a": Case(SITE, LOAD, TARIFF)}, progress=wrong),
    "constraints": lambda wrong: OPT.convex_model(SITE, LOAD, TARIFF).solve(0.0, unempty(wrong)),
    "flow": lambda wrong: OPT.convex_model(SITE, LOAD, TARIFF)[wrong],
    "soc_final": lambda wrong: Battery(10.0, 5.0, soc_final=wrong),
    "fuel": lambda wrong: Boiler(0.9, fuel=wrong),
    "cop": lambda wrong: OPT.dispatch(Site(assets=[HeatPump(9.0, cop=wrong)]), LOAD, TARIFF, heat_kw=np.ones(24)),
}


@pytest.mark.parametrize("place", CALLS)
def test_what_is_of_the_wrong_type_is_refused_by_name(place):
    for wrong in WRONG:
        with pytest.raises(InputError) as caught:
            CALLS[place](wrong)
        assert caught.value.field


@pytest.mark.parametrize("wrong", [None, "", 5, True, [], b"x", np.array([1.0, 2.0])])
@pytest.mark.parametrize(
    "asset",
    [
        Battery(10.0, 5.0), PvArray(profile_kw=np.ones(24)), WindTurbine(profile_kw=np.ones(24)), Boiler(0.9),
        HeatPump(9.0, cop=3.0), Chp(9.0, 0.4, 0.4), WasteHeat(np.ones(24)), EvFleet([]), FlexibleLoad(5.0, 2.0),
        CurtailableLoad(5.0, 1.0),
    ],
    ids=lambda asset: asset.name,
)  # fmt: skip
def test_an_asset_has_a_name_and_heat_has_a_grade(asset, wrong):
    for name in ("name", "grade"):
        if hasattr(asset, name):
            with pytest.raises(InputError, match="is not a text") as caught:
                Site(assets=[replace(asset, **{name: wrong})])
            assert caught.value.field == f"{type(asset).__name__}.{name}"


def test_a_carbon_price_of_none_is_refused():
    with pytest.raises(InputError, match="carbon_price_cny_per_t"):
        OPT.dispatch(SITE, LOAD, TARIFF, carbon_price_cny_per_t=None)


def test_equal_plans_do_not_hang_on_the_order_assets_are_given_in():
    sun, wind = PvArray(profile_kw=np.full(24, 120.0)), WindTurbine(profile_kw=np.full(24, 90.0))
    visit = {"arrival": INDEX[1], "departure": INDEX[20], "energy_kwh": 40.0, "power_kw": 22.0}
    assets = [Battery(100.0, 50.0), sun, wind, EvFleet([visit]), FlexibleLoad(20.0, 3.0), CurtailableLoad(30.0, 0.5)]
    plans = [OPT.dispatch(Site(assets=assets[k:] + assets[:k]), LOAD, TARIFF).to_frame() for k in range(len(assets))]
    for plan in plans[1:]:
        pd.testing.assert_frame_equal(plan, plans[0], rtol=0.0, atol=0.0)
