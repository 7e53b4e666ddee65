"""From a park's activity rows to the terms of the national method."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pandas as pd

from carbonost import units
from carbonost.domain.activity import Contract
from carbonost.domain.evidence import DataGap
from carbonost.engines.carbon.answers import quantity, table
from carbonost.engines.carbon.park.method import FLOWS, FUEL_USES, ParkMethod, carbon_lost_t, heat_t, products_t
from carbonost.errors import InputError, OverclaimError
from carbonost.factors.energy_types import category, energy_type, shared_fuel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from carbonost.domain.inventory import Inventory
    from carbonost.engines.carbon.answers import Rows
    from carbonost.engines.carbon.park.energy import CoalEquivalent

    Calculate = Callable[..., Inventory]

BURNED: Final = ("final", "thermal_power", "heat_supply", "international_transport")
_KIND: Final = {"electricity": "power", "heat": "heat", "fuel": "fuel", "mobile": "fuel"}
_OURS: Final = ("kind", "use", "gap")
_GREEN: Final = frozenset({"PPA", "GEC"})


def read_rows(activities: Rows | Iterable[Any]) -> pd.DataFrame:
    """Return the activities with `kind` (fuel, power, heat, other), `use` and `gap` (consumption is NaN).

    Raises
    ------
    InputError
        An unknown carrier or use, a quantity that is negative or infinite, or several calendar years.
    """
    if isinstance(activities, pd.DataFrame):
        records: Any = activities
    else:
        records = [dict(a) if isinstance(a, Mapping) else cast(Any, a).model_dump() for a in activities]
    frame = table(records, ("energy_type", "consumption", "unit", "period_start", "period_end"), "a park's activities")
    frame["energy_type"] = [energy_type(str(name)) for name in frame["energy_type"]]
    frame["consumption"] = quantity(frame["consumption"].to_numpy(), "consumption", gaps=True) if len(frame) else []
    frame["kind"] = [_KIND.get(category(key), "other") for key in frame["energy_type"]]
    if "scope" in frame:
        frame.loc[frame["scope"] == 3, "kind"] = "other"  # noqa: PLR2004 -- scope 3 is no matter of the method
    words = frame["category"].tolist() if "category" in frame else [None] * len(frame)
    kinds = frame["kind"].tolist()
    frame["use"] = [_use(i, kind, word) for i, (kind, word) in enumerate(zip(kinds, words, strict=True))]
    frame["gap"] = frame["consumption"].isna()
    return frame


def _use(row: int, kind: str, word: object) -> str:
    if kind == "other":
        return ""
    known, first = (FUEL_USES, "final") if kind == "fuel" else (FLOWS, "import")
    if word is None or word != word or word in {"", "stationary", "mobile", "electricity", "heat"}:  # noqa: PLR0124 -- NaN
        return first
    if word not in known:
        raise InputError("the method knows no such use", "category", word, f"Use one of {', '.join(known)}.", row=row)
    return str(word)


def one_year(rows: pd.DataFrame) -> int:
    """Return the calendar year all rows lie in: the method accounts for exactly one."""
    edges = pd.to_datetime(pd.concat([rows["period_start"], rows["period_end"]], ignore_index=True))
    years = edges.dt.year.unique()
    if len(years) != 1:
        raise InputError(
            "the method accounts for one calendar year",
            "period_start",
            sorted(years.tolist()),
            "Give the activities of one year.",
        )
    return int(years[0])


def co2_t(calculate: Calculate, rows: pd.DataFrame, oxidation: float) -> tuple[pd.Series, list[str]]:
    """CO2 of each row [t], NaN where the row is a gap or its factor states CO2e only; and the documents of the factors.

    Carbon that is transformed counts at `oxidation`, whatever the parameter set says of burning.
    """
    if rows.empty:
        return pd.Series(dtype=float, index=rows.index), []
    records = to_records(rows)
    for record, use in zip(records, rows["use"], strict=True):
        if use.startswith("transformation") and "factor" not in record:
            record["parameters"] = {**record.get("parameters", {}), "oxidation_factor": oxidation}
    inventory = calculate(records)
    per_unit = np.array([b.gases_t.get("CO2", 0.0 if b.gases_t or not b.co2e_t else np.nan) for b in inventory.bases])
    lines = per_unit[inventory.basis_index] * inventory.amount
    tonnes = np.bincount(inventory.line_rows(), lines, minlength=len(rows))
    documents = [basis.document for basis in inventory.bases if basis.level != "own"]
    return pd.Series(np.where(rows["gap"], np.nan, tonnes), index=rows.index), list(dict.fromkeys(documents))


def to_records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as the calculator takes them: without the method's words, a gap as 0 (its result is dropped)."""
    plain = rows.drop(columns=[*_OURS, "category"], errors="ignore").assign(consumption=rows["consumption"].fillna(0.0))
    return [{str(k): v for k, v in record.items() if _said(v)} for record in plain.to_dict("records")]


def _said(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and np.isnan(value)) and value is not pd.NaT


def burned_t(rows: pd.DataFrame, co2: pd.Series) -> float:
    """CO2 of fuel used as fuel [t]."""
    return float(co2[rows["use"].isin(BURNED)].sum(skipna=False))


