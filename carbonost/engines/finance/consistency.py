"""Metrics of one investment that cannot all be true are refused, not printed."""

from __future__ import annotations

import math
from math import inf
from typing import Final

from carbonost.domain.arguments import scalar, yes_or_no
from carbonost.engines.finance.columns import one_rate, one_term
from carbonost.engines.finance.discount import annuity
from carbonost.errors import InconsistentMetricsError

CLOSE: Final = 0.01  # figures that were rounded for print may differ by this share of the capital


def check_consistency(
    *,
    rate: float,
    horizon_years: int,
    npv_cny: float | None = None,
    irr: float | None = None,
    payback_years: float | None = None,
    discounted_payback_years: float | None = None,
    capex_cny: float | None = None,
    annual_net_cny: float | None = None,
    conventional: bool = True,
) -> None:
    """Refuse metrics that contradict each other.

    Parameters
    ----------
    rate : float [1/a]
        Discount rate behind the present value.
    horizon_years : int [a]
    npv_cny, irr, payback_years, discounted_payback_years, capex_cny, annual_net_cny : float, optional
        What is claimed; None where it is not known, and for a payback also where it is not reached.
    conventional : bool
        Whether the flow changes sign once (money out, then money in). Only then do payback and
        rate of return order projects as the present value does.

    Raises
    ------
    InconsistentMetricsError
        Naming the two metrics and what they would have to be.

    Notes
    -----
    For a conventional flow and a rate of at least 0: a positive present value means that the money
    is back inside the horizon, undiscounted before discounted, and that the rate of return is above
    the discount rate. With equal yearly flows, present value and payback follow from capital and
    yearly net.
    """
    claims = {
        "npv_cny": npv_cny, "irr": irr, "payback_years": payback_years, "capex_cny": capex_cny,
        "discounted_payback_years": discounted_payback_years, "annual_net_cny": annual_net_cny,
    }  # fmt: skip
    for name, claim in claims.items():
        if claim is not None:
            scalar(claim, name, least=0.0 if name.endswith("years") else -inf)
    one_rate(rate)
    one_term(horizon_years, "horizon_years")
    yes_or_no(conventional, "conventional")
    scale = CLOSE * abs(capex_cny) if capex_cny else 0.0
    if capex_cny is not None and annual_net_cny is not None:
        _level_flow(rate, horizon_years, npv_cny, payback_years, capex_cny, annual_net_cny)
    if not conventional:
        return
    if npv_cny is not None and rate >= 0 and npv_cny > scale:
        _inside("payback_years", payback_years, horizon_years, npv_cny)
        _inside("discounted_payback_years", discounted_payback_years, horizon_years, npv_cny)
    if npv_cny is not None and irr is not None and npv_cny * (irr - rate) < 0 and abs(npv_cny) > scale:
        side = "above" if npv_cny > 0 else "below"
        raise InconsistentMetricsError(
            f"a net present value of {npv_cny:.6g} CNY needs a rate of return {side} the discount rate {rate:.4g}",
            "irr", irr, "Recompute both from one cash flow.",
        )  # fmt: skip
    if payback_years is not None and discounted_payback_years is not None and rate >= 0:
        slack = CLOSE * max(1.0, payback_years)
        if discounted_payback_years < payback_years - slack:
            raise InconsistentMetricsError(
                f"the discounted payback cannot come before the plain one of {payback_years:.4g} a",
                "discounted_payback_years", discounted_payback_years, "Recompute both from one cash flow.",
            )  # fmt: skip


def _inside(field: str, years: float | None, horizon_years: int, npv_cny: float) -> None:
    if years is not None and years > horizon_years:
        raise InconsistentMetricsError(
            f"lies beyond the horizon of {horizon_years} a beside a net present value of {npv_cny:+.6g} CNY",
            field, years, "Money that is not back by the end cannot leave a gain; recompute both from one cash flow.",
        )  # fmt: skip


def _level_flow(
    rate: float, horizon_years: int, npv_cny: float | None, payback_years: float | None, capex: float, net: float
) -> None:
    worth = net / float(annuity(rate, horizon_years)) - capex
    if npv_cny is not None and not math.isclose(npv_cny, worth, rel_tol=CLOSE, abs_tol=CLOSE * abs(capex)):
        raise InconsistentMetricsError(
            f"{capex:.6g} CNY returning {net:.6g} CNY/a for {horizon_years} a at {rate:.4g} are worth {worth:.6g} CNY",
            "npv_cny", npv_cny, "Recompute it from the cash flow.",
        )  # fmt: skip
    if payback_years is not None and net > 0 and not math.isclose(payback_years, capex / net, rel_tol=CLOSE):
        raise InconsistentMetricsError(
            f"{capex:.6g} CNY that return {net:.6g} CNY/a are back after {capex / net:.4g} a",
            "payback_years", payback_years, "Recompute it from the cash flow.",
        )  # fmt: skip
