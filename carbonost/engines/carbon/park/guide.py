"""The indicator page: the core indicator and the five guide indicators, each with value, target and gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.engines.carbon.answers import quantity
from carbonost.errors import InputError, OverclaimError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.engines.carbon.park.method import ParkBalance, ParkMethod

GUIDES: Final = {
    "clean_energy_share": ("清洁能源消费占比", "-"),
    "product_energy_grade": ("园区企业产出产品单位能耗", "grade"),
    "solid_waste_use_share": ("工业固体废弃物综合利用率", "-"),
    "waste_heat_use_share": ("余热/余冷/余压综合利用率", "-"),
    "water_reuse_share": ("工业用水重复利用率", "-"),
}
_PARTS: Final = {
    "clean_energy_share": ("clean_tce", "energy_tce"),
    "solid_waste_use_share": ("used_t", "generated_t"),
    "waste_heat_use_share": ("used_gj", "available_gj"),
    "water_reuse_share": ("reused_m3", "used_m3"),
}
"""What each share is made of: part and whole; several rows are summed, which weights them."""


def indicators(
    balance: ParkBalance, method: ParkMethod, guide: Mapping[str, Any] | None = None, evidence: str = ""
) -> pd.DataFrame:
    """Return the six indicators and the share of direct supply.

    Parameters
    ----------
    balance : ParkBalance
    method : ParkMethod
    guide : mapping
        By indicator: a number; ``{"value", "evidence"}``; its parts, such as ``{"used_t", "generated_t"}``,
        or a list of them (the weighted average of waste heat, cold and pressure); for
        ``product_energy_grade`` the grade of each product; or ``{"excluded": reason}`` where the park's
        conditions do not allow it.
    evidence : str
        What the core indicator rests on.

    Returns
    -------
    DataFrame
        `indicator, name_zh, kind, value, unit, target, gap, met, evidence`: `gap` is what is missing to
        the target (0 where met), `met` is True, False or None (no value, no target, or excluded).
    """
    given = dict(guide or {})
    strangers = set(given) - set(GUIDES)
    if strangers:
        raise InputError("is no guide indicator", "guide", min(strangers), f"Use {', '.join(GUIDES)}.")
    limit = method.target(balance.energy_tce)
    note = evidence if limit is not None else "no limit: annual energy below the smallest park of the table, or a gap"
    core = balance.intensity_t_per_tce(method)
    rows = [_row("core_intensity", "单位能耗碳排放", "core", core, "t/tce", limit, note, at_most=True)]
    for name, (name_zh, unit) in GUIDES.items():
        value, told = _value(name, given.get(name), balance.energy_tce)
        at_most = name == "product_energy_grade"
        rows.append(_row(name, name_zh, "guide", value, unit, method.guide[name], told, at_most=at_most))
    share, told = balance.direct_share(), "in principle; by contract and meter of direct supply"
    rows.append(_row("direct_supply_share", "直接供应比例", "principle", share, "-", method.direct_share_min, told))
    return pd.DataFrame(rows)


def _row(
    name: str,
    name_zh: str,
    kind: str,
    value: float,
    unit: str,
    target: float | None,
    evidence: str,
    *,
    at_most: bool = False,
) -> dict[str, Any]:
    known = target is not None and not np.isnan(value)
    short = float("nan")
    if target is not None and known:
        short = value - target if at_most else target - value
    met = bool(short <= 1e-12) if known else None  # noqa: PLR2004 -- rounding of the sums
    return {
        "indicator": name,
        "name_zh": name_zh,
        "kind": kind,
        "value": value,
        "unit": unit,
        "target": float("nan") if target is None else target,
        "gap": max(short, 0.0) if known else float("nan"),
        "met": met,
        "evidence": evidence,
    }


def _value(name: str, given: Any, energy_tce: float) -> tuple[float, str]:
    """Value of a guide indicator, NaN where it is not given or excluded, and what it rests on."""
    if isinstance(given, (int, float)):
        given = {"value": given}
    parts = [given] if isinstance(given, dict) else list(given or ())
    first = parts[0] if parts else {}
    if not first or first.get("excluded"):
        return float("nan"), f"excluded: {first['excluded']}" if first else "not given"
    if "value" in first:
        return _checked(name, float(first["value"])), str(first.get("evidence", ""))
    if name == "product_energy_grade":
        worst = max(first, key=lambda product: float(first[product]))
        return _checked(name, float(first[worst])), f"{len(first)} products, the weakest is {worst}"
    return _share(name, parts, energy_tce)


def _share(name: str, parts: list[dict[str, Any]], energy_tce: float) -> tuple[float, str]:
    part, whole = _PARTS[name]
    if name == "clean_energy_share":  # its carriers are parts of one whole
        parts = [{whole: energy_tce, part: sum(float(row[part]) for row in parts if part in row), "evidence": ""}]
    for row in parts:
        if part not in row or whole not in row:
            raise InputError(f"needs {part} and {whole}", f"guide[{name!r}]", row)
    used = quantity([row[part] for row in parts], part, gaps=True)
    there = quantity([row[whole] for row in parts], whole, gaps=True)
    if (used > there * (1 + 1e-9)).any():
        raise OverclaimError(f"{part} is above {whole}", f"guide[{name!r}]", float(used.max()))
    total = float(there.sum())
    evidence = "; ".join(str(row["evidence"]) for row in parts if row.get("evidence"))
    return (float(used.sum()) / total if total > 0 else float("nan")), evidence


def _checked(name: str, value: float) -> float:
    top = np.inf if name == "product_energy_grade" else 1.0
    if value < 0 or value > top:
        raise InputError("is a share between 0 and 1", f"guide[{name!r}]", value, "90 % is 0.9.")
    return value
