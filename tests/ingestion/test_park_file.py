"""P26, P38, S42, S43: a park file is read whole, or refused with file, field, value and remedy."""

import json
import shutil
from datetime import date

import numpy as np
import pandas as pd
import pytest
import yaml

import carbonost
from carbonost.domain.headings import Headings
from carbonost.errors import FileFormatError, InputError, InputErrors, NaiveTimestampError, UnitError
from carbonost.ingestion.meters import read_meters
from carbonost.ingestion.park import ParkData, read_park
from carbonost.ingestion.tabular import numbers, read_table
from carbonost.sample import write_park

RING = [[120.0, 30.0], [120.01, 30.0], [120.01, 30.01], [120.0, 30.0]]


@pytest.fixture
def small(tmp_path):
    """A park of one meter and one bill; returns a function that writes it with changes."""
    (tmp_path / "meters.csv").write_text("时间,用量(kWh)\n2025-01-01 00:00,10\n2025-01-01 00:15,\n", "utf-8")

    def write(**changes):
        park = {
            "park": {"name": "试验园区"},
            "selection": {"type": "polygon", "geometry": {"type": "Polygon", "coordinates": [RING]}, "datum": "WGS84"},
            "scenario": {"region": "CN-JS", "accounting_year": 2025},
            "meters": [
                {"file": "meters.csv", "energy_type": "electricity", "unit": "kWh", "timezone": "Asia/Shanghai"}
            ],
            "activities": [
                {
                    "energy_type": "天然气",
                    "consumption": 12.5,
                    "unit": "万Nm3",
                    "period_start": "2025-01-01",
                    "period_end": "2025-12-31",
                }
            ],
        }
        park.update(changes)
        path = tmp_path / "park.yaml"
        path.write_text(yaml.safe_dump(park, allow_unicode=True), "utf-8")
        return path

    return write


def test_a_park_file_gives_selection_scenario_and_data(small):
    selection, scenario, data = read_park(small())
    assert selection.datum == "WGS84"
    assert scenario.accounting_year == 2025
    assert data.name == "试验园区"
    assert data.meters["value"].tolist()[0] == 10.0
    assert np.isnan(data.meters["value"].iloc[1]), "a gap in the metering stays a gap"
    assert str(data.meters["start"].iloc[0]) == "2024-12-31 16:00:00+00:00"
    assert len(data.activities) == 1


def test_every_file_becomes_evidence_with_its_hash(small):
    """P47."""
    sources = ParkData.from_yaml(small()).sources
    assert [source.id for source in sources] == ["park.yaml", "meters.csv"]
    assert all(source.version.startswith("sha256:") for source in sources)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scenari": {}}, r"park\.yaml: scenari.*unknown key.*'scenario'"),
        ({"park": {"zon": "x"}}, r"park\.yaml: park\.zon.*unknown key.*'zone'"),
        ({"scenario": {"wac": 0.1}}, r"park\.yaml: scenario\.wac.*Did you mean 'wacc'"),
        ({"scenario": {"wacc": "high"}}, r"park\.yaml: scenario\.wacc.*'high'"),
        ({"meters": [{"file": "none.csv"}]}, r"park\.yaml: meters\[0\]\.file.*'none\.csv'.*no such file"),
        (
            {"meters": [{"file": "meters.csv", "energy_type": "electricity", "unit": "kg", "timezone": "UTC"}]},
            r"meters\.csv: unit.*'kg'.*kWh",
        ),
        (
            {"meters": [{"file": "meters.csv", "unit": "kWh", "timezone": "UTC"}]},
            r"meters\.csv: energy_type.*nobody says the energy_type",
        ),
        ({"selection": {}}, r"park\.yaml: selection"),
        (
            {"selection": {"type": "polygon", "geometry": "away.geojson"}},
            r"selection\.geometry.*away\.geojson.*no such file",
        ),
        (
            {
                "activities": [
                    {
                        "energy_type": "electricity",
                        "consumption": -1,
                        "unit": "kWh",
                        "period_start": "2025-01-01",
                        "period_end": "2025-12-31",
                    }
                ]
            },
            r"park\.yaml: .*consumption.*-1",
        ),
        ({"park": {"zone": "Asia/Suzhou"}}, r"Asia/Suzhou"),
        ({"entities": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]}, r"entities\.id.*'a'.*share an id"),
        ({"entities": [{"id": "a", "name": "A", "industry_code": "XX9"}]}, r"industry_code.*'XX9'"),
    ],
)
def test_bad_input_is_told_with_file_field_value_and_remedy(small, changes, told):
    with pytest.raises(InputError, match=told):
        read_park(small(**changes))


