"""Pictures of a plan: load before and after, state of charge, prices, and where the saving comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.schedule import Frontier, Ledger, ScenarioPlan, Schedule

KINDS = ("load", "soc", "prices", "cost")


def draw(schedule: Schedule, kind: str = "load") -> Any:
    """Draw one picture of a schedule; returns the matplotlib axes.

    Raises
    ------
    InputError
        If `kind` is not one of "load", "soc", "prices", "cost".
    """
    makers = {"load": _load, "soc": _soc, "prices": _prices, "cost": _cost}
    if kind not in makers:
        raise InputError("is not a picture of a schedule", field="kind", value=kind, remedy=f"Use one of {KINDS}.")
    axes = _axes()
    makers[kind](axes, schedule)
    return axes


def draw_frontier(frontier: Frontier) -> Any:
    """Cost against emissions."""
    axes = _axes()
    axes.plot(frontier.emissions_t, frontier.cost_cny, marker="o")
    axes.set(xlabel="emissions [tCO2]", ylabel="cost [CNY]")
    return axes


def draw_ledger(ledger: Ledger) -> Any:
    """Each month's terms, costs upwards and what earns downwards."""
    axes = _axes()
    up, down = np.zeros(len(ledger.months)), np.zeros(len(ledger.months))
    for term, cny in ledger.items.items():
        if np.any(cny):
            axes.bar(ledger.months, cny, bottom=np.where(cny >= 0, up, down), label=term)
            up, down = up + np.maximum(cny, 0.0), down + np.minimum(cny, 0.0)
    axes.set_ylabel("cost [CNY]")
    axes.legend(loc="upper right")
    return axes


def draw_scenarios(plan: ScenarioPlan) -> Any:
    """Each scenario's load, and what the battery does in all of them."""
    axes = _axes()
    when = _clock(plan.frame)
    for name in plan.cost_cny:
        axes.step(when, plan.frame[f"load_kw[{name}]"], where="post", linewidth=0.7, label=name)
    given = plan.frame["discharge_kw"] - plan.frame["charge_kw"]
    axes.step(when, given, where="post", color="black", linewidth=0.9, label="battery, discharge up")
    axes.set_ylabel("power [kW]")
    axes.legend(loc="upper right")
    return axes


def _axes() -> Any:
    figure = load("matplotlib.figure", "a plot").Figure(figsize=(9, 3.5), layout="constrained")
    return figure.subplots()


def _clock(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """Local wall-clock times, which is how a day is read."""
    return pd.DatetimeIndex(frame.index).tz_localize(None)


def _load(axes: Any, schedule: Schedule) -> None:
    frame = schedule.frame
    when = _clock(frame)
    axes.step(when, frame["load_kw"], where="post", label="load", linewidth=0.9)
    axes.step(when, frame["import_kw"], where="post", label="import", linewidth=0.9)
    axes.axhline(schedule.peak_kw, linestyle=":", linewidth=0.8, label=f"peak {schedule.peak_kw:,.0f} kW")
    axes.set_ylabel("power [kW]")
    axes.legend(loc="upper right")


def _soc(axes: Any, schedule: Schedule) -> None:
    axes.fill_between(_clock(schedule.frame), 100 * schedule.frame["soc"], step="pre", alpha=0.6)
    axes.set(ylabel="state of charge [%]", ylim=(0, 100))


def _prices(axes: Any, schedule: Schedule) -> None:
    frame = schedule.frame
    when = _clock(frame)
    axes.step(when, frame["price_cny_per_kwh"], where="post", color="tab:gray")
    axes.set_ylabel("price [CNY/kWh]")
    power = axes.twinx()
    power.step(when, frame["discharge_kw"] - frame["charge_kw"], where="post", linewidth=0.9)
    power.set_ylabel("battery, discharge up [kW]")


def _cost(axes: Any, schedule: Schedule) -> None:
    """A waterfall from the cost of doing nothing to the plan's."""
    before = {} if schedule.baseline is None else schedule.baseline.items
    after = schedule.ledger.items
    steps = [
        (term, float(np.sum(after.get(term, 0.0))) - float(np.sum(before.get(term, 0.0))))
        for term in dict.fromkeys([*before, *after])
    ]
    start = schedule.baseline_cny if schedule.baseline is not None else 0.0
    steps = [(term, change) for term, change in steps if change]
    names = ["doing nothing", *(term for term, _ in steps), "plan"]
    level = start + np.cumsum([0.0, *(change for _, change in steps)])
    bottoms = [0.0, *level[:-1], 0.0]
    heights = [start, *(change for _, change in steps), schedule.objective_cny]
    colours = ["tab:gray", *("tab:green" if change < 0 else "tab:red" for _, change in steps), "tab:blue"]
    axes.bar(names, heights, bottom=bottoms, color=colours)
    axes.set_ylabel("cost [CNY]")
