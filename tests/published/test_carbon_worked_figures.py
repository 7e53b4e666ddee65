"""Worked figures of scope 1 and 2 that stand in publications, each with its source."""

from __future__ import annotations

import math

import pytest

from carbonost import CarbonCalculator, FactorLibrary

YEAR = {"period_start": "2023-01-01", "period_end": "2023-12-31"}
YEAR_2025 = {"period_start": "2025-01-01", "period_end": "2025-12-31"}


def total(calc, **row):
    return calc.calculate([{**YEAR, **row}]).total_t()


def test_the_specifications_own_baseline():
    """Specification, pipeline annex, sample job: 35 million Nm3 and 120 GWh give 73 500 + 66 000 = 139 500 t."""
    gas = {"value": 2.1, "unit": "kgCO2e/Nm3", "source": "specification sample"}
    power = {"value": 0.55, "unit": "kgCO2e/kWh", "source": "specification sample"}
    inv = CarbonCalculator().calculate(
        [
            {"energy_type": "natural_gas", "consumption": 35_000_000, "unit": "Nm3", "factor": gas, **YEAR},
            {"energy_type": "electricity", "consumption": 120_000_000, "unit": "kWh", "factor": power, **YEAR},
        ]
    )
    assert (inv.scope1_t, inv.scope2_location_t) == (pytest.approx(73_500.0), pytest.approx(66_000.0))
    assert inv.total_t("location_based") == pytest.approx(139_500.0)


@pytest.mark.parametrize(
    ("parameter_set", "tonnes"),
    [("gbt32151.22-2024", 26.7 * 0.0274 * 0.94), ("ndrc.steel", 20.304 * 0.02749 * 0.94)],
)
def test_the_same_anthracite_under_two_guidelines(parameter_set, tonnes):
    """GB/T 32151.22-2024 table C.1 against the steel guideline, annex 2 table 2.1: 2 521.5 t and 1 923.8 t."""
    found = total(CarbonCalculator(parameter_set=parameter_set), energy_type="anthracite", consumption=1000, unit="t")
    assert found == pytest.approx(1000 * tonnes * 44 / 12, rel=1e-12)
    assert round(found, 1) in {2521.5, 1923.8}


def test_chinese_natural_gas_is_21_62_tonnes_per_ten_thousand_cubic_metres():
    """All three guidelines: 389.31 GJ/10^4 Nm3 x 0.0153 tC/GJ x 99 % x 44/12 = 21.622 t."""
    assert total(CarbonCalculator(), energy_type="天然气", consumption=1, unit="万Nm3") == pytest.approx(
        21.622, abs=5e-4
    )


def test_jiangsu_electricity_of_2023():
    """MEE/NBS announcement 2025 no. 47, table 3: 0.5827 kgCO2/kWh."""
    assert total(CarbonCalculator(), energy_type="电力", consumption=1, unit="万kWh", region="江苏") == pytest.approx(
        5.827
    )


@pytest.mark.parametrize(
    ("carrier", "kg_per_tj", "gj_per_t"),
    [("diesel", 74_100, 43.0), ("anthracite", 98_300, 26.7), ("lignite", 101_000, 11.9), ("gasoline", 69_300, 44.3)],
)
def test_ipcc_defaults_as_printed(carrier, kg_per_tj, gj_per_t):
    """IPCC 2006 vol. 2: CO2 factors of tables 2.2 to 2.5, net calorific values of table 1.2, not our own product."""
    calc = CarbonCalculator(calculation_method="IPCC_2006")
    inv = calc.calculate([{"energy_type": carrier, "consumption": 1000, "unit": "t", **YEAR}])
    assert inv.gases_t["CO2"] == pytest.approx(kg_per_tj * gj_per_t / 1e3)
    assert set(inv.gases_t) == {"CO2", "CH4", "N2O"}


def test_heat_default():
    """GB/T 32150-2025, 7.5.6: 0.11 tCO2/GJ for purchased heat without a measured value."""
    assert total(CarbonCalculator(), energy_type="heat", consumption=1000, unit="GJ") == pytest.approx(110.0)


def test_californias_sewerage_gas_of_2005():
    """CARB inventory documentation, 1A4a natural gas 2005: 52 693 scf x 1 023 Btu/scf x 0.053 g/Btu = 2.86 t CO2."""
    factor = {"value": 0.053 * 1e3, "unit": "kgCO2/mmBtu", "gas": "CO2", "source": "CARB 2020 edition"}
    mmbtu = 52_693 * 1023 / 1e6
    found = total(CarbonCalculator(), energy_type="natural_gas", consumption=mmbtu, unit="mmBtu", factor=factor)
    assert round(found, 2) == 2.86


def test_a_published_scope_2_pair():
    """tools.gera.services, scope 2 market against location: 1 GWh, 600 MWh certified -> 200 t and 180 t."""
    library = FactorLibrary.default().merge(
        _frame([("grid", "electricity", 0.20), ("rest", "electricity_residual", 0.45)])
    )
    inv = CarbonCalculator(library).calculate(
        [{"energy_type": "electricity", "consumption": 1_000_000, "unit": "kWh", **YEAR}],
        contracts=[{"kind": "GEC", "energy_kwh": 600_000}],
    )
    assert (inv.scope2_location_t, inv.scope2_market_t) == (pytest.approx(200.0), pytest.approx(180.0))


