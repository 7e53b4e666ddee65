"""P6, P26, P42, P48: the command line runs a year of real 15-minute metering, and its baseline is the sum of the file.

The series is the "Steel Industry Energy Consumption" year of one steel works (UCI Machine Learning Repository
851), kept beside the repository and not part of it; without it the test is skipped.
"""

import csv
import json
from math import fsum
from pathlib import Path

import pytest
import yaml

from carbonost.cli.main import main

SERIES = Path(__file__).resolve().parents[3] / "shared/data/energy/steel_daewoo_gwangyang_2018_15min.csv"

pytestmark = pytest.mark.skipif(not SERIES.is_file(), reason="the steel-works series is not beside the repository")


@pytest.fixture
def park_file(tmp_path):
    park = {
        "park": {"name": "单企业示例（真实计量）", "zone": "Asia/Shanghai"},
        "selection": {
            "type": "polygon",
            "datum": "WGS84",
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[120.70, 31.40], [120.71, 31.40], [120.71, 31.41], [120.70, 31.41], [120.70, 31.40]]],
            },
        },
        "scenario": {
            "region": "CN-JS",
            "accounting_year": 2018,
            "vintage": "latest_published",
            "tariff_region": "CN-JS",
            "tariff_charge": "demand",
            "demand_price_y_per_kw_month": 36.1,
            "electricity_price_y_per_kwh": 0.64,
        },
        "meters": [
            {
                "file": str(SERIES),
                "columns": {"start": "interval_start_kst", "value": "energy_kwh"},
                "energy_type": "electricity",
                "unit": "kWh",
                "point": "main",
                "timezone": "Asia/Shanghai",
            }
        ],
        "entities": [{"id": "steel", "name": "钢铁企业", "industry_code": "C3130"}],
        "prices": {
            "electricity": {
                "flat_cny_per_kwh": 0.64,
                "floating_cny_per_kwh": 0.3957,
                "not_floating_cny_per_kwh": 0.2443,
            }
        },
    }
    path = tmp_path / "park.yaml"
    path.write_text(yaml.safe_dump(park, allow_unicode=True), "utf-8")
    return path


def test_the_baseline_of_the_steel_works_is_the_sum_of_its_file(park_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(park_file), "--auto-approve", "--output", "out", "--formats", "md"]) == 0
    with SERIES.open(encoding="utf-8") as file:
        metered = fsum(float(row["energy_kwh"]) for row in csv.DictReader(file))
    bundle = json.loads((tmp_path / "out" / "envelopes.json").read_text("utf-8"))
    baseline = bundle["baseline"]["metrics"]
    assert baseline["baseline_electricity_kwh_y"] == {"value": pytest.approx(metered, rel=1e-12), "unit": "kWh/y"}
    gaps = " ".join(gap["missing"] for gap in bundle["baseline"]["data_gaps"])
    assert baseline["S2_tco2e_y"]["value"] is None, "no grid factor was published for 2018: none is invented"
    assert "electricity" in gaps
