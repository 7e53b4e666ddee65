"""What an organisation declares: activity data, and the contracts that stand behind its power."""

from __future__ import annotations

from datetime import date
from decimal import Decimal  # noqa: TC003 -- pydantic reads the annotation
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from carbonost.domain.period import as_date, as_month
from carbonost.domain.scenario import SpokenModel
from carbonost.errors import InputError

Day = Annotated[date, BeforeValidator(as_date)]
ContractKind = Literal["direct", "PPA", "GEC", "supplier"]
SOURCE_WORDS: Final = {"计量": "meter", "抄表": "meter", "申报": "manual", "填报": "manual", "估算": "estimated"}
"""What a sheet may say of an amount's origin, and the word for it here."""
DataSource = Annotated[
    Literal["meter", "manual", "estimated"], BeforeValidator(lambda word: SOURCE_WORDS.get(str(word).strip(), word))
]
CONTRACT_ORDER: Final[tuple[ContractKind, ...]] = ("direct", "PPA", "GEC", "supplier")
"""Contracts are used in this order: own wire, then bundled, then unbundled certificates, then the supplier's mix."""


class OwnFactor(SpokenModel):
    """A factor the user brings: `value` in `unit` (``kgCO2e/kWh``), with where it comes from.

    Rows share its error where they share its `id`, else its `source`, else carrier and value.
    `uncertainty_pct` is the half-width of the 95 % interval.
    """

    value: float = Field(ge=0)
    unit: str
    gas: str = "CO2e"
    source: str | None = None
    id: str | None = None
    uncertainty_pct: float | None = Field(default=None, ge=0)


class FuelParameters(SpokenModel):
    """Measured properties of a fuel that replace the set's defaults, on net calorific value, as received."""

    ncv_gj_per_t: float | None = Field(default=None, gt=0)
    ncv_gj_per_1e4nm3: float | None = Field(default=None, gt=0)
    carbon_t_per_gj: float | None = Field(default=None, ge=0)
    oxidation_factor: float | None = Field(default=None, ge=0, le=1)


class ActivityData(SpokenModel):
    """One declared amount over one period.

    Attributes
    ----------
    energy_type : str
        Carrier or activity, such as ``electricity``, ``natural_gas``, ``diesel``, ``caco3``, ``r-410a``.
    consumption, unit
        The amount as on the bill; never negative.
    region : str
        ``CN``, ``CN-JS``, ``CN-JS-320500``, a GB/T 2260 code, ``GB``, ``US-CAMX``.
    period_start, period_end : date
        First and last day, both inside; ``month="2025-03"`` gives both.
    scope, category
        Only where the carrier alone does not say it; category numbers those of scope 3.
    purity : float or None
        Share of the active substance in the mass, 0 to 1.
    factor : str, OwnFactor or None
        A factor's id, or an own factor; None asks the library.
    uncertainty_pct : float or None
        Half-width of the 95 % interval of the amount, in percent.
    data_source : {"meter", "manual", "estimated"}
        Read from a meter, declared, or estimated; declared unless said.
    data_quality : float
        0 to 1, shown beside the result and never multiplied into it.
    """

    energy_type: str = Field(min_length=1)
    consumption: Decimal = Field(ge=0)
    unit: str = Field(min_length=1)
    region: str = "CN"
    period_start: Day
    period_end: Day
    scope: Literal[1, 2, 3] | None = None
    category: str | int | None = None
    facility: str | None = None
    organization_id: str | None = None
    park_id: str | None = None
    building_id: str | None = None
    data_source: DataSource = "manual"
    data_quality: float = Field(default=1.0, ge=0, le=1)
    purity: float | None = Field(default=None, ge=0, le=1)
    parameters: FuelParameters | None = None
    factor: OwnFactor | str | None = None
    uncertainty_pct: float | None = Field(default=None, ge=0)
    id: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _whole_month(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "month" not in given or given.keys() & {"period_start", "period_end"}:
            return given
        first, last = as_month(given["month"])
        rest = {name: value for name, value in given.items() if name != "month"}
        return rest | {"period_start": first, "period_end": last}

    @model_validator(mode="after")
    def _ends_after_start(self) -> ActivityData:
        if self.period_end < self.period_start:
            raise InputError(
                "the period ends before it starts", "period_end", str(self.period_end), "Check the two dates."
            )
        return self


EmissionInput = ActivityData
"""The specification's name of `ActivityData`."""


class Contract(SpokenModel):
    """A claim on a source of electricity, used in the market-based total only.

    Attributes
    ----------
    kind : {"direct", "PPA", "GEC", "supplier"}
        Own wire, power purchase agreement, green electricity certificate, supplier's stated factor.
    energy_kwh : float
        Electricity claimed over the whole validity.
    factor_kg_per_kwh : float
        CO2e of the claimed electricity; 0 for renewables.
    facility : str or None
        The facility it may serve; None serves all.
    valid_from, valid_to : date or None
        Consumption it may be matched with; open where None.
    vintage_year : int or None
        Year the electricity was generated.
    """

    kind: ContractKind
    energy_kwh: float = Field(ge=0)
    factor_kg_per_kwh: float = Field(default=0.0, ge=0)
    facility: str | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    vintage_year: int | None = None
    id: str | None = None

    @classmethod
    def of(cls, value: Contract | dict[str, Any]) -> Contract:
        """Read a contract from a mapping of its fields."""
        return value if isinstance(value, Contract) else cls(**value)
