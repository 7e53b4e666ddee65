import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.errors import (
    FactorNotFoundError,
    FileFormatError,
    ImplausibleFactorError,
    InputError,
    InputErrors,
)
from carbonost.factors import FactorLibrary, resolve
from carbonost.factors.check import gaps
from carbonost.factors.columns import COLUMNS, printed_date

OWN = {
    "id": ["own.js.2024"],
    "energy_type": ["electricity"],
    "region": ["CN-JS"],
    "value": [0.51],
    "unit": ["kgCO2/kWh"],
    "data_year": [2024],
    "document": ["supplier letter of 2025-02-01"],
}


def own(**changes):
    frame = pd.DataFrame(OWN)
    for name, value in changes.items():
        frame[name] = value
    return FactorLibrary.from_frame(frame)


@pytest.fixture(scope="module")
def library():
    return FactorLibrary.default()


def test_a_factor_carries_what_the_specification_asks_for(library):
    # S23: region, type, value, unit, source, validity
    factor = library.get("cn.grid.2022.province.js")
    assert (factor.value, factor.unit, factor.region, factor.data_year) == (0.5978, "kgCO2/kWh", "CN-JS", 2022)
    assert factor.valid_from == date(2022, 1, 1)
    assert factor.valid_to is None
    assert factor.published_on == date(2024, 12, 31)  # the document names the month only
    assert "公告2024年第33号" in factor.document


def test_the_default_library_is_one_object_read_once(library):
    with ThreadPoolExecutor(8) as pool:
        assert {id(found) for found in pool.map(lambda _: FactorLibrary.default(), range(32))} == {id(library)}


def test_a_snapshot_cannot_be_written_to(library):
    with pytest.raises(ValueError, match="read-only"):
        library.tonnes[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        library.columns.text["id"][0] = "x"


def test_tonnes_are_the_printed_value_brought_to_tonnes_per_activity(library):
    row = library.row("us.egrid2023.camx.co2")  # 436.655 lb/MWh
    assert library.per[row] == "MWh"
    assert library.tonnes[row] == pytest.approx(436.655 * 0.45359237 / 1000)
    assert not library.weighted[row]
    assert library.weighted[library.row("uk.desnz.2025.1_100_1004_6_3")]  # CH4, printed in kgCO2e


def test_a_missing_id_names_the_nearest(library):
    with pytest.raises(FactorNotFoundError, match=r"cn\.grid\.2023\.province\.js"):
        library.get("cn grid 2023 province js")


def test_the_digest_depends_on_content_and_on_nothing_else(library):
    frame = library.to_frame().head(200)
    digest = FactorLibrary.from_frame(frame).digest
    assert FactorLibrary.from_frame(frame.sample(frac=1, random_state=1)).digest == digest
    assert FactorLibrary.from_frame(frame[frame.columns[::-1]]).digest == digest
    changed = frame.assign(value=frame["value"] * (1 + 1e-12))
    assert FactorLibrary.from_frame(changed).digest != digest


def test_a_library_written_and_read_back_is_the_same(library, tmp_path):
    path = tmp_path / "factors.csv"
    library.to_frame().to_csv(path, index=False)
    assert FactorLibrary.from_csv(path).digest == library.digest
    assert pickle.loads(pickle.dumps(library)).digest == library.digest  # noqa: S301 -- our own bytes


def test_packaged_rows_given_back_stay_packaged_and_a_changed_one_is_own(library):
    frame = library.to_frame()
    frame.loc[frame["id"] == "cn.grid.2023.province.js", "value"] *= 0.9
    given = FactorLibrary.from_frame(frame)
    assert list(given.ids[given.layer > 0]) == ["cn.grid.2023.province.js"]


def test_a_user_needs_five_columns_and_the_rest_has_a_meaning():
    bare = own().get("own.js.2024")
    assert (bare.gas, bare.use, bare.status, bare.locator) == ("CO2", "inventory", "own", "row 0")
    assert list(own().to_frame().columns) == list(COLUMNS)


def test_names_in_a_users_frame_become_canonical():
    library = own(energy_type="电力", region="江苏省")
    assert (library.energy_types[0], library.regions[0]) == ("electricity", "CN-JS")
    foreign = own(energy_type="tea leaves", region="Park 7", value=3.0, unit="kg/t")
    assert (foreign.energy_types[0], foreign.regions[0], foreign.gases[0]) == ("tea leaves", "Park 7", "CO2e")


def test_every_fault_of_a_frame_is_told_with_row_and_field():
    frame = pd.DataFrame(
        {
            "id": ["a", "a", "c", "d", "", "f", "g", "h"],
            "energy_type": ["electricity"] * 8,
            "region": ["CN"] * 8,
            "value": ["0.5", "x", "nan", "-1", "0.5", "0.5", "0.5", "inf"],
            "unit": ["kgCO2/kWh"] * 5 + ["kWh", "kgCO2/kWh", "kgCO2/kWh"],
            "gas": ["CO2"] * 6 + ["CH4", "CO2"],
            "valid_from": ["2024-02-30", *["2024-01-01"] * 7],
            "valid_to": ["", "", "2023-01-01", *[""] * 5],
            "use": [*["inventory"] * 7, "decoration"],
            "data_year": [20.5, *[2024] * 7],
            "scope": ["1", "4", *["2"] * 6],
        }
    )
    with pytest.raises(InputErrors) as told:
        FactorLibrary.from_frame(frame)
    seen = {(fault.row, fault.field) for fault in told.value.exceptions}
    assert seen == {
        (0, "valid_from"), (1, "value"), (1, "id"), (2, "value"), (2, "valid_to"), (3, "value"), (4, "id"),
        (5, "unit"), (6, "gas"), (7, "value"), (7, "use"), (0, "data_year"), (1, "scope"),
    }  # fmt: skip


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="unit"):
        FactorLibrary.from_frame(pd.DataFrame(OWN).drop(columns="unit"))


