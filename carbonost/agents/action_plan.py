"""What to do first: measures ordered by the return the engines compute for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from carbonost.domain.scenario import ScenarioParams, SpokenModel
from carbonost.engines.finance import Cashflow, Payback
from carbonost.engines.measures import AbatementFactors, Baseline, assess, invest, screen
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.measure import Effect, Investment


class Action(SpokenModel):
    """A measure as a step.

    Attributes
    ----------
    roi : float or None
        Net present value after tax over first cost; None where it cannot be computed yet.
    missing_inputs : tuple of str
        What it needs to be computed.
    """

    id: str
    name: str
    roi: float | None = None
    npv_cny: float | None = None
    capex_cny: float | None = None
    saving_cny_per_year: float | None = None
    payback_years: float | None = None
    abatement_t_per_year: float | None = None
    applicability_score: float
    missing_inputs: tuple[str, ...] = ()


def plan_actions(
    emissions_t: Mapping[str, float], energy: Mapping[str, float], info: Mapping[str, Any]
) -> tuple[Action, ...]:
    """Return every measure that fits, best return first, then what still lacks data by its score.

    Parameters
    ----------
    emissions_t, energy : mapping
        The year's totals: ``scope2``; ``electricity_kwh, natural_gas_nm3, heat_gj``.
    info : mapping
        ``site`` and ``scenario``; see `DiagnosticEngine`.
    """
    site = dict(info.get("site") or {})
    scenario = _scenario(info.get("scenario"))
    used = energy.get("electricity_kwh", 0.0)
    power = emissions_t.get("scope2", 0.0) / used if used and not energy.get("heat_gj") else None
    factors = AbatementFactors(electricity_location_t_per_kwh=power, electricity_market_t_per_kwh=power)
    baseline = Baseline(
        electricity_kwh=used,
        natural_gas_nm3=energy.get("natural_gas_nm3", 0.0),
        heat_gj=energy.get("heat_gj", 0.0),
    )
    found = screen(site, {"baseline_electricity_kwh_y": used or None})
    roadmap = assess([one.id for one in found.candidates if one.feasible], site, baseline, factors)
    actions = []
    for candidate in found.candidates:
        if not candidate.feasible:
            continue
        effect = roadmap.get(candidate.id)
        money = _money(effect, site, scenario) if effect.computable else {}
        actions.append(
            Action(
                id=candidate.id,
                name=candidate.name,
                applicability_score=candidate.applicability_score,
                missing_inputs=tuple(dict.fromkeys((*candidate.missing_inputs, *effect.missing_inputs))),
                **money,
            )
        )
    return tuple(
        sorted(actions, key=lambda one: (one.roi is None, -(one.roi or 0.0), -one.applicability_score, one.id))
    )


def _money(effect: Effect, site: Mapping[str, Any], scenario: ScenarioParams) -> dict[str, Any]:
    investment: Investment = invest(
        effect, site, cny_per_eur=scenario.currency_rate_cny_per_eur, cny_per_usd=scenario.currency_rate_cny_per_usd
    ).investment
    tonnes = None if effect.abatement is None else effect.abatement.total_t()
    if investment.capex_cny is None:
        return {"abatement_t_per_year": tonnes}
    try:
        flow = Cashflow.build(investment, scenario)
    except InputError:
        return {"capex_cny": investment.capex_cny, "abatement_t_per_year": tonnes}
    npv = float(cast("float", flow.npv_cny))
    return {
        "roi": npv / investment.capex_cny if investment.capex_cny > 0 else None,
        "npv_cny": npv,
        "capex_cny": float(flow.capex[0]),
        "saving_cny_per_year": float(flow.saving[1] - flow.opex[1]),
        "payback_years": cast("Payback", flow.payback).years,
        "abatement_t_per_year": tonnes,
    }


def _scenario(given: object) -> ScenarioParams:
    if isinstance(given, ScenarioParams):
        return given
    return ScenarioParams(**cast("dict[str, Any]", given or {}))
