"""Tenants of shared stores (S12), orphans, line protocol (S34) and Parquet."""

# ruff: noqa: S608 -- statements over our own files

from __future__ import annotations

import inspect
from contextlib import closing
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import pytest

from carbonost.errors import InvalidDataError, InvalidKeyError, NotFoundError, TenantRequiredError
from carbonost.storage import open_meters, open_objects
from carbonost.storage.conformance.kit import ODD_NAMES, readings
from carbonost.storage.export import export_parquet
from carbonost.storage.influx import from_lines, to_lines
from carbonost.storage.ports import MeterStore, ObjectStore
from carbonost.storage.sweep import sweep
from carbonost.storage.tenants import TenantMeters, TenantObjects

ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")


def methods(port):
    return {name for name, _ in inspect.getmembers(port, inspect.isfunction) if not name.startswith("_")}


def test_no_selector_reaches_another_tenants_readings():
    shared = open_meters("memory://")
    mine, theirs = TenantMeters(shared, "园区/a"), TenantMeters(shared, "园区")
    mine.write(readings("m1", values=(1, 2), park_id="p1"))
    theirs.write(readings("a/m1", values=(7.0,), park_id="p1"))
    theirs.write(readings("m1", values=(8.0,), park_id="p1"))
    calls = {
        "read": lambda s: mine.read(s, *ALWAYS),
        "downsample": lambda s: mine.downsample(s, *ALWAYS, "1d", "UTC", "min"),
        "latest": mine.latest,
    }
    for selector in ({}, {"park_id": "p1"}, {"organization_id": "园区"}, ["m1", "a/m1"], "m1", "../园区/m1"):
        for name, call in calls.items():
            assert not {7.0, 8.0} & set(call(selector)["value"]), (name, selector)
        mine.delete(selector, *ALWAYS)
    assert [info.point for info in mine.series()] == ["m1"]
    assert sorted(theirs.read({}, *ALWAYS)["value"]) == [7.0, 8.0]
    with pytest.raises(InvalidDataError):
        mine.write(readings("m2").assign(organization_id="园区"))
    assert set(calls) | {"write", "delete", "series"} == methods(MeterStore) - {"apply_retention", "close"}


def test_no_key_reaches_another_tenants_objects():
    shared = open_objects("memory://")
    mine, theirs = TenantObjects(shared, "a"), TenantObjects(shared, "a/b")
    theirs.put("secret", b"theirs")
    mine.put("own", b"mine")
    for key in ("secret", "b/secret", "a%2Fb/secret"):
        for call in (mine.get, mine.stat):
            with pytest.raises(NotFoundError):
                call(key)
        mine.delete(key)
    with pytest.raises(InvalidKeyError):
        mine.get("../a%2Fb/secret")
    assert [info.key for info in mine.list()] == ["own"]
    assert theirs.get("secret", range=(0, 3)) == b"the"
    assert {"put", "get", "stat", "list", "delete", "presign"} == methods(ObjectStore) - {"close"}
    for wrapper, store in ((TenantMeters, shared), (TenantObjects, shared)):
        with pytest.raises(TenantRequiredError):
            wrapper(store, "")


def test_orphans_are_swept_once_they_are_old():
    objects, now = open_objects("memory://"), datetime.now(UTC)
    for key in ("jobs/kept", "jobs/orphan", "other/orphan"):
        objects.put(key, b"1")
    assert sweep(objects, {"jobs/kept"}, now, prefix="jobs/") == []
    assert sweep(objects, {"jobs/kept"}, now + timedelta(days=2), prefix="jobs/") == ["jobs/orphan"]
    assert [info.key for info in objects.list()] == ["jobs/kept", "other/orphan"]


def test_a_blob_that_no_key_names_is_swept(tmp_path):
    with closing(open_objects(f"file://{tmp_path}")) as store:
        store.put("k", b"kept")
        lost = tmp_path / "blobs" / "00" / ("0" * 64)
        lost.parent.mkdir(exist_ok=True)
        lost.write_bytes(b"a put that died")
        assert store.sweep() == 1
        assert store.get("k") == b"kept"


def test_parquet_is_read_without_us(tmp_path):
    with closing(open_meters("sqlite://")) as store:
        store.write(readings("电表", start="2024-01-31T00:00Z", values=range(2 * 96), park_id="p1"))
        files = export_parquet(store, tmp_path, {"park_id": "p1"}, *ALWAYS)
    assert [path.name for path in files] == ["readings-2024-01.parquet", "readings-2024-02.parquet"]
    found = duckdb.sql(
        f"select point, park_id, sum(value), count(*) from '{tmp_path}/*.parquet' group by 1, 2"
    ).fetchall()
    assert found == [("电表", "p1", sum(range(192)), 192)]


def test_line_protocol_goes_out_and_comes_back():
    names = [name for name in ODD_NAMES if "\\" not in name]
    frames = [readings(name, values=(0.1, 1e-7), park_id=name, status=name, quality=7) for name in names]
    frame = pd.concat(frames, ignore_index=True)
    back = from_lines(to_lines(frame))
    stores = [open_meters("memory://") for _ in (1, 2)]
    for store, content in zip(stores, (frame, back), strict=True):
        store.write(content)
    pd.testing.assert_frame_equal(*(store.read({}, *ALWAYS) for store in stores))
    assert stores[0].series() == stores[1].series()


def test_the_specifications_own_lines_are_read():  # S34
    text = (
        "energy_consumption,device_id=meter_001,building_id=bld_a,park_id=park_1,organization_id=org_x,"
        "device_type=electric_meter,energy_type=electricity "
        'value=125.6,status="online",quality=95 1709558400000000000\n'
        "power_consumption,device_id=hvac_001,building_id=bld_a,device_type=hvac "
        "value=45.2,efficiency=0.85 1709558400000000000\n"
        'temperature,device_id=sensor_001,building_id=bld_a,zone="zone_a" value=22.5,humidity=55 1709558400000000000\n'
        'carbon_realtime,park_id=park_1,scope="scope2" value=12.34 1709558400000000000\n'
    )
    frame = from_lines(text)
    assert frame["value"].tolist() == [125.6, 45.2, 0.85, 22.5, 55, 12.34]
    assert frame["unit"].tolist() == ["kWh", "kW", "1", "degC", "%", "tCO2e"]
    assert frame["point"].tolist()[:5:2] == ["meter_001", "hvac_001/efficiency", "sensor_001/humidity"]
    assert frame["start"].unique().tolist() == [pd.Timestamp("2024-03-04T13:20Z")]
    assert (frame.loc[0, "quality"], frame.loc[0, "status"]) == (95, "online")
    store = open_meters("memory://")
    assert store.write(frame).created == 6
    again = from_lines(to_lines(frame))
    assert store.write(again).unchanged == 6
    assert to_lines(frame).count("state,") == 2


@pytest.mark.parametrize(
    "line",
    [
        "",
        "m value=1",
        "m,a value=1 1",
        "m,a=b nothing=1 1",
        'm,a=b value="x" 1',
        "m value=1 1 extra",
        "value=1",
        "m,=x value=1 1",
    ],
)
def test_a_broken_line_is_refused_with_its_row(line):
    if not line:
        assert from_lines(line).empty
        return
    with pytest.raises(InvalidDataError) as caught:
        from_lines("m,device_id=a value=1 1\n" + line)
    assert caught.value.row == 1