def test_two_rows_for_one_key_and_day_are_refused():
    # S23
    twice = pd.concat([pd.DataFrame(OWN), pd.DataFrame(OWN).assign(id="other", value=0.6)], ignore_index=True)
    with pytest.raises(InputError, match="overlaps"):
        FactorLibrary.from_frame(twice)
    twice["published_on"] = ["2025-01-01", "2026-01-01"]  # a restated figure: as_of chooses
    assert len(FactorLibrary.from_frame(twice)) == 2


def test_a_hole_between_two_validities_is_found():
    # S23
    frame = pd.DataFrame(
        {
            "id": ["a", "b"], "energy_type": "heat", "region": "CN-JS", "value": [0.1, 0.1], "unit": "tCO2/GJ",
            "valid_from": ["2023-01-01", "2024-02-01"], "valid_to": ["2023-12-31", "2024-12-31"],
        }
    )  # fmt: skip
    hole = gaps(FactorLibrary.from_frame(frame)).iloc[0]
    assert (hole["after"], hole["before"], hole["first"], hole["last"]) == (
        "a",
        "b",
        date(2024, 1, 1),
        date(2024, 1, 31),
    )


@pytest.mark.parametrize(("value", "unit"), [(5.306, "kgCO2/kWh"), (581.0, "kgCO2/kWh"), (1600, "kgCO2/MWh")])
def test_a_grid_factor_outside_physics_is_refused(value, unit):
    with pytest.raises(ImplausibleFactorError, match=r"0 to 1\.5 kg per kWh"):
        own(value=value, unit=unit)


def test_merging_puts_own_rows_first_and_keeps_both(library):
    both = library.merge(own())
    assert len(both) == len(library) + 1
    assert resolve(both, "electricity", "CN-JS", date(2024, 5, 1)).factor_id == "own.js.2024"
    assert resolve(both, "electricity", "CN-JS", date(2023, 5, 1)).factor_id == "cn.grid.2023.province.js"
    assert both.digest not in {library.digest, own().digest}


def test_own_rows_go_first_in_whichever_order_two_sets_are_merged(library):
    mine = own(data_year=2023)
    for both in (library.merge(mine), mine.merge(library)):
        assert resolve(both, "electricity", "CN-JS", date(2023, 5, 1)).factor_id == "own.js.2024"
    assert library.merge(mine).digest == mine.merge(library).digest


def test_of_two_own_sets_the_later_one_answers_first():
    first, second = own(), own(id="second", value=0.52)
    assert resolve(first.merge(second), "electricity", "CN-JS", date(2024, 1, 1)).factor_id == "second"
    assert resolve(second.merge(first), "electricity", "CN-JS", date(2024, 1, 1)).factor_id == "own.js.2024"
    assert first.merge(second).digest != second.merge(first).digest


@pytest.mark.parametrize(
    ("gas", "unit", "name"),
    [("co2", "kg/kWh", "CO2"), ("", "kgCO2eq/kWh", "CO2e"), ("CO2-eq", "kg/kWh", "CO2e"), ("", "kgCO₂/kWh", "CO2"),
     ("HFC-134a", "kg/kWh", "HFC-134a"), ("CO2", "kgCO2e/kWh", "CO2")],
)  # fmt: skip
def test_a_gas_has_one_spelling(gas, unit, name):
    assert own(gas=gas, unit=unit, energy_type="own process").gases[0] == name


def test_a_gas_nobody_weighs_is_refused():
    with pytest.raises(InputError, match="not known"):
        own(gas="CO3", unit="kg/kWh")


def test_what_is_no_table_is_refused():
    for junk in ({"id": ["a"]}, [1, 2], None, pd.DataFrame([[1, 2]], columns=["id", "id"])):
        with pytest.raises(InputError, match="no table"):
            FactorLibrary.from_frame(junk)


