"""What the accounting engine assumed, in the report's language: its English words stay in the trace."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carbonost.engines.report.labels import energy_name

if TYPE_CHECKING:
    from carbonost.agents.stages.base import Notes
    from carbonost.domain.inventory import Inventory
    from carbonost.factors.library import FactorLibrary

_SAID: Final = (
    (
        re.compile(
            r"(?P<carrier>\w+) in (?P<region>[\w.-]+): (?P<rule>\w+): data year (?P<data>\d+) for .* (?P<year>\d+)"
        ),
        "{carrier}（{region}）：{year} 年度采用 {data} 数据年因子（{rule} 规则）",
    ),
    (
        re.compile(r"(?P<carrier>\w+) in (?P<region>[\w.-]+): no data year.*"),
        "{carrier}（{region}）：因子未注明数据年",
    ),
    (
        re.compile(r"no residual mix is published for (?P<region>[\w.-]+):.*"),
        "{region} 未公布剩余电力组合因子：基于市场的总量采用电网平均因子",
    ),
    (
        re.compile(r"(?P<carrier>\w+): no default factor for (?P<gas>\w+) is published"),
        "{carrier}：未公布 {gas} 缺省因子，该气体未计",
    ),
    (
        re.compile(r"(?P<carrier>\w+): parameters of (?P<origin>.+), the set of .* where none is chosen"),
        "{carrier}：未指定参数集，采用 {origin}",
    ),
    (
        re.compile(r"(?P<origin>.+) weighed the gases itself; its GWP set stands, not (?P<gwp>\w+)"),
        "{origin} 已自行折算各气体，沿用其 GWP，而非 {gwp}",
    ),
    (
        re.compile(r"the row's own factor stands in both scope 2 totals;.*"),
        "数据行自带的电力因子同时用于范围二两个总量；若为供电方因子，只应用于基于市场的总量",
    ),
    (
        re.compile(r"packaged coefficient [\w.-]+: (?P<document>.+?) \((?P<locator>.*)\)"),
        "采用本软件包的折标系数：{document}（{locator}）",
    ),
    (
        re.compile(r"the annex asks for the factors of the national GHG factor database; .*"),
        "试行方法要求采用国家温室气体排放因子数据库的因子；此处以所列文件的因子代替",
    ),
    (
        re.compile(r"the annex sums all energy actually consumed and does not say whether feedstock is part of it"),
        "试行方法汇总全部实际消费的能源，未说明是否含原料用能",
    ),
)
_STALE_AFTER: Final = 1
"""A factor whose data year lies more years than this before the accounting year is a gap."""


_DEFAULTS: Final = {
    "none: the tax law sets no residual rate": "税法未规定残值率，按零",
    "none granted": "未获补贴",
    "as published": "按公布值",
    "prices stay as given": "价格保持不变",
}


def default_source(words: str | None) -> str:
    """Return why a default stands, in Chinese where it has no document."""
    return _DEFAULTS.get(words or "", words or "未注明来源")


def in_chinese(words: str) -> str:
    """Return an engine's words in Chinese; words nobody translated stay as they are."""
    for pattern, text in _SAID:
        found = pattern.fullmatch(words)
        if found is not None:
            parts = found.groupdict()
            if "carrier" in parts:
                parts["carrier"] = energy_name(parts["carrier"])
            return text.format(**parts)
    return words


def tell_conventions(notes: Notes, inventory: Inventory) -> None:
    """State what the engine assumed for each carrier."""
    for basis in inventory.bases:
        for words in basis.assumptions:
            told = in_chinese(words)
            carrier = energy_name(basis.energy_type)
            name = told if told.startswith((carrier, "电力")) else f"{carrier}：{told}"
            notes.assume(name[:120], "是", "text", "核算引擎采用的约定", "low")


def tell_years(notes: Notes, inventory: Inventory, factors: FactorLibrary, year: int) -> None:
    """State factors more than one year older than the accounting year, and two totals of two data years."""
    for basis in inventory.bases:
        if basis.data_year is None or basis.market_factor_id in {None, basis.factor_id}:
            continue
        market = factors.get(str(basis.market_factor_id)).data_year
        if market is not None and market != basis.data_year:
            notes.assume(
                "scope2_data_years_differ",
                f"{basis.data_year} / {market}",
                "年",
                f"剩余电力组合没有 {basis.data_year} 数据年：基于位置用 {basis.data_year}，基于市场用 {market}",
                "medium",
            )
    old = {b.factor_id: b.data_year for b in inventory.bases if b.data_year and year - b.data_year > _STALE_AFTER}
    for factor_id, data_year in sorted(old.items()):
        notes.gap(
            f"{data_year + 1} 至 {year} 数据年的排放因子（现用 {factor_id}，{data_year} 数据年）",
            f"{year} 年度的因子尚未采用，电网与年度不一致",
            "low",
            fix="待较新年度的因子公布后重算，或在数据行中给出实测因子",
            affects=("S2_tco2e_y", "S2_market_tco2e_y"),
        )
