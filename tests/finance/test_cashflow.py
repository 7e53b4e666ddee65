import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.domain.measure import Investment
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance import (
    Cashflow,
    Financing,
    TaxTerms,
    check_consistency,
    lcoe,
    loan,
    mac,
    macc,
    npv,
    npv_sensitivity,
    portfolio,
    tornado,
    two_way,
)
from carbonost.errors import InputError

PLAIN = {"wacc": 0.08, "horizon_years": 5}
ROOF = Investment(
    id="PV_ROOF", capex_cny=2_700_000.0, opex_cny_per_year=46_000.0, electricity_kwh_per_year=1_000_000.0,
    energy_kwh_per_year=1_000_000.0, abatement_t_per_year=530.0, degradation=0.004, life_years=25,
)  # fmt: skip


def test_an_investment_is_paid_today_and_saves_at_each_years_end():
    flow = Cashflow.build({"capex_cny": 100.0, "saving_cny_per_year": 40.0, "opex_cny_per_year": 10.0}, PLAIN)
    np.testing.assert_allclose(flow.pretax, [-100, 30, 30, 30, 30, 30])
    np.testing.assert_allclose(flow.tax, 0.0)  # a scenario without a tax rate taxes nothing
    assert flow.npv_cny == pytest.approx(npv(0.08, flow.after_tax))
    assert flow.irr.rate == pytest.approx(0.1523824)
    assert flow.payback.years == pytest.approx(100 / 30)


def test_tax_follows_saving_less_cost_less_depreciation():
    terms = {**PLAIN, "tax_rate": 0.25, "depreciation_years": 4, "residual_share": 0.2}
    flow = Cashflow.build({"capex_cny": 100.0, "saving_cny_per_year": 40.0, "opex_cny_per_year": 10.0}, terms)
    np.testing.assert_allclose(flow.depreciation, [0, 20, 20, 20, 20, 0])
    np.testing.assert_allclose(flow.tax, [0, 2.5, 2.5, 2.5, 2.5, 7.5])
    np.testing.assert_allclose(flow.after_tax, flow.pretax - flow.tax)


def test_the_scenarios_own_parameters_price_the_energy():
    """P64: prices, carbon price, WACC, tax, depreciation and subsidy come from the scenario."""
    scenario = ScenarioParams(
        electricity_price_y_per_kwh=0.7, carbon_price_y_per_tco2=90.0, wacc=0.07, horizon_years=20,
        subsidy_share=0.1, price_escalation=0.02,
    )  # fmt: skip
    flow = Cashflow.build(ROOF, scenario)
    assert flow.saving[1] == pytest.approx(700_000.0)
    assert flow.saving[2] == pytest.approx(700_000.0 * 0.996 * 1.02)
    assert flow.carbon[1] == pytest.approx(530 * 90)
    assert flow.subsidy[0] == pytest.approx(270_000.0)
    assert flow.depreciation[1] == pytest.approx((2_700_000 - 270_000) / 10)
    assert flow.pretax[0] == pytest.approx(-2_430_000.0)
    assert flow.after_tax.shape == (21,)


def test_a_price_is_asked_for_only_where_its_energy_flows():
    with pytest.raises(InputError) as refused:
        Cashflow.build({"capex_cny": 1.0, "heat_gj_per_year": 5.0}, ScenarioParams())
    assert refused.value.field == "heat_price_y_per_gj"
    Cashflow.build({"capex_cny": 1.0}, PLAIN)  # no price needed


def test_exported_power_that_nobody_pays_for_earns_nothing():
    roof = {"capex_cny": 1.0, "electricity_export_kwh_per_year": 1e6}
    assert Cashflow.build(roof, ScenarioParams()).saving.sum() == 0.0
    assert Cashflow.build(roof, ScenarioParams(feed_in_price_y_per_kwh=0.3)).saving[1] == pytest.approx(3e5)


def test_green_power_costs_its_premium():
    flow = Cashflow.build(
        {"capex_cny": 0.0, "green_electricity_kwh_per_year": 1e6},
        ScenarioParams(green_power_premium_y_per_kwh=0.02, tax_rate=0.0),
    )
    np.testing.assert_allclose(flow.pretax[1:], -20_000.0)
    assert flow.irr.rate is None
    assert flow.payback.years is None