def test_a_library_may_be_empty():
    empty = FactorLibrary.from_frame(pd.DataFrame(columns=["id", "energy_type", "region", "value", "unit"]))
    assert len(empty) == 0
    assert empty.search("x").empty
    with pytest.raises(FactorNotFoundError):
        resolve(empty, "electricity", "CN", date(2023, 1, 1))
    assert len(FactorLibrary.default().merge(empty)) == len(FactorLibrary.default())


JUNK = st.one_of(
    st.none(), st.text(max_size=6), st.integers(-3, 3000), st.floats(), st.booleans(), st.dates(), st.just(pd.NaT),
    st.sampled_from(["CN", "electricity", "kgCO2/kWh", "2024-01-01", "CO2", "江苏", "kg/kWh", "0.5", "inventory"]),
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), JUNK, max_size=3), min_size=1, max_size=3))
def test_junk_is_refused_by_name_and_never_crashes(changes):
    good = {name: column[0] for name, column in OWN.items()}
    rows = [{**good, "id": f"row {i}", "data_year": 2000 + i, **change} for i, change in enumerate(changes)]
    frame = pd.DataFrame(rows, dtype=object)
    try:
        library = FactorLibrary.from_frame(frame)
    except (InputError, ImplausibleFactorError):
        return
    assert len(library) == len(rows)


def test_merging_a_library_with_itself_changes_no_row(library):
    assert len(library.merge(library)) == len(library)


def test_one_id_with_two_figures_is_refused(library):
    mine = own(id="cn.grid.2023.province.js")
    with pytest.raises(InputError, match="another figure"):
        library.merge(mine)


def test_a_file_that_is_no_table_is_named(tmp_path):
    for name, content in (("empty.csv", b""), ("binary.csv", b"\xff\xfe\x00\xd8")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=name):
            FactorLibrary.from_csv(path)
    with pytest.raises(FileFormatError, match=r"absent\.csv"):
        FactorLibrary.from_csv(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("江苏 电力 2023", "cn.grid.2023.province.js"),
        ("江苏电力2023", "cn.grid.2023.province.js"),
        ("Jiangsu grid 2022", "cn.grid.2022.province.js"),
        ("苏州 电力", "cn.grid.2023.province.js"),
        ("cn.heat.default", "cn.heat.default"),
        ("白云石", "cn.process.steel.dolomite"),
        ("hotel stay china", "uk.desnz.2025.29_600_4009_13_1"),
    ],
)
def test_words_in_chinese_or_english_find_a_factor(library, words, first):
    assert library.search(words)["id"].iloc[0] == first


def test_a_search_can_be_narrowed_and_can_find_nothing(library):
    found = library.search("natural gas", region="GB", gas="CH4")
    assert set(found["region"]) == {"GB"}
    assert set(found["gas"]) == {"CH4"}
    assert library.search("unobtainium").empty
    assert len(library.search("", energy_type="电力", region="江苏", limit=None)) == 3


@pytest.mark.parametrize(
    ("text", "last", "day"),
    [("2024-12", True, date(2024, 12, 31)), ("2024-02", True, date(2024, 2, 29)), ("2024", False, date(2024, 1, 1)),
     ("2024-04-12", True, date(2024, 4, 12)), ("2024-04-12T00:00:00", True, date(2024, 4, 12))],
)  # fmt: skip
def test_a_printed_month_counts_as_its_last_day(text, last, day):
    assert printed_date(text, last=last) == (day - date(1970, 1, 1)).days


@settings(max_examples=25)
@given(st.permutations(range(40)))
def test_row_order_changes_no_answer(order):
    frame = FactorLibrary.default().search("电力", limit=None)
    frame = frame[frame["region"].str.startswith("CN")].head(40).drop(columns="score").reset_index(drop=True)
    shuffled = FactorLibrary.from_frame(frame.iloc[list(order)])
    plain = FactorLibrary.from_frame(frame)
    for place in ("CN", "CN-JS", "CN-XZ", "CN-SH-310115"):
        for year in (2021, 2023, 2025):
            try:
                want = resolve(plain, "electricity", place, date(year, 6, 1)).factor_id
            except FactorNotFoundError:
                with pytest.raises(FactorNotFoundError):
                    resolve(shuffled, "electricity", place, date(year, 6, 1))
            else:
                assert resolve(shuffled, "electricity", place, date(year, 6, 1)).factor_id == want


@given(
    st.floats(1e-6, 1.4),
    st.sampled_from([("kgCO2/kWh", 1.0), ("tCO2/MWh", 1.0), ("gCO2/kWh", 1e3), ("kgCO2/MWh", 1e3)]),
)
def test_the_spelling_of_the_unit_changes_nothing(value, unit):
    word, scale = unit
    found = resolve(own(value=value * scale, unit=word), "electricity", "CN-JS", date(2024, 1, 1), unit="kWh")
    tonnes = own(value=value * scale, unit=word).tonnes[0] * found.scale
    np.testing.assert_allclose(tonnes, value * 1e-3, rtol=1e-12)
