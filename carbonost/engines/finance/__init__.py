"""Money over time: present values, rates of return, abatement cost, Chinese tax and financing.

Arrays in, arrays out, time on the last axis. `Cashflow.build` composes the functions for a measure.
"""

from carbonost.engines.finance.cashflow import Cashflow, Financing
from carbonost.engines.finance.consistency import check_consistency
from carbonost.engines.finance.depreciation import declining_balance, straight_line, sum_of_years
from carbonost.engines.finance.discount import annuity, npv, real_rate, xnpv, year_fractions
from carbonost.engines.finance.financing import Loan, SharedSavings, loan, shared_savings
from carbonost.engines.finance.macc import Macc, ToTarget, macc
from carbonost.engines.finance.metrics import Payback, lcoe, mac, payback, payback_column
from carbonost.engines.finance.portfolio import SWINGS, Portfolio, changed, npv_sensitivity, portfolio
from carbonost.engines.finance.rates import Irr, irr, irr_column, mirr, xirr
from carbonost.engines.finance.sensitivity import Bar, Tornado, tornado, two_way
from carbonost.engines.finance.tax import TaxTerms, holiday_rates, income_tax, without_vat
from carbonost.engines.finance.tax_rows import VatRate, tax_terms, vat_rate

__all__ = [
    "SWINGS",
    "Bar",
    "Cashflow",
    "Financing",
    "Irr",
    "Loan",
    "Macc",
    "Payback",
    "Portfolio",
    "SharedSavings",
    "TaxTerms",
    "ToTarget",
    "Tornado",
    "VatRate",
    "annuity",
    "changed",
    "check_consistency",
    "declining_balance",
    "holiday_rates",
    "income_tax",
    "irr",
    "irr_column",
    "lcoe",
    "loan",
    "mac",
    "macc",
    "mirr",
    "npv",
    "npv_sensitivity",
    "payback",
    "payback_column",
    "portfolio",
    "real_rate",
    "shared_savings",
    "straight_line",
    "sum_of_years",
    "tax_terms",
    "tornado",
    "two_way",
    "vat_rate",
    "without_vat",
    "xirr",
    "xnpv",
    "year_fractions",
]
