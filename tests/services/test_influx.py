"""The laws of readings, held against a running InfluxDB 1.x (S34, S35)."""

from __future__ import annotations

from contextlib import closing
from itertools import count

import pytest

from carbonost.errors import AuthError, NotFoundError, PartialWrite, TransientError
from carbonost.storage import open_meters
from carbonost.storage.conformance import MeterStoreContract
from carbonost.storage.conformance.kit import readings
from carbonost.testing.proxy import CutProxy

pytestmark = pytest.mark.service
_numbers = count()


def address(influx, database=None, who="carbonost:s3cret", port=None):
    return f"influx+http://{who}@127.0.0.1:{port or influx.port}/{database or f'test_{next(_numbers)}'}"


class TestInfluxMeters(MeterStoreContract):
    @pytest.fixture
    def store(self, influx):
        self.url = address(influx)
        with closing(open_meters(self.url)) as opened:
            assert opened.server.startswith("InfluxDB 1.")
            yield opened

    def address(self, store):
        return self.url


def test_lines_carry_the_specifications_measurement_tags_and_fields(influx):  # S34
    with closing(open_meters(address(influx))) as store:
        frame = readings("meter_001", values=(125.6,), quality=95, status="online")
        store.write(
            frame.assign(building_id="bld_a", park_id="park_1", organization_id="org_x", device_type="electric")
        )
        store.write(readings("hvac_001", values=(45.2,), unit="kW"))
        store.write(readings("sensor_001", values=(22.5,), unit="degC", energy_type="temperature"))
        store.write(readings("park_1", values=(12.34,), unit="tCO2e", energy_type="carbon"))
        (found,) = store._client.query('select * from "energy_consumption"')
        row = dict(zip(found["columns"], found["values"][0], strict=True))
        assert (row["device_id"], row["value"], row["status"], row["quality"]) == ("meter_001", 125.6, "online", 95)
        assert (row["building_id"], row["park_id"], row["organization_id"]) == ("bld_a", "park_1", "org_x")
        names = {value[0] for one in store._client.query("show measurements") for value in one["values"]}
        assert {"power_consumption", "temperature", "carbon_realtime"} <= names


def test_a_partial_write_says_what_was_stored(influx):
    with closing(open_meters(address(influx))) as store:
        store._client.write(["m,device_id=a value=1 1"])
        with pytest.raises(PartialWrite) as caught:
            store._client.write(["m,device_id=a value=1 1", 'm,device_id=b value="text" 1', "m,device_id=c value=3 1"])
        assert (caught.value.stored, caught.value.rejected) == (2, 1)


def test_wrong_credentials_and_a_closed_port_are_told_apart(influx):
    with pytest.raises(AuthError) as caught:
        open_meters(address(influx, who="carbonost:wrongword"))
    assert "wrongword" not in str(caught.value)
    with pytest.raises(TransientError):
        open_meters(address(influx, port=9))


def test_a_dropped_database_is_told(influx):
    with closing(open_meters(address(influx, "gone"))) as store:
        store._client.query('drop database "gone"', admin=True)
        with pytest.raises(NotFoundError):
            store.write(readings())


def test_a_write_that_is_cut_can_be_repeated_and_counts_once(influx):
    with CutProxy("127.0.0.1", influx.port) as proxy:
        with closing(open_meters(address(influx, "cut", port=proxy.port), timeout_s=5)) as store:
            store.write(readings("m1", values=(0.0,)))
        proxy.cut_after = 250_000
        frame = readings("m1", values=range(1, 30_001), step="1min")
        with closing(open_meters(address(influx, "cut", port=proxy.port), timeout_s=5)) as store:
            with pytest.raises(TransientError):
                store.write(frame)
            proxy.cut_after = None
        with closing(open_meters(address(influx, "cut", port=proxy.port), timeout_s=20)) as store:
            store.write(frame)
            found = store.read("m1", "2020-01-01T00:00Z", "2030-01-01T00:00Z")
            assert found["value"].tolist() == [float(n) for n in range(1, 30_001)]


def test_a_silent_server_times_out(influx):
    with CutProxy("127.0.0.1", influx.port, black_hole=True) as proxy, pytest.raises(TransientError):
        open_meters(address(influx, port=proxy.port), timeout_s=0.3)
