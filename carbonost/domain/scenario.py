"""What a job is asked: a selection on the map, and the parameters its figures rest on.

`GeoSelection` and `ScenarioParams` keep the specification's field names and defaults. Every
parameter knows its unit and where its default comes from, so that a default used can be told
apart from a value somebody chose (`ScenarioParams.defaults_used`).

In the specification's field names ``_y_`` means yuan (``electricity_price_y_per_kwh``).
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from carbonost.errors import InputError, raise_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

Datum = Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]

_SPECIFICATION: Final = "default of the specification"
_CIT_LAW: Final = "企业所得税法 (2018-12-29 修正), 第四条"
_CIT_RULES: Final = "企业所得税法实施条例, 第六十条"


class SpokenModel(BaseModel):
    """A frozen model whose faults are `InputError`: field, value and remedy, never a vendor's text."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    if not TYPE_CHECKING:  # type checkers keep pydantic's own signature

        def __init__(self, **data: Any) -> None:
            try:
                super().__init__(**data)
            except ValidationError as exc:
                raise_faults(f"{type(self).__name__} cannot be read", list(_faults(type(self), exc)))


def _faults(model: type[BaseModel], error: ValidationError) -> Iterable[InputError]:
    for fault in error.errors(include_url=False):
        inner = fault.get("ctx", {}).get("error")
        if isinstance(inner, InputError):
            yield inner
            continue
        field = ".".join(str(part) for part in fault["loc"]) or model.__name__
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(str(fault["loc"][-1]), model.model_fields, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(model.model_fields)}."
            yield InputError(f"{model.__name__} has no such field", field, fault["input"], remedy)
        elif fault["type"] == "missing":
            yield InputError(f"{model.__name__} needs this field", field, None, f"Give {field}=….")
        else:
            yield InputError(fault["msg"].removeprefix("Value error, "), field, fault["input"], _remedy(model, field))


def _remedy(model: type[BaseModel], field: str) -> str:
    known = model.model_fields.get(field.split(".", maxsplit=1)[0])
    extra = known.json_schema_extra if known is not None else None
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return f"Give it in {unit}." if unit else "See the field's description."


def _parameter(unit: str, source: str | None = None, *, price: bool = False, **bounds: Any) -> Any:
    return Field(json_schema_extra={"unit": unit, "default_source": source, "price": price}, **bounds)


class GeoSelection(SpokenModel):
    """An area chosen on a map, by administrative code, or by the name of a park.

    Attributes
    ----------
    type : {"polygon", "admin_code", "park_id"}
        What `geometry` holds.
    geometry : GeoJSON Polygon or MultiPolygon (mapping), or str
        Coordinates are longitude, latitude in degrees (RFC 7946); a code is six digits of GB/T 2260;
        a park id is what the park's own data call it.
    name_hint : str or None
        A name for reports.
    datum : {"WGS84", "CGCS2000", "GCJ02", "BD09"} or None
        Datum of the coordinates. None is reported as a gap and reviewed, never assumed in silence.
    """

    type: Literal["polygon", "admin_code", "park_id"]
    geometry: JsonValue
    name_hint: str | None = None
    datum: Datum | None = None

    def model_post_init(self, _context: object, /) -> None:
        """Hold `geometry` to what `type` says it is."""
        if self.type == "polygon":
            kind = self.geometry.get("type") if isinstance(self.geometry, dict) else None
            if kind == "Feature" and isinstance(self.geometry, dict):
                raise InputError(
                    "a GeoJSON Feature is not a geometry", "geometry", kind, "Give the Feature's own 'geometry'."
                )
            if kind not in {"Polygon", "MultiPolygon"}:
                raise InputError(
                    "a polygon selection needs a GeoJSON Polygon or MultiPolygon",
                    "geometry",
                    kind if isinstance(self.geometry, dict) else self.geometry,
                    'Give {"type": "Polygon", "coordinates": [[[lon, lat], …]]}.',
                )
        elif not isinstance(self.geometry, str) or not self.geometry.strip():
            wanted = "a six-digit code such as '320500'" if self.type == "admin_code" else "the park's id"
            raise InputError(f"a selection by {self.type} needs a text", "geometry", self.geometry, f"Give {wanted}.")

    @property
    def region_id(self) -> str:
        """What envelopes call this region: the code or id, else the name, else the kind of geometry."""
        if isinstance(self.geometry, str):
            return self.geometry.strip()
        return self.name_hint or "polygon"


class DefaultUsed(SpokenModel):
    """A parameter nobody chose: its default, the unit, and where the default comes from."""

    name: str
    value: JsonValue
    unit: str
    source: str
    price: bool


