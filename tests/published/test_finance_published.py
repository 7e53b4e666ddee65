"""Worked figures printed elsewhere.

Spreadsheet figures are the examples of Microsoft's function reference (NPV, IRR, XNPV, XIRR, MIRR, SYD), and of
PAYMENT() in its FoxPro reference; the mortgage is that of MathWorks' reference of `amortize`, the won loan that of
the README of calc_loan_interest; the levelised cost that of the README of lcoe 0.3.2; the pump is that of Lorie and
Savage, "Three Problems in Rationing Capital", J. Business 28 (1955).
"""

import pytest

from carbonost.engines.finance import annuity, irr, lcoe, loan, mirr, npv, sum_of_years, xirr, xnpv

DATES = ["2008-01-01", "2008-03-01", "2008-10-30", "2009-02-15", "2009-04-01"]
DATED = [-10_000.0, 2_750.0, 4_250.0, 3_250.0, 2_750.0]


def test_a_spreadsheets_npv_puts_the_first_flow_after_one_period():
    assert npv(0.10, [-10_000.0, 3_000.0, 4_200.0, 6_800.0], first_at=1) == pytest.approx(1188.44, abs=0.005)
    assert npv(0.08, [8_000.0, 9_200.0, 10_000.0, 12_000.0, 14_500.0], first_at=1) - 40_000 == pytest.approx(
        1922.06, abs=0.005
    )


def test_a_spreadsheets_irr():
    flows = [-70_000.0, 12_000.0, 15_000.0, 18_000.0, 21_000.0, 26_000.0]
    assert irr(flows).rate == pytest.approx(0.087, abs=5e-4)
    assert irr(flows[:5]).rate == pytest.approx(-0.021, abs=5e-4)
    assert irr(flows[:3]).rate == pytest.approx(-0.444, abs=5e-4)


def test_a_spreadsheets_dated_value_and_rate():
    assert xnpv(0.09, DATED, DATES) == pytest.approx(2086.647602, abs=5e-7)
    assert xirr(DATED, DATES).rate == pytest.approx(0.373362535, abs=5e-9)


def test_a_spreadsheets_modified_rate():
    flows = [-120_000.0, 39_000.0, 30_000.0, 21_000.0, 37_000.0, 46_000.0]
    assert mirr(flows, 0.10, 0.12) == pytest.approx(0.1261, abs=5e-5)
    assert mirr(flows[:4], 0.10, 0.12) == pytest.approx(-0.0480, abs=5e-5)
    assert mirr(flows, 0.10, 0.14) == pytest.approx(0.1348, abs=5e-5)


def test_the_oil_pump_pays_25_and_400_percent_at_once():
    pump = irr([-1_600.0, 10_000.0, -10_000.0])
    assert pump.roots == pytest.approx((0.25, 4.0))
    assert pump.rate is None


def test_a_spreadsheets_sum_of_years():
    written = sum_of_years(30_000.0, 10, residual_rate=7_500.0 / 30_000.0)
    assert written[0] == pytest.approx(4_090.91, abs=0.005)
    assert written[9] == pytest.approx(409.09, abs=0.005)


def test_printed_payments_of_level_loans():
    assert annuity(0.105 / 12, 240, 100_000.0) == pytest.approx(998.38, abs=0.005)
    assert annuity(0.12 / 12, 360, 100_000.0) == pytest.approx(1_028.61, abs=0.005)
    interest = loan(100_000.0, 0.12 / 12, 360).interest_cny.sum()
    assert interest > 270_000.0  # "in excess of $270,000"


def test_a_printed_loan_month_by_month():
    service = loan(300_000_000.0, 0.03 / 12, 24)
    assert service.interest_cny[[0, 1, 23]] == pytest.approx([750_000.0, 719_639.0910153324, 32_155.52018419152])
    assert service.repayment_cny[[0, 23]] == pytest.approx([12_144_363.593867082, 12_862_208.073682891])
    assert service.balance_cny[0] == pytest.approx(287_855_636.40613294)
    assert service.interest_cny.sum() == pytest.approx(9_464_726.252803795)


def test_a_printed_levelised_cost_counts_its_first_year_at_once():
    """That package pays and delivers the first of 20 years at time 0; ours at the year's end."""
    rate, years = 0.07, 20
    at_once = 1 / (annuity(rate, years) / (1 + rate))  # value of 1 a year, the first today
    assert 500e6 / (at_once * 2e9) + 25e6 / 2e9 == pytest.approx(0.03455442190262982)
    ours = lcoe(500e6, 25e6, 2e9, rate, years)
    assert ours == pytest.approx((0.03455442190262982 - 0.0125) * (1 + rate) + 0.0125)
