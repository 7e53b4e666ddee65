# ruff: noqa: S608 -- statements of our own
"""The schema moves forwards and back, and its files say what the tables say (S61)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from carbonost.errors import IntegrityError, NotFoundError, SchemaOutdatedError
from carbonost.storage import open_records
from carbonost.storage.models import KINDS
from carbonost.storage.sql import migrate
from carbonost.storage.sql.schema import REVISION
from carbonost.storage.sql.store import make_engine
from carbonost.storage.sql.tables import HOUSEKEEPING, TABLES, metadata


def differences(url):
    engine = make_engine(url, 5)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found = compare_metadata(context, metadata)
            return [d for d in found if not (d[0] == "remove_table" and d[1].name == "alembic_version")]
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/park.db"
        return
    service = request.getfixturevalue("postgres")
    root = f"postgresql://carbonost@127.0.0.1:{service.port}"
    engine = sa.create_engine(
        f"{root}/postgres".replace("postgresql", "postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sa.text("create database migrations"))
        yield f"{root}/migrations"
        connection.execute(sa.text("drop database migrations with (force)"))
    engine.dispose()


def test_up_and_down_and_up_again(url):
    assert migrate.current(url) is None
    assert migrate.upgrade(url) == REVISION
    assert differences(url) == []
    with closing(open_records(url, create=False)) as store, store.for_tenant("org").begin() as uow:
        uow.jobs.put({"id": "j1"})
        assert uow.audit.put({"action": "run"}).created == 1
    assert migrate.downgrade(url, "base") is None
    with pytest.raises(NotFoundError):
        open_records(url, create=False)
    assert migrate.upgrade(url) == REVISION


def test_nothing_is_lost_on_the_way_down_and_up(url):
    """S61: the parts of a total are columns in one revision and further fields in the one before."""
    parts = {"scope1_diesel": Decimal("0.000000000123"), "scope3_waste": Decimal("12345678901234567890.5")}
    period = {"period_start": "2024-01-01", "period_end": "2024-01-31"}
    with closing(open_records(url)) as store:
        for org in ("one", "two"):
            with store.for_tenant(org).begin() as uow:
                uow.emissions.put({"id": "e1", "scope1_total": "1.10", **period, **parts, "note_of_ours": [1, 2.5]})
                uow.emissions.put({"id": "e2", "scope2_total": 3, **period})
                uow.audit.put([{"action": "a"}, {"action": "b"}])
                uow.outbox.put({"aggregate": "x", "type": "t"})
                head = uow.audit.head()
    assert migrate.downgrade(url, "0001") == "0001"
    with pytest.raises(SchemaOutdatedError, match=r"revision 0001, this version needs 0002.*carbonost db upgrade"):
        open_records(url)
    assert migrate.upgrade(url) == REVISION
    assert migrate.downgrade(url, "0001") == "0001"
    assert migrate.upgrade_all(url) == {"records": REVISION}
    assert differences(url) == []
    with closing(open_records(url, create=False)) as store:
        for org in ("one", "two"):
            with store.for_tenant(org).begin() as uow:
                first, second = uow.emissions.list()
                assert {name: first[name] for name in parts} == parts
                assert (str(first["scope1_total"]), first["note_of_ours"]) == ("1.10", [1, 2.5])
                assert (second["scope2_total"], second["scope1_diesel"]) == (3, None)
                assert uow.audit.verify().head == head
                assert len(uow.outbox.list(delivered=False)) == 1


def test_a_further_field_that_is_no_number_does_not_stop_a_migration(url):
    """S61: it stays where it was."""
    migrate.upgrade(url, "0001")
    row = "'org', 'e1', 1, 'h', '2024-01-01T00:00:00+00:00', '2024-01-01T00:00:00+00:00'"
    details = '{"scope1_diesel": "about 3", "scope1_coal": 0.25, "scope3_water": "1.50"}'
    engine = make_engine(url, 5)
    with engine.connect() as connection, connection.begin():
        names = "org_id, id, version, row_hash, created_at, updated_at, details"
        connection.exec_driver_sql(f"insert into carbon_emissions ({names}) values ({row}, '{details}')")
    migrate.upgrade(url)
    with engine.connect() as connection:
        columns = "scope1_diesel, scope1_coal, scope3_water"
        found = connection.exec_driver_sql(f"select {columns} from carbon_emissions").one()
    engine.dispose()
    assert [None if one is None else Decimal(one) for one in found] == [None, Decimal("0.25"), Decimal("1.50")]
    with (
        closing(open_records(url)) as store,
        store.for_tenant("org").begin() as uow,
        pytest.raises(IntegrityError, match=r"scope1_diesel.*none any more"),
    ):
        uow.emissions.get("e1")


def test_a_laid_out_database_equals_a_migrated_one(url):
    open_records(url).close()
    assert differences(url) == []
    assert migrate.current(url) == REVISION
    assert migrate.upgrade(url) == REVISION


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_another_versions_schema_is_refused_with_the_remedy(tmp_path, revision):
    path = tmp_path / "park.db"
    open_records(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update alembic_version set version_num = ?", (revision,))
    with pytest.raises(SchemaOutdatedError, match="carbonost db upgrade"):
        open_records(f"sqlite:///{path}")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_columns_of_a_kind_are_its_fields(kind):
    columns = set(TABLES[kind].c.keys()) - HOUSEKEEPING
    assert columns == set(KINDS[kind].model.model_fields) - HOUSEKEEPING


def test_the_audit_log_refuses_change_and_removal_by_sql(tmp_path):  # P96
    path = tmp_path / "park.db"
    with closing(open_records(f"sqlite:///{path}")) as store, store.for_tenant("org").begin() as uow:
        uow.audit.put([{"action": "a"}, {"action": "b"}])
    with closing(sqlite3.connect(path)) as db:
        for statement in (
            "delete from audit_log",
            "update audit_log set body = 'x'",
            "update audit_log set hash = 'x'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)
