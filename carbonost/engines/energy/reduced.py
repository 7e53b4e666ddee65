"""Recognise the site that is one battery, given generation and a meter, and solve it as a block model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.asset import Battery, PvArray
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.load import given_kw
from carbonost.engines.energy.model import INF
from carbonost.engines.energy.storage import StoragePlan, StorageProblem
from carbonost.engines.energy.terms import GridColumns, Term, billed_demand, grid_terms, peaks, wear_terms

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.problem import Problem


def as_storage(problem: Problem, peak_floor_kw: FloatArray | None = None) -> StorageProblem | None:
    """The arrays of the block model, or None where the site needs the full model."""
    site, rate, at = problem.site, problem.rate, problem.at
    stores = [asset for asset in site.assets if isinstance(asset, Battery)]
    others = [asset for asset in site.assets if not isinstance(asset, Battery)]
    price = rate.energy + problem.economics.carbon_price_cny_per_t * rate.grid_t_per_kwh
    plain = (
        len(stores) == 1
        and len(stores[0].wear_steps) == 1
        and stores[0].capacity_kwh is not None
        and stores[0].power_kw is not None
        and all(isinstance(asset, PvArray) and is_given(asset) for asset in others)
        and site.grid.export_kw_max == 0
        and not problem.heat_kw
        and problem.economics.carbon_cap_t is None
        and rate.discount is None
        and at.window_month.size == len(at)
        and float(price.min()) > 0
    )
    if not plain:
        return None
    most = INF if site.grid.import_kw_max is None else float(site.grid.import_kw_max)
    covered = rate.covered_kw
    if most < covered:
        return None
    floor = np.zeros(len(at.months)) if peak_floor_kw is None else peak_floor_kw
    net = problem.load.kw - generation(problem)
    return StorageProblem(
        net, price, at.month, at.hours, stores[0], rate.column_cny_per_kw, covered, floor, most
    )  # fmt: skip


def is_given(asset: PvArray) -> bool:
    """Whether a generator's power is known."""
    return asset.profile_kw is not None or asset.capacity_kw is not None


def generation(problem: Problem) -> FloatArray:
    """Given generation of a site [kW]."""
    total = np.zeros(len(problem.at))
    for name, asset in problem.site.named():
        if isinstance(asset, PvArray):
            total += given_kw(problem.load, name, asset)
    return total


def solve_storage(problem: Problem, storage: StorageProblem) -> StoragePlan:
    """Solve the block model."""
    return StorageModel(storage, problem.clock).solve()


def storage_terms(problem: Problem, plan: StoragePlan) -> tuple[list[Term], FloatArray]:
    """The declared terms, and the plan as the vector they are counted on."""
    at, rate = problem.at, problem.rate
    n = len(at)
    demand = billed_demand(rate, peaks(at, plan.import_kw))
    vector = np.concatenate([plan.import_kw, plan.discharge_kw, demand])
    column = np.arange(vector.size, dtype=np.int32)
    meter = GridColumns(imported=column[:n], exported=None, demand=column[2 * n :])
    terms = grid_terms(rate, at, meter)
    battery = next(asset for asset in problem.site.assets if isinstance(asset, Battery))
    terms += wear_terms(battery.wear_steps[0], column[n : 2 * n], at)
    weight = problem.economics.weight
    return ([term.times(weight) for term in terms] if weight != 1.0 else terms), vector


def storage_frame(problem: Problem, plan: StoragePlan) -> dict[str, FloatArray]:
    """The plan's columns under the names of the schedule."""
    battery = next(asset for asset in problem.site.assets if isinstance(asset, Battery))
    name = next(name for name, asset in problem.site.named() if isinstance(asset, Battery))
    size = float(battery.capacity_kwh or 0.0)
    made = generation(problem)
    share = np.divide(plan.curtailed_kw, made, out=np.zeros_like(made), where=made > 0)
    used = {"pv_kw": np.zeros(len(problem.at))}
    for label, asset in problem.site.named():
        if isinstance(asset, PvArray):
            kind = "wind_kw" if label.startswith("wind") else "pv_kw"
            used[kind] = used.get(kind, np.zeros(len(problem.at))) + given_kw(problem.load, label, asset) * (
                1.0 - share
            )
    return {
        "load_kw": problem.load.kw,
        "import_kw": plan.import_kw,
        "export_kw": np.zeros(len(problem.at)),
        "charge_kw": plan.charge_kw,
        "discharge_kw": plan.discharge_kw,
        "soc": plan.stored_kwh / size if size else np.zeros(len(problem.at)),
        **used,
        "curtailed_kw": plan.curtailed_kw,
        f"{name}.charge_kw": plan.charge_kw,
        f"{name}.discharge_kw": plan.discharge_kw,
    }
