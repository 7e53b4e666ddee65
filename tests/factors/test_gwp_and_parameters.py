"""Warming potentials and fuel parameters, and the slips found in circulation as guards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.errors import FactorNotFoundError, ImplausibleFactorError, InputError, UnknownEnergyTypeError
from carbonost.factors import FactorLibrary, gwp_set, parameter_set, table
from carbonost.factors.check import implausible, implausible_parameters
from carbonost.factors.gwp import blends, composition, editions
from carbonost.factors.parameters import method_parameter, parameter_sets, tce_coefficients

LIBRARY = FactorLibrary.default()


@pytest.mark.parametrize(("name", "methane", "nitrous_oxide"), [("AR4", 25, 298), ("AR5", 28, 265), ("AR6", 27.9, 273)])
def test_each_set_prints_its_own_potentials(name, methane, nitrous_oxide):
    chosen = gwp_set(name)
    assert (chosen("CO2"), chosen("CH4"), chosen("N2O")) == (1, methane, nitrous_oxide)


def test_fossil_and_other_methane_differ_from_the_fifth_report_on():
    """AR6 27.9 is neither the fossil figure (29.8) nor the other (27.0); a peer calls it fossil and prints 27.2."""
    ar6 = gwp_set("AR6")
    assert (ar6("CH4_fossil"), ar6("CH4"), ar6("CH4_nonfossil"), ar6("CH4_biogenic")) == (29.8, 27.9, 27.0, 27.0)
    assert (gwp_set("AR5")("CH4_fossil"), gwp_set("AR4")("CH4_fossil")) == (30, 25)


def test_both_readings_of_sf6_are_kept_under_their_editions():
    assert gwp_set("AR6-7SM7-2021")("SF6") == 25200
    assert gwp_set("AR6-GHGP-2024")("SF6") == 24300
    assert (gwp_set("AR6").edition, gwp_set("AR6")("SF6")) == ("AR6-GHGP-2024", 24300)
    assert set(editions()) == {"AR4", "AR5", "AR6", "AR6-7SM7-2021", "AR6-GHGP-2024"}


def test_r404a_in_the_fifth_report_is_not_the_fourth_reports_figure():
    """A peer prints 3922 for AR5; that is AR4 (3921.6)."""
    assert gwp_set("AR4")("R-404A") == pytest.approx(3921.6)
    assert gwp_set("AR5")("R-404A") == pytest.approx(3942.8)


def test_hcfc22_in_the_sixth_report_is_1960():
    """A peer prints 1780."""
    assert gwp_set("AR6")("HCFC-22") == gwp_set("AR6")("R-22") == 1960


@pytest.mark.parametrize(
    ("blend", "ar4", "ar5"),
    [("R-404A", 3922, 3943), ("R-407A", 2107, 1923), ("R-407B", 2804, 2547), ("R-407C", 1774, 1624),
     ("R-407D", 1627, 1487), ("R-410A", 2088, 1924), ("R-410B", 2229, 2048), ("R-507A", 3985, 3985)],
)  # fmt: skip
def test_blends_weighted_from_their_composition_match_the_published_totals(blend, ar4, ar5):
    # S21
    assert round(gwp_set("AR4")(blend)) == pytest.approx(ar4, abs=1)
    assert round(gwp_set("AR5")(blend)) == pytest.approx(ar5, abs=1)


def test_every_composition_sums_to_one():
    assert {name: sum(parts.values()) for name, parts in blends().items()} == pytest.approx(
        dict.fromkeys(blends(), 1.0)
    )
    assert composition("SF6") == {}


@pytest.mark.parametrize("word", ["HFC-134a", "hfc134a", "R-134a", "R134A", "r-134a"])
def test_a_refrigerant_has_one_potential_however_it_is_spelt(word):
    assert gwp_set("AR5")(word) == 1300


def test_an_unprinted_gas_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="hfc134a"):
        gwp_set("AR5")("HFC-134ab")
    with pytest.raises(InputError, match="AR6"):
        gwp_set("AR7")


def test_an_array_of_gases_counts_biogenic_carbon_as_nothing():
    assert gwp_set("AR5").array(["CO2", "CH4", "CO2e", "CO2_biogenic"]).tolist() == [1, 28, 1, 0]


def test_the_row_behind_a_potential_names_its_table():
    assert gwp_set("AR5").row("CH4")["document"] == "IPCC AR5 WGI Table 8.A.1"


@pytest.mark.parametrize(
    ("name", "tonnes"), [("gbt32151.22-2024", 2521.5), ("ndrc.steel", 1923.8), ("ndrc.other", 2322.8)]
)
def test_the_same_coal_gives_what_its_guideline_says(name, tonnes):
    """1000 t of anthracite; the sets differ by up to 31 % and are never merged."""
    assert 1000 * parameter_set(name)["无烟煤"].co2_t == pytest.approx(tonnes, abs=0.05)


def test_a_fuel_missing_in_a_set_is_not_taken_from_another():
    assert "petroleum_coke" in parameter_set("gbt32151.22-2024")
    with pytest.raises(FactorNotFoundError, match=r"ndrc\.steel"):
        parameter_set("ndrc.steel")["petroleum_coke"]
    with pytest.raises(UnknownEnergyTypeError):
        parameter_set("ndrc.steel")["unobtainium"]
    with pytest.raises(InputError, match=r"ndrc\.steel"):
        parameter_set("ndrc.cement")


def test_arrays_of_parameters_leave_a_missing_fuel_a_gap():
    ncv, carbon, oxidation = parameter_set("ndrc.steel").arrays(["anthracite", "mobile_diesel", "petroleum_coke"])
    assert ncv[:2].tolist() == [20.304, 42.652]
    assert np.isnan([ncv[2], carbon[2], oxidation[2]]).all()


@pytest.mark.parametrize("name", parameter_sets())
def test_a_set_names_its_standard_its_edition_and_its_rows(name):
    chosen, rows = parameter_set(name), set(table("fuel_parameters")["id"])
    assert chosen.standard
    assert chosen.edition
    assert all(set(fuel.ids) <= rows for fuel in chosen.fuels.values())


def test_carbon_content_in_hundredths_would_make_coal_730_percent_carbon():
    """An app heads the column 10^-2 tC/GJ; it is 10^-3."""
    assert implausible_parameters(26.7, 0.274, 0.94) is not None
    assert implausible_parameters(26.7, 0.0274, 0.94) is None
    assert implausible_parameters(26.7, 0.0274, 94) is not None


@given(st.sampled_from(sorted(parameter_set("gbt32151.22-2024").fuels)), st.sampled_from([0.01, 0.1, 10, 1000]))
def test_a_slip_of_the_decimal_point_in_carbon_content_is_noticed(fuel, slip):
    right = parameter_set("gbt32151.22-2024")[fuel]
    assert implausible_parameters(0.0, right.carbon_t_per_gj, right.oxidation_factor) is None
    assert implausible_parameters(0.0, right.carbon_t_per_gj * slip, right.oxidation_factor) is not None


def test_residual_fuel_oil_and_natural_gas_carry_the_printed_figures():
    """A peer prints 20.1 kgC/GJ for residual fuel oil and 1.5 kg N2O/TJ for natural gas; the tables 21.1 and 0.1."""
    assert parameter_set("ipcc2006")["fuel_oil"].carbon_t_per_gj == 0.0211
    assert LIBRARY.get("ipcc2006.stationary.natural_gas.n2o.table2.3").value == 0.1


def test_the_packaged_egrid_edition_is_2023_and_says_so():
    """Peers print AKGD 1113.0 and CAMX 474 for eGRID2022, where the workbook has 1052.114 and 497.443."""
    row = LIBRARY.get("us.egrid2023.camx.co2")
    assert (row.value, row.data_year, row.unit) == (436.655, 2023, "lbCO2/MWh")
    assert LIBRARY.get("us.egrid2023.akgd.co2").value == 899.003


def test_the_ipcc_factor_is_the_carbon_content_as_carbon_dioxide():
    for fuel, printed in parameter_set("ipcc2006").fuels.items():
        row = LIBRARY.search("", energy_type=fuel, region="GLOBAL", gas="CO2", limit=None)
        assert printed.co2_t_per_gj * 1e6 == pytest.approx(row["value"].iloc[0], rel=5e-3), fuel


def test_the_ipcc_factor_carries_the_interval_of_its_carbon_content():
    row = LIBRARY.get("ipcc2006.stationary.natural_gas.co2")  # 15.3, 14.8 to 15.9 kgC/GJ
    assert row.uncertainty_pct == pytest.approx(100 * 0.6 / 15.3, abs=0.01)


def test_the_zero_carbon_park_method_pins_its_own_numbers():
    """The annex prints 0.8325; the announcement of the 2023 data year prints 0.8273 for fossil power."""
    method = "cn_zero_carbon_park_2025"
    assert method_parameter(method, "power_fossil_kgco2_per_kwh") == 0.8325
    assert LIBRARY.get("cn.grid.2023.national.fossil").value == 0.8273
    assert method_parameter(method, "heat_fossil_tco2_per_gj") == 0.11
    core = "core_intensity_max_t_per_tce"
    assert [method_parameter(method, core, e) for e in (2e5, 999_999, 1e6, 5e6)] == [0.2, 0.2, 0.3, 0.3]
    for energy in (199_999, None):
        with pytest.raises(InputError, match="annual_tce"):
            method_parameter(method, core, energy)
    with pytest.raises(InputError, match="clean_energy_share_min"):
        method_parameter(method, "clean_energy_share")
    with pytest.raises(InputError, match=method):
        method_parameter("iso14064", core)


def test_coal_equivalents_keep_their_printed_unit():
    assert tce_coefficients()["electricity"] == (0.1229, "kgce/kWh")
    assert tce_coefficients()["raw_coal"] == (0.7143, "kgce/kg")


def test_an_average_grid_factor_per_megawatt_hour_taken_per_kilowatt_hour_is_noticed():
    assert implausible("electricity", 0.5306, "kWh") is not None
    assert implausible("electricity", 0.5306, "MWh") is None


def test_an_old_regional_average_is_not_sold_as_a_current_one():
    """0.8843, 0.7769, 0.7035 … circulate as 2024 figures; none of them stands in this library."""
    old = {0.8843, 0.7769, 0.7035, 0.5257, 0.6671}
    electricity = LIBRARY.search("", energy_type="electricity", limit=None)
    assert not old & set(electricity["value"])


def test_an_implausible_own_factor_says_what_to_check():
    frame = LIBRARY.to_frame().query("id == 'cn.grid.2023.national.average'").assign(id="own", value=530.6)
    with pytest.raises(ImplausibleFactorError, match="decimal point"):
        FactorLibrary.from_frame(frame)
