"""The business records: one model per kind, with the specification's fields and corrected types.

Masses and money are decimals (two places would round ten kilograms away), instants are aware,
periods are dates, choices are closed. Kinds that other rooms fill (activities, envelopes, jobs …)
accept further fields as plain JSON and give them back; the others refuse an unknown field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 -- pydantic reads it
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from carbonost.storage.values import Amount, Count, Finite, Moment, Name, Quantity, Share, Size, Text, Whole  # noqa: TC001

UserRole = Literal["admin", "manager", "user", "viewer"]
UserStatus = Literal["active", "inactive", "suspended"]
OrganizationType = Literal["park", "enterprise", "government"]
Tier = Literal["basic", "professional", "enterprise"]
MemberRole = Literal["owner", "admin", "member", "viewer"]
BuildingType = Literal["office", "factory", "warehouse", "dormitory"]
DeviceType = Literal["meter", "sensor", "hvac", "boiler", "chiller"]
DeviceStatus = Literal["online", "offline", "maintenance", "fault"]
PeriodType = Literal["daily", "monthly", "yearly"]
ReportStatus = Literal["draft", "generating", "completed", "submitted"]
ReviewStatus = Literal["pending", "approved", "rejected"]


class Record(BaseModel):
    """What every kind has: an id, and the version it was read at.

    `version` is None on an item that was never read: `put` then creates or replaces it. With the
    version of a read item, `put` replaces only what is still at that version.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")
    given: ClassVar[frozenset[str]] = frozenset({"id", "version"})

    id: Name
    version: int | None = None

    def __getitem__(self, name: str) -> Any:
        if name in type(self).model_fields or name in (self.model_extra or {}):
            return getattr(self, name)
        raise KeyError(name)

    def body(self) -> dict[str, Any]:
        """Return the fields the caller gave: without `id`, and without what the store adds."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        fields |= self.model_extra or {}
        return {name: value for name, value in fields.items() if name not in self.given}

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain Python values."""
        return self.model_dump(mode="python")

    def replace(self, **changes: Any) -> dict[str, Any]:
        """Return the item with `changes`, ready to `put` at the version it was read."""
        return {**self.body(), "id": self.id, "version": self.version, **changes}


class OpenRecord(Record):
    """A kind that keeps further fields as plain JSON."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Dated(Record):
    """A kind that says when it was stored; the store fills both in, `put` does not heed them."""

    given: ClassVar[frozenset[str]] = Record.given | {"created_at", "updated_at"}

    created_at: Moment | None = None
    updated_at: Moment | None = None


class Organization(Dated):
    """The organisation itself: one row, whose id is the tenant's."""

    name: Text
    type: OrganizationType | None = None
    industry: str | None = None
    address: str | None = None
    contact_person: str | None = None
    contact_phone: str | None = None
    subscription_tier: Tier = "basic"
    subscription_expires_at: Moment | None = None


class User(Dated):
    """A person, known to one organisation; the e-mail is unique within it."""

    email: Annotated[str, StringConstraints(to_lower=True, max_length=255, pattern=r"^[^@\s]+@[^@\s]+$")]
    password_hash: str | None = Field(default=None, repr=False)
    full_name: str | None = None
    phone: str | None = None
    role: UserRole = "user"
    status: UserStatus = "active"
    last_login_at: Moment | None = None


class Membership(Dated):
    """What a user may do in the organisation; one per user."""

    user_id: Text
    role: MemberRole = "member"
    joined_at: Moment | None = None


class Place(Dated):
    """A park, or a building in one."""

    kind: Literal["park", "building"] = "park"
    parent_id: str | None = None
    name: Text
    area_sqm: Size | None = None
    location: JsonValue = None
    industry_type: str | None = None
    established_year: Whole | None = None
    total_companies: Count | None = None
    total_employees: Count | None = None
    annual_revenue: Amount | None = None
    building_type: BuildingType | None = None
    floors: Whole | None = None
    year_built: Whole | None = None


class Device(Dated):
    """A meter, sensor or machine in a building."""

    building_id: str | None = None
    name: Text
    device_type: DeviceType | None = None
    manufacturer: str | None = None
    model: str | None = None
    rated_power_kw: Size | None = None
    install_date: date | None = None
    warranty_expires: date | None = None
    status: DeviceStatus = "online"
    config: JsonValue = None


class _Period(OpenRecord):
    period_start: date | None = None
    period_end: date | None = None

    @model_validator(mode="after")
    def _forward(self) -> _Period:
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise ValueError("period_end lies before period_start")
        return self


class Activity(_Period):
    """A declared or metered consumption of one period (first and last day inclusive).

    `consumption` is a float64, at least 0: a decimal of more than 15 digits is rounded to it.
    """

    energy_type: Text
    consumption: Quantity
    unit: Text
    region: str | None = None
    scope: Whole | None = None
    category: str | None = None
    facility: str | None = None
    park_id: str | None = None
    building_id: str | None = None
    data_source: str | None = None
    data_quality: Share | None = None