def test_a_life_shorter_than_the_horizon_is_replaced_or_ends():
    """P68."""
    battery = {"capex_cny": 100.0, "saving_cny_per_year": 60.0, "life_years": 2, "degradation": 0.5}
    again = Cashflow.build(battery, PLAIN)
    np.testing.assert_allclose(again.capex, [100, 0, 100, 0, 100, 0])
    np.testing.assert_allclose(again.saving, [0, 60, 30, 60, 30, 60])
    cheaper = Cashflow.build({**battery, "replacement_cny": 40.0}, PLAIN)
    np.testing.assert_allclose(cheaper.capex, [100, 0, 40, 0, 40, 0])
    ended = Cashflow.build({**battery, "at_end_of_life": "end"}, PLAIN)
    np.testing.assert_allclose(ended.saving, [0, 60, 30, 0, 0, 0])
    assert ended.capex.sum() == 100.0


def test_nothing_is_replaced_at_the_horizon_itself():
    flow = Cashflow.build({"capex_cny": 100.0, "life_years": 5}, PLAIN)
    assert flow.capex.sum() == 100.0


def test_levelised_and_abatement_cost_leave_tax_and_the_carbon_price_out():
    flow = Cashflow.build(ROOF, ScenarioParams(horizon_years=25))
    assert flow.lcoe_cny_per_kwh == pytest.approx(lcoe(2.7e6, 46e3, 1e6, 0.08, 25, 0.004))
    other = Cashflow.build(ROOF, ScenarioParams(horizon_years=25, carbon_price_y_per_tco2=500.0, tax_rate=0.0))
    assert other.mac_cny_per_t == pytest.approx(flow.mac_cny_per_t)
    assert np.isnan(Cashflow.build({"capex_cny": 1.0}, PLAIN).mac_cny_per_t)
    assert np.isnan(Cashflow.build({"capex_cny": 1.0}, PLAIN).lcoe_cny_per_kwh)


def test_a_holiday_and_a_credit_lower_the_tax():
    base = TaxTerms(rate=0.25, depreciation_years=10)
    holiday = TaxTerms(rate=0.25, depreciation_years=10, exempt_years=3, half_years=3)
    credit = TaxTerms(rate=0.25, depreciation_years=10, credit_rate=0.1)
    full, free, credited = (Cashflow.build(ROOF, ScenarioParams(), tax=terms) for terms in (base, holiday, credit))
    np.testing.assert_allclose(free.tax[1:4], 0.0)
    np.testing.assert_allclose(free.tax[4:7], full.tax[4:7] / 2)
    np.testing.assert_allclose(free.tax[7:], full.tax[7:])
    assert full.tax.sum() - credited.tax.sum() == pytest.approx(270_000.0)


def test_a_loan_changes_what_the_owner_sees_not_what_the_project_is_worth():
    own = Cashflow.build(ROOF, ScenarioParams())
    borrowed = Cashflow.build(ROOF, ScenarioParams(), financing=Financing("loan", share=0.7, years=8, rate=0.035))
    np.testing.assert_allclose(borrowed.after_tax, own.after_tax)
    np.testing.assert_allclose(own.owner, own.after_tax)
    assert borrowed.owner[0] == pytest.approx(-0.3 * 2_700_000)
    np.testing.assert_allclose(borrowed.owner[9:], own.owner[9:])


def test_a_loan_at_the_after_tax_wacc_is_neutral():
    scenario = ScenarioParams(wacc=0.06)
    cost = 0.06 / (1 - 0.25)  # interest is deducted, so this rate costs 6 % after tax
    own = Cashflow.build(ROOF, scenario)
    borrowed = Cashflow.build(ROOF, scenario, financing=Financing("loan", share=0.7, years=10, rate=cost))
    assert npv(0.06, borrowed.owner) == pytest.approx(npv(0.06, own.owner))


def test_shared_savings_leave_the_investment_to_the_provider():
    flow = Cashflow.build(ROOF, ScenarioParams(tax_rate=0.0), financing=Financing("shared_savings", share=0.8, years=6))
    assert flow.owner[0] == 0.0
    np.testing.assert_allclose(flow.owner[1:7], 0.2 * flow.saving[1:7])
    np.testing.assert_allclose(flow.owner + flow.provider, flow.pretax)


