"""What an optimisation returns: a schedule, a choice of sizes, a front, set points, a plan for several loads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.keyed import Keyed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.ledger import Ledger
    from carbonost.domain.series import FloatArray


@dataclass(frozen=True, eq=False)
class Schedule(Alike, Keyed):
    """A plan of every flow and what it costs.

    Attributes
    ----------
    status : str
        "optimal"; "feasible" where on/off decisions over a long horizon were taken window by window:
        ``diagnostics`` then hold ``bound_cny``, which no plan is below, and the ``gap`` to it as a share.
    objective_cny, baseline_cny : float [CNY]
        Cost of the plan, and of the same demand without the assets' freedom (batteries idle, generators
        absent, vehicles charged on arrival, heat from the boiler).
    peak_kw : float [kW]
        Highest billed demand.
    carbon_shadow_price_cny_per_t : float [CNY/t]
        What the last tonne under the cap saves; 0 without a binding cap, NaN where a
        plan with on/off decisions has no shadow price.
    """

    status: str
    objective_cny: float
    baseline_cny: float
    peak_kw: float
    emissions_t: float
    carbon_shadow_price_cny_per_t: float
    ledger: Ledger
    curtailed_kwh: float
    frame: pd.DataFrame = field(repr=False)
    hours: float = 0.25
    baseline: Ledger | None = field(default=None, repr=False)
    diagnostics: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def savings_cny(self) -> float:
        """What the plan saves against doing nothing."""
        return self.baseline_cny - self.objective_cny

    def to_frame(self) -> pd.DataFrame:
        """Flows [kW] and state of charge [-] at the end of each interval."""
        return self.frame.copy()

    def to_dict(self) -> dict[str, Any]:
        """Figures of the plan without its series."""
        names = ("status", "objective_cny", "baseline_cny", "savings_cny", "peak_kw", "emissions_t", "curtailed_kwh")
        shadow = {"carbon_shadow_price_cny_per_t": self.carbon_shadow_price_cny_per_t}
        return {name: getattr(self, name) for name in names} | shadow | {"ledger": self.ledger.to_dict()}

    def plot(self, kind: str = "load", axes: Any = None, language: str = "zh", *, during: Any = None) -> Any:
        """Draw "load", "soc", "prices" or "cost", in Chinese or English ("en"); needs the report extra.

        `during` is the part to draw: "2025-07", "2025-07-07" or ("2025-07-07", "2025-07-13").
        """
        from importlib import import_module  # the picture belongs to the engine, found by name

        return import_module("carbonost.engines.energy.plot").draw(self, kind, axes, language, during=during)

    def _repr_html_(self) -> str:
        head = pd.Series({k: v for k, v in self.to_dict().items() if k != "ledger"}, name="schedule")
        return str(head.to_frame().to_html()) + self.ledger._repr_html_()


@dataclass(frozen=True, eq=False)
class PeakShaving(Alike, Keyed):
    """A battery's saving on one load, under the specification's names.

    Attributes
    ----------
    original_cost, optimized_cost : float [CNY]
        Cost of the load alone, and of the plan.
    schedule : Schedule
    """

    original_cost: float
    optimized_cost: float
    schedule: Schedule

    @property
    def savings(self) -> float:
        """Original less optimised cost [CNY]."""
        return self.original_cost - self.optimized_cost

    @property
    def savings_percentage(self) -> float:
        """Savings in percent of the original cost; 0 where nothing was paid."""
        return 100.0 * self.savings / self.original_cost if self.original_cost else 0.0

    @property
    def ledger(self) -> Ledger:
        """Costs of the optimised plan."""
        return self.schedule.ledger

    @property
    def peak_kw(self) -> float:
        """Highest billed demand of the plan."""
        return self.schedule.peak_kw

    def to_frame(self) -> pd.DataFrame:
        """The schedule's flows."""
        return self.schedule.to_frame()

    def to_dict(self) -> dict[str, float]:
        """The specification's figures."""
        names = ("original_cost", "optimized_cost", "savings", "savings_percentage", "peak_kw")
        return {name: float(getattr(self, name)) for name in names}

    def plot(self, kind: str = "load", axes: Any = None, language: str = "zh", *, during: Any = None) -> Any:
        """Draw the schedule; see `Schedule.plot`."""
        return self.schedule.plot(kind, axes, language, during=during)

    def _repr_html_(self) -> str:
        return str(pd.Series(self.to_dict(), name="peak shaving").to_frame().to_html())


