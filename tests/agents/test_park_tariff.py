"""The park's own electricity prices decide over the scenario's, and what cannot be used is a gap (P70)."""

from types import SimpleNamespace

import pytest

from carbonost.agents.stages.base import Notes
from carbonost.agents.stages.tariffs import park_tariff
from carbonost.domain.scenario import ScenarioParams

PARTS = {"flat_cny_per_kwh": 0.65, "floating_cny_per_kwh": 0.40}


def read(electricity, **scenario):
    data = SimpleNamespace(site={}, prices={"electricity": electricity}, zone="Asia/Shanghai")
    params = ScenarioParams(region="CN-JS", accounting_year=2025, tariff_region="CN-JS", **scenario)
    notes = Notes()
    return park_tariff(SimpleNamespace(scenario=params, data=data), notes), notes


def test_the_parks_file_says_which_charge_voltage_and_day():
    tariff, notes = read({**PARTS, "charge": "demand", "voltage": "35千伏", "on": "2026-10-15"})
    assert (tariff.charge, tariff.voltage) == ("demand", "35kV")
    assert notes.gaps


@pytest.mark.parametrize(
    "electricity",
    [
        {**PARTS, "voltage": "high"},
        {**PARTS, "on": "2020-01-01"},
        {**PARTS, "charge": "fixed"},
        {**PARTS, "flat": 0.6},
        {**PARTS, "flat_cny_per_kwh": "0.65"},
        {"bands": [{"band": "flat", "start": "00:00", "end": "24:00"}]},
        {"bands": "flat", "prices": {"flat": 0.5}},
    ],
)
def test_prices_that_cannot_be_used_are_a_gap_and_no_tariff(electricity):
    tariff, notes = read(electricity)
    assert tariff is None
    assert notes.gaps
