"""A tariff as people read it, a table of bands, and as files keep it, a dict of plain JSON."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.charges import ContractRule, DemandDiscount, PowerFactorRule
from carbonost.domain.prices import DAY_KINDS, HOLIDAY, SLOTS, PriceSeries, PriceTable, clock
from carbonost.domain.tariff_checks import SPANS
from carbonost.errors import TariffError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonost.domain.series import FloatArray
    from carbonost.domain.tariff import Tariff

COLUMNS: Final = ("months", "days", "band", "start", "end", "cny_per_kwh")
_RULES: Final = {"power_factor": PowerFactorRule, "demand_discount": DemandDiscount, "contract_rule": ContractRule}
_DATES: Final = tuple(name for span in SPANS for name in span)
_NAMED_DAYS: Final = {
    (0, 1, 2, 3, 4, 5, 6): "all",
    (0, 1, 2, 3, 4): "workday",
    (5, 6): "weekend",
    (HOLIDAY,): "holiday",
}

Run = tuple[int, int, str, float]
"""First slot, end slot, band, price [CNY/kWh]."""


def band_frame(price: PriceTable | PriceSeries) -> pd.DataFrame:
    """One row per band of each kind of day: `months, days, band, start, end, cny_per_kwh`; or `start, cny_per_kwh`."""
    if isinstance(price, PriceSeries):
        starts = pd.to_datetime(price.start_ns + price.step_ns * np.arange(len(price.values)), utc=True)
        return pd.DataFrame({"start": starts, "cny_per_kwh": np.array(price.values)})
    rows = [
        (_spans(months), _NAMED_DAYS.get(kinds) or _spans([kind + 1 for kind in kinds]), band, clock(a), clock(b), cny)
        for months, kinds, runs in _days(price)
        for a, b, band, cny in runs
    ]
    for day, (values, names) in sorted(price.dated.items()):
        rows += [("", str(day), band, clock(a), clock(b), cny) for a, b, band, cny in _runs(values[0], names[0])]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def tariff_dict(tariff: Tariff) -> dict[str, Any]:
    """All fields as plain JSON, from which `read_tariff` builds an equal tariff."""
    out: dict[str, Any] = {field.name: getattr(tariff, field.name) for field in fields(tariff)}
    for name in ("energy", "export"):
        out[name] = None if out[name] is None else _price_dict(out[name])
    for name in _RULES:
        out[name] = None if out[name] is None else asdict(out[name])
    for name in _DATES:
        out[name] = None if out[name] is None else out[name].isoformat()
    out["holidays"] = sorted(day.isoformat() for day in tariff.holidays)
    return out | {"gaps": list(tariff.gaps), "sources": list(tariff.sources)}


def read_tariff(kind: type[Tariff], given: Mapping[str, Any]) -> Tariff:
    """Build the tariff `tariff_dict` wrote; the same checks hold as for one built by hand."""
    try:
        out = dict(given)
        for name in ("energy", "export"):
            out[name] = None if out.get(name) is None else _read_price(out[name])
        for name, rule in _RULES.items():
            out[name] = None if out.get(name) is None else rule(**out[name])
        return kind(**out)
    except TariffError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as exc:
        raise TariffError(
            "is not what Tariff.to_dict writes",
            field="tariff",
            value=str(exc),
            remedy="Write it with tariff.to_dict().",
        ) from exc


def _days(table: PriceTable) -> list[tuple[list[int], tuple[int, ...], tuple[Run, ...]]]:
    """Months, kinds of day and the day they share; months of the same week stand together."""
    weeks: dict[tuple[tuple[tuple[int, ...], tuple[Run, ...]], ...], list[int]] = {}
    for month in range(12):
        kinds: dict[tuple[Run, ...], list[int]] = {}
        for kind in range(DAY_KINDS if table.on_holidays else HOLIDAY):
            names = None if table.names is None else table.names[month, kind]
            values = table.values[month, kind]  # noqa: PD011 -- no frame
            kinds.setdefault(_runs(values, names), []).append(kind)
        week = tuple((tuple(numbers), runs) for runs, numbers in kinds.items())
        weeks.setdefault(week, []).append(month + 1)
    return [(months, kinds, runs) for week, months in weeks.items() for kinds, runs in week]


def _runs(values: FloatArray, names: Any) -> tuple[Run, ...]:
    """The stretches of a day over which neither band nor price changes."""
    band = np.full(SLOTS, "") if names is None else names
    change = (band[1:] != band[:-1]) | ~((values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1])))
    edges = [0, *(np.flatnonzero(change) + 1).tolist(), SLOTS]
    return tuple((a, b, str(band[a]), float(values[a])) for a, b in pairwise(edges))


def _spans(numbers: Iterable[int]) -> str:
    """Numbers as people write them: 1-2, 6-8, 12."""
    out: list[list[int]] = []
    for number in sorted(numbers):
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def _price_dict(price: PriceTable | PriceSeries) -> dict[str, Any]:
    if isinstance(price, PriceSeries):
        return asdict(price) | {"values": price.values.tolist()}  # noqa: PD011 -- no frame
    return {
        "named": price.names is not None,
        "on_holidays": price.on_holidays,
        "days": [[months, list(kinds), _plain(runs)] for months, kinds, runs in _days(price)],
        "dated": {
            str(day): [_plain(_runs(values[k], names[k])) for k in (0, 1)]
            for day, (values, names) in sorted(price.dated.items())
        },
    }


def _plain(runs: Iterable[Run]) -> list[list[Any]]:
    return [[a, b, band, None if np.isnan(cny) else cny] for a, b, band, cny in runs]


def _read_price(given: Mapping[str, Any]) -> PriceTable | PriceSeries:
    if "step_ns" in given:
        return PriceSeries(**dict(given) | {"values": np.asarray(given["values"], dtype=np.float64)})
    text = f"<U{max([16, *(len(run[2]) for _, _, runs in given['days'] for run in runs)])}"
    values, names = np.full((12, DAY_KINDS, SLOTS), np.nan), np.full((12, DAY_KINDS, SLOTS), "", dtype=text)
    for months, kinds, runs in given["days"]:
        day = _read_runs(runs, text)
        for month in months:
            for kind in kinds:
                values[month - 1, kind], names[month - 1, kind] = day
    if not given["on_holidays"]:
        values[:, HOLIDAY], names[:, HOLIDAY] = values[:, 6], names[:, 6]
    dated = {}
    for day_text, pair in given["dated"].items():
        read = [_read_runs(runs, text) for runs in pair]
        dated[date.fromisoformat(day_text)] = (np.stack([v for v, _ in read]), np.stack([n for _, n in read]))
    return PriceTable(values, names if given["named"] else None, dated, on_holidays=given["on_holidays"])


def _read_runs(runs: Iterable[Any], text: str) -> tuple[FloatArray, Any]:
    values, names = np.full(SLOTS, np.nan), np.full(SLOTS, "", dtype=text)
    for a, b, band, cny in runs:
        values[a:b], names[a:b] = np.nan if cny is None else cny, band
    return values, names
