"""The picture of a tariff: which band, or what price, each hour of each month has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost._lazy import load
from carbonost.domain.arguments import one_of
from carbonost.domain.picture import axes_or_new, finish, words_in
from carbonost.domain.prices import HOLIDAY, PriceSeries
from carbonost.errors import TariffError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.prices import PriceTable
    from carbonost.domain.tariff import Tariff

_KINDS: Final = {"workday": 0, "weekend": 6, "holiday": HOLIDAY}
_ZH: Final = {
    "sharp": "尖峰", "peak": "高峰", "flat": "平段", "valley": "低谷", "deep_valley": "深谷", "hour": "时刻",
    "month": "月份", "price [CNY/kWh]": "电价 [元/kWh]",
}  # fmt: skip
_COLOURS: Final = {
    "sharp": "#a50026", "peak": "#f46d43", "flat": "#fee090", "valley": "#74add1", "deep_valley": "#313695",
}  # fmt: skip


def draw_tariff(tariff: Tariff, axes: Any = None, language: str = "zh", days: str = "workday") -> Any:
    """Draw the bands over months and hours, or a price series over time; returns the matplotlib axes.

    Parameters
    ----------
    axes : matplotlib axes, optional
    language : {"zh", "en"}
    days : {"workday", "weekend", "holiday"}

    Raises
    ------
    TariffError
        If `days` is another one.
    MissingExtraError
        If matplotlib, or for Chinese labels the font, is not installed.
    """
    say = words_in(language, _ZH)
    one_of(days, _KINDS, "days", TariffError)
    axes = axes_or_new(axes)
    if isinstance(tariff.energy, PriceSeries):
        frame = tariff.to_frame()
        axes.step(frame["start"].dt.tz_convert(tariff.zone).dt.tz_localize(None), frame["cny_per_kwh"], where="post")
        axes.set_ylabel(say("price [CNY/kWh]"))
        finish(axes)
        return axes
    if tariff.energy.names is None:
        shown = axes.pcolormesh(_hours(), np.arange(13) + 0.5, tariff.energy.values[:, _KINDS[days]])
        axes.figure.colorbar(shown, ax=axes, label=say("price [CNY/kWh]"))
    else:
        _bands(axes, tariff.energy, _KINDS[days], say)
    axes.set(xlabel=say("hour"), ylabel=say("month"), xticks=range(0, 25, 2), yticks=range(1, 13))
    axes.set(xlim=(0.0, 24.0), ylim=(12.5, 0.5))
    finish(axes, legend=tariff.energy.names is not None)
    return axes


def _hours() -> Any:
    return np.linspace(0.0, 24.0, 289)


def _bands(axes: Any, table: PriceTable, kind: int, say: Callable[[str], str]) -> None:
    """One colour a band, and its price, or the lowest and highest over the year."""
    names, values = table.names[:, kind], table.values[:, kind]
    found = [str(name) for name in np.unique(names)]
    order = [*(name for name in _COLOURS if name in found), *(name for name in found if name not in _COLOURS)]
    colours = load("matplotlib.colors", "a plot")
    others = load("matplotlib.pyplot", "a plot").get_cmap("tab20").colors
    palette = [_COLOURS.get(name, others[number % len(others)]) for number, name in enumerate(order)]
    code = np.select([names == name for name in order], range(len(order)))
    axes.pcolormesh(
        _hours(), np.arange(13) + 0.5, code, cmap=colours.ListedColormap(palette), vmin=-0.5, vmax=len(order) - 0.5
    )
    for name, colour in zip(order, palette, strict=True):
        prices = values[(names == name) & ~np.isnan(values)]
        ends = dict.fromkeys((prices.min(), prices.max())) if prices.size else ()
        axes.bar(0.0, 0.0, color=colour, label=f"{say(name)} {'-'.join(f'{end:.4f}' for end in ends)}".rstrip())
