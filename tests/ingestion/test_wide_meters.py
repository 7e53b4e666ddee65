"""P26, P38: the daily export of a metering system, one row a day, means what the long table of its readings means."""

import datetime as dt

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carbonost.errors import FileFormatError, InputError, InputErrors, NaiveTimestampError
from carbonost.ingestion.meters import read_meters
from carbonost.ingestion.park import read_park

SAID = {"energy_type": "电", "timezone": "Asia/Shanghai"}
KW = {**SAID, "unit": "kW"}


def clocks(first, step=15, count=96, shown="{:02}:{:02}"):
    return [shown.format(*divmod(first + step * at, 60)) for at in range(count)]


STARTS, ENDS = clocks(0), clocks(15)


def write(path, headings, rows, above=(), below=(), encoding="utf-8"):
    lines = [*above, ["日期", *headings], *rows, *below]
    path.write_bytes("\n".join(",".join(str(cell) for cell in line) for line in lines).encode(encoding))
    return path


def local(meters):
    return meters["start"].dt.tz_convert("Asia/Shanghai").dt.strftime("%m-%d %H:%M").tolist()


DAY = [float(7 * at % 96) for at in range(96)]


@pytest.mark.parametrize(
    "headings",
    [
        STARTS,
        ENDS,
        [*ENDS[:-1], "0:00"],
        clocks(15, shown="{}:{:02}"),
        clocks(15, shown="{:02}:{:02}:00"),
        clocks(15, shown="{:02}时{:02}分"),
        clocks(15, shown="T{:02}{:02}"),
        clocks(0, shown="{:02}{:02}"),
        clocks(0, shown="{:02}:{:02}(kW)"),
        [f"{start}-{end}" for start, end in zip(STARTS, ENDS, strict=True)],
        [f"P{at}" for at in range(1, 97)],
        [f"P{at}" for at in range(96)],
        range(1, 97),
        [f"{at}点" for at in range(1, 97)],
        [f"第{at}点" for at in range(1, 97)],
    ],
    ids=lambda headings: f"{headings[0]}…{headings[-1]}",
)
def test_the_columns_of_a_day_are_its_intervals_from_midnight_on(tmp_path, headings):
    """00:15 … 24:00 name ends, 00:00 … 23:45 starts, and P1 is the first interval: all begin at 00:00."""
    meters = read_meters(write(tmp_path / "m.csv", headings, [["2025-01-01", *DAY]]), KW)
    assert meters["value"].tolist() == [kw / 4 for kw in DAY]
    assert local(meters) == [f"01-01 {clock}" for clock in STARTS]
    assert "one row a day" in meters.attrs["notes"][0]


@pytest.mark.parametrize(
    ("headings", "step"),
    [(clocks(0, 60, 24), 60), ([f"{at}时" for at in range(1, 25)], 60), (clocks(30, 30, 48), 30), (range(1, 289), 5)],
)
def test_a_day_may_have_24_48_or_288_columns(tmp_path, headings, step):
    path = write(tmp_path / "m.csv", headings, [["2025/1/1", *range(len(headings))]])
    meters = read_meters(path, {**SAID, "unit": "kWh", "cumulative": False})
    assert local(meters)[1:2] == [f"01-01 {step // 60:02}:{step % 60:02}"]
    assert meters["value"].tolist() == list(range(len(headings)))


@pytest.mark.parametrize(
    ("headings", "options", "told"),
    [
        (clocks(15, count=95), {}, r"label.*00:15 … 23:45.*starts or ends.*label: start or label: end"),
        (clocks(0, count=97), {"label": "start"}, r"label.*more than a day"),
        (ENDS, {"label": "start"}, r"label.*labelled by their end.*Leave the label out"),
        (STARTS, {"label": "end"}, r"label.*labelled by their start"),
        ([*STARTS[:40], *STARTS[41:]], {}, r"10:15.*do not follow each other evenly"),
        ([*STARTS, *STARTS], {}, r"00:00.*do not follow each other evenly"),
        ([f"P{at}" for at in range(1, 96)], {}, r"P95.*do not follow each other evenly"),
        (range(1, 31), {}, r"30.*do not follow each other evenly"),
        ([f"P{at}" for at in range(2, 98)], {}, r"P97.*do not follow each other evenly"),
    ],
)
def test_columns_that_could_mean_two_things_are_refused(tmp_path, headings, options, told):
    path = write(tmp_path / "m.csv", headings, [["2025-01-01", *([1] * len(headings))]])
    with pytest.raises(FileFormatError, match=rf"m\.csv: {told}"):
        read_meters(path, {**KW, **options})


