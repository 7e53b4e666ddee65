"""A database server that is cut off or killed in the middle of a write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing, suppress

import numpy as np
import psycopg
import pytest

from carbonost.errors import StorageError, TransientError
from carbonost.storage import open_meters, open_records
from carbonost.storage.conformance.kit import readings
from carbonost.testing.proxy import CutProxy

pytestmark = pytest.mark.service
ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")


@pytest.fixture(params=["rows", "chunk"])
def layout(request):
    return request.param


@pytest.fixture
def database(postgres, layout):
    root = f"postgresql://carbonost@127.0.0.1:{postgres.port}"
    with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
        connection.execute("drop database if exists faults with (force)")
        connection.execute("create database faults")
    yield f"{root}/faults?layout={layout}"
    with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
        connection.execute("drop database faults with (force)")


def through(proxy, url):
    return url.replace(url.rsplit(":", 1)[1].split("/")[0], str(proxy.port))


def test_a_batch_whose_line_is_cut_is_not_there_and_can_be_repeated(postgres, database):
    frame = readings("m1", values=np.random.default_rng(1).normal(size=20_000), step="1min")  # nothing to compress
    open_meters(database).close()
    with (
        CutProxy("127.0.0.1", postgres.port, cut_after=60_000) as proxy,
        closing(open_meters(through(proxy, database), timeout_s=5)) as store,
        pytest.raises(TransientError),
    ):
        store.write(frame)
    with closing(open_meters(database)) as store:
        assert len(store.read("m1", *ALWAYS)) == 0
        assert store.write(frame).created == 20_000


def test_a_commit_whose_answer_is_lost_counts_once_when_repeated(postgres, database):
    frame = readings("m1", values=range(500), step="1min")
    open_meters(database).close()
    for cut in range(500, 3000, 250):  # some of these cut the answer to the commit
        with (
            CutProxy("127.0.0.1", postgres.port, cut_reply_after=cut) as proxy,
            suppress(StorageError),
            closing(open_meters(through(proxy, database), timeout_s=5)) as store,
        ):
            store.write(frame)
    with closing(open_meters(database)) as store:
        store.write(frame)
        assert store.read("m1", *ALWAYS)["value"].tolist() == [float(n) for n in range(500)]


def test_a_unit_of_work_whose_line_is_cut_is_whole_or_not_there(postgres, database):
    with closing(open_records(database)) as direct:
        for cut in range(3000, 30_000, 5000):
            with (
                CutProxy("127.0.0.1", postgres.port, cut_after=cut) as proxy,
                suppress(StorageError),
                closing(open_records(through(proxy, database), timeout_s=5)) as store,
                store.for_tenant("org").begin() as uow,
            ):
                uow.jobs.put([{"id": f"{cut}-{n}", "x": "y" * 200} for n in range(100)])
                uow.audit.put({"id": f"{cut}", "action": "run"})
        with direct.for_tenant("org").begin() as uow:
            assert len(uow.jobs.list()) == 100 * uow.audit.verify().length


def test_a_connection_that_died_is_replaced_by_the_next_call(postgres, database):
    with closing(open_meters(database)) as store, closing(open_records(database)) as records:
        store.write(readings())
        with psycopg.connect(database.partition("?")[0], autocommit=True) as other:
            other.execute("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
        with suppress(TransientError):
            store.series()
        assert len(store.read("m1", *ALWAYS)) == 3
        with records.for_tenant("org").begin() as uow:
            assert uow.jobs.list() == []


def test_a_killed_server_keeps_what_it_acknowledged(layout):
    """With fsync on: the whole server dies by SIGKILL, starts again, and nothing acknowledged is lost."""
    from carbonost.testing import services

    try:
        running = services.postgres(fsync=True)
        service = running.__enter__()
    except services.ServiceMissing as exc:
        pytest.skip(str(exc))
    try:
        url = f"postgresql://carbonost@127.0.0.1:{service.port}/postgres?layout={layout}"
        acknowledged = []

        def write():
            with suppress(StorageError), closing(open_meters(url, timeout_s=5)) as store:
                for n in range(10_000):
                    store.write(readings("m1", f"2024-01-{1 + n // 1000:02d}T00:00:00.{n % 1000:06d}Z", (float(n),)))
                    acknowledged.append(n)
                    if n == 15:
                        enough.set()

        enough = threading.Event()
        worker = threading.Thread(target=write)
        worker.start()
        assert enough.wait(30)
        os.killpg(service.pid, signal.SIGKILL)
        worker.join()
        data = service.folder / "data"
        (data / "postmaster.pid").unlink(missing_ok=True)
        with (
            services.again(service) as revived,
            closing(open_meters(url.replace(str(service.port), str(revived)))) as store,
        ):
            values = store.read("m1", *ALWAYS)["value"].astype(int).tolist()
        assert values == sorted(set(values))
        assert set(acknowledged) <= set(values) <= {*acknowledged, len(acknowledged)}
    finally:
        running.__exit__(None, None, None)


def test_services_are_stopped_by_their_own_id():
    code = """
from carbonost.testing import services
with services.rclone() as one:
    print(one.pid)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "not installed" in done.stderr:
        pytest.skip(done.stderr.strip().split("\n")[-1])
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)
