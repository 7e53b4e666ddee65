"""What each kind of measure changes in a year, met by what the measures before it left.

A model reads the site, states each default and published row it uses, and returns the effect with
the baseline after it. A missing required input leaves the effect uncomputed, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import pandas as pd

from carbonost.domain.measure import CARRIER_UNITS, Effect, Measure, Range
from carbonost.engines.measures.baseline import AbatementFactors, Baseline, abatement
from carbonost.engines.measures.drives import leak_saving, motor_efficiency, motor_saving
from carbonost.engines.measures.parameters import parameter
from carbonost.engines.measures.site import Record, lookup, number
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbonost.engines.measures.library import MeasureLibrary


HOURS_PER_YEAR: Final = 8760.0


class Bill(Protocol):
    """What of a ledger an effect reads."""

    @property
    def total_cny(self) -> float:
        """Whole bill [CNY]."""

    @property
    def energy_cny(self) -> float:
        """Energy charge in it [CNY]."""

    @property
    def wear_cny(self) -> float:
        """Wear in it, which is no payment [CNY]."""


def bill_saving(before: Bill, after: Bill, share: float = 1.0) -> dict[str, Any]:
    """The money of an effect that is the change of the electricity bill, `share` times."""
    paid = (before.total_cny - before.wear_cny) - (after.total_cny - after.wear_cny)
    return {
        "other_saving_cny_per_year": share * paid,
        "energy_charge_cny_per_year": share * (before.energy_cny - after.energy_cny),
        "billed": True,
    }


class Step(NamedTuple):
    """An effect and the baseline it leaves to the next measure."""

    effect: Effect
    after: Baseline


@dataclass
class Case:
    """One measure at one site: what its model may read, and the record it keeps."""

    measure: Measure
    site: Mapping[str, Any]
    left: Baseline
    factors: AbatementFactors
    library: MeasureLibrary
    record: Record = field(default_factory=Record)
    bill: Callable[[pd.Series], Bill] | None = None

    def default(self, name: str) -> float:
        """A default of the library, stated as an assumption."""
        return self.record.assume(self.library.defaults[name], self.measure.name_zh)

    def given(self, name: str, default: str) -> float:
        """A number of the site, or the library's default for it."""
        value = number(self.site, name)
        return self.default(default) if value is None else value

    def published(self, name: str, measure_id: str | None = None) -> float:
        """A published parameter, stated with its document."""
        return self.record.take(parameter(measure_id or self.measure.id, name)).value

    def missing(self) -> tuple[str, ...]:
        """Required inputs that neither the site nor the baseline gives."""
        wanted = self.measure.required_inputs
        return tuple(sorted(n for n in wanted if lookup(self.site, n) is None and getattr(self.left, n, None) is None))

    def effect(self, saved: Mapping[str, Range], **more: Any) -> Effect:
        """The effect of these savings, with emissions, and all that was recorded."""
        avoided = abatement(saved, self.factors, self.record, self.measure.name_zh)
        return Effect(
            id=self.measure.id,
            basis=self.measure.basis_zh,
            saved=dict(saved),
            abatement=avoided,
            assumptions=tuple(self.record.assumptions.values()),
            evidence=tuple(self.record.evidence.values()),
            gaps=tuple(self.record.gaps.values()),
            **more,
        )

    def unknown(self, missing: tuple[str, ...]) -> Step:
        """No effect can be computed: say what is missing."""
        for name in missing:
            self.record.miss(name, f"{self.measure.name_zh}的效果", severity="high", workaround="补充后重算")
        effect = Effect(
            id=self.measure.id,
            basis=self.measure.basis_zh,
            computable=False,
            missing_inputs=missing,
            gaps=tuple(self.record.gaps.values()),
        )
        return Step(effect, self.left)


def amount(carrier: str, value: float, low: float | None = None, high: float | None = None) -> Range:
    """Yearly amount of a carrier in its unit; what uses nothing uses 0, not -0."""
    low, high = (None if end is None else end + 0.0 for end in (low, high))
    return Range(value=value + 0.0, unit=f"{CARRIER_UNITS[carrier]}/a", low=low, high=high)


