"""What closes the gap to the core indicator, solved for each move and for all in order.

Every move takes `t` tonnes and `tce` tonnes of coal equivalent from the park per unit. The amount
that reaches the limit r solves (E - t·x) = r·(T - tce·x); a move that lowers energy may also change
the limit, which is then solved for again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isnan
from typing import TYPE_CHECKING

import pandas as pd

from carbonost.engines.carbon.answers import quantity, table
from carbonost.errors import InputError, OverclaimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.engines.carbon.answers import Rows
    from carbonost.engines.carbon.park.method import ParkBalance, ParkMethod


@dataclass(frozen=True)
class Move:
    """One way to lower the indicator.

    Attributes
    ----------
    name, name_zh, unit : str
    t_per_unit : float [tCO2 per unit]
    tce_per_unit : float [tce per unit]
    available : float [unit]
        How much of it the park has.
    """

    name: str
    name_zh: str
    unit: str
    t_per_unit: float
    tce_per_unit: float
    available: float


def moves(balance: ParkBalance, method: ParkMethod, limits: Mapping[str, float] | None = None) -> tuple[Move, ...]:
    """Return the moves open to a park, in the order the method prefers.

    Direct supply and green trade replace power at the fossil factor; energy stays, because all power
    counts at the same equivalent value. Saving power lowers energy too. `limits` says how much of a
    move the park can have, such as the yield of its roofs; without it all that could be replaced.
    """
    kg, per_kwh = method.power_kg_per_kwh / 1000, balance.power_tce_per_kwh
    rest = max(balance.rest_kwh - balance.export_kwh, 0.0)
    ways = (
        Move("direct_supply", "绿电直供", "kWh", kg, 0.0, rest),
        Move("green_power", "绿电绿证交易", "kWh", kg, 0.0, rest),
        Move("power_saving", "节电", "kWh", kg, per_kwh, rest),
        Move("nonfossil_heat", "非化石热力替代", "GJ", method.heat_t_per_gj, 0.0, balance.fossil_heat_gj),
        Move("process_reduction", "工业过程减排", "tCO2", 1.0, 0.0, balance.process_t),
    )
    return tuple(replace(way, available=min(way.available, (limits or {}).get(way.name, inf))) for way in ways)


def solve(balance: ParkBalance, method: ParkMethod, limits: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return how much of each move closes the gap alone, and a plan that takes them in order.

    Returns
    -------
    DataFrame
        `move, name_zh, unit, amount, available, feasible, planned, intensity_after_t_per_tce`: `amount`
        closes the gap alone (NaN: it never does), `planned` is what the plan takes after the moves
        above it, `intensity_after_t_per_tce` is the indicator after `amount` or all there is,
        whichever is less. Empty where there is no limit or the indicator is a gap.
    """
    tonnes, energy = balance.emissions_t(method), balance.energy_tce
    rows: list[tuple[object, ...]] = []
    left_t, left_tce, moved_kwh = tonnes, energy, 0.0
    solvable = method.target(energy) is not None and not isnan(tonnes)
    for way in moves(balance, method, limits) if solvable else ():
        amount = _needed(way, tonnes, energy, method)
        take = way.available if isnan(amount) else min(amount, way.available)
        after = (tonnes - take * way.t_per_unit) / (energy - take * way.tce_per_unit)
        free = way.available
        if way.unit == "kWh":  # a kilowatt-hour moved once is not moved again
            free = min(free, max(balance.rest_kwh - balance.export_kwh - moved_kwh, 0.0))
        rest = _needed(way, left_t, left_tce, method)
        planned = 0.0 if isnan(rest) else min(rest, free)
        moved_kwh += planned if way.unit == "kWh" else 0.0
        left_t, left_tce = left_t - planned * way.t_per_unit, left_tce - planned * way.tce_per_unit
        feasible = amount <= way.available * (1 + 1e-12)  # False for NaN
        rows.append((way.name, way.name_zh, way.unit, amount, way.available, feasible, planned, after))
    columns = ["move", "name_zh", "unit", "amount", "available", "feasible", "planned", "intensity_after_t_per_tce"]
    return pd.DataFrame(rows, columns=columns)


def _needed(way: Move, tonnes: float, energy: float, method: ParkMethod) -> float:
    """Amount of one move that reaches the limit of the park it leaves behind; NaN if none does."""
    limit = method.target(energy)
    for _ in range(len(method.tiers) + 1):
        if limit is None or tonnes <= limit * energy:
            return 0.0
        gain = way.t_per_unit - limit * way.tce_per_unit
        if gain <= 0:
            return float("nan")
        amount = (tonnes - limit * energy) / gain
        then = method.target(energy - amount * way.tce_per_unit)
        if then is None or then == limit:
            return amount
        limit = then
    return float("nan")


def apply(balance: ParkBalance, method: ParkMethod, move: str, amount: float) -> ParkBalance:
    """Return the park after `amount` of a move.

    Raises
    ------
    InputError
        No such move, or an amount that is negative or not a number.
    OverclaimError
        More than the park has to give.
    """
    ways = {way.name: way for way in moves(balance, method)}
    if move not in ways:
        raise InputError("is no move", "move", move, f"Use one of {', '.join(ways)}.")
    way = ways[move]
    x = float(quantity(amount, "amount")[0])
    if x > way.available * (1 + 1e-9):
        raise OverclaimError(f"{move} has {way.available:.6g} {way.unit} to work on", "amount", x)
    changes = {
        "direct_supply": {"rest_kwh": balance.rest_kwh - x, "direct_kwh": balance.direct_kwh + x},
        "green_power": {"rest_kwh": balance.rest_kwh - x, "green_kwh": balance.green_kwh + x},
        "power_saving": {"rest_kwh": balance.rest_kwh - x},
        "nonfossil_heat": {"fossil_heat_gj": balance.fossil_heat_gj - x, "heat_t": balance.heat_t - x * way.t_per_unit},
        "process_reduction": {"process_t": balance.process_t - x},
    }[move]
    return replace(balance, energy_tce=balance.energy_tce - x * way.tce_per_unit, **changes)


def roadmap(balance: ParkBalance, method: ParkMethod, steps: Rows) -> pd.DataFrame:
    """Return the core indicator year by year as planned moves are done.

    Parameters
    ----------
    balance : ParkBalance
        The base year.
    steps : rows of `year, move, amount`
        Moves of `moves`; those of one year are done in the order given, and each stays done.

    Returns
    -------
    DataFrame
        `year, emissions_t, energy_tce, intensity_t_per_tce, target, gap, direct_share`, one row a year of
        the plan; `target` and `gap` are NaN where the table has no limit.
    """
    plan = table(steps, ("year", "move", "amount"), "a roadmap").sort_values("year", kind="stable")
    park, rows = balance, []
    for year, group in plan.groupby("year", sort=True):
        for move, amount in zip(group["move"], group["amount"], strict=True):
            park = apply(park, method, str(move), float(amount))
        limit = method.target(park.energy_tce)
        reached = park.intensity_t_per_tce(method)
        target = float("nan") if limit is None else limit
        rows.append(
            (year, park.emissions_t(method), park.energy_tce, reached, target, reached - target, park.direct_share())
        )
    columns = ["year", "emissions_t", "energy_tce", "intensity_t_per_tce", "target", "gap", "direct_share"]
    return pd.DataFrame(rows, columns=columns)