def test_stamps_without_a_zone_are_refused(small):
    path = small(meters=[{"file": "meters.csv", "energy_type": "electricity", "unit": "kWh"}])
    with pytest.raises(NaiveTimestampError, match=r"timezone: Asia/Shanghai"):
        read_park(path)


def test_a_missing_park_file_says_how_to_write_one(tmp_path):
    with pytest.raises(FileFormatError, match="template park"):
        read_park(tmp_path / "park.yaml")


def test_broken_yaml_names_the_line(tmp_path):
    path = tmp_path / "park.yaml"
    path.write_text("park:\n  name: [\n", "utf-8")
    with pytest.raises(FileFormatError, match="not valid YAML in line"):
        read_park(path)


def test_labels_at_the_end_of_an_interval_are_shifted(small, tmp_path):
    """A 96-point day labelled 00:15 … 24:00 starts at 00:00."""
    (tmp_path / "meters.csv").write_text("start,value\n2025-01-01T00:15+08:00,1\n2025-01-01T00:30+08:00,2\n", "utf-8")
    path = small(meters=[{"file": "meters.csv", "energy_type": "electricity", "unit": "kWh", "label": "end"}])
    assert str(ParkData.from_yaml(path).meters["start"].iloc[0]) == "2024-12-31 16:00:00+00:00"


def test_a_reading_given_twice_is_refused(small, tmp_path):
    (tmp_path / "meters.csv").write_text("start,value\n2025-01-01 00:15,1\n2025-01-01 00:15,2\n", "utf-8")
    with pytest.raises(InputError, match=r"meters\.csv: start.*two readings"):
        read_park(small())


def test_a_declared_row_that_stands_twice_under_one_id_is_refused(small):
    """The same bill entered twice would count twice; equal ids on different bills are only row numbers."""
    bill = {"id": "1", "energy_type": "电力", "consumption": 5, "unit": "万kWh"}
    year = {"period_start": "2025-01-01", "period_end": "2025-12-31"}
    with pytest.raises(InputError, match="stands twice"):
        read_park(small(activities=[bill | year, bill | year]))
    _, _, data = read_park(small(activities=[bill | year, bill | year | {"consumption": 6}]))
    assert len(data.activities) == 2


def test_a_date_among_the_facts_of_the_site_is_read_as_its_text(small):
    """YAML makes a date of 2025-01-01; a contract keeps it as text, so that the job can be stored."""
    contract = {"kind": "GEC", "energy_kwh": 1000.0, "valid_from": date(2025, 1, 1)}
    path = small(site={"contracts": [contract]})
    assert "valid_from: 2025-01-01" in path.read_text("utf-8")
    _, _, data = read_park(path)
    assert data.site["contracts"] == [contract | {"valid_from": "2025-01-01"}]


