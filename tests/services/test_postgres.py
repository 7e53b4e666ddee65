"""The laws of records and vectors, held against a running PostgreSQL (S12, S60)."""

from __future__ import annotations

from contextlib import closing, contextmanager
from itertools import count
from urllib.parse import quote

import psycopg
import pytest

from carbonost.errors import AuthError, NotFoundError, TransientError, Unsupported
from carbonost.storage import open_meters, open_records, open_vectors
from carbonost.storage.conformance import RecordStoreContract, VectorIndexContract
from carbonost.storage.models import KINDS

pytestmark = pytest.mark.service
_numbers = count()


def address(postgres, database, who="carbonost"):
    return f"postgresql://{who}@127.0.0.1:{postgres.port}/{database}"


def run(postgres, database, *statements):
    with psycopg.connect(address(postgres, database), autocommit=True) as connection:
        return [connection.execute(statement) for statement in statements]


@contextmanager
def database(postgres, template=None):
    name = f"test_{next(_numbers)}"
    run(postgres, "postgres", f"create database {name}" + (f" template {template}" if template else ""))
    try:
        yield name
    finally:
        run(postgres, "postgres", f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def laid_out(postgres):
    with database(postgres) as name:
        open_records(address(postgres, name)).close()
        run(postgres, name, "grant select, insert, update, delete on all tables in schema public to tenant")
        yield name


class TestPostgresRecords(RecordStoreContract):
    """As a role that obeys row security."""

    @pytest.fixture
    def store(self, postgres, laid_out):
        with database(postgres, laid_out) as name:
            self.owner = lambda *statements: run(postgres, name, *statements)
            self.url = address(postgres, name, "tenant:secret")
            with closing(open_records(self.url)) as opened:
                assert "row_security" in opened.capabilities
                yield opened

    def address(self, store):
        return self.url

    def tamper(self, store, what):
        if what == "envelope":
            self.owner("update envelopes set document = replace(document, 'baseline', 'baseline2')")
        else:
            self.owner(
                "alter table audit_log disable trigger audit_log_kept",
                "update audit_log set body = replace(body, '2', '7')",
            )
        return True


def test_row_security_hides_other_tenants_even_from_raw_sql(postgres, laid_out):  # S12
    with database(postgres, laid_out) as name:
        with closing(open_records(address(postgres, name))) as store:
            assert "row_security" not in store.capabilities  # a superuser walks past it, and is told so
            for org in ("mine", "theirs"):
                with store.for_tenant(org).begin() as uow:
                    uow.jobs.put({"id": "j1", "status": org})
        with psycopg.connect(address(postgres, name, "tenant:secret")) as connection:
            assert connection.execute("select * from jobs").fetchall() == []
            connection.execute("select set_config('carbonost.org_id', 'mine', true)")
            assert connection.execute("select status from jobs").fetchall() == [("mine",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("update jobs set org_id = 'theirs'")


def test_every_table_of_a_tenant_has_a_policy(postgres, laid_out):
    (found,) = run(postgres, laid_out, "select tablename from pg_policies")
    policies = {row[0] for row in found}
    assert len(policies) == len(KINDS) + 3


def test_wrong_credentials_a_missing_database_and_a_closed_port_are_told_apart(postgres):
    for open_store in (open_records, open_meters):
        for url, error in (
            (address(postgres, "postgres", "tenant:wrong"), AuthError),
            (address(postgres, "no_such_database"), NotFoundError),
            ("postgresql://carbonost@127.0.0.1:9/postgres", TransientError),
        ):
            with pytest.raises(error) as caught:
                open_store(url, timeout_s=3)
            assert "wrong" not in str(caught.value)


def test_a_password_of_odd_characters_works_at_every_port(postgres):
    word = "p@ss/w:o#r%d?碳 +"
    run(postgres, "postgres", f"alter role tenant password '{word}'", "grant create on schema public to tenant")
    try:
        with database(postgres) as name:
            run(postgres, name, "grant all on schema public to tenant", f"grant create on database {name} to tenant")
            for written in (quote(word, safe=""), "p@ss%2Fw:o%23r%25d%3F%E7%A2%B3%20+"):
                for open_store in (open_records, open_meters):
                    open_store(address(postgres, name, f"tenant:{written}")).close()
            with pytest.raises(AuthError):
                open_records(address(postgres, name, f"tenant:{quote(word[:-1], safe='')}"))
    finally:
        run(postgres, "postgres", "alter role tenant password 'secret'")


class TestPgvector(VectorIndexContract):
    """On the later PostgreSQL of a wheel."""

    @pytest.fixture
    def store(self, pgvector):
        with database(pgvector) as name, closing(open_vectors(address(pgvector, name))) as opened:
            yield opened


def test_an_index_whose_connection_broke_opens_another(pgvector):
    with database(pgvector) as name, closing(open_vectors(address(pgvector, name))) as index:
        index.upsert(["a"], [[1.0, 0.0]])
        run(pgvector, "postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")  # noqa: S608
        assert [item["id"] for item in index.query([1.0, 0.1], k=1)] == ["a"]


def test_a_server_without_pgvector_is_told(postgres):
    with database(postgres) as name, pytest.raises(Unsupported, match="pgvector"):
        open_vectors(address(postgres, name))
