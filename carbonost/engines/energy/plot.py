"""Pictures of a plan: load before and after, state of charge, prices, and where the saving comes from.

Each draws on the axes given or on new ones, in Chinese or, with ``language="en"``, in English.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.picture import axes_or_new, finish, words_in
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.schedule import Frontier, Ledger, ScenarioPlan, Schedule

    Words = Callable[[str], str]

KINDS = ("load", "soc", "prices", "cost")
_ZH: Final = {
    "energy": "电度电费", "demand": "需量电费", "capacity": "容量电费", "export": "上网电费",
    "power_factor": "力调电费", "wear": "储能损耗", "start": "启动费用", "fuel": "燃料费",
    "shed": "切负荷损失", "carbon": "碳成本",
    "doing nothing": "优化前", "plan": "优化后", "load": "负荷", "import": "购电", "peak": "最大需量",
    "power [kW]": "功率 [kW]", "state of charge [%]": "荷电状态 [%]", "price [CNY/kWh]": "电价 [元/kWh]",
    "battery, discharge up": "储能(放电为正)", "battery, discharge up [kW]": "储能功率(放电为正) [kW]",
    "cost [CNY]": "费用 [元]", "emissions [tCO2]": "排放量 [tCO2]",
}  # fmt: skip


def draw(schedule: Schedule, kind: str = "load", axes: Any = None, language: str = "zh") -> Any:
    """Draw one picture of a schedule; returns the matplotlib axes.

    Parameters
    ----------
    schedule : Schedule
    kind : {"load", "soc", "prices", "cost"}
    axes : matplotlib axes, optional
    language : {"zh", "en"}

    Raises
    ------
    InputError
        If `kind` or `language` is another one.
    MissingExtraError
        If matplotlib, or for Chinese labels the font, is not installed.
    """
    makers = {"load": _load, "soc": _soc, "prices": _prices, "cost": _cost}
    if kind not in makers:
        raise InputError("is not a picture of a schedule", field="kind", value=kind, remedy=f"Use one of {KINDS}.")
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    makers[kind](axes, schedule, say)
    finish(axes, legend=kind == "load", thousands="y" if kind == "cost" else "")
    return axes


def draw_frontier(frontier: Frontier, axes: Any = None, language: str = "zh") -> Any:
    """Cost against emissions."""
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    axes.plot(frontier.emissions_t, frontier.cost_cny, marker="o")
    axes.set(xlabel=say("emissions [tCO2]"), ylabel=say("cost [CNY]"))
    finish(axes, thousands="xy")
    return axes


def draw_ledger(ledger: Ledger, axes: Any = None, language: str = "zh") -> Any:
    """Each month's terms, costs upwards and what earns downwards."""
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    up, down = np.zeros(len(ledger.months)), np.zeros(len(ledger.months))
    for term, cny in ledger.items.items():
        if np.any(cny):
            axes.bar(range(len(ledger.months)), cny, bottom=np.where(cny >= 0, up, down), label=say(term))
            up, down = up + np.maximum(cny, 0.0), down + np.minimum(cny, 0.0)
    apart = -(-len(ledger.months) // 12)  # a dozen months have room for their names
    axes.set_xticks(range(0, len(ledger.months), apart), ledger.months[::apart])
    axes.set_ylabel(say("cost [CNY]"))
    finish(axes, legend=bool(axes.patches), thousands="y")
    return axes


def draw_scenarios(plan: ScenarioPlan, axes: Any = None, language: str = "zh") -> Any:
    """Each scenario's load, and what the battery does in all of them."""
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    for name in plan.cost_cny:
        _steps(axes, plan.frame[f"load_kw[{name}]"], linewidth=0.7, label=name)
    given = plan.frame["discharge_kw"] - plan.frame["charge_kw"]
    _steps(axes, given, color="black", linewidth=0.9, label=say("battery, discharge up"))
    axes.set_ylabel(say("power [kW]"))
    finish(axes, legend=True)
    return axes


def _edges(index: pd.Index) -> pd.DatetimeIndex:
    """Where the intervals begin and the last one ends, on the local clock, which is how a day is read."""
    starts = pd.DatetimeIndex(index)
    step = starts[-1] - starts[-2] if len(starts) > 1 else pd.Timedelta(hours=1)
    edges = starts.append(pd.DatetimeIndex([starts[-1] + step]))
    return pd.DatetimeIndex(edges).tz_localize(None)


def _steps(axes: Any, values: pd.Series, **style: Any) -> None:
    """A mean over each interval, the last one as wide as the others."""
    axes.step(_edges(values.index), np.append(values, values.iloc[-1]), where="post", **style)


def _load(axes: Any, schedule: Schedule, say: Words) -> None:
    _steps(axes, schedule.frame["load_kw"], label=say("load"), linewidth=0.9)
    _steps(axes, schedule.frame["import_kw"], label=say("import"), linewidth=0.9)
    highest = f"{say('peak')} {schedule.peak_kw:,.1f} kW"
    axes.axhline(schedule.peak_kw, linestyle=":", linewidth=0.8, color="tab:red", label=highest)
    axes.set_ylabel(say("power [kW]"))


def _soc(axes: Any, schedule: Schedule, say: Words) -> None:
    """What is stored at each interval's end, along straight lines."""
    axes.fill_between(_edges(schedule.frame.index)[1:], 100 * schedule.frame["soc"], alpha=0.6)
    axes.set(ylabel=say("state of charge [%]"), ylim=(0, 100))


def _prices(axes: Any, schedule: Schedule, say: Words) -> None:
    frame = schedule.frame
    _steps(axes, frame["price_cny_per_kwh"], color="tab:gray")
    axes.set_ylabel(say("price [CNY/kWh]"), color="tab:gray")
    power = axes.twinx()
    _steps(power, frame["discharge_kw"] - frame["charge_kw"], color="tab:blue", linewidth=0.9)
    power.set_ylabel(say("battery, discharge up [kW]"), color="tab:blue")


def _cost(axes: Any, schedule: Schedule, say: Words) -> None:
    """A waterfall from the cost of doing nothing to the plan's."""
    before = {} if schedule.baseline is None else schedule.baseline.items
    after = schedule.ledger.items
    steps = [
        (term, float(np.sum(after.get(term, 0.0))) - float(np.sum(before.get(term, 0.0))))
        for term in dict.fromkeys([*before, *after])
    ]
    start = schedule.baseline_cny if schedule.baseline is not None else 0.0
    least = 1e-9 * abs(start)  # below it a change is the noise of sums
    steps = [(term, change) for term, change in steps if abs(change) > least]
    names = ["doing nothing", *(term for term, _ in steps), "plan"]
    level = start + np.cumsum([0.0, *(change for _, change in steps)])
    bottoms = [0.0, *level[:-1], 0.0]
    heights = [start, *(change for _, change in steps), schedule.objective_cny]
    colours = ["tab:gray", *("tab:green" if change < 0 else "tab:red" for _, change in steps), "tab:blue"]
    bars = axes.bar(range(len(names)), heights, bottom=bottoms, color=colours)
    told = [f"{heights[0]:,.0f}", *(f"{change:+,.0f}" for _, change in steps), f"{heights[-1]:,.0f}"]
    axes.bar_label(bars, told, padding=2)
    low, high = min(0.0, *level, *heights[-1:]), max(0.0, *level, *heights[-1:])
    room = 0.1 * (high - low) or 1.0  # for the figures
    axes.set_ylim(low - (room if low < 0 else 0.0), high + room)
    axes.set_xticks(range(len(names)), [say(name) for name in names])
    axes.set_ylabel(say("cost [CNY]"))
