"""Scenarios, portfolios, a user's own convex terms, pictures (S51), and the forecast by name."""

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import Battery, Case, Chp, EnergyOptimizer, FlexibleLoad, Grid, PvArray, Site, Tariff
from carbonost.engines.forecast import predict_load
from carbonost.errors import InfeasibleError, InputError

OPT = EnergyOptimizer()
INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
HOUR = INDEX.hour.to_numpy()
LOAD = pd.Series(80.0 + 60 * ((HOUR >= 9) & (HOUR < 20)), INDEX)
TARIFF = Tariff.from_prices({h: 0.3 if h < 8 else 0.9 for h in range(24)}, demand_cny_per_kw_month=36.0)
SITE = Site(assets=[Battery(150.0, 40.0)])


def drawn(axes):
    """Render; a box in place of a glyph is a warning, and a warning fails the test."""
    axes.figure.savefig(io.BytesIO(), format="png")
    return axes


def test_a_single_scenario_is_a_dispatch():
    plan = OPT.dispatch_scenarios(SITE, {"only": LOAD}, TARIFF)
    assert plan.expected_cny == pytest.approx(OPT.dispatch(SITE, LOAD, TARIFF).objective_cny, rel=1e-7)


def test_hedging_costs_in_the_mean_and_gains_in_the_worst_case():
    spike = LOAD + 50.0 * (HOUR == 18)
    loads = {"plain": LOAD, "spike": spike}
    given = {"probabilities": [0.98, 0.02]}
    mean, worst, tail = (
        OPT.dispatch_scenarios(SITE, loads, TARIFF, aim=aim, tail=0.02, **given)
        for aim in ("expected", "worst", "cvar")
    )
    assert mean.expected_cny <= worst.expected_cny + 1e-6
    assert worst.worst_cny <= mean.worst_cny + 1e-6
    assert tail.objective_cny == pytest.approx(worst.worst_cny, rel=1e-6)
    for plan in (mean, worst, tail):
        assert plan.cost_cny["spike"] >= OPT.dispatch(SITE, spike, TARIFF).objective_cny - 1e-6
        assert plan["to_dict"]()["worst_cny"] == plan.worst_cny


@pytest.mark.parametrize("aim", ["expected", "worst", "cvar"])
@pytest.mark.parametrize(
    "fixed", [{"demand_cny_per_kw_month": 36.0}, {"demand_cny_per_kw_month": 36.0, "contract_kw": 120.0}]
)
def test_each_scenario_costs_the_bill_of_what_it_buys_whatever_is_least(aim, fixed):
    tariff = Tariff.from_prices({h: 0.3 if h < 8 else 0.9 for h in range(24)}, **fixed)
    loads = {"low": LOAD * 0.1, "middle": LOAD, "high": LOAD * 2.0}
    plan = OPT.dispatch_scenarios(SITE, loads, tariff, probabilities=[0.2, 0.6, 0.2], aim=aim, tail=0.3)
    for name, load in loads.items():
        bought = (load + plan.frame.charge_kw - plan.frame.discharge_kw).clip(lower=0.0)
        assert plan.cost_cny[name] == pytest.approx(tariff.bill(bought).total_cny, rel=1e-9)
    assert plan.expected_cny == pytest.approx(np.dot([0.2, 0.6, 0.2], list(plan.cost_cny.values())))


def test_a_forecasts_quantiles_are_scenarios():
    frame = pd.DataFrame({"ds": INDEX, "yhat": LOAD.to_numpy(), "yhat_lower": 0.9 * LOAD, "yhat_upper": 1.2 * LOAD})
    plan = OPT.dispatch_scenarios(SITE, frame.reset_index(drop=True), TARIFF, aim="worst")
    assert list(plan.cost_cny) == ["low", "middle", "high"]
    assert plan.worst_cny == pytest.approx(plan.cost_cny["high"])


