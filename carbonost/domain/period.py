"""Accounting periods: calendar dates, first and last day inclusive, as statutory forms print them."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_WRITTEN: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MONTH: Final = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*月?(?:[-/.]0?1)?(?:\s+0?0:00(?::00)?)?")


def as_date(value: object, field: str = "date") -> date:
    """Return the calendar date `value` stands for; an instant gives the date on its own wall clock.

    Raises
    ------
    InputError
        If it is neither a date, nor an instant, nor text: ISO 8601, ``2025/1/31`` or ``2025年1月31日``.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            written = _WRITTEN.fullmatch(value.strip())
            if written:
                return date(*(int(part) for part in written.groups()))
            return datetime.fromisoformat(value.strip().replace("/", "-")).date()
        except ValueError:
            pass
    raise InputError("this is not a date", field, value, "Write it as YYYY-MM-DD.")


def as_month(value: object, field: str = "month") -> tuple[date, date]:
    """Return the first and the last day of the month `value` stands for.

    Raises
    ------
    InputError
        If it is no month: ``2025-03``, ``2025/3``, ``202503``, ``2025年3月``, or any date in it at its first day.
    """
    found = _MONTH.fullmatch(str(value).strip())
    year, month = (int(part) for part in found.groups()) if found else (0, 0)
    try:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    except ValueError:
        raise InputError("this is not a month", field, value, "Write 2025-03.") from None


@dataclass(frozen=True, order=True, slots=True)
class Period:
    """A stretch of calendar days.

    Attributes
    ----------
    start, end : date
        First and last day, both inside.

    Examples
    --------
    >>> Period.year(2024).days
    366
    >>> [str(part) for part in Period(date(2023, 12, 1), date(2024, 1, 31)).split([date(2024, 1, 1)])]
    ['2023-12-01…2023-12-31', '2024-01-01…2024-01-31']
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise InputError(
                "a period ends before it starts", "period_end", str(self.end), f"It starts on {self.start}."
            )

    @classmethod
    def year(cls, year: int) -> Period:
        """Return the calendar year."""
        return cls(date(year, 1, 1), date(year, 12, 31))

    @classmethod
    def month(cls, year: int, month: int) -> Period:
        """Return the calendar month."""
        after = date(year + month // 12, month % 12 + 1, 1)
        return cls(date(year, month, 1), after - timedelta(days=1))

    @classmethod
    def of(cls, value: Period | tuple[object, object] | str | int) -> Period:
        """Read a period from a pair of dates, a year (``2024``), or text (``"2024"``, ``"2024-03"``)."""
        if isinstance(value, Period):
            return value
        if isinstance(value, tuple):
            return cls(as_date(value[0], "period_start"), as_date(value[1], "period_end"))
        parts = str(value).strip().split("-")
        if all(part.isdigit() for part in parts) and len(parts) <= 2:  # noqa: PLR2004 -- a year, or a year and a month
            numbers = [int(part) for part in parts]
            return cls.year(numbers[0]) if len(numbers) == 1 else cls.month(numbers[0], numbers[1])
        raise InputError("this is not a period", "period", value, "Give (first day, last day), '2024' or '2024-03'.")

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start).days + 1

    def split(self, breaks: Iterable[date]) -> list[Period]:
        """Return the parts between `breaks`; each break is the first day of a part."""
        inside = sorted({day for day in breaks if self.start < day <= self.end})
        edges = [self.start, *inside, self.end + timedelta(days=1)]
        return [Period(first, after - timedelta(days=1)) for first, after in pairwise(edges)]

    def months(self) -> Iterator[Period]:
        """Yield the calendar months it touches, cut to the period."""
        first = self.start.replace(day=1)
        while first <= self.end:
            month = Period.month(first.year, first.month)
            yield Period(max(month.start, self.start), min(month.end, self.end))
            first = month.end + timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        return f"{self.start}…{self.end}"