def test_a_provider_is_taxed_on_his_fee_with_his_own_holiday():
    free = TaxTerms(rate=0.25, depreciation_years=10, exempt_years=3, half_years=3)
    taxed = TaxTerms(rate=0.25, depreciation_years=10)
    before, held, full = (
        Cashflow.build(
            ROOF, ScenarioParams(), financing=Financing("shared_savings", share=0.8, years=8, provider_tax=t)
        )
        for t in (None, free, taxed)
    )
    due = before.provider - full.provider
    taxable = 0.8 * full.saving[1] + full.carbon[1] - full.opex[1] - 270_000
    assert due[1] == pytest.approx(0.25 * taxable)
    np.testing.assert_allclose((before.provider - held.provider)[1:4], 0.0)
    np.testing.assert_allclose((before.provider - held.provider)[4:7], due[4:7] / 2)
    assert (full.provider[9:] == 0).all()
    np.testing.assert_allclose(full.owner, before.owner)


def test_many_measures_and_many_scenarios_are_one_build():
    prices = np.array([[0.6], [0.75], [0.9]])
    scenario = {**ScenarioParams().model_dump(), "electricity_price_y_per_kwh": prices}
    other = ROOF.model_copy(update={"capex_cny": 4_000_000.0, "life_years": 10})
    together = Cashflow.build([ROOF, other], scenario)
    assert together.after_tax.shape == (3, 2, 16)
    for row, price in enumerate(prices.ravel()):
        for column, one in enumerate([ROOF, other]):
            alone = Cashflow.build(one, ScenarioParams(electricity_price_y_per_kwh=float(price)))
            np.testing.assert_allclose(together.after_tax[row, column], alone.after_tax)
            assert together.npv_cny[row, column] == pytest.approx(alone.npv_cny)
            assert together.irr[row, column] == pytest.approx(alone.irr.rate)
            assert together.payback[row, column] == pytest.approx(alone.payback.years)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(1e3, 1e7), st.floats(0, 1e6)), min_size=1, max_size=6))
def test_a_portfolio_is_worth_the_sum_of_its_measures(sizes):
    measures = [Investment(id=str(i), capex_cny=c, saving_cny_per_year=s) for i, (c, s) in enumerate(sizes)]
    each = Cashflow.build(measures, ScenarioParams())
    total = Cashflow.total(each)
    assert total.npv_cny == pytest.approx(np.sum(each.npv_cny), rel=1e-9, abs=1e-3)
    np.testing.assert_allclose(total.tax, each.tax.sum(axis=0))


@given(st.floats(0.0, 0.5), st.floats(0, 1e6), st.integers(1, 30), st.integers(1, 30))
def test_flows_balance_in_every_year(tax, saving, horizon, life):
    scenario = {"wacc": 0.08, "horizon_years": horizon, "tax_rate": tax, "depreciation_years": 10}
    flow = Cashflow.build({"capex_cny": 1e6, "saving_cny_per_year": saving, "life_years": life}, scenario)
    np.testing.assert_allclose(flow.pretax, flow.saving + flow.carbon + flow.subsidy - flow.opex - flow.capex)
    np.testing.assert_allclose(flow.taxable, flow.saving + flow.carbon - flow.opex - flow.depreciation)
    assert flow.depreciation.sum() <= flow.capex.sum() + 1e-6


@pytest.mark.parametrize(
    ("measure", "scenario", "field"),
    [
        ({}, PLAIN, "capex_cny"),
        ({"capex_cny": None}, PLAIN, "capex_cny"),
        ({"capex_cny": np.nan}, PLAIN, "capex_cny"),
        ({"capex_cny": 1.0, "life_years": 0}, PLAIN, "life_years"),
        ({"capex_cny": 1.0, "degradation": 1.0}, PLAIN, "degradation"),
        ({"capex_cny": 1.0, "at_end_of_life": "sell"}, PLAIN, "at_end_of_life"),
        ({"capex_cny": 1.0}, {"wacc": 0.08}, "horizon_years"),
        ({"capex_cny": 1.0}, {"horizon_years": 5}, "wacc"),
        ({"capex_cny": 1.0}, {"wacc": 0.08, "horizon_years": 0}, "horizon_years"),
        ([], PLAIN, "measure"),
        ({"capex_cny": 1.0, "savings_cny_per_year": 5.0}, PLAIN, "savings_cny_per_year"),
        ({"capex_cny": 1.0}, {**PLAIN, "taxrate": 0.25}, "taxrate"),
    ],
)
def test_what_cannot_be_built_is_refused_by_name(measure, scenario, field):
    with pytest.raises(InputError) as refused:
        Cashflow.build(measure, scenario)
    assert refused.value.field == field


