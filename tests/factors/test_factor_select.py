"""Which factor answers: region, vintage, as of, use, basis; one by one and as a table."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.errors import (
    AmbiguousUnitError,
    FactorNotFoundError,
    FactorUseError,
    InputError,
    UnitError,
    UnknownEnergyTypeError,
    UnknownRegionError,
)
from carbonost.factors import FactorLibrary, day_table, energy_type, region, resolve
from carbonost.factors.columns import day_of

LIBRARY = FactorLibrary.default()


def grid(year, place="CN", **options):
    return resolve(LIBRARY, "electricity", place, date(year, 6, 30), **options)


def test_a_city_is_answered_by_its_province():
    found = grid(2023, "CN-JS-320500")
    assert found.factor_ids == ("cn.grid.2023.province.js",)
    assert (found.level, found.answered_by, found.path) == ("province", "CN-JS", ("CN-JS-320500", "CN-JS"))
    assert not found.fallback  # no city publishes one: the province is the finest there is


def test_tibet_is_answered_by_the_nation_and_flagged():
    found = grid(2023, "西藏")
    assert found.factor_id == "cn.grid.2023.national.average"
    assert (found.level, found.path, found.fallback) == ("nation", ("CN-XZ", "CN"), True)
    assert grid(2023, "拉萨市").fallback


@pytest.mark.parametrize("place", ["CN-HK", "香港", "CN-TW", "CN-MO"])
def test_the_mainland_average_does_not_answer_for_other_grids(place):
    with pytest.raises(FactorNotFoundError):
        grid(2023, place)


def test_a_grid_region_answers_where_a_province_is_missing():
    regional = LIBRARY.to_frame().query("region == 'CN-GRID-EAST' and energy_type == 'electricity'")
    found = resolve(FactorLibrary.from_frame(regional), "electricity", "苏州", date(2022, 1, 1))
    assert (found.level, found.answered_by) == ("grid_region", "CN-GRID-EAST")


def test_a_finer_region_without_a_factor_for_the_day_is_flagged():
    frame = pd.DataFrame(
        {
            "id": ["js", "cn"], "energy_type": "heat", "region": ["CN-JS", "CN"], "value": [0.09, 0.11],
            "unit": "tCO2/GJ", "valid_to": ["2022-12-31", ""],
        }
    )  # fmt: skip
    library = FactorLibrary.from_frame(frame)
    assert not resolve(library, "heat", "CN-JS", date(2022, 1, 1)).fallback
    assert resolve(library, "heat", "CN-JS", date(2023, 1, 1)).fallback


@pytest.mark.parametrize(
    ("accounting", "data_year", "stale"),
    [(2021, 2021, False), (2022, 2022, False), (2023, 2023, False), (2024, 2023, True), (2028, 2023, True)],
)
def test_the_data_year_rule_takes_the_year_itself_or_the_nearest_earlier(accounting, data_year, stale):
    found = grid(accounting)
    assert (found.data_year, found.stale) == (data_year, stale)
    assert ("accounting year" in found.vintage) is stale


@pytest.mark.parametrize("accounting", [2010, 2020, 2029, 2035])
def test_a_year_no_factor_answers_for_is_refused_with_the_nearest(accounting):
    # P48: no number is invented
    with pytest.raises(FactorNotFoundError, match=r"2021-01-01 to 2028-12-31, data years 2021 to 2023"):
        grid(accounting)


@pytest.mark.parametrize(
    ("accounting", "data_year"), [(2021, 2021), (2022, 2021), (2023, 2021), (2024, 2022), (2025, 2023)]
)
def test_the_latest_published_rule_takes_what_was_known_at_the_end_of_the_year(accounting, data_year):
    """Announced 2024-04-12, 2024-12 and 2025-12-31, the data years 2021 to 2023 answer 2023 to 2025."""
    assert grid(accounting, vintage="latest_published").data_year == data_year


@pytest.mark.parametrize(
    ("known", "data_year"),
    [("2024-04-12", 2021), ("2024-12-30", 2021), ("2024-12-31", 2022), ("2025-12-30", 2022), ("2025-12-31", 2023)],
)
def test_as_of_replays_what_was_known(known, data_year):
    assert grid(2023, as_of=known).data_year == data_year
    assert grid(2023, as_of=date.fromisoformat(known), vintage="latest_published").data_year == data_year


def test_before_the_first_announcement_nothing_was_known():
    for vintage in ("data_year", "latest_published"):
        with pytest.raises(FactorNotFoundError):
            grid(2021, as_of="2024-04-11", vintage=vintage)


def test_a_restated_figure_answers_from_its_publication_on():
    frame = pd.DataFrame(
        {
            "id": ["first", "restated"], "energy_type": "electricity", "region": "CN", "value": [0.55, 0.56],
            "unit": "kgCO2/kWh", "data_year": 2021, "published_on": ["2024-04-12", "2024-09-01"],
        }
    )  # fmt: skip
    library = FactorLibrary.from_frame(frame)
    on = date(2021, 3, 1)
    assert resolve(library, "electricity", "CN", on).factor_id == "restated"
    assert resolve(library, "electricity", "CN", on, as_of="2024-08-31").factor_id == "first"


@pytest.mark.parametrize("kind", ["electricity_residual", "electricity_fossil", "electricity_ets"])
def test_residual_fossil_and_notice_factors_never_pose_as_the_average(kind):
    assert grid(2023).factor_id == "cn.grid.2023.national.average"
    year = 2022 if kind == "electricity_ets" else 2023
    assert resolve(LIBRARY, kind, "CN", date(year, 1, 1)).factor_id != grid(year).factor_id


def test_the_notice_factor_is_the_one_of_its_year():
    """0.5810 was sold as 2021, 2022, 2023, 2024, Central and East China: it is the notice for 2021."""
    found = {y: resolve(LIBRARY, "electricity_ets", "CN", date(y, 1, 1)).factor_id for y in (2021, 2022)}
    assert LIBRARY.get(found[2021]).value == 0.5810
    assert LIBRARY.get(found[2022]).value == 0.5703
    assert 0.5810 not in {LIBRARY.get(grid(y).factor_id).value for y in (2021, 2022, 2023)}


def test_baseline_factors_serve_reduction_projects_only():
    for place in ("CN-GRID-EAST", "CN"):
        with pytest.raises(FactorUseError, match="reduction projects"):
            resolve(LIBRARY, "electricity_baseline_om", place, date(2024, 1, 1))
    found = resolve(LIBRARY, "OM", "CN-JS", date(2015, 1, 1), use="reduction_project")
    assert found.factor_id == "cn.baseline.2015.east.om"


def test_a_reduction_factor_filed_as_electricity_is_still_refused():
    frame = pd.DataFrame(
        {
            "id": ["om"],
            "energy_type": "electricity",
            "region": "CN",
            "value": 0.8,
            "unit": "tCO2/MWh",
            "use": "reduction_project",
        }
    )
    with pytest.raises(FactorUseError):
        resolve(FactorLibrary.from_frame(frame), "electricity", "CN", date(2024, 1, 1))


@pytest.mark.parametrize(
    ("carrier", "place", "unit", "per", "gases"),
    [
        ("natural gas", "GB", "kWh (Gross CV)", "kWh_HHV", {"CO2e", "CO2", "CH4", "N2O"}),
        ("natural gas", "GB", "kWh (Net CV)", "kWh_LHV", {"CO2e", "CO2", "CH4", "N2O"}),
        ("natural gas", "US", "mmBtu", "mmBtu", {"CO2", "CH4", "N2O"}),
        ("natural gas", "US", "scf", "scf", {"CO2", "CH4", "N2O"}),
        ("natural gas", "CN", "GJ", "TJ", {"CO2", "CH4", "N2O"}),
        ("diesel", "GB", "L", "L", {"CO2e", "CO2", "CH4", "N2O", "CO2_biogenic"}),
        ("mobile_diesel", "US", "US_gallon", "US_gallon", {"CO2"}),
        ("electricity", "US-CAMX", "MWh", "MWh", {"CO2", "CH4", "N2O"}),
        ("蒸汽", "CN-JS", "GJ", "GJ", {"CO2"}),
        ("石灰石", "CN", "kg", "t", {"CO2"}),
        ("water_supply", "GB", "m3", "m3", {"CO2e"}),
    ],
)
def test_the_basis_that_fits_the_unit_is_taken_with_all_its_gases(carrier, place, unit, per, gases):
    # S18, S21
    found = resolve(LIBRARY, carrier, place, date(2025, 6, 1), unit=unit)
    assert (found.per, {gas for gas, _ in found.rows}) == (per, gases)


def test_energy_of_a_blend_whose_basis_is_open_is_not_answered_by_its_biogenic_part():
    with pytest.raises(AmbiguousUnitError):
        resolve(LIBRARY, "diesel", "GB", date(2025, 6, 1), unit="kWh")


def test_a_unit_no_basis_fits_is_refused():
    with pytest.raises(UnitError):
        resolve(LIBRARY, "electricity", "CN", date(2023, 1, 1), unit="t")


def test_the_sector_of_a_fuel_can_be_named():
    plain = resolve(LIBRARY, "anthracite", "CN", date(2023, 1, 1))
    home = resolve(LIBRARY, "anthracite", "CN", date(2023, 1, 1), variant="residential")
    methane = [dict(found.rows)["CH4"] for found in (plain, home)]
    assert [LIBRARY.factor(row).value for row in methane] == [10.0, 300.0]
    assert dict(plain.rows)["CO2"] == dict(home.rows)["CO2"]


def test_one_gas_can_be_asked_for():
    found = resolve(LIBRARY, "natural_gas", "US", date(2025, 1, 1), gas="N2O")
    assert [gas for gas, _ in found.rows] == ["N2O"]


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("天然气", "natural_gas"),
        ("Natural Gas", "natural_gas"),
        ("petrol", "gasoline"),
        ("外购电力", "electricity"),
        ("R410A", "r-410a"),
        ("r-410a", "r-410a"),
        ("CaCO3", "caco3"),
        ("无烟煤", "anthracite"),
    ],
)
def test_carriers_have_names_in_two_languages(word, key):
    assert energy_type(word) == key


@pytest.mark.parametrize(
    ("word", "near"), [("natural_gass", "natural_gas"), ("天然汽", "natural_gas"), ("electricty", "electricity")]
)
def test_an_unknown_carrier_names_the_nearest(word, near):
    with pytest.raises(UnknownEnergyTypeError, match=near):
        energy_type(word)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("CN", "CN"),
        ("中国", "CN"),
        ("cn-js", "CN-JS"),
        ("江苏", "CN-JS"),
        ("江苏省", "CN-JS"),
        ("Jiangsu", "CN-JS"),
        ("320000", "CN-JS"),
        ("CN-320000", "CN-JS"),
        ("CN-JS-320500", "CN-JS-320500"),
        ("320500", "CN-JS-320500"),
        ("苏州", "CN-JS-320500"),
        ("苏州市", "CN-JS-320500"),
        ("江苏省苏州市", "CN-JS-320500"),
        ("江苏苏州", "CN-JS-320500"),
        ("江苏省苏州市吴江区", "CN-JS-320509"),
        ("陕西", "CN-SN"),
        ("山西", "CN-SX"),
        ("吉林", "CN-JL"),
        ("吉林市", "CN-JL-220200"),
        ("内蒙古", "CN-NM"),
        ("上海市浦东新区", "CN-SH-310115"),
        ("CN-GRID-EAST", "CN-GRID-EAST"),
        ("GB", "GB"),
        ("英国", "GB"),
        ("us", "US"),
        ("US-CAMX", "US-CAMX"),
        ("371200", "CN-SD-371200"),
        ("GLOBAL", "GLOBAL"),
    ],
)
def test_a_region_has_one_code_however_it_is_spelt(word, code):
    assert region(word, LIBRARY.known_regions).code == code


@pytest.mark.parametrize("word", ["XX", "CN-QQ", "999999", "320599", "苏洲", "CN-ZJ-320500", "", "US-CALI", "Atlantis"])
def test_an_unknown_region_is_refused(word):
    with pytest.raises(UnknownRegionError):
        region(word, LIBRARY.known_regions)


def test_a_name_several_places_share_is_refused_with_all_of_them():
    with pytest.raises(UnknownRegionError, match=r"320106 江苏省鼓楼区.*350102 福建省鼓楼区"):
        region("鼓楼区")
    assert region("南京市鼓楼区").code == "CN-JS-320106"


def test_east_inner_mongolia_belongs_to_another_grid():
    assert region("赤峰市").chain[2] == ("CN-GRID-NORTHEAST", "grid_region")
    assert region("呼和浩特市").chain[2] == ("CN-GRID-NORTH", "grid_region")


def test_an_unknown_vintage_rule_is_refused():
    with pytest.raises(InputError, match="data_year"):
        grid(2023, vintage="newest")


def test_a_date_may_be_written_and_a_wrong_one_is_named():
    assert resolve(LIBRARY, "electricity", "CN", "2023-06-30", as_of="2026-01").data_year == 2023
    for words in ({"on": "30/06/2023"}, {"on": "2023-06-30", "as_of": "soon"}, {"on": None}):
        with pytest.raises(InputError, match="not a date"):
            resolve(LIBRARY, "electricity", "CN", **words)
    with pytest.raises(InputError, match="use"):
        grid(2023, use="anything")


def test_no_rule_takes_a_data_year_after_the_accounting_year():
    for vintage in ("data_year", "latest_published"):
        assert grid(2022, as_of="2026-06-30", vintage=vintage).data_year == 2022


KEYS = [
    ("electricity", "CN-JS", "kWh"), ("电力", "苏州", "MWh"), ("electricity", "西藏", "万kWh"), ("heat", "CN", "GJ"),
    ("natural_gas", "GB", "kWh (Gross CV)"), ("natural_gas", "CN", "TJ"), ("electricity_ets", "CN", None),
    ("electricity", "CN-HK", "kWh"), ("coal gas", "CN", "t"), ("electricity", "Nowhere", "kWh"),
    ("electricity", "CN", "t"), ("electricity_baseline_bm", "CN-JS", "MWh"),
]  # fmt: skip
FIRST, LAST = date(2014, 11, 3), date(2029, 2, 1)


@pytest.fixture(scope="module", params=["data_year", "latest_published"])
def answers(request):
    return request.param, day_table(LIBRARY, KEYS, FIRST, LAST, vintage=request.param)


@settings(max_examples=300)
@given(st.integers(0, len(KEYS) - 1), st.integers(0, (LAST - FIRST).days))
def test_the_table_says_what_the_single_question_says(key, offset):
    for vintage in ("data_year", "latest_published"):
        table = _table(vintage)
        carrier, place, unit = KEYS[key]
        version = table.version[key, offset]
        day = FIRST + timedelta(days=offset)
        if version == -1:
            with pytest.raises(type(table.fault(key, day_of(day)))):
                resolve(LIBRARY, carrier, place, day, unit=unit, vintage=vintage)
            continue
        want = resolve(LIBRARY, carrier, place, day, unit=unit, vintage=vintage)
        assert table.resolutions[version] == want
        for gas, row in want.rows:
            assert table.rows[version, table.gas(gas)] == row
            assert table.tonnes[version, table.gas(gas)] == LIBRARY.tonnes[row] * want.scale


def _table(vintage, cache={}):  # noqa: B006 -- built once
    if vintage not in cache:
        cache[vintage] = day_table(LIBRARY, KEYS, FIRST, LAST, vintage=vintage)
    return cache[vintage]


def test_a_gather_is_all_a_batch_needs(answers):
    _, table = answers
    days = np.array([day_of(date(2023, 5, 1)), day_of(date(2021, 5, 1))])
    version = table.version[[0, 1], days - table.first_day]
    tonnes = np.array([1000.0, 1.0]) * table.tonnes[version, table.gas("CO2")]
    if answers[0] == "data_year":
        assert tonnes == pytest.approx([0.5827, 0.6451])
    assert table.rows.dtype == np.int32
    assert table.gas("SF6") == -1


def test_a_table_over_no_days_is_refused():
    with pytest.raises(InputError, match="before the first"):
        day_table(LIBRARY, KEYS, LAST, FIRST)


def test_a_table_over_no_keys_is_empty():
    table = day_table(LIBRARY, [], FIRST, LAST)
    assert table.version.shape[0] == 0
    assert table.resolutions == ()