class Emission(_Period):
    """Emissions of one period [tCO2e]: totals by scope, or one line of an inventory.

    `scope2_total` is location-based; the market-based total stands beside it and is never added.
    Emissions are decimals, kept to the last digit; `consumption` and the score are float64.
    """

    park_id: str | None = None
    building_id: str | None = None
    period_type: PeriodType | None = None
    scope1_total: Amount = Decimal(0)
    scope2_total: Amount = Decimal(0)
    scope2_market_total: Amount | None = None
    scope3_total: Amount = Decimal(0)
    scope1_natural_gas: Amount | None = None
    scope1_diesel: Amount | None = None
    scope1_gasoline: Amount | None = None
    scope1_coal: Amount | None = None
    scope1_refrigerants: Amount | None = None
    scope2_purchased_electricity: Amount | None = None
    scope2_purchased_heat: Amount | None = None
    scope2_purchased_steam: Amount | None = None
    scope3_business_travel: Amount | None = None
    scope3_waste: Amount | None = None
    scope3_water: Amount | None = None
    scope3_supply_chain: Amount | None = None
    scope: Whole | None = None
    energy_type: str | None = None
    consumption: Finite | None = None
    unit: str | None = None
    emission_factor: JsonValue = None
    emissions_co2e: Amount | None = None
    electricity_kwh: Amount | None = None
    natural_gas_m3: Amount | None = None
    diesel_liters: Amount | None = None
    emission_factors: JsonValue = None
    calculation_method: str | None = None
    data_quality_score: Share | None = None
    calculated_at: Moment | None = None
    calculated_by: str | None = None
    notes: str | None = None

    @property
    def total_emissions(self) -> Decimal:
        """Scope 1 + location-based scope 2 + scope 3 [tCO2e]."""
        return self.scope1_total + self.scope2_total + self.scope3_total


class Factor(OpenRecord):
    """A tenant's own emission factor; both days of its validity are inclusive."""

    energy_type: Text
    region: str | None = None
    value: Amount
    unit: Text
    gas: str = "CO2e"
    source: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    data_year: Whole | None = None
    published_on: date | None = None
    standard: str | None = None

    @model_validator(mode="after")
    def _forward(self) -> Factor:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to lies before valid_from")
        return self


class Envelope(OpenRecord):
    """A stage's sealed result; it never changes under its id (`result_id`)."""

    stage: str | None = None
    scenario_id: str | None = None
    region_id: str | None = None


class Job(OpenRecord):
    """A run of the pipeline."""

    status: str | None = None


class Log(OpenRecord):
    """One attempt of one node of a job."""

    job_id: str | None = None
    node: str | None = None


class Review(OpenRecord):
    """A question to a person, and the decision."""

    job_id: str | None = None
    stage: str | None = None
    status: ReviewStatus = "pending"


class Report(OpenRecord):
    """A report and where its files stand."""

    title: str | None = None
    report_type: str | None = None
    template_id: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    status: ReportStatus = "draft"
    content: JsonValue = None
    pdf_url: str | None = None
    docx_url: str | None = None
    generated_by: str | None = None
    generated_at: Moment | None = None
    submitted_at: Moment | None = None
    created_by: str | None = None


class Template(OpenRecord):
    """A report template."""

    name: Text
    description: str | None = None
    category: str | None = None
    template_content: JsonValue = None
    preview_image: str | None = None
    is_active: bool = True


class Diagnostic(OpenRecord):
    """A diagnosis and what it rests on."""

    park_id: str | None = None
    diagnosis_type: str | None = None
    input_data: JsonValue = None
    output_report: JsonValue = None
    recommendations: list[JsonValue] = Field(default_factory=list)
    priority_actions: list[JsonValue] = Field(default_factory=list)
    estimated_savings: JsonValue = None
    confidence_score: Share | None = None
    processing_time_seconds: Finite | None = None
    model_version: str | None = None
    created_by: str | None = None


class Benchmark(OpenRecord):
    """A published distribution to compare with."""

    industry: str | None = None
    region: str | None = None
    scale_category: str | None = None
    metric_name: Text
    metric_value: Amount | None = None
    unit: str | None = None
    percentile_25: Amount | None = None
    percentile_50: Amount | None = None
    percentile_75: Amount | None = None
    percentile_90: Amount | None = None
    sample_size: Whole | None = None
    data_year: Whole | None = None
    source: str | None = None


class AuditEntry(OpenRecord):
    """Who did what. The store adds `seq`, `prev`, `hash`, `recorded_at` and `seal`."""

    actor: str | None = None
    action: Text
    subject: str | None = None


class Event(OpenRecord):
    """Something that happened to an aggregate; the store adds `seq` and delivers in that order."""

    aggregate: Text
    type: Text
    payload: JsonValue = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record: its model, and the fields that name it where no id is given."""

    name: str
    model: type[Record]
    natural: tuple[str, ...] = ()
    immutable: bool = False


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("organizations", Organization),
        Kind("users", User, ("email",)),
        Kind("memberships", Membership, ("user_id",)),
        Kind("places", Place, ("kind", "parent_id", "name")),
        Kind("devices", Device, ("building_id", "name")),
        Kind(
            "activities",
            Activity,
            (
                *("park_id", "building_id", "facility", "scope", "category", "energy_type", "region"),
                *("period_start", "period_end", "data_source"),
            ),
        ),
        Kind(
            "emissions",
            Emission,
            (
                *("park_id", "building_id", "period_type", "period_start", "period_end", "scope", "energy_type"),
                "calculation_method",
            ),
        ),
        Kind("factors", Factor, ("energy_type", "region", "gas", "standard", "data_year", "valid_from")),
        Kind("envelopes", Envelope, immutable=True),
        Kind("jobs", Job),
        Kind("logs", Log),
        Kind("reviews", Review),
        Kind("reports", Report, ("title", "report_type", "period_start", "period_end")),
        Kind("templates", Template, ("name",)),
        Kind("diagnostics", Diagnostic),
        Kind("benchmarks", Benchmark, ("industry", "region", "scale_category", "metric_name", "data_year", "source")),
    )
}
"""The kinds a unit of work holds, beside `audit` and `outbox`."""
