"""Pictures of an inventory: scopes side by side, or sources by size; drawn on axes given or on new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carbonost._lazy import load

if TYPE_CHECKING:
    from carbonost.domain.inventory import Inventory

_BLUE: Final = "#0072B2"  # both of the Okabe-Ito set, as in the reports
_AMBER: Final = "#E69F00"
_MOST: Final = 15


def draw(inventory: Inventory, by: str = "scope", axes: Any = None) -> Any:
    """Draw emissions; returns the matplotlib axes.

    Parameters
    ----------
    inventory : Inventory
    by : str
        ``"scope"`` shows the scopes, scope 2 by either method and never added; ``"source"`` the carriers;
        any other column of the lines (``"facility"``, ``"month"``) its groups, location-based.
    axes : matplotlib axes, optional

    Raises
    ------
    InputError
        If the inventory has no such column.
    MissingExtraError
        If matplotlib, or for Chinese labels the font, is not installed.
    """
    groups = None if by == "scope" else _groups(inventory, "energy_type" if by == "source" else by)
    if axes is None:
        axes = load("matplotlib.pyplot", "a plot").subplots(figsize=(7, 3.5), layout="constrained")[1]
    if groups is None:
        _scopes(axes, inventory)
    else:
        _bars(axes, groups)
    axes.spines[["top", "right"]].set_visible(False)
    _speak(axes)
    return axes


def _scopes(axes: Any, inventory: Inventory) -> None:
    bars = (
        ("scope 1", inventory.scope1_t, _BLUE),
        ("scope 2\nlocation-based", inventory.scope2_location_t, _BLUE),
        ("scope 2\nmarket-based", inventory.scope2_market_t, _AMBER),
        ("scope 3", inventory.scope3_t, _BLUE),
    )
    drawn = axes.bar(range(len(bars)), [tonnes for _, tonnes, _ in bars], color=[colour for *_, colour in bars])
    axes.set_xticks(range(len(bars)), [name for name, *_ in bars])
    axes.bar_label(drawn, [f"{tonnes:,.6g}" for _, tonnes, _ in bars], padding=2)
    axes.margins(y=0.12)
    axes.set_ylabel("emissions [tCO2e]")


def _groups(inventory: Inventory, by: str) -> list[tuple[str, float]]:
    """Names and tonnes, in the calendar's order for months and years, else the largest first."""
    frame = inventory.by(by)
    rows = [(str(name), float(t)) for name, t in zip(frame[by], frame["emissions_co2e"], strict=True)]
    if by in {"month", "year", "period_start"}:
        return rows
    rows.sort(key=lambda row: -row[1])
    rest = rows[_MOST:]
    return [*rows[:_MOST], (f"{len(rest)} others", sum(t for _, t in rest))] if rest else rows


def _bars(axes: Any, rows: list[tuple[str, float]]) -> None:
    places = range(len(rows))
    axes.barh(places, [tonnes for _, tonnes in rows], color=_BLUE)
    axes.set_yticks(places, [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("emissions, location-based [tCO2e]")


def _speak(axes: Any) -> None:
    """Set labels the usual font cannot draw in the packaged Chinese one."""
    labels = (*axes.get_xticklabels(), *axes.get_yticklabels())
    spoken = [text for text in labels if not text.get_text().replace("\N{MINUS SIGN}", "-").isascii()]
    if not spoken:
        return
    path = str(load("pylopdf_fonts_zh_cn", "a plot with Chinese labels").sans_path())
    manager = load("matplotlib.font_manager", "a plot").fontManager
    if not any(font.fname == path for font in manager.ttflist):
        manager.addfont(path)
    family = next(font.name for font in manager.ttflist if font.fname == path)
    for text in spoken:
        text.set_fontfamily([family, "DejaVu Sans"])