def test_a_cash_flow_prints_and_leaves_as_plain_data():
    flow = Cashflow.build([ROOF, ROOF], ScenarioParams())
    assert flow.to_frame().shape[0] == 32
    assert "after_tax" in flow.to_dict()
    assert "<table" in Cashflow.build(ROOF, ScenarioParams())._repr_html_()


def test_the_portfolio_takes_the_best_and_sets_aside_what_has_no_cost():
    """P65, P66: six metrics, and a rule in words with its N."""
    worse = ROOF.model_copy(update={"id": "A", "capex_cny": 5_000_000.0})
    unknown = Investment(id="HP_STEAM")
    chosen = portfolio([worse, unknown, ROOF], ScenarioParams(), size=1)
    assert chosen.selected == ("PV_ROOF",)
    assert chosen.unvalued == ("HP_STEAM",)
    assert "前 1 项" in chosen.rule
    assert set(chosen.metrics) == {
        "portfolio_capex", "portfolio_opex_y", "portfolio_npv", "portfolio_irr", "portfolio_payback_y",
        "portfolio_mac_y_per_tco2",
    }  # fmt: skip
    assert chosen.metrics["portfolio_capex"] == 2_700_000.0
    assert portfolio([worse, ROOF], ScenarioParams(), rule="given").selected == ("A", "PV_ROOF")


def test_a_portfolio_of_nothing_has_no_metrics_rather_than_zeros():
    empty = portfolio([Investment(id="X")], ScenarioParams())
    assert empty.selected == ()
    assert set(empty.metrics.values()) == {None}


def test_ties_are_broken_by_id():
    twins = [ROOF.model_copy(update={"id": name}) for name in "CAB"]
    assert portfolio(twins, ScenarioParams(), size=2).selected == ("A", "B")


def test_the_sensitivity_moves_the_four_parameters_the_report_names():
    """P66."""
    spread = npv_sensitivity([ROOF], ScenarioParams())
    assert {bar.name for bar in spread.bars} == {
        "electricity_price_y_per_kwh", "gas_price_y_per_nm3", "carbon_price_y_per_tco2", "wacc",
    }  # fmt: skip
    assert spread.base == pytest.approx(Cashflow.build(ROOF, ScenarioParams()).npv_cny)
    assert spread.bars[0].name == "electricity_price_y_per_kwh"
    assert spread.bars[-1].swing == 0.0  # no gas is saved


@settings(max_examples=60)
@given(
    st.floats(1e3, 1e8),
    st.floats(0, 1e7),
    st.floats(0, 1e6),
    st.floats(0.0, 0.3),
    st.integers(1, 40),
    st.floats(0, 0.4),
)
def test_metrics_of_one_cash_flow_never_contradict_each_other(capex, saving, opex, wacc, horizon, tax):
    """P67: what the engine computes, its own check lets through."""
    scenario = {"wacc": wacc, "horizon_years": horizon, "tax_rate": tax, "depreciation_years": 10, "portfolio_size": 1}
    measure = {"id": "M", "capex_cny": capex, "saving_cny_per_year": saving, "opex_cny_per_year": opex}
    metrics = portfolio([measure], scenario).metrics
    assert metrics["portfolio_capex"] == pytest.approx(capex)
    if metrics["portfolio_npv"] > 1e-6 * capex:
        assert metrics["portfolio_payback_y"] is not None
        assert metrics["portfolio_payback_y"] <= horizon


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: Financing("loan", share=0.5, years=0), "years"),
        (lambda: Financing("loan", share=0.5, years=5, rate=-2.0), "rate"),
        (lambda: Financing("loan", method="balloon"), "method"),
        (lambda: Financing("loan", share="70%"), "share"),
        (lambda: Cashflow.build({"capex_cny": 1.0}, {"wacc": 0.08, "horizon_years": 2.5}), "horizon_years"),
        (lambda: npv(0.1, [1.0, 2.0], first_at="today"), "first_at"),
        (lambda: mac("a", 1.0, 1.0, 1.0, 0.08, 10), "capex_cny"),
        (lambda: macc(None), "rows"),
        (lambda: tornado(lambda a: a, {"a": 1.0}, {"a": 3.0}), "a"),
        (lambda: two_way(lambda a: a, {"a": 1.0}, ("a", [1.0]), ("a", [2.0])), "a"),
        (lambda: check_consistency(rate=0.08, horizon_years=15, npv_cny="x"), "npv_cny"),
    ],
)
def test_what_is_typed_wrongly_is_named(call, field):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field


