"""Which factor answers: the nearest region that publishes one, and the right year of it.

**Region.** city → province → grid region → nation → world. A province without a figure of its own
(Tibet) is answered by the nation and flagged, never by a neighbour or by a grid region whose
figure was made without it.

**Vintage.** Grid factors describe a data year and appear one to three years later. ``"data_year"``
takes the factor of the accounting year itself; if that is not published, the nearest earlier
data year, at most `CARRY_YEARS` back, and says so (`Resolution.stale`). ``"latest_published"`` takes
the latest data year published by `as_of`, or, without it, by the end of the accounting year; if
none was yet, the first one that appeared. Neither takes a data year after the accounting year,
because a row's validity starts with its data year unless it says otherwise.

**As of.** A row published after `as_of` does not exist. Rows without a printed date always do.

**Own rows** answer before packaged ones, region by region.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from carbonost import units
from carbonost.domain.factor import Resolution
from carbonost.errors import AmbiguousUnitError, FactorNotFoundError, FactorUseError, InputError, UnitError
from carbonost.factors.columns import ALWAYS, FOREVER, USES, as_day, date_of, day_of
from carbonost.factors.energy_types import energy_type as carrier_of
from carbonost.factors.energy_types import shared_fuel
from carbonost.factors.regions import region as region_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonost.domain.factor import Vintage
    from carbonost.factors.library import FactorLibrary
    from carbonost.factors.regions import Region

CARRY_YEARS: Final = 5
"""An open-ended factor of data year y answers accounting years up to y + 5, and no later."""
VINTAGES: Final = ("data_year", "latest_published")


class Rule(NamedTuple):
    """How to choose; see `resolve`."""

    use: str
    vintage: str
    as_of: int | None
    variant: str
    gas: str | None
    strict: bool


def make_rule(use: str, vintage: str, as_of: date | str | None, variant: str, gas: str | None, *, strict: bool) -> Rule:
    """Check the options of `resolve` and return them as one rule.

    Raises
    ------
    InputError
        If the vintage rule or the use is not known, or `as_of` is no date.
    """
    if vintage not in VINTAGES:
        remedy = f"Use one of {', '.join(VINTAGES)}."
        raise InputError("this vintage rule is not known", "vintage", vintage, remedy)
    if use not in USES:
        raise InputError("this use is not known", "use", use, f"Use one of {', '.join(sorted(USES))}.")
    return Rule(use, vintage, None if as_of is None else as_day(as_of, "as_of"), variant, gas, strict)


def resolve(
    library: FactorLibrary,
    energy_type: str,
    region: str,
    on: date | str,
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
    rule = make_rule(use, vintage, as_of, variant, gas, strict=strict)
    key = shared_fuel_or_self(carrier_of(energy_type, library.known_energy_types), library)
    place = region_of(region, library.known_regions)
    return answer(library, key, place, as_day(on, "on"), unit, rule)


def shared_fuel_or_self(key: str, library: FactorLibrary) -> str:
    """Return `key` where the library holds it, else the carrier whose factor it shares (steam -> heat)."""
    return key if key in library.known_energy_types else shared_fuel(key)


def answer(library: FactorLibrary, key: str, place: Region, day: int, unit: str | None, rule: Rule) -> Resolution:
    """Return what answers a canonical carrier in a region on a day number; see `resolve`."""
    path: list[str] = []
    wrong_unit: UnitError | None = None
    for code, level in place.chain:
        path.append(code)
        held = library.by_key.get((key, code))
        if not held:
            continue
        group = _group(library, [row for row in held if library.uses[row] == rule.use], day, rule)
        if not group:
            continue
        try:
            rows, per, scale = _fit(library, key, group, unit, strict=rule.strict)
        except AmbiguousUnitError:
            raise  # a farther region must not settle what the nearer one leaves open
        except UnitError as error:
            wrong_unit = wrong_unit or error
            continue
        return _resolution(library, key, place, (code, level, tuple(path)), (rows, per, scale), day, rule)
    if wrong_unit is not None:
        raise wrong_unit
    if key in library.uses_of and rule.use not in library.uses_of[key]:
        raise FactorUseError(
            f"{key} is published for reduction projects, not for inventories" if rule.use == "inventory"
            else f"{key} is published for inventories, not for reduction projects",
            "use", rule.use, "Use the average grid factor, energy_type 'electricity'.",
        )  # fmt: skip
    raise FactorNotFoundError(key, place.code, str(date_of(day)), _nearest(library, key, place, rule))


def _group(library: FactorLibrary, rows: Iterable[int], day: int, rule: Rule) -> list[int]:
    """Return the rows of one publication and data year that answer on `day`, all gases and bases."""
    c, layer = library.columns, library.layer
    year = date_of(day).year
    found: dict[tuple[int, int, int], list[int]] = {}
    for row in rows:
        if not c.valid_from[row] <= day <= _last_day(library, row):
            continue
        if rule.as_of is not None and c.published[row] > rule.as_of:
            continue
        if rule.vintage == "data_year" and c.data_year[row] > year:
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


def _vintage(keys: list[tuple[int, int, int]], year: int, rule: Rule) -> tuple[int, int, int]:
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
    whole = [row for row in rows if library.gases[row] != "CO2_biogenic"] or rows  # its basis is never biogenic alone
    bases = list(dict.fromkeys(library.per[row] for row in whole))
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
    if plain in bases:
        return plain, 1.0
    fits: list[tuple[str, float]] = []
    faults: list[UnitError] = []
    for per, high in zip(bases, gross, strict=True):
        try:
            fits.append((per, units.ratio(key, unit, per, strict=strict, gross=high)))
        except UnitError as error:
            faults.append(error)
    open_question = next((fault for fault in faults if isinstance(fault, AmbiguousUnitError)), None)
    if open_question or not fits:  # a bill in plain kWh fits the net column, but may be gross: ask
        raise open_question or faults[0]
    return fits[0]


def _resolution(
    library: FactorLibrary,
    key: str,
    place: Region,
    where: tuple[str, str, tuple[str, ...]],
    what: tuple[list[int], str, float],
    day: int,
    rule: Rule,
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
    published = library.published_levels.get((key, place.nation), frozenset())
    skipped = any(finer in published for _, finer in place.chain[: len(path) - 1])
    return Resolution(
        energy_type=key, region=place.code,
        rows=tuple((library.gases[row], row) for row in rows),
        factor_ids=tuple(library.ids[row] for row in rows),
        per=per, scale=scale, answered_by=code, level=level, path=path, fallback=skipped,  # type: ignore[arg-type]
        data_year=data_year or None, stale=stale, vintage=told,
    )  # fmt: skip


def _last_day(library: FactorLibrary, row: int) -> int:
    """Return the last day number a row answers for: its own end, or what its data year is carried to."""
    c = library.columns
    if c.valid_to[row] == FOREVER and c.data_year[row]:
        return day_of(date(int(c.data_year[row]) + CARRY_YEARS, 12, 31))
    return int(c.valid_to[row])


def _nearest(library: FactorLibrary, key: str, place: Region, rule: Rule) -> str | None:
    """Describe the closest rows that do exist, for the error message."""
    c = library.columns
    for code, _ in place.chain:
        rows = [row for row in library.by_key.get((key, code), ()) if library.uses[row] == rule.use]
        if rows:
            start, end = int(c.valid_from[rows].min()), max(_last_day(library, row) for row in rows)
            first = "any date" if start == ALWAYS else str(date_of(start))
            last = "any later date" if end == FOREVER else str(date_of(end))
            years = sorted({int(y) for y in c.data_year[rows] if y})
            told = f", data years {years[0]} to {years[-1]}" if years else ""
            return f"{code}, valid {first} to {last}{told}"
    return None
