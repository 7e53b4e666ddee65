"""UK DESNZ, Greenhouse gas reporting: conversion factors 2025, flat file v1 (Open Government Licence v3)."""

import numpy as np
import pandas as pd
import pytest

from carbonost import CarbonCalculator, FactorLibrary
from carbonost.engines.carbon import scope3

YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31", "region": "GB"}
LIBRARY = FactorLibrary.default()


def test_every_scope_3_row_of_the_flat_file_computes_to_its_printed_total():
    """1000 units of each activity, in the unit it is printed in, give its kg as tonnes; each has a category."""
    table = LIBRARY.to_frame()
    rows = table[table["id"].str.startswith("uk.desnz.2025.") & (table["gas"] == "CO2e") & (table["scope"] == 3)]
    assert len(rows) > 1600
    activities = pd.DataFrame({"energy_type": rows["energy_type"], "unit": rows["unit"].str.partition("/")[2]})
    activities = activities.assign(consumption=1000.0, **YEAR).reset_index(drop=True)
    prepared = scope3.prepare(activities, LIBRARY)
    inventory = CarbonCalculator().calculate(prepared)
    np.testing.assert_allclose(inventory.emissions_t, rows["value"], rtol=1e-12)
    assert {row["category"] for row in prepared} == {1, 3, 4, 5, 6, 7, 8}
    told = scope3.screen(inventory).set_index("category")
    assert told["lines"].sum() == len(rows)
    assert told["emissions_t"].sum() == pytest.approx(rows["value"].sum())


def test_the_published_figures_of_common_activities():
    """0.1913 kg/m3 of water, 520.53 kg/t to landfill, 0.15282 kg/passenger.km, 0.10163 kg/t.km."""
    rows = [
        scope3.travel("flight_long_haul", 2, 9000.0, 2025, region="GB"),
        scope3.freight("hgv", 20.0, 500.0, 2025, region="GB"),
        {"energy_type": "自来水供应", "consumption": 1e4, "unit": "m3", **YEAR},
        {"energy_type": "waste_landfill", "consumption": 10, "unit": "t", **YEAR},
    ]
    told = CarbonCalculator().calculate(scope3.prepare(rows, LIBRARY)).by("category").set_index("category")
    assert {int(k): v for k, v in told["emissions_co2e"].items()} == pytest.approx(
        {6: 18_000 * 0.15282e-3, 4: 10_000 * 0.10163e-3, 1: 1.913, 5: 5.205327}, rel=1e-6
    )
