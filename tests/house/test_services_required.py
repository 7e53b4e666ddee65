"""A build server that asks for every service cannot skip one in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MISSING = """
import pytest
from carbonost.testing import services
pytestmark = pytest.mark.service

def missing(*args, **kwargs):
    raise services.ServiceMissing("influx: influxd not found. To run: apt-get install influxdb")

@pytest.fixture(scope="session", autouse=True)
def _gone():
    services.influx = missing

def test_by_fixture(influx):
    pass

def test_by_hand():
    pytest.skip("no server here")
"""


@pytest.mark.parametrize(("required", "outcome"), [("", "2 skipped"), ("all", "failed"), ("influx", "1 error")])
def test_a_missing_service_skips_here_and_fails_where_it_is_required(tmp_path, required, outcome):
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = service: needs a server\n")
    (tmp_path / "test_gone.py").write_text(MISSING, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_gone.py"]
    environment = {**os.environ, "CARBONOST_REQUIRE_SERVICES": required}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, env=environment)
    last = done.stdout.strip().split("\n")[-1]
    assert outcome in last, done.stdout
    assert (done.returncode == 0) is (not required)
    assert "skipped" not in last or required != "all"
