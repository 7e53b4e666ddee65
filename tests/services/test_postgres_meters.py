# ruff: noqa: S608 -- statements of our own
"""Readings in PostgreSQL beyond the laws: layouts, tenants, versions, a server that goes away (S12, S60, S61)."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from itertools import count, product

import numpy as np
import pandas as pd
import psycopg
import pytest

from carbonost.errors import (
    AuthError,
    InvalidDataError,
    NotFoundError,
    SchemaOutdatedError,
    StorageError,
    TransientError,
    Unsupported,
)
from carbonost.storage import open_meters, open_records
from carbonost.storage.conformance.kit import readings
from carbonost.storage.meters_postgres import chunks
from carbonost.storage.meters_postgres.schema import REVISION
from carbonost.storage.ports import RetentionPolicy, WriteResult
from carbonost.storage.sql import migrate
from carbonost.storage.tenants import TenantMeters

pytestmark = pytest.mark.service
LAYOUTS = ("rows", "chunk")
ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")
_numbers = count()


def address(postgres, name, who="carbonost", **options):
    query = "&".join(f"{key}={value}" for key, value in options.items())
    return f"postgresql://{who}@127.0.0.1:{postgres.port}/{name}" + (f"?{query}" if query else "")


def run(postgres, name, *statements):
    with psycopg.connect(address(postgres, name), autocommit=True) as connection:
        return [connection.execute(statement) for statement in statements]


@contextmanager
def made(postgres):
    name = f"meters_{next(_numbers)}"
    run(postgres, "postgres", f"create database {name}")
    try:
        yield name
    finally:
        run(postgres, "postgres", f"drop database {name} with (force)")


@pytest.fixture
def name(postgres):
    with made(postgres) as found:
        yield found


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


def test_the_layout_is_said_once_and_remembered(postgres, name, layout):
    with closing(open_meters(address(postgres, name, layout=layout))) as store:
        assert store.server.endswith(f"layout {layout}")
        store.write(readings())
    with closing(open_meters(address(postgres, name))) as store:
        assert store.server.endswith(f"layout {layout}")
        assert len(store.read("m1", *ALWAYS)) == 3
    other = LAYOUTS[1 - LAYOUTS.index(layout)]
    with pytest.raises(InvalidDataError, match=f"layout '{layout}'"):
        open_meters(address(postgres, name, layout=other))
    with pytest.raises(InvalidDataError, match="rows, chunk"):
        open_meters(address(postgres, name, layout="columns"))


def test_two_schemas_of_one_database_hold_two_layouts(postgres, name):
    frame = readings(values=np.arange(1000.0), step="1min")
    for layout in LAYOUTS:
        with closing(open_meters(address(postgres, name, schema=f"in_{layout}", layout=layout))) as store:
            assert store.write(frame) == WriteResult(created=1000)
    found = [open_meters(address(postgres, name, schema=f"in_{layout}")) for layout in LAYOUTS]
    rows, chunks = (store.read({}, *ALWAYS) for store in found)
    pd.testing.assert_frame_equal(rows, chunks)
    for store in found:
        store.close()
    held = run(postgres, name, "select count(*) from in_chunk.meter_chunk", "select count(*) from in_chunk.meter_head")
    assert [cursor.fetchone()[0] for cursor in held] == [1, 0]


def test_what_trickles_in_is_packed_before_it_is_much(postgres, name):
    """A reading a minute for two days: the head never holds more than a few hours."""
    with closing(open_meters(address(postgres, name, layout="chunk"))) as store:
        for start in pd.date_range("2024-01-01", periods=96, freq="30min", tz="UTC"):
            store.write(readings(start=start.isoformat(), values=np.arange(30.0), step="1min"))
        found = store.read("m1", *ALWAYS)
    assert found["value"].tolist() == list(range(30)) * 96
    (held,) = run(postgres, name, "select count(*) from meter_head")
    assert held.fetchone()[0] < 270


def test_sparse_history_stays_as_rows_and_dense_history_never_was(postgres, name):
    with closing(open_meters(address(postgres, name, layout="chunk"))) as store:
        store.write(readings("daily", values=np.arange(500.0), step="1D"))
        store.write(readings("hourly", values=np.arange(24.0 * 50), step="1h"))
        assert len(store.read({}, *ALWAYS)) == 1700
    held = run(
        postgres,
        name,
        "select count(*) from meter_head",
        "select count(*) from meter_chunk",
        "select min(count) from meter_chunk",
    )
    rows, chunks, least = (cursor.fetchone()[0] for cursor in held)
    assert (rows, chunks, least) == (500 + 24, 49, 24)


def test_readings_before_1970_fall_on_their_days(postgres, name, layout):
    with closing(open_meters(address(postgres, name, layout=layout))) as store:
        values = np.arange(2000.0)
        store.write(readings(start="1969-12-30T23:59:00+00:00", values=values, step="7min"))
        for at in range(0, 2000, 100):  # corrections come one by one
            start = pd.Timestamp("1969-12-30T23:59:00Z") + pd.Timedelta(minutes=7 * at)
            assert store.write(readings(start=start.isoformat(), values=(-1.0,))) == WriteResult(updated=1)
        found = store.read("m1", "1900-01-01T00:00Z", "2000-01-01T00:00Z")["value"]
    assert found.sum() == values.sum() - sum(range(0, 2000, 100)) - 20


@pytest.mark.parametrize("seed", range(3))
def test_random_calls_leave_both_layouts_alike(postgres, name, seed):
    """Batches of every size, corrections, deletions and retention, one store beside the other."""
    rng = np.random.default_rng(seed)
    stores = [open_meters(address(postgres, name, schema=f"s_{layout}", layout=layout)) for layout in LAYOUTS]
    for _ in range(40):
        point, size = f"m{rng.integers(3)}", int(rng.choice([1, 3, 40, 400]))
        start = pd.Timestamp("2024-02-27", tz="UTC") + pd.Timedelta(minutes=int(rng.integers(20_000)))
        step = str(rng.choice(["1min", "15min", "1h"]))
        frame = readings(point, start.isoformat(), rng.integers(0, 4, size), step)
        if rng.random() < 0.3:
            frame = frame.assign(status=rng.choice(["", "late"], size), quality=rng.integers(0, 101, size))
        assert stores[0].write(frame) == stores[1].write(frame)
        if rng.random() < 0.25:
            end = start + pd.Timedelta(minutes=int(rng.integers(1, 4000)))
            assert stores[0].delete(point, start, end) == stores[1].delete(point, start, end)
    now, policy = pd.Timestamp("2024-03-20", tz="UTC"), RetentionPolicy(raw="9d", tz="Asia/Kathmandu")
    for _ in range(2):
        pd.testing.assert_frame_equal(*(store.read({}, *ALWAYS) for store in stores))
        pd.testing.assert_frame_equal(*(store.latest({}) for store in stores))
        for how in ("energy", "mean", "max", "min"):
            months = [store.downsample({}, *ALWAYS, "1mo", "Asia/Kathmandu", how) for store in stores]
            pd.testing.assert_frame_equal(*months, rtol=1e-12)
        moved = [store.apply_retention(policy, now) for store in stores]
        assert moved[0] == moved[1]
    for store in stores:
        store.close()


def test_eight_writers_of_the_same_days_lose_and_double_nothing(postgres, name, layout):
    """Each its own connection; every second minute is theirs alone, the rest is in common."""
    url = address(postgres, name, layout=layout)
    open_meters(url).close()
    counts, faults, ready = [], [], threading.Barrier(8)

    def work(n):
        try:
            with closing(open_meters(url)) as store:
                ready.wait(30)
                for part in range(6):
                    start = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=60 * part)
                    mine = readings("m", (start + pd.Timedelta(seconds=n)).isoformat(), np.full(60, n), "1min")
                    theirs = readings("common", start.isoformat(), np.arange(60.0), "1min")
                    counts.append(store.write(pd.concat([mine, theirs])).created)
        except BaseException as exc:  # noqa: BLE001 -- told below
            faults.append(exc)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
    with closing(open_meters(url)) as store:
        assert len(store.read("m", *ALWAYS)) == 8 * 6 * 60
        assert len(store.read("common", *ALWAYS)) == 6 * 60
    assert sum(counts) == 8 * 6 * 60 + 6 * 60  # each reading was created once, whoever came first


@pytest.fixture
def shared(postgres, name, layout):
    """A store laid out by its owner, and its address for a role that owns nothing."""
    owner = open_meters(address(postgres, name, layout=layout))
    run(
        postgres,
        name,
        "grant select, insert, update, delete on all tables in schema public to tenant",
        "grant execute on function meter_partition to tenant",
    )
    yield owner, address(postgres, name, "tenant:secret")
    owner.close()


def test_a_role_that_owns_nothing_reads_and_writes_its_tenants_only(postgres, name, shared):
    """S12: the server itself keeps tenants apart; a connection does not carry the last one's name."""
    owner, url = shared
    with closing(open_meters(url)) as store:
        assert "row_security" in store.capabilities
        assert "row_security" not in owner.capabilities
        mine, theirs = TenantMeters(store, "mine"), TenantMeters(store, "theirs")
        frame = readings(values=np.arange(500.0), step="15min")
        for tenant in (mine, theirs):
            assert tenant.write(frame) == WriteResult(created=500)
            assert tenant.write(frame) == WriteResult(unchanged=500)
        assert mine.delete("m1", "2024-01-02T00:00Z", "2024-01-03T00:00Z") == 96
        assert [len(tenant.read({}, *ALWAYS)) for tenant in (mine, theirs)] == [404, 500]
        assert store.series() == []  # nobody asks: nobody's readings
        assert len(store.read({}, *ALWAYS)) == 0
        assert len(store.for_tenant("mine").series()) == 1
        with pytest.raises(Unsupported):
            store.apply_retention(RetentionPolicy(), pd.Timestamp("2025-01-01", tz="UTC"))
    assert len(owner.series()) == 2
    tables = ("meter_series", "meter_reading", "meter_chunk", "meter_head", "meter_tier", "meter_rolled")
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute("select set_config('carbonost.org_id', 'mine', true)")
            assert connection.execute("select org_id from meter_series").fetchall() == [("mine",)]
            held = sum(connection.execute(f"select count(*) from {table}").fetchone()[0] for table in tables[1:4])
            assert held > 0
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(
                    "insert into meter_series (point, energy_type, unit, tags)"
                    " values ('x', 'electricity', 'kWh', '{\"organization_id\": \"theirs\"}')"
                )
        for table in tables:
            assert connection.execute(f"select count(*) from {table}").fetchone()[0] == 0, table
        partitions = connection.execute("select tablename from pg_tables where tablename like 'meter_reading_%'")
        for (partition,) in partitions.fetchall():
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select * from {partition}")