def test_a_label_settles_what_the_columns_leave_open(tmp_path):
    path = write(tmp_path / "m.csv", clocks(15, count=95), [["2025-01-01", *DAY[:95]]])
    assert local(read_meters(path, {**KW, "label": "end"}))[0] == "01-01 00:00"
    assert local(read_meters(path, {**KW, "label": "start"}))[0] == "01-01 00:15"


def test_every_wrong_cell_is_told_with_its_row_and_column_and_an_empty_one_is_a_gap(tmp_path):
    day = ["", "--", 3.0, *DAY[3:]]
    meters = read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01", *day]]), KW)
    assert np.isnan(meters["value"][:2]).all()
    assert meters["value"][2] == 0.75, "3 kW"
    wrong = [["2025-01-01", *DAY], ["2025-01-02", "约5", "坏", *DAY[2:]]]
    with pytest.raises(InputErrors) as told:
        read_meters(write(tmp_path / "m.csv", ENDS, wrong), KW)
    assert [(fault.row, fault.field, fault.value) for fault in told.value.exceptions] == [
        (3, "m.csv: 00:15", "约5"),
        (3, "m.csv: 00:30", "坏"),
    ]
    with pytest.raises(InputError, match=r"row 2, field 'm\.csv: 00:30'.*negative"):
        read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01", 0, -4, *DAY[2:]]]), KW)
    with pytest.raises(InputError, match=r"row 3, field 'm\.csv: 00:15'.*two readings"):
        read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01", *DAY], ["2025-01-01", *DAY]]), KW)
    with pytest.raises(FileFormatError, match=r"row 3, field 'm\.csv: day', value '元旦'.*not a time"):
        read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01", *DAY], ["元旦", *DAY]]), KW)
    with pytest.raises(FileFormatError, match=r"row 2, field 'm\.csv: day'.*a time of its own"):
        read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01 08:00", *DAY]]), KW)
    with pytest.raises(NaiveTimestampError, match="timezone"):
        read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01", *DAY]]), {"energy_type": "电", "unit": "kW"})


def export(path, title, days, headings=tuple(ENDS), below=()):
    """Write a workbook as a portal does: a merged title, a header, a row a day, totals."""
    book = openpyxl.Workbook()
    sheet = book.active
    for line in title:
        sheet.append([line])
        sheet.merge_cells(start_row=sheet.max_row, end_row=sheet.max_row, start_column=1, end_column=20)
    sheet.append(["序号", "户号", "日期", *headings, "合计"])
    for number, (account, day, values) in enumerate(days, 1):
        sheet.append([number, account, day, *values, sum(value for value in values if value is not None)])
    for line in below:
        sheet.append(line)
    book.save(path)
    return path


TITLE = ["用户负荷曲线查询", "户名:某公司 单位:kW 查询日期:2025-01-01至2025-01-02"]


def test_a_workbook_of_a_portal_is_read_as_it_is(tmp_path):
    days = [(3201, dt.date(2025, 1, day), [None, *DAY[1:]]) for day in (1, 2)]
    days += [(3202, dt.date(2025, 1, 1), DAY)]
    path = export(tmp_path / "m.xlsx", TITLE, days, below=[["合计", None, None, *DAY], ["制表人:张三"]])
    meters = read_meters(path, SAID)
    assert meters.groupby("point").size().to_dict() == {"3201": 192, "3202": 96}
    assert np.isnan(meters["value"].iloc[0])
    assert meters["value"].sum() == pytest.approx(3 * sum(DAY) / 4)
    assert meters.attrs["notes"] == (
        "one row a day, columns 00:15 … 24:00: labelled by their end",
        "row 7 (合计) is not read",
        "row 8 (制表人:张三) is not read",
    )


