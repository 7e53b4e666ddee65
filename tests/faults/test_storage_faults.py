"""What goes wrong around an embedded store: death, full disks, read-only files, crowds, forks."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from carbonost.errors import (
    IntegrityError,
    NotFoundError,
    PermissionDeniedError,
    ReadOnlyError,
    SchemaOutdatedError,
    StorageFullError,
    StorageTimeout,
)
from carbonost.storage import RetentionPolicy, open_meters, open_objects, open_records
from carbonost.storage.conformance.kit import killed_after, readings
from carbonost.storage.meters_sqlite import writer

ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")
MIXED = """
import sys
import numpy as np, pandas as pd
from carbonost.storage import open_meters
from carbonost.storage.meters_sqlite import head, writer
writer.HEAD_LEAST = writer.HEAD_EACH = 60  # compacts often
head.PIECE = 5
store = open_meters(sys.argv[1])
for n in range(100_000):
    rows = 200 if n % 5 == 0 else 3  # large ones go into chunks, small ones into the head
    first = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=200 * n)
    start = pd.date_range(first, periods=rows, freq="1min")
    frame = pd.DataFrame({"point": "m", "start": start, "value": np.arange(rows) + 1000.0 * n})
    store.write(frame.assign(energy_type="electricity", unit="kWh"))
    print(n, rows, flush=True)
"""


@pytest.mark.parametrize("run", range(10))
def test_kill_9_loses_and_doubles_nothing(tmp_path, run):
    url = f"sqlite:///{tmp_path}/m.db"
    with killed_after(MIXED, url, acknowledged=3 + 7 * run) as lines:
        acknowledged = {int(n): int(rows) for n, rows in (line.split() for line in lines)}
    with closing(open_meters(url)) as store:
        values = store.read("m", *ALWAYS)["value"]
        assert values.is_unique
        found = (values // 1000).astype(int).value_counts().to_dict()
        assert {n: found.get(n) for n in acknowledged} == acknowledged
        unacknowledged = set(found) - set(acknowledged)
        assert unacknowledged <= {max(acknowledged) + 1}
        total = store.downsample("m", *ALWAYS, "1d", "Asia/Shanghai")["value"].sum()
        assert total == pytest.approx(values.sum(), rel=1e-12)


CROWD = """
import sys
import numpy as np, pandas as pd
from carbonost.storage import open_meters
from carbonost.storage.conformance.kit import readings
from carbonost.storage.meters_sqlite import head, writer
writer.HEAD_LEAST = writer.HEAD_EACH = 30
head.PIECE = 7
store = open_meters(sys.argv[1], timeout_s=60)
for part in range(8):
    start = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=10 * part)
    store.write(readings(f"m{sys.argv[2]}", start.isoformat(), np.full(10, float(sys.argv[2])), "1min"))
