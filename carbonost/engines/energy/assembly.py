"""Put a site together: the meter, its balances, and what each asset adds to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.engines.energy.load import profile
from carbonost.engines.energy.model import INF, Model
from carbonost.engines.energy.terms import GridColumns, Rates, Term, grid_terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.asset import Grid, Sized
    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.energy.load import Horizon, Load

TIE_CNY_PER_KWH: Final = 1e-6
"""Where plans cost the same, the one that moves less energy through stores is taken, and the earlier one."""
MARGIN_KWH: Final = 1e-4
"""A threshold of energy is passed by this share of a kWh and of itself, more than the solver's tolerance."""


@dataclass(frozen=True, eq=False)
class Economics:
    """What lies outside the tariff.

    `weight` is how often the horizon stands for itself in a year; capacities are annual.
    """

    carbon_price_cny_per_t: float = 0.0
    carbon_cap_t: float | None = None
    gas_price_cny_per_kwh: FloatArray | None = None
    gas_t_per_kwh: float = 0.0
    weight: float = 1.0
    discount_rate: float = 0.08


@dataclass(frozen=True, eq=False)
class Flow:
    """A column of the schedule's frame: columns of the plan times a factor."""

    name: str
    columns: IntArray
    factor: Any = 1.0


@dataclass(frozen=True, eq=False)
class Pair:
    """Two flows of which one is zero in each interval, with their largest values."""

    one: IntArray
    other: IntArray
    one_max: FloatArray
    other_max: FloatArray
    taken: bool = False
    """Whether the site has to take the other flow: its load, its assets, what may be exported."""
    matters: Any = True
    """Per interval, whether both at once could pay; elsewhere what they share is taken off a plan that has it."""


@dataclass(frozen=True, eq=False)
class Relief:
    """A limit that can be named when no plan keeps it.

    `columns` are slack columns, closed in the model and opened by the explainer at `weight` each.
    """

    limit: str
    columns: IntArray
    weight: float
    scale: float = 1.0
    at: Any = None
    """The instant a limit without intervals belongs to; limits with one column per interval tell it themselves."""


@dataclass(eq=False)
class Assembly:
    """A model under construction, with the meanings of its columns."""

    load: Load
    at: Horizon
    rate: Rates
    economics: Economics
    model: Model = field(init=False)
    terms: list[Term] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    reliefs: list[Relief] = field(default_factory=list)
    ties: list[tuple[IntArray, FloatArray]] = field(default_factory=list)
    investments: list[tuple[IntArray, FloatArray]] = field(default_factory=list)
    capacities: dict[str, dict[str, IntArray]] = field(default_factory=dict)
    heat: dict[str, IntArray] = field(default_factory=dict)
    stores: list[tuple[str, IntArray, Any]] = field(default_factory=list)
    """(asset, stored energy at the end of each interval [kWh], capacity: a number or its column)"""
    zone: str = "Asia/Shanghai"
    heat_kw: Mapping[str, FloatArray] = field(default_factory=dict)
    export_kw_max: float = 0.0
    draw_kw: float = 0.0
    """What the assets can draw at most, beside the load [kW]."""
    give_kw: float = 0.0
    """What the assets can give at most [kW]."""
    beyond: IntArray | None = None
    """Import beyond the connection's limit, closed until no plan is found; it emits as import does."""
    balance: IntArray = field(init=False)
    meter: GridColumns = field(init=False)

    def __post_init__(self) -> None:
        self.model = Model(len(self.at))

    @property
    def steps(self) -> int:
        """Number of intervals."""
        return len(self.at)

    def profile(self, values: Any, name: str) -> FloatArray:
        """A profile on this horizon."""
        return profile(values, self.load, name)

    def tie(self, columns: IntArray, share: float = 1.0) -> None:
        """Let the plan prefer less of a flow, and the earlier of equals."""
        later = 1.0 + 0.1 * np.arange(columns.size) / max(columns.size, 1)
        self.ties.append((columns, share * TIE_CNY_PER_KWH * self.at.hours * later))

    def relieve(self, limit: str, rows: IntArray, sign: float, weight: float = 1.0, **options: Any) -> IntArray:
        """Give rows a slack, closed until no plan is found; return its columns."""
        slack = self.model.columns(rows.size, 0.0, 0.0)
        self.model.add(rows, slack, sign)
        self.reliefs.append(Relief(limit, slack, weight, **options))
        return slack

    def capped(self, columns: IntArray, capacity: float | IntArray, per_unit: Any = 1.0) -> None:
        """Hold columns at or below `per_unit` times a capacity that is known or itself a column."""
        if isinstance(capacity, float):
            raise TypeError("a known capacity is a bound of its columns")
        self.model.rows(columns.size, -INF, 0.0, (columns, 1.0), (capacity, -np.asarray(per_unit, dtype=float)))

    def chosen(self, name: str, asset: Sized, unit: str, quantity: str) -> IntArray:
        """A capacity to be chosen, with its annual cost."""
        low = float(getattr(asset, f"capacity_{unit}_min"))
        high = getattr(asset, f"capacity_{unit}_max")
        column = self.model.columns(1, low, INF if high is None else float(high))
        cost = annual_cost(asset, unit, self.economics.discount_rate)
        self.investments.append((column, np.array([cost])))
        self.capacities.setdefault(name, {})[quantity] = column
        return column


def annual_cost(asset: Sized, unit: str, discount_rate: float) -> float:
    """Annual cost of a unit of capacity [CNY/a]: given, or the capital cost's annuity plus upkeep."""
    given = getattr(asset, f"annual_cost_cny_per_{unit}")
    if given is not None:
        return float(given)
    upkeep = float(getattr(asset, f"opex_cny_per_{unit}_year"))
    capital = float(getattr(asset, f"capex_cny_per_{unit}"))
    life = asset.life_years
    if not capital or not life:
        return upkeep
    share = 1.0 / life if discount_rate == 0 else discount_rate / (1.0 - (1.0 + discount_rate) ** -life)
    return upkeep + capital * share


