"""P28 to P40: where a park is and who is in it."""

import parks
import pytest

from carbonost import GeoSelection, ParkData
from carbonost.agents.policy import ReviewPolicy
from carbonost.agents.reasons import beyond
from carbonost.errors import GeometryError, InputError


def test_the_polygon_of_the_specification_has_427_km2():  # P28
    geo = parks.run().envelopes["geo"]
    assert geo.number("area_km2") == pytest.approx(427.41, abs=0.01)
    assert geo.value("admin_codes") == {"province": "330000"}  # P29
    assert geo.artifacts["region_boundary"]["type"] == "Polygon"  # P31


def test_a_polygon_that_crosses_itself_is_refused():  # P34, P39
    bow = {
        "type": "Polygon",
        "coordinates": [[[120.0, 30.0], [120.2, 30.2], [120.2, 30.0], [120.0, 30.2], [120.0, 30.0]]],
    }
    with pytest.raises(GeometryError, match="crosses itself"):
        parks.run(GeoSelection(type="polygon", geometry=bow, datum="WGS84"))


def test_swapped_coordinates_are_refused_with_the_remedy():  # P39
    swapped = {"type": "Polygon", "coordinates": [[[p[1], p[0]] for p in parks.SQUARE["coordinates"][0]]]}
    with pytest.raises(GeometryError, match="swapped"):
        parks.run(GeoSelection(type="polygon", geometry=swapped, datum="WGS84"))


def test_an_undeclared_datum_is_a_gap_and_a_review():  # P38
    job = parks.run(GeoSelection(type="polygon", geometry=parks.SQUARE))
    assert "坐标基准（datum）" in parks.gaps(job, "geo")
    assert beyond("metrics.area_km2", 12345.6, 2000.0, above=True) == "选区面积 12,350 km²，高于 2,000 km²"
    assert "geo.datum: 坐标基准未声明" in parks.reasons(job, "geo")


def test_gcj_02_is_converted_and_said():  # P38
    geo = parks.run(GeoSelection(type="polygon", geometry=parks.SQUARE, datum="GCJ02")).envelopes["geo"]
    corner = geo.artifacts["region_boundary"]["coordinates"][0][0]
    assert 0.001 < abs(corner[0] - 120.0) < 0.02
    assert "datum_conversion" in {item.name for item in geo.assumptions}


@pytest.mark.parametrize(("low", "high", "rule"), [(500.0, 2000.0, "area_small"), (0.01, 100.0, "area_large")])
def test_an_abnormal_area_is_reviewed_by_the_policy(low, high, rule):  # P34, P85
    job = parks.run(policy=ReviewPolicy(area_km2_min=low, area_km2_max=high))
    assert f"geo.{rule}" in parks.reasons(job, "geo")


def test_several_districts_are_reviewed_with_their_shares():  # P29, P35
    class Halves:
        version = "made up"

        def boundary(self, selection):
            return parks.SQUARE

        def admin_features(self, geometry):
            def half(code, west, east):
                ring = [[west, 29.9], [east, 29.9], [east, 30.3], [west, 30.3], [west, 29.9]]
                return {
                    "type": "Feature",
                    "properties": {"code": code, "name": code},
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }

            return [half("330106", 119.9, 120.15), half("330110", 120.15, 120.3)]

    job = parks.run(GeoSelection(type="admin_code", geometry="330106"), boundaries=Halves())
    shares = {row["code"]: row["share"] for row in job.envelopes["geo"].artifacts["admin_overlaps"]}
    assert shares == pytest.approx({"330106": 0.75, "330110": 0.25}, abs=1e-3)
    assert "geo.overlap" in parks.reasons(job, "geo")
    assert job.envelopes["geo"].value("admin_codes")["district"] == "330106"


def test_an_abolished_code_is_reported_with_its_successor():  # P40
    job = parks.run(GeoSelection(type="admin_code", geometry="330103"))
    assert "geo.old_code" in parks.reasons(job, "geo")
    assert any("后继代码" in gap.workaround for gap in job.envelopes["geo"].data_gaps)
    with pytest.raises(InputError, match="no administrative unit"):
        parks.run(GeoSelection(type="admin_code", geometry="999999"))


def test_enterprises_are_clipped_counted_and_compared_with_expectation():  # P30, P31, P36
    entities = [
        {"id": "A", "name": "A", "industry_code": "C26", "lon": 120.1, "lat": 30.1},
        {"id": "B", "name": "B", "lon": 121.0, "lat": 30.1},
        {"id": "C", "name": "C"},
    ]
    job = parks.run(data=ParkData(entities=entities, site={"expected_entity_count": 10}))
    geo = job.envelopes["geo"]
    assert geo.value("entity_count_est") == 2
    assert [row["inside"] for row in geo.artifacts["entities_raw"]] == [True, False, None]
    manifest = geo.artifacts["layer_clip_manifest"][0]
    assert (manifest["count_in"], manifest["count_out"]) == (2, 1)
    assert manifest["method"]
    assert "geo.entities" in parks.reasons(job, "geo")
    assert "部分企业的行业代码" in parks.gaps(job, "geo")
    assert "电价规则（分时、基本电费）" in parks.gaps(job, "geo")


def test_boundary_codes_and_enterprises_can_be_corrected():  # P37
    job = parks.run(GeoSelection(type="park_id", geometry="P1"), auto=False)
    patch = {
        "artifacts.region_boundary": parks.SQUARE,
        "metrics.admin_codes": {"province": "330000", "city": "330100"},
        "artifacts.entities_raw": [{"id": "A", "name": "A", "lon": 120.1, "lat": 30.1}],
    }
    job.review(job.review_queue[0].checkpoint_id, status="approved", patch=patch, by="li")
    geo = job.envelopes["geo"]
    assert geo.revision == 1
    assert geo.number("area_km2") == pytest.approx(427.41, abs=0.01)
    assert geo.value("admin_codes") == {"province": "330000", "city": "330100"}
    assert geo.value("entity_count_est") == 1
