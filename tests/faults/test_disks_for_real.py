"""Disks that are really full and really read-only: small ones, mounted for the test.

Mounting needs root; without it these tests say so and skip.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from carbonost.errors import PermissionDeniedError, ReadOnlyError, StorageFullError
from carbonost.storage import open_meters, open_objects, open_records, open_vectors
from carbonost.storage.conformance.kit import readings

ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")
NOBODY = 65534


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


@contextmanager
def mounted(kind, megabytes):
    """Mount a small disk in a folder anybody can reach; it is gone afterwards."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    with tempfile.TemporaryDirectory(prefix="carbonost-disk-", ignore_cleanup_errors=True) as base:
        Path(base).chmod(0o755)
        place, image = Path(base) / "disk", Path(base) / "image"
        place.mkdir()
        try:
            if kind == "tmpfs":
                run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place))
            else:
                image.touch()
                os.truncate(image, megabytes << 20)
                run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
                run("mount", "-o", "loop", str(image), str(place))
        except OSError as exc:
            pytest.skip(f"a small disk cannot be mounted here: {exc}")
        try:
            yield place
        finally:
            run("umount", "-l", str(place))


@pytest.fixture(params=["tmpfs", "ext4"])
def disk(request):
    with mounted(request.param, 4 if request.param == "tmpfs" else 8) as place:
        yield place


@pytest.fixture
def ballast(disk):
    file = disk / "ballast"
    file.write_bytes(os.urandom(1 << 20))
    return file


def fill(disk):
    """Take the last byte."""
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(os.urandom(4096))


def until_full(write):
    """Return how many writes were acknowledged before the disk was full."""
    for n in range(10_000):
        try:
            write(n)
        except StorageFullError as exc:
            assert "Free space" in exc.remedy  # noqa: PT017 -- of many writes the last one
            return n
    raise AssertionError("the disk never filled up")


def noise(n):
    values = np.random.default_rng(n).normal(size=2000)
    start = np.datetime64(date(2020, 1, 1)) + np.timedelta64(2 * n, "D")
    return readings("m", f"{start}T00:00:00Z", values, "1min")


def test_meters_on_a_full_disk_keep_every_acknowledged_reading(disk, ballast):
    with closing(open_meters(disk / "m.db")) as store:
        acknowledged = until_full(lambda n: store.write(noise(n)))
        assert acknowledged > 3
        expected = np.concatenate([noise(n)["value"] for n in range(acknowledged)])
        for _ in (1, 2):
            assert store.read("m", *ALWAYS)["value"].tolist() == expected.tolist()
            total = store.downsample("m", *ALWAYS, "1d", "Asia/Shanghai")["value"].sum()
            assert total == pytest.approx(expected.sum(), abs=1e-6)
            fill(disk)
        with pytest.raises(StorageFullError):
            store.write(noise(acknowledged))
    ballast.unlink()
    with closing(open_meters(disk / "m.db")) as store:
        assert store.read("m", *ALWAYS)["value"].tolist() == expected.tolist()
        assert store.write(noise(acknowledged)).created == 2000
        assert len(store.read("m", *ALWAYS)) == 2000 * (acknowledged + 1)


def test_records_on_a_full_disk_hold_whole_units_of_work_only(disk, ballast):
    with closing(open_records(disk / "r.db")) as store:
        tenant = store.for_tenant("org")

        def work(n):
            with tenant.begin() as uow:
                uow.jobs.put([{"id": f"{n}-{part}", "x": os.urandom(4000).hex()} for part in range(3)])
                uow.audit.put({"id": str(n), "action": "run"})
                uow.outbox.put({"id": str(n), "aggregate": "a", "type": "t"})

        def held():
            with tenant.begin(write=False) as uow:
                return len(uow.jobs.list()), uow.audit.verify().length, len(uow.outbox.list())

        acknowledged = until_full(work)
        assert acknowledged > 3
        assert held() == (3 * acknowledged, acknowledged, acknowledged)
        ballast.unlink()
        work(acknowledged)
        assert held() == (3 * acknowledged + 3, acknowledged + 1, acknowledged + 1)


