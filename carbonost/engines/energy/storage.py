"""One battery behind one meter: its problem, its plan, and a peak no plan can stay below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from carbonost.engines.energy.model import INF

if TYPE_CHECKING:
    from carbonost.domain.asset import Battery
    from carbonost.domain.series import FloatArray, IntArray

WINDOWS: Final = tuple(int(w) for w in np.unique(np.round(np.geomspace(1, 400, 28))))


@dataclass(frozen=True, eq=False)
class StorageProblem:
    """Arrays of one battery's problem.

    Attributes
    ----------
    net_kw : (n,) array [kW]
        Load less generation; negative where there is surplus, which is free.
    price : (n,) array [CNY/kWh]
        What an imported kWh costs, carbon included; positive.
    month : (n,) array of int
    hours : float [h]
    battery : Battery
        With known capacities and one wear price.
    demand_cny_per_kw : (months,) array [CNY/kW]
        Price of each month's peak above `covered_kw`; 0 without such a charge.
    floor_kw : (months,) array [kW]
        Peaks already reached.
    import_kw_max : float [kW]
    """

    net_kw: FloatArray
    price: FloatArray
    month: IntArray
    hours: float
    battery: Battery
    demand_cny_per_kw: FloatArray
    covered_kw: float
    floor_kw: FloatArray
    import_kw_max: float = INF

    @property
    def demand_is_paid(self) -> bool:
        """Whether a peak costs anything."""
        return bool(self.demand_cny_per_kw.any())

    @property
    def energy_kwh(self) -> float:
        """Energy between empty and full."""
        return float(self.battery.capacity_kwh or 0.0)

    @property
    def power_kw(self) -> float:
        """Power at the grid side."""
        return float(self.battery.power_kw or 0.0)

    def excess_kw(self) -> tuple[FloatArray, FloatArray]:
        """Least and most of each month's peak above what is covered [kW]; a limit without a price is its peak.

        A peak reached in spite of the limit is no leave to pass it again.
        """
        most = np.full(self.floor_kw.size, max(self.import_kw_max - self.covered_kw, 0.0))
        if self.import_kw_max < INF and not self.demand_is_paid:
            return most, most
        return np.minimum(np.maximum(self.floor_kw - self.covered_kw, 0.0), most), most

    def room(self) -> Room:
        """What each interval can take and give."""
        surplus, deficit = np.maximum(-self.net_kw, 0.0), np.maximum(self.net_kw, 0.0)
        free = np.minimum(self.power_kw, surplus)
        return Room(surplus, deficit, free, self.power_kw - free, np.minimum(self.power_kw, deficit))


class Room(NamedTuple):
    """Bounds of each interval's flows [kW], (n,) each.

    `free` is what can be charged from the surplus, `paid` from the grid, `useful` what a discharge can replace.
    """

    surplus: FloatArray
    deficit: FloatArray
    free: FloatArray
    paid: FloatArray
    useful: FloatArray


@dataclass(frozen=True, eq=False)
class StoragePlan:
    """Flows [kW] and stored energy [kWh] at full resolution."""

    charge_kw: FloatArray
    discharge_kw: FloatArray
    stored_kwh: FloatArray
    import_kw: FloatArray
    curtailed_kw: FloatArray
    solver_s: float
    rounds: int
    columns: int


def plan_of(
    problem: StorageProblem, room: Room, flows: tuple[FloatArray, FloatArray, FloatArray], **of_solver: Any
) -> StoragePlan:
    """The plan of what is charged from the grid, charged from the surplus, and discharged, (n,) each [kW]."""
    charge, gift, discharge = flows
    both = np.minimum(charge, discharge)
    charge, discharge = charge - both, discharge - both
    battery = problem.battery
    change = (battery.charge_efficiency * (charge + gift) - discharge / battery.discharge_efficiency) * problem.hours
    stored = battery.soc_initial * problem.energy_kwh + change.cumsum()
    low, high = battery.soc_min * problem.energy_kwh, battery.soc_max * problem.energy_kwh
    return StoragePlan(
        charge_kw=charge + gift,
        discharge_kw=discharge,
        stored_kwh=np.minimum(np.maximum(stored, low), high),
        import_kw=np.maximum(room.deficit + charge - discharge, 0.0),
        curtailed_kw=room.surplus - gift,
        **of_solver,
    )


@dataclass(frozen=True, eq=False)
class Multipliers:
    """Prices at the best plan, per interval: they bound the cost at any other size from below.

    Attributes
    ----------
    stored : (n,) array [CNY/kWh]
        Worth of stored energy.
    peak : (n,) array [CNY/kW]
        What each interval contributes to its month's demand price.
    """

    stored: FloatArray
    peak: FloatArray


def least_peaks(problem: StorageProblem) -> FloatArray:
    """A peak no plan can stay below, per month [kW].

    In any window the battery gives at most its power in each interval and its usable energy in all, so the
    window's mean less that is imported at some instant.
    """
    battery = problem.battery
    usable = (battery.soc_max - battery.soc_min) * problem.energy_kwh * battery.discharge_efficiency / problem.hours
    least = np.maximum(problem.floor_kw, problem.covered_kw)
    begins = np.flatnonzero(np.diff(problem.month, prepend=-1))
    ends = np.append(begins[1:], problem.month.size)
    total = np.concatenate([[0.0], np.cumsum(problem.net_kw)])
    np.maximum.at(least, problem.month, problem.net_kw - problem.power_kw)
    for m, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        for width in WINDOWS:
            if width > end - begin:
                break
            energy = (total[begin + width : end + 1] - total[begin : end + 1 - width]).max()
            least[m] = max(least[m], (energy - usable) / width)
    return np.asarray(least, dtype=np.float64)
