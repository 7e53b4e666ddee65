# ruff: noqa: S608, ISC004 -- statements of our own
"""Layers from a running PostGIS: datum, kinds, refusals, and the geo stage fed by them (P26, P28, P29, P31, P38)."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np
import psycopg
import pytest

from carbonost.agents.layers import PostgisLayers, entities, roof_area_m2
from carbonost.domain.scenario import GeoSelection
from carbonost.engines.geo import area_km2, read_boundary
from carbonost.engines.geo.datum import wgs84_to_gcj02
from carbonost.errors import (
    AuthError,
    GeometryError,
    InputError,
    InvalidDataError,
    NotFoundError,
    PermissionDeniedError,
    StorageTimeout,
    Unsupported,
)
from carbonost.storage.layers_postgis import read_layer

pytestmark = pytest.mark.service
_numbers = count()
RING = [[120.6, 31.3], [120.65, 31.3], [120.65, 31.35], [120.6, 31.35], [120.6, 31.3]]
SQUARE = {"type": "Polygon", "coordinates": [RING]}
TEXT = json.dumps(SQUARE)
GCJ = json.dumps({"type": "Polygon", "coordinates": [[[float(v) for v in wgs84_to_gcj02(*point)] for point in RING]]})
TABLES = (
    "create extension postgis",
    "create schema gis",
    # the same square in seven ways
    "create table gis.parks (id text primary key, name text, geom geometry)",
    f"insert into gis.parks values ('p1', '示范园区', ST_GeomFromGeoJSON('{TEXT}'))",
    "insert into gis.parks select 'p2', '另一园区', ST_Translate(geom, 0.2, 0) from gis.parks",
    "create table p4490 as select id, name, ST_SetSRID(geom, 4490) as geom from gis.parks",
    "create table p4549 as select id, name, ST_Transform(ST_SetSRID(geom, 4490), 4549) as geom from gis.parks",
    "create table p3857 as select id, name, ST_Transform(geom, 3857) as geom from gis.parks",
    "create table pgeog as select id, name, geom::geography as geom from gis.parks",
    "create table p3d as select id, name, ST_Force3D(geom, 12) as geom from gis.parks",
    "create table pmulti as select id, name, ST_Multi(geom) as geom from gis.parks",
    "create view seen as select id, name, geom from gis.parks where id = 'p1'",
    f"create table pgcj as select 'p1'::text as id, ST_GeomFromGeoJSON('{GCJ}') as geom",
    "create table pnone as select id, ST_SetSRID(geom, 0) as geom from gis.parks",
    # what cannot be read
    "create table mixed as select id, geom from gis.parks union all"
    " select 'x', ST_SetSRID(ST_MakePoint(120.6, 31.3), 4326)",
    "create table two as select id, geom, ST_Centroid(geom) as centre from gis.parks",
    "create table many as select id, geom from gis.parks union all select id, geom from p4490",
    "create table plain (id int)",
    "create table nothing (id text, geom geometry(Polygon, 4326))",
    "create table blank as select id, null::geometry as geom from gis.parks",
    "create table curved as select 'c' as id, ST_GeomFromEWKT('SRID=4326;CURVEPOLYGON(CIRCULARSTRING("
    "0 0, 4 0, 4 4, 0 4, 0 0))') as geom",
    "create table lost as select id, ST_SetSRID(geom, 987654) as geom from gis.parks",
    "create table metres as select id, ST_SetSRID(ST_Transform(geom, 4549), 4549) as geom from p4490 union all"
    " select 'far', ST_SetSRID(ST_MakeEnvelope(1e30, 1e30, 2e30, 2e30), 4549)",
    'create table "Wéird; drop table x" ("the id" text, "the geom" geometry(Polygon, 4326), "a%b" numeric, d date)',
    "insert into \"Wéird; drop table x\" select id, geom, 1.5, '2024-02-29' from gis.parks where id = 'p1'",
    "create view slow as select id, geom from gis.parks, pg_sleep(5)",
    # who and what is there
    "create table firms (code text, label text, trade text, staff numeric, geom geometry(Point, 4326))",
    "insert into firms values ('e1', '甲厂', 'C26', 120, ST_SetSRID(ST_MakePoint(120.62, 31.32), 4326)),"
    " ('e2', '乙厂', null, null, ST_SetSRID(ST_MakePoint(120.9, 31.3), 4326)), ('e3', '丙厂', 'C31', 8, null)",
    "create table buildings (id int, geom geometry(Polygon, 4549))",
    "insert into buildings select n, ST_Transform(ST_SetSRID(ST_MakeEnvelope("
    "120.61 + n * 0.02, 31.31, 120.611 + n * 0.02, 31.311), 4490), 4549) from generate_series(0, 2) n",
    "create table districts (adcode text, title text, geom geometry(Polygon, 4490))",
    "insert into districts values ('320505', '虎丘', ST_MakeEnvelope(120.5, 31.2, 120.63, 31.5, 4490)),"
    " ('320506', '吴中', ST_MakeEnvelope(120.63, 31.2, 120.8, 31.5, 4490)),"
    " ('320581', '常熟', ST_MakeEnvelope(120.6, 31.6, 120.8, 31.8, 4490))",
    "create role mapper login",
    "grant usage on schema gis to mapper",
    "grant select on gis.parks to mapper",
)


@contextmanager
def _database(service, *statements):
    root = f"postgresql://carbonost@127.0.0.1:{service.port}"
    name = f"layers_{next(_numbers)}"
    with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
    with psycopg.connect(f"{root}/{name}", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
    yield f"{root}/{name}"
    with psycopg.connect(f"{root}/postgres", autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module")
def url(postgis):
    with _database(postgis, *TABLES) as found:
        yield found


@pytest.mark.parametrize(
    ("table", "datum", "srid", "said"),
    [
        ("gis.parks", None, 4326, "WGS84"),
        ("seen", None, 4326, "WGS84"),
        ("p4490", None, 4490, "CGCS2000"),
        ("p4549", None, 4549, "CGCS2000"),
        ("p3857", None, 3857, "WGS84"),
        ("pgeog", None, 4326, "WGS84"),
        ("p3d", None, 4326, "WGS84"),
        ("pmulti", None, 4326, "WGS84"),
        ("pgcj", "GCJ02", 4326, "GCJ02"),
        ("pnone", "CGCS2000", 0, "CGCS2000"),
    ],
)
def test_one_boundary_is_the_same_in_every_coordinate_system(url, table, datum, srid, said):  # P28, P38
    layer = read_layer(url, table, where={"id": "p1"}, datum=datum)
    assert (layer.kind, layer.datum, layer.srid, len(layer)) == ("polygon", said, srid, 1)
    selection = layer.selection()
    assert selection.datum == said
    boundary = read_boundary(selection.geometry, selection.datum)
    corners = np.array(boundary.geometry["coordinates"][0 if table != "pmulti" else slice(None)]).reshape(-1, 2)
    np.testing.assert_allclose(sorted(corners.tolist()), sorted(RING), atol=1e-8)
    assert boundary.area_km2 == pytest.approx(area_km2(SQUARE), rel=1e-7)


def test_degrees_read_back_to_the_bit_and_the_version_names_them(url):
    layer = read_layer(url, "gis.parks", where={"id": "p1"})
    assert layer.features[0].geometry == SQUARE
    assert layer.selection().name_hint == "示范园区"
    assert layer.to_geojson()["features"][0]["properties"] == {"name": "示范园区"}
    again = read_layer(url, "seen")
    assert again.version == layer.version
    assert read_layer(url, "gis.parks").version != layer.version


def test_names_are_data_never_syntax(url):
    layer = read_layer(url, "Wéird; drop table x", id="the id", where={"a%b": 1.5})
    assert layer.features[0].properties == {"a%b": 1.5, "d": "2024-02-29"}
    with pytest.raises(InvalidDataError, match="Known: the id"):
        read_layer(url, "Wéird; drop table x", id='the id"; --')
    with pytest.raises(NotFoundError, match="no such table"):
        read_layer(url, 'parks"; drop table "x')
    with pytest.raises(NotFoundError, match="no row"):
        read_layer(url, "gis.parks", where={"id": "' or true --"})


@pytest.mark.parametrize(
    ("table", "options", "kind", "words"),
    [
        ("gis.park", {}, NotFoundError, r"no such table.*gis\.parks"),
        ("a.b.c", {}, InvalidDataError, r"schema\.name"),
        ("plain", {}, InvalidDataError, "no geometry column.*Known: id"),
        ("two", {}, InvalidDataError, "say which.*geom, centre"),
        ("two", {"geometry": "shape"}, InvalidDataError, "no such geometry column.*geom, centre"),
        ("gis.parks", {"columns": ["nmae"]}, InvalidDataError, "no such column.*name"),
        ("gis.parks", {"where": {"town": "x"}}, InvalidDataError, "no such column"),
        ("nothing", {}, NotFoundError, "no row of nothing"),
        ("blank", {}, GeometryError, "no row of the layer has a geometry"),
        ("pnone", {}, GeometryError, "SRID 0.*datum="),
        ("lost", {}, GeometryError, "987654"),
        ("metres", {}, GeometryError, "PostGIS refused"),
        ("mixed", {}, GeometryError, "POINT, POLYGON.*mixes kinds"),
        ("many", {}, GeometryError, r"\[4326, 4490\].*mixes coordinate systems"),
        ("curved", {}, GeometryError, "ST_CurveToLine"),
        ("p4549", {"datum": "GCJ02"}, GeometryError, "GCJ02 is stated in degrees.*4549"),
        ("gis.parks", {"datum": "WGS-84"}, GeometryError, "unknown datum"),
        ("gis.parks", {"limit": 1}, InvalidDataError, "2 rows, more than 1"),
        ("slow", {"timeout_s": 0.3}, StorageTimeout, "in time"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_remedy(url, table, options, kind, words):
    with pytest.raises(kind, match=words):
        read_layer(url, table, **options)


def test_a_server_without_postgis_and_a_table_without_leave_are_told(postgis, url):
    with _database(postgis) as bare, pytest.raises(Unsupported, match="create extension postgis"):
        read_layer(bare, "parks")
    mapper = url.replace("carbonost@", "mapper:topsecret@")
    assert len(read_layer(mapper, "gis.parks")) == 2
    with pytest.raises(PermissionDeniedError):
        read_layer(mapper, "firms", id="code")
    with pytest.raises(AuthError) as caught:
        read_layer(url.replace("carbonost@", "tenant:topsecret@"), "gis.parks")
    assert "topsecret" not in f"{caught.value!r} {caught.value.target}"


def test_the_connection_only_reads(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table touched (n int)")
        connection.execute(
            "create function touch() returns text language sql as 'insert into touched values (1); select ''x'''"
        )
        connection.execute("create view writes as select touch() as id, geom from gis.parks limit 1")
        with pytest.raises(Exception, match="cannot be written"):
            read_layer(url, "writes")
        assert connection.execute("select count(*) from touched").fetchone() == (0,)


def test_only_what_is_near_is_read(url):
    for table in ("gis.parks", "p4490", "p4549"):
        assert [one.id for one in read_layer(url, table, near=(120.58, 31.2, 120.62, 31.4)).features] == ["p1"]
    assert len(read_layer(url, "pnone", near=(120.5, 31, 121, 32), datum="WGS84")) == 2
    with pytest.raises(NotFoundError):
        read_layer(url, "gis.parks", near=(100, 20, 101, 21))


def test_a_selection_is_one_polygon(url):
    for table in ("gis.parks", "firms"):
        with pytest.raises(GeometryError, match="one polygon"):
            read_layer(url, table, id="code" if table == "firms" else "id").selection()


def test_enterprises_become_entities_where_they_really_are(url):  # P31
    layer = read_layer(url, "firms", id="code")
    columns = {"name": "label", "industry_code": "trade", "employees": "staff"}
    first, second, third = entities(layer, columns)
    assert (first.id, first.name, first.industry_code, first.employees) == ("e1", "甲厂", "C26", 120)
    assert (first.lon, first.lat) == (120.62, 31.32)
    assert (second.industry_code, third.lon) == (None, None)
    assert first.source.startswith("firms@sha256:")
    shifted = entities(read_layer(url, "firms", id="code", datum="GCJ02"), columns)[0]
    assert 0.001 < abs(shifted.lon - 120.62) < 0.02
    with pytest.raises(InputError, match=r"columns\.name"):
        entities(layer, {"name": "nmae"})
    with pytest.raises(InputError, match=r"firms\[e1\]\.industry_code"):
        entities(layer, {"industry_code": "label"})


def test_roofs_inside_a_boundary_are_measured_on_the_ellipsoid(url):
    layer = read_layer(url, "buildings")
    one = (
        area_km2(
            {
                "type": "Polygon",
                "coordinates": [
                    [[120.61, 31.31], [120.611, 31.31], [120.611, 31.311], [120.61, 31.311], [120.61, 31.31]]
                ],
            }
        )
        * 1e6
    )
    assert roof_area_m2(layer, SQUARE) == pytest.approx(2 * one, rel=1e-5)  # the third lies outside
    with pytest.raises(GeometryError, match="buildings are polygons"):
        roof_area_m2(read_layer(url, "firms", id="code"), SQUARE)


def test_the_geo_stage_takes_boundary_and_districts_from_postgis(url):  # P26, P29
    layers = PostgisLayers(url, parks="gis.parks", districts="districts", code="adcode", name="title")
    boundary = layers.boundary(GeoSelection(type="park_id", geometry="p1"))
    assert area_km2(boundary) == pytest.approx(area_km2(SQUARE))
    assert layers.boundary(GeoSelection(type="park_id", geometry="nobody")) is None
    assert layers.boundary(GeoSelection(type="polygon", geometry=SQUARE)) is None
    found = {one["properties"]["code"] for one in layers.admin_features(boundary)}
    assert found == {"320505", "320506"}
    assert layers.version.startswith("sha256:")
    whole = layers.boundary(GeoSelection(type="admin_code", geometry="320581"))
    assert whole["coordinates"][0][0] == [120.6, 31.6]
    with pytest.raises(NotFoundError, match="no such table"):
        PostgisLayers(url, parks="gis.missing").boundary(GeoSelection(type="park_id", geometry="p1"))
    with pytest.raises(InputError, match="no layer is named"):
        PostgisLayers(url)


def test_a_job_resolves_a_park_by_its_id_with_what_postgis_holds(url):  # P26, P29, P31
    from carbonost import ParkData, PipelineBuilder, ScenarioParams
    from carbonost.agents.stages.geo import GeoStage

    layers = PostgisLayers(url, parks="p4549", districts="districts", code="adcode", name="title")
    firms = entities(read_layer(url, "firms", id="code"), {"name": "label", "industry_code": "trade"})
    job = (
        PipelineBuilder()
        .with_stage("geo", GeoStage(layers))
        .build()
        .run(
            GeoSelection(type="park_id", geometry="p1"),
            ScenarioParams(region="CN-JS", accounting_year=2023),
            ParkData(entities=firms),
            auto_approve=True,
        )
    )
    geo = job.envelopes["geo"]
    assert geo.value("area_km2") == pytest.approx(area_km2(SQUARE), rel=1e-6)
    assert geo.value("admin_codes")["district"] == "320505"
    assert [(row["name"], row["inside"]) for row in geo.artifacts["entities_raw"]] == [
        ("甲厂", True),
        ("乙厂", False),
        ("丙厂", None),
    ]
    manifest = {row["layer"]: row for row in geo.artifacts["layer_clip_manifest"]}
    assert manifest["admin_boundaries"]["version"] == layers.version


def test_the_snippets_of_the_guide_run(postgis):
    page = Path(__file__).resolve().parents[2] / "docs/how-to/postgres.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    named = (
        "create table gis.firms as table firms",
        "create table gis.buildings as table buildings",
        "create table gis.districts as table districts",
    )
    scope = {"__name__": "__page__"}
    with _database(postgis, *(one for one in TABLES if "mapper" not in one), *named) as address:
        for block in blocks:
            exec(compile(block.replace("postgresql://carbonost@db/park", address), page.name, "exec"), scope)  # noqa: S102
    assert len(blocks) == 3
