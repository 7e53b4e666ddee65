"""What a measure costs in CNY, or that nobody knows: a foreign price never poses as a Chinese one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from carbonost.domain.arguments import of_kind, one_of, scalar
from carbonost.domain.measure import Effect, Investment, Measure, Method
from carbonost.engines.measures.library import MeasureLibrary
from carbonost.engines.measures.parameters import Parameter, parameter, parameters
from carbonost.engines.measures.site import Record, checked, lookup, number
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem

PER: Final = {
    "cny_per_kw": "capacity_kw",
    "cny_per_kwh": "capacity_kwh",
    "cny_per_kw_heat": "heat_kw",
    "cny_per_kw_year": "capacity_kw",
    "cny_per_kwh_year": "capacity_kwh",
    "cny_per_kw_heat_year": "heat_kw",
}
"""Key of a user's cost -> the size of the effect it multiplies."""


class Costed(NamedTuple):
    """An investment, and what its costs rest on; its `capex_cny` is None where no cost is known."""

    investment: Investment
    assumptions: tuple[AssumptionItem, ...]
    evidence: tuple[EvidenceItem, ...]
    gaps: tuple[DataGap, ...]


def invest(
    effect: Effect,
    site: Mapping[str, Any] | None = None,
    *,
    method: Method = "location_based",
    cny_per_eur: float | None = None,
    cny_per_usd: float | None = None,
    billed_at_cny_per_kwh: float | None = None,
    library: MeasureLibrary | None = None,
) -> Costed:
    """Cost an effect.

    Parameters
    ----------
    effect : Effect
    site : mapping, optional
        ``capex`` and ``opex`` hold the user's own costs by measure id: a number [CNY, CNY/a], or a
        mapping with ``cny``, ``cny_per_kw``, ``cny_per_kwh``, ``cny_per_kw_heat`` (for opex
        ``cny_per_year``, ``cny_per_kw_year`` … or ``share_of_capex``). They come before any row.
        ``life_years`` holds lives [a] by measure id.
    method : {"location_based", "market_based", "zero_carbon_park"}
        Which abatement the investment carries.
    cny_per_eur, cny_per_usd : float, optional
        The user's own exchange rates. Only with one is a foreign row converted, and a gap says that it
        is foreign.
    billed_at_cny_per_kwh : float, optional
        The scenario's electricity price the bill belongs to: the energy charge it saves then moves with
        that price. Without it the money of a bill is fixed.
    library : MeasureLibrary, optional

    Returns
    -------
    Costed
        A row that is second-hand raises a gap; without any cost in CNY, `capex_cny` is None and the
        gap names the foreign rows there are.
    """
    library = MeasureLibrary.given(library)
    of_kind(effect, Effect, "effect", "Give an effect of assess(…).")
    one_of(method, get_args(Method), "method")
    _above_zero(cny_per_eur=cny_per_eur, cny_per_usd=cny_per_usd, billed_at_cny_per_kwh=billed_at_cny_per_kwh)
    site = {} if site is None else checked(site, library)
    measure = library.get(effect.id)
    record = Record()
    money = {"EUR": cny_per_eur, "USD": cny_per_usd, "CNY": 1.0}
    capex = 0.0 if measure.no_capex else _told("capex", effect, site, None)
    if capex is None:
        capex = _published("capex", measure, effect, money, record)
    opex = _told("opex", effect, site, capex)
    if opex is None:
        opex = _published("opex", measure, effect, money, record)
    if effect.computable and capex is None:
        _no_cost(measure, record)
    if effect.computable and opex is None and not measure.no_capex:
        record.miss(f"opex.{measure.id}", f"{measure.name_zh}的运维费用", workaround="暂按 0 计，净收益偏高")
    life = _life(measure, effect, site, record)
    energies = _energies(effect)
    if effect.billed:
        energies.pop("electricity_kwh_per_year", None)
    made = effect.size.get("energy_kwh")
    charge = effect.energy_charge_cny_per_year if billed_at_cny_per_kwh else 0.0
    investment = Investment(
        id=effect.id,
        name=measure.name_zh,
        capex_cny=capex,
        opex_cny_per_year=opex or 0.0,
        saving_cny_per_year=effect.other_saving_cny_per_year - charge,
        energy_charge_cny_per_year=charge,
        billed_at_cny_per_kwh=billed_at_cny_per_kwh if charge else None,
        abatement_t_per_year=_tonnes(effect, method, measure, record),
        degradation=effect.degradation,
        life_years=life,
        energy_kwh_per_year=None if made is None else made.value,
        **energies,
    )
    return Costed(
        investment,
        tuple(record.assumptions.values()),
        tuple(record.evidence.values()),
        tuple(record.gaps.values()),
    )


def _above_zero(**given: float | None) -> None:
    for name, told in given.items():
        if told is not None and scalar(told, name, least=0.0) == 0:
            raise InputError("must be above 0", name, told, "None where it is not known.")


