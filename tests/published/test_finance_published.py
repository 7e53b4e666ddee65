"""Worked figures printed elsewhere.

Spreadsheet figures are the examples of Microsoft's function reference (NPV, IRR, XNPV, XIRR, MIRR);
the pump is that of Lorie and Savage, "Three Problems in Rationing Capital", J. Business 28 (1955).
"""

import pytest

from carbonost.engines.finance import irr, mirr, npv, xirr, xnpv

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
