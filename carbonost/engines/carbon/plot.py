"""Pictures of an inventory: scopes side by side, or sources by size; drawn on axes given or on new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.picture import axes_or_new, finish, words_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.inventory import Inventory

_BLUE: Final = "#0072B2"  # both of the Okabe-Ito set, as in the reports
_AMBER: Final = "#E69F00"
_MOST: Final = 15
_WORDS: Final = {
    "scope 1": "范围一",
    "scope 2\nlocation-based": "范围二\n（基于位置）",
    "scope 2\nmarket-based": "范围二\n（基于市场）",
    "scope 3": "范围三",
    "emissions [tCO2e]": "排放量（tCO2e）",
    "emissions, location-based [tCO2e]": "排放量，基于位置（tCO2e）",
    "others": "项其他",
}


def draw(inventory: Inventory, by: str = "scope", axes: Any = None, *, language: str = "zh") -> Any:
    """Draw emissions; returns the matplotlib axes.

    Parameters
    ----------
    inventory : Inventory
    by : str
        ``"scope"`` shows the scopes, scope 2 by either method and never added; ``"source"`` the carriers;
        any other column of the lines (``"facility"``, ``"month"``) its groups, location-based.
    axes : matplotlib axes, optional
    language : {"zh", "en"}

    Raises
    ------
    InputError
        If the inventory has no such column, or the language is another one.
    MissingExtraError
        If matplotlib, or for Chinese labels the font, is not installed.
    """
    say = words_in(language, _WORDS)
    groups = None if by == "scope" else _groups(inventory, "energy_type" if by == "source" else by, say)
    axes = axes_or_new(axes, (7, 3.5))
    if groups is None:
        _scopes(axes, inventory, say)
    else:
        _bars(axes, groups, say)
    axes.spines["right"].set_visible(False)
    finish(axes)
    return axes


def _scopes(axes: Any, inventory: Inventory, say: Callable[[str], str]) -> None:
    bars = (
        ("scope 1", inventory.scope1_t, _BLUE),
        ("scope 2\nlocation-based", inventory.scope2_location_t, _BLUE),
        ("scope 2\nmarket-based", inventory.scope2_market_t, _AMBER),
        ("scope 3", inventory.scope3_t, _BLUE),
    )
    drawn = axes.bar(range(len(bars)), [tonnes for _, tonnes, _ in bars], color=[colour for *_, colour in bars])
    axes.set_xticks(range(len(bars)), [say(name) for name, *_ in bars])
    axes.bar_label(drawn, [f"{tonnes:,.6g}" for _, tonnes, _ in bars], padding=2)
    axes.margins(y=0.12)
    axes.set_ylabel(say("emissions [tCO2e]"))


def _groups(inventory: Inventory, by: str, say: Callable[[str], str]) -> list[tuple[str, float]]:
    """Names and tonnes, in the calendar's order for months and years, else the largest first."""
    frame = inventory.by(by)
    rows = [(str(name), float(t)) for name, t in zip(frame[by], frame["emissions_co2e"], strict=True)]
    if by in {"month", "year", "period_start"}:
        return rows
    rows.sort(key=lambda row: -row[1])
    rest = rows[_MOST:]
    return [*rows[:_MOST], (f"{len(rest)} {say('others')}", sum(t for _, t in rest))] if rest else rows


def _bars(axes: Any, rows: list[tuple[str, float]], say: Callable[[str], str]) -> None:
    places = range(len(rows))
    axes.barh(places, [tonnes for _, tonnes in rows], color=_BLUE)
    axes.set_yticks(places, [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel(say("emissions, location-based [tCO2e]"))
