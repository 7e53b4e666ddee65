"""P65 to P68: every flow of a random measure equals a ledger kept year by year, in plain numbers and no array."""

from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.engines.finance import Cashflow, Financing, TaxTerms, npv

money = st.floats(0.0, 1e6).map(lambda x: round(x, 2))
measures = st.fixed_dictionaries(
    {
        "capex_cny": money,
        "opex_cny_per_year": money,
        "saving_cny_per_year": money,
        "electricity_kwh_per_year": money,
        "abatement_t_per_year": st.floats(-10.0, 1000.0),
        "degradation": st.sampled_from([0.0, 0.005, 0.3]),
        "life_years": st.sampled_from([1, 3, 7, 40]),
        "at_end_of_life": st.sampled_from(["replace", "end"]),
        "replacement_cny": money,
        "subsidy_cny": st.sampled_from([0.0, 5e4]),
    }
)
scenarios = st.fixed_dictionaries(
    {
        "electricity_price_y_per_kwh": st.floats(0.0, 2.0),
        "carbon_price_y_per_tco2": st.sampled_from([0.0, 80.0]),
        "wacc": st.sampled_from([0.0, 0.08, 0.4]),
        "horizon_years": st.integers(1, 25),
        "price_escalation": st.sampled_from([0.0, 0.03, -0.02]),
        "capex_multiplier": st.sampled_from([1.0, 1.3]),
    }
)
taxes = st.builds(
    TaxTerms,
    st.sampled_from([0.0, 0.15, 0.25]),
    st.integers(2, 15),
    st.sampled_from(["straight_line", "sum_of_years"]),
    exempt_years=st.sampled_from([0, 3]),
    half_years=st.sampled_from([0, 3]),
    loss_carry_years=st.sampled_from([None, 5]),
    credit_rate=st.sampled_from([0.0, 0.1]),
)
loans = st.builds(
    Financing,
    st.just("loan"),
    st.sampled_from([0.0, 0.7]),
    st.integers(2, 30),
    st.sampled_from([0.0, 0.035]),
    st.sampled_from(["annuity", "equal_principal"]),
    st.sampled_from([0, 1]),
)


def written_off(tax, cost):
    n = tax.depreciation_years
    if tax.method == "straight_line":
        return [cost / n] * n
    return [cost * (n - k) / (n * (n + 1) / 2) for k in range(n)]


def taxed(tax, income, deductible, credit):
    """Tax of each year: holiday from the first income, losses by age, then the credit."""
    running, losses, due = 0, [], []
    for year, (earned, spent) in enumerate(zip(income, deductible, strict=True)):
        running += bool(running or earned > 0)
        free, half = tax.exempt_years, tax.half_years
        rate = tax.rate * (1.0 if not running or running > free + half else 0.0 if running <= free else 0.5)
        base = earned - spent
        if tax.loss_carry_years is not None:
            losses = [[born, left] for born, left in losses if year - born <= tax.loss_carry_years]
            if base < 0:
                losses.append([year, -base])
                base = 0.0
            for loss in losses:
                used = min(loss[1], base)
                loss[1] -= used
                base -= used
        owed = base * rate
        used = min(max(owed, 0.0), credit)
        credit -= used
        due.append(owed - used)
    return due


def serviced(loan, drawn, horizon):
    """Interest and repayment of each year; what is still owed is paid back at the horizon."""
    owed, repaying = drawn, loan.years - loan.grace_years
    interest, repaid = [0.0] * (horizon + 1), [0.0] * (horizon + 1)
    payment = drawn / repaying
    if loan.method == "annuity" and loan.rate:
        payment = drawn * loan.rate / (1.0 - (1.0 + loan.rate) ** -repaying)
    for year in range(1, min(loan.years, horizon) + 1):
        interest[year] = owed * loan.rate
        if year > loan.grace_years:
            repaid[year] = payment - (interest[year] if loan.method == "annuity" else 0.0)
        owed -= repaid[year]
    repaid[horizon] += owed
    return interest, repaid


@settings(max_examples=80)
@given(measures, scenarios, taxes, loans)
def test_a_cash_flow_is_a_ledger_kept_year_by_year(measure, scenario, tax, loan):
    horizon, life = scenario["horizon_years"], measure["life_years"]
    years = range(horizon + 1)
    kept = measure["at_end_of_life"] == "replace"
    runs = [year > 0 and (year <= life or kept) for year in years]
    share = [(1.0 - measure["degradation"]) ** ((year - 1) % life) if run else 0.0 for year, run in enumerate(runs)]
    price = [
        scenario["electricity_price_y_per_kwh"] * (1 + scenario["price_escalation"]) ** max(y - 1, 0) for y in years
    ]
    bought = [0.0] * (horizon + 1)
    bought[0] = measure["capex_cny"] * scenario["capex_multiplier"]
    for year in years[1:-1]:
        if kept and year % life == 0:
            bought[year] += measure["replacement_cny"] * scenario["capex_multiplier"]
    grant = [measure["subsidy_cny"] * (year == 0) for year in years]
    income = [
        (measure["electricity_kwh_per_year"] * price[year] + measure["saving_cny_per_year"]) * share[year]
        + measure["abatement_t_per_year"] * share[year] * scenario["carbon_price_y_per_tco2"]
        for year in years
    ]
    opex = [measure["opex_cny_per_year"] * run for run in runs]
    written = [0.0] * (horizon + 1)
    for year in years:
        for age, part in enumerate(written_off(tax, bought[year] - grant[year]), start=year + 1):
            if age <= horizon:
                written[age] += part
    spent = [o + w for o, w in zip(opex, written, strict=True)]
    credit = tax.credit_rate * bought[0]
    pretax = [income[y] + grant[y] - opex[y] - bought[y] for y in years]
    due = taxed(tax, income, spent, credit)
    drawn = max(loan.share * (bought[0] - grant[0]), 0.0)
    interest, repaid = serviced(loan, drawn, horizon)
    eased = taxed(tax, income, [s + i for s, i in zip(spent, interest, strict=True)], credit)
    owner = [pretax[y] - eased[y] - interest[y] - repaid[y] + drawn * (y == 0) for y in years]

    flow = Cashflow.build(measure, scenario, tax=tax, financing=loan)
    near = {"rel": 1e-9, "abs": 1e-4}
    assert flow.pretax.tolist() == pytest.approx(pretax, **near)
    assert flow.depreciation.tolist() == pytest.approx(written, **near)
    assert flow.tax.tolist() == pytest.approx(due, **near)
    assert flow.owner.tolist() == pytest.approx(owner, **near)
    worth = fsum((pretax[y] - due[y]) / (1.0 + scenario["wacc"]) ** y for y in years)
    assert flow.npv_cny == pytest.approx(worth, rel=1e-9, abs=1e-3)
    assert npv(scenario["wacc"], flow.after_tax) == flow.npv_cny
