"""What the terminal shows: tables and lines a person can read."""

from __future__ import annotations

import os
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

STAGES: Final = {
    "geo": "选区解析",
    "baseline": "基线核算",
    "measures": "措施筛选",
    "finance": "经济性",
    "policy": "政策与合规",
    "report": "报告编制",
}

STATES: Final = {
    "running": "运行中",
    "waiting_review": "等待复核",
    "completed": "已完成",
    "rejected": "已否决",
    "failed": "失败",
}

_WIDTH_WITHOUT_TERMINAL: Final = 110

_KEY_FIGURES: Final[tuple[tuple[str, str, str, float, str, int], ...]] = (
    ("geo", "area_km2", "面积", 1.0, "km²", 2),
    ("geo", "entity_count_est", "企业数", 1.0, "家", 0),
    ("geo", "data_completeness_score", "数据完备度", 100.0, "%", 0),
    ("baseline", "baseline_electricity_kwh_y", "年用电量", 1e-4, "万kWh", 2),
    ("baseline", "baseline_gas_nm3_y", "年用气量", 1e-4, "万Nm³", 2),
    ("baseline", "S1_tco2e_y", "范围一", 1.0, "tCO2e", 2),
    ("baseline", "S2_tco2e_y", "范围二（基于位置）", 1.0, "tCO2e", 2),
    ("baseline", "S2_market_tco2e_y", "范围二（基于市场）", 1.0, "tCO2e", 2),
    ("baseline", "total_tco2e_y", "合计（基于位置）", 1.0, "tCO2e", 2),
    ("baseline", "uncertainty_pct", "不确定性（95 %）", 100.0, "%", 1),
    ("measures", "candidate_count", "候选措施", 1.0, "项", 0),
    ("measures", "avg_applicability_score", "平均适用性", 1.0, "", 2),
    ("finance", "portfolio_capex", "组合投资", 1e-4, "万元", 2),
    ("finance", "portfolio_npv", "净现值", 1e-4, "万元", 2),
    ("finance", "portfolio_irr", "内部收益率", 100.0, "%", 1),
    ("finance", "portfolio_payback_y", "静态回收期", 1.0, "年", 1),
    ("finance", "portfolio_mac_y_per_tco2", "减排成本", 1.0, "元/tCO2", 1),
)
"""Stage, metric, label, scale from the metric's unit to the shown one, shown unit, decimals."""


@cache
def console(*, error: bool = False) -> Console:
    """Return the terminal, wide enough for a table where there is none."""
    plain = not (os.isatty(2) if error else os.isatty(1))
    return Console(stderr=error, width=_WIDTH_WITHOUT_TERMINAL if plain else None, soft_wrap=False)


def tell(line: str, *, style: str | None = None) -> None:
    """Print one line of progress on stderr."""
    console(error=True).print(line, style=style, highlight=False, markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print a table; `right` lists the columns of figures."""
    shown = Table(title=escape(title), title_justify="left", header_style="bold")
    for place, column in enumerate(columns):
        shown.add_column(column, justify="right" if place in right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    console().print(shown)


def key_figures(envelopes: Mapping[str, Any]) -> None:
    """Print the figures a reader asks for first, with grade and unit; a figure nobody knows says so."""
    rows: list[tuple[str, str, str, str]] = []
    for stage, key, label, scale, unit, digits in _KEY_FIGURES:
        envelope = envelopes.get(stage)
        metric = envelope.metrics.get(key) if envelope is not None else None
        if metric is None:
            continue
        known = isinstance(metric.value, int | float)
        value = _rounded(metric.value * scale, digits) if known else "数据缺失"
        rows.append((STAGES.get(stage, stage), label, value, unit if known else ""))
    table("主要结果", ("阶段", "指标", "数值", "单位"), rows, right=(2,))


def _rounded(value: float, digits: int) -> str:
    """Round as the report does, half to even on the decimal digits a person sees."""
    return f"{Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN):,}"


def gaps(envelopes: Mapping[str, Any], most: int = 8) -> None:
    """Print the gravest data gaps."""
    from carbonost.engines.report.labels import input_name

    order = {"high": 0, "medium": 1, "low": 2}
    found = {(gap.missing, gap.severity): gap for envelope in envelopes.values() for gap in envelope.data_gaps}
    ranked = sorted(found.values(), key=lambda gap: (order[gap.severity], gap.missing))
    if ranked:
        names = {"high": "高", "medium": "中", "low": "低"}
        table(
            f"数据缺口（{len(ranked)} 项，全部列于报告）",
            ("程度", "缺少", "影响"),
            [(names[gap.severity], input_name(gap.missing), gap.impact) for gap in ranked[:most]],
        )
