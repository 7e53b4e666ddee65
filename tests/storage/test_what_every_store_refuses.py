"""What every store refuses alike, and how one that does not answer is told from one that is not there (S60)."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from decimal import Decimal

import pytest

from carbonost.errors import InvalidDataError, StorageTimeout, TransientError
from carbonost.storage import open_meters, open_objects, open_records

SERVERS = (
    (open_objects, "s3+http://key:s3cretkey@127.0.0.1:{}/bucket"),
    (open_records, "postgresql://nobody@127.0.0.1:{}/park"),
    (open_meters, "postgresql://nobody@127.0.0.1:{}/park"),
)


@pytest.fixture(params=["memory:", "sqlite:"])
def tenant(request, tmp_path):
    url = request.param if request.param == "memory:" else f"sqlite:///{tmp_path}/park.db"
    with closing(open_records(url)) as store:
        yield store.for_tenant("org")


@pytest.mark.parametrize(("opened", "url"), SERVERS)
def test_a_silent_server_is_given_up_about_when_the_time_is_over(opened, url):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        began = time.monotonic()
        with pytest.raises(StorageTimeout):
            opened(url.format(silent.getsockname()[1]), timeout_s=2)
        assert time.monotonic() - began < 6  # three tries of two seconds and more took longer


@pytest.mark.parametrize(("opened", "url"), SERVERS)
def test_a_closed_port_is_a_passing_fault_and_no_timeout(opened, url):
    with pytest.raises(TransientError) as caught:
        opened(url.format(9), timeout_s=2)
    assert type(caught.value) is TransientError
    assert caught.value.retryable


@pytest.mark.parametrize("consumption", [True, -1, "-0.5", float("inf"), "nan"])
def test_a_consumption_is_a_finite_number_from_zero(tenant, consumption):
    with tenant.begin() as uow, pytest.raises(InvalidDataError) as caught:
        uow.activities.put({"id": "a", "energy_type": "electricity", "unit": "kWh", "consumption": consumption})
    assert caught.value.field == "consumption"


def test_a_consumption_is_a_float64_and_an_emission_keeps_every_digit(tenant):
    long = "123456789012345.123456"
    with tenant.begin() as uow:
        uow.activities.put({"id": "a", "energy_type": "electricity", "unit": "kWh", "consumption": long})
        uow.emissions.put({"id": "e", "scope1_total": long})
    with tenant.begin() as uow:
        assert uow.activities.get("a")["consumption"] == float(long)
        assert uow.emissions.get("e")["scope1_total"] == Decimal(long)
