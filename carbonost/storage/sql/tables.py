"""The tables of the specification, with corrected types.

Every row belongs to an organisation (`org_id` leads each primary key), carries its `version` and a
hash of its content. Decimals are exact on both databases, instants are UTC, and fields other rooms
add stand in `details` as JSON text, so that a hash taken over them stays true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

import sqlalchemy as sa

from carbonost.storage import models
from carbonost.storage.sql.types import Exact, Instant, PlainJson

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine


metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


def _column(name: str, kind: TypeEngine[Any], **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, **options)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, sa.Text()) for name in names]


def _exact(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, Exact()) for name in names]


def _integers(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, sa.BigInteger()) for name in names]


def _dates(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, sa.Date()) for name in names]


def _instants(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, Instant()) for name in names]


def _floats(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, sa.Double()) for name in names]


def _json(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, PlainJson()) for name in names]


def _table(name: str, *parts: sa.Column[Any] | sa.Constraint | sa.Index) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        _column("org_id", sa.Text(), nullable=False),
        _column("id", sa.Text(), nullable=False),
        _column("version", sa.BigInteger(), nullable=False),
        _column("row_hash", sa.Text(), nullable=False),
        _column("created_at", Instant(), nullable=False),
        _column("updated_at", Instant(), nullable=False),
        *parts,
        *([] if any(getattr(p, "name", None) == "document" for p in parts) else _json("details")),
        sa.PrimaryKeyConstraint("org_id", "id"),
    )


def _owned(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["org_id", column], [f"{table}.org_id", f"{table}.id"], ondelete="CASCADE")


organizations: Final = _table(
    "organizations",
    *_texts("name", "type", "industry", "address", "contact_person", "contact_phone", "subscription_tier"),
    *_instants("subscription_expires_at"),
    sa.CheckConstraint("id = org_id", name="is_tenant"),
)
users: Final = _table(
    "users",
    _column("email", sa.Text(), nullable=False),
    *_texts("password_hash", "full_name", "phone", "role", "status"),
    *_instants("last_login_at"),
    sa.UniqueConstraint("org_id", "email"),
)
memberships: Final = _table(
    "memberships",
    _column("user_id", sa.Text(), nullable=False),
    *_texts("role"),
    *_instants("joined_at"),
    _owned("user_id", "users"),
    sa.UniqueConstraint("org_id", "user_id"),
)
places: Final = _table(
    "places",
    *_texts("kind", "parent_id", "name"),
    *_exact("area_sqm", "annual_revenue"),
    *_json("location"),
    *_texts("industry_type", "building_type"),
    *_integers("established_year", "total_companies", "total_employees", "floors", "year_built"),
    _owned("parent_id", "places"),
    sa.Index(None, "org_id", "parent_id"),
)
devices: Final = _table(
    "devices",
    *_texts("building_id", "name", "device_type", "manufacturer", "model", "status"),
    *_exact("rated_power_kw"),
    *_dates("install_date", "warranty_expires"),
    *_json("config"),
    _owned("building_id", "places"),
    sa.Index(None, "org_id", "building_id"),
    sa.Index(None, "org_id", "status"),
)
_PERIOD: Final = ("period_start", "period_end")
PARTS: Final = (
    *("scope1_natural_gas", "scope1_diesel", "scope1_gasoline", "scope1_coal", "scope1_refrigerants"),
    *("scope2_purchased_electricity", "scope2_purchased_heat", "scope2_purchased_steam"),
    *("scope3_business_travel", "scope3_waste", "scope3_water", "scope3_supply_chain"),
)
"""What the totals of the scopes are made of."""
activities: Final = _table(
    "activities",
    *_texts("energy_type", "unit", "region", "category", "facility", "park_id", "building_id", "data_source"),
    *_floats("consumption", "data_quality"),
    *_integers("scope"),
    *_dates(*_PERIOD),
    sa.Index(None, "org_id", "period_start"),
)
emissions: Final = _table(
    "carbon_emissions",
    *_texts("park_id", "building_id", "period_type", "energy_type", "unit", "calculation_method", "calculated_by"),
    *_texts("notes"),
    *_exact("scope1_total", "scope2_total", "scope2_market_total", "scope3_total", "emissions_co2e"),
    *_exact("electricity_kwh", "natural_gas_m3", "diesel_liters", *PARTS),
    *_floats("consumption", "data_quality_score"),
    *_integers("scope"),
    *_dates(*_PERIOD),
    *_instants("calculated_at"),
    *_json("emission_factor", "emission_factors"),
    sa.Index(None, "org_id", "period_start"),
    sa.Index(None, "org_id", "park_id", "period_start"),
)
factors: Final = _table(
    "emission_factors",
    *_texts("energy_type", "region", "unit", "gas", "source", "standard"),
    *_exact("value"),
    *_dates("valid_from", "valid_to", "published_on"),
    *_integers("data_year"),
    sa.Index(None, "org_id", "region", "energy_type"),
)
envelopes: Final = _table(
    "envelopes",
    *_texts("stage", "scenario_id", "region_id"),
    _column("document", sa.Text(), nullable=False),
    sa.Index(None, "org_id", "stage"),
)
jobs: Final = _table("jobs", *_texts("status"))
logs: Final = _table("node_logs", *_texts("job_id", "node"), sa.Index(None, "org_id", "job_id"))
reviews: Final = _table(
    "reviews",
    *_texts("job_id", "stage", "status"),
    sa.Index(None, "org_id", "job_id"),
    sa.Index(None, "org_id", "status"),
)
reports: Final = _table(
    "reports",
    *_texts("title", "report_type", "template_id", "status", "pdf_url", "docx_url", "generated_by", "created_by"),
    *_dates(*_PERIOD),
    *_json("content"),
    *_instants("generated_at", "submitted_at"),
    sa.Index(None, "org_id", "report_type"),
    sa.Index(None, "org_id", "status"),
)
templates: Final = _table(
    "report_templates",
    *_texts("name", "description", "category", "preview_image"),
    *_json("template_content"),
    _column("is_active", sa.Boolean()),
)
diagnostics: Final = _table(
    "ai_diagnostics",
    *_texts("park_id", "diagnosis_type", "model_version", "created_by"),
    *_json("input_data", "output_report", "recommendations", "priority_actions", "estimated_savings"),
    *_floats("confidence_score", "processing_time_seconds"),
)
benchmarks: Final = _table(
    "benchmarks",
    *_texts("industry", "region", "scale_category", "metric_name", "unit", "source"),
    *_exact("metric_value", "percentile_25", "percentile_50", "percentile_75", "percentile_90"),
    *_integers("sample_size", "data_year"),
)
audit: Final = sa.Table(
    "audit_log",
    metadata,
    _column("org_id", sa.Text(), nullable=False),
    _column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
    _column("id", sa.Text(), nullable=False),
    _column("body", sa.Text()),
    _column("body_hash", sa.Text(), nullable=False),
    _column("hash", sa.Text(), nullable=False),
    _column("recorded_at", sa.Text(), nullable=False),
    _column("seal", sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint("org_id", "seq"),
    sa.UniqueConstraint("org_id", "id"),
)
outbox: Final = sa.Table(
    "outbox",
    metadata,
    _column("org_id", sa.Text(), nullable=False),
    _column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
    _column("id", sa.Text(), nullable=False),
    _column("aggregate", sa.Text(), nullable=False),
    _column("body", sa.Text(), nullable=False),
    _column("attempts", sa.BigInteger(), nullable=False),
    _column("claimed_until", Instant()),
    _column("delivered_at", Instant()),
    sa.PrimaryKeyConstraint("org_id", "seq"),
    sa.UniqueConstraint("org_id", "id"),
    sa.Index(None, "org_id", "delivered_at", "aggregate", "seq"),
)
sequences: Final = sa.Table(
    "sequences",
    metadata,
    _column("org_id", sa.Text(), nullable=False),
    _column("name", sa.Text(), nullable=False),
    _column("last", sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint("org_id", "name"),
)

TABLES: Final[dict[str, sa.Table]] = {
    "organizations": organizations,
    "users": users,
    "memberships": memberships,
    "places": places,
    "devices": devices,
    "activities": activities,
    "emissions": emissions,
    "factors": factors,
    "envelopes": envelopes,
    "jobs": jobs,
    "logs": logs,
    "reviews": reviews,
    "reports": reports,
    "templates": templates,
    "diagnostics": diagnostics,
    "benchmarks": benchmarks,
}
"""Kind of record -> its table; a test holds the columns against the models."""

HOUSEKEEPING: Final = frozenset({"org_id", "version", "row_hash", "created_at", "updated_at", "details", "document"})


def _choices(kind: str) -> dict[str, tuple[str, ...]]:
    """Return the closed choices of a kind's text columns, from its model."""
    found: dict[str, tuple[str, ...]] = {}
    for name, field in models.KINDS[kind].model.model_fields.items():
        for option in (field.annotation, *get_args(field.annotation)):
            if get_origin(option) is Literal:
                found[name] = get_args(option)
    return found


for _kind, _of in TABLES.items():
    for _name, _options in _choices(_kind).items():
        _listed = ", ".join(f"'{option}'" for option in _options)
        _of.append_constraint(sa.CheckConstraint(f"{_name} in ({_listed})", name=_name))
