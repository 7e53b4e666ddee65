"""Why a person is asked, in the reviewer's words; what nobody named here is told by its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from carbonost.engines.report.labels import PARAMETER_NAMES


class _Shown(NamedTuple):
    name: str
    scale: float = 1.0
    unit: str = ""


_SHOWN: Final = {
    "confidence": _Shown("置信度"),
    "metrics.area_km2": _Shown("选区面积", unit=" km²"),
    "metrics.proxy_share": _Shown("代理估算占能耗比例", 100, " %"),
    "metrics.uncertainty_pct": _Shown("排放总量不确定性", 100, " %"),
    "metrics.total_tco2e_y": _Shown("排放总量"),
    "metrics.avg_applicability_score": _Shown("平均适用性评分"),
    "metrics.portfolio_irr": _Shown("组合内部收益率", 100, " %"),
    "metrics.portfolio_payback_y": _Shown("静态投资回收期", unit=" 年"),
    "metrics.portfolio_npv": _Shown("组合净现值"),
    "artifacts.checks.datum_undeclared": _Shown("坐标基准未声明"),
    "artifacts.checks.code_abolished": _Shown("行政区划代码已撤销"),
    "artifacts.checks.second_district_share": _Shown("第二个区县所占面积", 100, " %"),
    "artifacts.checks.entity_ratio": _Shown("企业数量与预期之比"),
    "artifacts.checks.missing_factors": _Shown("缺少排放因子"),
    "artifacts.checks.violated": _Shown("违反现场硬约束的措施"),
    "artifacts.checks.negative_capex": _Shown("存在负投资"),
    "artifacts.checks.default_prices": _Shown("采用默认值的价格"),
    "artifacts.excluded.title_only": _Shown("只读到标题的条款"),
}
"""What a trigger looks at: its name, and how its figure is shown."""


def beyond(path: str, found: float, limit: float, *, above: bool) -> str:
    """Say that a figure lies below or above its limit: 排放总量不确定性 45 %，高于 30 %."""
    name, scale, unit = _SHOWN.get(path, _Shown(path))
    word = "高于" if above else "低于"
    return f"{name} {_digits(found * scale)}{unit}，{word} {_digits(limit * scale)}{unit}"


def _digits(value: float) -> str:
    """Four significant digits, without an exponent."""
    return f"{float(f'{value:.4g}'):,.10g}"


def unknown(path: str) -> str:
    """Say that a figure is not known."""
    return f"{_name(path)}未知"


def holds(path: str) -> str:
    """Say that something is the case."""
    return _name(path)


def lists(path: str, found: Any) -> str:
    """Say what stands where nothing should."""
    items = found if isinstance(found, list | tuple | Mapping) else [found]
    return f"{_name(path)}：{'、'.join(PARAMETER_NAMES.get(str(one), (str(one),))[0] for one in items)}"


def critical(missing: list[str]) -> str:
    """Say which gaps touch a conclusion."""
    return f"关键数据缺口：{'、'.join(missing)}"


def _name(path: str) -> str:
    return _SHOWN.get(path, _Shown(path)).name
