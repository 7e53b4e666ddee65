"""P69, P72 and the bad input of finance: what is no number, share, year, date or choice is refused by its field."""

import decimal
from functools import partial

import numpy as np
import pandas as pd
import pytest

from carbonost import ScenarioParams
from carbonost.engines.finance import (
    Cashflow,
    Financing,
    TaxTerms,
    annuity,
    check_consistency,
    declining_balance,
    holiday_rates,
    income_tax,
    irr,
    irr_column,
    lcoe,
    loan,
    mac,
    macc,
    mirr,
    npv,
    npv_sensitivity,
    payback,
    portfolio,
    real_rate,
    shared_savings,
    straight_line,
    tax_terms,
    tornado,
    two_way,
    vat_rate,
    without_vat,
    xirr,
    xnpv,
    year_fractions,
)
from carbonost.errors import InputError

FLOW = [-100.0, 60.0, 60.0]
DATES = ["2025-01-01", "2026-01-01", "2027-01-01"]
SCENARIO = {"wacc": 0.08, "horizon_years": 5, "portfolio_size": 3, "electricity_price_y_per_kwh": 0.7}
MEASURE = {"id": "A", "capex_cny": 1000.0, "saving_cny_per_year": 300.0, "electricity_kwh_per_year": 10.0}
NO_NUMBER = [
    True,
    "0.08",
    None,
    float("nan"),
    float("inf"),
    [],
    {},
    ...,
    1 + 2j,
    10**400,
    1e308,
    pd.NaT,
    [None],
    [1.0, True],
]

NUMBERS = {
    "npv.rate": lambda v: npv(v, FLOW),
    "npv.first_at": lambda v: npv(0.1, FLOW, v),
    "npv.cashflows": lambda v: npv(0.1, v),
    "xnpv.rate": lambda v: xnpv(v, FLOW, DATES),
    "irr.cashflows": irr,
    "irr_column.cashflows": irr_column,
    "mirr.reinvest_rate": lambda v: mirr(FLOW, 0.1, v),
    "lcoe.capex_cny": lambda v: lcoe(v, 1.0, 1.0, 0.1, 3),
    "lcoe.years": lambda v: lcoe(1.0, 1.0, 1.0, 0.1, v),
    "lcoe.replacements": lambda v: lcoe(1.0, 1.0, 1.0, 0.1, 3, replacements={2: v}),
    "mac.abatement_t_per_year": lambda v: mac(1.0, 1.0, 1.0, v, 0.1, 3),
    "annuity.years": lambda v: annuity(0.1, v),
    "real_rate.inflation": lambda v: real_rate(0.1, v),
    "straight_line.cost_cny": lambda v: straight_line(v, 3),
    "declining_balance.factor": lambda v: declining_balance(1.0, 3, factor=v),
    "loan.principal_cny": lambda v: loan(v, 0.1, 3),
    "loan.rate": lambda v: loan(1.0, v, 3),
    "loan.grace_years": lambda v: loan(1.0, 0.1, 3, grace_years=v),
    "shared_savings.provider_share": lambda v: shared_savings(FLOW, FLOW, v, 2),
    "shared_savings.contract_years": lambda v: shared_savings(FLOW, FLOW, 0.5, v),
    "TaxTerms.rate": lambda v: TaxTerms(v, 10),
    "TaxTerms.depreciation_years": lambda v: TaxTerms(0.25, v),
    "TaxTerms.exempt_years": lambda v: TaxTerms(0.25, 10, exempt_years=v),
    "Financing.years": lambda v: Financing("loan", 0.5, v),
    "Financing.rate": lambda v: Financing("loan", 0.5, 2, v),
    "tax_terms.residual_rate": lambda v: tax_terms(residual_rate=v),
    "holiday_rates.rate": lambda v: holiday_rates(v, FLOW, 3, 3),
    "income_tax.rate": lambda v: income_tax(FLOW, v),
    "without_vat.rate": lambda v: without_vat(1.0, v),
    "check_consistency.rate": lambda v: check_consistency(rate=v, horizon_years=5),
    "tornado.ranges": lambda v: tornado(lambda a: a, {"a": 1.0}, {"a": (v, 1.0)}),
    "tornado.model": lambda v: tornado(lambda a: v, {"a": 1.0}, {}),
    "two_way.rows": lambda v: two_way(lambda a, b: a + b, {"a": 1.0, "b": 1.0}, ("a", v), ("b", [1.0])),
    "to_target.target_t": lambda v: macc([{"id": "a", "mac_cny_per_t": 1.0, "abatement_t": 1.0}]).to_target(v),
    "macc.abatement_t": lambda v: macc([{"id": "a", "mac_cny_per_t": 1.0, "abatement_t": v}]),
    "measure.capex_cny": lambda v: Cashflow.build({**MEASURE, "capex_cny": v}, SCENARIO),
    "scenario.wacc": lambda v: Cashflow.build(MEASURE, {**SCENARIO, "wacc": v}),
    "scenario.horizon_years": lambda v: Cashflow.build(MEASURE, {**SCENARIO, "horizon_years": v}),
    "swings.wacc": lambda v: npv_sensitivity([MEASURE], SCENARIO, {"wacc": (0.8, v)}),
}