def test_objects_on_a_full_disk_are_whole_or_not_there(disk, ballast):
    content = [os.urandom(200_000) for _ in range(60)]
    with closing(open_objects(disk / "o")) as store:
        acknowledged = until_full(lambda n: store.put(f"k{n:02d}", content[n]))
        fill(disk)
        for call in (lambda: store.put("k00", b"another"), lambda: store.put("small", b"1")):
            with pytest.raises(StorageFullError):
                call()
        assert [store.get(info.key) for info in store.list()] == content[:acknowledged]
        assert not [path for path in (disk / "o").iterdir() if path.name.startswith(".put-")]
        ballast.unlink()
        store.put("again", content[-1])
        assert store.get("again") == content[-1]
        assert store.sweep() in range(4)  # at most the blobs of the three puts that failed, if at their commit
        assert [store.get(info.key) for info in store.list("k")] == content[:acknowledged]


def test_vectors_and_bundles_on_a_full_disk_say_so(disk, tmp_path):
    from carbonost import GeoSelection, PipelineBuilder, sample_park

    with closing(open_vectors(disk / "v.db")) as index:
        fill(disk)
        with pytest.raises(StorageFullError):
            index.upsert([str(n) for n in range(500)], np.random.default_rng(0).normal(size=(500, 256)))
    with pytest.raises(StorageFullError):
        open_meters(disk / "new.db")
    with pytest.raises(StorageFullError):
        open_records(disk / "new2.db")
    job = PipelineBuilder().build().start(GeoSelection(type="park_id", geometry="P1"), data=sample_park()[2])
    with pytest.raises(StorageFullError, match="bundle"):
        job.export(disk / "job.zip")
    assert not [path for path in disk.iterdir() if path.name.startswith(".job")]


def laid_out(disk):
    with closing(open_meters(disk / "m.db")) as meters:
        meters.write(readings("m"))
    with closing(open_records(disk / "r.db")) as records, records.for_tenant("org").begin() as uow:
        uow.jobs.put({"id": "j"})
    with closing(open_objects(disk / "o")) as objects:
        objects.put("k", b"kept")


def is_whole(disk):
    with closing(open_meters(disk / "m.db")) as meters:
        assert len(meters.read("m", *ALWAYS)) == 3
        assert meters.latest("m")["value"].tolist() == [3.0]
    with closing(open_records(disk / "r.db")) as records, records.for_tenant("org").begin(write=False) as uow:
        assert [job.id for job in uow.jobs.list()] == ["j"]
    with closing(open_objects(disk / "o")) as objects:
        assert objects.get("k") == b"kept"


@contextmanager
def read_only(disk):
    run("mount", "-o", "remount,ro", str(disk))
    try:
        yield
    finally:
        run("mount", "-o", "remount,rw", str(disk))


def test_a_disk_that_is_mounted_read_only_is_read_and_a_write_says_what_to_do(disk):
    laid_out(disk)
    with closing(open_vectors(disk / "v.db")) as index:
        index.upsert(["a"], [[1.0, 0.0]])
    with read_only(disk):
        is_whole(disk)
        with closing(open_vectors(disk / "v.db")) as index:
            assert [hit["id"] for hit in index.query([1.0, 0.0])] == ["a"]
            assert_refused(lambda: index.upsert(["b"], [[1.0, 0.0]]))
        with closing(open_meters(disk / "m.db")) as meters:
            for call in (
                lambda: meters.write(readings("new")),
                lambda: meters.delete("m", *ALWAYS),
                meters.compact,
            ):
                assert_refused(call)
        with closing(open_records(disk / "r.db")) as records:
            assert_refused(lambda: records.for_tenant("org").begin().__enter__())
        with closing(open_objects(disk / "o")) as objects:
            for call in (lambda: objects.put("new", b"1"), lambda: objects.delete("k"), objects.sweep):
                assert_refused(call)
        for open_store in (open_meters, open_records, open_vectors, open_objects):
            assert_refused(lambda store=open_store: store(disk / "new"))
    is_whole(disk)