def test_clocks_in_the_header_of_a_workbook_may_be_times(tmp_path):
    times = [*(dt.time(*divmod(15 * at, 60)) for at in range(1, 96)), dt.timedelta(days=1)]
    path = export(tmp_path / "m.xlsx", TITLE, [(1, dt.date(2025, 1, 1), DAY)], headings=times)
    assert local(read_meters(path, SAID)) == [f"01-01 {clock}" for clock in STARTS]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_title_rows_name_the_unit_and_the_meter(tmp_path, encoding):
    above = [["96点负荷数据"], ["户号:", "3201", "单位", "MW"]]
    path = write(tmp_path / "m.csv", ENDS, [["2025年1月1日", *DAY]], above, [["平均", *DAY]], encoding)
    meters = read_meters(path, SAID)
    assert set(meters["point"]) == {"3201"}
    assert set(meters["unit"]) == {"MWh"}
    with pytest.raises(FileFormatError, match=r"unit.*'kW'.*'单位:MW' names another unit"):
        read_meters(path, KW)


def test_a_unit_in_title_or_heading_may_not_contradict_another(tmp_path):
    named = [f"{clock}(kW)" for clock in ENDS]
    path = write(tmp_path / "m.csv", named, [["2025-01-01", *DAY]], [["单位:kWh"]])
    with pytest.raises(FileFormatError, match=r"unit.*names another unit"):
        read_meters(path, SAID)
    with pytest.raises(FileFormatError, match=r"unit.*nobody says the unit"):
        read_meters(write(tmp_path / "m.csv", ENDS, [["2025-01-01", *DAY]]), SAID)


def test_the_company_in_a_title_is_no_unit(tmp_path):
    path = write(tmp_path / "m.csv", ENDS, [["2025-01-01", *DAY]], [["单位:某机械公司"]])
    assert set(read_meters(path, KW)["unit"]) == {"kWh"}
    with pytest.raises(FileFormatError, match=r"unit.*nobody says the unit"):
        read_meters(path, SAID)


def test_a_row_of_no_meter_and_a_clock_without_a_day_are_refused(tmp_path):
    rows = [["2025-01-01", "甲", *DAY], ["2025-01-02", "", *DAY]]
    with pytest.raises(FileFormatError, match=r"row 3, field 'm\.csv: point'.*names no meter"):
        read_meters(write(tmp_path / "m.csv", ["户号", *ENDS], rows), KW)
    (tmp_path / "m.csv").write_text("时间,负荷(kW)\n00:00,4\n00:15,8\n", "utf-8")
    with pytest.raises(FileFormatError, match=r"row 2, field 'm\.csv: start', value '00:00': not a time"):
        read_meters(tmp_path / "m.csv", SAID)


def test_rows_of_several_quantities_are_refused_and_of_one_name_it(tmp_path):
    rows = [["2025-01-01", "有功功率(kW)", *DAY], ["2025-01-01", "无功功率(kvar)", *DAY]]
    path = write(tmp_path / "m.csv", ["数据类型", *ENDS], rows)
    with pytest.raises(FileFormatError, match=r"数据类型.*several quantities.*Keep the rows of one"):
        read_meters(path, SAID)
    assert set(read_meters(write(path, ["数据类型", *ENDS], rows[:1]), SAID)["unit"]) == {"kWh"}


def test_a_meter_of_two_accounts_is_two_meters(tmp_path):
    rows = [["2025-01-01", account, "总表", *DAY] for account in ("甲", "乙")]
    meters = read_meters(write(tmp_path / "m.csv", ["户号", "表号", *ENDS], rows), KW)
    assert set(meters["point"]) == {"甲/总表", "乙/总表"}
    rows = [["2025-01-01", "甲", meter, *DAY] for meter in ("A", "B")]
    assert set(read_meters(write(tmp_path / "m.csv", ["户号", "表号", *ENDS], rows), KW)["point"]) == {"A", "B"}


REGISTER = [100 + 0.5 * at for at in range(97)]
"""States of a register from midnight to midnight."""