def test_a_partition_shows_nothing_even_to_a_role_that_was_granted_it(postgres, name):
    with closing(open_meters(address(postgres, name))) as store:
        TenantMeters(store, "mine").write(readings())
    run(postgres, name, "grant select on all tables in schema public to tenant")
    with psycopg.connect(address(postgres, name, "tenant:secret")) as connection:
        assert connection.execute("select count(*) from meter_reading_2024_01").fetchone()[0] == 0


def test_readings_have_versions_that_go_down_and_up(postgres, name):
    """S61."""
    url = address(postgres, name, schema="park")
    run(postgres, name, "create schema park")
    with pytest.raises(NotFoundError, match="schema does not exist"):
        migrate.upgrade(address(postgres, name, schema="nowhere"), port="meters")
    assert migrate.current(url, "meters") is None
    assert migrate.upgrade(url, port="meters") == REVISION
    with closing(open_meters(url + "&layout=chunk")) as store:
        store.write(readings())
    assert migrate.current(url, "meters") == REVISION
    assert migrate.upgrade_all(url) == {"meters": REVISION}
    assert migrate.downgrade(url, "base", port="meters") is None
    (left,) = run(postgres, name, "select tablename from pg_tables where schemaname = 'park'")
    assert left.fetchall() == [("meter_version",)]
    assert migrate.upgrade(url, port="meters") == REVISION
    with closing(open_meters(url)) as store:
        assert store.series() == []
    assert migrate.upgrade_all(address(postgres, name)) == {"records": migrate.current(address(postgres, name))}


