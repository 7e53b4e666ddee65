# ruff: noqa: ISC004 -- statements of our own
"""Records under many hands: tenants, versions, the audit chain and the outbox, on PostgreSQL and SQLite.

S12, S60, S61, P23, P96.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from itertools import count

import psycopg
import pytest
import sqlalchemy as sa

from carbonost.errors import (
    AlreadyExistsError,
    ConcurrencyConflict,
    IntegrityError,
    InvalidDataError,
    StorageError,
    TransientError,
)
from carbonost.storage import open_meters, open_records
from carbonost.storage.conformance.kit import readings
from carbonost.storage.ports import WriteResult
from carbonost.storage.sql import logs, migrate
from carbonost.storage.sql.schema import REVISION
from carbonost.testing import services

pytestmark = pytest.mark.service
_numbers = count()


def run(server, name, *statements):
    with psycopg.connect(f"postgresql://carbonost@127.0.0.1:{server.port}/{name}", autocommit=True) as connection:
        return [connection.execute(statement) for statement in statements]


@contextmanager
def made(server):
    name = f"records_{next(_numbers)}"
    run(server, "postgres", f"create database {name}")
    try:
        yield name
    finally:
        run(server, "postgres", f"drop database {name} with (force)")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/park.db"
        return
    server = request.getfixturevalue("postgres")
    with made(server) as name:
        yield f"postgresql://carbonost@127.0.0.1:{server.port}/{name}"


@pytest.fixture
def store(url):
    with closing(open_records(url)) as opened:
        yield opened


def together(size, work):
    """Call work(n) from `size` threads at once; return what each returned, or raised."""
    found, ready = [None] * size, threading.Barrier(size)

    def call(n):
        ready.wait(30)
        try:
            found[n] = work(n)
        except BaseException as exc:  # noqa: BLE001 -- returned
            found[n] = exc

    threads = [threading.Thread(target=call, args=(n,)) for n in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# tenants


@pytest.fixture
def obeying(postgres):
    """A store whose role obeys row security and whose pool holds one connection."""
    with made(postgres) as name:
        open_records(f"postgresql://carbonost@127.0.0.1:{postgres.port}/{name}").close()
        run(postgres, name, "grant select, insert, update, delete on all tables in schema public to tenant")
        with closing(open_records(f"postgresql://tenant:secret@127.0.0.1:{postgres.port}/{name}")) as opened:
            for org in ("mine", "theirs"):
                with opened.for_tenant(org).begin() as uow:
                    uow.jobs.put({"id": "j1", "status": org})
            yield opened


def test_a_query_that_forgets_the_tenant_sees_only_its_own(obeying):  # S12
    with obeying.transaction("mine", write=True) as connection:
        assert connection.execute(sa.text("select org_id, status from jobs")).all() == [("mine", "mine")]
        assert connection.execute(sa.text("update jobs set status = 'x'")).rowcount == 1
        assert connection.execute(sa.text("delete from jobs where org_id = 'theirs'")).rowcount == 0
        with pytest.raises(sa.exc.ProgrammingError, match="row-level security"), connection.begin_nested():
            connection.execute(sa.text("insert into sequences values ('theirs', 'audit', 7)"))
    with obeying.for_tenant("theirs").begin() as uow:
        assert uow.jobs.get("j1")["status"] == "theirs"


def test_a_pooled_connection_does_not_carry_the_last_tenant(obeying):  # S12
    pids = set()
    for org in ("mine", "theirs", "nobody"):
        with obeying.transaction(org, write=False) as connection:
            pids.add(connection.execute(sa.text("select pg_backend_pid()")).scalar())
            assert len(connection.execute(sa.text("select 1 from jobs")).all()) == (org != "nobody")
        with obeying._engine.connect() as bare:
            pids.add(bare.execute(sa.text("select pg_backend_pid()")).scalar())
            assert bare.execute(sa.text("select * from jobs")).all() == []
            assert bare.execute(sa.text("select * from sequences")).all() == []
    with pytest.raises(RuntimeError), obeying.for_tenant("mine").begin():
        raise RuntimeError("in the middle")
    with obeying._engine.connect() as bare:
        assert bare.execute(sa.text("select * from jobs")).all() == []
        pids.add(bare.execute(sa.text("select pg_backend_pid()")).scalar())
    assert len(pids) == 1  # it was one connection all along


def test_an_owner_that_is_no_superuser_migrates_the_rows_of_every_tenant(postgres):  # S12, S61
    with made(postgres) as name:
        role = f"keeper_{name}"
        run(postgres, name, f"create role {role} login", f"grant all on schema public to {role}")
        url = f"postgresql://{role}@127.0.0.1:{postgres.port}/{name}"
        with closing(open_records(url)) as store:
            assert "row_security" in store.capabilities
            for org in ("one", "two"):
                with store.for_tenant(org).begin() as uow:
                    uow.emissions.put({"id": "e1", "scope1_diesel": "1.5"})
        assert migrate.downgrade(url, "0001") == "0001"
        assert migrate.upgrade(url) == REVISION
        with closing(open_records(url)) as store:
            for org in ("one", "two"):
                with store.for_tenant(org).begin() as uow:
                    assert str(uow.emissions.get("e1")["scope1_diesel"]) == "1.5"
        run(postgres, name, f"drop owned by {role} cascade", f"drop role {role}")


# versions


def test_eight_writers_of_one_counter_lose_no_step(store):
    tenant = store.for_tenant("org")
    with tenant.begin() as uow:
        uow.jobs.put({"id": "j1", "n": 0})

    def work(_):
        done = 0
        while done < 10:
            with tenant.begin(write=False) as uow:
                read = uow.jobs.get("j1")
            try:
                with tenant.begin() as uow:
                    uow.jobs.put(read.replace(n=read["n"] + 1))
            except (ConcurrencyConflict, TransientError):
                continue
            done += 1

    assert together(8, work) == [None] * 8
    with tenant.begin() as uow:
        found = uow.jobs.get("j1")
        assert (found["n"], found.version) == (80, 81)


def test_of_eight_that_store_one_new_item_one_creates_it(store):
    tenant = store.for_tenant("org")

    def work(n):
        with tenant.begin() as uow:
            return uow.jobs.put({"id": "j1", "status": str(n)})

    found = together(8, work)
    assert sum(one == WriteResult(created=1) for one in found) == 1
    others = [one for one in found if isinstance(one, BaseException)]
    assert all(isinstance(one, TransientError | ConcurrencyConflict) for one in others), found
    with tenant.begin() as uow:
        held = uow.jobs.get("j1")
    assert found[int(held["status"])] in (WriteResult(created=1), WriteResult(updated=1))


def test_two_users_at_once_with_one_email_are_told_apart(store):  # S10
    tenant = store.for_tenant("org")

    def work(n):
        with tenant.begin() as uow:
            return uow.users.put({"id": f"u{n}", "email": "li@example.com"})

    found = together(4, work)
    assert sum(one == WriteResult(created=1) for one in found) == 1
    others = [one for one in found if isinstance(one, BaseException)]
    assert {type(one) for one in others} == {AlreadyExistsError}
    assert {one.field for one in others} == {"email"}


# the audit chain


def test_eight_writers_grow_one_unbroken_chain(store, url):  # P96
    """From its very first entry, each writer with its own connection or process-wide pool."""

    def work(n):
        with closing(open_records(url)) as own:
            for k in range(10):
                with own.for_tenant("new").begin() as uow:
                    uow.audit.put([{"action": "a", "n": n, "k": k}, {"action": "b", "n": n, "k": k}])

    assert together(8, work) == [None] * 8
    with store.for_tenant("new").begin() as uow:
        report = uow.audit.verify()
        assert (report.length, report.head) == (160, uow.audit.head())
        listed = uow.audit.list()
    assert [entry["seq"] for entry in listed] == list(range(1, 161))
    for n in range(8):
        assert [entry["k"] for entry in listed if entry["n"] == n] == [k for k in range(10) for _ in "ab"]
    assert all(one["k"] == two["k"] for one, two in zip(listed[::2], listed[1::2], strict=True))  # units stay whole


def test_one_entry_put_by_eight_stands_once(store):  # P96
    tenant = store.for_tenant("org")

    def work(_):
        with tenant.begin() as uow:
            return uow.audit.put({"id": "decision-7", "action": "approved"})

    found = together(8, work)
    assert sorted(one.created for one in found) == [0] * 7 + [1]
    with tenant.begin() as uow:
        assert uow.audit.verify().length == 1


def test_a_unit_rolled_back_leaves_no_hole_in_the_chain(store):  # P96
    tenant = store.for_tenant("org")
    for n in range(6):
        try:
            with tenant.begin() as uow:
                uow.audit.put({"action": str(n)})
                uow.outbox.put({"aggregate": "x", "type": str(n)})
                assert n % 2 == 0, "in the middle"
        except AssertionError:
            continue
    with tenant.begin() as uow:
        assert uow.audit.verify().length == 3
        assert [event["type"] for event in uow.outbox.list()] == ["0", "2", "4"]


def test_a_changed_cut_or_inserted_entry_is_found_even_if_the_trigger_was_off(postgres):  # P96
    with made(postgres) as name:
        url = f"postgresql://carbonost@127.0.0.1:{postgres.port}/{name}"
        with closing(open_records(url)) as store:
            with store.for_tenant("org").begin() as uow:
                uow.audit.put([{"action": "a", "n": n} for n in range(5)])
            for statement in ("delete from audit_log", "update audit_log set body = 'x'", "truncate audit_log"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                    run(postgres, name, statement)
            run(
                postgres,
                name,
                "alter table audit_log disable trigger user",
                "create table kept as table audit_log",
            )
            for statement in (
                "update audit_log set body = replace(body, '3', '4') where seq = 4",
                "update audit_log set recorded_at = '2020-01-01T00:00:00.000000+00:00' where seq = 2",
                "delete from audit_log where seq = 3",
                "delete from audit_log where seq = 5",
                "insert into audit_log select org_id, 6, 'x', body, body_hash, hash, recorded_at, seal"
                " from audit_log where seq = 5",
                "truncate audit_log",
            ):
                run(postgres, name, statement)
                with store.for_tenant("org").begin() as uow, pytest.raises(IntegrityError):
                    uow.audit.verify()
                run(postgres, name, "truncate audit_log", "insert into audit_log select * from kept")
            with store.for_tenant("org").begin() as uow:
                assert uow.audit.verify().length == 5


def test_an_envelope_altered_by_one_byte_is_found_on_postgresql(postgres):  # P23
    address = f"postgresql://carbonost@127.0.0.1:{postgres.port}/"
    with made(postgres) as name, closing(open_records(address + name)) as store:
        with store.for_tenant("org").begin() as uow:
            uow.envelopes.put({"result_id": "ab12", "stage": "baseline", "metrics": {"S1_tco2e_y": 7.0}})
        run(postgres, name, "update envelopes set document = replace(document, '7.0', '7.1')")
        with store.for_tenant("org").begin() as uow, pytest.raises(IntegrityError, match="were changed"):
            uow.envelopes.get("ab12")


# the outbox


def _produce(tenant, n):
    for k in range(15):
        with tenant.begin() as uow:
            uow.outbox.put([{"aggregate": f"a{n}", "type": "t", "payload": k}])


def _consume(tenant, deliver, produced):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        last = produced.is_set()
        if not tenant.drain(deliver) and last:
            return
        time.sleep(0.005)
    raise AssertionError("the drain did not end")


def test_events_come_in_order_per_aggregate_from_many_hands_to_many_hands(store):
    """Four produce while four deliver: nothing is lost, and no aggregate runs backwards."""
    tenant, seen, lock = store.for_tenant("org"), [], threading.Lock()
    produced, left = threading.Event(), set(range(4))

    def deliver(event):
        with lock:
            seen.append((event["aggregate"], event["payload"]))

    def work(n):
        if n >= 4:
            return _consume(tenant, deliver, produced)
        try:
            return _produce(tenant, n)
        finally:
            left.discard(n)
            if not left:
                produced.set()

    assert together(8, work) == [None] * 8
    for n in range(4):
        assert [payload for aggregate, payload in seen if aggregate == f"a{n}"] == list(range(15))
    with tenant.begin() as uow:
        assert not uow.outbox.list(delivered=False)


CONSUMER = """
import os, signal, sys
from datetime import timedelta
from carbonost.storage import open_records
from carbonost.storage.sql import logs
logs.LEASE = timedelta(seconds=float(sys.argv[2]))
def deliver(event):
    print(event["payload"], flush=True)
    if event["payload"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
open_records(sys.argv[1]).for_tenant("org").drain(deliver)
"""


def test_what_a_killed_consumer_held_is_delivered_again_in_order(store, url):
    tenant = store.for_tenant("org")
    with tenant.begin() as uow:
        uow.outbox.put([{"aggregate": "a", "type": "t", "payload": n} for n in range(5)])
    died = subprocess.run([sys.executable, "-c", CONSUMER, url, "1.0"], capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL
    assert died.stdout.split() == ["0", "1", "2"]
    seen = []
    assert tenant.drain(lambda event: seen.append((event["payload"], event["attempts"]))) == 0  # it is still held
    time.sleep(1.1)
    assert tenant.drain(lambda event: seen.append((event["payload"], event["attempts"]))) == 3
    assert seen == [(2, 1), (3, 0), (4, 0)]  # with the attempts before


def test_a_consumer_that_was_overtaken_does_not_free_what_another_holds(store, monkeypatch):
    """The slow one fails after its lease; the event stays with who took it over."""
    from datetime import timedelta

    tenant = store.for_tenant("org")
    with tenant.begin() as uow:
        uow.outbox.put({"aggregate": "a", "type": "t"})
    with store.transaction("org", write=True) as connection:
        monkeypatch.setattr(logs, "LEASE", timedelta(0))
        event, mine = logs.SqlOutbox(connection, "org", "").claim(set())
    with store.transaction("org", write=True) as connection:
        monkeypatch.setattr(logs, "LEASE", timedelta(seconds=60))
        _, theirs = logs.SqlOutbox(connection, "org", "").claim(set())
    assert theirs > mine
    with store.transaction("org", write=True) as connection:
        logs.SqlOutbox(connection, "org", "").settle(event.id, mine, delivered=False)
        assert logs.SqlOutbox(connection, "org", "").claim(set()) is None


# a server that goes away


def test_a_restarted_server_is_found_again_and_nothing_acknowledged_is_gone():
    """It ended at once between two calls; pool and meter store recover by themselves."""
    with services.postgres(fsync=True) as server:
        url = f"postgresql://carbonost@127.0.0.1:{server.port}/postgres"
        with closing(open_records(url)) as records, closing(open_meters(url)) as meters:
            tenant = records.for_tenant("org")
            with tenant.begin() as uow:
                uow.audit.put({"action": "before"})
            meters.write(readings())
            os.kill(server.pid, signal.SIGQUIT)  # at once, as after a crash
            while (server.folder / "data" / "postmaster.pid").exists():
                time.sleep(0.02)
            with pytest.raises(TransientError) as caught, tenant.begin() as uow:
                uow.audit.list()
            assert caught.value.retryable
            with pytest.raises(TransientError):
                meters.series()
            with services.again(server, same_port=True):
                with tenant.begin() as uow:
                    uow.audit.put({"action": "after"})
                    assert uow.audit.verify().length == 2
                assert len(meters.read("m1", "2024-01-01T00:00Z", "2025-01-01T00:00Z")) == 3
                assert meters.write(readings()) == WriteResult(unchanged=3)


def test_a_statement_that_takes_too_long_is_ended_and_said(postgres):
    with made(postgres) as name:
        url = f"postgresql://carbonost@127.0.0.1:{postgres.port}/{name}"
        open_records(url).close()
        with closing(open_records(url, timeout_s=0.4)) as store, psycopg.connect(url) as other:
            other.execute("lock table jobs in access exclusive mode")
            with pytest.raises(StorageError, match="in time") as caught, store.for_tenant("org").begin() as uow:
                uow.jobs.put({"id": "j1"})
            assert caught.value.retryable


def test_a_text_too_long_for_an_index_is_refused_by_name(postgres):
    import random

    with (
        made(postgres) as name,
        closing(open_records(f"postgresql://carbonost@127.0.0.1:{postgres.port}/{name}")) as store,
    ):
        long = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=200_000))  # noqa: S311
        with store.for_tenant("org").begin() as uow:
            with pytest.raises(InvalidDataError, match="too long"):
                uow.reviews.put({"id": "r1", "job_id": long})
            uow.jobs.put({"id": "j1", "note": long})
            assert uow.jobs.get("j1")["note"] == long
