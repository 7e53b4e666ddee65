"""Published figures, and how one is chosen.

- `FactorLibrary` holds emission factors as an immutable snapshot with a content digest.
- `resolve` answers one question, `day_table` many at once: unique (carrier, region, unit) keys and
  a range of days become an integer table, so that ten million rows are one gather.
- `gwp_set` weighs gases; `parameter_set`, `tce_coefficients` and `table` hold the other figures.

A batch reads::

    table = day_table(library, keys, first, last, vintage="data_year", as_of=None)
    version = table.version[key_code, day - table.first_day]     # -1: no factor, see table.fault
    tonnes = quantity * table.tonnes[version, table.gas("CO2")]  # t of gas per unit of activity
    factor_row = table.rows[version, table.gas("CO2")]           # lineage: row of the library, -1 none
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.factors.batch import DayTable, day_table
    from carbonost.factors.energy_types import energy_type
    from carbonost.factors.gwp import GwpSet, gwp_set
    from carbonost.factors.library import FactorLibrary
    from carbonost.factors.parameters import ParameterSet, parameter_set
    from carbonost.factors.regions import Region, region
    from carbonost.factors.select import resolve
    from carbonost.factors.tables import table, usable_default

_NAMES: Final = {
    "DayTable": "carbonost.factors.batch",
    "FactorLibrary": "carbonost.factors.library",
    "GwpSet": "carbonost.factors.gwp",
    "ParameterSet": "carbonost.factors.parameters",
    "Region": "carbonost.factors.regions",
    "day_table": "carbonost.factors.batch",
    "energy_type": "carbonost.factors.energy_types",
    "gwp_set": "carbonost.factors.gwp",
    "parameter_set": "carbonost.factors.parameters",
    "region": "carbonost.factors.regions",
    "resolve": "carbonost.factors.select",
    "table": "carbonost.factors.tables",
    "usable_default": "carbonost.factors.tables",
}

__all__ = [
    "DayTable",
    "FactorLibrary",
    "GwpSet",
    "ParameterSet",
    "Region",
    "day_table",
    "energy_type",
    "gwp_set",
    "parameter_set",
    "region",
    "resolve",
    "table",
    "usable_default",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
