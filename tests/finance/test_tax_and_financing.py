import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.finance import (
    TaxTerms,
    declining_balance,
    holiday_rates,
    income_tax,
    loan,
    npv,
    shared_savings,
    straight_line,
    sum_of_years,
    tax_terms,
    vat_rate,
    without_vat,
)
from carbonost.errors import InputError

METHODS = [straight_line, sum_of_years, declining_balance]
taxables = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=15)


@pytest.mark.parametrize("method", METHODS)
@given(st.floats(0, 1e8), st.integers(2, 30), st.floats(0, 0.1))
def test_what_is_written_off_is_the_cost_less_the_residual(method, cost, years, residual):
    if method is declining_balance and (1 - 2 / years) ** max(years - 2, 0) < residual:
        return  # refused: see below
    written = method(cost, years, residual)
    assert written.shape == (years,)
    assert written.sum() == pytest.approx(cost * (1 - residual), rel=1e-9, abs=1e-6)
    assert (written >= 0).all()


def test_one_or_two_years_have_nothing_to_decline():
    assert declining_balance(1000.0, 1, 0.05).tolist() == [950.0]
    assert declining_balance(1000.0, 2).tolist() == [500.0, 500.0]


def test_the_double_declining_balance_ends_in_two_equal_years():
    np.testing.assert_allclose(declining_balance(1000.0, 5), [400, 240, 144, 108, 108])
    np.testing.assert_allclose(declining_balance(1000.0, 5, 0.04), [400, 240, 144, 88, 88])


def test_a_residual_above_the_declining_book_value_is_refused():
    with pytest.raises(InputError) as refused:
        declining_balance(1000.0, 20, 0.5)
    assert refused.value.field == "residual_rate"


def test_methods_take_columns_of_measures():
    assert sum_of_years([100.0, 200.0], 4).shape == (2, 4)
    np.testing.assert_allclose(straight_line([100.0, 200.0], 4, 0.2), [[20.0] * 4, [40.0] * 4])


@pytest.mark.parametrize(
    "call",
    [
        lambda: straight_line(1.0, 0),
        lambda: straight_line(1.0, 5, 1.0),
        lambda: straight_line(np.inf, 5),
        lambda: declining_balance(1.0, 5, factor=9.0),
    ],
)
def test_impossible_depreciation_is_refused(call):
    with pytest.raises(InputError):
        call()


def test_three_years_free_and_three_at_half_run_from_the_first_income():
    income = [0.0, 0.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0]
    rates = holiday_rates(0.25, income, 3, 3)
    np.testing.assert_allclose(rates, [0.25, 0.25, 0, 0, 0, 0.125, 0.125, 0.125, 0.25])
    later = holiday_rates(0.25, [[5.0, 5.0], [0.0, 5.0]], 1, 0)
    np.testing.assert_allclose(later, [[0, 0.25], [0.25, 0]])


def test_a_year_of_loss_after_the_first_income_still_uses_up_the_holiday():
    np.testing.assert_allclose(holiday_rates(0.25, [1.0, 0.0, 1.0], 2, 0), [0, 0, 0.25])


def test_losses_carry_forward_oldest_first_and_lapse():
    taxable = [-100.0, 0.0, 60.0, 60.0]
    np.testing.assert_allclose(income_tax(taxable, 0.25, 5), [0, 0, 0, 0.25 * 20])
    np.testing.assert_allclose(income_tax(taxable, 0.25, 2), [0, 0, 0, 15])  # the rest of the loss has lapsed
    np.testing.assert_allclose(income_tax(taxable, 0.25), [-25, 0, 15, 15])


@given(taxables, st.floats(0, 0.5), st.integers(0, 10))
def test_carrying_losses_never_costs_more_than_losing_them_nor_less_than_using_them_at_once(taxable, rate, years):
    alone = income_tax(taxable, rate, 0).sum()
    carried = income_tax(taxable, rate, years).sum()
    at_once = income_tax(taxable, rate).sum()
    assert at_once - 1e-6 <= carried <= alone + 1e-6
    assert (income_tax(taxable, rate, years) >= 0).all()


def test_terms_come_from_rows_with_document_and_clause():
    terms = tax_terms(residual_rate=0.05, holiday="env_energy_saving", regime="cit_rate_high_tech")
    assert (terms.rate, terms.depreciation_years, terms.exempt_years, terms.half_years) == (0.15, 10, 3, 3)
    assert all("企业所得税法" in item.note for item in terms.evidence[:1])
    assert {item.name for item in terms.assumptions} == {"residual_rate", "tax_regime", "tax_holiday"}
    assert all(item.version for item in terms.evidence)  # the status is told


