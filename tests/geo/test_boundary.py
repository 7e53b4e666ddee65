"""P26, P28, P34, P38, P39: a boundary is measured on the ellipsoid, and refused where it is not one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.geo.boundary import area_km2, read_boundary
from carbonost.engines.geo.clipping import clip, inside
from carbonost.engines.geo.completeness import WEIGHTS, completeness_score
from carbonost.engines.geo.datum import to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from carbonost.errors import GeometryError, InputError

SPEC_RING = [[120.0, 30.0], [120.2, 30.0], [120.2, 30.2], [120.0, 30.2], [120.0, 30.0]]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [list(ring) for ring in rings]}


def test_the_specifications_own_polygon_has_427_square_kilometres():
    """P28: the specification prints 3.4 for this polygon; its geodesic area is 427.41 km2."""
    assert area_km2(polygon(SPEC_RING)) == pytest.approx(427.406, abs=0.001)


def test_area_does_not_depend_on_the_direction_of_the_ring():
    assert area_km2(polygon(SPEC_RING[::-1])) == pytest.approx(area_km2(polygon(SPEC_RING)), rel=1e-12)


@pytest.mark.parametrize("turn", [1, -1])
def test_a_hole_is_taken_away_however_it_winds(turn):
    hole = [[120.05, 30.05], [120.15, 30.05], [120.15, 30.15], [120.05, 30.15], [120.05, 30.05]][::turn]
    whole, hollow = area_km2(polygon(SPEC_RING)), area_km2(polygon(SPEC_RING, hole))
    assert hollow == pytest.approx(whole - area_km2(polygon(hole)), rel=1e-9)


def test_parts_of_a_multipolygon_add_up():
    far = [[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.0]]
    both = {"type": "MultiPolygon", "coordinates": [[SPEC_RING], [far]]}
    assert read_boundary(both).area_km2 == pytest.approx(area_km2(polygon(SPEC_RING)) + area_km2(polygon(far)))


def test_swapped_latitude_and_longitude_are_named():
    """P39."""
    with pytest.raises(GeometryError, match=r"swapped.*longitude first"):
        read_boundary(polygon([point[::-1] for point in SPEC_RING]))


def test_a_ring_that_crosses_itself_is_refused_with_the_place():
    """P34: GEOS would call its area zero, or repair it to half."""
    with pytest.raises(GeometryError, match=r"crosses itself.*120\.1 30\.1"):
        read_boundary(polygon([[120, 30], [120.2, 30.2], [120.2, 30.0], [120.0, 30.2], [120, 30]]))


def test_an_open_ring_is_closed_and_says_so():
    boundary = read_boundary(polygon(SPEC_RING[:-1]))
    assert boundary.repairs == ("an unclosed ring was closed with its first point",)
    assert boundary.area_km2 == pytest.approx(427.406, abs=0.001)


@pytest.mark.parametrize("ring", [[[120, 30], [121, 30]], [[200, 30], [201, 30], [201, 31], [200, 30]], [["a", 1]]])
def test_a_ring_that_encloses_nothing_or_leaves_the_globe_is_refused(ring):
    with pytest.raises(GeometryError):
        read_boundary(polygon(ring))


def test_a_line_is_no_boundary():
    with pytest.raises(GeometryError, match="Polygon or MultiPolygon"):
        read_boundary({"type": "LineString", "coordinates": SPEC_RING})


def test_a_feature_is_read_for_its_geometry():
    feature = {"type": "Feature", "properties": {}, "geometry": polygon(SPEC_RING)}
    assert read_boundary(feature).area_km2 == pytest.approx(427.406, abs=0.001)


china_lon, china_lat = st.floats(75, 130), st.floats(18, 53)


@pytest.mark.parametrize(("datum", "forward"), [("GCJ02", wgs84_to_gcj02), ("BD09", wgs84_to_bd09)])
@given(china_lon, china_lat)
def test_there_and_back_is_the_same_place(datum, forward, lon, lat):
    """P38: the round trip is better than 1e-6 degree, a tenth of a metre."""
    here = np.array([lon]), np.array([lat])
    back = to_wgs84(*forward(*here), datum)
    np.testing.assert_allclose(back, here, atol=1e-9)


def test_the_shift_in_hangzhou_is_the_one_measured():
    """P38: 521 m between WGS84 and GCJ-02 in Hangzhou, measured with an independent implementation."""
    lon, lat = np.array([120.155]), np.array([30.274])
    there = wgs84_to_gcj02(lon, lat)
    metres = np.hypot((there[0] - lon) * 111_320 * np.cos(np.radians(lat)), (there[1] - lat) * 110_950)
    assert metres[0] == pytest.approx(521, abs=4)


def test_outside_china_nothing_shifts():
    lon, lat = np.array([2.35]), np.array([48.85])
    assert wgs84_to_gcj02(lon, lat) == (lon, lat)


def test_an_unknown_datum_is_refused():
    with pytest.raises(InputError, match="WGS84, CGCS2000, GCJ02, BD09"):
        to_wgs84(np.array([1.0]), np.array([1.0]), "ED50")


def test_a_declared_datum_is_converted_and_kept():
    shifted = read_boundary(polygon(SPEC_RING), "GCJ02")
    assert shifted.datum == "GCJ02"
    assert shifted.centroid[0] == pytest.approx(120.1 - 0.0046, abs=0.0005)


def test_clipping_keeps_points_inside_and_counts_them():
    """P31: the manifest says how many points went in and came out."""
    lon, lat = np.array([120.1, 120.0, 121.0, np.nan]), np.array([30.1, 30.0, 30.1, 30.1])
    mask, record = clip(polygon(SPEC_RING), lon, lat, layer="poi", version="2026-01")
    assert mask.tolist() == [True, True, False, False]
    assert (record.count_in, record.count_out, record.layer, record.version) == (4, 2, "poi", "2026-01")


@given(st.lists(st.tuples(st.floats(119, 121), st.floats(29, 31)), max_size=30))
def test_inside_agrees_with_plain_comparison_for_a_rectangle(points):
    lon = np.array([point[0] for point in points], dtype=float)
    lat = np.array([point[1] for point in points], dtype=float)
    expected = (lon >= 120) & (lon <= 120.2) & (lat >= 30) & (lat <= 30.2)
    np.testing.assert_array_equal(inside(polygon(SPEC_RING), lon, lat), expected)


def test_completeness_is_the_weighted_share():
    """P30."""
    assert sum(WEIGHTS.values()) == pytest.approx(1.0)
    assert completeness_score({}) == 0.0
    assert completeness_score(dict.fromkeys(WEIGHTS, 1.0)) == 1.0
    assert completeness_score({"electricity": 0.5, "boundary": 1.0}) == pytest.approx(0.275)
