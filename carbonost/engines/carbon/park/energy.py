"""Annual energy of a park in tonnes of coal equivalent, electricity at equivalent value.

A coefficient is `{"value", "unit", "year", "source"}`, for example 0.2995 kgce/kWh, or the id of a
packaged row. For a fuel or heat without one the packaged coefficient serves and is listed as an
assumption. For electricity nothing serves by default: the equivalent value is the heat rate of power
supply of the year and must be given with its year and source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost import units
from carbonost.domain.evidence import AssumptionItem, DataGap
from carbonost.errors import InputError, UnitError
from carbonost.factors.tables import read, usable_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    Coefficient = float | str | Mapping[str, Any]

_TCE: Final = {"tce": 1.0, "kgce": 1e-3, "gce": 1e-6}


@dataclass(frozen=True)
class CoalEquivalent:
    """A coefficient: tce per `per` of its carrier, and where it comes from."""

    energy_type: str
    tce_per_unit: float
    per: str
    source: str
    year: int | None = None

    def of(self, unit: str) -> float:
        """Tonnes of coal equivalent in one `unit` of the carrier.

        A fuel given as energy needs no coefficient: the tonne of coal equivalent is an amount of energy.
        """
        for per, tce in ((self.per, self.tce_per_unit), ("tce", 1.0)):
            try:
                return tce * units.ratio(self.energy_type, unit, per)
            except UnitError:
                if self.energy_type == "electricity":
                    raise
        raise UnitError(
            f"{self.energy_type} in {unit} cannot be brought to {self.per}, the unit of its coal equivalent",
            "unit",
            unit,
            f"Give the amount in {self.per}, or energy_coefficients[{self.energy_type!r}] per {unit}.",
        )


def coal_equivalents(
    energy_types: Iterable[str], given: Mapping[str, Coefficient]
) -> tuple[dict[str, CoalEquivalent], list[AssumptionItem], list[DataGap]]:
    """Find a coefficient for each carrier; a carrier without one is a gap, never a value.

    Returns
    -------
    found : dict of str to CoalEquivalent
    assumptions : list of AssumptionItem
        Packaged coefficients nobody asked for by name.
    gaps : list of DataGap
        Carriers without a coefficient.

    Raises
    ------
    InputError
        A coefficient without unit or source; for electricity one without a year, or at or below
        the calorific value, which no power plant reaches.
    """
    packaged = {str(row["id"]): row for _, row in read("tce_coefficients").iterrows()}
    by_carrier = {str(row["energy_type"]): row for row in packaged.values() if usable_default(row)}
    found, assumptions, gaps = {}, [], []
    for carrier in dict.fromkeys(energy_types):
        if carrier in given:
            value = given[carrier]
            if isinstance(value, str):
                if value not in packaged:
                    raise InputError("is no packaged coefficient", f"energy_coefficients[{carrier!r}]", value)
                found[carrier] = _of_row(carrier, packaged[value])
            else:
                found[carrier] = _of_mapping(carrier, value)
        elif carrier != "electricity" and carrier in by_carrier:
            row = by_carrier[carrier]
            found[carrier] = _of_row(carrier, row)
            assumptions.append(
                AssumptionItem(
                    name=f"coal_equivalent.{carrier}",
                    value=float(row["value"]),
                    unit=str(row["unit"]),
                    rationale=f"packaged coefficient {row['id']}: {row['document']} ({row['locator']})",
                    sensitivity="medium",
                )
            )
        else:
            gaps.append(_missing(carrier))
    if "electricity" in found:
        _guard_equivalent_value(found["electricity"], packaged)
    return found, assumptions, gaps


def _of_mapping(carrier: str, value: float | Mapping[str, Any]) -> CoalEquivalent:
    field = f"energy_coefficients[{carrier!r}]"
    needed = ("value", "unit", "source", *(("year",) if carrier == "electricity" else ()))
    facts = {} if isinstance(value, (int, float)) else dict(value)
    missing = [name for name in needed if facts.get(name) in (None, "")]
    if missing:
        raise InputError(
            f"a coal equivalent needs {', '.join(missing)}",
            field,
            value,
            'Give {"value": …, "unit": "kgce/kWh", "year": …, "source": "…"}.',
        )
    number = float(facts["value"])
    if not (np.isfinite(number) and number > 0):
        raise InputError("must be positive and finite", field, number)
    tce, per = _parse(str(facts["unit"]))
    units.ratio(carrier, per, per if carrier != "electricity" else "kWh")
    year = facts.get("year")
    return CoalEquivalent(carrier, number * tce, per, str(facts["source"]), int(year) if year is not None else None)


def _of_row(carrier: str, row: pd.Series) -> CoalEquivalent:
    tce, per = _parse(str(row["unit"]))
    return CoalEquivalent(carrier, float(row["value"]) * tce, per, f"{row['id']}: {row['document']}")


def _parse(unit: str) -> tuple[float, str]:
    head, slash, per = unit.partition("/")
    if head.strip() not in _TCE or not slash:
        raise UnitError("is no unit of a coal equivalent", "unit", unit, "Write kgce/kWh, kgce/kg, tce/万Nm3 …")
    return _TCE[head.strip()], per.strip()


def _guard_equivalent_value(power: CoalEquivalent, packaged: Mapping[str, pd.Series]) -> None:
    calorific = _of_row("electricity", packaged["cn.tce.electricity"]).of("kWh")
    if power.of("kWh") <= calorific * (1 + 1e-9):
        raise InputError(
            "electricity at equivalent value (等价值) lies above its calorific value (当量值)",
            "energy_coefficients['electricity']",
            f"{power.of('kWh') * 1000:.6g} kgce/kWh",
            "Give the year's heat rate of power supply in kgce/kWh, with its year and source.",
        )


def _missing(carrier: str) -> DataGap:
    if carrier == "electricity":
        what = "equivalent value (等价值) of electricity: heat rate of power supply of the year, with year and source"
    else:
        what = f"coal equivalent of {carrier}"
    return DataGap(
        missing=what,
        impact="annual energy and with it the core indicator cannot be stated",
        severity="high",
        workaround=f"pass energy_coefficients={{{carrier!r}: …}}",
        affects=("energy_tce", "intensity_t_per_tce"),
    )
