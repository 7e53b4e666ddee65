"""Pictures of finance results for a notebook; each draws on the axes given, or on new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost._lazy import load

if TYPE_CHECKING:
    from carbonost.engines.finance.cashflow import Cashflow
    from carbonost.engines.finance.macc import Macc
    from carbonost.engines.finance.sensitivity import Tornado


def plot_macc(curve: Macc, axes: Any = None) -> Any:
    """Draw each measure as a block: as wide as its tonnes, as high as its cost."""
    axes = _axes(axes)
    rows = curve.rows[curve.rows["id"].isin(curve.ranking)]
    width, cost = rows["abatement_t"].to_numpy(dtype=float), rows["mac_cny_per_t"].to_numpy(dtype=float)
    left = np.cumsum(width) - width
    colours = np.where(cost < 0, "tab:green", "tab:orange")
    axes.bar(left, cost, width=width, align="edge", color=colours, edgecolor="white")
    for name, start, wide, high in zip(rows["id"], left, width, cost, strict=True):
        axes.annotate(name, (start + wide / 2, high), ha="center", va="bottom")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(xlabel="abatement [tCO2e/a]", ylabel="abatement cost [CNY/tCO2e]")
    return axes


def plot_tornado(spread: Tornado, axes: Any = None) -> Any:
    """Draw each parameter's swing around the base, the widest on top."""
    axes = _axes(axes)
    bars = spread.bars[::-1]
    at = np.arange(len(bars))
    axes.barh(at, [bar.low - spread.base for bar in bars], left=spread.base, color="tab:blue", label="low")
    axes.barh(at, [bar.high - spread.base for bar in bars], left=spread.base, color="tab:orange", label="high")
    axes.set_yticks(at, [bar.name for bar in bars])
    axes.axvline(spread.base, color="black", linewidth=0.8)
    axes.legend()
    return axes


def plot_cashflow(flow: Cashflow, axes: Any = None) -> Any:
    """Draw the after-tax flow of each year and its running sum, in 10,000 CNY; many measures are added up."""
    axes = _axes(axes)
    yearly = flow.after_tax.reshape(-1, flow.after_tax.shape[-1]).sum(axis=0) / 1e4
    years = np.arange(yearly.size)
    axes.bar(years, yearly, color=np.where(yearly < 0, "tab:red", "tab:green"))
    axes.plot(years, np.cumsum(yearly), color="black", marker=".", label="running sum")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(xlabel="year", ylabel="after tax [10,000 CNY]")
    axes.legend()
    return axes


def _axes(axes: Any) -> Any:
    return load("matplotlib.pyplot", "a plot").subplots()[1] if axes is None else axes