@dataclass(frozen=True, eq=False)
class Sizing(Alike, Keyed):
    """Chosen capacities.

    Attributes
    ----------
    objective_cny : float
        Annual cost: operation times `weight`, and the capacities' annual cost.
    investment_cny : float [CNY/a]
        The part of it that owning the capacities costs in a year; not their price, which a cash flow begins with.
    capacities : {asset: {"capacity_kwh", "power_kw"}}
    """

    objective_cny: float
    capacities: Mapping[str, Mapping[str, float]]
    schedule: Schedule
    investment_cny: float = 0.0
    diagnostics: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """Capacities by asset."""
        return pd.DataFrame(self.capacities).T

    def to_dict(self) -> dict[str, Any]:
        """Figures without series."""
        return {
            "objective_cny": self.objective_cny,
            "investment_cny": self.investment_cny,
            "capacities": {name: dict(sizes) for name, sizes in self.capacities.items()},
            "schedule": self.schedule.to_dict(),
        }

    def plot(self, kind: str = "load", axes: Any = None, language: str = "zh", *, during: Any = None) -> Any:
        """Draw the schedule at the chosen sizes; see `Schedule.plot`."""
        return self.schedule.plot(kind, axes, language, during=during)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


@dataclass(frozen=True, eq=False)
class Frontier(Alike, Keyed):
    """Cost against emissions: no plan is cheaper at the same emissions.

    Attributes
    ----------
    cost_cny : (n,) array of float [CNY]
        Without the carbon price, so that both axes are independent.
    emissions_t : (n,) array of float [tCO2]
    schedules : tuple of Schedule
    """

    cost_cny: FloatArray
    emissions_t: FloatArray
    schedules: tuple[Schedule, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row per point."""
        shadow = [schedule.carbon_shadow_price_cny_per_t for schedule in self.schedules]
        return pd.DataFrame(
            {"cost_cny": self.cost_cny, "emissions_t": self.emissions_t, "carbon_shadow_price_cny_per_t": shadow}
        )

    def to_dict(self) -> dict[str, list[float]]:
        """Columns as lists."""
        return {"cost_cny": self.cost_cny.tolist(), "emissions_t": self.emissions_t.tolist()}

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw the front, in Chinese or English ("en"); needs the report extra."""
        from importlib import import_module

        return import_module("carbonost.engines.energy.plot").draw_frontier(self, axes, language)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


@dataclass(frozen=True)
class Setpoints(Keyed):
    """What to do in the next interval, and the state to hand to the next step.

    Attributes
    ----------
    charge_kw, discharge_kw, import_kw : float [kW]
        Mean power over the interval, at the grid side.
    state : dict
        Plain JSON, which survives a restart.
    """

    charge_kw: float
    discharge_kw: float
    import_kw: float
    state: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """All fields."""
        return {
            "charge_kw": self.charge_kw,
            "discharge_kw": self.discharge_kw,
            "import_kw": self.import_kw,
            "state": dict(self.state),
        }

    def _repr_html_(self) -> str:
        powers = {name: value for name, value in self.to_dict().items() if name != "state"}
        return str(pd.Series(powers, name="setpoints").to_frame().to_html())


@dataclass(frozen=True, eq=False)
class ScenarioPlan(Alike, Keyed):
    """One plan for a battery that is good over several possible loads.

    Attributes
    ----------
    objective_cny : float
        What was minimised: the expected cost, the worst, or the mean of the worst tail.
    expected_cny, worst_cny : float
    cost_cny : {scenario: CNY}
    frame : DataFrame
        `charge_kw, discharge_kw, soc`, common to all scenarios, beside each scenario's `load_kw[…]`.
    """

    objective_cny: float
    expected_cny: float
    worst_cny: float
    cost_cny: Mapping[str, float]
    frame: pd.DataFrame = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """The common plan."""
        return self.frame.copy()

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw the loads and the common plan, in Chinese or English ("en"); needs the report extra."""
        from importlib import import_module

        return import_module("carbonost.engines.energy.plot").draw_scenarios(self, axes, language)

    def to_dict(self) -> dict[str, Any]:
        """Figures without the series."""
        return {
            "objective_cny": self.objective_cny,
            "expected_cny": self.expected_cny,
            "worst_cny": self.worst_cny,
            "cost_cny": dict(self.cost_cny),
        }

    def _repr_html_(self) -> str:
        return str(pd.Series(dict(self.cost_cny), name="cost_cny").to_frame().to_html())
