"""One emission: what it was calculated with, how it is traced, and the specification's result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from math import fsum
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

Level = Literal["city", "province", "grid_region", "nation", "global", "own"]
Scope2Word = Literal["location_based", "market_based"]
_DIGITS: Final = 15  # what a float64 holds for certain: the noise of binary fractions is cut


def as_decimal(value: float) -> Decimal:
    """Return `value` as a decimal of 15 significant digits: ``0.1 + 0.2`` is ``Decimal('0.3')``."""
    return Decimal(f"{value:.{_DIGITS}g}")


@dataclass(frozen=True, slots=True)
class Basis:
    """What the rows of one group are calculated with: same carrier, unit, region, factors and rules.

    Attributes
    ----------
    scope, category, energy_type, region, unit
        What the rows are; `unit` as written.
    factor_id : str
        The factor's id; a parameter set's fuel is named by set and fuel.
    factor_unit : str
        Denominator of the factor; `scale` is how many of it are in one `unit`.
    co2e_t, biogenic_t : float [t per unit]
        CO2e inside the scopes, and biogenic CO2 outside them.
    gases_t, gases_co2e_t : mapping of gas to float [t per unit]
        Mass of each gas, and its CO2e; a source that publishes only CO2e leaves `gases_t` empty.
    market_co2e_t : float [t per unit] or None
        Market-based coefficient where it differs in kind (electricity not covered by a contract).
    kwh : float or None
        Electricity per `unit`, where the row is electricity.
    level, path, fallback, vintage, data_year, document, locator, formula
        How the factor was found, and where it stands.
    uncertainty_pct : float or None
        Half-width of the factor's 95 % interval, in percent.
    assumptions : tuple of str
        What was assumed to get here, in words.
    """

    scope: int
    category: str | None
    energy_type: str
    region: str
    unit: str
    factor_id: str
    factor_unit: str
    scale: float
    co2e_t: float
    gases_t: Mapping[str, float]
    gases_co2e_t: Mapping[str, float]
    biogenic_t: float = 0.0
    market_co2e_t: float | None = None
    market_factor_id: str | None = None
    kwh: float | None = None
    level: str = "own"
    path: tuple[str, ...] = ()
    fallback: bool = False
    vintage: str | None = None
    data_year: int | None = None
    document: str = ""
    locator: str = ""
    formula: str = ""
    calculation_method: str = ""
    uncertainty_pct: float | None = None
    status: str = "own"
    assumptions: tuple[str, ...] = ()

    def trace(self) -> Trace:
        """Return the reader's view of this basis."""
        return Trace(
            factor_id=self.factor_id,
            level=self.level,
            path=self.path,
            fallback=self.fallback,
            scale=self.scale,
            formula=self.formula,
            document=self.document,
            locator=self.locator,
            vintage=self.vintage,
            status=self.status,
            assumptions=self.assumptions,
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one row's emissions come from.

    Attributes
    ----------
    factor_id, document, locator, vintage, status
        The figure, where it stands, its data year, and how it was read.
    level : {"city", "province", "grid_region", "nation", "global", "own"}
        Where the search for the region ended; `path` are the regions it asked in turn.
    fallback : bool
        True where the answer is not the region or year that was asked for.
    scale : float
        Units of the factor in one unit of the row.
    formula : str
        The calculation with its numbers.
    parts : tuple of Trace
        One per factor where the period straddles several; empty otherwise.
    """

    factor_id: str
    level: str
    path: tuple[str, ...]
    fallback: bool
    scale: float
    formula: str
    document: str
    locator: str
    vintage: str | None
    status: str = "own"
    assumptions: tuple[str, ...] = ()
    parts: tuple[Trace, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a field."""
        import pandas as pd

        return pd.DataFrame(self.to_dict().items(), columns=["field", "value"])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


class EmissionResult(BaseModel):
    """The result of one calculation, in the specification's fields.

    Attributes
    ----------
    emissions_co2e : Decimal [tCO2e]
    emission_factor : Decimal [kgCO2e per `unit`]
        So that ``emissions_co2e = consumption * emission_factor / 1000``, as the specification computes.
    gases, gases_co2e : dict
        Tonnes of each gas, and tCO2e of each; a source that publishes only CO2e leaves `gases` empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scope: int
    energy_type: str
    consumption: Decimal
    unit: str
    emission_factor: Decimal
    emissions_co2e: Decimal
    calculation_method: str
    data_quality_score: float
    gases: dict[str, float] = Field(default_factory=dict)
    gases_co2e: dict[str, float] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.model_dump()[key]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return self.model_dump()

    def to_frame(self) -> pd.DataFrame:
        """Return one row a field."""
        import pandas as pd

        return pd.DataFrame(self.to_dict().items(), columns=["field", "value"])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def weighed_gases(per_unit: Sequence[Mapping[str, float]], amounts: Sequence[float]) -> dict[str, float]:
    """Return the tonnes of each gas: coefficients per unit times amounts, summed."""
    sums: dict[str, float] = {}
    for gases, amount in zip(per_unit, amounts, strict=True):
        for gas, tonnes in gases.items():
            sums[gas] = sums.get(gas, 0.0) + tonnes * amount
    return sums


def emission_result(
    bases: Sequence[Basis],
    amounts: Sequence[float],
    consumption: float,
    emissions_t: float,
    *,
    method: str,
    data_quality: float,
    facts: Mapping[str, Any],
) -> EmissionResult:
    """Return one row's result from the bases of its lines; `facts` join the metadata."""
    basis, used, tonnes = bases[0], as_decimal(consumption), as_decimal(emissions_t)
    factor = tonnes / used * 1000 if used else as_decimal(basis.co2e_t * 1000)
    return EmissionResult(
        scope=basis.scope,
        energy_type=basis.energy_type,
        consumption=used,
        unit=basis.unit,
        emission_factor=as_decimal(float(factor)),
        emissions_co2e=tonnes,
        calculation_method=basis.calculation_method.replace("location_based", method),
        data_quality_score=data_quality,
        gases=weighed_gases([b.gases_t for b in bases], amounts),
        gases_co2e=weighed_gases([b.gases_co2e_t for b in bases], amounts),
        metadata={
            "factor_id": " + ".join(dict.fromkeys(b.factor_id for b in bases)),
            "factor_source": basis.document,
            "factor_locator": basis.locator,
            "factor_year": basis.data_year,
            "vintage": basis.vintage,
            "grid_region": basis.region,
            "level": basis.level,
            "fallback": any(b.fallback for b in bases),
            "formula": basis.formula,
            "biogenic_co2_t": fsum(b.biogenic_t * a for b, a in zip(bases, amounts, strict=True)),
            "assumptions": list(dict.fromkeys(note for b in bases for note in b.assumptions)),
            **facts,
        },
    )


class Total(float):
    """A total in tCO2e that says which scope 2 figure is in it.

    Examples
    --------
    >>> Total(12.5, "location_based")
    12.5 tCO2e (location-based)
    """

    __slots__ = ("method",)
    method: str

    def __new__(cls, value: float, method: str) -> Self:
        """Return `value` with the word for its scope 2 figure."""
        self = super().__new__(cls, value)
        self.method = method
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return float(self), self.method

    def __repr__(self) -> str:
        return f"{float(self)!r} tCO2e ({self.method.replace('_', '-')})"
