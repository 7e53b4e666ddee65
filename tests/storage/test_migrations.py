"""The schema moves forwards and back, and its files say what the tables say (S61)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from carbonost.errors import NotFoundError, SchemaOutdatedError
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
    assert columns == set(KINDS[kind].model.model_fields) - {"version"}


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
