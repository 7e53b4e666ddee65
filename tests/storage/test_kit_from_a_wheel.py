"""The conformance kit is in the wheel: an integrator who installed carbonost proves an adapter with six lines."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIX_LINES = """
import pytest, carbonost
from carbonost.storage import open_meters
from carbonost.storage.conformance import MeterStoreContract
class TestMine(MeterStoreContract):
    store = pytest.fixture(lambda self: open_meters("memory://"))
print(carbonost.__file__)
"""


def test_the_kit_runs_from_an_installed_wheel_outside_the_repository(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("carbonost-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    assert not (site / "tests").exists()
    (tmp_path / "test_mine.py").write_text(SIX_LINES, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-W", "error", "-p", "no:cacheprovider", "test_mine.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, env=environment)
    assert done.returncode == 0, done.stdout
    assert str(site) in done.stdout
    assert "skipped" not in done.stdout
