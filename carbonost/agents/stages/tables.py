"""The baseline's tables, as rows a report can print."""

from __future__ import annotations

from collections import defaultdict
from math import fsum
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import FactorError, UnitError
from carbonost.factors import parameter_set, table
from carbonost.factors.energy_types import shared_fuel
from carbonost.units import ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.agents.stages.base import Notes
    from carbonost.agents.stages.flows import Flows, Row
    from carbonost.domain.emission import Basis
    from carbonost.domain.evidence import Severity
    from carbonost.domain.inventory import Inventory
    from carbonost.factors.library import FactorLibrary

FUEL_SET: Final = "ndrc.other"
"""The set whose heating values serve where the scenario names none: the calculator's own choice."""
_LIKE: Final = {"steam": "heat"}
_TCE: Final = {"kgce": 1e-3, "tce": 1.0, "gce": 1e-6}
_SHOWN: Final = 4
_NOTES: Final = {"meter": "按抄表周期合计", "declared": "按申报周期合计", "proxy": "代理估算"}
OTHERS: Final = "其他"
_UNDATED: Final = "未注明数据年"
RESIDUAL: Final = "electricity_residual"
"""The name under which the market-based factor of electricity stands in the list of factors."""


def energy_balance(flows: Flows, inventory: Inventory, notes: Notes, parameters: str | None) -> list[dict[str, Any]]:
    """Return one row per carrier: amount, coal equivalent, emissions, method."""
    carriers = list(dict.fromkeys(row.energy_type for row in flows.rows))
    sums = inventory.by("energy_type")
    emitted = dict(zip(sums.get("energy_type", ()), sums["emissions_co2e"], strict=False)) if len(inventory) else {}
    rows = []
    for carrier in carriers:
        mine = [row for row in flows.rows if row.energy_type == carrier]
        unit, amount = mine[0].canonical_unit, fsum(row.canonical for row in mine)
        tce = _tce_by_heat(carrier, amount, unit, notes, parameters)
        if tce is None:
            tce = _tce(carrier, amount, unit, notes)
        rows.append(
            {
                "carrier": carrier,
                "consumption": amount,
                "unit": unit,
                "energy_tce": tce,
                "emissions_tco2e": None if carrier not in emitted else float(emitted[carrier]),
                "method": max(
                    {row.method for row in mine},
                    key=lambda method: sum(row.canonical for row in mine if row.method == method),
                ),
            }
        )
    return rows


def _tce_by_heat(carrier: str, amount: float, unit: str, notes: Notes, parameters: str | None) -> float | None:
    """Return a fuel's coal equivalent by the heating value of its parameter set, or None."""
    fuels = parameter_set(parameters or FUEL_SET)
    if carrier in {"electricity", "heat", "steam"} or carrier not in fuels:
        return None
    fuel = fuels[carrier]
    try:
        gj = amount * ratio(carrier, unit, fuel.per) * fuel.ncv
    except UnitError:
        return None
    why = f"{fuels.standard} {fuels.title}"
    notes.assume(f"ncv.{carrier}", fuel.ncv, f"GJ/{fuel.per}", why, "low")
    return gj * ratio(carrier, "GJ", "tce")


def _tce(carrier: str, amount: float, unit: str, notes: Notes) -> float | None:
    """Return the coal equivalent of an amount, electricity at its calorific value; None without a coefficient."""
    frame = table("tce_coefficients")
    names = (carrier, shared_fuel(carrier), _LIKE.get(carrier, carrier))
    for name in dict.fromkeys(names):
        for _, row in frame[frame["energy_type"] == name].iterrows():
            mass, _, per = str(row["unit"]).partition("/")
            try:
                scale = ratio(name, unit, per)
            except UnitError:
                continue
            why = f"{row['document']}（{row['status']}）"
            sensitivity: Severity = "low"
            value = float(row["value"])
            notes.assume(f"coal_equivalent.{carrier}", value, str(row["unit"]), why, sensitivity)
            return amount * scale * value * _TCE[mass]
    return None


