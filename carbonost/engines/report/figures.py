"""Charts as SVG and PNG: one style, the packaged font, axes from zero, the same bytes every time.

Colours are the Okabe-Ito set, told apart by readers with any common colour vision; series also
differ in hatching or dash where they overlap.
"""

from __future__ import annotations

import io
import re
import threading
from typing import TYPE_CHECKING, Any, Final

from carbonost._lazy import load
from carbonost.domain.document import MISSING
from carbonost.engines.report.fonts import check_glyphs, sans_path
from carbonost.engines.report.text import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carbonost.domain.document import Chart, ChartSeries, Figure, Num

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#666666")
INK: Final = "#222222"
WIDTH_IN: Final = 6.3
PNG_DPI: Final = 200
_LOCK: Final = threading.Lock()  # pyplot-free, but rcParams and the font list are the process's


def draw(figure: Figure, *, png: bool = True) -> tuple[bytes, bytes]:
    """A figure's chart as SVG and PNG bytes (the latter empty where not asked for).

    Raises
    ------
    MissingExtraError
        If matplotlib or the font package is not installed.
    MissingGlyphError
        If a label holds a character the packaged font lacks.
    """
    chart = figure.chart
    names = [*chart.categories, *(series.name for series in chart.series), chart.x_title, chart.y_title]
    check_glyphs((f"{figure.label} {figure.caption}", name) for name in names)
    matplotlib = load("matplotlib", "a chart in a report")
    with _LOCK, matplotlib.rc_context(_style(figure.name)):
        canvas, axes = _canvas(_height(chart))
        _DRAWERS[chart.kind](axes, chart)
        vector, pixels = io.BytesIO(), io.BytesIO()
        canvas.savefig(vector, format="svg", metadata={"Date": None, "Creator": None})
        if png:
            canvas.savefig(pixels, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return _tidy(vector.getvalue(), figure), pixels.getvalue()


def _style(name: str) -> dict[str, Any]:
    manager = load("matplotlib.font_manager", "a chart in a report")
    path = str(sans_path())
    if not any(entry.fname == path for entry in manager.fontManager.ttflist):
        manager.fontManager.addfont(path)
    family = next(entry.name for entry in manager.fontManager.ttflist if entry.fname == path)
    return {
        "font.family": [family],
        "mathtext.fontset": "custom",
        **{f"mathtext.{face}": family for face in ("rm", "it", "bf", "cal", "sf", "tt", "bfit")},
        "mathtext.default": "rm",
        "axes.unicode_minus": True,
        "svg.fonttype": "path",
        "svg.hashsalt": name,
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": "#888888",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.axisbelow": True,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.6,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
        "hatch.linewidth": 0.4,
    }


def _height(chart: Chart) -> float:
    if chart.kind in {"ranking", "tornado"}:
        return min(6.0, 1.1 + 0.32 * len(chart.categories))
    return 2.9


def _canvas(height_in: float) -> tuple[Any, Any]:
    figures = load("matplotlib.figure", "a chart in a report")
    canvas = figures.Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    return canvas, canvas.add_subplot()


def _tidy(svg: bytes, figure: Figure) -> bytes:
    """The picture alone, with its description."""
    text = svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    escaped = figure.alt.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{escaped}" ', 1).encode()


def _say(text: str) -> str:
    """A label with subscripts in matplotlib's own notation; a literal dollar stays one."""
    parts = []
    for level, piece in runs(text):
        shown = piece.replace("$", r"\$")
        parts.append({"": shown, "sub": f"$_{{{shown}}}$", "sup": f"$^{{{shown}}}$"}[level])
    return "".join(parts)


def _values(values: Sequence[Num]) -> list[float]:
    return [float("nan") if num.shown is None else float(num.shown) for num in values]


def _finish(axes: Any, chart: Chart, *, legend: bool = True, horizontal: bool = False) -> None:
    axes.set_xlabel(_say(chart.y_title if horizontal else chart.x_title))
    axes.set_ylabel(_say(chart.x_title if horizontal else chart.y_title))
    axes.grid(axis="x" if horizontal else "y")
    value_axis = axes.xaxis if horizontal else axes.yaxis
    value_axis.set_major_formatter(_thousands())
    if legend and len(chart.series) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, fontsize=8)


def _thousands() -> Any:
    ticker = load("matplotlib.ticker", "a chart in a report")

    def shown(value: float, _position: object = None) -> str:
        text = f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"  # noqa: PLR2004 -- six digits fit a tick
        return text.replace("-", "\u2212")

    return ticker.FuncFormatter(shown)


def _bars(axes: Any, chart: Chart) -> None:
    places = range(len(chart.categories))
    width = min(0.62, 0.14 * len(chart.categories)) / len(chart.series)
    for i, series in enumerate(chart.series):
        offset = (i - (len(chart.series) - 1) / 2) * width
        drawn = axes.bar(
            [p + offset for p in places], _values(series.values), width, color=COLOURS[i], label=series.name
        )
        if len(chart.categories) <= 6:  # noqa: PLR2004 -- room for the figures above the bars
            axes.bar_label(drawn, [num.text for num in series.values], padding=2, fontsize=8)
    axes.margins(x=0.08, y=0.1)
    axes.set_xticks(list(places), [_say(name) for name in chart.categories])
    _slant(axes, chart)
    _finish(axes, chart)


def _slant(axes: Any, chart: Chart) -> None:
    """Turn labels that would run into one another."""
    if sum(map(len, chart.categories)) > 60:  # noqa: PLR2004 -- what fits under the axis
        axes.tick_params(axis="x", labelrotation=45)


