"""What a calculator was made with, and the basis of a published factor under it."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.emission import Basis
from carbonost.errors import FactorNotFoundError, FactorUseError
from carbonost.factors.select import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from carbonost.domain.factor import Resolution, Vintage
    from carbonost.engines.carbon.keys import Group
    from carbonost.factors.gwp import GwpSet
    from carbonost.factors.library import FactorLibrary
    from carbonost.factors.parameters import ParameterSet
    from carbonost.factors.regions import Region

_APART: Final = frozenset({"CO2e", "CO2_biogenic"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a calculator was made with: figures and rules, the same for every row.

    Attributes
    ----------
    library : FactorLibrary
    gwp : GwpSet
    parameter_set : ParameterSet or None
        Chosen by the user; None lets the method choose.
    calculation_method : str or None
    as_of : date or None
    vintage : {"data_year", "latest_published"}
    strict : bool
    """

    library: FactorLibrary
    gwp: GwpSet
    parameter_set: ParameterSet | None = None
    calculation_method: str | None = None
    as_of: date | None = None
    vintage: Vintage = "data_year"
    strict: bool = True

    def identity(self) -> tuple[object, ...]:
        """Return what tells this context from another: same identity, same answers."""
        figures = None if self.parameter_set is None else self.parameter_set.name
        rules = (self.calculation_method, self.as_of, self.vintage, self.strict)
        return (self.library.digest, self.gwp.edition, figures, *rules)

    def resolve(self, key: str, region: str, on: date, unit: str | None = None, gas: str | None = None) -> Resolution:
        """Ask the library, under this context's rules.

        Raises
        ------
        FactorUseError
            If everything the library holds of the carrier is published for another use.
        FactorNotFoundError, UnitError
            As `carbonost.factors.resolve`.
        """
        rule = {"as_of": self.as_of, "vintage": self.vintage, "strict": self.strict}
        try:
            return resolve(self.library, key, region, on, unit=unit, gas=gas, **rule)  # type: ignore[arg-type]
        except (FactorNotFoundError, FactorUseError):
            uses = set(self.library.uses[self.library.energy_types == key])
            if uses and "inventory" not in uses:
                raise FactorUseError(
                    f"{key} is published for reduction projects, not for inventories",
                    "energy_type",
                    key,
                    "Use energy_type 'electricity', the average of the grid.",
                ) from None
            raise

    def gases(self, rows: Mapping[str, tuple[float, bool]]) -> dict[str, Any]:
        """Weigh the gases of one factor: tonnes per gas, and whether the publisher already weighed them.

        Returns
        -------
        dict
            ``co2e_t, gases_t, gases_co2e_t, biogenic_t`` of a `Basis`, per the unit of `rows`.
        """
        biogenic = rows.get("CO2_biogenic", (0.0, False))[0]
        mass = {gas: t for gas, (t, weighed) in rows.items() if gas not in _APART and not weighed}
        co2e = {gas: t for gas, (t, weighed) in rows.items() if gas not in _APART and weighed}
        co2e |= {gas: t * self.gwp(gas) for gas, t in mass.items()}
        total = rows["CO2e"][0] if "CO2e" in rows else fsum(co2e.values())
        if "CO2e" in rows and not co2e:
            co2e = {"CO2e": total}
        return {"co2e_t": total, "gases_t": mass, "gases_co2e_t": co2e, "biogenic_t": biogenic}


def published(context: Context, group: Group, key: str, place: Region, on: date, *, unit: str | None = None) -> Basis:
    """Return the basis of a published factor, all its gases."""
    found = context.resolve(key, place.code, on, unit or group.unit)
    rows = {
        gas: (float(context.library.tonnes[row]) * found.scale, bool(context.library.weighted[row]))
        for gas, row in found.rows
    }
    lead = context.library.factor(context.library.row(found.factor_id))
    notes = []
    if found.stale:
        notes.append(f"{key} in {found.region}: {found.vintage}")
    if any(weighed for _, weighed in rows.values()) and lead.standard:
        notes.append(f"{lead.standard} weighed the gases itself; its GWP set stands, not {context.gwp.edition}")
    weighed = context.gases(rows)
    return Basis(
        scope=lead.scope or 0,
        category=group.category,
        energy_type=key,
        region=found.region,
        unit=group.unit,
        factor_id=found.factor_id,
        factor_unit=found.per,
        scale=found.scale,
        level=found.level,
        path=found.path,
        fallback=found.fallback,
        vintage=found.vintage,
        data_year=found.data_year,
        document=lead.document,
        locator=lead.locator,
        formula=f"amount [{group.unit}] × {found.scale:.8g} {found.per}/{group.unit} × {lead.value:g} {lead.unit}"
        + (f" + {len(found.rows) - 1} further gases" if len(found.rows) > 1 and "CO2e" not in rows else ""),
        uncertainty_pct=lead.uncertainty_pct,
        status=lead.status,
        assumptions=tuple(notes),
        **weighed,
    )