def _frame(rows):
    import pandas as pd

    return FactorLibrary.from_frame(
        pd.DataFrame(
            [
                {
                    "id": name,
                    "energy_type": kind,
                    "region": "CN",
                    "value": value,
                    "unit": "kgCO2e/kWh",
                    "document": "example",
                }
                for name, kind, value in rows
            ]
        )
    )


def test_epa_natural_gas_by_gas():
    """US EPA hub, January 2025, table 1: 53.06 kg CO2, 1.0 g CH4, 0.10 g N2O per mmBtu."""
    inv = CarbonCalculator(gwp="AR5").calculate(
        [{"energy_type": "natural_gas", "consumption": 1000, "unit": "mmBtu", "region": "US", **YEAR_2025}]
    )
    assert inv.gases_t == {"CO2": pytest.approx(53.06), "CH4": pytest.approx(1e-3), "N2O": pytest.approx(1e-4)}
    assert inv.scope1_t == pytest.approx(53.06 + 28e-3 + 265e-4)


def test_egrid_camx():
    """US EPA hub, January 2025, table 6 (eGRID2023): CAMX 436.7 lb CO2 per MWh and two further gases."""
    inv = CarbonCalculator().calculate(
        [{"energy_type": "electricity", "consumption": 1, "unit": "MWh", "region": "US-CAMX", **YEAR_2025}]
    )
    factor = FactorLibrary.default().get("us.egrid2023.camx.co2")
    assert inv.gases_t["CO2"] == pytest.approx(factor.value * 0.45359237 / 1000)


def test_every_british_fuel_totals_what_the_set_prints():
    """UK DESNZ conversion factors, fuels: CO2e as printed, and CO2 + CH4 + N2O within its rounding."""
    library = FactorLibrary.default()
    calc = CarbonCalculator(library)
    seen = 0
    for carrier in ("natural_gas", "lpg", "lng", "diesel", "gasoline", "fuel_oil", "kerosene", "butane", "propane"):
        rows = [row for row in library.by_key.get((carrier, "GB"), ()) if library.gases[row] == "CO2e"]
        for row in rows:
            factor = library.factor(row)
            unit = factor.unit.split("/", 1)[1]
            when = {"period_start": f"{factor.data_year}-01-01", "period_end": f"{factor.data_year}-12-31"}
            given = {"energy_type": carrier, "consumption": 1000, "unit": unit, "region": "GB", **when}
            inv = calc.calculate([given])
            assert inv.total_t() == pytest.approx(factor.value), factor.id
            assert inv.gases_t == {}  # the set publishes CO2e per gas
            assert math.fsum(inv.gases_co2e_t.values()) == pytest.approx(factor.value, rel=2e-3, abs=2e-5), factor.id
            seen += 1
    assert seen >= 40


@pytest.mark.parametrize(
    ("gwp", "refrigerant", "tonnes"),
    [
        ("AR5", "R-410A", 30 * 1.9235),
        ("AR6", "R-22", 30 * 1.960),
        ("AR6", "SF6", 30 * 24.3),
        ("AR5", "R-404A", 30 * 3.9428),
    ],
)
def test_refrigerants_by_the_edition_that_is_named(gwp, refrigerant, tonnes):
    """AR5 table 8.A.1 (R-32 677, R-125 3 170 …) and AR6 table 7.SM.7; blends by composition."""
    book = {
        "opening_kg": 100,
        "purchased_kg": 50,
        "sold_or_returned_kg": 10,
        "closing_kg": 90,
        "capacity_increase_kg": 20,
    }
    found = CarbonCalculator(gwp=gwp).refrigerants({"refrigerant": refrigerant, **book})
    assert float(found.consumption) == 30.0  # EPA material balance: (100 - 90) + 50 - 10 - 20
    assert float(found.emissions_co2e) == pytest.approx(tonnes, rel=1e-6)


def test_limestone_loses_its_stoichiometric_share():
    """NDRC guidelines, carbonate table: 0.440 tCO2/t CaCO3; 1 000 t of 90 % purity give 396 t."""
    row = {"energy_type": "caco3", "consumption": 1000, "unit": "t", "purity": 0.9}
    assert total(CarbonCalculator(), **row) == pytest.approx(396.0)


def test_steam_by_mass_and_enthalpy():
    """GB/T 32150-2025, 7.5.7: AD = Ma x (En - 83.74)/1000; 1 000 t at 2 783.74 kJ/kg are 2 700 GJ, 297 t."""
    found = CarbonCalculator().steam_heat(1000, 2783.74)
    assert (float(found.consumption), float(found.emissions_co2e)) == (pytest.approx(2700.0), pytest.approx(297.0))
    assert found.unit == "GJ"
