"""Several measures as one investment: which are taken, what they are worth, what it hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np
import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.arguments import of_kind, one_of, whole
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance.cashflow import Cashflow, Financing
from carbonost.engines.finance.consistency import check_consistency
from carbonost.engines.finance.metrics import Payback
from carbonost.engines.finance.rates import Irr
from carbonost.engines.finance.sensitivity import Bar, Tornado, pair
from carbonost.engines.finance.terms import number, read
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.engines.finance.tax import TaxTerms

SWINGS: Final[Mapping[str, tuple[float, float]]] = {
    "electricity_price_y_per_kwh": (0.8, 1.2),
    "gas_price_y_per_nm3": (0.8, 1.2),
    "carbon_price_y_per_tco2": (0.8, 1.2),
    "wacc": (0.8, 1.2),
}
"""The four parameters every report moves, and the multiples of their base between which it does."""


@dataclass(frozen=True, eq=False)
class Portfolio(Alike):
    """Measures taken together.

    Attributes
    ----------
    selected : tuple of str
        Ids taken, best first.
    unvalued : tuple of str
        Ids without a known first cost: they cannot be ranked, and are not taken.
    rule : str
        How the selection was made, in words.
    each : Cashflow or None
        One row per selected measure; None where nothing could be taken.
    total : Cashflow or None
        Their sum.
    """

    selected: tuple[str, ...]
    unvalued: tuple[str, ...]
    rule: str
    each: Cashflow | None
    total: Cashflow | None

    @property
    def metrics(self) -> dict[str, float | None]:
        """Metrics by the keys of the finance stage; None where a metric does not exist.

        ``portfolio_capex`` [CNY] is the first cost, without replacements and before grants;
        ``portfolio_opex_y`` [CNY/a] that of the first year; ``portfolio_payback_y`` [a];
        ``portfolio_mac_y_per_tco2`` [CNY/tCO2e].
        """
        keys = ("capex", "opex_y", "npv", "irr", "payback_y", "mac_y_per_tco2")
        if self.total is None:
            return {f"portfolio_{key}": None for key in keys}
        flow, horizon = self.total, self.total.after_tax.size - 1
        back, returns = flow.payback, flow.irr
        if not isinstance(back, Payback) or not isinstance(returns, Irr):
            raise InputError("needs one scenario", "scenario", None, "Read the columns of each scenario instead.")
        npv_cny, cost = float(flow.npv_cny), float(flow.mac_cny_per_t)
        check_consistency(
            rate=float(flow.rate), horizon_years=horizon, npv_cny=npv_cny, irr=returns.rate,
            payback_years=back.years, discounted_payback_years=back.discounted,
            capex_cny=float(flow.capex[0]), conventional=returns.sign_changes <= 1,
        )  # fmt: skip
        values = (flow.capex[0], flow.opex[1], npv_cny, returns.rate, back.years, None if np.isnan(cost) else cost)
        return {f"portfolio_{key}": None if v is None else float(v) for key, v in zip(keys, values, strict=True)}

    def to_frame(self) -> pd.DataFrame:
        """One row per selected measure, best first: `capex_cny, npv_cny, irr, payback_years, mac_cny_per_t`."""
        names = ("capex_cny", "npv_cny", "irr", "payback_years", "mac_cny_per_t")
        if self.each is None:
            return pd.DataFrame(columns=list(names), index=pd.Index([], name="id"), dtype=float)
        flow = self.each
        columns = (flow.capex[..., 0], flow.npv_cny, flow.irr, flow.payback, flow.mac_cny_per_t)
        return pd.DataFrame(
            {name: np.asarray(column, dtype=float) for name, column in zip(names, columns, strict=True)},
            index=pd.Index(self.selected, name="id"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Metrics, and what was taken and what could not be."""
        return {**self.metrics, "selected": list(self.selected), "unvalued": list(self.unvalued), "rule": self.rule}

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw the cash flow of all selected measures together; see `Cashflow.plot`."""
        if self.total is None:
            raise InputError("nothing could be taken", "portfolio", list(self.unvalued), "Give the first costs.")
        return self.total.plot(axes, language)

    def _repr_html_(self) -> str:
        return f"<p>{self.rule}</p>{self.to_frame().to_html(float_format='{:,.4g}'.format)}"


def portfolio(
    measures: Sequence[object],
    scenario: object,
    *,
    size: int | None = None,
    rule: Literal["npv", "given"] = "npv",
    tax: TaxTerms | None = None,
    financing: Financing | None = None,
) -> Portfolio:
    """Take the best measures together.

    Parameters
    ----------
    measures : sequence of Investment or mapping
        Each with its `id`; one whose `capex_cny` is None is set aside.
    scenario : ScenarioParams or mapping
    size : int, optional
        How many to take at most; by default the scenario's `portfolio_size`.
    rule : {"npv", "given"}
        The largest present values after tax, ties by id; or the first in the order given.
    tax, financing
        See `Cashflow.build`.

    Returns
    -------
    Portfolio
    """
    most = whole(number(scenario, "portfolio_size") if size is None else size, "size", least=1)
    one_of(rule, ("npv", "given"), "rule")
    of_kind(measures, (list, tuple), "measures", "Give a list of measures.")
    for one in measures:
        if read(one, "id") is None:
            raise InputError("a measure has no id", "measures", one, "Give each measure an id.")
    valued = [one for one in measures if read(one, "capex_cny") is not None]
    unvalued = tuple(sorted(str(read(one, "id")) for one in measures if read(one, "capex_cny") is None))
    if not valued:
        return Portfolio((), unvalued, _in_words(rule, most), None, None)
    ids = [str(read(one, "id")) for one in valued]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InputError("stands twice", "id", twice[0], "Give each measure once; two of a kind have two ids.")
    if rule == "npv":
        worth = np.asarray(Cashflow.build(valued, scenario, tax=tax, financing=financing).npv_cny)
        order = sorted(range(len(ids)), key=lambda at: (-float(worth[at]), ids[at]))
    else:
        order = list(range(len(ids)))
    taken = order[:most]
    each = Cashflow.build([valued[at] for at in taken], scenario, tax=tax, financing=financing)
    return Portfolio(tuple(ids[at] for at in taken), unvalued, _in_words(rule, most), each, Cashflow.total(each))


def npv_sensitivity(
    measures: Sequence[object],
    scenario: object,
    swings: Mapping[str, tuple[float, float]] = SWINGS,
    *,
    tax: TaxTerms | None = None,
) -> Tornado:
    """How a portfolio's present value moves with prices and the WACC, one at a time.

    Parameters
    ----------
    measures : sequence of Investment or mapping
        The selected ones, each with a known first cost.
    scenario : ScenarioParams or mapping
    swings : {parameter: (low, high)}
        Multiples of the scenario's own value; a parameter the scenario holds no value for is left out.

    Returns
    -------
    Tornado
        Of the net present value after tax [CNY].
    """
    of_kind(measures, (list, tuple), "measures", "Give a list of measures.")
    of_kind(scenario, (Mapping, ScenarioParams), "scenario", "Give ScenarioParams(…) or a mapping.")
    of_kind(swings, Mapping, "swings", "Give {parameter: (low, high)}.")
    for name in swings:
        one_of(name, ScenarioParams.model_fields, "swings")
    names = [name for name in swings if read(scenario, name) is not None]
    own = {name: float(number(scenario, name).item()) for name in names}

    def worth(changes: Mapping[str, Any]) -> float:
        flow = Cashflow.build(list(measures), changed(scenario, changes), tax=tax)
        return float(np.sum(flow.npv_cny))

    bars = []
    for name in names:
        low, high = (worth({name: own[name] * factor}) for factor in pair(name, swings[name]))
        bars.append(Bar(name, low, high, abs(high - low)))
    ordered = tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.name)))
    return Tornado(worth({}), ordered, "net present value after tax [CNY]")


def changed(scenario: object, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario as a mapping, with some values replaced; they may be arrays, one entry per case."""
    if isinstance(scenario, Mapping):
        return {**scenario, **changes}
    of_kind(scenario, ScenarioParams, "scenario", "Give ScenarioParams(…) or a mapping.")
    return {**cast("ScenarioParams", scenario).model_dump(), **changes}


def _in_words(rule: str, size: int) -> str:
    order = "税后净现值从高到低，同值按编号" if rule == "npv" else "按给定顺序"
    return f"{order}，取前 {size} 项"
