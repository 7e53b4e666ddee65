"""What a controller remembers between steps, and over restarts: plain JSON, read as if it came from a damaged file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import pandas as pd

from carbonost.domain.asset import Battery, Chp
from carbonost.domain.checks import is_number
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.asset import Site

FORMAT: Final = 1
DUST: Final = 1e-6
"""How far rounding may put a state of charge beyond a full or an empty battery."""
_REMEDY: Final = "Restore an older copy of the state, or start with the measured charge alone, {'soc': 0.5}."


def fingerprint(site: Site) -> str:
    """What tells a park's state from another's: its assets, and the battery's size."""
    assets = [(type(asset).__name__, name) for name, asset in site.named()]
    sizes = [(a.capacity_kwh, a.power_kw) for a in site.assets if isinstance(a, Battery)]
    return f"{crc32(repr((assets, sizes)).encode()):08x}"


def read_state(state: Any, site: Site, battery: Battery) -> dict[str, Any]:
    """A state of this park's controller.

    Raises
    ------
    InputError
        If it is cut off, of another format or another park, or holds what cannot be; `field` names the entry.
    """
    given = _mapping(state)
    for name, mine, told in (
        ("format", FORMAT, "is a format this version does not read"),
        ("site", fingerprint(site), "is the state of another park, or of this one before its assets changed"),
    ):
        if given.get(name, mine) != mine:
            raise InputError(told, field=f"state[{name!r}]", value=given[name], remedy=_REMEDY)
    now = {"soc": battery.soc_initial, **given, "format": FORMAT, "site": fingerprint(site)}
    if not is_number(now["soc"]) or not -DUST <= now["soc"] <= 1.0 + DUST:
        raise InputError("is a share, 0 to 1", field="state['soc']", value=now["soc"])
    if not _is_amount(now.get("month_peak_kw", 0.0)):
        raise _wrong("must be a number that is not negative", "month_peak_kw", now["month_peak_kw"])
    peaks = now.get("day_peaks_kw", [])
    if not isinstance(peaks, (list, tuple)) or not all(is_number(peak) for peak in peaks):
        raise _wrong("must be numbers", "day_peaks_kw", peaks)
    for name, length in (("month", 7), ("day", 10)):
        if name in now and not _is_date(now[name], length):
            raise _wrong("is not a local date", name, now[name])
    _check_window(now.get("window"))
    _check_chp(now.get("chp"), site)
    return now


def _mapping(state: Any) -> dict[str, Any]:
    if isinstance(state, (str, bytes, bytearray)):
        try:
            state = json.loads(state)
        except ValueError as exc:
            raise InputError("is cut off or is not JSON", field="state", value=str(exc), remedy=_REMEDY) from exc
    if state is None:
        return {}
    if not isinstance(state, Mapping):
        raise InputError("is not a mapping", field="state", value=type(state).__name__, remedy='Give {"soc": 0.5}.')
    return dict(state)


def _wrong(problem: str, name: str, value: Any) -> InputError:
    return InputError(problem, field=f"state[{name!r}]", value=value, remedy=_REMEDY)


def _is_amount(value: Any) -> bool:
    return is_number(value) and value >= 0


def _is_date(value: Any, length: int) -> bool:
    if not isinstance(value, str) or len(value) != length:
        return False
    try:
        return not pd.isna(pd.Timestamp(value))
    except ValueError:
        return False


def _check_window(window: Any) -> None:
    """The demand window that is under way."""
    if window is None:
        return
    known = isinstance(window, Mapping) and set(window) >= {"number", "kwh", "hours"}
    if not known or not all(_is_amount(window[key]) for key in ("number", "kwh", "hours")):
        raise _wrong("must hold number, kwh and hours", "window", window)


def _check_chp(units: Any, site: Site) -> None:
    """Whether each CHP is on, since when, and at what power."""
    if units is None:
        return
    names = {name for name, asset in site.named() if isinstance(asset, Chp)}
    known = isinstance(units, Mapping) and set(units) <= names
    for unit in units.values() if known else ({},):
        held = isinstance(unit, Mapping) and set(unit) >= {"on", "held_h", "power_kw"}
        if not held or not (
            isinstance(unit["on"], bool)
            and (unit["held_h"] is None or _is_amount(unit["held_h"]))
            and _is_amount(unit["power_kw"])
        ):
            raise _wrong("must hold on, held_h and power_kw of the site's CHPs", "chp", units)
