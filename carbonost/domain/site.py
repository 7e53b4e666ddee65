"""Facts of a site that the stages look for, and what each may hold: a wrong one is refused where it is read.

A park's file may hold facts of its own under other names; whoever hands a site to a measure may not,
because there a name nobody reads is a misspelt one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from math import inf
from typing import Any, Final, NamedTuple

import numpy as np

from carbonost.domain.activity import Contract
from carbonost.domain.arguments import nearest, scalar, whole
from carbonost.errors import InputError


class Within(NamedTuple):
    """A number between two bounds, both allowed; a whole one where it counts something."""

    least: float = 0.0
    most: float = inf
    whole: bool = False


_HOURS: Final = Within(most=8784)
_RUNNING: Final = Within(least=1, most=8784)  # capacity is energy over these hours
_AMOUNT: Final = Within()
_SHARE: Final = Within(most=1)

NUMBERS: Final[dict[str, Within]] = {
    **dict.fromkeys(("roof_area_m2", "land_area_m2", "pv_capacity_kw", "grid_headroom_kw", "transformer_kva"), _AMOUNT),
    **dict.fromkeys(("battery_power_kw", "battery_capacity_kwh", "boiler_gas_nm3", "expected_entity_count"), _AMOUNT),
    "roof_usable_share": _SHARE,
    "latitude": Within(-90, 90),
    "longitude": Within(-180, 180),
    "tilt_deg": Within(0, 90),
    "azimuth_deg": Within(0, 360),
    "boiler_efficiency": Within(0, 1.1),  # on net calorific value a condensing boiler passes one
    "operating_hours_per_year": _RUNNING,
    "steam_grade.temperature_c": Within(0, 1500),
    "steam_grade.process_temperature_c": Within(0, 500),
    "steam_grade.pressure_mpa": Within(0, 20),
    "steam_grade.enthalpy_kj_per_kg": _AMOUNT,
    "steam_grade.heat_gj_per_year": _AMOUNT,
    "hot_water_demand.temperature_c": Within(0, 500),
    "hot_water_demand.heat_gj_per_year": _AMOUNT,
    "waste_heat_profile.source_temperature_c": Within(-50, 1500),
    "waste_heat_profile.heat_gj_per_year": _AMOUNT,
    "waste_heat_profile.usable_demand_gj_per_year": _AMOUNT,
    "waste_heat_profile.hours_per_year": _RUNNING,
    "waste_heat_profile.cold_inlet_temperature_c": Within(0, 300),
    "waste_heat_profile.reference_temperature_c": Within(0, 300),
    "waste_heat_profile.pinch_k": Within(0, 100),
    "green_power_contract.energy_kwh": _AMOUNT,
    "green_power_contract.share": _SHARE,
}
"""Number -> its bounds; a dot enters a mapping. The unit ends the name; a share lies between 0 and 1."""

ROWS: Final[dict[str, dict[str, Within]]] = {
    "motor_list": {
        "rated_kw": _AMOUNT,
        "hours": _HOURS,
        "poles": Within(2, 8, whole=True),
        "count": _AMOUNT,
        "load_factor": Within(0, 1.2),
        "grade": Within(1, 3, whole=True),
        "target_grade": Within(1, 3, whole=True),
        "efficiency_pct": Within(1, 100),
    },
    "lighting_list": {"fixtures": _AMOUNT, "watts_old": _AMOUNT, "watts_new": _AMOUNT, "hours": _HOURS},
    "compressor_list": {"power_kw": _AMOUNT, "hours": _HOURS, "leak_share": Within(0, 0.99)},
}
"""List of groups -> numbers of one group; one mapping stands for a list of one."""

FLAGS: Final = ("no_fuels", "roof_load_ok")
BY_MEASURE: Final = ("capex", "opex", "life_years")
"""Facts given by a measure's id."""
OTHERS: Final = (
    "boundary",
    "contracts",
    "energy_coefficients",
    "guide_indicators",
    "irradiance",
    "timezone",
    "tou_tariff",
)
"""Facts that are neither number, list of groups nor flag."""
KNOWN: Final = frozenset({*(name.partition(".")[0] for name in NUMBERS), *ROWS, *FLAGS, *BY_MEASURE, *OTHERS})
_PRICES: Final = ("capex", "opex")
_ALIKE: Final = 0.75  # of a label and a fact's name: one is taken for the other misspelt
_DIGITS: Final = "The unit ends the name: write plain digits, without quotes, unit or thousands separator."


