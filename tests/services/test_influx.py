"""The laws of readings, held against a running InfluxDB 1.x (S34, S35)."""

from __future__ import annotations

import pickle
from contextlib import closing, suppress
from itertools import count
from urllib.parse import quote

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonost.errors import (
    AuthError,
    BeyondRetentionError,
    InvalidDataError,
    NotFoundError,
    PartialWrite,
    TransientError,
)
from carbonost.storage import open_meters
from carbonost.storage.address import parse_address
from carbonost.storage.conformance import MeterStoreContract
from carbonost.storage.conformance.kit import readings
from carbonost.storage.influx.http import InfluxClient
from carbonost.testing.proxy import CutProxy

pytestmark = pytest.mark.service
ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")
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


ODD_WORD = "p@ss/w:o#r%d?碳 +"


def test_a_password_of_odd_characters_and_a_database_of_an_odd_name_work(influx):
    with closing(open_meters(address(influx))) as store:
        store._client.query(f"create user \"odd\" with password '{ODD_WORD}' with all privileges", admin=True)
    who = f"odd:{quote(ODD_WORD, safe='')}"
    with closing(open_meters(address(influx, quote('园区 "1"', safe=""), who=who))) as store:
        assert store.write(readings()).created == 3
    with pytest.raises(AuthError):
        open_meters(address(influx, who=f"odd:{quote(ODD_WORD[:-1], safe='')}"))


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


@pytest.mark.parametrize("cut", [1_500_000, 2_200_000, 3_000_000])
def test_a_batch_that_stops_half_way_says_what_stands_and_what_to_send_again(influx, cut):
    frame = readings("m1", values=range(30_000), step="1min", park_id="p1").sample(frac=1, random_state=1)
    name = f"half_{cut}"
    with CutProxy("127.0.0.1", influx.port, cut_after=cut) as proxy:
        half = open_meters(address(influx, name, port=proxy.port), timeout_s=5)
        with closing(half) as store, pytest.raises(PartialWrite) as caught:
            store.write(frame)
        error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 -- our own
        assert error.retryable
        assert error.rejected == 0
        assert error.stored in (10_000, 20_000)
        assert error.stored + len(error.resend) == 30_000
    with closing(open_meters(address(influx, name))) as store:
        standing = store.read("m1", *ALWAYS)["value"].tolist()
        assert standing == [float(n) for n in range(error.stored)]
        assert store.write(error.resend).stored == 30_000 - error.stored
        assert store.write(frame).unchanged == 30_000
        assert store.read("m1", *ALWAYS)["value"].tolist() == [float(n) for n in range(30_000)]
        assert store.series()[0]["park_id"] == "p1"


def test_a_write_whose_answer_is_lost_is_repeated_and_counts_once(influx):
    frame = readings("m1", values=range(25_000), step="1min")
    lost = 0
    for cut in range(600, 2600, 200):  # some of these cut the answer to a post
        with (
            CutProxy("127.0.0.1", influx.port, cut_reply_after=cut) as proxy,
            suppress(TransientError),
            closing(open_meters(address(influx, "lost", port=proxy.port))) as store,
        ):
            try:
                store.write(frame)
            except (TransientError, PartialWrite) as exc:
                lost += exc.retryable
    assert lost
    with closing(open_meters(address(influx, "lost"))) as store:
        store.write(frame)
        assert store.read("m1", *ALWAYS)["value"].tolist() == [float(n) for n in range(25_000)]
        assert store.downsample("m1", *ALWAYS, "1y", "UTC")["value"].sum() == sum(range(25_000))


def test_a_reading_older_than_the_servers_policy_is_told_and_the_rest_counted(influx):
    with closing(open_meters(address(influx, "short"))) as store:
        store._client.query('create retention policy "brief" on "short" duration 1h replication 1 default', admin=True)
        with pytest.raises(BeyondRetentionError) as caught:
            store.write(readings("m1", values=range(12), step="1h"))
        assert caught.value.stored + len(caught.value.resend) <= 12


@pytest.mark.parametrize(
    ("status", "body", "stored", "rejected", "resend"),
    [
        (400, '{"error":"partial write: field type conflict dropped=1"}', 4, 1, 5),
        (
            422,
            '{"code":"unprocessable entity","message":"failure writing: partial write: … dropped=2"}',
            3,
            2,
            5,
        ),
        (
            400,
            '{"error":"partial write of line protocol occurred","data":[{"line_number":2}]}',
            4,
            1,
            1,
        ),
        (400, '{"error":"partial write of line protocol occurred"}', 0, None, 5),
        (400, "partial write", 0, None, 5),
    ],
)
def test_partial_writes_of_every_generation_are_read(monkeypatch, status, body, stored, rejected, resend):
    """1.x as seen, 2.x and 3.x as documented."""
    import urllib3

    client = InfluxClient(parse_address("influx+http://u:p@127.0.0.1:8086/db"), 5)
    reply = urllib3.HTTPResponse(body.encode(), status=status)
    monkeypatch.setattr(client, "_call", lambda *_a, **_k: reply)
    with pytest.raises(PartialWrite) as caught:
        client.write([f"m value={n} 1" for n in range(5)])
    assert (caught.value.stored, caught.value.rejected, len(caught.value.resend)) == (stored, rejected, resend)
    assert not caught.value.retryable


RESERVED = ("time", "value", "quality", "status", "_field", "_measurement", "name", "#", "\u2028")
names = st.text(min_size=1, max_size=12) | st.sampled_from([*RESERVED, "a\nb value=1 1", "a\\", "\\,", "'", '"'])
numbers = count()


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(point=names, tag=names, text=names, status=st.text(max_size=12), kind=names)
def test_any_text_round_trips_or_is_refused_before_it_is_sent(odd_store, point, tag, text, status, kind):
    store, sent = odd_store
    point = f"{next(numbers)}{point}"
    start = pd.to_datetime(["2024-01-01T00:00Z"])
    frame = pd.DataFrame({"point": [point], "start": start, "value": [1.5], "unit": ["kWh"]})
    if tag not in frame.columns:
        frame[tag] = [text]
    frame["status"], frame["energy_type"] = [status], [kind]
    known, before = {info.point for info in store.series()}, len(sent)
    try:
        store.write(frame)
    except InvalidDataError:
        assert len(sent) == before  # nothing left the house
        assert {info.point for info in store.series()} == known
        return
    (info,) = [info for info in store.series() if info.point not in known]
    assert (info.point, info.energy_type, info.unit) == (point, kind, "kWh")
    if tag not in frame.columns[:4] and tag not in ("status", "energy_type", "quality"):
        assert info.tags == {tag: text}
        assert point in store.read({tag: text}, *ALWAYS)["point"].tolist()
    found = store.read(point, *ALWAYS)
    assert (found["point"].tolist(), found["value"].tolist(), found["status"].tolist()) == ([point], [1.5], [status])


@pytest.fixture(scope="module")
def odd_store(influx):
    sent = []
    with closing(open_meters(address(influx, "odd"))) as store:
        write = store._client.write
        store._client.write = lambda lines: (sent.extend(lines), write(lines))[1]
        yield store, sent
        shown = {value[0] for one in store._client.query("show measurements") for value in one["values"]}
        assert shown <= {"energy_consumption", "carbonost_series", "carbonost_probe"}


def test_a_silent_server_times_out(influx):
    with CutProxy("127.0.0.1", influx.port, black_hole=True) as proxy, pytest.raises(TransientError):
        open_meters(address(influx, port=proxy.port), timeout_s=0.3)