def test_a_laid_out_schema_of_readings_equals_a_migrated_one(postgres, name):
    columns = (
        "select table_name, column_name, data_type, is_nullable, column_default, generation_expression"
        " from information_schema.columns where table_schema = '{}' order by 1, 2"
    )
    run(postgres, name, "create schema moved")
    migrate.upgrade(address(postgres, name, schema="moved"), port="meters")
    open_meters(address(postgres, name, schema="laid")).close()
    moved, laid = (cursor.fetchall() for cursor in run(postgres, name, *(columns.format(s) for s in ("moved", "laid"))))
    assert moved == laid
    assert len(laid) > 40
    (bodies,) = run(postgres, name, "select prosrc from pg_proc where proname = 'meter_partition'")
    assert len(set(bodies.fetchall())) == 1


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_readings_of_another_version_are_refused_with_the_remedy(postgres, name, revision):
    open_meters(address(postgres, name)).close()
    run(postgres, name, f"update meter_version set version_num = '{revision}'")
    with pytest.raises(SchemaOutdatedError, match=rf"revision {revision}.*carbonost db upgrade"):
        open_meters(address(postgres, name))


def test_one_address_serves_records_and_readings(postgres, name):
    url = address(postgres, name, schema="readings", layout="chunk")
    with closing(open_records(url)) as records, closing(open_meters(url)) as meters:
        meters.write(readings())
        with records.for_tenant("org").begin() as uow:
            uow.jobs.put({"id": "j1"})
    assert migrate.upgrade_all(url) == {"meters": REVISION, "records": migrate.current(url)}
    (places,) = run(postgres, name, "select schemaname from pg_tables where tablename in ('jobs', 'alembic_version')")
    assert places.fetchall() == [("readings",), ("readings",)]
    alone = address(postgres, name, schema="alone")  # made by records where readings have not been
    assert migrate.current(alone) is None
    with closing(open_records(alone)) as records, records.for_tenant("org").begin() as uow:
        assert uow.jobs.list() == []
    with pytest.raises(InvalidDataError, match="plain lower-case name"):
        open_records(address(postgres, name, schema="a;b"))