def site_faults(site: Mapping[str, Any]) -> list[InputError]:
    """Return what is wrong with the facts of a site; each fault names its field: ``site.roof_area_m2``."""
    told: list[InputError] = []
    for name, within in NUMBERS.items():
        told += _number(f"site.{name}", _at(site, name), within)
    for name, numbers in ROWS.items():
        told += _rows(f"site.{name}", site.get(name), numbers)
    for name in FLAGS:
        if not isinstance(site.get(name, False), bool | np.bool_ | None):
            told.append(InputError("must be true or false", f"site.{name}", site[name], "Write true or false."))
    told += _by_measure("site.life_years", site.get("life_years"), Within(1, inf))
    for kind in _PRICES:
        told += _by_measure(f"site.{kind}", site.get(kind), Within(-inf, inf))
    return [*told, *_misspelt(site), *_contracts(site.get("contracts"))]


def unread_facts(site: Mapping[str, Any], further: Iterable[str] = ()) -> list[InputError]:
    """Return a fault for each name that nothing reads, with the nearest that something does.

    Parameters
    ----------
    site : mapping
    further : iterable of str
        Names that are read as well, such as those a library of one's own asks for.
    """
    known = KNOWN | {name.partition(".")[0] for name in further}
    return [_unread(f"site.{name}", site[name], name, known) for name in site if name not in known]


def _misspelt(site: Mapping[str, Any]) -> Iterator[InputError]:
    """Faults of names inside a group or a row: nearly one that is read, or a number of a row that nothing reads.

    A text may stand in a row as its label, and a group may hold facts of somebody's own.
    """
    inner = [name.partition(".") for name in NUMBERS if "." in name]
    for group in dict.fromkeys(head for head, _, _ in inner):
        own = {name for head, _, name in inner if head == group}
        value: Any = site.get(group)
        for name in value if isinstance(value, Mapping) else ():
            if name not in own and get_close_matches(str(name), own - value.keys(), n=1, cutoff=_ALIKE):
                yield _unread(f"site.{group}.{name}", value[name], name, own)
    for group, numbers in ROWS.items():
        listed: Any = site.get(group)
        for at, row in enumerate([listed] if isinstance(listed, Mapping) else listed if _is_list(listed) else ()):
            for name, told in row.items() if isinstance(row, Mapping) else ():
                label = isinstance(told, str) and not get_close_matches(str(name), numbers, n=1, cutoff=_ALIKE)
                if name not in numbers and told is not None and not label:
                    fault = _unread(f"site.{group}[{at}].{name}", told, name, numbers)
                    fault.remedy = f"{fault.remedy} A label of your own is written as a text."
                    yield fault


def _unread(field: str, value: Any, name: object, known: Iterable[str]) -> InputError:
    return InputError("is a fact that nothing reads", field, value, nearest(name, known, alike=0.6))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _at(site: Any, name: str) -> Any:
    for part in name.split("."):
        site = site.get(part) if isinstance(site, Mapping) else None
    return site


def _number(field: str, value: Any, within: Within) -> Iterator[InputError]:
    if value is None or (isinstance(value, str) and not value):
        return
    least, most, counted = within
    try:
        if counted:
            whole(value, field, least=int(least), most=int(most))
        else:
            scalar(value, field, least=least, most=most, remedy=_DIGITS)
    except InputError as fault:
        yield fault


def _rows(field: str, value: Any, numbers: Mapping[str, Within]) -> Iterator[InputError]:
    if value is None or (isinstance(value, str) and not value):
        return
    listed = [value] if isinstance(value, Mapping) else value
    if not _is_list(listed):
        yield InputError("must be a list of mappings", field, value, "Give one mapping per group.")
        return
    for at, row in enumerate(listed):
        if not isinstance(row, Mapping):
            yield InputError("must be a mapping", f"{field}[{at}]", row, "Give names and numbers.")
            continue
        for name, within in numbers.items():
            yield from _number(f"{field}[{at}].{name}", row.get(name), within)


def _by_measure(field: str, value: Any, within: Within) -> Iterator[InputError]:
    """Faults of what is given by a measure's id: a number each, or a mapping of numbers."""
    if not isinstance(value, Mapping):
        if value:
            yield InputError("must be a mapping", field, value, "Give the measure's id and a number: LED: 10.")
        return
    for measure, told in value.items():
        inner: Iterable[tuple[str, Any]] = told.items() if isinstance(told, Mapping) else [("", told)]
        for key, number in inner:
            yield from _number(".".join(filter(None, (field, str(measure), str(key)))), number, within)


def _contracts(value: Any) -> Iterator[InputError]:
    if value is not None and not isinstance(value, (list, tuple)):
        yield InputError("must be a list of contracts", "site.contracts", value, "Give one mapping per contract.")
        return
    for at, row in enumerate(value or ()):
        try:
            Contract.of(row)
        except InputError as error:
            for fault in getattr(error, "exceptions", (error,)):
                fault.field = f"site.contracts[{at}].{fault.field}"
                yield fault
        except TypeError:
            yield InputError("must be a mapping", f"site.contracts[{at}]", row, "Give kind and energy_kwh.")
