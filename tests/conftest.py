"""Pictures, and real servers for tests that ask for one: started once, stopped by their own id.

Missing here, they skip and say what to install; with ``CARBONOST_REQUIRE_SERVICES=postgres,influx,…``
(or ``all``) a missing one is a failure, so that a build server cannot skip in silence.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")  # how fast the machine is decides no test


def _required(name):
    required = os.environ.get("CARBONOST_REQUIRE_SERVICES", "").split(",")
    return name in required or "all" in required


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where every service is required, a test of one that skips has failed, whatever made it skip."""
    report = yield
    if report.skipped and item.get_closest_marker("service") and _required("all"):
        report.outcome, report.longrepr = "failed", f"a service test was skipped where none may be: {report.longrepr}"
    return report


@pytest.fixture
def pyplot():
    """Pictures without a screen, closed behind the test."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    yield pyplot
    pyplot.close("all")


@contextmanager
def _service(name):
    from carbonost.testing import services

    try:
        with getattr(services, name)() as service:
            yield service
    except services.ServiceMissing as exc:
        if _required(name):
            pytest.fail(str(exc))
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def postgres():
    with _service("postgres") as service:
        yield service


@pytest.fixture(scope="session")
def pgvector():
    with _service("pgvector") as service:
        yield service


@pytest.fixture(scope="session")
def postgis():
    with _service("postgis") as service:
        yield service


@pytest.fixture(scope="session")
def influx():
    with _service("influx") as service:
        yield service


@pytest.fixture(scope="session")
def seaweed():
    with _service("seaweed") as service:
        yield service


@pytest.fixture(scope="session")
def rclone():
    with _service("rclone") as service:
        yield service


@pytest.fixture(scope="session")
def mosquitto():
    with _service("mosquitto") as service:
        yield service
