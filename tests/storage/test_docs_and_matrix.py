"""The pages of storage keep their word: the adapter proves itself, the matrix is of these laws."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from carbonost.errors import FactorNotFoundError, InputError, InvalidDataError, TransientError, Unsupported
from carbonost.storage import open_meters, open_objects, open_records, register
from carbonost.storage.conformance import MeterStoreContract, ObjectStoreContract, RecordStoreContract
from carbonost.storage.registry import schemes, unregister
from carbonost.storage.validity import factor_on, gaps, overlaps
from carbonost.storage.verify import verify

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_adapter_of_the_guide_passes_every_law(tmp_path):
    adapter, proof, _ = FENCE.findall((ROOT / "docs/how-to/write-an-adapter.md").read_text("utf-8"))
    (tmp_path / "blobstore.py").write_text(adapter, "utf-8")
    (tmp_path / "test_blobstore.py").write_text(proof, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_blobstore.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    laws = len([n for n, _ in inspect.getmembers(ObjectStoreContract, inspect.isfunction) if n.startswith("test_")])
    assert f"{laws} passed" in done.stdout, done.stdout
    assert "skipped" not in done.stdout
    code = len([line for line in adapter.split("\n") if line.strip()])
    assert code < 90


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