"""


def test_four_processes_write_one_file_beside_a_reader(tmp_path):
    url = f"sqlite:///{tmp_path}/m.db"
    with closing(open_meters(url)) as store:
        workers = [subprocess.Popen([sys.executable, "-c", CROWD, url, str(who)]) for who in range(4)]
        while any(worker.poll() is None for worker in workers):
            found = store.read({}, *ALWAYS)
            assert (found["value"] == found["point"].str[1:].astype(float)).all()
        assert [worker.returncode for worker in workers] == [0] * 4
        assert len(store.read({}, *ALWAYS)) == 4 * 80


def test_a_full_disk_stores_nothing_of_the_batch_and_keeps_what_was_there(tmp_path):
    with closing(open_meters(f"sqlite:///{tmp_path}/m.db")) as store:
        store.write(readings("m", values=range(100)))
        pages = store._db.execute("pragma page_count").fetchone()[0]
        store._db.execute(f"pragma max_page_count = {pages + 3}")
        noise = np.random.default_rng(0).normal(size=20_000)
        with pytest.raises(StorageFullError):
            store.write(readings("m", start="2025-01-01T00:00Z", values=noise, step="1min"))
        store._db.execute("pragma max_page_count = 100000")
        assert len(store.read("m", *ALWAYS)) == 100
        assert store.write(readings("m", start="2025-01-01T00:00Z", values=noise, step="1min")).created == 20_000


def test_a_full_disk_leaves_no_half_object(tmp_path, monkeypatch):
    with closing(open_objects(f"file://{tmp_path}")) as store:
        store.put("k", b"old")

        def full(_handle):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageFullError):
            store.put("k", b"new")
        monkeypatch.undo()
        assert store.get("k") == b"old"
        assert [path for path in tmp_path.iterdir() if path.name.startswith(".put-")] == []


def test_a_read_only_store_says_so(tmp_path):
    with closing(open_meters(f"sqlite:///{tmp_path}/m.db")) as store:
        store.write(readings())
        store._db.execute("pragma query_only = 1")
        with pytest.raises(ReadOnlyError):
            store.write(readings("other"))
        assert len(store.read({}, *ALWAYS)) == 3


def test_a_lock_that_is_not_released_times_out(tmp_path):
    path = tmp_path / "m.db"
    with closing(open_meters(f"sqlite:///{path}", timeout_s=0.1)) as store, closing(sqlite3.connect(path)) as other:
        store.write(readings())
        other.execute("begin immediate")
        with pytest.raises(StorageTimeout) as caught:
            store.write(readings("other"))
        assert caught.value.retryable
        assert len(store.read({}, *ALWAYS)) == 3  # readers never wait
    records = open_records(f"sqlite:///{tmp_path}/r.db", timeout_s=0.1)
    with closing(records) as store, closing(sqlite3.connect(tmp_path / "r.db")) as other:
        other.execute("begin immediate")
        with pytest.raises(StorageTimeout), store.for_tenant("org").begin():
            pass


def test_files_that_are_no_store_are_refused(tmp_path):
    garbage, foreign = tmp_path / "garbage.db", tmp_path / "foreign.db"
    garbage.write_bytes(b"this is not a database, and long enough to look like a file" * 100)
    with closing(sqlite3.connect(foreign)) as db, db:
        db.execute("create table mine (x)")
    for open_store in (open_meters, open_records):
        with pytest.raises(IntegrityError):
            open_store(f"sqlite:///{garbage}")
    with pytest.raises(SchemaOutdatedError):
        open_meters(f"sqlite:///{foreign}")
    with pytest.raises((PermissionDeniedError, NotFoundError)):
        open_meters(f"sqlite:///{tmp_path}/no/such/folder/m.db")
    with pytest.raises(NotFoundError):
        open_records(f"sqlite:///{tmp_path}/none.db", create=False)
    with pytest.raises(NotFoundError):
        open_objects(f"file://{tmp_path}/none", create=False)


def test_a_store_of_a_later_version_is_refused(tmp_path):
    open_meters(f"sqlite:///{tmp_path}/m.db").close()
    with closing(sqlite3.connect(tmp_path / "m.db")) as db:
        db.execute("pragma user_version = 99")
    with pytest.raises(SchemaOutdatedError, match="99"):
        open_meters(f"sqlite:///{tmp_path}/m.db")


def test_compaction_moves_the_head_and_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "HEAD_LEAST", 50)
    monkeypatch.setattr(writer, "HEAD_EACH", 1)
    with closing(open_meters(f"sqlite:///{tmp_path}/m.db")) as store, closing(open_meters("memory://")) as oracle:
        rng = np.random.default_rng(2)
        for _ in range(60):
            start = pd.Timestamp("2024-03-30", tz="UTC") + pd.Timedelta(minutes=int(rng.integers(4000)))
            frame = readings("m", start.isoformat(), rng.integers(0, 3, 9), "1min", status=["", "x", ""] * 3)
            assert store.write(frame) == oracle.write(frame)
        pd.testing.assert_frame_equal(store.read("m", *ALWAYS), oracle.read("m", *ALWAYS))
        assert store._db.execute("select coalesce(sum(count), 0) from head").fetchone()[0] < 50
        store.compact()
        pd.testing.assert_frame_equal(store.read("m", *ALWAYS), oracle.read("m", *ALWAYS))
        for now in ("2024-04-02T00:00Z", "2024-04-30T00:00Z"):
            for one in (store, oracle):
                one.apply_retention(RetentionPolicy(raw="1d", hourly="10d"), pd.Timestamp(now))
            found = [one.downsample("m", *ALWAYS, "1d", "Asia/Shanghai") for one in (store, oracle)]
            pd.testing.assert_frame_equal(*found)


def test_a_forked_child_opens_its_own_connection(tmp_path):
    code = f"""
import os
from carbonost.storage import open_meters
from carbonost.storage.conformance.kit import readings
store = open_meters("sqlite:///{tmp_path}/m.db")
store.write(readings("parent"))
pid = os.fork()
if pid == 0:
    store.write(readings("child"))
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
store.write(readings("parent again"))
print([info.point for info in store.series()])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['child', 'parent', 'parent again']"