def transformed_t(rows: pd.DataFrame, co2: pd.Series) -> float:
    """CO2 of carbon lost in transformation [t]; refused where more comes out than goes in."""
    went_in, came_out = (co2[rows["use"] == f"transformation_{side}"].to_numpy() for side in ("input", "output"))
    return carbon_lost_t(went_in, came_out)


def power_kwh(rows: pd.DataFrame, contracts: Sequence[Contract | dict[str, Any]]) -> dict[str, float]:
    """Return `direct_kwh, green_kwh, rest_kwh, export_kwh`; the first three sum to all power received.

    Raises
    ------
    OverclaimError
        Contracts above the power received.
    """
    power = rows[rows["kind"] == "power"]
    kwh = power["consumption"] * [units.compile("electricity", unit) for unit in power["unit"]]
    received = float(kwh[power["use"].isin(("import", "nonfossil_import"))].sum(skipna=False))
    said = [Contract.of(contract) for contract in contracts]
    clean = [c for c in said if c.factor_kg_per_kwh == 0]
    direct = fsum(c.energy_kwh for c in clean if c.kind == "direct")
    direct += float(kwh[power["use"] == "nonfossil_import"].sum(skipna=False))
    green = fsum(c.energy_kwh for c in clean if c.kind in _GREEN)
    if direct + green > received * (1 + 1e-9):
        raise OverclaimError(
            f"direct supply and green power claim {direct + green:.6g} kWh, the park received {received:.6g} kWh",
            "contracts",
            direct + green,
            "Reduce the claims to the power received in the year.",
        )
    return {
        "direct_kwh": direct,
        "green_kwh": green,
        "rest_kwh": max(received - direct - green, 0.0) if not np.isnan(received) else received,
        "export_kwh": float(kwh[power["use"] == "export"].sum(skipna=False)),
    }


def measured_heat_t(rows: pd.DataFrame, calculate: Calculate) -> pd.Series:
    """CO2 of the fossil heat whose factor was measured, that is, stated in the row [t]."""
    heat = rows[(rows["kind"] == "heat") & ~rows["use"].str.startswith("nonfossil").astype(bool)]
    measured = heat["factor"].map(_said).astype(bool) if "factor" in heat else pd.Series(data=False, index=heat.index)
    return co2_t(calculate, heat[measured], 1.0)[0]


def heat_terms(rows: pd.DataFrame, measured_t: pd.Series, method: ParkMethod) -> dict[str, float]:
    """Return `heat_t` (received less sent out) and `fossil_heat_gj` (received)."""
    heat = rows[rows["kind"] == "heat"]
    per_unit = [units.compile(key, unit) for key, unit in zip(heat["energy_type"], heat["unit"], strict=True)]
    gj = heat["consumption"] * per_unit
    fossil = ~heat["use"].str.startswith("nonfossil").astype(bool)
    factor = pd.Series(np.where(fossil, method.heat_t_per_gj, 0.0), index=heat.index)
    some = gj[measured_t.index] != 0  # no heat, no emission, whatever its factor
    factor[measured_t.index] = (measured_t / gj[measured_t.index].where(some)).where(some, 0.0)
    sent_out = heat["use"].str.endswith("export").astype(bool)
    return {
        "heat_t": heat_t(gj.to_numpy(), factor.to_numpy(), sent_out.to_numpy()) if len(heat) else 0.0,
        "fossil_heat_gj": float(gj[fossil & ~sent_out].sum(skipna=False)),
    }


def process_t(production: Rows) -> tuple[float, list[DataGap]]:
    """CO2 of products by output [t]; a product without a factor makes the term a gap."""
    frame = table(production, ("product", "output_t", "factor_t_per_t"), "the production")
    if frame.empty:
        return 0.0, []
    factor = pd.to_numeric(frame["factor_t_per_t"]).astype(float)
    sources = frame["source"] if "source" in frame else pd.Series("", index=frame.index)
    gaps = [
        DataGap(
            missing=f"process factor of {product}" if np.isnan(f) else f"source of the process factor of {product}",
            impact="the process term of the national method",
            severity="high" if np.isnan(f) else "medium",
            workaround="use the national database, or the park's own factor with its derivation",
            affects=("process_t", "intensity_t_per_tce"),
        )
        for product, f, source in zip(frame["product"], factor, sources, strict=True)
        if np.isnan(f) or not _said(source) or not str(source).strip()
    ]
    return products_t(frame["output_t"].to_numpy(), factor.to_numpy()), gaps


def energy_tce(rows: pd.DataFrame, found: Mapping[str, CoalEquivalent], *, feedstock_is_energy: bool) -> float:
    """Energy consumed in the year [tce]: received less sent out, transformed fuels in less out.

    NaN if a carrier has no coefficient or a row is a gap.
    """
    counted = rows[(rows["kind"] != "other") & (feedstock_is_energy | (rows["use"] != "feedstock"))]
    per_unit = []
    for key, unit in zip(counted["energy_type"], counted["unit"], strict=True):
        coefficient = found.get(coal_carrier(key))
        per_unit.append(coefficient.of(unit) if coefficient else float("nan"))
    sign = np.where(counted["use"].str.endswith(("export", "output")), -1.0, 1.0)
    return float((sign * counted["consumption"].to_numpy() * np.array(per_unit)).sum())


def coal_carrier(key: str) -> str:
    """Return the carrier whose coal equivalent `key` takes: mobile diesel is diesel, steam is heat."""
    return shared_fuel(key)
