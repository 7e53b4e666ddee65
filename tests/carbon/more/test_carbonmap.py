"""The carbon map is GeoJSON (S27)."""

import json

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.carbon import carbon_map
from carbonost.errors import GeometryError, InputError


def square(west, south, size=0.01):
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


PLACES = [
    {"id": "b1", "name": "一号厂房", "geometry": square(120.0, 31.0), "area_m2": 2000.0},
    {"id": "b2", "name": "二号厂房", "geometry": {"type": "Point", "coordinates": [120.05, 31.02]}, "area_m2": 0.0},
    {
        "id": "b3",
        "name": "办公楼",
        "geometry": {"type": "MultiPolygon", "coordinates": [square(120.1, 31.1)["coordinates"]]},
    },
]
LINES = pd.DataFrame({"building_id": ["b1", "b1", "b2", None], "emissions_co2e": [60.0, 40.0, 10.0, 5.0]})


def test_each_place_carries_tonnes_intensity_and_class():
    drawn = carbon_map(PLACES, LINES)
    told = {f["id"]: f["properties"] for f in drawn["features"]}
    assert told["b1"] == {"id": "b1", "name": "一号厂房", "area_m2": 2000.0, "emissions_t": 100.0, "class": 5,
                          "emissions_t_per_area_m2": 0.05}  # fmt: skip
    assert told["b2"]["emissions_t_per_area_m2"] is None
    assert (told["b3"]["emissions_t"], told["b3"]["class"]) == (None, None)
    assert drawn["bbox"] == pytest.approx([120.0, 31.0, 120.11, 31.11])
    assert drawn["unplaced_t"] == 5.0


def test_the_map_is_plain_json_and_a_gap_is_null():
    text = json.dumps(carbon_map(PLACES, LINES.assign(emissions_co2e=np.nan)), allow_nan=False)
    assert '"emissions_t": null' in text


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ({"id": "b1"}, InputError),
        ({"id": "b1", "geometry": square(200.0, 31.0)}, GeometryError),
        ({"id": "b1", "geometry": square(120.0, 31.0), "datum": "GCJ02"}, GeometryError),
        ({"id": "b1", "geometry": {"type": "Circle", "coordinates": [0, 0]}}, GeometryError),
        (
            {"id": "b1", "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}},
            GeometryError,
        ),
        ({"id": "b1", "geometry": {"type": "Point", "coordinates": [float("nan"), 0]}}, GeometryError),
    ],
)
def test_a_place_that_cannot_be_drawn_is_refused(place, error):
    with pytest.raises(error):
        carbon_map([place], LINES)


def test_a_place_stands_once():
    with pytest.raises(InputError, match="twice"):
        carbon_map([PLACES[0]] * 2, LINES)