def rows(case: Case, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Rows of a list the site gives (one mapping stands for a list of one), with the name to blame."""
    value = lookup(case.site, name)
    listed = [value] if isinstance(value, Mapping) else value
    if not isinstance(listed, (list, tuple)):
        raise InputError("must be a list of mappings", f"site.{name}", value, "Give one mapping per group.")
    for at, row in enumerate(listed):
        where = f"{name}[{at}]"
        if not isinstance(row, Mapping):
            raise InputError("must be a mapping", f"site.{where}", row, "Give names and numbers.")
        yield where, row


def needed(row: Mapping[str, Any], name: str, where: str) -> float:
    """A number a row must hold."""
    value = number(row, name)
    if value is None:
        raise InputError("is needed", f"site.{where}.{name}", None, f"Give {name}.")
    return value


def motors(case: Case) -> Step:
    """Motors of ``motor_list``: rated_kw, hours, grade or efficiency_pct; poles, count, load_factor, target_grade."""
    total = low = high = 0.0
    for where, row in rows(case, "motor_list"):
        rated, hours = needed(row, "rated_kw", where), needed(row, "hours", where)
        poles, count = number(row, "poles"), number(row, "count")
        given = number(row, "load_factor")
        load = case.default("load_factor") if given is None else given
        target = number(row, "target_grade")
        grade = int(case.default("motor_target_grade") if target is None else target)
        told = number(row, "efficiency_pct")
        grade_now = number(row, "grade")
        if told is None and grade_now is None:
            raise InputError("is needed", f"site.{where}.grade", None, "Give grade (1 to 3) or efficiency_pct.")
        pairs = 4 if poles is None else int(poles)
        old = told / 100.0 if told is not None else motor_efficiency(rated, pairs, int(grade_now or 3))
        new = motor_efficiency(rated, pairs, grade)
        saved = (1.0 if count is None else count) * max(0.0, float(motor_saving(rated, load, hours, old, new)))
        span = case.library.defaults["load_factor"]
        total += saved
        low += saved * (span.low / load if given is None else 1.0)
        high += saved * (span.high / load if given is None else 1.0)
    case.record.miss("MOTOR.efficiency_table", "电机额定效率取自 GB 18613-2020 的转录，未核对原文", severity="low")
    return _less_power(case, total, low, high)


def lighting(case: Case) -> Step:
    """Lamps of ``lighting_list``: fixtures, watts_old, hours; watts_new where known."""
    total = low = high = longest = 0.0
    for where, row in rows(case, "lighting_list"):
        fixtures, old = needed(row, "fixtures", where), needed(row, "watts_old", where)
        hours = needed(row, "hours", where)
        longest = max(longest, hours)
        energy = fixtures * old * hours / 1000.0
        new = number(row, "watts_new")
        if new is None:
            share = case.record.take(parameter("LED", "saving_fraction_vs_400w_mh"))
            spread = (share.low or share.value, share.value, share.high or share.value)
        else:
            spread = (1.0 - new / old,) * 3 if old else (0.0, 0.0, 0.0)
        low, total, high = low + energy * spread[0], total + energy * spread[1], high + energy * spread[2]
    life = case.published("rated_life") / longest if longest else None
    return _less_power(case, total, low, high, None if life is None else max(1, int(life)))


def compressed_air(case: Case) -> Step:
    """Compressors of ``compressor_list``: power_kw and hours (mean power while running); leak_share where measured."""
    total = low = high = 0.0
    target = case.record.take(parameter("COMPRESSED_AIR", "leak_share_target"))
    for where, row in rows(case, "compressor_list"):
        energy = needed(row, "power_kw", where) * needed(row, "hours", where)
        told = number(row, "leak_share")
        if told is None:
            leak = case.record.take(parameter("COMPRESSED_AIR", "leak_share_of_output"))
            now, least, most = leak.value, leak.low or leak.value, leak.high or leak.value
        else:
            now = least = most = told
        total += float(leak_saving(energy, now, target.value))
        low += float(leak_saving(energy, least, target.value))
        high += float(leak_saving(energy, most, target.low or target.value))
    return _less_power(case, total, low, high)


def green_power(case: Case) -> Step:
    """``green_power_contract``: energy_kwh, or share of what is still bought; market-based scope 2 only."""
    told = number(case.site, "green_power_contract.energy_kwh")
    share = number(case.site, "green_power_contract.share")
    if told is None and share is None:
        return case.unknown(("green_power_contract.energy_kwh",))
    if told is not None and share is not None:
        raise InputError("is given beside energy_kwh", "site.green_power_contract.share", share, "Give one of the two.")
    left = case.left.electricity_kwh
    bought = min(left, left * share if told is None and share is not None else told or 0.0)
    if told is not None and told > left:
        case.record.miss("green_power_contract", "合同电量超过剩余外购电量，超出部分不计", severity="low")
    effect = case.effect({"green_electricity": amount("green_electricity", bought, bought, bought)})
    return Step(effect, case.left)


def _less_power(case: Case, total: float, low: float, high: float, life: int | None = None) -> Step:
    """Electricity saved in proportion to the load, never more than is left."""
    if total > case.left.electricity_kwh:
        case.record.miss(f"{case.measure.id}.saving", "节电量超过剩余用电，按剩余用电计", severity="medium")
    most = case.left.electricity_kwh
    total, low, high = min(total, most), min(low, most), min(high, most)
    saved = {"electricity": amount("electricity", total, min(low, total), max(high, total))}
    effect = case.effect(saved, life_years=life)
    return Step(effect, case.left.after(effect))


def spread_evenly(load: pd.Series, kwh: float) -> pd.Series:
    """A constant power that carries `kwh` a year, on the load's index."""
    return pd.Series(kwh / HOURS_PER_YEAR, index=load.index)