def test_numbers_in_full_width_and_with_separators_are_read(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes('数量,单位\n"１,２３４.5",t\n'.encode("gb18030"))
    frame = read_table(path, Headings({"consumption": ("数量",), "unit": ("单位",)}), ("consumption",))
    assert numbers(frame, "consumption", path, gaps=False).tolist() == [1234.5]


def test_all_wrong_cells_of_a_column_come_together(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("consumption\n1\nabc\nN/A\n", "utf-8")
    frame = read_table(path, Headings({"consumption": ()}), ("consumption",))
    with pytest.raises(InputError) as raised:
        numbers(frame, "consumption", path, gaps=False)
    assert [error.row for error in raised.value.exceptions] == [3, 4]


def test_merged_cells_of_a_workbook_are_filled(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["能源品种", "消费量", "单位"], ["柴油", 1, "t"], [None, 2, "t"]):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    book.save(tmp_path / "t.xlsx")
    headings = Headings({"energy_type": ("能源品种",), "consumption": ("消费量",)})
    frame = read_table(tmp_path / "t.xlsx", headings, ("energy_type",))
    assert frame["energy_type"].tolist() == ["柴油", "柴油"]


def test_the_sample_park_is_the_same_from_files_and_from_memory(tmp_path):
    selection, scenario, data = carbonost.sample_park()
    from_files = read_park(write_park(tmp_path / "park"))
    assert from_files[0] == selection
    assert from_files[1] == scenario
    pd.testing.assert_frame_equal(from_files[2].meters, data.meters)
    assert [a.model_dump() for a in from_files[2].activities] == [a.model_dump() for a in data.activities]
    assert from_files[2].entities == data.entities
    assert from_files[2].site == data.site


def test_a_park_is_never_written_over(tmp_path):
    write_park(tmp_path)
    with pytest.raises(InputError, match="already"):
        write_park(tmp_path)


def test_a_boundary_may_stand_in_its_own_file(small, tmp_path):
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [RING]}}
    (tmp_path / "b.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    selection, _, _ = read_park(small(selection={"type": "polygon", "geometry": "b.geojson", "datum": "GCJ02"}))
    assert selection.geometry["coordinates"] == [RING]


def test_a_meter_frame_with_a_wrong_unit_is_refused_by_name():
    frame = pd.DataFrame(
        {
            "start": pd.date_range("2025-01-01", periods=2, freq="h", tz="UTC"),
            "point": "m",
            "energy_type": "natural_gas",
            "value": [1.0, 2.0],
            "unit": "m3",
        }
    )
    with pytest.raises(UnitError, match="Nm3"):
        ParkData(meters=frame)


def test_the_synthetic_year_is_deterministic():
    """The generator gives the same readings everywhere: the total is pinned to the hundredth of a kWh."""
    from carbonost.sample import generator

    frame = generator.meters()
    assert len(frame) == 12 * 35_040
    assert frame["value"].isna().sum() == 12
    assert round(float(frame["value"].sum()), 2) == pytest.approx(118_123_509.55, abs=0.02)


def test_files_are_read_from_a_path_with_spaces(small, tmp_path):
    path = small()
    there = tmp_path / "a folder"
    there.mkdir()
    for name in ("park.yaml", "meters.csv"):
        shutil.copy(tmp_path / name, there / name)
    assert path.name == read_park(there / "park.yaml")[2].sources[0].id


def write_readings(folder, stamps, values, heading="电量(kWh)"):
    lines = [f"{stamp},{value}" for stamp, value in zip(stamps, values, strict=True)]
    (folder / "meters.csv").write_text("\n".join([f"时间,{heading}", *lines]), "utf-8")


def metered(small, **options):
    entry = {"file": "meters.csv", "energy_type": "电力", "unit": "kWh", "timezone": "Asia/Shanghai", **options}
    return small(meters=[entry])


def test_a_meter_may_call_its_carrier_by_a_chinese_name(small):
    assert set(read_park(metered(small))[2].meters["energy_type"]) == {"electricity"}
    with pytest.raises(InputError, match=r"meters\.csv: unit.*'kW'.*kWh"):
        read_park(metered(small, unit="kW"))


QUARTERS = ["2025-01-01 00:00", "2025-01-01 00:15", "2025-01-01 00:45"]
LOCAL = {"energy_type": "电", "timezone": "Asia/Shanghai"}


def test_mean_power_becomes_the_energy_of_its_interval(tmp_path):
    write_readings(tmp_path, QUARTERS, [400, 100, 40], "有功功率(kW)")
    meters = read_meters(str(tmp_path / "meters.csv"), LOCAL)  # the heading says the unit; a quarter is missing
    assert meters["value"].tolist() == [100.0, 25.0, 10.0]
    assert set(meters["unit"]) == {"kWh"}
    write_readings(tmp_path, QUARTERS, [0.4, 0.1, ""], "负荷")
    assert read_meters(tmp_path / "meters.csv", {**LOCAL, "unit": "MW"})["value"].tolist()[:2] == [0.1, 0.025]


@pytest.mark.parametrize(
    ("heading", "stamps", "options", "told"),
    [
        ("有功功率（kW）", QUARTERS, {"unit": "kWh"}, r"unit.*'kWh'.*names another unit.*Say kW"),
        ("电量(kWh)", QUARTERS, {"unit": "kW"}, r"unit.*'kW'.*names another unit.*Say kWh"),
        ("电量(万kWh)", QUARTERS, {"unit": "kWh"}, r"unit.*names another unit"),
        ("电量", QUARTERS, {}, r"unit.*nobody says the unit"),
        ("功率(kW)", QUARTERS, {"cumulative": True}, r"unit.*register does not count power"),
        ("功率(kW)", [*QUARTERS, "2025-01-01 01:00", "2025-01-01 01:05"], {}, r"start.*uneven instants"),
    ],
)
def test_a_unit_that_cannot_be_is_refused(tmp_path, heading, stamps, options, told):
    write_readings(tmp_path, stamps, [4.0, 3.0, 2.0, 1.0, 3.0][: len(stamps)], heading)
    with pytest.raises(InputError, match=rf"meters\.csv: {told}"):
        read_meters(tmp_path / "meters.csv", {**LOCAL, **options})


def test_stamps_are_read_as_logs_print_them(small, tmp_path):
    write_readings(tmp_path, ["2025年1月1日 23:45", "2025/01/01 24:00", "2025/1/2 0:15"], [1, 2, 3])
    start = read_park(metered(small))[2].meters["start"].dt.tz_convert("Asia/Shanghai")
    assert start.dt.strftime("%d %H:%M").tolist() == ["01 23:45", "02 00:00", "02 00:15"]


def test_the_states_of_a_register_are_no_amounts_until_somebody_says_so(small, tmp_path):
    stamps = pd.date_range("2025-01-01", periods=60, freq="h").strftime("%Y-%m-%d %H:%M")
    write_readings(tmp_path, stamps, range(100, 160))
    with pytest.raises(InputError, match=r"meters\.csv: value.*only ever rise.*cumulative: true"):
        read_park(metered(small))
    meters = read_park(metered(small, cumulative=True))[2].meters
    assert meters["value"].tolist() == [1.0] * 59, "the last state begins no interval"
    assert len(read_park(metered(small, cumulative=False))[2].meters) == 60


def test_a_fault_in_a_meter_table_names_its_spreadsheet_row(small, tmp_path):
    write_readings(tmp_path, ["2025-01-01 00:00", "2025-01-01 01:00"], [1, -2])
    with pytest.raises(InputError, match=r"row 3, .*-2\.0"):
        read_park(metered(small))
    write_readings(tmp_path, ["2025-01-01 00:00", "2025-01-01 00:00"], [1, 2])
    with pytest.raises(InputError, match=r"row 3, .*2025-01-01 00:00:00\+08:00.*two readings"):
        read_park(metered(small))


def test_monthly_bills_need_no_more_than_their_month(small, tmp_path):
    (tmp_path / "bills.csv").write_text("月份,品种,用量,单位\n2025年2月,电,90,万kWh\n2025/3,电,91,万kWh\n", "utf-8")
    data = read_park(small(activities=[{"file": "bills.csv"}]))[2]
    assert [(str(item.period_start), str(item.period_end)) for item in data.activities] == [
        ("2025-02-01", "2025-02-28"),
        ("2025-03-01", "2025-03-31"),
    ]
    (tmp_path / "bills.csv").write_text("月份,品种,用量,单位\n2025年13月,电,90,万kWh\n", "utf-8")
    with pytest.raises(InputError, match=r"row 2, .*bills\.csv: month.*2025年13月"):
        read_park(small(activities=[{"file": "bills.csv"}]))


def test_faults_of_declared_rows_come_together_with_file_and_row(small, tmp_path):
    rows = "电,90,吨,2025/1/1,2025/1/31\n天然气,3,万Nm3,2025年2月1日,2025年2月28日\n电,1,kWhh,2025-1-1,2025-1-31\n"
    (tmp_path / "bills.csv").write_text(f"品种,用量,单位,开始日期,结束日期\n{rows}", "utf-8")
    with pytest.raises(InputErrors) as told:
        read_park(small(activities=[{"file": "bills.csv"}]))
    assert [(fault.row, fault.field, fault.value) for fault in told.value.exceptions] == [
        (2, "bills.csv: unit", "吨"),
        (4, "bills.csv: unit", "kWhh"),
    ]


def test_frames_may_have_chinese_headers():
    stamps = pd.date_range("2025-01-01", periods=2, freq="h", tz="Asia/Shanghai")
    meters = pd.DataFrame({"时间": stamps, "计量点": "总表", "品种": "电", "用量(kWh)": [1.0, 2.0], "单位": "kWh"})
    bills = pd.DataFrame({"品种": ["气"], "用量": [3], "单位": ["万Nm3"], "开始日期": ["2025/1/1"], "地区": [None]})
    data = ParkData(meters=meters, activities=bills.assign(截止日期="2025/1/31"), name="甲")
    assert data.meters["value"].tolist() == [1.0, 2.0]
    assert (data.activities[0].consumption, data.activities[0].region) == (3, "CN")
    assert repr(data) == "<ParkData '甲': 1 metered points, 1 declared rows, 0 enterprises>"


def test_one_row_is_no_list_and_a_word_is_no_reading():
    with pytest.raises(InputError, match=r"activities.*'dict'.*a list, or a DataFrame"):
        ParkData(activities={"energy_type": "electricity"})
    stamps = pd.date_range("2025-01-01", periods=2, freq="h", tz="UTC")
    frame = pd.DataFrame({"start": stamps, "point": "m", "energy_type": "electricity", "value": "约3", "unit": "kWh"})
    with pytest.raises(InputError, match=r"meters\.value.*'约3'.*not a number"):
        ParkData(meters=frame)