def _dropped(postgres, name):
    run(postgres, "postgres", f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")


def test_a_connection_the_server_closed_is_opened_again(postgres, name, layout):
    """An idle one costs nothing; one that breaks inside a call says so, and the next call works."""
    with closing(open_meters(address(postgres, name, layout=layout))) as store:
        store.write(readings())
        _dropped(postgres, name)
        assert len(store.read("m1", *ALWAYS)) == 3
        _dropped(postgres, name)
        assert store.write(readings("m2")) == WriteResult(created=3)
        with pytest.raises(TransientError) as caught, store._transaction() as cursor:
            cursor.execute("select pg_terminate_backend(pg_backend_pid())")
        assert caught.value.retryable
        assert len(store.read({}, *ALWAYS)) == 6


def test_faults_of_the_address_are_told_without_the_password(postgres, name):
    """S60: wrong password, no such database, TLS required, nobody there."""
    target = f"127.0.0.1:{postgres.port}"
    rules = postgres.folder / "data" / "pg_hba.conf"
    rules.write_text("hostnossl all encrypted 127.0.0.1/32 reject\n" + rules.read_text())
    run(postgres, name, "create role encrypted login", "select pg_reload_conf()", "select pg_sleep(0.2)")
    for url, kind, words in (
        (f"postgresql://tenant:topsecret@{target}/{name}", AuthError, "password"),
        (f"postgresql://tenant:secret@{target}/no_such_db", NotFoundError, "no_such_db|database"),
        (f"postgresql://carbonost:topsecret@{target}/{name}?sslmode=require", StorageError, "requires TLS"),
        (f"postgresql://nobody_known:topsecret@{target}/{name}", AuthError, "user"),
        (f"postgresql://encrypted:topsecret@{target}/{name}", AuthError, "sslmode=require"),
        ("postgresql://li:topsecret@127.0.0.1:9/db", TransientError, "reached"),
    ):
        for open_store in (open_meters, open_records):
            with pytest.raises(kind, match=words) as caught:
                open_store(url, timeout_s=3)
            told = f"{caught.value!r} {caught.value} {caught.value.target} {caught.value.__dict__}"
            assert "topsecret" not in told
            assert "secret" not in told


def test_many_meters_whose_heads_fill_together_are_packed_some_at_a_time(postgres, name, monkeypatch):
    """No commit waits for all of them: at most a share of those it is about."""
    monkeypatch.setattr(chunks, "FULL", 40)
    points, packed = [f"m{n}" for n in range(20)], [0]
    with closing(open_meters(address(postgres, name, layout="chunk"))) as store:
        for start in pd.date_range("2024-01-01", periods=60, freq="1min", tz="UTC"):
            store.write({"point": points, "start": start, "value": 1.0, "energy_type": "electricity", "unit": "kWh"})
            packed += [cursor.fetchone()[0] for cursor in run(postgres, name, "select count(*) from meter_chunk")]
        assert len(store.read({}, *ALWAYS)) == 20 * 60
    assert packed[-1] == 20
    assert max(np.diff(packed)) <= 1 + chunks.PACE * 20 // 40


def test_sums_of_quarter_hours_say_what_the_readings_say_and_days_without_them_too(postgres, name):
    url = address(postgres, name, layout="chunk")
    rng = np.random.default_rng(3)
    minutes = [
        readings("short", "2024-01-01T00:00Z", rng.normal(50, 9, 3000).round(2), "1min"),
        readings("float", "2024-01-01T05:07Z", rng.normal(50, 9, 3000), "1min"),
        readings("small", "2024-01-01T00:00Z", rng.normal(50, 9, 150), "15min"),
    ]
    spans = [("2024-01-01T00:00Z", "2024-01-05T00:00Z"), ("2024-01-01T11:11Z", "2024-01-02T23:59Z")]
    asked = [("1h", "Asia/Kolkata"), ("1d", "Asia/Shanghai"), ("1mo", "Asia/Kathmandu"), ("1d", "UTC")]

    def same():
        with closing(open_meters(url)) as store, closing(open_meters("memory://")) as plain:
            plain.write(pd.concat(minutes))
            for (start, end), (every, tz), how in product(spans, asked, ("energy", "max", "mean")):
                found = store.downsample({}, start, end, every, tz, how)
                pd.testing.assert_frame_equal(found, plain.downsample({}, start, end, every, tz, how), rtol=1e-12)
        (filled,) = run(postgres, name, "select count(*), count(rollup) from meter_chunk")
        return filled.fetchone()

    with closing(open_meters(url)) as store:
        store.write(pd.concat(minutes))
    assert same() == (8, 5)
    assert migrate.downgrade(url, "0001", port="meters") == "0001"
    assert migrate.upgrade(url, port="meters") == REVISION
    assert same() == (8, 0)
    minutes[0].loc[7, "value"] += 1  # a day gets its sums when it is next written
    with closing(open_meters(url)) as store:
        assert store.write(minutes[0]).updated == 1
    assert same() == (8, 1)
