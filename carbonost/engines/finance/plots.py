"""Pictures of finance results; each draws on the axes given or on new ones, in Chinese or English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.picture import axes_or_new, finish, words_in
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.engines.finance.cashflow import Cashflow
    from carbonost.engines.finance.macc import Macc
    from carbonost.engines.finance.sensitivity import Tornado

_ZH: Final = {
    "abatement [tCO2e/a]": "年减排量 [tCO2e]", "abatement cost [CNY/tCO2e]": "边际减排成本 [元/tCO2e]",
    "low": "取低值", "high": "取高值", "year": "年", "after tax [10,000 CNY]": "税后现金流 [万元]",
    "running sum": "累计", "running sum of the owner, financed": "业主累计(融资后)",
    "electricity_price_y_per_kwh": "电价", "gas_price_y_per_nm3": "气价", "carbon_price_y_per_tco2": "碳价",
    "wacc": "折现率", "net present value after tax [CNY]": "税后净现值 [元]",
}  # fmt: skip

_LETTERS_ACROSS: Final = 104  # of the usual size, across the usual axes


def plot_macc(curve: Macc, axes: Any = None, language: str = "zh") -> Any:
    """Draw each measure as a block: as wide as its tonnes, as high as its cost.

    A block too narrow for its name bears a number, explained above the curve.
    """
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    rows = curve.rows[curve.rows["id"].isin(curve.ranking)]
    width, cost = rows["abatement_t"].to_numpy(dtype=float), rows["mac_cny_per_t"].to_numpy(dtype=float)
    left = np.cumsum(width) - width
    colours = np.where(cost < 0, "tab:green", "tab:orange")
    axes.bar(left, cost, width=width, align="edge", color=colours, edgecolor="white")
    letters = _LETTERS_ACROSS / max(float(width.sum()), 1e-300)
    numbered = 0
    for name, start, wide, high in zip(rows["id"], left, width, cost, strict=True):
        shown = name
        if _breadth(name) > wide * letters:
            numbered += 1
            shown = str(numbered)
            axes.plot([], [], " ", label=f"{shown} {name}")
        place = {"va": "bottom", "xytext": (0, 2)} if high >= 0 else {"va": "top", "xytext": (0, -2)}
        axes.annotate(shown, (start + wide / 2, high), ha="center", textcoords="offset points", **place)
    axes.margins(y=0.12)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(xlabel=say("abatement [tCO2e/a]"), ylabel=say("abatement cost [CNY/tCO2e]"))
    if numbered:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, frameon=False, handlelength=0, handletextpad=0
        )
    finish(axes, thousands="xy")
    return axes


def _breadth(name: str) -> int:
    """Breadth of a name in letters; a Chinese character is as broad as two."""
    return sum(1 if letter.isascii() else 2 for letter in name)


def plot_tornado(spread: Tornado, axes: Any = None, language: str = "zh") -> Any:
    """Draw each parameter's swing around the base, the widest on top."""
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    bars = spread.bars[::-1]
    at = np.arange(len(bars))
    axes.barh(at, [bar.low - spread.base for bar in bars], left=spread.base, color="tab:blue", label=say("low"))
    axes.barh(at, [bar.high - spread.base for bar in bars], left=spread.base, color="tab:orange", label=say("high"))
    axes.set_yticks(at, [say(bar.name) for bar in bars])
    axes.axvline(spread.base, color="black", linewidth=0.8)
    axes.set(xlabel=say(spread.of))
    finish(axes, legend=True, thousands="x")
    return axes


def plot_cashflow(flow: Cashflow, axes: Any = None, language: str = "zh") -> Any:
    """Draw the after-tax flow of each year and its running sum, in 10,000 CNY; many measures are added up.

    Where somebody else finances, the owner's running sum stands beside it.
    """
    say = words_in(language, _ZH)
    summed = flow.total(flow)
    if summed.after_tax.ndim > 1:
        raise InputError("holds several scenarios", "flow", summed.after_tax.shape, "Build the flow of one scenario.")
    axes = axes_or_new(axes)
    yearly, owner = summed.after_tax / 1e4, summed.owner / 1e4
    years = np.arange(yearly.size)
    axes.bar(years, yearly, color=np.where(yearly < 0, "tab:red", "tab:green"))
    axes.plot(years, np.cumsum(yearly), color="black", marker=".", label=say("running sum"))
    if not np.array_equal(owner, yearly):
        label = say("running sum of the owner, financed")
        axes.plot(years, np.cumsum(owner), color="tab:blue", marker=".", linestyle="--", label=label)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel=say("year"), ylabel=say("after tax [10,000 CNY]"))
    finish(axes, legend=True, thousands="y")
    return axes
