"""Chinese day types: whole blocks, make-up workdays, years not announced yet (S29)."""

from datetime import date

import numpy as np
import pytest

from carbonost.engines.forecast import day_types
from carbonost.engines.forecast.calendar import read_days
from carbonost.errors import InputError, MissingExtraError

WEEKEND_DAYS_OFF_IN_BLOCKS = {2025: 10, 2026: 14}  # counted in the State Council's notices
MAKEUP_WORKDAYS = {2018: 7, 2021: 7, 2022: 7, 2023: 7, 2024: 8, 2025: 5, 2026: 6}


def year(number, country="CN"):
    return day_types(f"{number}-01-01", f"{number}-12-31", country)


@pytest.mark.parametrize(("number", "count"), MAKEUP_WORKDAYS.items())
def test_every_announced_make_up_workday_is_one(number, count):
    days = year(number)
    made_up = days[days.day_type == "makeup"]
    assert len(made_up) == count
    assert (made_up.weekday >= 5).all()


@pytest.mark.parametrize(("number", "count"), WEEKEND_DAYS_OFF_IN_BLOCKS.items())
def test_weekend_days_inside_a_block_are_holidays(number, count):
    days = year(number)
    assert ((days.weekday >= 5) & (days.day_type == "holiday")).sum() == count


def test_a_block_is_named_and_counted_from_its_first_day():
    days = day_types("2025-09-27", "2025-10-12").set_index("date")
    assert days.day_type[date(2025, 9, 28)] == days.day_type[date(2025, 10, 11)] == "makeup"
    block = days[days.day_type == "holiday"]
    assert list(block.index) == [date(2025, 10, i) for i in range(1, 9)]
    assert set(block.festival) == {"National Day"}
    assert list(block.day_of_block) == list(range(1, 9))
    assert set(block.block_days) == {8}
    assert (days.block_days[days.day_type != "holiday"] == 0).all()


def test_a_substituted_day_off_bears_the_name_of_its_festival():
    assert not year(2024).festival.str.contains("substituted|Day off|observed").any()


def test_a_block_cut_by_the_asked_range_is_still_counted_whole():
    days = day_types("2025-10-03", "2025-10-04")
    assert list(days.day_of_block) == [3, 4]
    assert list(days.block_days) == [8, 8]


def test_a_year_without_a_notice_is_provisional():
    assert year(2100).provisional.all()
    assert not year(2025).provisional.any()
    assert (year(2100).day_type != "makeup").all()


def test_stray_exchange_days_of_other_years_are_left_out():
    # the package's list for a year also holds days of others, such as 2001-12-29
    assert (year(2003).day_type == "makeup").sum() == 6


def test_elsewhere_a_weekend_beside_a_holiday_stays_a_weekend():
    days = day_types("2018-05-19", "2018-05-28", "US").set_index("date")
    assert days.day_type[date(2018, 5, 28)] == "holiday"  # Memorial Day, a Monday
    assert days.day_type[date(2018, 5, 27)] == "weekend"


def test_without_a_country_only_weekends_are_known():
    days = day_types("2025-01-01", "2025-12-31", None)
    assert set(days.day_type) == {"workday", "weekend"}
    assert (days.day_type == "weekend").sum() == np.busday_count("2025-01-01", "2026-01-01", weekmask="0000011")


def test_an_unknown_country_is_refused():
    with pytest.raises(InputError, match=r"is no country with a calendar.*'CN'"):
        year(2025, "XQ")


def test_an_inverted_range_is_refused():
    with pytest.raises(InputError, match="field 'end'"):
        day_types("2025-02-01", "2025-01-01")


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    with pytest.raises(MissingExtraError, match=r"holidays: pip install 'carbonost\[forecast\]'"):
        year(2025)


def test_the_days_beside_a_block_are_known_as_such():
    days = read_days(int(np.datetime64("2025-09-29").astype(int)), 12, "CN")
    assert days.brim.tolist() == [0, 1, *[0] * 8, 2, 0]  # the block of National Day lasts from the 1st to the 8th
    assert days.part(10, 12).brim.tolist() == [2, 0]
