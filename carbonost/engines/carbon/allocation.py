"""Who used what inside the park: meter trees, own generation, resale to tenants.

Two laws hold for every input: what the meters of a tree count for themselves sums to what the
park takes in, and tenants plus the common area sum to the park.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from carbonost.engines.carbon.answers import Answer, quantity, table
from carbonost.errors import InputError, OverclaimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray
    from carbonost.engines.carbon.answers import Rows

COMMON: Final = "common"
_NOISE: Final = 1e-9  # relative; below it two readings are the same reading


@dataclass(frozen=True, eq=False)
class MeterTree(Answer):
    """What a tree of meters counts, each kilowatt-hour once.

    Attributes
    ----------
    total_kwh : float
        Sum of the meters without a parent: what the park takes in.
    remainder_kwh : float
        What no sub-meter sees: every parent less its children, summed (common area and losses).
    by_meter : dict of str to float
        What each meter counts for itself: its reading, or for a parent its reading less its
        children. Sums to `total_kwh`.
    """

    total_kwh: float
    remainder_kwh: float
    by_meter: dict[str, float]

    def to_frame(self) -> pd.DataFrame:
        """Return `meter, own_kwh`."""
        return pd.DataFrame({"meter": list(self.by_meter), "own_kwh": list(self.by_meter.values())})


def meter_tree(rows: Rows, *, tolerance_pct: float = 0.0) -> MeterTree:
    """Count each kilowatt-hour of a tree of meters once.

    Parameters
    ----------
    rows : frame or rows of `meter, parent, energy_kwh`
        One reading per meter; `parent` is empty for a meter at the park's gate. A NaN reading is a gap.
    tolerance_pct : float [%]
        How far the sub-meters may read above their parent before the tree is refused.

    Returns
    -------
    MeterTree
        A figure that rests on a gap is NaN.

    Raises
    ------
    InputError
        A meter twice, an unknown parent, a circle, or sub-meters above their parent.
    """
    frame = table(rows, ("meter", "parent", "energy_kwh"), "a meter tree")
    meters = frame["meter"].astype(str).tolist()
    energy = quantity(frame["energy_kwh"].to_numpy(), "energy_kwh", gaps=True) if len(frame) else np.empty(0)
    parent = _parents(meters, frame["parent"].tolist())
    _refuse_circles(meters, parent)

    children = np.bincount(parent[parent >= 0], energy[parent >= 0], minlength=len(meters))
    has_children = np.bincount(parent[parent >= 0], minlength=len(meters)) > 0
    own = energy - children
    short = has_children & (own < -np.maximum(tolerance_pct / 100, _NOISE) * energy)
    if short.any():
        row = int(np.flatnonzero(short)[0])
        raise InputError(
            f"the sub-meters of {meters[row]!r} read {children[row]:.6g} kWh, more than its own {energy[row]:.6g} kWh",
            field="energy_kwh",
            row=row,
            remedy="Check the readings and the tree, or allow the meters' accuracy with tolerance_pct=…",
        )
    return MeterTree(
        total_kwh=float(energy[parent < 0].sum()),
        remainder_kwh=float(own[has_children].sum()),
        by_meter=dict(zip(meters, own.tolist(), strict=True)),
    )


def _parents(meters: list[str], named: list[Any]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    place = {meter: row for row, meter in enumerate(meters)}
    if len(place) < len(meters):
        twice = next(m for row, m in enumerate(meters) if place[m] != row)
        raise InputError("a meter stands twice in the tree", field="meter", value=twice, remedy="Keep one row.")
    found = np.full(len(meters), -1, dtype=np.intp)
    for row, name in enumerate(named):
        if name is None or name == "" or name != name:  # noqa: PLR0124 -- NaN is how a table writes an empty cell
            continue
        if str(name) not in place:
            raise InputError("the parent is not a meter of the tree", field="parent", value=name, row=row)
        found[row] = place[str(name)]
    return found


def _refuse_circles(meters: list[str], parent: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
    up = parent
    for _ in range(len(meters).bit_length() + 1):  # each step doubles the distance climbed
        up = np.where(up >= 0, up[up], -1)
    if (up >= 0).any():
        row = int(np.flatnonzero(up >= 0)[0])
        raise InputError("the meters form a circle", field="parent", value=meters[row], row=row)


@dataclass(frozen=True, eq=False)
class Allocation(Answer):
    """A park's electricity among its tenants and its common area.

    Attributes
    ----------
    lines : DataFrame
        `name, role, energy_kwh, own_generation_kwh, grid_kwh, emissions_t, operator_scope`: one row
        a tenant and one for the common area. `operator_scope` is where the park's operator
        reports the row: "2" for its own use, "3.3" for power it resells, "3.13" for leased premises.
    park_kwh, park_t : float
        Consumption and emissions of the whole park; the lines sum to them.
    """

    lines: pd.DataFrame
    park_kwh: float
    park_t: float

    def to_frame(self) -> pd.DataFrame:
        """Return `lines`."""
        return self.lines


def allocate(
    tenants_kwh: Mapping[str, float],
    *,
    imported_kwh: float,
    grid_kg_per_kwh: float,
    generated_kwh: float = 0.0,
    exported_kwh: float = 0.0,
    generation_kg_per_kwh: float = 0.0,
    dedicated_kwh: Mapping[str, float] | None = None,
    relation: Literal["resale", "lease"] = "resale",
) -> Allocation:
    """Share a park's electricity, and what it emits, among tenants and common area.

    Export is taken from own generation. Dedicated generation goes to its tenant first; the rest
    is shared in proportion to what each still needs; the grid covers the remainder.

    Parameters
    ----------
    tenants_kwh : mapping of name to float [kWh]
        What each tenant's meter reads.
    imported_kwh, generated_kwh, exported_kwh : float [kWh]
        At the park's gate, and of the park's own plants.
    grid_kg_per_kwh, generation_kg_per_kwh : float [kgCO2e/kWh]
        Of imported power, and of own generation (0 for wind and sun).
    dedicated_kwh : mapping of name to float [kWh]
        Own generation contracted to single tenants.
    relation : {"resale", "lease"}
        Whether the operator sells power to the tenants or leases them premises.

    Raises
    ------
    OverclaimError
        Tenants above the park, or dedicated generation above what there is or is needed.

    References
    ----------
    .. [1] GHG Protocol, Corporate Value Chain (Scope 3) Standard, categories 3 (activity d) and 13.
    """
    if COMMON in tenants_kwh:
        raise InputError("is the name of the common area", field="tenants_kwh", value=COMMON)
    gate = quantity([imported_kwh, generated_kwh, exported_kwh], "imported_kwh, generated_kwh, exported_kwh")
    used = quantity([*tenants_kwh.values()], "tenants_kwh") if tenants_kwh else np.empty(0)
    own_total = gate[1] - gate[2]
    if own_total < 0:
        raise OverclaimError("export is above own generation", field="exported_kwh", value=exported_kwh)
    park_kwh = float(gate[0] + own_total)
    common = park_kwh - float(used.sum())
    if common < -_NOISE * park_kwh:
        raise OverclaimError(
            f"the tenants use {used.sum():.6g} kWh, the park {park_kwh:.6g} kWh",
            field="tenants_kwh",
            remedy="Check the meters: tenants and common area must sum to import + generation - export.",
        )
    energy = np.append(used, max(common, 0.0))
    own = _share_generation(energy, own_total, list(tenants_kwh), dedicated_kwh or {})
    grid = energy - own
    tonnes = (grid * grid_kg_per_kwh + own * generation_kg_per_kwh) / 1000
    n = len(used)
    lines = pd.DataFrame(
        {
            "name": [*tenants_kwh, COMMON],
            "role": ["tenant"] * n + [COMMON],
            "energy_kwh": energy,
            "own_generation_kwh": own,
            "grid_kwh": grid,
            "emissions_t": tonnes,
            "operator_scope": ["3.3" if relation == "resale" else "3.13"] * n + ["2"],
        }
    )
    return Allocation(lines, park_kwh, float((gate[0] * grid_kg_per_kwh + own_total * generation_kg_per_kwh) / 1000))


def _share_generation(energy: FloatArray, total: float, names: list[str], dedicated: Mapping[str, float]) -> FloatArray:
    strangers = set(dedicated) - set(names)
    if strangers:
        raise InputError("is no tenant of the park", field="dedicated_kwh", value=min(strangers))
    first = (
        np.append(quantity([dedicated.get(name, 0.0) for name in names], "dedicated_kwh"), 0.0) if names else 0 * energy
    )
    if (first > energy * (1 + _NOISE)).any() or first.sum() > total * (1 + _NOISE):
        raise OverclaimError(
            "dedicated generation is above what is generated or used",
            field="dedicated_kwh",
            value=float(first.sum()),
            remedy="Reduce it to the tenant's own consumption and to generation less export.",
        )
    need = energy - first
    rest = total - first.sum()
    return np.asarray(first + (need * (rest / need.sum()) if need.sum() > 0 else 0.0), dtype=np.float64)
