"""The pages of storage keep their word: the adapter proves itself, the matrix is of these laws."""

from __future__ import annotations

import inspect
import os
import re
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from carbonost.errors import (
    FactorNotFoundError,
    InputError,
    InvalidDataError,
    StorageError,
    StorageFullError,
    TransientError,
    Unsupported,
)
from carbonost.storage import open_meters, open_objects, open_records, register
from carbonost.storage.backing import BackedMeterStore
from carbonost.storage.conformance import MeterStoreContract, ObjectStoreContract, RecordStoreContract
from carbonost.storage.registry import schemes, unregister
from carbonost.storage.validity import factor_on, gaps, overlaps
from carbonost.storage.verify import verify

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def laws_of(contract):
    return len([name for name, _ in inspect.getmembers(contract, inspect.isfunction) if name.startswith("test_")])


def pytest_in(folder, *files):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, env=environment).stdout


def test_each_adapter_of_the_guide_is_short_and_passes_every_law(tmp_path):
    rows, rows_proof, blobs, blobs_proof, _ = FENCE.findall(
        (ROOT / "docs/how-to/write-an-adapter.md").read_text("utf-8")
    )
    for name, adapter, proof, contract in (
        ("rowstore", rows, rows_proof, MeterStoreContract),
        ("blobstore", blobs, blobs_proof, ObjectStoreContract),
    ):
        assert len([line for line in adapter.split("\n") if line.strip()]) <= 42
        (tmp_path / f"{name}.py").write_text(adapter, "utf-8")
        (tmp_path / f"test_{name}.py").write_text(proof, "utf-8")
        said = pytest_in(tmp_path, f"test_{name}.py")
        assert f"{laws_of(contract)} passed" in said, said
        assert "skipped" not in said


TAMPERED = """
    def tamper(self, store, key):
        with store._objects.db:
            store._objects.db.execute("update object set data = x'00' where key = ?", (key,))
        return True
"""
KILLED = """
    def address(self, store):
        return store.target
"""


def test_the_adapters_of_the_guide_survive_kill_9_and_changed_bytes_once_they_are_installed(tmp_path):
    rows, rows_proof, blobs, blobs_proof, _ = FENCE.findall(
        (ROOT / "docs/how-to/write-an-adapter.md").read_text("utf-8")
    )
    (tmp_path / "rowstore.py").write_text(rows.replace('"delete"}', '"delete", "multi_process"}'), "utf-8")
    (tmp_path / "blobstore.py").write_text(blobs, "utf-8")
    (tmp_path / "test_rowstore.py").write_text(rows_proof + KILLED, "utf-8")
    (tmp_path / "test_blobstore.py").write_text(blobs_proof + TAMPERED, "utf-8")
    installed = tmp_path / "theirs-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(
        "[carbonost.storage]\nmeters.rows = rowstore:open_store\nobjects.blob = blobstore:open_store\n"
    )
    (tmp_path / "test_cards.py").write_text(
        "from carbonost.storage.verify import verify\n"
        "def test_cards(tmp_path):\n"
        "    assert verify(f'blob:{tmp_path}/x.db', disposable=True)[0].capabilities == ('if_absent', 'nested_keys')\n"
    )
    said = pytest_in(tmp_path, "test_rowstore.py", "test_blobstore.py", "test_cards.py")
    assert f"{laws_of(MeterStoreContract) + laws_of(ObjectStoreContract) + 1} passed" in said, said


class Leaking:
    """A backing whose vendor fails in its own words."""

    capabilities = frozenset()

    def series(self):
        raise sqlite3.OperationalError("the vendor's word")

    def close(self):
        raise OSError("again")


def test_a_backing_may_name_its_faults_and_its_vendor_never_leaks():
    with pytest.raises(StorageError, match="vendor's word") as caught:
        BackedMeterStore(Leaking(), target="x://h").series()
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    assert caught.value.target == "x://h"
    Leaking.fault = lambda _self, exc: StorageFullError("full") if isinstance(exc, sqlite3.Error) else None
    with pytest.raises(StorageFullError):
        BackedMeterStore(Leaking()).series()
    with pytest.raises(StorageError):
        BackedMeterStore(Leaking()).close()


