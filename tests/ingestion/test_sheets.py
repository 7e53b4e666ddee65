"""P38: a table is found where a spreadsheet keeps it: in its encoding, under its title, above its totals."""

import datetime as dt

import openpyxl
import pytest

from carbonost.domain.headings import Headings
from carbonost.errors import FileFormatError
from carbonost.ingestion.park import ParkData
from carbonost.ingestion.tabular import numbers, read_table

BILLS = Headings({"product": ("产品",), "amount": ("产量",), "unit": ("单位",)})
NEEDED = ("product", "amount")
TEXT = "某厂产量统计表\n单位:吨,制表日期:2025-02-01\n\n产品,产量(吨)\n钢管,10\n法兰,5\n合计,15\n注:不含外购件\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-tabs"])
def test_a_table_is_read_in_any_encoding_a_chinese_office_saves(tmp_path, encoding):
    path = tmp_path / "t.csv"
    text = TEXT.replace(",", "\t") if encoding.endswith("tabs") else TEXT  # "Unicode text" of a spreadsheet
    path.write_bytes(text.encode(encoding.removesuffix("-tabs")))
    table = read_table(path, BILLS, NEEDED)
    assert table["product"].tolist() == ["钢管", "法兰"]
    assert table.index.tolist() == [5, 6], "rows go by their number in the spreadsheet"
    assert table.attrs["headings"]["amount"] == "产量(吨)"
    assert table.attrs["notes"] == ("row 7 (合计) is not read", "row 8 (注:不含外购件) is not read")


def test_a_title_across_merged_cells_is_no_header(tmp_path):
    book = openpyxl.Workbook()
    for row in (["产量统计表(单位:吨)"], ["产品", "2025年"], [None, "产量"], ["钢管", 10], ["平均值", 10]):
        book.active.append(row)
    for cells in ("A1:B1", "A2:A3"):
        book.active.merge_cells(cells)
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx", BILLS, NEEDED)
    assert table.to_dict("index") == {4: {"product": "钢管", "amount": "10"}}


def test_a_missing_column_is_told_with_the_header_not_with_the_title(tmp_path):
    (tmp_path / "t.csv").write_text("产量统计表\n产品,数目\n钢管,10\n", "utf-8")
    with pytest.raises(FileFormatError, match=r"a column is missing: amount.*The file has: 产品, 数目"):
        read_table(tmp_path / "t.csv", BILLS, NEEDED)


def test_a_row_longer_than_the_header_is_refused_and_empty_cells_behind_it_are_not(tmp_path):
    (tmp_path / "t.csv").write_text("产品,产量\n钢管,10,,\n法兰\n", "utf-8")
    assert read_table(tmp_path / "t.csv", BILLS, NEEDED)["amount"].tolist() == ["10", ""]
    (tmp_path / "t.csv").write_text("产品,产量\n钢管,1,234\n", "utf-8")
    with pytest.raises(FileFormatError, match=r"row 2, .*'234'.*longer than the header"):
        read_table(tmp_path / "t.csv", BILLS, NEEDED)


def test_a_tab_that_keeps_a_long_number_from_rounding_does_not_part_the_columns(tmp_path):
    (tmp_path / "t.csv").write_text("产品,产量\n\t3201000000000001,7\n", "utf-8")
    assert read_table(tmp_path / "t.csv", BILLS, NEEDED)["product"].tolist() == ["3201000000000001"]


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00\x00\x00")  # an old workbook, renamed
    with pytest.raises(FileFormatError, match="unknown text encoding"):
        read_table(tmp_path / "t.csv", BILLS, NEEDED)


def test_a_dash_is_an_empty_cell(tmp_path):
    (tmp_path / "t.csv").write_text("产品,产量\n钢管,--\n法兰,5\n螺栓,约5\n", "utf-8")
    table = read_table(tmp_path / "t.csv", BILLS, NEEDED)
    assert numbers(table.head(2), "amount", tmp_path / "t.csv", gaps=True)[1] == 5.0
    with pytest.raises(FileFormatError, match=r"row 4, .*'约5'.*not a number"):
        numbers(table, "amount", tmp_path / "t.csv", gaps=True)


def test_a_total_under_declared_rows_is_left_out_and_the_evidence_says_so(tmp_path):
    (tmp_path / "p.csv").write_text("产品,产量,单位\n钢管,10,t\n合计,10,t\n", "utf-8")
    (tmp_path / "park.yaml").write_text(
        "selection: {type: polygon, geometry: {type: Polygon, coordinates: "
        "[[[120.0, 30.0], [120.1, 30.0], [120.1, 30.1], [120.0, 30.0]]]}}\n"
        "scenario: {region: CN-JS, accounting_year: 2025}\nproduction: {file: p.csv}\n",
        "utf-8",
    )
    data = ParkData.from_yaml(tmp_path / "park.yaml")
    assert data.production["amount"].tolist() == [10.0]
    assert [source.note for source in data.sources][1] == "production; row 3 (合计) is not read"


def test_a_total_stands_where_a_time_would_and_a_meter_may_be_called_one(tmp_path):
    columns = Headings({"day": ("日期",), "point": ("表号",), "value": ("电量",)})
    (tmp_path / "t.csv").write_text("表号,日期,电量\n合计,2025-01-01,5\n3201,小计,5\n合 计:,,10\n", "utf-8")
    table = read_table(tmp_path / "t.csv", columns, ("day", "value"))
    assert table["point"].tolist() == ["合计"]
    assert table.attrs["notes"] == ("row 3 (小计) is not read", "row 4 (合 计:) is not read")
    (tmp_path / "t.csv").write_text("日期,电量\n合计,5\n", "utf-8")
    with pytest.raises(FileFormatError, match="no rows"):
        read_table(tmp_path / "t.csv", columns, ("day", "value"))


def test_a_clock_of_a_spreadsheet_reads_as_it_shows(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["产品", "产量"])
    for row, (value, shown_as) in enumerate([(dt.time(0, 15), "hh:mm"), (1, "hh:mm"), (1, "[h]:mm")], 2):
        book.active.append(["x", value])
        book.active.cell(row, 2).number_format = shown_as
    book.save(tmp_path / "t.xlsx")
    assert read_table(tmp_path / "t.xlsx", BILLS, NEEDED)["amount"].tolist() == ["00:15:00", "24:00:00", "24:00:00"]
