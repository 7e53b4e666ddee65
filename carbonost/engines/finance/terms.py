"""What a cash flow reads from a measure and a scenario, whatever object carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.measure import Investment
from carbonost.engines.finance.columns import finite
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
            near = get_close_matches(str(key), sorted(names), n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(model.model_fields))}."
            raise InputError(f"a {what} has no such field", str(key), source[key], remedy)


def number(source: object, name: str, default: float | None = None) -> FloatArray:
    """Value of `name` as a column; without a default it must be there."""
    value = read(source, name)
    if value is None:
        if default is None:
            raise InputError("is needed and not given", name, None, f"Give {name}=….")
        value = default
    return finite(value, name)


def amounts(measure: object, horizon_years: int) -> Amounts:
    """Read one measure, or a sequence of measures as columns."""
    if isinstance(measure, (list, tuple)):
        return _stacked([amounts(one, horizon_years) for one in measure])
    known(measure, Investment, "measure")
    capex = number(measure, "capex_cny")
    life = read(measure, "life_years")
    replaced = read(measure, "at_end_of_life")
    if replaced not in (None, "replace", "end"):
        raise InputError("unknown choice", "at_end_of_life", replaced, "Choose 'replace' or 'end'.")
    again = read(measure, "replacement_cny")
    life_years = finite(horizon_years if life is None else life, "life_years")
    if (life_years < 1).any() or (life_years != np.floor(life_years)).any():
        raise InputError("must be whole years, at least 1", "life_years", life_years.tolist(), "Round the life.")
    degradation = number(measure, "degradation", 0.0)
    if ((degradation < 0) | (degradation >= 1)).any():
        raise InputError("must lie in [0, 1)", "degradation", degradation.tolist(), "0.5 % a year is 0.005.")
    energy = {name: number(measure, name, 0.0) for name in PRICED}
    fixed, charge = number(measure, "saving_cny_per_year", 0.0), number(measure, "energy_charge_cny_per_year", 0.0)
    if read(measure, "billed_at_cny_per_kwh") is None:
        fixed = fixed + charge
    else:  # worth, at any price, as much as the energy it is at its own price
        own = _positive(number(measure, "billed_at_cny_per_kwh"), "billed_at_cny_per_kwh")
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


def _positive(values: FloatArray, name: str) -> FloatArray:
    if (values <= 0).any():
        raise InputError("must be positive", name, values.tolist(), "Give the price the bill was made at, or leave it.")
    return values


def energy_value(energy: Mapping[str, FloatArray], scenario: object) -> FloatArray:
    """Worth of the saved energy at the scenario's prices [CNY/a]; a price is asked for only where energy flows."""
    worth = np.zeros(())
    for name, price in PRICED.items():
        saved = energy[name]
        if np.any(saved != 0):
            worth = worth + saved * number(scenario, price, UNPRICED.get(name))
    return np.asarray(worth)


def _stacked(columns: Sequence[Amounts]) -> Amounts:
    if not columns:
        raise InputError("needs at least one", "measure", None, "Give one measure or several.")

    def column(name: str) -> FloatArray:
        return np.stack(np.broadcast_arrays(*[getattr(one, name) for one in columns]), axis=-1)

    energy = {name: np.stack(np.broadcast_arrays(*[one.energy[name] for one in columns]), axis=-1) for name in PRICED}
    names = [name for name in Amounts.__slots__ if name != "energy"]
    return Amounts(energy=energy, **{name: column(name) for name in names})