@pytest.mark.parametrize(
    ("headings", "rows", "options"),
    [
        (STARTS, [["2025-01-01", *REGISTER[:96]], ["2025-01-02", REGISTER[96], *[""] * 95]], {}),
        (ENDS, [["2024-12-31", *[""] * 95, REGISTER[0]], ["2025-01-01", *REGISTER[1:]]], {}),
        ([*STARTS, "24:00"], [["2025-01-01", *REGISTER], ["2025-01-02", REGISTER[96], *[""] * 96]], {}),
        (range(1, 97), [["2025-01-01", *REGISTER[:96]], ["2025-01-02", REGISTER[96], *[""] * 95]], {"label": "start"}),
        (range(1, 97), [["2024-12-31", *[""] * 95, REGISTER[0]], ["2025-01-01", *REGISTER[1:]]], {"label": "end"}),
    ],
)
def test_states_of_a_register_stand_at_instants_and_become_amounts(tmp_path, headings, rows, options):
    path = write(tmp_path / "m.csv", headings, rows, [["正向有功总示值"], ["倍率:200 单位:kWh"]])
    meters = read_meters(path, {**SAID, **options}).dropna()
    assert local(meters) == [f"01-01 {clock}" for clock in STARTS]
    assert meters["value"].tolist() == [100.0] * 96


def test_a_register_is_differenced_only_when_somebody_says_so(tmp_path):
    path = write(tmp_path / "m.csv", ["倍率", *STARTS], [["2025-01-01", 10, *REGISTER[:96]]], [["单位:kWh"]])
    with pytest.raises(FileFormatError, match=r"multiplier.*10\.0.*nobody says.*multiplier: false"):
        read_meters(path, SAID)
    with pytest.raises(FileFormatError, match=r"only ever rise.*cumulative: true"):
        read_meters(path, {**SAID, "multiplier": False})
    assert read_meters(path, {**SAID, "cumulative": True})["value"].tolist() == [5.0] * 95
    assert read_meters(path, {**SAID, "cumulative": True, "multiplier": False})["value"].tolist() == [0.5] * 95
    assert read_meters(path, {**SAID, "cumulative": False, "multiplier": True})["value"][0] == 1000.0
    path = write(tmp_path / "m.csv", STARTS, [["2025-01-01", *REGISTER[:96]]], [["示值(kWh)"]])
    with pytest.raises(FileFormatError, match=r"cumulative.*'示值\(kWh\)' names states"):
        read_meters(path, {**SAID, "cumulative": False})


def test_a_multiplier_may_be_said_where_the_table_has_none(tmp_path):
    path = write(tmp_path / "m.csv", STARTS, [["2025-01-01", *REGISTER[:96]]], [["示值(kWh)"]])
    assert read_meters(path, {**SAID, "multiplier": 200})["value"].tolist() == [100.0] * 95
    for wrong in (0, -1, float("inf"), True, "200"):
        with pytest.raises(FileFormatError, match=r"m\.csv: multiplier"):
            read_meters(path, {**SAID, "multiplier": wrong})
    for above, wanted in (("倍率:20", 200), ("倍率:二十", None), ("倍率:20 综合倍率:30", None)):
        path = write(tmp_path / "m.csv", STARTS, [["2025-01-01", *REGISTER[:96]]], [["示值(kWh)"], [above]])
        with pytest.raises(FileFormatError, match=r"m\.csv: multiplier"):
            read_meters(path, {**SAID, "multiplier": wanted})


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({1: {5: 99.0}}, r"row 2, field 'm\.csv: 01:00', value 99\.0: the register of 甲 falls, from 101\.5"),
        ({1: {5: "", 6: 99.0}}, r"row 2, field 'm\.csv: 01:15', value 99\.0: the register of 甲 falls, from 101\.5"),
        ({2: {1: 50.0}}, r"row 3, field 'm\.csv: 00:00', value 50\.0: the register of 甲 falls"),
        ({2: {0: 40}}, r"row 3, .*the multiplier of 甲 changes, from 20"),
        ({2: {0: "二十"}}, r"row 3, field 'm\.csv: multiplier', value '二十': not a number"),
        ({2: {0: 0}}, r"row 3, field 'm\.csv: multiplier', value 0\.0: a multiplier is not positive"),
    ],
)
def test_a_register_that_falls_or_changes_its_multiplier_is_refused_with_the_row(tmp_path, cells, told):
    days = {1: [20, *REGISTER[:96]], 2: [20, *(state + 48 for state in REGISTER[:96])]}
    for day, changes in cells.items():
        for at, cell in changes.items():
            days[day][at] = cell
    rows = [[f"2025-01-0{day}", "甲", *values] for day, values in days.items()]
    path = write(tmp_path / "m.csv", ["表号", "倍率", *STARTS], rows, below=[])
    with pytest.raises(InputError, match=told):
        read_meters(path, {**SAID, "unit": "kWh", "cumulative": True})