def test_scenarios_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="summing to 1"):
        OPT.dispatch_scenarios(SITE, {"a": LOAD, "b": LOAD}, TARIFF, probabilities=[0.5, 0.6])
    with pytest.raises(InputError, match="stamps"):
        OPT.dispatch_scenarios(SITE, {"a": LOAD, "b": LOAD.iloc[1:]}, TARIFF)
    with pytest.raises(InputError, match="one battery"):
        OPT.dispatch_scenarios(Site(), {"a": LOAD}, TARIFF)
    with pytest.raises(InputError, match="aim"):
        OPT.dispatch_scenarios(SITE, {"a": LOAD}, TARIFF, aim="best")
    with pytest.raises(InfeasibleError):
        OPT.dispatch_scenarios(Site(grid=Grid(import_kw_max=90.0), assets=SITE.assets), {"a": LOAD}, TARIFF)


def test_what_a_scenario_model_does_not_hold_is_refused_not_left_out():
    site, loads = Site(assets=[Battery(100.0, 50.0)]), {"a": LOAD}
    selling = Site(grid=Grid(export_kw_max=None), assets=site.assets)
    with pytest.raises(InputError, match="export_kw_max"):
        OPT.dispatch_scenarios(selling, loads, TARIFF)
    for options in ({"heat_kw": 1.0}, {"carbon_cap_t": 1.0, "grid_kg_per_kwh": 0.5}):
        with pytest.raises(InputError, match="not part of a plan over scenarios"):
            OPT.dispatch_scenarios(site, loads, TARIFF, **options)
    with pytest.raises(InputError, match="below zero"):
        OPT.dispatch_scenarios(site, loads, Tariff.from_prices(-0.1))
    with pytest.raises(InputError, match="yhat_lower"):
        OPT.dispatch_scenarios(site, pd.DataFrame({"ds": LOAD.index, "yhat": LOAD.to_numpy()}), TARIFF)


def test_a_connection_too_small_for_the_scenarios_is_named_with_when_and_by_how_much():
    loads = {"a": LOAD * 0 + 100.0, "b": LOAD * 0 + 120.0}
    site = Site(grid=Grid(import_kw_max=90.0), assets=[Battery(0.0, 0.0)])
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch_scenarios(site, loads, TARIFF)
    assert caught.value.by == pytest.approx(30.0)
    assert caught.value.at == LOAD.index[0]


def test_scenarios_of_a_typical_day_stand_for_its_year_and_are_drawn(pyplot):
    site = Site(assets=[Battery(100.0, 50.0)])
    year = OPT.dispatch_scenarios(site, {"a": LOAD}, TARIFF, weight=365.0)
    assert year.expected_cny == pytest.approx(OPT.dispatch(site, LOAD, TARIFF, weight=365.0).objective_cny)
    assert [text.get_text() for text in drawn(year.plot()).get_legend().get_texts()] == ["a", "储能(放电为正)"]


