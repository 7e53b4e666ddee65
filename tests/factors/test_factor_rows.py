"""The packaged rows themselves: every figure documented, inside physics, and free of known slips."""

import re

import numpy as np
import pandas as pd
import pytest

from carbonost.factors import FactorLibrary, parameter_set, table, usable_default
from carbonost.factors.check import (
    EXCERPT_LIMIT,
    gaps,
    implausible,
    implausible_parameters,
    keyed,
    misquoted,
    overlaps,
    refuse_implausible,
    regions_between_provinces,
    undocumented,
)
from carbonost.factors.library import PACKAGED
from carbonost.factors.parameters import parameter_sets
from carbonost.factors.tables import DEFAULT_STATUSES, names, read

VOCABULARY = {"energy_types"}  # names, not figures


@pytest.fixture(scope="module")
def library():
    return FactorLibrary.default()


@pytest.mark.parametrize("name", sorted(set(names()) - VOCABULARY) + list(PACKAGED))
def test_every_row_names_its_document_its_place_and_its_status(name):
    # P105: what a report cites must lead somewhere
    frame = read(name)
    assert undocumented(frame) == []


@pytest.mark.parametrize("name", [*names(), *PACKAGED])
def test_no_row_points_into_a_search_index_or_a_machine(name):
    text = read(name).to_csv(index=False)
    assert not re.search(r"\bids? \d{6,}|index ids?\b|/work/|shared/data|README", text)


def test_no_key_has_two_rows_valid_on_one_day(library):
    # S23: overlap detected
    assert overlaps(library) == []


def test_only_series_of_single_years_have_holes(library):
    # S23: gaps detected. Baselines and ETS notices are single years, and their holes are told.
    found = gaps(library)
    assert set(found["energy_type"]) == {"electricity_baseline_om", "electricity_baseline_bm", "electricity_ets"}


def test_every_packaged_factor_was_read_by_somebody(library):
    assert set(library.statuses) <= DEFAULT_STATUSES


def test_every_packaged_factor_obeys_physics(library):
    refuse_implausible(library)


def test_a_region_lies_between_its_provinces_in_every_year(library):
    assert regions_between_provinces(library) == []
    frame = keyed(library)
    regional = frame[(frame.energy_type == "electricity") & frame.region.str.startswith("CN-GRID-")]
    assert len(regional) == 21  # seven regions, three data years


def test_thirty_provinces_stand_in_each_announcement_and_tibet_in_none(library):
    frame = keyed(library)
    mask = (frame.energy_type == "electricity") & frame.region.str.fullmatch(r"CN-[A-Z]{2}")
    assert frame[mask].groupby("data_year").size().to_dict() == {2021: 30, 2022: 30, 2023: 30}
    assert "CN-XZ" not in set(frame.region)


@pytest.mark.parametrize("name", parameter_sets())
def test_every_fuel_of_every_set_obeys_physics(name):
    for fuel in parameter_set(name).fuels.values():
        # a gas is given per 10^4 m3 at 0 degrees; its mass is not printed, so only its heat is judged
        ncv = fuel.ncv if fuel.per == "t" else 0.0
        assert implausible_parameters(ncv, fuel.carbon_t_per_gj, fuel.oxidation_factor) is None, fuel


def test_no_excerpt_is_longer_than_two_hundred_characters_or_altered():
    # P109, P111
    clauses = table("policy_clauses")
    assert misquoted(clauses) == []
    assert clauses["excerpt"].str.len().max() <= EXCERPT_LIMIT


def test_an_altered_excerpt_is_noticed():
    # P111
    clauses = table("policy_clauses")
    quoted = clauses.index[clauses["excerpt"] != ""][0]
    clauses.loc[quoted, "excerpt"] += "。"
    assert misquoted(clauses) == [clauses.loc[quoted, "clause_id"]]


def test_a_clause_without_text_is_never_quoted():
    clauses = table("policy_clauses")
    assert (clauses.loc[clauses["status"] == "title_only", "excerpt"] == "").all()


def test_every_citation_leads_to_a_clause_and_every_clause_to_a_document():
    # P105, P106, P110
    clauses, documents = table("policy_clauses"), table("policy_documents")
    assert set(clauses["doc_id"]) <= set(documents["doc_id"])
    assert set(table("policy_applicability")["clause_id"]) <= set(clauses["clause_id"])
    cited = {int(n) for cell in table("policy_analysis_points")["citation_nos"] for n in cell.split(";")}
    assert cited <= set(clauses["citation_no"])
    assert clauses["citation_no"].is_unique


def test_rules_are_kept_with_the_days_they_hold():
    # P107, P108
    documents = table("policy_documents").set_index("doc_id")
    assert documents.loc["CN-NPC-CPL-2012", "effective_to"] < "2026-08-15"
    assert documents.loc["CN-NPC-EEC-2026", "effective_from"] == "2026-08-15"
    assert set(documents.filter(like="CN-STD", axis=0)["legal_status"]) == {"drafting"}
    codes = table("policy_applicability").set_index("clause_id")["admin_code"]
    assert set(codes.filter(like="CN-41-ECR-2017")) == {"410000"}


