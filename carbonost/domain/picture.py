"""What every picture shares: axes that a notebook shows, words in the reader's language, a font for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from carbonost._lazy import load
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LANGUAGES: Final = ("zh", "en")
_FALLBACK: Final = "DejaVu Sans"  # comes with matplotlib, and has the signs the Chinese font lacks


def axes_or_new(axes: Any = None, size: tuple[float, float] = (9, 3.5)) -> Any:
    """Axes given, or new ones of pyplot, which the cell of a notebook shows by itself."""
    if axes is not None:
        if not hasattr(axes, "annotate"):
            raise InputError("are no axes", "axes", type(axes).__name__, "Give matplotlib's, or leave them out.")
        return axes
    return load("matplotlib.pyplot", "a plot").subplots(figsize=size, layout="constrained")[1]


def edges(index: pd.Index) -> pd.DatetimeIndex:
    """Where the intervals begin and the last one ends, on the local clock, which is how a day is read."""
    starts = pd.DatetimeIndex(index)
    step = starts[1] - starts[0] if len(starts) > 1 else pd.Timedelta(hours=1)
    return pd.DatetimeIndex(starts.append(pd.DatetimeIndex([starts[-1] + step]))).tz_localize(None)


def day_ticks(axes: Any) -> None:
    """Name so few dates that the last of a month and the first of the next stand apart."""
    dates = load("matplotlib.dates", "a plot")
    axes.xaxis.set_major_locator(dates.AutoDateLocator(maxticks={dates.DAILY: 8}))


def words_in(language: str, words: Mapping[str, str]) -> Callable[[str], str]:
    """What to call each English word in a language; a word without a translation stays as it is.

    Parameters
    ----------
    language : {"zh", "en"}
    words : {English: Chinese}

    Raises
    ------
    InputError
        If the language is another one.
    """
    if not isinstance(language, str) or language not in LANGUAGES:
        raise InputError("is not a language of the pictures", "language", language, f"Use one of {LANGUAGES}.")
    return (lambda word: words.get(word, word)) if language == "zh" else (lambda word: word)


def finish(axes: Any, *, legend: bool = False, thousands: str = "") -> None:
    """Set what the words need: a legend beside the data, plain figures, the packaged font for Chinese.

    Parameters
    ----------
    axes : matplotlib axes
    legend : bool
        Whether to put one above the axes, where it hides nothing.
    thousands : str
        Axes ("x", "y" or both) whose figures are money or mass, written out with separators.
    """
    if legend:
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, frameon=False)
    for name in thousands:
        getattr(axes, f"{name}axis").set_major_formatter(lambda value, _: f"{value:,.10g}")
    for each in axes.figure.axes if axes.figure else (axes,):
        each.spines["top"].set_visible(False)
        _speak(each)


def _speak(axes: Any) -> None:
    """Set what the usual font cannot draw in the packaged Chinese one."""
    texts = axes.findobj(load("matplotlib.text", "a plot").Text)
    spoken = [text for text in texts if not text.get_text().replace("\N{MINUS SIGN}", "-").isascii()]
    if not spoken:
        return
    path = str(load("pylopdf_fonts_zh_cn", "a plot with Chinese labels").sans_path())
    manager = load("matplotlib.font_manager", "a plot").fontManager
    if not any(font.fname == path for font in manager.ttflist):
        manager.addfont(path)
    family = next(font.name for font in manager.ttflist if font.fname == path)
    for text in spoken:
        text.set_fontfamily([family, _FALLBACK])
