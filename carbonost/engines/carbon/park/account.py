"""A park's year by the national zero-carbon-park method, beside the two inventory totals.

`zero_carbon_park` reads the year's activities, splits them into the method's terms, lets the
calculator find the fuels' CO2, and returns the core indicator, the guide indicators, what closes the
gap, and the bridge from the inventory to the method. The bridge is the only place where both stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost.domain.evidence import AssumptionItem, DataGap
from carbonost.engines.carbon.answers import Answer
from carbonost.engines.carbon.park import rows as park_rows
from carbonost.engines.carbon.park.energy import coal_equivalents
from carbonost.engines.carbon.park.gap import roadmap, solve
from carbonost.engines.carbon.park.guide import indicators
from carbonost.engines.carbon.park.method import METHOD, ParkBalance, ParkMethod
from carbonost.factors.energy_types import category

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from carbonost.domain.activity import Contract
    from carbonost.engines.carbon.answers import Rows
    from carbonost.engines.carbon.park.energy import Coefficient
    from carbonost.engines.carbon.park.rows import Calculate


@dataclass(frozen=True, eq=False)
class ZeroCarbonPark(Answer):
    """A park by the national method.

    Attributes
    ----------
    year : int
        The calendar year.
    emissions_t : float [tCO2]
        By the method; NaN if anything it rests on is a gap.
    energy_tce : float [tce]
        Annual energy, electricity at equivalent value; NaN if a coefficient is missing.
    intensity_t_per_tce : float [tCO2/tce]
        The core indicator.
    target : float or None [tCO2/tce]
        Its limit; None where the table has none (below 200 000 tce) or the energy is a gap.
    gap : float or None [tCO2/tce]
        Indicator less limit: positive is missing, negative is room; None where either is missing.
    terms : DataFrame
        `term, name_zh, emissions_t`: fuel, transformation, power, heat, process; they sum to `emissions_t`.
    indicators, bridge, closing_moves : DataFrame
        See `park.guide.indicators`, `bridge` and `park.gap.solve`.
    international_t : float [tCO2]
        Fuel of international aviation and shipping: inside `emissions_t`, listed apart as the method asks.
    balance : ParkBalance
    assumptions : tuple of AssumptionItem
    gaps : tuple of DataGap
    """

    year: int
    emissions_t: float
    energy_tce: float
    intensity_t_per_tce: float
    target: float | None
    gap: float | None
    terms: pd.DataFrame
    indicators: pd.DataFrame
    bridge: pd.DataFrame
    closing_moves: pd.DataFrame
    international_t: float
    balance: ParkBalance
    assumptions: tuple[AssumptionItem, ...]
    gaps: tuple[DataGap, ...]
    method: str = METHOD

    def roadmap(self, steps: Rows) -> pd.DataFrame:
        """Return the core indicator year by year as planned moves are done; see `park.gap.roadmap`."""
        return roadmap(self.balance, ParkMethod.packaged(), steps)


def zero_carbon_park(
    calculate: Calculate,
    activities: Rows | Iterable[Any],
    contracts: Sequence[Contract | dict[str, Any]] = (),
    production: Rows = (),
    energy_coefficients: Mapping[str, Coefficient] | None = None,
    *,
    guide: Mapping[str, Any] | None = None,
    limits: Mapping[str, float] | None = None,
    feedstock_is_energy: bool = True,
) -> ZeroCarbonPark:
    """Account for one calendar year of a park by ``cn_zero_carbon_park_2025``.

    Parameters
    ----------
    calculate : callable
        `CarbonCalculator.calculate`: finds factors and returns an inventory.
    activities : rows of `ActivityData`
        `category` says what a fuel is used for (`park.method.FUEL_USES`, none is final use) and how
        heat or power crosses the border (`park.method.FLOWS`, none is import). A heat row's own
        factor is its measured factor. NaN consumption is a gap.
    contracts : sequence of Contract
        ``direct``, ``PPA`` and ``GEC`` of zero factor count 0; all other power counts at the method's
        fossil factor, whatever a supplier states.
    production : rows of `product, output_t, factor_t_per_t, source`
        Products with process emissions; the factor is the national database's or the park's own.
    energy_coefficients : mapping
        See `park.energy`; electricity must be given, with year and source.
    guide : mapping
        See `park.guide.indicators`.
    limits : mapping of move to float
        How much of a closing move the park can have.
    feedstock_is_energy : bool
        Whether fuel used as feedstock is part of the energy consumed; recorded as an assumption.

    Raises
    ------
    InputError
        Activities of several years, an unknown use, a coefficient without year and source.
    OverclaimError
        Contracts above the power received.
    """
    method = ParkMethod.packaged()
    rows = park_rows.read_rows(activities)
    year = park_rows.one_year(rows)
    fuel = rows[rows["kind"] == "fuel"]
    co2, documents = park_rows.co2_t(calculate, fuel, method.transformation_oxidation)
    measured = park_rows.measured_heat_t(rows, calculate)
    process_t, process_gaps = park_rows.process_t(production)
    carriers = [park_rows.coal_carrier(key) for key in rows.loc[rows["kind"] != "other", "energy_type"]]
    found, assumptions, missing = coal_equivalents(carriers, energy_coefficients or {})
    if documents:
        assumptions.append(_fuel_factors(documents))
    if (fuel["use"] == "feedstock").any():
        assumptions.append(_feedstock(feedstock_is_energy))
    balance = ParkBalance(
        fuel_t=park_rows.burned_t(fuel, co2),
        transformation_t=park_rows.transformed_t(fuel, co2),
        process_t=process_t,
        **park_rows.power_kwh(rows, contracts),
        **park_rows.heat_terms(rows, measured, method),
        energy_tce=park_rows.energy_tce(rows, found, feedstock_is_energy=feedstock_is_energy),
        power_tce_per_kwh=found["electricity"].of("kWh") if "electricity" in found else float("nan"),
    )
    intensity, target = balance.intensity_t_per_tce(method), method.target(balance.energy_tce)
    evidence = "; ".join(f"{c.energy_type}: {c.source}{f' ({c.year})' if c.year else ''}" for c in found.values())
    return ZeroCarbonPark(
        year=year,
        emissions_t=balance.emissions_t(method),
        energy_tce=balance.energy_tce,
        intensity_t_per_tce=intensity,
        target=target,
        gap=None if target is None or isnan(intensity) else intensity - target,
        terms=_terms(balance, method),
        indicators=indicators(balance, method, guide, evidence),
        bridge=bridge(calculate, rows, contracts, balance, method),
        closing_moves=solve(balance, method, limits),
        international_t=float(co2[fuel["use"] == "international_transport"].sum(skipna=False)),
        balance=balance,
        assumptions=tuple(assumptions),
        gaps=(*_row_gaps(rows, pd.concat([co2, measured])), *process_gaps, *missing),
    )


def _terms(balance: ParkBalance, method: ParkMethod) -> pd.DataFrame:
    terms = (
        ("fuel", "化石能源用作燃料", balance.fuel_t),
        ("transformation", "能源加工转换", balance.transformation_t),
        ("power", "电力净受入", balance.power_t(method)),
        ("heat", "热力净受入", balance.heat_t),
        ("process", "工业生产过程", balance.process_t),
    )
    return pd.DataFrame(terms, columns=["term", "name_zh", "emissions_t"])


def bridge(
    calculate: Calculate,
    rows: pd.DataFrame,
    contracts: Sequence[Contract | dict[str, Any]],
    balance: ParkBalance,
    method: ParkMethod,
) -> pd.DataFrame:
    """Explain, line by line, how the inventory's total becomes the method's.

    Returns
    -------
    DataFrame
        `line, name_zh, location_t, market_t`: the first line is the inventory (scopes 1 and 2), the
        last the method, and those between sum to the difference, whichever scope 2 figure one starts from.
    """
    stays = ~rows["use"].str.endswith("export").astype(bool) & ~rows["use"].str.startswith(
        ("transformation", "feedstock")
    )
    kept = rows[stays & ~((rows["kind"] == "other") & (rows.get("scope", 0) == 3))]  # noqa: PLR2004 -- scope 3
    gap = set(kept["kind"][kept["gap"]])
    inventory = calculate(park_rows.to_records(kept), contracts=[] if "power" in gap else list(contracts))
    line_kind = kept["kind"].to_numpy()[inventory.line_rows()]
    process = np.array([category(basis.energy_type) == "process" for basis in inventory.bases])[inventory.basis_index]
    carbon = np.array([basis.gases_t.get("CO2", 0.0) for basis in inventory.bases])[inventory.basis_index]
    received = balance.direct_kwh + balance.green_kwh + balance.rest_kwh
    columns = {}
    for name, tonnes in (("location_t", inventory.emissions_t), ("market_t", inventory.market_emissions_t)):
        part = {k: _sum(tonnes, line_kind == k, k in gap) for k in ("fuel", "power", "heat")}
        part["process"] = _sum(tonnes, (line_kind == "other") & process, "other" in gap)
        part["other"] = _sum(tonnes, (line_kind == "other") & ~process, "other" in gap)
        fuel_co2 = _sum(carbon * inventory.amount, line_kind == "fuel", "fuel" in gap)
        clean = balance.direct_kwh + balance.green_kwh
        averaged = part["power"] * clean / received if received and name == "location_t" else 0.0  # market: already 0
        fossil = method.power_kg_per_kwh / 1000
        columns[name] = [
            sum(part.values()),
            fuel_co2 - part["fuel"],
            -part["other"],
            balance.fuel_t - fuel_co2,
            balance.transformation_t,
            -averaged,
            fossil * balance.rest_kwh - (part["power"] - averaged),
            -fossil * balance.export_kwh,
            balance.heat_t - part["heat"],
            balance.process_t - part["process"],
            balance.emissions_t(method),
        ]
    told = {name: np.array(column) + 0.0 for name, column in columns.items()}  # no negative nought
    return pd.DataFrame({"line": list(_LINES), "name_zh": list(_LINES.values()), **told})


_LINES = {
    "inventory": "温室气体清单(范围一与范围二)",
    "other_gases": "减:燃料的非二氧化碳气体",
    "other_sources": "减:制冷剂等方法范围外排放源",
    "fuel_factors": "燃料排放因子差异",
    "transformation": "加:能源加工转换",
    "zero_rated_power": "减:直供与绿电绿证电量按零计",
    "fossil_power": "其余电量按全国化石能源电力因子计",
    "power_export": "减:送出电力",
    "heat": "热力因子与送出热力差异",
    "process": "工业过程按产品产量计",
    "method": "零碳园区核算方法",
}


def _sum(tonnes: Any, where: Any, gap: bool) -> float:
    return float("nan") if gap else float(tonnes[where].sum())


def _row_gaps(rows: pd.DataFrame, co2: pd.Series) -> list[DataGap]:
    gaps = [(i, "consumption") for i in rows.index[rows["gap"]]]
    gaps += [
        (i, "a CO2 factor (the given one states CO2e only)") for i in co2.index[co2.isna() & ~rows["gap"][co2.index]]
    ]
    return [
        DataGap(
            missing=f"{what} of {rows.loc[i, 'energy_type']} in row {i}",
            impact="the method's total and the core indicator cannot be stated",
            severity="high",
            workaround="complete the metering, or give the row a CO2 factor",
            affects=("emissions_t", "intensity_t_per_tce"),
        )
        for i, what in gaps
        if rows.loc[i, "kind"] != "other"
    ]


def _fuel_factors(documents: list[str]) -> AssumptionItem:
    return AssumptionItem(
        name="fuel_factors",
        value=documents,
        rationale="the annex asks for the factors of the national GHG factor database; these documents served instead",
        sensitivity="medium",
    )


def _feedstock(counts: bool) -> AssumptionItem:
    return AssumptionItem(
        name="feedstock_is_energy",
        value=counts,
        rationale="the annex sums all energy actually consumed and does not say whether feedstock is part of it",
        sensitivity="high",
    )
