"""P29, P40: administrative codes by year, their successors, and what a boundary overlaps."""

import pytest

from carbonost.engines.geo import overlaps, resolve
from carbonost.errors import InputError


def square(lon, lat, size, code="", name=""):
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": geometry} if code else geometry


def test_a_county_leads_up_to_its_province():
    unit = resolve("320506", 2025)
    assert unit.name == "吴中区"
    assert unit.path == {"province": "320000", "city": "320500", "district": "320506"}
    assert unit.current


def test_a_code_that_ended_is_reported_with_its_successor():
    """P40: 330104 (江干区) ended in 2021; most of it became part of 330102."""
    unit = resolve("330104", 2025)
    assert (unit.current, unit.valid_to, unit.successor) == (False, 2021, "330102")


def test_in_the_year_of_the_change_old_and_new_are_both_valid():
    assert resolve("330104", 2021).current
    assert resolve("330113", 2021).current


def test_a_code_nobody_listed_is_refused():
    with pytest.raises(InputError, match="six-digit GB/T 2260"):
        resolve("999999", 2025)


def test_overlaps_are_area_shares_largest_first():
    """P29: shares come from geodesic areas, not from degrees."""
    park = square(120.0, 30.0, 0.2)
    districts = [
        square(119.9, 29.9, 0.2, "330001", "甲"),
        square(120.1, 30.0, 0.2, "330002", "乙"),
        square(121, 31, 1, "330003", "丙"),
    ]
    found = overlaps(park, districts)
    assert [overlap.code for overlap in found] == ["330002", "330001"]
    assert found[0].share == pytest.approx(0.5, abs=1e-3)
    assert found[1].share == pytest.approx(0.25, abs=2e-3)
