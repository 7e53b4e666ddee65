"""What the fields of a tariff may hold: each is read once, and what cannot be is refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from carbonost.domain.arguments import one_of, scalar
from carbonost.domain.charges import ContractRule, DemandDiscount, PowerFactorRule
from carbonost.domain.checks import day, is_numeric
from carbonost.domain.prices import PriceSeries, PriceTable
from carbonost.errors import NaiveTimestampError, TariffError

if TYPE_CHECKING:
    from datetime import date

    from carbonost.domain.tariff import Tariff

CHARGES: Final = ("energy_only", "demand", "contract", "capacity")
TAXES: Final = ("included", "excluded")
SPANS: Final = (("valid_from", "valid_to"), ("rule_from", "rule_to"))
"""First and last days, by field."""
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "energy": (PriceTable, PriceSeries),
    "export": (PriceTable, PriceSeries),
    "power_factor": (PowerFactorRule,),
    "demand_discount": (DemandDiscount,),
    "contract_rule": (ContractRule,),
    "region": (str,),
    "voltage": (str,),
    "status": (str,),
}
_PRICES: Final = ("demand_cny_per_kw_month", "capacity_cny_per_kva_month")
_SIZES: Final = ("transformer_kva", "contract_kw")
_NEEDED: Final = ("energy", "status")


def amount(value: Any, name: str) -> float:
    """Read an amount that is not negative."""
    return scalar(value, name, least=0.0, remedy=f"Write {name}=40.0.", error=TariffError)


def read_fields(tariff: Tariff) -> None:
    """Bring each field to its type, or refuse it."""
    _check_kinds(tariff)
    read: dict[str, Any] = {
        **{name: amount(getattr(tariff, name), name) for name in _PRICES},
        **{name: amount(getattr(tariff, name), name) for name in _SIZES if getattr(tariff, name) is not None},
        **{name: texts(getattr(tariff, name), name) for name in ("gaps", "sources")},
        "demand_window_min": _minutes(tariff.demand_window_min),
        "holidays": dates(tariff.holidays, "holidays"),
    }
    for name in (end for span in SPANS for end in span):
        if getattr(tariff, name) is not None:
            read[name] = day(getattr(tariff, name), name, TariffError)
    for name, value in read.items():
        object.__setattr__(tariff, name, value)
    for begins, ends in SPANS:
        first, last = getattr(tariff, begins), getattr(tariff, ends)
        if first is not None and last is not None and last < first:
            raise TariffError("ends before it begins", field=ends, value=str(last), remedy=f"It begins on {first}.")
    one_of(tariff.tax, TAXES, "tax", TariffError)
    _check_zone(tariff.zone)


def _check_kinds(tariff: Tariff) -> None:
    for name, kinds in _KINDS.items():
        value = getattr(tariff, name)
        if not isinstance(value, kinds) and (value is not None or name in _NEEDED):
            known = " or ".join(kind.__name__ for kind in kinds)
            shown = "None" if value is None else value
            raise TariffError(f"is not a {known}", field=name, value=shown, remedy=f"Give a {known}.")


def _minutes(window: Any) -> int:
    if not is_numeric(window) or window <= 0 or window != int(window):
        raise TariffError(
            "must be a whole number of minutes above 0", field="demand_window_min", value=window, remedy="Write 15."
        )
    return int(window)


def check_charge(tariff: Tariff) -> None:
    """Refuse a charge that lacks what it is billed on."""
    one_of(tariff.charge, CHARGES, "charge", TariffError)
    needs = {"contract": "contract_kw", "capacity": "transformer_kva"}.get(tariff.charge)
    if needs and getattr(tariff, needs) is None:
        raise TariffError(f"charge={tariff.charge!r} is billed on it", field=needs, remedy=f"Give {needs}=….")
    if tariff.charge == "contract" and tariff.contract_rule is None:
        raise TariffError(
            "a contract is billed by a rule",
            field="contract_rule",
            remedy="Give contract_rule=ContractRule(…), or build the tariff with Tariff.from_prices.",
        )
    if tariff.contract_rule is not None and tariff.transformer_kva is not None and tariff.contract_kw is not None:
        floor = tariff.contract_rule.floor * tariff.transformer_kva
        if tariff.contract_kw < floor:
            raise TariffError(
                f"a contract may not be below {tariff.contract_rule.floor:.0%} of the transformer, {floor:g} kW",
                field="contract_kw",
                value=tariff.contract_kw,
                remedy="Raise the contract or choose another charge.",
            )
    if tariff.demand_discount is not None and tariff.transformer_kva is None:
        raise TariffError("the discount is counted per kVA", field="transformer_kva", remedy="Give transformer_kva=….")


def dates(given: Any, name: str) -> frozenset[date]:
    """Read a list of days."""
    return frozenset(day(item, name, TariffError) for item in _listed(given, name, "[date(2026, 10, 1), …]"))


def instants(starts: Any) -> pd.DatetimeIndex:
    """Read the aware instants at which intervals begin."""
    if not isinstance(starts, pd.DatetimeIndex):
        raise TariffError(
            "are not instants",
            field="starts",
            value=type(starts).__name__,
            remedy="Give a DatetimeIndex, such as load.index.",
        )
    if starts.tz is None:
        raise NaiveTimestampError(
            "the stamps carry no zone", field="starts", remedy="Use tz_localize('Asia/Shanghai')."
        )
    if starts.hasnans:
        raise TariffError(
            "a stamp is missing", field="starts", row=int(np.argmax(starts.isna())), remedy="Leave it out."
        )
    return starts


def length(hours: Any) -> float:
    """Read the length of an interval [h]."""
    if not is_numeric(hours) or hours <= 0:
        raise TariffError(
            "must be a number above 0",
            field="hours",
            value="None" if hours is None else hours,
            remedy="A quarter-hour is 0.25.",
        )
    return float(hours)


def texts(given: Any, name: str) -> tuple[str, ...]:
    """Read a list of texts."""
    out = tuple(_listed(given, name, "('…',)"))
    for text in out:
        if not isinstance(text, str):
            raise TariffError("is not a text", field=name, value=text, remedy=f"Give {name}=('…',).")
    return out


def _listed(given: Any, name: str, example: str) -> list[Any]:
    scalar = not isinstance(given, Iterable) or isinstance(given, (str, bytes))
    if scalar or (isinstance(given, np.ndarray) and given.ndim == 0):
        raise TariffError(
            "is not a list",
            field=name,
            value="None" if given is None else given,
            remedy=f"Give {name}={example}.",
        )
    return list(given)


def _check_zone(zone: Any) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, OSError, AttributeError) as exc:
        raise TariffError(
            "is not a time zone", field="zone", value=zone, remedy="Use a name such as 'Asia/Shanghai'."
        ) from exc
