"""Headings a table's columns may stand under, in Chinese and English, and the field each one means.

One reading serves a park's files, the frames of a notebook and the rows of a list.
"""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.activity import ActivityData
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_ALIKE: Final = 0.75


class Headings:
    """The columns one kind of table may have.

    Parameters
    ----------
    names : mapping
        Our name -> other names it may stand under; case, width and a unit in brackets do not matter.
    """

    def __init__(self, names: Mapping[str, tuple[str, ...]]) -> None:
        self.names = names
        self._ours = {alias.casefold(): ours for ours, aliases in names.items() for alias in (ours, *aliases)}

    def of(self, heading: object) -> str | None:
        """Return our name for a heading, or None."""
        return self._ours.get(bare(heading))

    def renames(self, headings: Collection[Any]) -> dict[Any, str]:
        """Return our name for each heading that stands under another; of two that mean the same the first counts."""
        taken = {heading for heading in headings if heading in self.names}
        found: dict[Any, str] = {}
        for heading in headings:
            ours = None if heading in self.names else self.of(heading)
            if ours is not None and ours not in taken:
                found[heading] = ours
                taken.add(ours)
        return found

    def read(self, row: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return a row under our names."""
        names = self.renames(row)
        return {names.get(heading, heading): value for heading, value in row.items()}

    def spelled(self, name: str) -> str:
        """Return the names a field may stand under, for a remedy."""
        return ", ".join((name, *self.names.get(name, ())))


ACTIVITIES: Final = Headings(
    {
        "energy_type": ("carrier", "fuel", "能源品种", "能源类型", "品种", "排放源"),
        "consumption": ("amount", "quantity", "消费量", "消耗量", "用量", "数量"),
        "unit": ("单位", "计量单位"),
        "region": ("地区", "区域"),
        "period_start": ("start", "from", "开始日期", "起始日期"),
        "period_end": ("end", "to", "结束日期", "截止日期"),
        "month": ("月份", "年月", "账期"),
        "facility": ("企业", "设施", "单位名称"),
        "data_source": ("数据来源",),
        "data_quality": ("数据质量",),
        "uncertainty_pct": ("不确定性", "不确定度"),
        "id": ("编号", "序号"),
    }
)


def bare(heading: object) -> str:
    """Return a heading without the unit in its brackets: 用量(kWh) is 用量."""
    return unicodedata.normalize("NFKC", str(heading)).split("(", maxsplit=1)[0].strip().casefold()


def refuse_misspelt(headings: Collection[Any], row: int | None = None) -> None:
    """Refuse a heading that is nearly a field of `ActivityData` the table or row lacks; others are further columns.

    Raises
    ------
    InputError
        The remedy names the field.
    """
    for heading in headings:
        near = nearest_field(str(heading))
        if near is not None and near not in headings:
            raise InputError("activities have no such field", str(heading), None, f"Did you mean {near!r}?", row)


@lru_cache(maxsize=1024)
def nearest_field(heading: str) -> str | None:
    """Return the field of `ActivityData` a heading misspells; ``facility_name`` is another word, not ``facility``."""
    known = ActivityData.model_fields
    if heading in known or heading in ACTIVITIES.names:
        return None
    words = set(heading.split("_"))
    for near in get_close_matches(heading, known, n=3, cutoff=_ALIKE):
        theirs = set(near.split("_"))
        if not (words <= theirs or theirs <= words):
            return near
    return None