def meter(assembly: Assembly, grid: Grid, peak_floor_kw: FloatArray | None = None) -> None:
    """The connection: import, export, and the demand they are billed on."""
    model, at, rate, n = assembly.model, assembly.at, assembly.rate, assembly.steps
    imported = model.columns(n, 0.0, INF if grid.import_kw_max is None else float(grid.import_kw_max))
    exported = None
    assembly.export_kw_max = INF if grid.export_kw_max is None else float(grid.export_kw_max)
    if assembly.export_kw_max > 0:
        exported = model.columns(n, 0.0, assembly.export_kw_max)
    kw = assembly.load.kw
    assembly.balance = model.rows(n, kw, kw, (imported, 1.0))
    if exported is not None:
        model.add(assembly.balance, exported, -1.0)
        most = [np.full(n, INF if grid.import_kw_max is None else float(grid.import_kw_max))]
        most.append(np.full(n, assembly.export_kw_max))
        pays = rate.export > rate.energy + rate.grid_t_per_kwh * assembly.economics.carbon_price_cny_per_t
        matters = pays | (rate.discount is not None)
        assembly.pairs.append(Pair(imported, exported, most[0], most[1], matters=matters))
        assembly.tie(exported, 0.1)
    if grid.import_kw_max is not None:
        assembly.beyond = assembly.relieve("grid.import_kw_max", assembly.balance, 1.0)
    if grid.export_kw_max is not None:
        assembly.relieve("grid.export_kw_max", assembly.balance, -1.0)
    demand = _demand(assembly, imported, peak_floor_kw) if rate.demand_cny_per_kw else np.zeros(0, dtype=np.int32)
    rebate = model.columns(len(at.months)) if rate.discount is not None and demand.size else None
    assembly.meter = GridColumns(imported, exported, demand, rebate)
    assembly.terms += grid_terms(rate, at, assembly.meter)
    assembly.flows.append(Flow("import_kw", imported))
    assembly.flows.append(Flow("export_kw", exported if exported is not None else np.zeros(0, dtype=np.int32)))


def _demand(assembly: Assembly, imported: IntArray, floor_kw: FloatArray | None) -> IntArray:
    """A column per month that is at least each window's mean import, less what a contract covers."""
    model, at, rate = assembly.model, assembly.at, assembly.rate
    covered = rate.covered_kw
    floor = np.zeros(len(at.months)) if floor_kw is None else np.maximum(0.0, floor_kw - covered)
    demand = model.columns(len(at.months), floor)
    size = np.bincount(at.window)
    rows = model.rows(size.size, -INF, covered, (demand[at.window_month], -1.0))
    model.add(rows[at.window], imported, 1.0 / size[at.window])
    return demand


def add_rebate(assembly: Assembly) -> None:
    """Demand that earns the discount: all of it in a month with enough energy, else none."""
    model, at, columns, discount = assembly.model, assembly.at, assembly.meter, assembly.rate.discount
    if columns.rebate is None or discount is None:
        return
    months = len(at.months)
    earned = model.columns(months, 0.0, 1.0, integer=True)
    model.rows(months, -INF, 0.0, (columns.rebate, 1.0), (columns.demand, -1.0))
    model.rows(months, -INF, 0.0, (columns.rebate, 1.0), (earned, -largest_import(assembly)))
    energy = model.rows(months, 0.0, INF, (earned, -discount[0] * (1.0 + 1e-4 * MARGIN_KWH) - MARGIN_KWH))
    model.add(energy[at.month], columns.imported, at.hours)


def add_carbon_cap(assembly: Assembly) -> IntArray | None:
    """Hold emissions at or below the cap; return the row, whose dual is the carbon's shadow price.

    The terms already count the horizon as often as it stands for itself.
    """
    cap = assembly.economics.carbon_cap_t
    if cap is None:
        return None
    row = assembly.model.rows(1, -INF, cap)
    for term in assembly.terms:
        if term.tonnes is not None:
            assembly.model.add(row, term.columns, term.tonnes)
            if term.name == "energy" and assembly.beyond is not None:
                assembly.model.add(row, assembly.beyond, term.tonnes)
    assembly.relieve("carbon_cap_t", row, -1.0, weight=1e-3)
    return row


def largest_outlet(assembly: Assembly, own_kw: FloatArray) -> FloatArray:
    """What a flow into the site can find at most [kW]: the load, export, and all assets but the one that gives it."""
    return assembly.load.kw + (assembly.draw_kw - own_kw) + assembly.export_kw_max


def largest_flow(assembly: Assembly) -> float:
    """More than any flow of a plan without waste [kW]: every load and asset at once, taking or giving."""
    return largest_import(assembly) + assembly.give_kw


def largest_import(assembly: Assembly) -> float:
    """Every load and asset at once [kW]: no plan without waste imports more."""
    return float(assembly.load.kw.max(initial=0.0)) + assembly.draw_kw


def values(assembly: Assembly, plan: FloatArray, columns: IntArray) -> FloatArray:
    """Values of columns, or zeros where there are none."""
    return plan[columns] if columns.size else np.zeros(assembly.steps)


def frame_columns(assembly: Assembly, plan: FloatArray) -> Mapping[str, FloatArray]:
    """Sum the flows under their names."""
    out: dict[str, FloatArray] = {}
    for flow in assembly.flows:
        part = values(assembly, plan, flow.columns) * flow.factor
        out[flow.name] = out[flow.name] + part if flow.name in out else part
    return out
