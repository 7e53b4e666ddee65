"""The indicator page: the core indicator and the five guide indicators, each with value, target and gap."""

from __future__ import annotations

from math import fsum
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
        `indicator, name_zh, kind, value, unit, target, gap, met, status, evidence`: `gap` is what is
        missing to the target (0 where met); `met` is True, False or None; `status` says why None:
        ``computed``, ``gap``, ``no_limit``, ``not_given`` or ``excluded``. `evidence` is printed, in Chinese.
    """
    given = dict(guide or {})
    strangers = set(given) - set(GUIDES)
    if strangers:
        raise InputError("is no guide indicator", "guide", min(strangers), f"Use {', '.join(GUIDES)}.")
    limit, core = method.target(balance.energy_tce), balance.intensity_t_per_tce(method)
    status, note = "computed", evidence
    if np.isnan(core):
        status, note = "gap", "数据缺口,指标无法计算"
    elif limit is None:
        status, note = "no_limit", f"年综合能源消费量不足{method.tiers[0].from_tce / 1e4:g}万吨标准煤,指标表未设目标"
    rows = [_row("core_intensity", "单位能耗碳排放", "core", core, "t/tce", limit, status, note, at_most=True)]
    for name, (name_zh, unit) in GUIDES.items():
        value, status, note = _value(name, given.get(name), balance.energy_tce)
        at_most = name == "product_energy_grade"
        rows.append(_row(name, name_zh, "guide", value, unit, method.guide[name], status, note, at_most=at_most))
    share = balance.direct_share()
    status, note = "gap" if np.isnan(share) else "computed", "原则性要求;以合同与直供计量为据"
    if share == 0 and not balance.green_kwh:  # nothing was said of any contract: no zero is claimed
        share, status, note = float("nan"), "not_given", "未提供"
    rows.append(
        _row("direct_supply_share", "直接供应比例", "principle", share, "-", method.direct_share_min, status, note)
    )
    return pd.DataFrame(rows)


def _row(
    name: str,
    name_zh: str,
    kind: str,
    value: float,
    unit: str,
    target: float | None,
    status: str,
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
        "status": status,
        "evidence": evidence,
    }


def _value(name: str, given: Any, energy_tce: float) -> tuple[float, str, str]:
    """Value of a guide indicator, NaN where it is not given or excluded; its status, and what it rests on."""
    if isinstance(given, (int, float)):
        given = {"value": given}
    parts = [given] if isinstance(given, dict) else list(given or ())
    first = parts[0] if parts else {}
    if not first:
        return float("nan"), "not_given", "未提供"
    if first.get("excluded"):
        return float("nan"), "excluded", f"不纳入:{first['excluded']}"
    if "value" in first:
        value, note = _checked(name, float(first["value"])), str(first.get("evidence", ""))
    elif name == "product_energy_grade":
        worst = max(first, key=lambda product: float(first[product]))
        value, note = _checked(name, float(first[worst])), f"{len(first)}种产品,最弱为{worst}"
    else:
        value, note = _share(name, parts, energy_tce)
    return value, "gap" if np.isnan(value) else "computed", note


def _share(name: str, parts: list[dict[str, Any]], energy_tce: float) -> tuple[float, str]:
    part, whole = _PARTS[name]
    if name == "clean_energy_share":  # its carriers are parts of one whole
        parts = [{whole: energy_tce, part: fsum(float(row[part]) for row in parts if part in row), "evidence": ""}]
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