def _tonnes(effect: Effect, method: Method, measure: Measure, record: Record) -> float:
    """Abatement by one method; where its factors lack none is counted, and a gap says so."""
    if effect.abatement is None:  # the effect's own gaps say which factor it lacks
        return 0.0
    tonnes = effect.abatement.total_t(method)
    if tonnes is None:
        record.miss(
            f"abatement.{effect.id}",
            f"{measure.name_zh}按零碳园区方法的减排量",
            severity="high",
            workaround="排放因子加上 AbatementFactors.with_park_method()",
        )
    return tonnes or 0.0


def _life(measure: Measure, effect: Effect, site: Mapping[str, Any], record: Record) -> int | None:
    """Life of what is built: the user's, the effect's, or none known, which a gap says."""
    told = number(site, f"life_years.{measure.id}")
    if told is not None:
        return int(told)
    if effect.life_years is None and effect.computable and not measure.no_capex:
        record.miss(
            f"life_years.{measure.id}",
            f"{measure.name_zh}的更换费用",
            severity="low",
            workaround="暂按计算期内不更换；请提供 site.life_years",
        )
    return effect.life_years


def _energies(effect: Effect) -> dict[str, Any]:
    field = {
        "electricity": "electricity_kwh_per_year",
        "electricity_export": "electricity_export_kwh_per_year",
        "green_electricity": "green_electricity_kwh_per_year",
        "natural_gas": "natural_gas_nm3_per_year",
        "heat": "heat_gj_per_year",
        "steam": "steam_t_per_year",
        "diesel": "diesel_t_per_year",
    }
    return {field[carrier]: one.value for carrier, one in effect.saved.items()}


def _told(kind: str, effect: Effect, site: Mapping[str, Any], capex: float | None) -> float | None:
    """The user's own cost; None where he gives none."""
    value = lookup(site, f"{kind}.{effect.id}")
    where = f"site.{kind}.{effect.id}"
    if value is None or _without_size(effect, value):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, Mapping):
        raise InputError("must be a number or a mapping", where, value, "Give CNY, or cny_per_kw.")
    total = 0.0
    for key, price in value.items():
        if isinstance(price, bool) or not isinstance(price, (int, float)):
            raise InputError("must be a number", f"{where}.{key}", price, "Give CNY.")
        if key in ("cny", "cny_per_year"):
            total += price
        elif key == "share_of_capex":
            if capex is None:
                return None
            total += price * capex
        elif key in PER:
            total += price * _size(effect, PER[key], f"{where}.{key}")
        else:
            known = ", ".join(["cny", "cny_per_year", "share_of_capex", *PER])
            raise InputError("unknown kind of cost", f"{where}.{key}", price, f"Known: {known}.")
    return total


def _without_size(effect: Effect, value: object) -> bool:
    """Whether the price asks for the size of an effect that lacks the data to have one; its gaps say which."""
    return not effect.computable and isinstance(value, Mapping) and not PER.keys().isdisjoint(value)


def _size(effect: Effect, name: str, where: str) -> float:
    if name not in effect.size:
        known = ", ".join(effect.size) or "none"
        raise InputError(f"the effect has no {name}", where, None, f"It has: {known}. Give cny instead.")
    return effect.size[name].value


def _published(
    kind: str, measure: Measure, effect: Effect, money: Mapping[str, float | None], record: Record
) -> float | None:
    """Sum of the rows of the first currency that can be used."""
    chosen: list[tuple[Parameter, float]] = []
    for row in measure.cost_rows:
        if row.kind != kind or row.per not in effect.size:
            continue
        figure = parameter(measure.id, row.parameter)
        if money.get(figure.currency or "") is None:
            continue
        if chosen and chosen[0][0].currency != figure.currency:
            break
        chosen.append((figure, effect.size[row.per].value))
    if not chosen:
        return None
    total = 0.0
    for figure, size in chosen:
        rate = money[figure.currency or ""] or 0.0
        record.take(figure)
        total += figure.value * size * rate
        if figure.region != "CN":
            record.miss(
                f"{kind}.{measure.id}",
                f"{measure.name_zh}的造价取自{figure.region}，按用户汇率折算，不代表中国造价",
                severity="high",
                workaround="补充本地报价",
            )
    return total


def _no_cost(measure: Measure, record: Record) -> None:
    rows = [row for row in parameters(measure.id, "capex") if row.currency]
    shown = "；".join(f"{row.value:g} {row.unit}（{row.region}，{row.status}）" for row in rows[:3])
    record.miss(
        f"capex.{measure.id}",
        f"{measure.name_zh}的净现值、内部收益率与回收期无法计算",
        severity="high",
        workaround=f"请提供 site.capex.{measure.id}" + (f"；仅供参考的公布值：{shown}" if shown else ""),
    )
