"""Measures from the library to the ledger: what one is, how it fits a site, what it does, what it costs.

`Measure` is a library row, `Candidate` a measure screened against one site, `Effect` what it changes
there in a year, `Investment` the money and energy a cash flow is built from.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, JsonValue

from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem  # noqa: TC001 -- pydantic reads them
from carbonost.domain.scenario import SpokenModel
from carbonost.errors import InputError

Method = Literal["location_based", "market_based", "zero_carbon_park"]
Share = Annotated[float, Field(ge=0, le=1)]

CARRIER_UNITS: Final[dict[str, str]] = {
    "electricity": "kWh",
    "electricity_export": "kWh",
    "green_electricity": "kWh",
    "natural_gas": "Nm3",
    "heat": "GJ",
    "steam": "t",
    "diesel": "t",
}
"""Carrier -> unit of the yearly amounts in an `Effect`; gas at 0 °C, heat as delivered."""


class Range(SpokenModel):
    """A quantity with the range its basis supports; None where no range is known."""

    value: float
    unit: str
    low: float | None = None
    high: float | None = None


class Limit(SpokenModel):
    """A hard condition of the site: `field` compared with `value`; broken, the measure cannot be built.

    An absent field breaks nothing: it is missing, not violated.
    """

    field: str
    compare: Literal[">", ">=", "<", "<=", "==", "!="]
    value: JsonValue
    reason_zh: str
    reason_en: str


class CostRow(SpokenModel):
    """A row of the measure parameters that costs this measure, per unit of one of the effect's sizes."""

    kind: Literal["capex", "opex"]
    parameter: str
    per: str


class Measure(SpokenModel):
    """One row of the measure library.

    Attributes
    ----------
    id : str
        Stable name in capitals, e.g. "PV_ROOF".
    required_inputs : tuple of str
        Site fields without which its effect cannot be computed for this site.
    optional_inputs : tuple of str
        Site fields that sharpen the effect; absent, a stated default is used.
    limits : tuple of Limit
        Hard conditions of the site.
    depends_on, competes_with : tuple of str
        Other measures it builds on, or takes the same baseline from.
    effect : str
        Which effect model computes it.
    parameters : tuple of str
        Rows of the measure parameters it may use.
    cost_rows : tuple of CostRow
        Rows that may cost it, the preferred currency and region first.
    no_capex : bool
        Whether it is bought, not built: a contract has no first cost.
    order : int
        Place in the chain of effects: savings first, then supply, then purchase.
    """

    id: str
    name_zh: str
    name_en: str
    effect: str
    required_inputs: tuple[str, ...] = ()
    optional_inputs: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    depends_on: tuple[str, ...] = ()
    competes_with: tuple[str, ...] = ()
    risks_zh: tuple[str, ...] = ()
    risks_en: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    cost_rows: tuple[CostRow, ...] = ()
    no_capex: bool = False
    asset_class: str = "machinery_production_equipment"
    basis_zh: str = ""
    basis_en: str = ""
    order: int = 50


class Violation(SpokenModel):
    """A hard condition a site breaks."""

    field: str
    value: JsonValue
    reason_zh: str
    reason_en: str


class Candidate(SpokenModel):
    """A measure screened against one site; `rank` starts at 1."""

    id: str
    name: str
    name_en: str
    applicability_score: Share
    rank: int = 0
    enabled: bool = True
    missing_inputs: tuple[str, ...] = ()
    missing_optional: tuple[str, ...] = ()
    violations: tuple[Violation, ...] = ()
    dependencies: tuple[str, ...] = ()
    competes_with: tuple[str, ...] = ()
    impact_range: Range | None = None
    risks: tuple[str, ...] = ()
    basis: str = ""

    @property
    def feasible(self) -> bool:
        """Whether the site breaks no hard condition."""
        return not self.violations