def test_a_day_without_a_row_is_no_peak_of_the_quarter_before_it(tmp_path):
    rows = [["2025-01-01", *REGISTER[:96]], ["2025-01-03", *(state + 96 for state in REGISTER[:96])]]
    path = write(tmp_path / "m.csv", STARTS, rows)
    meters = read_meters(path, {**SAID, "unit": "kWh", "cumulative": True})
    assert meters["value"].max() == 0.5
    assert local(meters[meters["value"].isna()]) == ["01-01 23:45"]


def test_a_long_table_may_keep_day_and_clock_apart(tmp_path):
    (tmp_path / "m.csv").write_text("日期,时间,负荷(kW)\n2025/1/1,23:45,4\n2025/1/1,24:00,8\n", "utf-8")
    meters = read_meters(tmp_path / "m.csv", {**SAID, "label": "end"})
    assert local(meters) == ["01-01 23:30", "01-01 23:45"]
    (tmp_path / "m.csv").write_text("日期,示值(kWh)\n2025-01-01 00:15:00,4\n2025-01-01 00:30:00,8\n", "utf-8")
    meters = read_meters(tmp_path / "m.csv", {**SAID, "label": "end"})
    assert local(meters) == ["01-01 00:15"], "a state stands at its instant, whatever the label"


def test_a_park_takes_a_wide_file_and_its_evidence_tells_how_it_was_read(tmp_path):
    export(tmp_path / "m.xlsx", TITLE, [(3201, dt.date(2025, 1, 1), DAY)], below=[["合计", None, None, *DAY]])
    ring = [[120.0, 30.0], [120.01, 30.0], [120.01, 30.01], [120.0, 30.0]]
    park = {
        "selection": {"type": "polygon", "geometry": {"type": "Polygon", "coordinates": [ring]}},
        "scenario": {"region": "CN-JS", "accounting_year": 2025},
        "meters": [{"file": "m.xlsx", **SAID, "multiplier": False}],
    }
    (tmp_path / "park.yaml").write_text(yaml.safe_dump(park, allow_unicode=True), "utf-8")
    data = read_park(tmp_path / "park.yaml")[2]
    assert data.meters["value"].sum() == pytest.approx(sum(DAY) / 4)
    assert "labelled by their end; row 5 (合计) is not read" in data.sources[1].note


cell = st.one_of(st.none(), st.floats(0, 1e6).map(lambda value: round(value, 3)))
steps = st.sampled_from([24, 48, 96])


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), steps, st.integers(1, 3), st.sampled_from(["start", "end"]), st.sampled_from(["kW", "kWh", "state"]))
def test_long_and_wide_tables_of_the_same_readings_give_the_same_frame(tmp_path, data, count, days, label, quantity):
    values = np.array(data.draw(st.lists(cell, min_size=count * days, max_size=count * days)), dtype=float)
    if quantity == "state":
        values = np.where(np.isnan(values), np.nan, np.nancumsum(values))
    step = 24 * 60 // count
    first = step if label == "end" else 0
    names = clocks(first, step, count)
    shown = ["" if np.isnan(value) else repr(float(value)) for value in values]
    dates = [f"2025-01-{day:02}" for day in range(1, days + 1)]
    wide = write(tmp_path / "m.csv", names, [[day, *shown[at * count :][:count]] for at, day in enumerate(dates)])
    options = {**SAID, "unit": "kW" if quantity == "kW" else "kWh", "cumulative": quantity == "state", "label": label}
    melted = read_meters(wide, options)
    stamps = [f"{day} {clock}" for day in dates for clock in names]
    lines = [f"{stamp},{value}" for stamp, value in zip(stamps, shown, strict=True)]
    wide.write_text("\n".join(["时间,数值", *lines]), "utf-8")
    pd.testing.assert_frame_equal(melted, read_meters(wide, options))
