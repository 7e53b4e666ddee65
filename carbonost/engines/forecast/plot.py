"""The picture of a forecast: the mean over its intervals, the wider the paler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.picture import axes_or_new, day_ticks, edges, finish, words_in

if TYPE_CHECKING:
    from carbonost.domain.forecast import Forecast

_BLUE: Final = (0.12, 0.47, 0.71)
_ZH: Final = {"load": "负荷", "mean": "预测均值", "interval": "区间"}


def draw(forecast: Forecast, axes: Any = None, language: str = "zh") -> Any:
    """Draw a forecast on the axes given or on new ones, which are returned.

    Parameters
    ----------
    forecast : Forecast
    axes : matplotlib axes, optional
    language : {"zh", "en"}

    Raises
    ------
    InputError
        If `language` is another one.
    MissingExtraError
        If matplotlib, or for Chinese labels the font, is not installed.
    """
    say = words_in(language, _ZH)
    axes = axes_or_new(axes)
    at = edges(forecast.starts)
    shades = np.linspace(0.2, 0.6, len(forecast.intervals))  # solid, so that the legend shows what is drawn
    for level, shade in zip(sorted(forecast.intervals, reverse=True), shades, strict=True):
        sides = [np.append(side, side[-1]) for side in forecast.intervals[level]]
        label = f"{100 * level:g} % {say('interval')}"
        colour = tuple(1.0 - shade * (1.0 - part) for part in _BLUE)
        axes.fill_between(at, *sides, step="post", linewidth=0, color=colour, label=label)
    axes.step(at, np.append(forecast.mean, forecast.mean[-1]), where="post", color="tab:blue", label=say("mean"))
    axes.set_ylabel(say("load"))
    day_ticks(axes)
    finish(axes, legend=True)
    return axes