def assert_refused(call):
    with pytest.raises(ReadOnlyError, match="mounted read-only") as caught:
        call()
    assert "Mount it for writing" in caught.value.remedy


def test_a_log_that_was_never_brought_home_is_not_passed_over(disk, tmp_path):
    """Rule 3: the file alone would lack what was acknowledged."""
    source = disk / "live"
    source.mkdir()
    laid_out(source)
    with closing(open_meters(source / "m.db")) as meters:
        meters.write(readings("m", start="2025-01-01T00:00Z"))
        for name in ("m.db", "m.db-wal"):  # as a copy of a store in use has them
            shutil.copy(source / name, disk / name)
    with read_only(disk):
        with pytest.raises(ReadOnlyError, match="never brought home") as caught:
            open_meters(disk / "m.db")
        assert "m.db-wal" in caught.value.remedy
        (tmp_path / "link.db").symlink_to(disk / "m.db")
        with pytest.raises(ReadOnlyError, match="never brought home"):
            open_meters(tmp_path / "link.db")
    with closing(open_meters(disk / "m.db")) as meters:
        assert len(meters.read("m", *ALWAYS)) == 6
    with read_only(disk), closing(open_meters(disk / "m.db")) as meters:
        assert len(meters.read("m", *ALWAYS)) == 6


def test_commands_that_only_read_work_on_a_read_only_copy(tmp_path, capfd):
    """Who is sent a store on a read-only disk sees, reports and exports what stands in it."""
    from carbonost.cli.main import main

    with mounted("tmpfs", 64) as place:
        store = ["--store", str(place / "jobs")]
        made = ["demo", *store, "--formats", "md", "--output", str(tmp_path / "a")]
        # a process of its own closes what it opened
        run(sys.executable, "-c", f"from carbonost.cli.main import main; main({made!r})")
        with read_only(place):
            assert main(["jobs", *store]) == 0
            job = re.search(r"[0-9a-f]{32}", capfd.readouterr().out).group()
            for command in (
                ["jobs", job],
                ["report", job, "--formats", "md", "--output", str(tmp_path / "b")],
                ["export", job, str(tmp_path / "job.zip")],
            ):
                assert main([*command, *store]) == 0, capfd.readouterr().err
            assert main(["verify", str(tmp_path / "job.zip")]) == 0
            capfd.readouterr()
            assert main(made) == 1
            assert "cannot be written" in capfd.readouterr().err
    assert (tmp_path / "a/park-government.md").read_bytes() == (tmp_path / "b/park-government.md").read_bytes()


AS_NOBODY = f"""
import os, sys
from pathlib import Path
from carbonost.errors import CarbonostError
from carbonost.storage import open_meters, open_objects, open_records, open_vectors
import carbonost.storage.meters_sqlite.store, carbonost.storage.sql.store
import carbonost.storage.files, carbonost.storage.vectors
os.setgroups([]); os.setegid({NOBODY}); os.seteuid({NOBODY})
for word in sys.argv[1:]:
    kind, _, place = word.partition("=")
    opened = dict(m=open_meters, r=open_records, o=open_objects, v=open_vectors)[kind]
    try:
        store = opened(Path(place))
        print("opened")
        if kind == "m":
            print(len(store.read("m", "1970-01-01T00:00Z", "2100-01-01T00:00Z")))
            store.delete("m", "1970-01-01T00:00Z", "2100-01-01T00:00Z")
    except CarbonostError as exc:
        print(type(exc).__name__)
"""