class Abatement(SpokenModel):
    """Emissions avoided in a year [tCO2e/a], negative for an increase; the scope 2 methods are never added."""

    scope1_t: float = 0.0
    scope2_location_t: float = 0.0
    scope2_market_t: float = 0.0
    zero_carbon_park_t: float | None = None

    def total_t(self, method: Method = "location_based") -> float | None:
        """Scope 1 and scope 2 under one method; the zero-carbon-park method counts on its own."""
        if method not in get_args(Method):
            raise InputError("is not a method", "method", method, f"Choose one of {', '.join(get_args(Method))}.")
        if method == "zero_carbon_park":
            return self.zero_carbon_park_t
        return self.scope1_t + (self.scope2_location_t if method == "location_based" else self.scope2_market_t)


class Effect(SpokenModel):
    """What a measure changes at one site in its first full year.

    Attributes
    ----------
    saved : {carrier: Range}
        Energy no longer bought, in the units of `CARRIER_UNITS`; negative where the measure uses more.
        "electricity_export" and "green_electricity" are amounts sold and bought under contract.
    other_saving_cny_per_year : float [CNY/a]
        Money beyond energy times price, such as a lower demand charge from a dispatch.
    energy_charge_cny_per_year : float [CNY/a]
        Part of that money that is the bill's energy charge: it moves with the electricity price.
    billed : bool
        True where that money is the change of the electricity bill: electricity is then not priced again.
    size : {name: Range}
        What was assumed to be built: ``capacity_kw``, ``capacity_kwh``, ….
    abatement : Abatement or None
        None where a factor was missing; the gap says which.
    computable : bool
        False where a required input is missing: amounts are then empty, not zero.
    """

    id: str
    basis: str
    computable: bool = True
    saved: dict[str, Range] = Field(default_factory=dict)
    other_saving_cny_per_year: float = 0.0
    energy_charge_cny_per_year: float = 0.0
    billed: bool = False
    size: dict[str, Range] = Field(default_factory=dict)
    degradation: Share = 0.0
    life_years: int | None = None
    abatement: Abatement | None = None
    missing_inputs: tuple[str, ...] = ()
    assumptions: tuple[AssumptionItem, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    gaps: tuple[DataGap, ...] = ()

    def amount(self, carrier: str) -> float:
        """Yearly amount of one carrier; 0 where the measure does not touch it."""
        return self.saved[carrier].value if carrier in self.saved else 0.0


class Investment(SpokenModel):
    """What a cash flow is built from: money at time 0, then yearly amounts in the first full year.

    Attributes
    ----------
    capex_cny : float or None
        None where no cost in CNY is known: the measure cannot be valued, and says so.
    saving_cny_per_year : float [CNY/a]
        Money beyond the energy amounts and the energy charge below.
    energy_charge_cny_per_year, billed_at_cny_per_kwh : float [CNY/a], float or None [CNY/kWh]
        Energy charge saved on a bill, and the scenario's electricity price it belongs to: at another
        price it is worth in proportion. Without that price it stays as billed.
    *_per_year : float
        Energy no longer bought; negative where the measure uses more. They are priced by the scenario.
    green_electricity_kwh_per_year : float [kWh/a]
        Bought under a green contract; costs the scenario's premium.
    energy_kwh_per_year : float or None
        Delivered energy, for a levelised cost.
    life_years : int or None
        None: as long as the horizon.
    at_end_of_life : {"replace", "end"}
        What happens when the life is shorter than the horizon.
    replacement_cny : float or None
        Cost of a replacement; None: the first cost again.
    """

    id: str = ""
    name: str = ""
    capex_cny: float | None = None
    opex_cny_per_year: float = 0.0
    saving_cny_per_year: float = 0.0
    energy_charge_cny_per_year: float = 0.0
    billed_at_cny_per_kwh: float | None = Field(default=None, gt=0)
    electricity_kwh_per_year: float = 0.0
    electricity_export_kwh_per_year: float = 0.0
    green_electricity_kwh_per_year: float = 0.0
    natural_gas_nm3_per_year: float = 0.0
    heat_gj_per_year: float = 0.0
    steam_t_per_year: float = 0.0
    diesel_t_per_year: float = 0.0
    energy_kwh_per_year: float | None = None
    abatement_t_per_year: float = 0.0
    degradation: Share = 0.0
    life_years: int | None = Field(default=None, ge=1)
    at_end_of_life: Literal["replace", "end"] = "replace"
    replacement_cny: float | None = None
    subsidy_cny: float = 0.0
