"""An address works as its reader expects, or the message says what to write instead."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost import PipelineBuilder, open_meters, open_objects, open_records
from carbonost.errors import InputError, InvalidDataError, NotFoundError, SchemaOutdatedError, Unsupported
from carbonost.storage import open_vectors
from carbonost.storage.address import normal, parse_address

FILES = (open_records, open_meters, open_vectors)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


@pytest.mark.parametrize("open_store", FILES)
@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("sqlite://jobs.db", "Write sqlite:///jobs.db"),
        ("sqlite:jobs.db", "Write sqlite:///jobs.db"),
        ("sqlite:/srv/jobs.db", "Write sqlite:////srv/jobs.db"),
        ("sqlite:", "Write memory://"),
        ("sqlite://:memory:", "Write memory://"),
        ("sqlite:///", "sqlite:///park.db"),
        ("sqlite:///a?b.db", "sqlite:///a%3Fb.db"),
        ("sqlite:///a#b.db", "sqlite:///a%23b.db"),
        ("sqlite:///x.db?mode=ro", "Write sqlite:///x.db"),
        ("jobs.db", "Write sqlite:///jobs.db"),
        ("./jobs 1.db", "Write sqlite:///./jobs 1.db"),
        ("/srv/100%.db", "Write sqlite:////srv/100%25.db"),
        ("~/jobs.db", "Write sqlite:///~/jobs.db"),
        ("C:\\data\\jobs.db", "Write sqlite:///C:/data/jobs.db"),
        ("memory", "Write memory://"),
        ("", "sqlite:///park.db"),
        ("   ", "sqlite:///park.db"),
        (None, "sqlite:///park.db"),
        (7, "sqlite:///park.db"),
        (b"sqlite:///x.db", "sqlite:///park.db"),
        ("sqlite:///x\n.db", "Remove it"),
        ("sqlite:///x\0.db", "Remove it"),
        ("postgresql:db", "Write postgresql://"),
    ],
)
def test_a_misspelt_address_is_told_how_to_write_it(open_store, written, remedy):
    with pytest.raises(InputError) as caught:
        open_store(written)
    assert caught.value.field == "url"
    assert remedy in caught.value.remedy
    if isinstance(written, str) and written.isprintable():
        assert caught.value.value == written.strip() or not written.strip()
    assert list(Path().iterdir()) == [Path("home")]  # nothing was made on the way


@pytest.mark.parametrize("open_store", FILES)
@pytest.mark.parametrize(
    ("written", "file"),
    [
        ("sqlite:///jobs.db", "jobs.db"),
        ("SQLITE:///jobs.db", "jobs.db"),
        (" sqlite:///jobs.db\n", "jobs.db"),
        (Path("jobs.db"), "jobs.db"),
        (Path("odd %41?#.db"), "odd %41?#.db"),
        ("sqlite:///my file.db", "my file.db"),
        ("sqlite:///园区 数据.db", "园区 数据.db"),
        ("sqlite:///a%20b.db", "a b.db"),
        ("sqlite:///100%.db", "100%.db"),
        ("sqlite:///~/jobs.db", "home/jobs.db"),
    ],
)
def test_a_file_stands_where_every_port_looks_for_it(open_store, written, file):
    open_store(written).close()
    assert Path(file).exists()
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in Path().rglob("*.db*")} == {Path(file).name}


def test_a_missing_folder_and_a_folder_instead_of_a_file_are_told_apart():
    for open_store in FILES:
        with pytest.raises(NotFoundError, match="mkdir -p 'no/such'"):
            open_store("sqlite:///no/such/x.db")
        with pytest.raises(InputError, match="a folder stands there"):
            open_store("sqlite:///home")
    Path("file").touch()
    with pytest.raises(InputError, match="a file stands there"):
        open_objects("file:file")


def test_readings_and_records_do_not_share_a_file():
    open_records("sqlite:///park.db").close()
    with pytest.raises(SchemaOutdatedError, match="a file of their own"):
        open_meters("sqlite:///park.db")


@pytest.mark.parametrize(
    ("written", "folder"),
    [
        ("file:objects", "objects"),
        ("file://./objects", "objects"),
        (Path("碳 #1?"), "碳 #1?"),
        ("file:~/objects", "home/objects"),
        ("file://~/objects", "home/objects"),
        ("FILE:objects", "objects"),
    ],
)
def test_a_folder_of_objects_stands_where_its_address_says(written, folder):
    with closing(open_objects(written)) as store:
        store.put("k", b"1")
    assert (Path(folder) / "index.db").exists()


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("objects", "Write file:objects"),
        ("/srv/objects", "Write file:///srv/objects"),
        ("file://objects", "Write file:objects"),
        ("file:", "file:objects"),
        ("file:///", "file:objects"),
        ("file:a#b", "Write file:a%23b"),
        ("s3://bucket", "s3://key:secret@s3.amazonaws.com/bucket"),
        ("s3+http://key:secret@127.0.0.1:9000", "key:secret@host:9000/bucket"),
        ("s3+http://key:secret@127.0.0.1:9000/B", "Rename 'B'"),
        ("s3+http://key:secret@127.0.0.1:9000/bucket?prefx=a", "?prefix="),
        ("", "file:objects"),
    ],
)
def test_a_misspelt_address_of_objects_is_told_how_to_write_it(written, remedy):
    with pytest.raises((InputError, InvalidDataError)) as caught:
        open_objects(written)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("open_store", "written", "near"),
    [
        (open_records, "sqlit:///x.db", "sqlite"),
        (open_records, "postgresql+psycopg2://h/db", "postgresql"),
        (open_meters, "http://127.0.0.1:8086/db", "influx+http"),
        (open_meters, "influxdb://u:topsecret@h/db", "influx+http"),
        (open_objects, "https://h/bucket", "s3+https"),
        (open_objects, "flie:///x", "file"),
    ],
)
def test_an_unknown_scheme_is_told_the_nearest(open_store, written, near):
    with pytest.raises(Unsupported) as caught:
        open_store(written)
    assert f"Did you mean {near}://" in str(caught.value)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize("open_store", [open_records, open_meters, open_vectors])
@pytest.mark.parametrize(
    "written",
    [
        "postgresql://li:top#secret@127.0.0.1:9/db",
        "postgresql://li:top/secret@127.0.0.1:9/db",
        "postgresql://li:top?secret@127.0.0.1:9/db",
        "postgresql://li:top@x#secret@127.0.0.1:9/db",
        "postgresql://li:topsecret@127.0.0.1:nine/db",
        "postgresql://li:topsecret@[::1/db",
        "postgresql://li:topsecret@127.0.0.1:99999/db",
    ],
)
def test_a_password_that_ends_the_address_is_told_how_to_be_written(open_store, written):
    with pytest.raises(InputError) as caught:
        open_store(written)
    assert "quote(password" in caught.value.remedy
    assert "top" not in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20))
def test_any_password_that_is_encoded_arrives_whole(password):
    url = normal(f"postgres://li:{quote(password, safe='')}@[::1]:5432/db?sslmode=require")
    address = parse_address(url)
    assert (address.user, address.password, address.host, address.port) == ("li", password, "::1", 5432)
    assert address.shown == "postgresql://[::1]:5432/db"
    assert normal(url) == url


def test_a_password_with_an_at_sign_arrives_whole_as_it_is():
    address = parse_address("postgresql://li:p@ss:w%@host/db")
    assert (address.user, address.password, address.host) == ("li", "p@ss:w%", "host")


def test_a_store_of_another_kind_is_told_how_it_is_opened():
    with pytest.raises(Unsupported, match="It is opened by open_meters"):
        open_records("influx+http://u:p@127.0.0.1:9/db")
    with pytest.raises(Unsupported, match="It is opened by open_records or open_meters"):
        open_objects("sqlite:///x.db")


def test_a_slip_in_an_option_is_not_passed_over():
    with pytest.raises(InputError, match=r"\?prefix="):
        open_meters("influx+http://u:p@127.0.0.1:9/db?prefx=a_")


def test_a_pipeline_takes_paths_and_refuses_what_is_no_address():
    PipelineBuilder().with_records(Path("jobs.db")).with_objects(Path("files")).build()
    assert Path("jobs.db").exists()
    assert Path("files/index.db").exists()
    for wrong in ("sqlite://jobs.db", None, 3):
        with pytest.raises(InputError):
            PipelineBuilder().with_records(wrong).build()
        with pytest.raises((InputError, Unsupported)):
            PipelineBuilder().with_objects(wrong).build()