@pytest.mark.parametrize("call", NUMBERS.values(), ids=NUMBERS)
def test_what_is_no_number_is_refused_and_never_taken_for_one(call):
    for wrong in NO_NUMBER:
        with pytest.raises(InputError) as refused:
            call(wrong)
        assert refused.value.field
        assert refused.value.remedy or refused.value.value is not None


SHARES = {
    "degradation": lambda v: lcoe(1.0, 1.0, 1.0, 0.1, 3, v),
    "residual_rate": lambda v: straight_line(1.0, 3, v),
    "rate": lambda v: without_vat(1.0, v),
    "share": lambda v: Financing("loan", v, 2, 0.1),
    "provider_share": lambda v: shared_savings(FLOW, FLOW, v, 2),
    "credit_rate": lambda v: TaxTerms(0.25, 10, credit_rate=v),
}


@pytest.mark.parametrize(("field", "call"), SHARES.items())
@pytest.mark.parametrize("wrong", [-0.01, 1.01, 13.0])
def test_a_share_outside_0_to_1_is_refused(field, call, wrong):
    with pytest.raises(InputError) as refused:
        call(wrong)
    assert refused.value.field == field


@pytest.mark.parametrize("wrong", [0, -3, 2.5, 1001])
def test_years_are_whole_and_within_reason(wrong):
    calls = [partial(annuity, 0.1), partial(straight_line, 1.0), partial(loan, 1.0, 0.1), partial(TaxTerms, 0.25)]
    for call in calls:
        with pytest.raises(InputError, match="years"):
            call(wrong)


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: year_fractions(DATES, "ACT/365"), "ACT/365F"),
        (lambda: loan(1.0, 0.1, 3, method="anuity"), "'annuity'"),
        (lambda: Financing("lone"), "'loan'"),
        (lambda: vat_rate("electricty"), "'electricity'"),
        (lambda: tax_terms(residual_rate=0.0, regime="cit_rate_hightech"), "cit_rate_high_tech"),
        (lambda: tax_terms(residual_rate=0.0, holiday="emcc"), "cit_holiday_emc_exempt_years"),
        (lambda: TaxTerms(0.25, 10, "straigth_line"), "'straight_line'"),
        (lambda: portfolio([MEASURE], SCENARIO, rule="npw"), "'npv'"),
        (
            lambda: npv_sensitivity([MEASURE], SCENARIO, {"electricity_prise_y_per_kwh": (0.8, 1.2)}),
            "electricity_price",
        ),
        (lambda: Cashflow.build({**MEASURE, "savng_cny_per_year": 1.0}, SCENARIO), "'saving_cny_per_year'"),
        (lambda: tornado(lambda price: price, {"price": 1.0}, {"prise": (0.0, 1.0)}), "'price'"),
    ],
)
def test_a_misspelt_name_is_asked_about(call, remedy):
    """P66: a parameter of the sensitivity that is misspelt was left out in silence."""
    with pytest.raises(InputError) as refused:
        call()
    assert remedy in str(refused.value.remedy)


@pytest.mark.parametrize(
    "dates",
    [None, 5, "2025-01-01", [], ["2025-01-01", "2024-12-31", "2027-01-01"], ["2025-01-01", pd.NaT, "2027-01-01"],
     ["2025-01-01", "2026-02-30", "2027-01-01"], ["2025-01-01", "2026-01-01x", "2027-01-01"], [1, 2, 3],
     ["2025-01-01", "2026-01-01"]],
)  # fmt: skip
def test_dates_that_are_none_too_few_or_before_the_first_are_refused(dates):
    for call in (partial(xnpv, 0.1), xirr):
        if call is xirr and dates is None:
            continue
        with pytest.raises(InputError, match="dates"):
            call(FLOW, dates)


@pytest.mark.parametrize("count", ["ACT/365F", "ACT/360", "ACT/ACT", "30/360"])
def test_the_last_day_of_the_calendar_is_a_day(count):
    assert year_fractions(["9999-01-01", "9999-12-31"], count)[1] == pytest.approx(1.0, abs=0.02)