class ScenarioParams(SpokenModel):
    """Prices, rates and versions a job rests on; money is CNY, nominal, without VAT unless said.

    A field left alone keeps its default and is listed by `defaults_used`: the pipeline states it as an
    assumption and, for a price, as a data gap that asks for a review.
    """

    electricity_price_y_per_kwh: Annotated[float, _parameter("CNY/kWh", _SPECIFICATION, price=True, ge=0, le=20)] = 0.75
    gas_price_y_per_nm3: Annotated[float, _parameter("CNY/Nm3 (0 °C)", _SPECIFICATION, price=True, ge=0, le=100)] = 2.8
    carbon_price_y_per_tco2: Annotated[float, _parameter("CNY/tCO2", _SPECIFICATION, price=True, ge=0, le=1e4)] = 80.0
    wacc: Annotated[float, _parameter("share per year (0.08 is 8 %)", _SPECIFICATION, price=True, ge=0, lt=1)] = 0.08
    horizon_years: Annotated[int, _parameter("years", _SPECIFICATION, ge=1, le=60)] = 15

    ghg_boundary: Annotated[Literal["S1S2"], _parameter("scopes", _SPECIFICATION)] = "S1S2"
    grid_ef_version: Annotated[str, _parameter("name of a factor version", _SPECIFICATION, min_length=1)] = (
        "CN-grid-2024-v1"
    )
    fuel_ef_version: Annotated[str, _parameter("name of a factor version", _SPECIFICATION, min_length=1)] = (
        "IPCC-2006-default-v1"
    )

    region: Annotated[str, _parameter("region code, e.g. CN, CN-JS, 320500", "the widest region", min_length=2)] = "CN"
    accounting_year: Annotated[int | None, _parameter("calendar year", ge=1990, le=2100)] = None
    gwp: Annotated[Literal["AR4", "AR5", "AR6"], _parameter("GWP set, 100 years", "IPCC AR6 WG1, Table 7.SM.7")] = "AR6"
    parameter_set: Annotated[str | None, _parameter("name of a guideline parameter set")] = None
    vintage: Annotated[
        Literal["data_year", "latest_published"],
        _parameter("which grid data year answers", "the accounting year's own"),
    ] = "data_year"

    tariff_region: Annotated[str | None, _parameter("region code whose time-of-use rule applies")] = None
    tariff_voltage: Annotated[str, _parameter("voltage class", "the usual connection of a park's users")] = "1-10kV"
    tariff_charge: Annotated[
        Literal["demand", "capacity", "energy_only"] | None, _parameter("basis of the basic charge")
    ] = None
    demand_price_y_per_kw_month: Annotated[float | None, _parameter("CNY/(kW month)", ge=0)] = None
    feed_in_price_y_per_kwh: Annotated[float | None, _parameter("CNY/kWh exported", ge=0)] = None
    steam_price_y_per_t: Annotated[float | None, _parameter("CNY/t of steam", ge=0)] = None
    heat_price_y_per_gj: Annotated[float | None, _parameter("CNY/GJ of heat", ge=0)] = None
    diesel_price_y_per_t: Annotated[float | None, _parameter("CNY/t of diesel", ge=0)] = None
    green_power_premium_y_per_kwh: Annotated[float | None, _parameter("CNY/kWh above the usual price", ge=0)] = None
    currency_rate_cny_per_eur: Annotated[float | None, _parameter("CNY/EUR", gt=0)] = None
    currency_rate_cny_per_usd: Annotated[float | None, _parameter("CNY/USD", gt=0)] = None

    tax_rate: Annotated[float, _parameter("share of taxable income", _CIT_LAW, ge=0, lt=1)] = 0.25
    depreciation_years: Annotated[int, _parameter("years, straight line", _CIT_RULES, ge=1, le=60)] = 10
    residual_share: Annotated[
        float, _parameter("share of capital cost", "none: the tax law sets no residual rate", ge=0, lt=1)
    ] = 0.0
    subsidy_share: Annotated[float, _parameter("share of capital cost granted", "none granted", ge=0, le=1)] = 0.0
    capex_multiplier: Annotated[float, _parameter("factor on every capital cost", "as published", gt=0, le=10)] = 1.0
    opex_multiplier: Annotated[float, _parameter("factor on every running cost", "as published", ge=0, le=10)] = 1.0
    price_escalation: Annotated[
        float, _parameter("share per year, nominal, all energy prices", "prices stay as given", gt=-0.5, lt=0.5)
    ] = 0.0
    portfolio_size: Annotated[int, _parameter("measures in the portfolio", _SPECIFICATION, ge=1, le=100)] = 3

    scenario_id: Annotated[str | None, _parameter("a name for this set of parameters")] = None

    @classmethod
    def unit_of(cls, name: str) -> str:
        """Return the unit of one parameter, in words."""
        return str(cls._extra(name)["unit"])

    @classmethod
    def prices(cls) -> tuple[str, ...]:
        """Return the names whose default, left alone, is a data gap: the prices and the WACC."""
        return tuple(name for name in cls.model_fields if cls._extra(name)["price"])

    @classmethod
    def _extra(cls, name: str) -> dict[str, Any]:
        extra = cls.model_fields[name].json_schema_extra
        return extra if isinstance(extra, dict) else {}

    def defaults_used(self) -> tuple[DefaultUsed, ...]:
        """Return the parameters nobody set whose default is a value, in the order of the fields."""
        left = [name for name in type(self).model_fields if name not in self.model_fields_set]
        return tuple(
            DefaultUsed(
                name=name,
                value=getattr(self, name),
                unit=self.unit_of(name),
                source=str(self._extra(name)["default_source"]),
                price=bool(self._extra(name)["price"]),
            )
            for name in left
            if getattr(self, name) is not None
        )