def method_rows(flows: Flows) -> list[dict[str, Any]]:
    """Return one row per carrier and method: share of the carrier, coverage, sources."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in flows.rows:
        groups[row.energy_type, row.method].append(row)
    listed = []
    for (carrier, method), rows in sorted(groups.items()):
        whole = flows.total(carrier)
        amount = fsum(row.canonical for row in rows)
        sources = list(dict.fromkeys(row.source for row in rows))
        shown = "、".join(sources[:_SHOWN]) + (" 等" if len(sources) > _SHOWN else "")
        series = method == "meter" and carrier in flows.coverage and any(row.declared is None for row in rows)
        listed.append(
            {
                "flow": carrier,
                "method": method,
                "coverage": flows.coverage[carrier] if series else None,
                "share": amount / whole if whole else None,
                "source": shown,
                "note": "分表计量合计" if series else _NOTES[method],
            }
        )
    return listed


def by_scope(metrics: Mapping[str, tuple[Any, str]]) -> list[dict[str, Any]]:
    """Return the three scope totals as rows."""
    return [
        {"scope": "范围一", "emissions_tco2e": metrics["S1_tco2e_y"][0]},
        {"scope": "范围二（基于位置）", "emissions_tco2e": metrics["S2_tco2e_y"][0]},
        {"scope": "范围二（基于市场）", "emissions_tco2e": metrics["S2_market_tco2e_y"][0]},
    ]


def source_rows(inventory: Inventory) -> list[dict[str, Any]]:
    """Return amount, factor and emissions per scope, carrier and factor."""
    if not len(inventory):
        return []
    frame = inventory.to_frame()
    groups = frame.groupby(["scope", "energy_type", "factor_id", "unit"], sort=True, observed=True)
    sums = groups[["consumption", "emissions_co2e"]].sum().reset_index()
    factor = {(b.energy_type, b.factor_id, b.unit): b.co2e_t * 1000 for b in inventory.bases}
    return [
        {
            "scope": int(row["scope"]),
            "energy_type": str(row["energy_type"]),
            "consumption": float(row["consumption"]),
            "unit": str(row["unit"]),
            "factor_value": float(factor[row["energy_type"], row["factor_id"], row["unit"]]),
            "factor_unit": f"kgCO2e/{row['unit']}",
            "factor_id": str(row["factor_id"]),
            "emissions_tco2e": float(row["emissions_co2e"]),
        }
        for row in sums.to_dict("records")
    ]


def factor_rows(inventory: Inventory, factors: FactorLibrary) -> list[dict[str, Any]]:
    """Return each factor used, with where it stands."""
    seen: dict[tuple[str, str, str], dict[str, Any]] = {}
    for basis in inventory.bases:
        key = (basis.energy_type, basis.factor_id, basis.unit)
        seen[key] = {
            "energy_type": basis.energy_type,
            "id": basis.factor_id,
            "value": basis.co2e_t * 1000,
            "market_value": None if basis.market_co2e_t is None else basis.market_co2e_t * 1000,
            "unit": f"kgCO2e/{basis.unit}",
            "region": basis.region,
            "answered_by": basis.path[-1] if basis.path else basis.region,
            "fallback": basis.fallback,
            "data_year": _data_year(factors, basis),
            "document": basis.document,
            "locator": basis.locator,
            "status": basis.status,
        }
        if basis.market_factor_id not in {None, basis.factor_id}:
            rest = factors.get(str(basis.market_factor_id))
            seen[RESIDUAL, rest.id, basis.unit] = {
                "energy_type": RESIDUAL,
                "id": rest.id,
                "value": seen[key]["market_value"],
                "market_value": None,
                "unit": f"kgCO2e/{basis.unit}",
                "region": rest.region,
                "answered_by": rest.region,
                "fallback": False,
                "data_year": _UNDATED if rest.data_year is None else str(rest.data_year),
                "document": rest.document,
                "locator": rest.locator,
                "status": rest.status,
            }
    return [seen[key] for key in sorted(seen)]


def _data_year(factors: FactorLibrary, basis: Basis) -> str:
    """Return the factor's data year, or that its source states none."""
    year = basis.data_year
    if year is None:
        try:
            year = factors.get(basis.factor_id).data_year
        except FactorError:
            year = None
    return _UNDATED if year is None else str(year)


def top(inventory: Inventory, names: Mapping[str, str], chosen: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return emitters by falling emissions with shares that sum to one; only `chosen` are named, if given."""
    if not len(inventory):
        return []
    sums = inventory.by("facility")
    amounts: dict[str | None, float] = {}
    for row in sums.to_dict("records"):
        key = row["facility"] if isinstance(row["facility"], str) else None
        if chosen is not None and key not in chosen:
            key = OTHERS
        amounts[key] = amounts.get(key, 0.0) + float(row["emissions_co2e"])
    whole = fsum(amounts.values())
    rows = [
        {
            "id": key,
            "name": "未分户" if key is None else names.get(key, key),
            "emissions_tco2e": amount,
            "share": amount / whole if whole else None,
        }
        for key, amount in amounts.items()
    ]
    return sorted(rows, key=lambda row: (-row["emissions_tco2e"], str(row["id"])))


def monthly(flows: Flows, inventory: Inventory, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return energy and emissions month by month; a longer declared period is spread by days.

    A month nothing is known of is None, not zero.
    """
    months: dict[str, dict[str, float | None]] = {
        f"{flows.year}-{month:02d}": dict.fromkeys(("electricity_kwh", "gas_nm3", "S1_tco2e", "S2_tco2e"))
        for month in range(1, 13)
    }

    def add(month: str, column: str, value: float) -> None:
        months[month][column] = (months[month][column] or 0.0) + value

    columns = {"electricity": "electricity_kwh", "natural_gas": "gas_nm3"}
    for row in flows.rows:
        if row.energy_type in columns:
            for month, share in row.by_month().items():
                add(month, columns[row.energy_type], row.canonical * share)
    if len(inventory):
        frame = inventory.to_frame()
        columns_read = zip(
            frame["row"].tolist(), frame["scope"].tolist(), frame["emissions_co2e"].tolist(), strict=True
        )
        for row_at, scope, tonnes in columns_read:
            if scope in (1, 2):
                for month, share in rows[row_at].by_month().items():
                    add(month, f"S{scope}_tco2e", tonnes * share)
    return [{"month": month, **values} for month, values in months.items()]
