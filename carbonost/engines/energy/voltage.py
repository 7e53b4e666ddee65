"""The voltage classes that prices of electricity are published by (电压等级)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from carbonost.errors import TariffError

CLASSES: Final[dict[str, tuple[float, str]]] = {
    "<1kV": (0.0, "不满1千伏"),
    "1-10kV": (1.0, "1-10千伏"),
    "20kV": (20.0, "20千伏"),
    "35kV": (35.0, "35千伏"),
    "110kV": (110.0, "110千伏"),
    "220kV": (220.0, "220千伏及以上"),
}
"""Class: its lowest voltage [kV] and its name."""

_ALIKE: Final = {
    "<1kV": ("不满1kv", "1kv以下", "0.4kv", "0.38kv", "380v", "0.22kv", "220v"),
    "1-10kV": ("1-10(20)kv", "6kv", "10kv", "1-10kv以下"),
    "20kV": ("10-20kv", "20kv及以下"),
    "35kV": ("35-110kv", "35-110kv以下"),
    "110kV": ("66kv", "110(66)kv", "110-220kv", "110-220kv以下"),
    "220kV": ("220kv及以上", ">=220kv", "≥220kv", "330kv", "500kv"),
}
_BY_NAME: Final = {alias: name for name, aliases in _ALIKE.items() for alias in (name.lower(), *aliases)}
_IN_TEXT: Final = re.compile(r"(?:<\s*)?[\d.]+(?:-[\d.]+)?(?:\(\d+\))?\s*kv", re.IGNORECASE)


def read_voltage(voltage: Any) -> str:
    """Class of a voltage as people write it.

    Examples
    --------
    >>> read_voltage("不满1千伏"), read_voltage("1～10千伏"), read_voltage("10 kV"), read_voltage("220千伏及以上")
    ('<1kV', '1-10kV', '1-10kV', '220kV')
    """
    found = _BY_NAME.get(_plain(voltage)) if isinstance(voltage, str) else None
    if found is None:
        raise TariffError(
            "is not a voltage class",
            field="voltage",
            value="None" if voltage is None else voltage,
            remedy="Use one of " + ", ".join(f"'{name}' ({label})" for name, (_, label) in CLASSES.items()) + ".",
        )
    return found


def named_in(text: str) -> str | None:
    """The class a row's own text names, such as "two-part, 1-10 kV"."""
    match = _IN_TEXT.search(text)
    return _BY_NAME.get(_plain(match[0])) if match else None


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower().replace("千伏", "kv")
    return re.sub(r"[~—–−至]", "-", re.sub(r"\s", "", plain))
