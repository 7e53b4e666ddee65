"""What a cash flow reads from a measure and a scenario, whatever object carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.arguments import finite, fit, nearest
from carbonost.domain.measure import Investment
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance.columns import shares, whole_years
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from carbonost.domain.series import FloatArray

PRICED: Final = {
    "electricity_kwh_per_year": "electricity_price_y_per_kwh",
    "electricity_export_kwh_per_year": "feed_in_price_y_per_kwh",
    "natural_gas_nm3_per_year": "gas_price_y_per_nm3",
    "heat_gj_per_year": "heat_price_y_per_gj",
    "steam_t_per_year": "steam_price_y_per_t",
    "diesel_t_per_year": "diesel_price_y_per_t",
}
"""Saved energy of a measure -> the scenario's price for it."""

UNPRICED: Final = {"electricity_export_kwh_per_year": 0.0}
"""Energy that may flow without a price: exported power that nobody pays for earns nothing."""

_SHORT: Final = {"capex_cny": "capex", "opex_cny_per_year": "opex", "saving_cny_per_year": "saving"}


@dataclass(frozen=True, slots=True)
class Amounts:
    """A measure's numbers as columns that broadcast: scalars, or one entry per measure."""

    capex_cny: FloatArray
    opex_cny: FloatArray
    saving_cny: FloatArray
    energy: dict[str, FloatArray]
    green_kwh: FloatArray
    delivered_kwh: FloatArray
    abatement_t: FloatArray
    degradation: FloatArray
    life_years: FloatArray
    replaced: FloatArray
    replacement_cny: FloatArray
    subsidy_cny: FloatArray

    def broadcast(self) -> FloatArray:
        """A column of their common shape; those of different lengths are refused by name."""
        columns = {name: getattr(self, name) for name in self.__slots__ if name != "energy"} | self.energy
        fit(**columns)
        return np.empty(np.broadcast_shapes(*(column.shape for column in columns.values())))


def read(source: object, name: str) -> Any:
    """Value of `name` in a mapping or on an object; None where it is absent."""
    if isinstance(source, Mapping):
        return source.get(name, source.get(_SHORT.get(name, name)))
    return getattr(source, name, None)


def known(source: object, model: type[BaseModel], what: str) -> None:
    """Refuse a mapping with a key that means nothing: a misspelt saving would count as none."""
    if not isinstance(source, Mapping):
        return
    names = {*model.model_fields, *_SHORT.values()}
    for key in source:
        if key not in names:
            raise InputError(f"a {what} has no such field", str(key), source[key], nearest(key, names))


def number(source: object, name: str, default: float | None = None) -> FloatArray:
    """Value of `name` as a column, within the bounds its model sets; without a default it must be there."""
    value = read(source, name)
    if value is None:
        if default is None:
            raise InputError("is needed and not given", name, None, f"Give {name}=….")
        value = default
    column = finite(value, name)
    for sign, holds, bound in _bounds(name):
        if not holds(column, bound).all():
            raise InputError(f"must be {sign} {bound:g}", name, column.tolist(), "See the field's description.")
    return column


@lru_cache
def _bounds(name: str) -> tuple[tuple[str, Any, float], ...]:
    """Bounds that a scenario or an investment sets its field, so that a mapping is held to the same."""
    field = ScenarioParams.model_fields.get(name) or Investment.model_fields.get(name)
    told = field.metadata if field is not None else ()
    signs = (("ge", "at least", ge), ("gt", "above", gt), ("le", "at most", le), ("lt", "below", lt))
    return tuple((word, holds, getattr(one, key)) for one in told for key, word, holds in signs if hasattr(one, key))


def amounts(measure: object, horizon_years: int) -> Amounts:
    """Read one measure, or a sequence of measures as columns."""
    if isinstance(measure, (list, tuple)):
        return _stacked([amounts(one, horizon_years) for one in measure])
    known(measure, Investment, "measure")
    capex = number(measure, "capex_cny")
    life = read(measure, "life_years")
    replaced = read(measure, "at_end_of_life")
    if replaced is not None and (not isinstance(replaced, str) or replaced not in ("replace", "end")):
        raise InputError("unknown choice", "at_end_of_life", replaced, "Choose 'replace' or 'end'.")
    again = read(measure, "replacement_cny")
    life_years = whole_years(horizon_years if life is None else life, "life_years")
    degradation = shares(number(measure, "degradation", 0.0), "degradation", whole_too=False)
    energy = {name: number(measure, name, 0.0) for name in PRICED}
    fixed, charge = number(measure, "saving_cny_per_year", 0.0), number(measure, "energy_charge_cny_per_year", 0.0)
    if read(measure, "billed_at_cny_per_kwh") is None:
        fit(saving_cny_per_year=fixed, energy_charge_cny_per_year=charge)
        fixed = fixed + charge
    else:  # worth, at any price, as much as the energy it is at its own price
        own = number(measure, "billed_at_cny_per_kwh")
        fit(
            electricity_kwh_per_year=energy["electricity_kwh_per_year"],
            energy_charge_cny_per_year=charge,
            billed_at_cny_per_kwh=own,
        )
        energy["electricity_kwh_per_year"] = energy["electricity_kwh_per_year"] + charge / own
    return Amounts(
        capex_cny=capex,
        opex_cny=number(measure, "opex_cny_per_year", 0.0),
        saving_cny=fixed,
        energy=energy,
        green_kwh=number(measure, "green_electricity_kwh_per_year", 0.0),
        delivered_kwh=number(measure, "energy_kwh_per_year", 0.0),
        abatement_t=number(measure, "abatement_t_per_year", 0.0),
        degradation=degradation,
        life_years=life_years,
        replaced=finite(0.0 if replaced == "end" else 1.0, "at_end_of_life"),
        replacement_cny=capex if again is None else finite(again, "replacement_cny"),
        subsidy_cny=number(measure, "subsidy_cny", 0.0),
    )


def energy_value(energy: Mapping[str, FloatArray], scenario: object) -> FloatArray:
    """Worth of the saved energy at the scenario's prices [CNY/a]; a price is asked for only where energy flows."""
    worth = np.zeros(())
    for name, price in PRICED.items():
        saved = energy[name]
        if np.any(saved != 0):
            at = number(scenario, price, UNPRICED.get(name))
            fit(**{name: saved, price: at, "the energies before": worth})
            worth = worth + saved * at
    return np.asarray(worth)


def _stacked(columns: Sequence[Amounts]) -> Amounts:
    if not columns:
        raise InputError("needs at least one", "measure", None, "Give one measure or several.")

    def column(name: str) -> FloatArray:
        return np.stack(np.broadcast_arrays(*[getattr(one, name) for one in columns]), axis=-1)

    energy = {name: np.stack(np.broadcast_arrays(*[one.energy[name] for one in columns]), axis=-1) for name in PRICED}
    names = [name for name in Amounts.__slots__ if name != "energy"]
    return Amounts(energy=energy, **{name: column(name) for name in names})
