"""S42, S43: one table of headings serves a park's files, the frames of a notebook and the rows of a list."""

from datetime import date

import pandas as pd
import pytest

from carbonost import ActivityData, CarbonCalculator, ParkData
from carbonost.domain.headings import ACTIVITIES, nearest_field, refuse_misspelt
from carbonost.domain.period import as_month
from carbonost.engines.carbon.quality import pedigree
from carbonost.errors import InputError, InputErrors

BILLS = pd.DataFrame(
    {
        "月份": ["2025年1月", "2025-02"],
        "能源品种": ["电", "天然气"],
        "用量（万）": [90, 3],
        "计量单位": ["万kWh", "万Nm3"],
        "地区": "CN-JS",
        "企业": ["甲", "乙"],
        "车间": ["锻造", "锅炉"],
    }
)
CALC = CarbonCalculator(vintage="latest_published")


def test_a_chinese_table_means_the_same_through_every_door(tmp_path):
    frame = CALC.calculate(BILLS)
    rows = CALC.calculate(BILLS.to_dict("records"))
    assert float(frame.total_t()) == float(rows.total_t()) > 0
    lines = frame.to_frame()
    assert [str(day.date()) for day in lines["period_end"]] == ["2025-01-31", "2025-02-28"]
    assert lines["facility"].tolist() == ["甲", "乙"]
    assert frame.by("车间")["车间"].tolist() == ["锅炉", "锻造"]  # a further column keeps its own name
    plain = BILLS.drop(columns="车间")
    for given in (plain, plain.to_dict("records")):
        items = ParkData(activities=given).activities
        assert [(item.period_start, item.facility, item.data_source) for item in items] == [
            (date(2025, 1, 1), "甲", "manual"),
            (date(2025, 2, 1), "乙", "manual"),
        ]
        assert float(CALC.calculate(items).total_t()) == float(frame.total_t())


def test_a_sheet_says_in_chinese_how_an_amount_was_found():
    sheet = BILLS.drop(columns="车间").assign(数据来源=["计量", "估算"])
    assert [item.data_source for item in ParkData(activities=sheet).activities] == ["meter", "estimated"]
    assert pedigree(CALC.calculate(sheet))["reliability"].tolist() == [1, 4]
    with pytest.raises(InputError, match="data_source"):
        ParkData(activities=sheet.assign(数据来源="听说"))


def test_a_month_stands_for_its_days_however_it_is_written():
    whole = (date(2024, 2, 1), date(2024, 2, 29))
    for written in ("2024-02", "2024/2", "202402", "2024年2月", "2024-02-01", pd.Timestamp("2024-02"), 202402):
        assert as_month(written) == whole
    for wrong in ("2024-13", "2024-02-15", "Feb 2024", "", None, float("nan")):
        with pytest.raises(InputError, match="not a month"):
            as_month(wrong)


def test_a_wrong_month_names_its_row():
    with pytest.raises(InputError, match=r"row 1, .*month.*2025年13月"):
        CALC.calculate(BILLS.assign(月份=["2025-01", "2025年13月"]))
    left = CALC.calculate(BILLS.assign(月份=["2025-01", "2025年13月"]), errors="collect")
    assert (len(left), left.rejected["field"].tolist()) == (1, ["month"])
    with pytest.raises(InputErrors, match="2 of 2 activity rows"):
        CALC.calculate(BILLS.assign(月份=None))


def test_a_month_beside_dates_is_refused_where_it_could_contradict_them():
    row = {"energy_type": "电", "consumption": 1, "unit": "kWh", "month": "2025-01"}
    assert ActivityData(**row).period_end == date(2025, 1, 31)
    with pytest.raises(InputError, match="month"):
        ActivityData(**row, period_start="2025-02-01", period_end="2025-02-28")


def test_our_own_name_counts_before_an_alias_and_the_first_alias_before_the_second():
    assert ACTIVITIES.renames(["消费量", "consumption", "用量"]) == {}
    assert ACTIVITIES.renames(["用量(kWh)", "消费量"]) == {"用量(kWh)": "consumption"}
    assert ACTIVITIES.renames(["Consumption", "UNIT"]) == {"Consumption": "consumption", "UNIT": "unit"}


def test_a_missing_column_lists_the_names_it_may_have():
    with pytest.raises(InputError, match="consumption, amount, quantity, 消费量"):
        CALC.calculate(BILLS.drop(columns="用量（万）"))


def test_a_slip_is_told_from_another_word():
    assert nearest_field("consumtion") == "consumption"
    assert [nearest_field(word) for word in ("facility_name", "building", "my_region", "month", "车间")] == [None] * 5
    refuse_misspelt(["consumtion", "consumption"])  # the field itself is there: a further column
    with pytest.raises(InputError, match="Did you mean 'consumption'"):
        refuse_misspelt(["consumtion"])
