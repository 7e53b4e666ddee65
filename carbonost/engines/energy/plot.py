"""Pictures of a plan: load before and after, state of charge, prices, and where the saving comes from.

Each draws on the axes given or on new ones, in Chinese or, with ``language="en"``, in English. Over many weeks
charge and prices are drawn as a day of the clock, mean and spread: a year of them side by side is a block of colour.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.ledger import ITEM_NAMES
from carbonost.domain.picture import axes_or_new, day_ticks, edges, finish, words_in
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.ledger import Ledger
    from carbonost.domain.schedule import Frontier, ScenarioPlan, Schedule

    Words = Callable[[str], str]

KINDS = ("load", "soc", "prices", "cost")
_SIDE_BY_SIDE: Final = pd.Timedelta(days=35)
"""A longer horizon is a block of colour when its days stand side by side."""
_PAIR: Final = 2
_FEWEST_MONTHS: Final = 4  # so that the bar of one month does not fill the picture
_ZH: Final = {
    **ITEM_NAMES,
    "doing nothing": "优化前", "plan": "优化后", "load": "负荷", "import": "购电", "peak": "最大需量",
    "power [kW]": "功率 [kW]", "state of charge [%]": "荷电状态 [%]", "price [CNY/kWh]": "电价 [元/kWh]",
    "low": "低情景", "middle": "中情景", "high": "高情景",
    "hour of the day": "时刻", "mean of the days": "各日平均", "eight days in ten": "十日中有八日在此范围",
    "battery, discharge up": "储能(放电为正)", "battery, discharge up [kW]": "储能功率(放电为正) [kW]",
    "cost [CNY]": "费用 [元]", "emissions [tCO2]": "排放量 [tCO2]",
}  # fmt: skip


def draw(schedule: Schedule, kind: str = "load", axes: Any = None, language: str = "zh", *, during: Any = None) -> Any:
    """Draw one picture of a schedule; returns the matplotlib axes.

    Parameters
    ----------
    schedule : Schedule
    kind : {"load", "soc", "prices", "cost"}
    axes : matplotlib axes, optional
    language : {"zh", "en"}
    during : str or (str, str), optional
        The part to draw: a month, a day, or the first and the last of several, as "2025-07", "2025-07-07" or
        ("2025-07-07", "2025-07-13"). Costs are drawn whole.

    Raises
    ------
    InputError
        If `kind` or `language` is another one, or the schedule has nothing in that part.
    MissingExtraError
        If matplotlib, or for Chinese labels the font, is not installed.
    """
    makers = {"load": _load, "soc": _soc, "prices": _prices, "cost": _cost}
    if kind not in makers:
        raise InputError("is not a picture of a schedule", field="kind", value=kind, remedy=f"Use one of {KINDS}.")
    say = words_in(language, _ZH)
    shown = schedule if during is None else replace(schedule, frame=_part(schedule.frame, kind, during))
    axes = axes_or_new(axes)
    makers[kind](axes, shown, say)
    finish(axes, legend=bool(axes.get_legend_handles_labels()[0]), thousands="y" if kind == "cost" else "")
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
    beside = max(0.0, _FEWEST_MONTHS - len(ledger.months)) / 2
    axes.set_xlim(-0.6 - beside, len(ledger.months) - 0.4 + beside)
    axes.set_ylabel(say("cost [CNY]"))
    finish(axes, legend=bool(axes.patches), thousands="y")
    return axes


def draw_scenarios(plan: ScenarioPlan, axes: Any = None, language: str = "zh") -> Any:
    """Each scenario's load, and what the battery does in all of them."""
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    for name in plan.cost_cny:
        _steps(axes, plan.frame[f"load_kw[{name}]"], linewidth=0.7, label=say(name))
    given = plan.frame["discharge_kw"] - plan.frame["charge_kw"]
    _steps(axes, given, color="black", linewidth=0.9, label=say("battery, discharge up"))
    axes.set_ylabel(say("power [kW]"))
    finish(axes, legend=True)
    return axes