@pytest.mark.parametrize(
    ("port", "contract"),
    [("records", RecordStoreContract), ("meters", MeterStoreContract), ("objects", ObjectStoreContract)],
)
def test_the_support_matrix_is_of_todays_laws_and_none_is_broken(port, contract):
    laws = len([n for n, _ in inspect.getmembers(contract, inspect.isfunction) if n.startswith("test_")])
    text = (ROOT / "docs/reference/adapters.md").read_text("utf-8")
    found = re.findall(rf"^\| {port} \| .*? \| (\d+)/(\d+) \|", text, re.MULTILINE)
    assert len(found) >= 3
    assert set(found) == {(str(laws), str(laws))}, "run: python benchmarks/adapters.py docs/reference/adapters.md"


def test_an_adapter_is_found_by_its_scheme_and_a_built_in_is_not_taken_over():
    register("meters", "mine", "carbonost.storage.memory:open_meters")
    try:
        assert open_meters("mine://x").series() == []
        assert "mine" in schemes("meters")
    finally:
        unregister("meters", "mine")
    with pytest.raises(InputError):
        register("meters", "sqlite", "x:y")
    for open_store in (open_meters, open_records, open_objects):
        with pytest.raises(Unsupported, match=r"sqlite|file"):
            open_store("nosuch://x")
        with pytest.raises(InputError):
            open_store("no address")


def test_an_entry_point_brings_an_adapter(monkeypatch):
    from importlib.metadata import EntryPoint

    from carbonost.storage import registry

    entry = EntryPoint("objects.theirs", "carbonost.storage.memory:open_objects", "carbonost.storage")
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    assert list(open_objects("theirs://x").list()) == []


def test_an_adapter_without_a_place_of_its_own_is_tried_only_where_it_may():
    register("objects", "plain", "tests_no_module:open_store")
    try:
        with pytest.raises(ModuleNotFoundError):
            verify("plain://x")
    finally:
        unregister("objects", "plain")


def test_verify_tells_a_broken_law(monkeypatch):
    from carbonost.storage.memory import MemoryObjectStore

    monkeypatch.setattr(MemoryObjectStore, "delete", lambda self, key: None)
    (card,) = verify("memory://", "objects")
    assert not card.passed
    assert "**O7**" in card.to_markdown()
    assert card.to_dict()["passed"] is False


def test_overlaps_and_gaps_of_factors_are_found():  # S23
    days = [("a", date(2022, 1, 1), date(2022, 12, 31)), ("b", date(2023, 1, 1), date(2023, 6, 30))]
    days += [("c", date(2023, 6, 30), date(2023, 12, 31)), ("d", date(2025, 1, 1), None)]
    item = {"energy_type": "electricity", "region": "CN-JS", "value": "0.6", "unit": "kg/kWh"}
    with open_records("memory://").for_tenant("org").begin() as uow:
        uow.factors.put([{**item, "id": n, "valid_from": first, "valid_to": last} for n, first, last in days])
        factors = uow.factors.list(energy_type="electricity")
    assert overlaps(factors) == [("b", "c", date(2023, 6, 30), date(2023, 6, 30))]
    assert gaps(factors) == [(("electricity", "CN-JS", "CO2e"), date(2024, 1, 1), date(2024, 12, 31))]
    assert factor_on(factors, "electricity", "CN-JS", date(2022, 12, 31)).id == "a"  # both days are inclusive
    assert factor_on(factors, "electricity", "CN-JS", date(2099, 1, 1)).id == "d"
    with pytest.raises(InvalidDataError):
        factor_on(factors, "electricity", "CN-JS", date(2023, 6, 30))
    with pytest.raises(FactorNotFoundError):
        factor_on(factors, "electricity", "CN-JS", date(2024, 5, 1))


@pytest.mark.parametrize(
    "call",
    [
        lambda: open_records("postgresql://li:topsecret@127.0.0.1:9/db", timeout_s=2),
        lambda: open_meters("influx+http://li:topsecret@127.0.0.1:9/db", timeout_s=2),
        lambda: open_objects("s3+http://li:topsecret@127.0.0.1:9/bucket", timeout_s=2),
    ],
)
def test_no_message_repeats_a_password(call):
    with pytest.raises(TransientError) as caught:
        call()
    assert "topsecret" not in f"{caught.value!r} {caught.value} {caught.value.target}"
    assert "127.0.0.1" in (caught.value.target or "")