def as_nobody(*words):
    done = subprocess.run([sys.executable, "-c", AS_NOBODY, *words], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("closed", ["folder", "files", "way"])
def test_what_a_user_may_not_write_is_read_and_what_it_may_not_reach_is_told(disk, closed):
    laid_out(disk)
    disk.chmod({"folder": 0o755, "files": 0o777, "way": 0o700}[closed])
    words = [f"r={disk}/r.db", f"v={disk}/m.db", f"o={disk}/o", f"m={disk}/m.db"]
    refused = PermissionDeniedError.__name__
    assert as_nobody(*words) == ([refused] * 4 if closed == "way" else [*["opened"] * 4, "3", refused])
    disk.chmod(0o755)
    is_whole(disk)


def test_who_may_only_read_sees_what_a_living_writer_does_and_what_it_did(disk):
    """Rules 1 and 2: the log is followed while somebody writes, the file when nobody does."""
    laid_out(disk)
    word = f"m={disk}/m.db"
    with closing(open_meters(disk / "m.db")) as meters:
        meters.write(readings("m", start="2025-01-01T00:00Z"))
        assert as_nobody(word)[:2] == ["opened", "6"]
    assert as_nobody(word)[:2] == ["opened", "6"]


def test_a_user_with_permission_opens_what_it_made(disk):
    disk.chmod(0o777)
    words = [f"m={disk}/m.db", f"r={disk}/r.db", f"v={disk}/v.db", f"o={disk}/o"]
    assert as_nobody(*words) == ["opened", "0", *["opened"] * 3]
    assert {path.stat().st_uid for path in disk.glob("*.db")} == {NOBODY}


@pytest.mark.service
def test_a_postgres_whose_disk_is_full_keeps_what_it_acknowledged(postgres):
    import psycopg

    root = f"postgresql://carbonost@127.0.0.1:{postgres.port}/postgres"
    owner = postgres.folder.stat()
    with mounted("tmpfs", 40) as place:
        os.chown(place, owner.st_uid, owner.st_gid)
        (place / "ballast").write_bytes(b"\0" * (4 << 20))
        with psycopg.connect(root, autocommit=True) as connection:
            connection.execute(f"create tablespace tiny location '{place}'")
            try:
                connection.execute("create database tiny tablespace tiny")
                url = root.replace("/postgres", "/tiny")
                with closing(open_meters(url)) as store:
                    acknowledged = until_full(lambda n: store.write(noise(n)))
                    assert len(store.read("m", *ALWAYS)) == 2000 * acknowledged
                    (place / "ballast").unlink()
                    assert store.write(noise(acknowledged)).created == 2000
                    assert len(store.read("m", *ALWAYS)) == 2000 * (acknowledged + 1)
            finally:
                connection.execute("drop database if exists tiny with (force)")
                connection.execute("drop tablespace tiny")


@pytest.mark.service
def test_a_postgres_that_only_reads_says_so(postgres):
    import psycopg

    root = f"postgresql://carbonost@127.0.0.1:{postgres.port}/postgres"
    url = root.replace("/postgres", "/readonly")
    with psycopg.connect(root, autocommit=True) as connection:
        connection.execute("create database readonly")
        try:
            with closing(open_meters(url)) as store:
                store.write(readings("m"))
            open_records(url).close()
            connection.execute("alter database readonly set default_transaction_read_only = on")
            with pytest.raises(ReadOnlyError), closing(open_meters(url)) as store:
                store.write(readings("other"))
            with (
                pytest.raises(ReadOnlyError),
                closing(open_records(url)) as records,
                records.for_tenant("org").begin() as uow,
            ):
                uow.jobs.put({"id": "j"})
            connection.execute("alter database readonly reset default_transaction_read_only")
            with closing(open_meters(url)) as store:
                assert [info.point for info in store.series()] == ["m"]
        finally:
            connection.execute("drop database if exists readonly with (force)")