@pytest.mark.parametrize(
    ("status", "answer"),
    [("verified", True), ("read", True), ("secondary", False), ("derived", False), ("recalled", False),
     ("illustrative", False), ("superseded", False), ("design", False)],
)  # fmt: skip
def test_only_figures_that_were_read_may_serve_unasked(status, answer):
    # P48: no number is invented
    assert usable_default({"status": status}) is answer


def test_prices_from_memory_and_examples_say_so():
    prices = table("prices_and_costs")
    assert set(prices.loc[prices["product"].str.contains("first-day|CEA close"), "status"]) == {"recalled"}
    assert set(prices.loc[prices["locator"].str.contains("(?i)illustrative"), "status"]) == {"illustrative"}


def test_a_copy_of_a_table_may_be_written_to():
    frame = table("gwp")
    frame["value"] = 0.0
    assert (table("gwp")["value"] > 0).all()


def test_electricity_at_calorific_value_is_a_unit_conversion():
    tce = table("tce_coefficients").set_index("energy_type")["value"]
    assert tce["electricity"] == pytest.approx(3.6 / 29.307, rel=1e-3)
    assert tce["heat"] == pytest.approx(1 / 29.307, rel=1e-3)


def test_natural_gas_has_no_packaged_coal_equivalent():
    # two coefficients, 1.2143 and 1.33 kgce/m3, are in circulation: neither is shipped
    assert "natural_gas" not in set(table("tce_coefficients")["energy_type"])


def test_carbonates_follow_from_their_molar_masses():
    mass = {"caco3": 100.087, "mgco3": 84.314, "na2co3": 105.988, "baco3": 197.335, "li2co3": 73.89, "k2co3": 138.205}
    library = FactorLibrary.default()
    for name, molar in mass.items():
        row = library.row(f"cn.process.carbonate.{name}")
        assert library.tonnes[row] == pytest.approx(44.0095 / molar, abs=7e-4)


def test_epa_rows_per_unit_are_heat_content_times_the_rows_per_mmbtu(library):
    """The denominators (short ton, gallon, scf) are right: each row is its heat content times the row per mmBtu."""
    frame = library.to_frame()
    part = frame[frame["id"].str.startswith("us.epa.2025.stationary") & (frame["gas"] != "N2O")]
    seen = 0
    for row in part[part["id"].str.endswith("per_unit")].to_dict("records"):
        heat = float(re.search(r"heat content ([\d.e+-]+) mmBtu", row["locator"])[1])
        per_heat = frame.loc[frame["id"] == row["id"].replace("per_unit", "per_mmbtu"), "value"].item()
        assert row["value"] == pytest.approx(heat * per_heat, rel=0.12), row["id"]
        solid, liquid = heat > 1, heat > 0.03
        assert row["unit"].split("/")[1] == ("short_ton" if solid else "US_gallon" if liquid else "scf")
        seen += 1
    assert seen > 100


def test_desnz_gas_rows_add_up_to_their_total(library):
    frame = library.to_frame()
    frame = frame[frame["id"].str.startswith("uk.desnz") & frame["gas"].isin(["CO2", "CH4", "N2O", "CO2e"])]
    wide = frame.pivot_table(index=["energy_type", "unit"], columns="gas", values="value").dropna()
    parts = wide["CO2"] + wide["CH4"] + wide["N2O"]
    assert len(wide) > 1000
    off = np.abs(parts - wide["CO2e"]) / wide["CO2e"].clip(lower=1e-3)
    assert (off < 0.02).mean() > 0.99


def test_motors_gain_with_grade_and_never_lose_with_power():
    frame = table("motor_efficiency")
    wide = frame.pivot_table(index=["poles", "rated_kw"], columns="grade", values="efficiency_pct").dropna()
    assert ((wide[1] > wide[2]) & (wide[2] > wide[3])).all()
    for _, part in frame.groupby(["poles", "grade"]):
        assert part.sort_values("rated_kw")["efficiency_pct"].is_monotonic_increasing


def test_each_season_of_each_tariff_covers_the_day():
    frame = table("tou_periods")
    frame = frame[frame["status"] != "superseded"]
    for _, part in frame[frame["scope"] == "all"].groupby(["region", "grid_area", "document", "months"]):
        span = pd.to_timedelta(part["end"] + ":00") - pd.to_timedelta(part["start"] + ":00")
        assert span.sum() == pd.Timedelta("24h")


def test_a_factor_ten_or_a_thousand_times_too_large_is_noticed():
    assert implausible("electricity", 5.306e-3, "kWh") is not None
    assert implausible("natural_gas", 56.1, "TJ") is None
    assert implausible("natural_gas", 561.0, "TJ") is not None
    assert implausible("natural_gas", 0.0561, "TJ") is not None
    assert implausible("caco3", 4.4, "t") is not None
    assert implausible("something_else", 1e9, "t") is None