def _steps(axes: Any, values: pd.Series, **style: Any) -> None:
    """A mean over each interval, the last one as wide as the others."""
    axes.step(edges(values.index), np.append(values, values.iloc[-1]), where="post", **style)
    day_ticks(axes)


def _load(axes: Any, schedule: Schedule, say: Words) -> None:
    _steps(axes, schedule.frame["load_kw"], label=say("load"), linewidth=0.9)
    _steps(axes, schedule.frame["import_kw"], label=say("import"), linewidth=0.9)
    highest = f"{say('peak')} {schedule.peak_kw:,.1f} kW"
    axes.axhline(schedule.peak_kw, linestyle=":", linewidth=0.8, color="tab:red", label=highest)
    axes.set_ylabel(say("power [kW]"))


def _soc(axes: Any, schedule: Schedule, say: Words) -> None:
    """What is stored at each interval's end, along straight lines."""
    stored = 100 * schedule.frame["soc"]
    if _long(stored):
        _clock(axes, stored, say, at_end=True, color="tab:blue")
    else:
        axes.fill_between(edges(stored.index)[1:], stored, alpha=0.6)
        day_ticks(axes)
    axes.set(ylabel=say("state of charge [%]"), ylim=(0, 100))


def _prices(axes: Any, schedule: Schedule, say: Words) -> None:
    frame = schedule.frame
    given = frame["discharge_kw"] - frame["charge_kw"]
    power = axes.twinx()
    if _long(given):
        _clock(axes, frame["price_cny_per_kwh"], say, color="tab:gray")
        _clock(power, given, say, color="tab:blue")
    else:
        _steps(axes, frame["price_cny_per_kwh"], color="tab:gray")
        _steps(power, given, color="tab:blue", linewidth=0.9)
    axes.set_ylabel(say("price [CNY/kWh]"), color="tab:gray")
    power.set_ylabel(say("battery, discharge up [kW]"), color="tab:blue")


def _part(frame: pd.DataFrame, kind: str, during: Any) -> pd.DataFrame:
    """The rows of a month, of a day, or from one to another, both whole."""
    if kind == "cost":
        raise InputError(
            "costs are drawn whole", field="during", value=during, remedy="Leave it out, or plot the ledger."
        )
    first, last = during if isinstance(during, (tuple, list)) and len(during) == _PAIR else (during, during)
    try:
        part = frame.loc[first:last]
    except (TypeError, ValueError, KeyError) as exc:
        raise InputError("is no part of time", field="during", value=during, remedy="Write 2025-07-07.") from exc
    if part.empty:
        raise InputError(
            "the schedule has nothing then", field="during", value=during,
            remedy=f"It runs from {frame.index[0]} to {frame.index[-1]}.",
        )  # fmt: skip
    return part


def _long(values: pd.Series) -> bool:
    return bool(values.index[-1] - values.index[0] > _SIDE_BY_SIDE)


def _clock(axes: Any, values: pd.Series, say: Words, *, at_end: bool = False, **style: Any) -> None:
    """A day of the local clock: the mean of all days, and where eight days in ten lie."""
    starts = pd.DatetimeIndex(values.index)
    step_h = (starts[1] - starts[0]) / pd.Timedelta(hours=1)
    days = values.groupby(starts.hour + starts.minute / 60)
    mean, low, high = days.mean(), days.quantile(0.1), days.quantile(0.9)
    hours = mean.index.to_numpy(dtype=float)
    if at_end:
        axes.fill_between(hours + step_h, low, high, alpha=0.25, label=say("eight days in ten"), **style)
        axes.plot(hours + step_h, mean, label=say("mean of the days"), **style)
    else:
        at = np.append(hours, hours[-1] + step_h)
        between = [np.append(side, side.iloc[-1]) for side in (low, high)]
        axes.fill_between(at, *between, step="post", alpha=0.25, linewidth=0, label=say("eight days in ten"), **style)
        axes.step(at, np.append(mean, mean.iloc[-1]), where="post", label=say("mean of the days"), **style)
    axes.set(xlim=(0, 24), xticks=range(0, 25, 3), xlabel=say("hour of the day"))


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
