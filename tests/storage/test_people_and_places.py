"""Organisations, people, parks, buildings and devices as the specification has them, on every store (S10, S16, S23)."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import get_args

import pytest

from carbonost.errors import (
    AlreadyExistsError,
    ConcurrencyConflict,
    FactorNotFoundError,
    InvalidDataError,
    NotFoundError,
)
from carbonost.storage import models, open_records
from carbonost.storage.ports import WriteResult
from carbonost.storage.validity import factor_on, gaps, overlaps

USERS = "id email password_hash full_name phone role status created_at updated_at last_login_at"
ORGANIZATIONS = (
    "id name type industry address contact_person contact_phone subscription_tier subscription_expires_at"
    " created_at updated_at"
)
PARKS = (
    "id name area_sqm location industry_type established_year total_companies total_employees annual_revenue"
    " created_at updated_at"
)
BUILDINGS = "id parent_id name building_type floors area_sqm location year_built created_at"
DEVICES = (
    "id building_id name device_type manufacturer model rated_power_kw install_date warranty_expires status config"
    " created_at updated_at"
)
EMISSIONS = (
    "id park_id building_id period_start period_end period_type scope1_total scope1_natural_gas scope1_diesel"
    " scope1_gasoline scope1_coal scope1_refrigerants scope2_total scope2_purchased_electricity"
    " scope2_purchased_heat scope2_purchased_steam scope3_total scope3_business_travel scope3_waste scope3_water"
    " scope3_supply_chain electricity_kwh natural_gas_m3 diesel_liters emission_factors calculation_method"
    " data_quality_score calculated_at calculated_by notes"
)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def store(request, tmp_path):
    if request.param == "postgres":
        import psycopg

        server = request.getfixturevalue("postgres")
        root = f"postgresql://carbonost@127.0.0.1:{server.port}"
        with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
            connection.execute("create database people")
            try:
                with closing(open_records(f"{root}/people")) as opened:
                    yield opened
            finally:
                connection.execute("drop database people with (force)")
        return
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/park.db"
    with closing(open_records(url)) as opened:
        yield opened


@pytest.fixture
def uow(store):
    with store.for_tenant("org").begin() as opened:
        yield opened


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (models.User, USERS),
        (models.Organization, ORGANIZATIONS),
        (models.Membership, "user_id role joined_at"),
        (models.Place, PARKS),
        (models.Place, BUILDINGS),
        (models.Device, DEVICES),
        (models.Emission, EMISSIONS),
    ],
)
def test_a_model_has_the_fields_of_the_specification(model, fields):  # S10, S16
    assert set(fields.split()) <= set(model.model_fields)


@pytest.mark.parametrize(
    ("choice", "options"),
    [
        (models.UserRole, "admin manager user viewer"),
        (models.UserStatus, "active inactive suspended"),
        (models.OrganizationType, "park enterprise government"),
        (models.Tier, "basic professional enterprise"),
        (models.MemberRole, "owner admin member viewer"),
        (models.BuildingType, "office factory warehouse dormitory"),
        (models.DeviceType, "meter sensor hvac boiler chiller"),
        (models.DeviceStatus, "online offline maintenance fault"),
        (models.PeriodType, "daily monthly yearly"),
        (models.ReportStatus, "draft generating completed submitted"),
    ],
)
def test_a_choice_has_the_options_of_the_specification(choice, options):  # S10, S16
    assert get_args(choice) == tuple(options.split())


def test_an_organization_has_its_tier_and_is_only_itself(uow):  # S10
    uow.organizations.put({"id": "org", "name": "苏州示范园区", "type": "park"})
    held = uow.organizations.get("org")
    assert (held["subscription_tier"], held["industry"]) == ("basic", None)
    uow.organizations.put(held.replace(subscription_tier="enterprise"))
    assert uow.organizations.get("org")["subscription_tier"] == "enterprise"
    for field, wrong in (("type", "city"), ("subscription_tier", "gold"), ("id", "other")):
        with pytest.raises(InvalidDataError):
            uow.organizations.put({"id": "org", "name": "x", field: wrong})


def test_a_user_has_role_status_and_one_email(uow):  # S10
    uow.users.put({"id": "u1", "email": "Li@Example.com", "full_name": "李"})
    held = uow.users.get("u1")
    assert (held["role"], held["status"], held["email"]) == ("user", "active", "li@example.com")
    assert "password_hash" not in repr(held)
    with pytest.raises(AlreadyExistsError) as caught:
        uow.users.put({"id": "u2", "email": "li@example.com"})
    assert caught.value.field == "email"
    for field, wrong in (("role", "root"), ("status", "asleep"), ("email", "nobody"), ("email", None)):
        with pytest.raises(InvalidDataError):
            uow.users.put({"id": "u3", "email": "x@y.cn", field: wrong})


def test_one_email_may_belong_to_two_organizations(store):  # S10, S12: an organisation cannot learn who another's are
    for org in ("one", "two"):
        with store.for_tenant(org).begin() as uow:
            assert uow.users.put({"id": "u1", "email": "li@example.com"}) == WriteResult(created=1)


def test_a_membership_is_one_per_user_and_goes_with_the_user(uow):  # S10
    uow.users.put({"id": "u1", "email": "li@example.com"})
    uow.memberships.put({"id": "m1", "user_id": "u1"})
    assert uow.memberships.get("m1")["role"] == "member"
    with pytest.raises(AlreadyExistsError) as caught:
        uow.memberships.put({"id": "m2", "user_id": "u1", "role": "owner"})
    assert caught.value.field == "user_id"
    with pytest.raises(InvalidDataError):
        uow.memberships.put({"id": "m3", "user_id": "nobody"})
    with pytest.raises(InvalidDataError):
        uow.memberships.put({"id": "m1", "user_id": "u1", "role": "boss"})
    uow.users.delete("u1")
    with pytest.raises(NotFoundError):
        uow.memberships.get("m1")


def test_a_device_stands_in_a_building_of_a_park(uow):  # S16, S33
    park = {"id": "p1", "kind": "park", "name": "园区", "area_sqm": Decimal("1234567.89"), "total_companies": 58}
    uow.places.put(park | {"location": {"lat": 31.3, "lng": 120.6, "address": "苏州"}})
    house = {"id": "b1", "kind": "building", "parent_id": "p1", "name": "1号厂房", "building_type": "factory"}
    uow.places.put(house | {"floors": 3, "year_built": 2012})
    meter = {"id": "d1", "building_id": "b1", "name": "总表", "device_type": "meter", "rated_power_kw": "630.125"}
    uow.devices.put(meter | {"config": {"ct": [400, 5]}, "install_date": date(2020, 2, 29)})
    held = uow.devices.get("d1")
    assert (held["status"], held["rated_power_kw"], held["config"]) == ("online", Decimal("630.125"), {"ct": [400, 5]})
    assert [one.id for one in uow.places.list(kind="building", parent_id="p1")] == ["b1"]
    for status in get_args(models.DeviceStatus):
        uow.devices.put(uow.devices.get("d1").replace(status=status))
        assert [one.id for one in uow.devices.list(status=status)] == ["d1"]
    for repository, item, field, wrong in (
        (uow.devices, meter, "status", "broken"),
        (uow.devices, meter, "device_type", "robot"),
        (uow.devices, meter, "building_id", "nowhere"),
        (uow.devices, meter, "rated_power_kw", "-1"),
        (uow.places, house, "building_type", "castle"),
        (uow.places, house, "parent_id", "nowhere"),
        (uow.places, park, "area_sqm", "-1"),
        (uow.places, park, "total_employees", -1),
    ):
        with pytest.raises(InvalidDataError):
            repository.put(item | {field: wrong})
    uow.places.delete("p1")
    assert uow.places.list() == uow.devices.list() == []


def test_what_was_stored_says_when(uow):  # S10
    before = datetime.now(UTC)
    uow.users.put({"id": "u1", "email": "a@b.cn", "created_at": "1999-01-01T00:00:00Z"})
    first = uow.users.get("u1")
    assert before <= first["created_at"] == first["updated_at"] <= datetime.now(UTC)
    assert uow.users.put(first) == WriteResult(unchanged=1)
    uow.users.put(first.replace(phone="1"))
    second = uow.users.get("u1")
    assert second["created_at"] == first["created_at"] <= second["updated_at"]
    assert second.version == 2


EAST = timezone(timedelta(hours=8))
BENT = {
    "an exponent": ("emissions", {"scope1_total": Decimal("1E+3")}, Decimal(1000)),
    "ten kilograms": ("emissions", {"scope1_total": Decimal("1234.005")}, Decimal("1234.005")),
    "a trailing zero": ("emissions", {"scope1_total": "1.10"}, Decimal("1.10")),
    "a milligram": ("emissions", {"scope1_diesel": Decimal("1E-9")}, Decimal("0.000000001")),
    "fifty digits": (
        "emissions",
        {"scope2_total": Decimal("1" * 30 + "." + "7" * 20)},
        Decimal("1" * 30 + "." + "7" * 20),
    ),
    "minus zero": ("emissions", {"scope1_total": Decimal("-0.00")}, Decimal("0.00")),
    "a float": ("activities", {"consumption": 0.1 + 0.2}, 0.1 + 0.2),
    "the least float": ("activities", {"consumption": 5e-324}, 5e-324),
    "the largest float": ("activities", {"consumption": 1.7976931348623157e308}, 1.7976931348623157e308),
    "a float's minus zero": ("activities", {"consumption": -0.0}, 0.0),
    "an instant elsewhere": (
        "users",
        {"last_login_at": datetime(2024, 3, 10, 8, 30, 0, 123456, tzinfo=EAST)},
        datetime(2024, 3, 10, 0, 30, 0, 123456, tzinfo=UTC),
    ),
    "the last instant": (
        "users",
        {"last_login_at": datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)},
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ),
    "the first day": ("devices", {"install_date": date(1, 1, 1)}, date(1, 1, 1)),
    "the largest integer": ("places", {"total_employees": 2**63 - 1}, 2**63 - 1),
}
BASE = {
    "emissions": {"period_start": date(2024, 1, 1), "period_end": date(2024, 1, 31)},
    "activities": {"energy_type": "electricity", "unit": "kWh"},
    "users": {"email": "a@b.cn"},
    "devices": {"name": "x"},
    "places": {"name": "x"},
}


@pytest.mark.parametrize("case", sorted(BENT))
def test_a_value_reads_back_exactly_and_put_again_is_unchanged(uow, case):  # S60
    kind, given, expected = BENT[case]
    repository, (field,) = getattr(uow, kind), given
    repository.put(BASE[kind] | given | {"id": "x"})
    held = repository.get("x")
    assert (held[field], str(held[field])) == (expected, str(expected))
    assert repository.put(held) == WriteResult(unchanged=1)
    assert repository.put(BASE[kind] | given | {"id": "x"}) == WriteResult(unchanged=1)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("places", {"established_year": 10**30}),
        ("places", {"area_sqm": "1E+5000"}),
        ("users", {"last_login_at": datetime(1, 1, 1, tzinfo=EAST)}),
        ("users", {"last_login_at": datetime(2024, 1, 1)}),  # noqa: DTZ001 -- refused for it
        ("activities", {"consumption": float("nan")}),
        ("emissions", {"scope1_total": Decimal("NaN")}),
        ("emissions", {"period_end": date(2023, 12, 31)}),
        ("users", {"id": "x" * 256}),
    ],
)
def test_what_a_database_would_bend_is_refused_with_its_field(uow, kind, given):  # S60
    with pytest.raises(InvalidDataError) as caught:
        getattr(uow, kind).put({"id": "x"} | BASE[kind] | given)
    assert caught.value.field in (*given, None)


def test_a_tenants_factor_holds_on_its_days_both_included(uow):  # S23
    item = {"energy_type": "electricity", "region": "CN-JS", "value": Decimal("0.5978"), "unit": "kg/kWh"}
    item |= {"source": "省公告", "valid_from": date(2022, 1, 1)}
    uow.factors.put([item | {"valid_to": date(2022, 12, 31)}, item | {"valid_from": date(2024, 1, 1), "value": "0.6"}])
    held = uow.factors.list(region="CN-JS", energy_type="electricity")
    assert len(held) == 2
    for day in (date(2022, 1, 1), date(2022, 12, 31)):
        found = factor_on(held, "electricity", "CN-JS", day)
        assert (found["value"], found["source"]) == (Decimal("0.5978"), "省公告")
    assert factor_on(held, "electricity", "CN-JS", date(2099, 1, 1))["value"] == Decimal("0.6")
    with pytest.raises(FactorNotFoundError):
        factor_on(held, "electricity", "CN-JS", date(2023, 1, 1))
    assert gaps(held) == [(("electricity", "CN-JS", "CO2e"), date(2023, 1, 1), date(2023, 12, 31))]
    uow.factors.put(item | {"valid_from": date(2022, 12, 31), "valid_to": date(2023, 1, 1)})
    (both,) = overlaps(uow.factors.list(energy_type="electricity"))
    assert both[2:] == (date(2022, 12, 31), date(2022, 12, 31))
    with pytest.raises(InvalidDataError):
        uow.factors.put(item | {"valid_to": date(2021, 1, 1)})


def test_a_stale_device_is_not_overwritten(uow):  # S60
    uow.devices.put({"id": "d1", "name": "x"})
    old = uow.devices.get("d1")
    uow.devices.put(old.replace(status="fault"))
    with pytest.raises(ConcurrencyConflict) as caught:
        uow.devices.put(old.replace(status="online"))
    assert (caught.value.expected, caught.value.actual) == (1, 2)
