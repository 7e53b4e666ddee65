r"""One battery's problem solved again and again: forecast, prices, charge and the month's peak may all have changed.

Most windows do not raise the month's peak. *Held* where it stands, a peak needs neither column nor row: it bounds
what an interval may charge and what it has to discharge, and only the battery's energy is left. Consecutive intervals
of one price, of which all or none have to discharge, are then one block: it only charges or only discharges, so what
fits at its ends fits within, and its intervals fill from the first on. The cheapest path over the blocks needs no
solver. What a kWh is worth along it tells what one more kW of peak would save. The least cost is convex in the peak,
so where that saving is below the kW's price, the plan is the best of all peaks. Elsewhere the block model with the
peak as a column decides.

Nothing is kept from one problem to the next: a plan depends on its problem alone, whatever was solved before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from carbonost.engines.energy.assembly import TIE_CNY_PER_KWH
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.model import INF
from carbonost.engines.energy.path import Path, cheapest_path
from carbonost.engines.energy.storage import plan_of

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.energy.storage import Room, StoragePlan, StorageProblem

DUAL_TOLERANCE: Final = 1e-9


def solve_window(problem: StorageProblem) -> StoragePlan:
    """The best plan of a short horizon.

    Raises
    ------
    NoPlan
        If no plan keeps the limits.
    """
    return _held(problem) or StorageModel(problem).solve()


def _held(p: StorageProblem) -> StoragePlan | None:
    """The best plan under the peaks as they stand; None where there is none, or another peak may be better."""
    room = p.room()
    least, highest = p.excess_kw()
    if p.demand_is_paid or p.import_kw_max < INF:
        below = (p.covered_kw + least)[p.month] - room.deficit
        most, needed = np.minimum(room.paid, np.maximum(below, 0.0)), np.maximum(-below, 0.0)
        if (needed > room.useful).any():
            return None
    else:
        below, most, needed = np.full(p.net_kw.size, INF), room.paid, np.zeros(p.net_kw.size)
    blocks = _Blocks.of(p, room, most, needed)
    path = blocks.path(p)
    if path is None:
        return None
    if p.demand_is_paid and (highest > least).any():
        worth, battery, price = path.worth[blocks.number], p.battery, p.price * p.hours
        charge = worth * (battery.charge_efficiency * p.hours) - price
        discharge = worth * (p.hours / battery.discharge_efficiency) - (price - battery.wear_steps[0] * p.hours)
        saved = np.where(below < 0, discharge, np.where(below < room.paid, charge, 0.0))
        kept = p.demand_cny_per_kw - np.bincount(p.month, np.maximum(saved, 0.0), least.size)
        if ((kept < -DUAL_TOLERANCE) & (highest > least)).any():
            return None
    return plan_of(p, room, blocks.spread(p, path), solver_s=0.0, rounds=1, columns=0)


class _Blocks(NamedTuple):
    """Intervals that act as one, and what each interval can do in them [kW]."""

    first: IntArray
    number: IntArray
    most: FloatArray
    needed: FloatArray
    more: FloatArray
    """What can be discharged beyond what is needed."""
    free: FloatArray | None
    """What can be charged from surplus; None where there is none."""

    @classmethod
    def of(cls, p: StorageProblem, room: Room, most: FloatArray, needed: FloatArray) -> _Blocks:
        kind = (needed > 0) + 2 * (p.net_kw < 0)
        new = np.ones(kind.size, dtype=np.bool_)
        np.not_equal(p.price[1:], p.price[:-1], out=new[1:])
        new[1:] |= kind[1:] != kind[:-1]
        free = room.free if kind.max() > 1 else None
        first, number = np.flatnonzero(new).astype(np.int32), (new.cumsum() - 1).astype(np.int32)
        return cls(first, number, most, needed, room.useful - needed, free)

    def path(self, p: StorageProblem) -> Path | None:
        """The cheapest way: all is discharged that can be; not discharging it and charging add to what is stored."""
        battery, energy, price = p.battery, p.energy_kwh, p.price[self.first]
        into, out = battery.charge_efficiency * p.hours, p.hours / battery.discharge_efficiency
        tie = TIE_CNY_PER_KWH * (1.0 + 0.1 * self.first / p.net_kw.size)
        least, more = np.add.reduceat(self.needed, self.first), np.add.reduceat(self.more, self.first)
        kept = ((price - battery.wear_steps[0]) * battery.discharge_efficiency, more * out, -1)
        charged = ((price + tie) / battery.charge_efficiency, np.add.reduceat(self.most, self.first) * into, 1)
        additions = [kept, charged]
        if self.free is not None:
            additions.append((tie / battery.charge_efficiency, np.add.reduceat(self.free, self.first) * into, 1))
        window, final = (battery.soc_min * energy, battery.soc_max * energy), battery.final_share
        end = None if final is None else final * energy
        return cheapest_path((least + more) * out, additions, window, battery.soc_initial * energy, end)

    def spread(self, p: StorageProblem, path: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What each interval charges, charges from surplus, and discharges: the first ones of a block first."""
        into, out = p.battery.charge_efficiency * p.hours, p.hours / p.battery.discharge_efficiency
        more = np.maximum(np.add.reduceat(self.more, self.first) - path.taken[0] / out, 0.0)
        gift = np.zeros(p.net_kw.size) if self.free is None else self._filled(path.taken[2] / into, self.free)
        return self._filled(path.taken[1] / into, self.most), gift, self.needed + self._filled(more, self.more)

    def _filled(self, total: FloatArray, room: FloatArray) -> FloatArray:
        before = room.cumsum() - room
        left = (total + before[self.first])[self.number] - before
        return np.asarray(np.minimum(np.maximum(left, 0.0), room), dtype=np.float64)