def test_a_portfolio_is_its_parks_one_by_one_with_progress():
    cases = {f"park {k}": Case(SITE, LOAD * k, TARIFF, {"grid_kg_per_kwh": 0.5}) for k in (1, 2, 3)}
    seen = []
    serial = OPT.dispatch_many(cases, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with ThreadPoolExecutor(1) as pool:
        pooled = OPT.dispatch_many(cases, executor=pool)
    assert list(pooled) == list(serial)
    for name, schedule in serial.items():
        assert pooled[name].objective_cny == schedule.objective_cny
    alone = OPT.dispatch(SITE, LOAD * 2, TARIFF, grid_kg_per_kwh=0.5)
    assert serial["park 2"].objective_cny == alone.objective_cny


def test_the_cvxpy_front_finds_the_same_plan_and_takes_a_term_of_ones_own():
    sun = PvArray(profile_kw=100.0 * np.maximum(0, np.sin((HOUR - 6) / 12 * np.pi)))
    site = Site(grid=Grid(export_kw_max=20.0), assets=[*SITE.assets, sun])
    model = OPT.convex_model(site, LOAD, TARIFF)
    plain = model.solve(solver=cp.HIGHS)
    assert plain.objective_cny == pytest.approx(OPT.dispatch(site, LOAD, TARIFF).objective_cny, rel=1e-6)
    smooth = 0.05 * cp.sum_squares(cp.diff(model["import_kw"]))
    shaped = model.solve(smooth, [model["export_kw"] == 0.0], solver=cp.CLARABEL)
    assert shaped.to_frame().export_kw.max() == pytest.approx(0.0, abs=1e-4)
    assert shaped.objective_cny >= plain.objective_cny - 1e-3
    assert shaped.diagnostics["extra_cny"] > 0
    rough, even = (np.square(np.diff(s.to_frame().import_kw)).sum() for s in (plain, shaped))
    assert even < rough
    with pytest.raises(InputError, match="flow"):
        model["steam_kw"]
    with pytest.raises(InfeasibleError):
        model.solve(0.0, [model["import_kw"] <= 1.0], solver=cp.HIGHS)
    with pytest.raises(InputError, match="on/off"):
        OPT.convex_model(Site(assets=[FlexibleLoad(10.0, 2.0)]), LOAD, TARIFF)


@pytest.mark.parametrize(
    ("kind", "chinese", "english"),
    [
        ("load", "功率 [kW]", "power [kW]"),
        ("soc", "荷电状态 [%]", "state of charge [%]"),
        ("prices", "电价 [元/kWh]", "price [CNY/kWh]"),
        ("cost", "费用 [元]", "cost [CNY]"),
    ],
)
def test_a_plan_is_drawn_in_chinese_or_english_where_a_cell_shows_it(kind, chinese, english, pyplot):
    plan = OPT.dispatch(SITE, LOAD, TARIFF)
    axes = drawn(plan.plot(kind))
    assert pyplot.gcf() is axes.figure  # what a notebook shows after the cell
    assert axes.get_ylabel() == chinese
    assert drawn(plan.plot(kind, language="en")).get_ylabel() == english
    own = pyplot.subplots()[1]
    assert plan.plot(kind, own) is own
    with pytest.raises(InputError, match="language"):
        plan.plot(kind, language="fr")


def test_what_is_stored_is_drawn_at_the_end_of_each_interval(pyplot):
    plan = OPT.dispatch(SITE, LOAD, TARIFF)
    corners = plan.plot("soc").collections[0].get_paths()[0].vertices
    first = pyplot.matplotlib.dates.date2num(LOAD.index[1].tz_localize(None))
    assert corners[:, 0].min() == pytest.approx(first)


def test_a_part_of_a_plan_is_drawn_by_its_days(pyplot):
    load = pd.Series(100.0, pd.date_range("2025-03-01", periods=24 * 5, freq="h", tz="Asia/Shanghai"))
    plan = OPT.dispatch(SITE, load, TARIFF)
    hours = [(line.get_xdata()[-1] - line.get_xdata()[0]) * 24 for line in _lines(plan, ("2025-03-02", "2025-03-03"))]
    assert hours == pytest.approx([48.0, 48.0])
    assert len(_lines(plan, "2025-03-02")[0].get_xdata()) == 25
    for wrong, told in (("2026", "nothing then"), ("noon", "no part of time"), (("2025-03",), "no part of time")):
        with pytest.raises(InputError, match=told):
            plan.plot(during=wrong)
    with pytest.raises(InputError, match="whole"):
        plan.plot("cost", during="2025-03-02")


def _lines(plan, during):
    lines = drawn(plan.plot(during=during)).get_lines()[:2]
    for line in lines:
        line.set_xdata(line.get_xdata(orig=False))
    return lines


@pytest.mark.parametrize("kind", ["soc", "prices"])
def test_many_weeks_are_drawn_as_a_day_of_the_clock(kind, pyplot):
    hours = pd.date_range("2025-01-01", periods=24 * 50, freq="h", tz="Asia/Shanghai")
    plan = OPT.dispatch(SITE, pd.Series(100.0, hours), TARIFF)
    axes = drawn(plan.plot(kind))
    assert axes.get_xlim() == (0, 24)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["十日中有八日在此范围", "各日平均"]
    assert drawn(plan.plot(kind, during="2025-01")).get_xlim() != (0, 24)


def test_the_scenarios_of_a_forecast_have_chinese_names(pyplot):
    band = pd.DataFrame({"ds": INDEX, "yhat": LOAD.to_numpy(), "yhat_lower": 80.0, "yhat_upper": 150.0})
    drawn_as = drawn(OPT.dispatch_scenarios(SITE, band, TARIFF).plot()).get_legend().get_texts()
    assert [text.get_text() for text in drawn_as][:3] == ["低情景", "中情景", "高情景"]


def test_a_bill_is_drawn_by_month_and_term(pyplot):
    axes = drawn(TARIFF.bill(LOAD).plot())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["电度电费", "需量电费"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(TARIFF.bill(LOAD).months)
    assert sum(bar.get_height() for bar in axes.patches) == pytest.approx(TARIFF.bill(LOAD).total_cny)


def test_a_waterfall_starts_at_doing_nothing_and_ends_at_the_plan(pyplot):
    schedule = OPT.dispatch(SITE, LOAD, TARIFF)
    bars = schedule.plot("cost").patches
    assert bars[0].get_height() == pytest.approx(schedule.baseline_cny)
    assert bars[-2].get_y() + bars[-2].get_height() == pytest.approx(schedule.objective_cny)
    assert bars[-1].get_height() == pytest.approx(schedule.objective_cny)
    with pytest.raises(InputError, match="picture"):
        schedule.plot("pie")


def test_a_waterfall_leaves_out_what_only_rounding_changed(pyplot):
    schedule = OPT.dispatch(SITE, LOAD, TARIFF)
    demand = schedule.baseline.items["demand"] * (1 + 1e-15)
    ledger = replace(schedule.ledger, items={**schedule.ledger.items, "demand": demand})
    names = [tick.get_text() for tick in replace(schedule, ledger=ledger).plot("cost").get_xticklabels()]
    assert names == ["优化前", "电度电费", "优化后"]


def test_results_read_as_tables_dicts_and_html(pyplot):
    shaving = OPT.optimize_peak_shaving(LOAD, 150.0, 40.0, TARIFF)
    front = OPT.pareto(SITE, LOAD, TARIFF, points=2, grid_kg_per_kwh=0.5 + 0.3 * (HOUR < 8))
    sizing = OPT.size(Site(assets=[Battery(None, None, annual_cost_cny_per_kwh=0.2)]), LOAD, TARIFF)
    for result in (shaving, shaving.schedule, shaving.ledger, front, sizing):
        assert len(result.to_frame()) > 0
        assert result.to_dict()
        assert "<table" in result._repr_html_()
    assert drawn(front.plot()).get_xlabel() == "排放量 [tCO2]"
    assert shaving["schedule"] is shaving.schedule
    assert shaving["savings"] == shaving.original_cost - shaving.optimized_cost
    with pytest.raises(KeyError):
        shaving["no such key"]


def test_a_forecast_is_found_by_the_name_of_its_room():
    from carbonost.engines.energy import optimizer

    assert optimizer.FORECASTER == ("carbonost.engines.forecast", "predict_load")


def test_a_forecast_hears_of_the_temperature_and_of_where_days_begin():
    hours = pd.date_range("2025-06-01", periods=24 * 29, freq="h", tz="Asia/Shanghai")
    warmth = pd.Series(25.0 + 8.0 * np.random.default_rng(3).random(29).repeat(24), hours)
    history = (100.0 + 5.0 * warmth)[: 24 * 28]
    told = OPT.predict_load(history, exog=warmth, zone="UTC")
    pd.testing.assert_frame_equal(told, predict_load(history, exog=warmth.to_frame("warmth"), zone="UTC"))
    assert (told.yhat - OPT.predict_load(history).yhat).abs().max() > 1.0


def test_a_price_on_carbon_with_chp_counts_its_gas():
    site = Site(assets=[Chp(50.0, 0.4, 0.4, heat_dump=True)])
    schedule = OPT.dispatch(
        site, LOAD, Tariff.from_prices(2.0), gas_price_cny_per_kwh=0.1, gas_kg_per_kwh=0.2, grid_kg_per_kwh=0.5,
        carbon_price_cny_per_t=100.0,
    )  # fmt: skip
    bought = schedule.to_frame().import_kw.sum()
    assert schedule.emissions_t == pytest.approx((24 * 50 / 0.4 * 0.2 + bought * 0.5) / 1000)


def test_parks_without_names_are_refused():
    with pytest.raises(InputError, match="cases"):
        OPT.dispatch_many([Case(SITE, LOAD, TARIFF)])