def test_dates_after_the_first_may_stand_in_any_order_and_twice():
    shuffled = xnpv(0.1, [-100.0, 30.0, 60.0, 30.0], ["2025-01-01", "2026-01-01", "2027-01-01", "2026-01-01"])
    assert shuffled == pytest.approx(xnpv(0.1, FLOW, DATES))
    found = xirr([-100.0, 30.0, 60.0, 30.0], ["2025-01-01", "2026-01-01", "2027-01-01", "2026-01-01"])
    assert found.rate == pytest.approx(xirr(FLOW, DATES).rate)


@pytest.mark.parametrize(
    "call",
    [
        lambda: npv([0.1, 0.2, 0.3], [FLOW, FLOW]),
        lambda: mirr([FLOW, FLOW], [0.1, 0.2, 0.3], 0.1),
        lambda: lcoe([1.0, 2.0], [1.0, 2.0, 3.0], 1.0, 0.1, 3),
        lambda: mac([1.0, 2.0], 1.0, 1.0, [1.0, 2.0, 3.0], 0.1, 3),
        lambda: annuity([0.1, 0.2], [1, 2, 3]),
        lambda: income_tax(FLOW, [0.1, 0.2]),
        lambda: shared_savings(FLOW, [1.0, 2.0], 0.5, 2),
        lambda: Cashflow.build({**MEASURE, "capex_cny": [1.0, 2.0], "opex_cny_per_year": [1.0, 2.0, 3.0]}, SCENARIO),
        lambda: Cashflow.build({**MEASURE, "capex_cny": [1.0, 2.0]}, {**SCENARIO, "wacc": [0.1, 0.2, 0.3]}),
        lambda: npv(0.1, [[1.0, 2.0], [3.0]]),
    ],
)
def test_columns_of_lengths_that_do_not_fit_are_refused_by_name(call):
    with pytest.raises(InputError, match="different lengths"):
        call()


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("electricity_price_y_per_kwh", -0.1), ("wacc", 1.0), ("wacc", -0.01), ("horizon_years", 61), ("tax_rate", 1.0),
     ("price_escalation", 0.5), ("capex_multiplier", 0.0), ("subsidy_share", 1.1)],
)  # fmt: skip
def test_a_mapping_is_held_to_the_bounds_of_the_scenario_it_stands_for(name, wrong):
    with pytest.raises(InputError, match=name):
        ScenarioParams(**{name: wrong})
    with pytest.raises(InputError, match=name):
        Cashflow.build(MEASURE, {**SCENARIO, "depreciation_years": 10, name: wrong})


def test_a_value_no_double_holds_is_refused_not_infinite():
    for call in (lambda: npv(-0.999999, [1.0] * 60), lambda: payback([-1.0] + [1.0] * 60, -0.999999),
                 lambda: lcoe(1.0, 1.0, 1.0, -0.999999, 60), lambda: mirr([-1.0, *[1.0] * 60], 0.1, 1e99)):  # fmt: skip
        with pytest.raises(InputError, match="no double holds"):
            call()
    assert annuity(-0.999999, 60) == pytest.approx(0.0, abs=1e-300)


def test_whatever_counts_is_a_number():
    assert npv(decimal.Decimal("0.1"), [decimal.Decimal(-100), 110]) == pytest.approx(0.0)
    assert npv(np.float32(0.5), pd.Series([-1, 3], dtype="Int64")) == pytest.approx(1.0)


def test_what_is_of_another_kind_is_refused():
    for call in (
        lambda: Cashflow.build(MEASURE, SCENARIO, tax=0.25),
        lambda: Cashflow.build(MEASURE, SCENARIO, financing="loan"),
        lambda: Cashflow.build(None, SCENARIO),
        lambda: Cashflow.build(MEASURE, None),
        lambda: Cashflow.total(None),
        lambda: portfolio("PV", SCENARIO),
        lambda: portfolio([{"capex_cny": 1.0}], SCENARIO),
        lambda: npv_sensitivity([MEASURE], 5),
        lambda: tornado(5, {}, {}),
        lambda: tornado(abs, None, {}),
        lambda: tax_terms(residual_rate=0.0, accelerated="no"),
        lambda: tax_terms({"cit_rate": {"value": "much"}}, residual_rate=0.0),
        lambda: check_consistency(rate=0.1, horizon_years=5, conventional="yes"),
        lambda: check_consistency(rate=0.1, horizon_years=5, payback_years=-1.0),
        lambda: macc([["a", 1.0, 1.0]]),
        lambda: macc(5),
        lambda: macc([{"id": None, "mac_cny_per_t": 1.0, "abatement_t": 1.0}]),
        lambda: macc([{"id": "a", "mac_cny_per_t": "12", "abatement_t": 0.0}]),
    ):
        with pytest.raises(InputError):
            call()
