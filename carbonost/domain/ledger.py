"""What a bill or a plan costs, by month and term."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import fsum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.keyed import Keyed
from carbonost.domain.picture import words_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray

ITEMS: Final = ("energy", "demand", "capacity", "export", "power_factor", "wear", "start", "fuel", "shed", "carbon")
"""Terms of a ledger. Each is a cost; what export earns is a negative cost."""
ITEM_NAMES: Final = {
    "energy": "电度电费", "demand": "需量电费", "capacity": "容量电费", "export": "上网电费",
    "power_factor": "力调电费", "wear": "储能损耗", "start": "启动费用", "fuel": "燃料费",
    "shed": "切负荷损失", "carbon": "碳成本",
}  # fmt: skip
"""What the terms are called on a Chinese bill."""


@dataclass(frozen=True, eq=False)
class Ledger(Keyed):
    """Costs by month and term.

    Attributes
    ----------
    months : tuple of str
        Local months, such as "2026-07".
    items : {term: (months,) array of float [CNY]}
    tonnes : {term: (months,) array of float [tCO2]}
    notes : tuple of str
        What a reader of the bill must know.
    """

    months: tuple[str, ...]
    items: Mapping[str, FloatArray]
    tonnes: Mapping[str, FloatArray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, notes: tuple[str, ...] = ()) -> Ledger:
        """Build the ledger that `to_frame` wrote; with its notes it is equal to it."""
        months = tuple(dict.fromkeys(frame["month"]))
        items, tonnes = (
            {
                str(term): rows.set_index("month")[column].reindex(months, fill_value=0.0).to_numpy(dtype=np.float64)
                for term, rows in frame.groupby("term", sort=False, observed=True)
            }
            for column in ("cny", "emissions_t")
        )
        return cls(months, items, {term: mass for term, mass in tonnes.items() if mass.any()}, tuple(notes))

    def __eq__(self, other: object) -> bool:
        """Whether both owe the same in every month and term, and say the same beside it."""
        if not isinstance(other, Ledger):
            return NotImplemented
        own, others = self.to_frame(), other.to_frame()
        return self.notes == other.notes and own.equals(others)

    def __hash__(self) -> int:
        """Equal ledgers have equal months and totals."""
        return hash((self.months, self.total_cny))

    def _sum(self, term: str) -> float:
        return float(np.sum(self.items[term])) if term in self.items else 0.0

    @property
    def total_cny(self) -> float:
        """The sum of all terms [CNY]."""
        return fsum(self._sum(term) for term in self.items)

    @property
    def energy_cny(self) -> float:
        """Energy charge (电度电费)."""
        return self._sum("energy")

    @property
    def demand_cny(self) -> float:
        """Charge on the month's demand or on the contract (需量电费)."""
        return self._sum("demand")

    @property
    def capacity_cny(self) -> float:
        """Charge on transformer capacity (容量电费)."""
        return self._sum("capacity")

    @property
    def export_cny(self) -> float:
        """Pay for exported energy, as a cost: negative when it earns."""
        return self._sum("export")

    @property
    def power_factor_cny(self) -> float:
        """Adjustment by power factor (力调电费)."""
        return self._sum("power_factor")

    @property
    def wear_cny(self) -> float:
        """Battery wear."""
        return self._sum("wear")

    @property
    def start_cny(self) -> float:
        """Starts of switched machines."""
        return self._sum("start")

    @property
    def fuel_cny(self) -> float:
        """Fuel."""
        return self._sum("fuel")

    @property
    def shed_cny(self) -> float:
        """Load not served."""
        return self._sum("shed")

    @property
    def carbon_cny(self) -> float:
        """Emissions at the carbon price."""
        return self._sum("carbon")

    @property
    def emissions_t(self) -> float:
        """Emissions of imported energy and fuel [tCO2]."""
        return float(sum(float(np.sum(values)) for values in self.tonnes.values()))

    def to_frame(self, language: str = "en") -> pd.DataFrame:
        """One row per month and term: `month, term, cny, emissions_t`; headed and named in Chinese with "zh"."""
        rows = [
            (month, term, float(values[m]), float(self.tonnes[term][m]) if term in self.tonnes else 0.0)
            for m, month in enumerate(self.months)
            for term, values in self.items.items()
        ]
        frame = pd.DataFrame(rows, columns=["month", "term", "cny", "emissions_t"])
        if words_in(language, ITEM_NAMES)("energy") == "energy":
            return frame
        frame["term"] = frame["term"].replace(ITEM_NAMES)
        return frame.set_axis(["月份", "项目", "金额（元）", "排放量（tCO2）"], axis="columns")

    def to_dict(self) -> dict[str, float]:
        """Totals by name."""
        out = {f"{term}_cny": self._sum(term) for term in ITEMS}
        return out | {"total_cny": self.total_cny, "emissions_t": self.emissions_t}

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw each month's bill by term, in Chinese or English ("en"); needs the report extra."""
        from importlib import import_module  # the picture belongs to the engine, found by name

        return import_module("carbonost.engines.energy.plot").draw_ledger(self, axes, language)

    def _repr_html_(self) -> str:
        table = self.to_frame().pivot_table(index="month", columns="term", values="cny", sort=False, observed=True)
        table["total"] = table.sum(axis=1)
        return str(table.round(2).to_html()) + "".join(f"<p>{note}</p>" for note in self.notes)
