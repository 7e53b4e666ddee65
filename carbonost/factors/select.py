"""Which factor answers: the nearest region that publishes one, and the right year of it.

**Region.** city → province → grid region → nation → world. A province without a figure of its own
(Tibet) is answered by the nation and flagged, never by a neighbour or by a grid region whose
figure was made without it.

**Vintage.** Grid factors describe a data year and appear one to three years later. ``"data_year"``
takes the factor of the accounting year itself; if that is not published, the nearest earlier
data year, at most `CARRY_YEARS` back, and says so (`Resolution.stale`). ``"latest_published"`` takes
the latest data year published by `as_of`, or, without it, by the end of the accounting year; if
none was yet, the first one that appeared.

**As of.** A row published after `as_of` does not exist. Rows without a printed date always do.

**Status.** Packaged rows that were not read in a document never answer by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from carbonost import units
from carbonost.domain.factor import Resolution
from carbonost.errors import FactorNotFoundError, FactorUseError, InputError, UnitError
from carbonost.factors.columns import ALWAYS, FOREVER, date_of, day_of
from carbonost.factors.energy_types import energy_type as carrier_of
from carbonost.factors.energy_types import shared_fuel
from carbonost.factors.regions import Region
from carbonost.factors.regions import region as region_of
from carbonost.factors.tables import DEFAULT_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from carbonost.domain.factor import Vintage
    from carbonost.domain.series import BoolArray, FloatArray, IntArray
    from carbonost.factors.library import FactorLibrary

    Key = tuple[str, str] | tuple[str, str, str | None]

CARRY_YEARS: Final = 5
"""An open-ended factor of data year y answers accounting years up to y + 5, and no later."""
VINTAGES: Final = ("data_year", "latest_published")
_USABLE: Final = DEFAULT_STATUSES | {"own"}


class _Rule(NamedTuple):
    use: str
    vintage: str
    as_of: int | None
    variant: str
    gas: str | None
    strict: bool


def _rule(use: str, vintage: str, as_of: date | str | None, variant: str, gas: str | None, *, strict: bool) -> _Rule:
    if vintage not in VINTAGES:
        remedy = f"Use one of {', '.join(VINTAGES)}."
        raise InputError("this vintage rule is not known", "vintage", vintage, remedy)
    known = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    return _Rule(use, vintage, None if known is None else day_of(known), variant, gas, strict)


def resolve(
    library: FactorLibrary,
    energy_type: str,
    region: str,
    on: date,
    *,
    unit: str | None = None,
    gas: str | None = None,
    use: str = "inventory",
    as_of: date | str | None = None,
    vintage: Vintage = "data_year",
    variant: str = "",
    strict: bool = True,
) -> Resolution:
    """Return what answers `energy_type` in `region` on a day.

    Parameters
    ----------
    library : FactorLibrary
        Where to look.
    energy_type, region : str
        Ids, names or aliases.
    on : date
        Day of the activity; its year is the accounting year.
    unit : str, optional
        Unit of the activity; of several published bases the one it fits is taken. Without it, the
        first one.
    gas : str, optional
        Only this gas; all published gases otherwise.
    use : str
        ``"inventory"`` or ``"reduction_project"``.
    as_of : date, optional
        What was known on that day.
    vintage : str
        ``"data_year"`` or ``"latest_published"``; see the module's docstring.
    variant : str
        Such as ``"residential"``; the row without a variant serves where it is missing.
    strict : bool
        As `carbonost.units.compile`.

    Raises
    ------
    FactorNotFoundError
        If nothing answers; it names the nearest.
    FactorUseError
        If only rows published for another use do.
    UnknownEnergyTypeError, UnknownRegionError, UnitError
        If a name or unit means nothing here.

    Examples
    --------
    >>> from carbonost.factors import FactorLibrary
    >>> found = resolve(FactorLibrary.default(), "电力", "苏州", date(2023, 7, 1))
    >>> found.factor_id, found.level, found.path
    ('cn.grid.2023.province.js', 'province', ('CN-JS-320500', 'CN-JS'))
    """
    rule = _rule(use, vintage, as_of, variant, gas, strict=strict)
    key = shared_fuel_or_self(carrier_of(energy_type, library.known_energy_types), library)
    place = region_of(region, library.known_regions)
    return _answer(library, key, place, day_of(on), unit, rule)


def shared_fuel_or_self(key: str, library: FactorLibrary) -> str:
    """Return `key` where the library holds it, else the carrier whose factor it shares (steam -> heat)."""
    return key if key in library.known_energy_types else shared_fuel(key)


def _answer(library: FactorLibrary, key: str, place: Region, day: int, unit: str | None, rule: _Rule) -> Resolution:
    path: list[str] = []
    other_use = False
    wrong_unit: UnitError | None = None
    for code, level in place.chain:
        path.append(code)
        held = library.by_key.get((key, code))
        if not held:
            continue
        right = [row for row in held if library.uses[row] == rule.use]
        other_use |= len(right) < len(held)
        group = _group(library, right, day, rule)
        if not group:
            continue
        try:
            rows, per, scale = _fit(library, key, group, unit, strict=rule.strict)
        except UnitError as error:
            wrong_unit = wrong_unit or error
            continue
        return _resolution(library, key, place, (code, level, tuple(path)), (rows, per, scale), day, rule)
    if wrong_unit is not None:
        raise wrong_unit
    if other_use and not _nearest(library, key, place, rule):
        raise FactorUseError(
            f"{key} is published for reduction projects, not for inventories" if rule.use == "inventory"
            else f"{key} is published for inventories, not for reduction projects",
            "use", rule.use, "Use the average grid factor, energy_type 'electricity'.",
        )  # fmt: skip
    raise FactorNotFoundError(key, place.code, str(date_of(day)), _nearest(library, key, place, rule))


def _group(library: FactorLibrary, rows: Iterable[int], day: int, rule: _Rule) -> list[int]:
    """Return the rows of one publication and data year that answer on `day`, all gases and bases."""
    c, layer = library.columns, library.layer
    year = date_of(day).year
    found: dict[tuple[int, int, int], list[int]] = {}
    for row in rows:
        if not c.valid_from[row] <= day <= c.valid_to[row]:
            continue
        if rule.as_of is not None and c.published[row] > rule.as_of:
            continue
        if c.valid_to[row] == FOREVER and c.data_year[row] and year > c.data_year[row] + CARRY_YEARS:
            continue
        if rule.vintage == "data_year" and c.data_year[row] > year:
            continue
        if layer[row] == 0 and c.text["status"][row] not in _USABLE:
            continue
        if rule.gas is not None and c.text["gas"][row] != rule.gas:
            continue
        if c.text["variant"][row] not in {"", rule.variant}:
            continue
        found.setdefault((int(layer[row]), int(c.data_year[row]), int(c.published[row])), []).append(row)
    if not found:
        return []
    top = max(key[0] for key in found)
    best = _vintage([key for key in found if key[0] == top], year, rule)
    return _variant(library, found[best], rule.variant)


def _vintage(keys: list[tuple[int, int, int]], year: int, rule: _Rule) -> tuple[int, int, int]:
    """Choose among (layer, data year, published) keys of one layer; data year 0 stands for any year."""
    if rule.vintage == "data_year":
        return max(keys, key=lambda key: (key[1] in {year, 0}, -abs(year - key[1]), key[2]))
    known_by = rule.as_of if rule.as_of is not None else day_of(date(year, 12, 31))
    out = [key for key in keys if key[2] <= known_by]
    return max(out, key=lambda key: (key[1], key[2])) if out else min(keys, key=lambda key: (key[2], key[1]))


def _variant(library: FactorLibrary, rows: list[int], variant: str) -> list[int]:
    """Keep, per gas and basis, the row of the variant asked for, else the plain one."""
    kept: dict[tuple[str, str], int] = {}
    for row in sorted(rows, key=lambda row: library.variants[row] == variant):
        kept[library.gases[row], library.per[row]] = row
    return sorted(kept.values())


def _fit(
    library: FactorLibrary, key: str, rows: list[int], unit: str | None, *, strict: bool
) -> tuple[list[int], str, float]:
    """Return the rows of the basis that fits `unit`, that basis, and how many of it are in one `unit`."""
    bases = list(dict.fromkeys(library.per[row] for row in rows))
    if unit is None:
        chosen, scale = bases[0], 1.0
    else:
        gross = {per: _gross(library, rows, per) for per in bases}
        chosen, scale = _basis(key, unit, tuple(bases), tuple(gross.values()), strict=strict)
    return [row for row in rows if library.per[row] == chosen], chosen, scale


def _gross(library: FactorLibrary, rows: list[int], per: str) -> bool:
    words = library.columns.text["heating_value"]
    return any(words[row] == "gross" for row in rows if library.per[row] == per)


@lru_cache(maxsize=4096)
def _basis(key: str, unit: str, bases: tuple[str, ...], gross: tuple[bool, ...], *, strict: bool) -> tuple[str, float]:
    plain = units.normalise(unit)
    order = sorted(zip(bases, gross, strict=True), key=lambda base: base[0] != plain)
    faults: list[UnitError] = []
    for per, high in order:
        try:
            return per, units.ratio(key, unit, per, strict=strict, gross=high)
        except UnitError as error:
            faults.append(error)
    raise next((fault for fault in faults if type(fault) is not UnitError), faults[0])


def _resolution(
    library: FactorLibrary,
    key: str,
    place: Region,
    where: tuple[str, str, tuple[str, ...]],
    what: tuple[list[int], str, float],
    day: int,
    rule: _Rule,
) -> Resolution:
    code, level, path = where
    rows, per, scale = what
    year, data_year = date_of(day).year, int(library.columns.data_year[rows[0]])
    stale = data_year not in {0, year}
    told = f"{rule.vintage}: data year {data_year}" if data_year else "no data year"
    if stale:
        told += f" for accounting year {year}"
    if rule.as_of is not None:
        told += f", as known on {date_of(rule.as_of)}"
    finer = {step for step, _ in place.chain[: len(path) - 1]}
    published = _published_levels(library)[key]
    skipped = any(lvl in published.get(place.nation, ()) for step, lvl in place.chain if step in finer)
    return Resolution(
        energy_type=key, region=place.code,
        rows=tuple((library.gases[row], row) for row in rows),
        factor_ids=tuple(library.ids[row] for row in rows),
        per=per, scale=scale, answered_by=code, level=level, path=path, fallback=skipped,  # type: ignore[arg-type]
        data_year=data_year or None, stale=stale, vintage=told,
    )  # fmt: skip


def _published_levels(library: FactorLibrary) -> dict[str, dict[str, set[str]]]:
    """Return, per carrier and nation, the levels at which it is published for inventories."""
    found = library.__dict__.get("published_levels")
    if found is None:
        found = {}
        for (key, code), rows in library.by_key.items():
            if any(library.uses[row] == "inventory" for row in rows):
                level = region_of(code, library.known_regions).chain[0][1]
                found.setdefault(key, {}).setdefault(code.split("-")[0], set()).add(level)
            else:
                found.setdefault(key, {})
        library.__dict__["published_levels"] = found
    return found  # type: ignore[no-any-return]


def _nearest(library: FactorLibrary, key: str, place: Region, rule: _Rule) -> str | None:
    """Describe the closest rows that do exist, for the error message."""
    c = library.columns
    for code, _ in place.chain:
        rows = [row for row in library.by_key.get((key, code), ()) if library.uses[row] == rule.use]
        if rows:
            start, end = int(c.valid_from[rows].min()), int(c.valid_to[rows].max())
            first = "any date" if start == ALWAYS else str(date_of(start))
            last = "open" if end == FOREVER else str(date_of(end))
            years = sorted({int(y) for y in c.data_year[rows] if y})
            told = f", data years {years[0]} to {years[-1]}" if years else ""
            return f"{code}, valid {first} to {last}{told}"
    return None


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
    first: date,
    last: date,
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
    rule = _rule(use, vintage, as_of, variant, gas, strict=strict)
    start, count = day_of(first), day_of(last) - day_of(first) + 1
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
        for low, high in zip(cuts, cuts[1:], strict=False):
            try:
                found = _answer(library, known, place, low, unit, rule)
            except (FactorNotFoundError, FactorUseError, InputError) as error:
                faults.setdefault(index, []).append((error, low, high - 1))
            else:
                version[index, low - start : high - start] = seen.setdefault(found, len(seen))
    return _table(library, asked, start, version, tuple(seen), faults)


def _cuts(library: FactorLibrary, key: str, place: Region, start: int, end: int) -> list[int]:
    """Return the days in [start, end] at which the answer may change."""
    c = library.columns
    rows = [row for code, _ in place.chain for row in library.by_key.get((key, code), ())]
    days = {start, end, *c.valid_from[rows].tolist(), *(c.valid_to[rows] + 1).tolist()}
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
