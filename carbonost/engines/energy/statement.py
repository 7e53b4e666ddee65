"""A bill as it is printed: each month's energy by band, the fixed charge, adjustments and the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.ledger import ITEM_NAMES
from carbonost.domain.picture import words_in
from carbonost.domain.prices import SLOT_MIN
from carbonost.engines.energy.bill import bill
from carbonost.engines.energy.load import Horizon, Load, horizon, profile, read_load
from carbonost.engines.energy.terms import peaks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carbonost.domain.series import FloatArray
    from carbonost.domain.tariff import Tariff

COLUMNS: Final = ("month", "item", "quantity", "unit", "cny_per_unit", "cny")
_ZH: Final = {
    **ITEM_NAMES, "month": "月份", "item": "项目", "quantity": "数量", "unit": "单位", "cny_per_unit": "单价（元）",
    "cny": "金额（元）", "sharp": "尖峰电费", "peak": "高峰电费", "flat": "平段电费", "valley": "低谷电费",
    "deep_valley": "深谷电费", "contract": "合同需量电费", "excess": "超合同需量电费", "total": "合计",
}  # fmt: skip
_ORDER: Final = ("sharp", "peak", "flat", "valley", "deep_valley")

Line = tuple[str, float, str, float]
"""Item, quantity, unit, CNY."""


def statement(tariff: Tariff, load: Any, language: str = "zh", **options: Any) -> pd.DataFrame:
    """Each month's bill by line; the lines of a month add up to its total, and the totals to `bill(load).total_cny`.

    Parameters
    ----------
    load : Series or DataFrame [kW]
    language : {"zh", "en"}
        Of headings and items.
    **options
        Further arguments of `bill`, such as `load_kwh`, `export_kw` or `reactive_kvarh`.

    Returns
    -------
    DataFrame
        `month, item, quantity, unit, cny_per_unit, cny`; an item without a quantity has NaN there.
    """
    say = words_in(language, _ZH)
    ledger = bill(tariff, load, **options)
    drawn = read_load(load, options.get("load_kwh"))
    at = horizon(drawn, tariff.zone, tariff.demand_window_min)
    sold = None if options.get("export_kw") is None else profile(options["export_kw"], drawn, "export_kw")
    rows: list[tuple[str, str, float, str, float, float]] = []
    for number, month in enumerate(ledger.months):
        due = {term: float(values[number]) for term, values in ledger.items.items()}
        lines = [*_energy(tariff, drawn, at, number), *_fixed(tariff, due, _peak(at, drawn, number))]
        if sold is not None:
            lines.append(("export", float(sold[at.month == number].sum()) * at.hours, "kWh", due.pop("export")))
        lines += [(term, np.nan, "", due[term]) for term in ("power_factor", "carbon") if term in due]
        lines.append(("total", np.nan, "", sum(line[3] for line in lines)))
        rows += [(month, say(item), amount, unit, _price(cny, amount), cny) for item, amount, unit, cny in lines]
    return pd.DataFrame(rows, columns=[say(name) for name in COLUMNS])


def _energy(tariff: Tariff, load: Load, at: Horizon, month: int) -> Iterator[Line]:
    """What each band's energy costs; an interval that spans bands is shared by its minutes."""
    mine = at.month == month
    parts = max(1, round(load.hours * 60 / SLOT_MIN))
    steps = pd.to_timedelta(np.tile(np.arange(parts) * SLOT_MIN, int(mine.sum())), unit="min")
    starts = load.starts[mine].repeat(parts) + steps
    kwh: FloatArray = np.repeat(load.kw[mine] * load.hours / parts, parts)
    cny = kwh * tariff.prices(starts, load.hours / parts)
    bands = np.asarray(tariff.bands(starts))
    names = sorted(set(bands.tolist()), key=lambda band: (_ORDER.index(band) if band in _ORDER else len(_ORDER), band))
    for band in names:
        yield band or "energy", float(kwh[bands == band].sum()), "kWh", float(cny[bands == band].sum())


def _peak(at: Horizon, load: Load, month: int) -> float:
    return float(peaks(at, load.kw)[month])


def _fixed(tariff: Tariff, due: dict[str, float], peak_kw: float) -> Iterator[Line]:
    """The fixed charge; a contract and what exceeds its band stand apart."""
    if "capacity" in due:
        yield "capacity", float(tariff.transformer_kva or 0.0), "kVA", due["capacity"]
    if "demand" not in due:
        return
    rule, contract = tariff.contract_rule, tariff.contract_kw
    if tariff.charge != "contract" or rule is None or contract is None:
        yield "demand", peak_kw, "kW", due["demand"]
        return
    standing = tariff.demand_cny_per_kw_month * contract
    yield "contract", contract, "kW", standing
    over = max(0.0, peak_kw - rule.band * contract)
    if over:
        yield "excess", over, "kW", due["demand"] - standing


def _price(cny: float, amount: float) -> float:
    return cny / amount if amount else np.nan