def test_a_measure_named_twice_is_not_counted_twice():
    one = {"id": "m", "capex_cny": 1e6, "saving_cny_per_year": 2e5, "life_years": 10}
    with pytest.raises(InputError, match="twice"):
        portfolio([one, one], {"wacc": 0.08, "horizon_years": 10}, size=2)


def test_what_is_still_owed_at_the_horizon_is_paid_back_there():
    """A loan longer than the horizon gave the owner money that nobody returned."""
    measure, scenario = {"capex_cny": 1000.0, "saving_cny_per_year": 200.0}, {"wacc": 0.05, "horizon_years": 5}
    for years in (5, 10, 30):
        for method in ("annuity", "equal_principal"):
            flow = Cashflow.build(measure, scenario, financing=Financing("loan", 0.7, years, 0.05, method))
            assert npv(0.05, flow.owner) == pytest.approx(npv(0.05, flow.pretax))
    service = loan(700.0, 0.05, 10, method="equal_principal")
    flow = Cashflow.build(measure, scenario, financing=Financing("loan", 0.7, 10, 0.05, "equal_principal"))
    assert flow.owner[-1] == pytest.approx(200.0 - service.interest_cny[4] - 70.0 - service.balance_cny[4])


def test_a_loan_may_begin_with_years_of_interest_only():
    measure, scenario = {"capex_cny": 1000.0, "saving_cny_per_year": 200.0}, {"wacc": 0.05, "horizon_years": 5}
    flow = Cashflow.build(measure, scenario, financing=Financing("loan", 1.0, 4, 0.05, grace_years=2))
    assert flow.owner[:3].tolist() == pytest.approx([0.0, 150.0, 150.0])
    with pytest.raises(InputError, match="grace_years"):
        Financing("loan", 1.0, 4, 0.05, grace_years=4)


def test_what_the_host_buys_again_after_the_contract_is_written_off_by_him():
    """The host's own replacement was taken for a cost of its year."""
    measure = {
        "capex_cny": 1000.0, "opex_cny_per_year": 50.0, "saving_cny_per_year": 400.0, "life_years": 4,
        "abatement_t_per_year": 1.0,
    }  # fmt: skip
    contract = Financing("shared_savings", share=0.7, years=3, provider_tax=TaxTerms(0.25, 5))
    scenario = {"wacc": 0.08, "horizon_years": 8, "carbon_price_y_per_tco2": 10.0}
    flow = Cashflow.build(measure, scenario, tax=TaxTerms(0.25, 5), financing=contract)
    inside, yearly = 0.3 * 400.0 * 0.75, 400.0 + 10.0 - 50.0
    bought = yearly * 0.75 - 1000.0
    assert flow.owner.tolist() == pytest.approx([0.0, *[inside] * 3, bought, *[yearly * 0.75 + 0.25 * 200.0] * 4])
    fee = 0.7 * 400.0 + 10.0 - 50.0
    assert flow.provider.tolist() == pytest.approx([-1000.0, *[fee - 0.25 * (fee - 200.0)] * 3, *[0.0] * 5])


def test_several_rates_discount_no_one_sum():
    measure, horizon = {"capex_cny": [1.0, 2.0], "saving_cny_per_year": 1.0}, {"horizon_years": 3}
    each = Cashflow.build(measure, {**horizon, "wacc": [0.05, 0.10]})
    with pytest.raises(InputError, match="several rates"):
        Cashflow.total(each)
    table = Cashflow.build(measure, {**horizon, "wacc": [[0.05], [0.10]]})
    assert Cashflow.total(table).npv_cny == pytest.approx(np.sum(table.npv_cny, axis=-1))