def _stack(axes: Any, chart: Chart) -> None:
    places = list(range(len(chart.categories)))
    bottom = [0.0] * len(places)
    for i, series in enumerate(chart.series):
        heights = [0.0 if num.missing else float(num.shown or 0) for num in series.values]
        look = {"color": COLOURS[i], "hatch": ("", "//")[i % 2], "edgecolor": "white", "linewidth": 0.3}
        axes.bar(places, heights, 0.7, bottom=bottom, label=_say(series.name), **look)
        bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
    for place in places:
        if any(series.values[place].missing for series in chart.series):
            axes.text(place, bottom[place], MISSING, rotation=90, ha="center", va="bottom", fontsize=7)
    axes.set_xticks(places, [_say(name) for name in chart.categories])
    _slant(axes, chart)
    _finish(axes, chart, legend=False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, fontsize=8)


def _ranking(axes: Any, chart: Chart) -> None:
    places = list(range(len(chart.categories)))[::-1]
    series = chart.series[0]
    drawn = axes.barh(places, _values(series.values), 0.62, color=COLOURS[0])
    axes.bar_label(drawn, [num.text for num in series.values], padding=3, fontsize=8)
    axes.set_yticks(places, [_say(name) for name in chart.categories])
    axes.margins(x=0.14)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]) if min(_values(series.values), default=0) < 0 else 0)
    _finish(axes, chart, legend=False, horizontal=True)


def _macc(axes: Any, chart: Chart) -> None:
    costs, amounts = (_values(series.values) for series in chart.series[:2])
    blocks = [row for row in zip(costs, amounts, chart.categories, strict=True) if row[0] == row[0] and row[1] > 0]
    blocks.sort(key=lambda row: (row[0], row[2]))
    left = 0.0
    for i, (cost, amount, name) in enumerate(blocks):
        axes.bar(left, cost, amount, align="edge", color=COLOURS[i % len(COLOURS)], edgecolor="white", linewidth=0.8,
                 label=_say(name))  # fmt: skip
        left += amount
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xlim(0, left or 1)
    axes.xaxis.set_major_formatter(_thousands())
    _finish(axes, chart, legend=False)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8)


def _cashflow(axes: Any, chart: Chart) -> None:
    places = list(range(len(chart.categories)))
    flows = _values(chart.series[0].values)
    colours = [COLOURS[0] if not flow < 0 else COLOURS[5] for flow in flows]
    axes.bar(places, flows, 0.65, color=colours, label=_say(chart.series[0].name))
    if len(chart.series) > 1:
        axes.plot(places, _values(chart.series[1].values), color=INK, marker="o", markersize=3, linewidth=1.2,
                  label=_say(chart.series[1].name))  # fmt: skip
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xticks(places, [_say(name) for name in chart.categories])
    _finish(axes, chart)


def _tornado(axes: Any, chart: Chart) -> None:
    low, high = (_values(series.values) for series in chart.series[:2])
    rows = sorted(zip(low, high, chart.categories, strict=True), key=lambda row: (abs(row[1] - row[0]), row[2]))
    rows = [row for row in rows if row[0] == row[0] and row[1] == row[1]]
    middle = sum(a + b for a, b, _ in rows) / (2 * len(rows)) if rows else 0.0
    for place, (at_low, at_high, _) in enumerate(rows):
        first = place == len(rows) - 1
        axes.plot([at_low, at_high], [place, place], color="#BBBBBB", linewidth=7, solid_capstyle="butt", zorder=1)
        axes.scatter(
            at_low, place, color=COLOURS[5], marker="s", s=46, zorder=2, label=chart.series[0].name if first else None
        )
        axes.scatter(
            at_high, place, color=COLOURS[0], marker="o", s=46, zorder=2, label=chart.series[1].name if first else None
        )
    axes.set_yticks(range(len(rows)), [_say(name) for _, _, name in rows])
    axes.margins(y=0.18, x=0.08)
    if min([0.0, *low]) <= 0 <= max([0.0, *high]) or middle:
        axes.axvline(0, color=INK, linewidth=0.8)
    _finish(axes, chart, legend=False, horizontal=True)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=8)


def _lines(axes: Any, chart: Chart) -> None:
    places = list(range(len(chart.categories)))
    dashes = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
    for i, series in enumerate(chart.series):
        values = _values(series.values)
        axes.step(places, values, where="post", color=COLOURS[i], linestyle=dashes[i % 5], linewidth=1.2,
                  label=_say(series.name))  # fmt: skip
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if _below_zero(chart.series) else 0)
    shown = _ticks(chart.categories)
    axes.set_xticks([place for place, _ in shown], [_say(name) for _, name in shown], fontsize=8)
    axes.set_xlim(0, max(1, len(places) - 1))
    _finish(axes, chart, legend=False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=5, fontsize=8)


def _ticks(instants: Sequence[str]) -> list[tuple[int, str]]:
    """The midnights of a row of instants, else every seventh part of it."""
    starts = (re.match(r"(?:\d{4}-)?(\d\d-\d\d)[T ]00:00", name) for name in instants)
    midnights = [(i, found[1]) for i, found in enumerate(starts) if found]
    step = max(1, len(instants) // 7)
    return midnights or list(enumerate(instants))[::step]


def _below_zero(series: Sequence[ChartSeries]) -> bool:
    return any(value < 0 for one in series for value in _values(one.values))


_DRAWERS: Final[dict[str, Callable[[Any, Chart], None]]] = {
    "bars": _bars,
    "stack": _stack,
    "ranking": _ranking,
    "macc": _macc,
    "cashflow": _cashflow,
    "tornado": _tornado,
    "lines": _lines,
}
