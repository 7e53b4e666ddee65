"""Many questions at once: keys and a range of days become integer tables, ready for a gather."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from carbonost.errors import FactorNotFoundError, FactorUseError, InputError
from carbonost.factors.columns import as_day, date_of, day_of
from carbonost.factors.energy_types import energy_type as carrier_of
from carbonost.factors.regions import region as region_of
from carbonost.factors.select import answer, make_rule, shared_fuel_or_self

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.domain.factor import Resolution, Vintage
    from carbonost.domain.series import BoolArray, FloatArray, IntArray
    from carbonost.factors.library import FactorLibrary
    from carbonost.factors.regions import Region

    Key = tuple[str, str] | tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class DayTable:
    """Answers for many keys over a range of days, as integer tables.

    Attributes
    ----------
    keys : tuple of (energy type, region, unit or None)
        As given.
    first_day : int
        Day number (days since 1970-01-01) of the first column.
    version : (k, d) array of int32
        Index into `resolutions`; -1 where nothing answers.
    resolutions : tuple of Resolution
        The n distinct answers.
    gases : tuple of str
        Columns of the next arrays.
    rows : (n, g) array of int32
        Row of the library, -1 where the gas is not published.
    tonnes : (n, g) array of float [t per unit of activity]
        Mass of the gas, or CO2e where `weighted`; 0 where it is not published.
    weighted : (n, g) array of bool
        True where the publisher weighted the gas to CO2e.
    faults : dict of int to (error, first day, last day) lists
        Why a key has days without an answer.
    """

    keys: tuple[tuple[str, str, str | None], ...]
    first_day: int
    version: IntArray
    resolutions: tuple[Resolution, ...]
    gases: tuple[str, ...]
    rows: IntArray
    tonnes: FloatArray
    weighted: BoolArray
    faults: dict[int, list[tuple[Exception, int, int]]]

    def gas(self, name: str) -> int:
        """Return the column of a gas; -1 where no answer has it."""
        return self.gases.index(name) if name in self.gases else -1

    def fault(self, key: int, day: int) -> Exception:
        """Return the error that explains why `key` has no answer on day number `day`."""
        return next(error for error, first, last in self.faults[key] if first <= day <= last)


def day_table(
    library: FactorLibrary,
    keys: Sequence[Key],
    first: date | str,
    last: date | str,
    *,
    gas: str | None = None,
    use: str = "inventory",
    as_of: date | str | None = None,
    vintage: Vintage = "data_year",
    variant: str = "",
    strict: bool = True,
) -> DayTable:
    """Answer every key on every day of a range.

    Parameters
    ----------
    library : FactorLibrary
        Where to look.
    keys : sequence of (energy type, region) or (energy type, region, unit)
        Distinct questions, k of them; names and aliases are accepted.
    first, last : date
        Range of days, both inclusive.
    gas, use, as_of, vintage, variant, strict
        As `resolve`.

    Returns
    -------
    DayTable
        A key that cannot be answered (unknown name, wrong unit, no factor on that day) is -1 there,
        and `DayTable.fault` returns its error.
    """
    rule = make_rule(use, vintage, as_of, variant, gas, strict=strict)
    start = as_day(first, "first")
    count = as_day(last, "last") - start + 1
    if count < 1:
        raise InputError("the last day is before the first", "last", str(last), f"It must not be before {first}.")
    version = np.full((len(keys), count), -1, dtype=np.int32)
    seen: dict[Resolution, int] = {}
    faults: dict[int, list[tuple[Exception, int, int]]] = {}
    asked = tuple((key[0], key[1], key[2] if len(key) > 2 else None) for key in keys)  # noqa: PLR2004
    for index, (carrier, where, unit) in enumerate(asked):
        try:
            known = shared_fuel_or_self(carrier_of(carrier, library.known_energy_types), library)
            place = region_of(where, library.known_regions)
        except InputError as error:
            faults[index] = [(error, start, start + count - 1)]
            continue
        cuts = _cuts(library, known, place, start, start + count)
        for low, high in pairwise(cuts):
            try:
                found = answer(library, known, place, low, unit, rule)
            except (FactorNotFoundError, FactorUseError, InputError) as error:
                faults.setdefault(index, []).append((error, low, high - 1))
            else:
                version[index, low - start : high - start] = seen.setdefault(found, len(seen))
    return _table(library, asked, start, version, tuple(seen), faults)


def _cuts(library: FactorLibrary, key: str, place: Region, start: int, end: int) -> list[int]:
    """Return the days in [start, end] at which the answer may change."""
    c = library.columns
    rows = [row for code, _ in place.chain for row in library.by_key.get((key, code), ())]
    days = {start, end, *c.valid_from[rows].tolist(), *(c.valid_to[rows] + 1).tolist()}  # years carry to 31 December
    years = range(date_of(start).year, date_of(end).year + 1)
    days |= {day_of(date(year, 1, 1)) for year in years}
    return sorted(day for day in days if start <= day <= end)


def _table(
    library: FactorLibrary,
    keys: tuple[tuple[str, str, str | None], ...],
    start: int,
    version: npt.NDArray[np.int32],
    found: tuple[Resolution, ...],
    faults: dict[int, list[tuple[Exception, int, int]]],
) -> DayTable:
    gases = tuple(dict.fromkeys(["CO2", "CH4", "N2O", "CO2e", "CO2_biogenic", *(g for r in found for g, _ in r.rows)]))
    column = {gas: index for index, gas in enumerate(gases)}
    rows = np.full((len(found), len(gases)), -1, dtype=np.int32)
    scale = np.array([resolution.scale for resolution in found])
    for index, resolution in enumerate(found):
        for gas, row in resolution.rows:
            rows[index, column[gas]] = row
    there = rows >= 0
    tonnes = np.where(there, library.tonnes[rows], 0.0) * scale[:, None] if len(found) else np.zeros(rows.shape)
    weighted = there & library.weighted[rows] if len(found) else np.zeros(rows.shape, dtype=np.bool_)
    for array in (version, rows, tonnes, weighted):
        array.flags.writeable = False
    return DayTable(keys, start, version, found, gases, rows, tonnes, weighted, faults)
