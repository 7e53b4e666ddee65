"""Scope 3: the fifteen categories, each computed, not relevant, or not assessed with the reason.

Makers such as `freight` and `commuting` turn what an organisation knows (tonnes and kilometres, people
and days, money) into activity rows; the calculator multiplies them. `prepare` names the packaged
factor of a common activity (``flight_long_haul``, ``hgv``, ``waste_landfill``). Those factors are the
United Kingdom's: a row of another region gets one only where the caller borrows it, and the row says so.
Nothing is invented: an activity without a packaged or own factor is refused by name.

References
----------
.. [1] GHG Protocol, Corporate Value Chain (Scope 3) Accounting and Reporting Standard (2011), ch. 5, Table 5.4.
.. [2] UK DESNZ, Greenhouse gas reporting: conversion factors 2025 (Open Government Licence v3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import numpy as np
import pandas as pd

from carbonost.domain.inventory import Inventory
from carbonost.domain.period import Period
from carbonost.engines.carbon.answers import table
from carbonost.errors import FactorNotFoundError, InputError
from carbonost.factors.energy_types import category as family_of
from carbonost.factors.energy_types import energy_type, shared_fuel
from carbonost.factors.regions import region as region_of

if TYPE_CHECKING:
    from carbonost.engines.carbon.answers import Rows
    from carbonost.factors.library import FactorLibrary

    Row = dict[str, Any]

CATEGORIES: Final = {
    1: ("Purchased goods and services", "外购商品和服务"),
    2: ("Capital goods", "资本货物"),
    3: ("Fuel- and energy-related activities", "燃料和能源相关活动"),
    4: ("Upstream transportation and distribution", "上游运输和配送"),
    5: ("Waste generated in operations", "运营中产生的废弃物"),
    6: ("Business travel", "商务旅行"),
    7: ("Employee commuting", "员工通勤"),
    8: ("Upstream leased assets", "上游租赁资产"),
    9: ("Downstream transportation and distribution", "下游运输和配送"),
    10: ("Processing of sold products", "售出产品的加工"),
    11: ("Use of sold products", "售出产品的使用"),
    12: ("End-of-life treatment of sold products", "售出产品的报废处理"),
    13: ("Downstream leased assets", "下游租赁资产"),
    14: ("Franchises", "特许经营"),
    15: ("Investments", "投资"),
}


class Activity(NamedTuple):
    """A common activity: its category, the code of its packaged factor, and its Chinese name."""

    category: int
    code: str
    name_zh: str


ACTIVITIES: Final = {
    "water_supply": Activity(1, "17_404_4005_1", "自来水供应"),
    "electricity_wtt": Activity(3, "15_917_4000_5", "电力上游(燃料开采与运输)"),
    "electricity_losses": Activity(3, "13_402_4000_5", "电力输配损失"),
    "electricity_losses_wtt": Activity(3, "15_918_4000_5", "输配损失的上游"),
    "heat_wtt": Activity(3, "16_919_4003_5", "热力上游"),
    "heat_losses": Activity(3, "13_403_4004_5", "热力输送损失"),
    "heat_losses_wtt": Activity(3, "16_920_4004_5", "热力输送损失的上游"),
    "hgv": Activity(4, "27_304_3140_14", "公路货运(重型货车平均)"),
    "van": Activity(4, "27_303_3106_14", "公路货运(轻型货车平均)"),
    "rail_freight": Activity(4, "27_315_3151_14", "铁路货运"),
    "ship_bulk": Activity(4, "27_320_3221_14", "散货船"),
    "ship_container": Activity(4, "27_320_3235_14", "集装箱船"),
    "ship_general": Activity(4, "27_320_3228_14", "杂货船"),
    "air_freight_domestic": Activity(4, "27_317_3152_14", "国内航空货运"),
    "air_freight_long_haul": Activity(4, "27_317_3156_14", "长途航空货运"),
    "wastewater": Activity(5, "18_405_4006_1", "污水处理"),
    "waste_landfill": Activity(5, "20_507_5313_15", "工商业垃圾填埋"),
    "waste_incineration": Activity(5, "20_507_5311_15", "工商业垃圾焚烧(能量回收)"),
    "waste_composting": Activity(5, "20_507_5305_15", "有机垃圾堆肥"),
    "flight_domestic": Activity(6, "21_316_3160_11", "国内航班"),
    "flight_short_haul": Activity(6, "21_316_3162_11", "短途航班"),
    "flight_long_haul": Activity(6, "21_316_3168_11", "长途航班"),
    "hotel": Activity(6, "29_600_4009_13", "酒店住宿(中国)"),
    "rail": Activity(6, "25_315_3147_11", "铁路客运"),
    "metro": Activity(7, "25_315_3150_11", "地铁"),
    "bus": Activity(7, "25_314_3145_11", "公共汽车"),
    "coach": Activity(6, "25_314_3146_11", "长途客车"),
    "taxi": Activity(6, "25_313_3141_11", "出租车"),
    "car_petrol": Activity(7, "25_301_3070_4", "汽油车"),
    "car_diesel": Activity(7, "25_301_3069_4", "柴油车"),
    "car_hybrid": Activity(7, "25_301_3071_4", "混合动力车"),
    "car_electric": Activity(7, "25_301_3076_4", "电动车"),
    "motorbike": Activity(7, "25_302_3080_4", "摩托车"),
    "homeworking": Activity(7, "32_603_9999_12", "居家办公"),
}
"""Activities with a packaged factor. Flights count radiative forcing, as the publisher recommends."""

_SET: Final = "uk.desnz.2025."
_BY_ZH: Final = {activity.name_zh: name for name, activity in ACTIVITIES.items()}
_ENERGY: Final = frozenset({"fuel", "mobile", "electricity", "heat"})
_PERSON_KM: Final = frozenset({"metro", "bus", "coach", "rail", "taxi"})


_BY_PREFIX: Final = {
    "wtt_business_travel": 6,
    "wtt_pass_vehs": 6,
    "wtt_delivery_vehs": 4,
    "wtt": 3,
    "electricity_t_and_d": 3,
    "heat_distribution": 3,
    "uk_electricity_t_and_d": 3,
    "business_travel": 6,
    "hotel_stay": 6,
    "freighting_goods": 4,
    "waste_disposal": 5,
    "water_treatment": 5,
    "water_supply": 1,
    "material_use": 1,
    "homeworking": 7,
    "managed_assets": 8,
}
"""How the packaged carriers of scope 3 begin -> category; the first that fits holds."""


def category_of(carrier: str) -> int | None:
    """Return the category a packaged carrier of scope 3 belongs to when nothing else is said."""
    if carrier in ACTIVITIES:
        return ACTIVITIES[carrier].category
    return next((number for prefix, number in _BY_PREFIX.items() if carrier.startswith(prefix)), None)


def prepare(rows: Rows | Iterable[Any], library: FactorLibrary, *, borrow: str | None = None) -> list[Row]:
    """Return rows the calculator can take: scope 3, a category, and the packaged factor's carrier.

    Parameters
    ----------
    rows : rows of `ActivityData`
        `energy_type` may be a name of `ACTIVITIES` or its Chinese name, or any name if the row has its
        own factor or the library knows it.
    library : FactorLibrary
    borrow : str or None
        ``"GB"`` lets rows of other regions use the United Kingdom's factor; `borrowed_from` then says so.

    Raises
    ------
    FactorNotFoundError
        A common activity outside the United Kingdom, nothing borrowed and no own factor.
    InputError
        A category outside 1 to 15, or none.
    """
    return [_prepared(row, index, library, borrow) for index, row in enumerate(_records(rows))]


def _records(rows: Rows | Iterable[Any]) -> list[Row]:
    if isinstance(rows, pd.DataFrame):
        rows = cast(Any, rows.astype(object).where(rows.notna(), None).to_dict("records"))
    found = [dict(row) if isinstance(row, Mapping) else cast(Any, row).model_dump() for row in rows]
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def _prepared(row: Row, index: int, library: FactorLibrary, borrow: str | None) -> Row:
    name = str(row.get("energy_type", ""))
    name = _BY_ZH.get(name, name)
    activity = ACTIVITIES.get(name)
    category = row.get("category", activity.category if activity else category_of(name))
    try:
        number = int(str(category))
    except ValueError:
        number = 0
    if number not in CATEGORIES:
        raise InputError("is no category of scope 3", "category", category, "Give 1 to 15.", index)
    out = row | {"scope": 3, "category": number}
    if row.get("factor") is not None:
        return out
    if activity is not None:
        out |= {"energy_type": library.get(f"{_SET}{activity.code}_1").energy_type, "common_name": name}
    carrier, region = str(out["energy_type"]), str(row.get("region", "CN"))
    if _answers(library, carrier, region):
        return out
    if borrow is not None and (carrier, borrow) in library.by_key:
        return out | {"region": borrow, "borrowed_from": f"{borrow}, for {region}"}
    if activity is not None:
        nearest = f"{_SET}{activity.code}_1 of GB, which borrow='GB' would use"
        raise FactorNotFoundError(name, region, str(row.get("period_start", "")), nearest)
    return out


def _answers(library: FactorLibrary, carrier: str, region: str) -> bool:
    return any((carrier, code) in library.by_key for code, _ in region_of(region, library.known_regions).chain)


def screen(
    inventory: Inventory | Rows,
    not_relevant: Mapping[int, str] | None = None,
    not_assessed: Mapping[int, str] | None = None,
) -> pd.DataFrame:
    """Return all fifteen categories: computed, not relevant, or not assessed, with the reason.

    Parameters
    ----------
    inventory : Inventory, or rows of `scope, category, emissions_co2e`
    not_relevant, not_assessed : mapping of category to reason

    Returns
    -------
    DataFrame
        `category, name, name_zh, status, emissions_t, lines, reason`; `emissions_t` is NaN unless computed.

    Raises
    ------
    InputError
        A category that is computed and declared not to be, or declared without a reason.
    """
    lines = inventory.to_frame() if isinstance(inventory, Inventory) else inventory
    frame = table(lines, ("scope", "category", "emissions_co2e"), "the scope 3 lines")
    frame = frame[frame["scope"] == 3]  # noqa: PLR2004 -- scope 3
    number = pd.to_numeric(frame["category"].astype(str), errors="coerce")
    if number.isna().any():
        raise InputError(
            "a line of scope 3 has no category", "category", None, "Give 1 to 15.", int(number.isna().argmax())
        )
    code = number.to_numpy(dtype=np.int64)
    tonnes = np.bincount(code, frame["emissions_co2e"].to_numpy(dtype=np.float64), minlength=16)
    count = np.bincount(code, minlength=16)
    declared = [("not_relevant", dict(not_relevant or {})), ("not_assessed", dict(not_assessed or {}))]
    for status, reasons in declared:
        for category, reason in reasons.items():
            if category not in CATEGORIES or not str(reason).strip():
                raise InputError("needs a category from 1 to 15 and a reason", status, {category: reason})
            if count[category]:
                raise InputError(f"category {category} is computed", status, category, "Drop it from the declaration.")
    rows = []
    for category, (name, name_zh) in CATEGORIES.items():
        status, reason = "not_assessed", "no activity data given"
        for word, reasons in declared:
            if category in reasons:
                status, reason = word, reasons[category]
        if count[category]:
            status, reason = "computed", ""
        value = float(tonnes[category]) if count[category] else float("nan")
        rows.append((category, name, name_zh, status, value, int(count[category]), reason))
    return pd.DataFrame(rows, columns=["category", "name", "name_zh", "status", "emissions_t", "lines", "reason"])


# ---- makers: what an organisation knows -> activity rows ------------------------------------------


def _row(name: str, amount: float, unit: str, category: int, period: object, extra: Mapping[str, Any]) -> Row:
    span = Period.of(cast(Any, period))
    row = {"energy_type": name, "consumption": amount, "unit": unit, "category": category, "scope": 3}
    return row | {"period_start": span.start, "period_end": span.end} | dict(extra)


def spend(
    name: str,
    amount_cny: float,
    factor: Mapping[str, Any],
    period: object,
    *,
    price_index: float = 1.0,
    category: int = 1,
    **extra: Any,
) -> Row:
    """Return a row of purchased goods or services by money spent.

    Parameters
    ----------
    amount_cny : float [CNY]
        Spent in the period, in the period's prices.
    factor : mapping
        The user's own factor, such as ``{"value": 0.2, "unit": "kgCO2e/CNY", "source": …}``.
    price_index : float [-]
        Prices of the period over prices of the factor's base year; inflation is not an emission.
    """
    if not (np.isfinite(price_index) and price_index > 0):
        raise InputError("must be positive", "price_index", price_index)
    return _row(name, amount_cny / price_index, "CNY", category, period, {"factor": dict(factor), **extra})


def freight(
    mode: str, mass_t: float, distance_km: float, period: object, *, downstream: bool = False, **extra: Any
) -> Row:
    """Return a row of freight: tonnes times kilometres, category 4, or 9 where the buyer receives it unpaid."""
    return _row(mode, mass_t * distance_km, "t.km", 9 if downstream else 4, period, extra)


def travel(mode: str, passengers: float, distance_km: float, period: object, **extra: Any) -> Row:
    """Return a row of business travel by passenger-kilometres (by vehicle-kilometres for own cars)."""
    unit = "km" if mode.startswith(("car_", "motorbike")) else "passenger.km"
    return _row(mode, passengers * distance_km, unit, 6, period, extra)


def commuting(
    people: float,
    one_way_km: float,
    days: float,
    shares: Mapping[str, float],
    period: object,
    *,
    per_car: float = 1.0,
    **extra: Any,
) -> list[Row]:
    """Return rows of employee commuting, one a mode of travel.

    Parameters
    ----------
    people, days : float
        Commuters, and days each comes in the period.
    one_way_km : float [km]
        Mean distance from home to work; counted twice a day.
    shares : mapping of mode to float [-]
        Share of the commuters by mode; walking and cycling may be left out, so they need not sum to 1.
    per_car : float
        People in one car.
    """
    total = sum(shares.values())
    if min(shares.values(), default=0.0) < 0 or total > 1 + 1e-9:
        raise InputError("must be shares that sum to at most 1", "shares", dict(shares), "30 % is 0.3.")
    if per_car < 1:
        raise InputError("must be at least 1", "per_car", per_car)
    rows = []
    for mode, share in shares.items():
        person_km = people * share * one_way_km * 2 * days
        by_person = mode in _PERSON_KM
        amount = person_km if by_person else person_km / per_car
        rows.append(_row(mode, amount, "passenger.km" if by_person else "km", 7, period, extra))
    return rows


def upstream_energy(
    activities: Rows | Iterable[Any], library: FactorLibrary, *, without: Collection[str] = ()
) -> list[Row]:
    """Return the category 3 rows that belong to scope 1 and 2 rows of fuel, electricity and heat.

    For a fuel its well-to-tank factor; for electricity and heat the upstream of generation, the
    losses of transport, and the upstream of the losses. Rows of other activities have none.

    Parameters
    ----------
    activities : rows of `ActivityData`
    library : FactorLibrary
    without : collection of str
        Carriers to leave out, because they have no packaged counterpart or a row of their own.

    Raises
    ------
    FactorNotFoundError
        A carrier of energy without a packaged counterpart: leave it out by name, and give its
        upstream as a row of category 3 with an own factor.

    Notes
    -----
    The publisher numbers a fuel's well-to-tank factor like the fuel itself, under another chapter.
    """
    fuels = {}
    for index in np.flatnonzero(np.char.startswith(library.ids.astype(str), f"{_SET}1_")):
        _, family, fuel, *_ = library.ids[index].removeprefix(_SET).split("_")
        fuels[library.energy_types[index]] = f"{_SET}11_{family}_{fuel}_15_1"
    rows = []
    for row in _records(activities):
        key = energy_type(str(row["energy_type"]), library.known_energy_types)
        carrier = shared_fuel(key)
        if family_of(key) not in _ENERGY or carrier in without:
            continue
        names = [f"{carrier}_{part}" for part in ("wtt", "losses", "losses_wtt") if f"{carrier}_{part}" in ACTIVITIES]
        if carrier in fuels:
            names = [library.get(fuels[carrier]).energy_type]
        if not names:
            raise FactorNotFoundError(f"upstream of {carrier}", "GB", str(row.get("period_start", "")))
        for name in names:
            kept = {key: value for key, value in row.items() if key not in {"factor", "parameters", "scope", "purity"}}
            rows.append(kept | {"energy_type": name, "category": 3, "scope": 3, "upstream_of": carrier})
    return rows
