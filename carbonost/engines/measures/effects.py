"""A roadmap's effects: each measure meets what the ones before it left, so nothing is saved twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Any, Final, get_args

import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.arguments import of_kind, one_of, scalar, whole
from carbonost.domain.evidence import AssumptionItem
from carbonost.domain.measure import Effect, Measure, Method, Range
from carbonost.engines.measures import models, supply
from carbonost.engines.measures.baseline import AbatementFactors, Baseline
from carbonost.engines.measures.library import MeasureLibrary
from carbonost.engines.measures.models import Bill, Case, Step, amount, bill_saving
from carbonost.engines.measures.site import checked, number
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


MODELS: Final[dict[str, Callable[[Case], Step]]] = {
    "motor": models.motors,
    "lighting": models.lighting,
    "compressed_air": models.compressed_air,
    "green_power": models.green_power,
    "pv": supply.pv,
    "waste_heat": supply.waste_heat,
    "heat_pump": supply.heat_pump,
    "electric_boiler": supply.electric_boiler,
}
"""Effect name of a library row -> its model; "dispatch" is composed by the caller, see `assess`."""


@dataclass(frozen=True, eq=False)
class Roadmap(Alike):
    """Effects in the order they were applied, and what is left.

    Attributes
    ----------
    effects : tuple of Effect
    left : Baseline
        After all of them.
    """

    effects: tuple[Effect, ...]
    left: Baseline

    def abatement_t(self, method: Method = "location_based") -> float | None:
        """What the roadmap avoids in a year; None where an effect that was computed lacks a factor.

        A sum that may be taken, because each effect was computed on what the earlier ones left.
        """
        one_of(method, get_args(Method), "method")
        known = [one.abatement for one in self.effects if one.computable]
        each = [None if one is None else one.total_t(method) for one in known]
        return None if None in each else fsum(one for one in each if one is not None)

    def get(self, measure_id: str) -> Effect:
        """Effect of one measure."""
        for one in self.effects:
            if one.id == measure_id:
                return one
        raise InputError("is not in the roadmap", "measure_id", measure_id, "Assess it first.")

    def to_frame(self) -> pd.DataFrame:
        """One row per effect: basis, energy saved by carrier, abatement by both methods [tCO2e/a], inputs that lack."""
        rows = []
        for one in self.effects:
            row: dict[str, object] = {"id": one.id, "basis": one.basis}
            row |= {f"{carrier} [{amount.unit}]": amount.value for carrier, amount in one.saved.items()}
            row["abatement_location_t"] = one.abatement and one.abatement.total_t("location_based")
            row["abatement_market_t"] = one.abatement and one.abatement.total_t("market_based")
            rows.append(row | {"missing_inputs": "、".join(one.missing_inputs)})
        return pd.DataFrame(rows, columns=None if rows else ["id", "basis", "missing_inputs"]).set_index("id")

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(float_format="{:,.6g}".format, na_rep=""))


def assess(
    measures: Iterable[str | Measure],
    site: Mapping[str, Any],
    baseline: Baseline,
    factors: AbatementFactors,
    *,
    library: MeasureLibrary | None = None,
    dispatch: Mapping[str, Callable[[Baseline], Effect | None]] | None = None,
    bill: Callable[[pd.Series], Bill] | None = None,
) -> Roadmap:
    """Effects of measures at a site, each on what the earlier ones left.

    Parameters
    ----------
    measures : iterable of id or Measure
        In any order: savings come first, then supply, then purchase (the library's `order`, then id).
    site : mapping
        Facts by the names the library asks for.
    baseline : Baseline
    factors : AbatementFactors
    library : MeasureLibrary, optional
    dispatch : {id: function of Baseline}, optional
        Effects that come from another engine, such as a battery's: called with what is left, returns
        an `Effect` (`battery_effect`) or None where it cannot be had.
    bill : function of a load curve, optional
        Bill of a load [kW] without gaps, such as ``Tariff.bill``: PV on a metered load is then worth the
        bill before less the bill after, hour by hour and with the demand charge, instead of a flat price.

    Returns
    -------
    Roadmap

    Raises
    ------
    InputError, InputErrors
        If a fact of the site is misspelt, of the wrong kind or beyond its bounds, or an id is not in the library.

    Notes
    -----
    The order of the arguments changes nothing; the sum of the savings of a carrier is never more
    than was bought, and what draws more power shares the headroom of the grid connection.
    """
    library = MeasureLibrary.given(library)
    of_kind(baseline, Baseline, "baseline", "Give Baseline(electricity_kwh=…).")
    of_kind(factors, AbatementFactors, "factors", "Give AbatementFactors(…).")
    composed = {} if dispatch is None else dispatch
    of_kind(composed, Mapping, "dispatch", "Give {measure id: function of a Baseline}.")
    for name in composed:
        library.get(name)
    for field, called in (("bill", bill), *((f"dispatch.{name}", each) for name, each in composed.items())):
        if called is not None and not callable(called):
            raise InputError("cannot be called", field, called, "Give a function.")
    chosen = {one.id: one for one in _measures(measures, library)}
    site = checked(site, library)
    left = _informed(baseline, site)
    effects = []
    for measure in sorted(chosen.values(), key=lambda one: (one.order, one.id)):
        step = _step(Case(measure, site, left, factors, library, bill=bill), composed.get(measure.id))
        effects.append(step.effect)
        left = step.after
    return Roadmap(tuple(effects), left)


def _measures(measures: object, library: MeasureLibrary) -> list[Measure]:
    """Return the measures meant, by id or as they are."""
    listed = [measures] if isinstance(measures, (str, Measure)) else measures
    if not isinstance(listed, Iterable) or isinstance(listed, Mapping):
        raise InputError("is no list of measures", "measures", measures, 'Give ["PV_ROOF"].')
    return [one if isinstance(one, Measure) else library.get(one) for one in listed]


def battery_effect(
    before: Bill,
    after: Bill,
    *,
    charged_kwh: float,
    discharged_kwh: float,
    capacity_kwh: float,
    power_kw: float,
    factors: AbatementFactors,
    emissions_saved_t: float | None = None,
    life_years: int | None = None,
    library: MeasureLibrary | None = None,
    measure_id: str = "BESS",
) -> Effect:
    """Effect of a battery from the bills without it and with its schedule, both of one year.

    Parameters
    ----------
    before, after : Bill
        Ledgers of the same load and tariff. The saving is their difference without wear.
    charged_kwh, discharged_kwh : float [kWh/a]
        At the grid side: their difference is electricity used, not saved.
    capacity_kwh, power_kw : float
    factors : AbatementFactors
        With one factor for the year a battery raises emissions by its losses.
    emissions_saved_t : float, optional [tCO2e/a]
        Location-based, by hourly factors, where the dispatch has them; replaces the yearly factor.
    life_years : int, optional [a]

    Returns
    -------
    Effect
        `billed`: the money is the whole change of the bill, so its energy is not priced again.
    """
    library = MeasureLibrary.given(library)
    of_kind(factors, AbatementFactors, "factors", "Give AbatementFactors(…).")
    sizes = {"capacity_kwh": capacity_kwh, "power_kw": power_kw}
    for name, told in {"charged_kwh": charged_kwh, "discharged_kwh": discharged_kwh, **sizes}.items():
        scalar(told, name, least=0.0)
    for field, ledger in (("before", before), ("after", after)):
        for name in ("total_cny", "energy_cny", "wear_cny"):
            scalar(getattr(ledger, name, None), f"{field}.{name}", remedy="Give the ledger of a bill.")
    if emissions_saved_t is not None:
        scalar(emissions_saved_t, "emissions_saved_t")
    if life_years is not None:
        whole(life_years, "life_years", least=1)
    case = Case(library.get(measure_id), {}, Baseline(), factors, library)
    lost = charged_kwh - discharged_kwh
    if lost < -1e-6 * max(1.0, abs(charged_kwh)):
        raise InputError("a battery cannot give more than it took", "discharged_kwh", discharged_kwh, "Check units.")
    effect = case.effect(
        {"electricity": amount("electricity", -lost, -lost, -lost)},
        **bill_saving(before, after),
        size={
            "capacity_kwh": Range(value=capacity_kwh, unit="kWh"),
            "capacity_kw": Range(value=power_kw, unit="kW"),
            "discharged_kwh": Range(value=discharged_kwh, unit="kWh/a"),
        },
        life_years=int(case.published("lifetime")) if life_years is None else life_years,
    )
    if emissions_saved_t is None or effect.abatement is None:
        return effect
    hourly = effect.abatement.model_copy(update={"scope2_location_t": emissions_saved_t})
    note = AssumptionItem(
        name=f"{measure_id}.emissions", value=emissions_saved_t, unit="tCO2e/a", rationale="逐时电网因子"
    )
    return effect.model_copy(update={"abatement": hourly, "assumptions": (*effect.assumptions, note)})


def _informed(baseline: Baseline, site: Mapping[str, Any]) -> Baseline:
    """The baseline with what the site says of its boilers and waste heat, unless it brings its own."""
    gas, share = baseline.boiler_gas_nm3, baseline.boiler_efficiency
    room = baseline.grid_headroom_kw
    told = replace(
        baseline,
        grid_headroom_kw=number(site, "grid_headroom_kw") if room is None else room,
        boiler_gas_nm3=number(site, "boiler_gas_nm3") if gas is None else gas,
        boiler_efficiency=number(site, "boiler_efficiency") if share is None else share,
    )
    waste = number(site, "waste_heat_profile.heat_gj_per_year")
    source = number(site, "waste_heat_profile.source_temperature_c")
    if baseline.waste_heat_gj or waste is None or source is None:
        return told
    return replace(told, waste_heat_gj=waste, waste_heat_c=source)


def _step(case: Case, composed: Callable[[Baseline], Effect | None] | None) -> Step:
    missing = case.missing()
    if missing:
        return case.unknown(missing)
    if composed is not None:
        effect = composed(case.left)
        return case.unknown(("dispatch",)) if effect is None else Step(effect, case.left.after(effect))
    model = MODELS.get(case.measure.effect)
    if model is None:
        return case.unknown(("dispatch",))
    return model(case)