def test_accelerated_years_and_the_equipment_credit_are_choices_with_their_rows():
    terms = tax_terms(residual_rate=0.0, accelerated=True, equipment_credit=True)
    assert (terms.depreciation_years, terms.credit_rate) == (6, 0.1)
    assert {"accelerated_depreciation", "equipment_credit"} <= {item.name for item in terms.assumptions}
    assert {"finance_parameters/depreciation_accelerated_floor", "finance_parameters/tax_credit_special_equipment"} <= {
        item.id for item in terms.evidence
    }


def test_value_added_tax_rates_stand_in_rows_and_steam_has_none():
    assert vat_rate("electricity").rate == 0.13
    assert vat_rate("natural_gas").rate == 0.09
    assert "增值税法" in vat_rate("equipment").evidence.note
    with pytest.raises(InputError, match="hot_water"):
        vat_rate("steam")


def test_an_unknown_row_is_named_with_its_neighbours():
    with pytest.raises(InputError, match="cit_rate_high_tech"):
        tax_terms(residual_rate=0.0, regime="cit_rate_nowhere")


def test_the_write_off_starts_the_year_after_a_purchase_and_ends_at_the_horizon():
    terms = TaxTerms(rate=0.25, depreciation_years=3, residual_rate=0.1)
    purchases = np.array([300.0, 0.0, 600.0, 0.0])
    np.testing.assert_allclose(terms.depreciation(purchases), [0, 90, 90, 90 + 180])


@pytest.mark.parametrize(
    "bad",
    [
        {"rate": 1.0, "depreciation_years": 10},
        {"rate": 0.25, "depreciation_years": 0},
        {"rate": 0.25, "depreciation_years": 10, "exempt_years": -1},
        {"rate": 0.25, "depreciation_years": 10, "method": "magic"},
    ],
)
def test_impossible_terms_are_refused(bad):
    with pytest.raises(InputError):
        TaxTerms(**bad)


def test_value_added_tax_is_taken_out_of_a_price_that_includes_it():
    assert without_vat(113.0, 0.13) == pytest.approx(100.0)
    np.testing.assert_allclose(without_vat([113.0, 109.0], [0.13, 0.09]), 100.0)


@pytest.mark.parametrize("method", ["annuity", "equal_principal"])
@given(st.floats(1, 1e8), st.floats(0.0, 0.3), st.integers(1, 30), st.integers(0, 5))
def test_a_loan_is_repaid_and_worth_what_was_drawn(method, principal, rate, years, grace):
    grace = min(grace, years - 1)
    service = loan(principal, rate, years, method=method, grace_years=grace)
    assert service.repayment_cny.sum() == pytest.approx(principal, rel=1e-9)
    assert service.balance_cny[-1] == pytest.approx(0.0, abs=1e-6 * principal)
    paid = service.interest_cny + service.repayment_cny
    assert npv(rate, paid, first_at=1) == pytest.approx(principal, rel=1e-9)
    assert (service.repayment_cny[:grace] == 0).all()


def test_equal_payments_are_equal_and_equal_repayments_are_equal():
    even = loan(1000.0, 0.05, 4)
    np.testing.assert_allclose(np.diff(even.interest_cny + even.repayment_cny), 0.0, atol=1e-9)
    np.testing.assert_allclose(loan(1000.0, 0.05, 4, method="equal_principal").repayment_cny, 250.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: loan(-1.0, 0.05, 4),
        lambda: loan(1.0, 0.05, 4, grace_years=4),
        lambda: loan(1.0, 0.05, 4, method="bullet"),
        lambda: shared_savings([1.0], [1.0], 1.5, 1),
    ],
)
def test_impossible_financing_is_refused(call):
    with pytest.raises(InputError):
        call()


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=15), st.floats(0, 1e6), st.floats(0, 1), st.integers(1, 20))
def test_host_and_provider_share_the_whole_project(saving, cost, share, term):
    saving = np.array([0.0, *saving])
    project = saving.copy()
    project[0] = -cost
    sides = shared_savings(project, saving, share, term)
    np.testing.assert_allclose(sides.host_cny + sides.provider_cny, project, rtol=1e-12, atol=1e-6)
    assert sides.host_cny[0] == 0.0  # the host invests nothing
    assert (sides.provider_cny[term + 1 :] == 0).all()  # and keeps everything afterwards
