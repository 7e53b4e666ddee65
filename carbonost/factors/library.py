"""Emission factors as an immutable snapshot.

A library is columns: row *i* of `FactorLibrary.tonnes` is the tonnes of `FactorLibrary.gases`
(mass of the gas, or CO2e where `FactorLibrary.weighted`) per one unit `FactorLibrary.per` of activity.
Results keep the row, so that millions of them stay explainable. Nothing writes to a library after
it is made; `merge` returns a new one in which own rows answer before packaged ones.
"""

from __future__ import annotations

import hashlib
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from carbonost.domain.factor import EmissionFactor
from carbonost.errors import (
    FactorNotFoundError,
    FileFormatError,
    InputError,
    UnknownEnergyTypeError,
    UnknownRegionError,
    raise_faults,
)
from carbonost.factors.check import overlaps, refuse_implausible
from carbonost.factors.columns import ALWAYS, COLUMNS, FOREVER, Columns, date_of, read_columns
from carbonost.factors.energy_types import energy_type
from carbonost.factors.regions import region

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import numpy.typing as npt


PACKAGED: Final = (
    "factors_cn",
    "factors_ipcc2006",
    "factors_us_epa2025",
    "factors_uk_desnz2023",
    "factors_uk_desnz2025",
)
"""The packaged factor files, in the order they are read."""
_SEPARATOR: Final = "\x1f"


class FactorLibrary:
    """An immutable set of emission factors.

    Use `default` for the packaged figures, `from_frame` or `from_csv` for your own, and `merge`
    to put yours before the packaged ones.

    Attributes
    ----------
    columns : Columns
        All columns, read-only.
    ids, energy_types, regions, variants, per, gases, uses, statuses : (n,) array of object
        Text columns; `per` is the unit of activity, read from the printed unit.
    values : (n,) array of float
        As printed.
    tonnes : (n,) array of float
        Tonnes of the gas, or of CO2e where `weighted`, per one `per`.
    weighted : (n,) array of bool
        True where the publisher weighted the gas to CO2e.
    uncertainty_pct : (n,) array of float
        Half-width of the 95 % interval; NaN where the source gives none.
    layer : (n,) array of int
        0 for packaged rows, 1 and up for own ones; the highest layer of a region answers first.
    """

    def __init__(self, columns: Columns, layer: npt.NDArray[np.int64] | None = None) -> None:
        text = columns.text
        self.columns: Final = columns
        self.layer: Final = np.zeros(len(columns.value), dtype=np.int64) if layer is None else layer
        self.ids: Final = text["id"]
        self.energy_types: Final = text["energy_type"]
        self.regions: Final = text["region"]
        self.variants: Final = text["variant"]
        self.gases: Final = text["gas"]
        self.uses: Final = text["use"]
        self.statuses: Final = text["status"]
        self.per: Final = columns.per
        self.values: Final = columns.value
        self.tonnes: Final = columns.tonnes
        self.weighted: Final = columns.weighted
        self.uncertainty_pct: Final = columns.uncertainty_pct
        arrays = [self.layer, *text.values()]
        arrays += [v for name in Columns.__slots__ if isinstance(v := getattr(columns, name), np.ndarray)]
        for array in arrays:
            array.flags.writeable = False

    @classmethod
    def default(cls) -> FactorLibrary:
        """Return the packaged library; it is read once per process."""
        return _packaged()

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> FactorLibrary:
        """Return a library of your own factors.

        Rows of `to_frame` given back as they were stay packaged rows; a changed one is your own.

        Parameters
        ----------
        frame : DataFrame
            Columns ``id, energy_type, region, value, unit`` and any of ``gas, valid_from, valid_to,
            data_year, published_on, standard, document, locator, status, use, uncertainty_pct, …``.

        Raises
        ------
        InputErrors
            Every fault, with its row and field: a missing value, a unit that is none, an id that
            stands twice, validities of one key that overlap.
        ImplausibleFactorError
            If a value is outside what physics allows, such as 5.8 kgCO2/kWh.
        """
        return cls._own(frame, "this frame of factors")

    @classmethod
    def from_csv(cls, path: str | Path) -> FactorLibrary:
        """Return the library in a UTF-8 CSV file with the columns of `from_frame`.

        Raises
        ------
        FileFormatError
            If the file cannot be read as CSV.
        InputErrors, ImplausibleFactorError
            As `from_frame`.
        """
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as exc:
            raise FileFormatError("this file of factors cannot be read", str(path), remedy=f"{exc}") from exc
        return cls._own(frame, str(path))

    @classmethod
    def _own(cls, frame: pd.DataFrame, source: str) -> FactorLibrary:
        columns = read_columns(frame, source)
        for name, canonical in (("energy_type", _carrier), ("region", _place)):
            words = columns.text[name]
            known = {word: canonical(word) for word in dict.fromkeys(words)}
            columns.text[name] = np.array([known[word] for word in words], dtype=object)
        library = cls(columns)
        library = cls(columns, (~np.isin(library.lines, _packaged().lines)).astype(np.int64))
        raise_faults(f"{source} cannot be used", overlaps(library))
        refuse_implausible(library)
        return library

    def merge(self, other: FactorLibrary) -> FactorLibrary:
        """Return both sets as one.

        Own rows answer before packaged ones, in whichever order the two are merged; of two own
        sets, `other` answers first.

        Raises
        ------
        InputErrors
            If one id carries different figures in the two.
        """
        mine, faults, fresh = self._row_of, [], []
        for row, name in enumerate(other.ids):
            held = mine.get(name)
            if held is None:
                fresh.append(row)
            elif self._fingerprint(held) != other._fingerprint(row):
                remedy = "Give your row an id of its own."
                faults.append(InputError(f"id {name!r} already carries another figure", "id", name, remedy, row=row))
        raise_faults("the two libraries contradict each other", faults)
        keep = np.array(fresh, dtype=np.int64)
        added = other.layer[keep]
        added = np.where(added > 0, added + self.layer.max(initial=0), 0)  # packaged rows stay behind, in either order
        return FactorLibrary(_stack(self.columns, other.columns, keep), np.concatenate([self.layer, added]))

    def _fingerprint(self, row: int) -> tuple[object, ...]:
        c = self.columns
        return (
            c.text["energy_type"][row], c.text["region"][row], c.value[row], c.text["unit"][row], c.text["gas"][row],
            c.valid_from[row], c.valid_to[row], c.data_year[row], c.text["use"][row],
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.columns.value)

    def __repr__(self) -> str:
        return f"<FactorLibrary: {len(self)} factors, digest {self.digest[:12]}>"

    @cached_property
    def known_energy_types(self) -> frozenset[str]:
        """Every carrier this library holds."""
        return frozenset(self.energy_types)

    @cached_property
    def known_regions(self) -> frozenset[str]:
        """Every region this library holds."""
        return frozenset(self.regions)

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.ids)}

    @cached_property
    def by_key(self) -> dict[tuple[str, str], list[int]]:
        """Rows by (energy type, region)."""
        found: dict[tuple[str, str], list[int]] = {}
        for row, key in enumerate(zip(self.energy_types, self.regions, strict=True)):
            found.setdefault(key, []).append(row)
        return found

    @cached_property
    def uses_of(self) -> dict[str, frozenset[str]]:
        """What each carrier is published for."""
        found: dict[str, set[str]] = {}
        for key, use in zip(self.energy_types, self.uses, strict=True):
            found.setdefault(key, set()).add(use)
        return {key: frozenset(uses) for key, uses in found.items()}

    @cached_property
    def published_levels(self) -> dict[tuple[str, str], frozenset[str]]:
        """Levels at which a carrier is published for inventories, by (energy type, nation)."""
        found: dict[tuple[str, str], set[str]] = {}
        for (key, code), rows in self.by_key.items():
            if any(self.uses[row] == "inventory" for row in rows):
                place = region(code, self.known_regions)
                found.setdefault((key, place.nation), set()).add(place.chain[0][1])
        return {key: frozenset(levels) for key, levels in found.items()}

    @cached_property
    def digest(self) -> str:
        """sha256 of the content; row order, file order and column order change nothing."""
        rank = np.unique(self.layer, return_inverse=True)[1]  # which set goes first; one set alone has no rank
        lines = self.lines + _SEPARATOR + rank.astype(str).astype(object)
        return hashlib.sha256("\n".join(sorted(lines.tolist())).encode()).hexdigest()

    @cached_property
    def lines(self) -> npt.NDArray[np.object_]:
        """What each row says, as one line of text: rows that say the same are one factor."""
        c = self.columns
        lines = pd.Series(c.text["id"]).astype(object)
        for name in ("energy_type", "variant", "region", "unit", "gas", "heating_value", "use", "status"):
            lines = lines + _SEPARATOR + c.text[name]
        for name in ("standard", "document", "locator"):
            lines = lines + _SEPARATOR + c.text[name]
        for numbers in (c.value, c.uncertainty_pct):
            lines = lines + _SEPARATOR + np.array([float(x).hex() for x in numbers], dtype=object)
        for days in (c.valid_from, c.valid_to, c.published, c.data_year, c.scope):
            lines = lines + _SEPARATOR + np.array(list(map(str, days.tolist())), dtype=object)
        return lines.to_numpy()

    def row(self, factor_id: str) -> int:
        """Return the row of a factor.

        Raises
        ------
        FactorNotFoundError
            If no row has this id.
        """
        try:
            return self._row_of[factor_id]
        except KeyError:
            raise FactorNotFoundError(factor_id, "any region", "any day", self._near(factor_id)) from None

    def _near(self, factor_id: str) -> str | None:
        hits = self.search(factor_id.replace(".", " "), limit=1)
        return str(hits["id"].iloc[0]) if len(hits) else None

    def get(self, factor_id: str) -> EmissionFactor:
        """Return the factor with this id.

        Raises
        ------
        FactorNotFoundError
            If no row has this id.

        Examples
        --------
        >>> FactorLibrary.default().get("cn.grid.2023.province.js").value
        0.5827
        """
        return self.factor(self.row(factor_id))

    def factor(self, row: int) -> EmissionFactor:
        """Return the factor in `row`."""
        c = self.columns
        spread = float(c.uncertainty_pct[row])
        return EmissionFactor(
            **{name: column[row] for name, column in c.text.items()},
            value=float(c.value[row]),
            valid_from=_date(int(c.valid_from[row])),
            valid_to=_date(int(c.valid_to[row])),
            data_year=int(c.data_year[row]) or None,
            published_on=_date(int(c.published[row])),
            uncertainty_pct=None if np.isnan(spread) else spread,
            scope=int(c.scope[row]) or None,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return all rows in the columns `from_frame` takes."""
        c = self.columns
        numbers = {"value": c.value, "uncertainty_pct": c.uncertainty_pct}
        years = {"data_year": _nullable(c.data_year), "scope": _nullable(c.scope)}
        days = {
            name: [str(d) if (d := _date(day)) else "" for day in column.tolist()]
            for name, column in (("valid_from", c.valid_from), ("valid_to", c.valid_to), ("published_on", c.published))
        }
        return pd.DataFrame({**c.text, **numbers, **years, **days})[list(COLUMNS)]

    def search(
        self,
        text: str = "",
        *,
        energy_type: str | None = None,
        region: str | None = None,
        gas: str | None = None,
        limit: int | None = 50,
    ) -> pd.DataFrame:
        """Return the factors that fit some words, Chinese or English, the best first.

        Parameters
        ----------
        text : str
            Words of the name, the carrier, the region, the document or the id: ``"江苏 电力 2023"``.
        energy_type, region, gas : str, optional
            Narrow the search; aliases are accepted.
        limit : int or None
            At most so many rows.

        Returns
        -------
        DataFrame
            Columns of `to_frame` and ``score``; empty when nothing fits.
        """
        from carbonost.factors.search import search

        return search(self, text, energy_type=energy_type, region=region, gas=gas, limit=limit)


def _carrier(word: str) -> str:
    """Return the id of a carrier; one outside the vocabulary keeps its own name."""
    try:
        return energy_type(word)
    except UnknownEnergyTypeError:
        return word


def _place(word: str) -> str:
    """Return the code of a region; one outside the divisions keeps its own name."""
    try:
        return region(word).code
    except UnknownRegionError:
        return word


def _date(day: int) -> date | None:
    return None if day in (ALWAYS, FOREVER) else date_of(day)


def _nullable(numbers: npt.NDArray[np.int64]) -> pd.Series:
    return pd.Series(numbers, dtype="Int64").where(pd.Series(numbers) != 0)


def _stack(first: Columns, second: Columns, rows: npt.NDArray[np.int64]) -> Columns:
    text = {name: np.concatenate([column, second.text[name][rows]]) for name, column in first.text.items()}
    rest = {
        name: np.concatenate([getattr(first, name), getattr(second, name)[rows]])
        for name in Columns.__slots__
        if name != "text"
    }
    return Columns(text, **rest)


@lru_cache(maxsize=1)
def _packaged() -> FactorLibrary:
    folder = files("carbonost.factors") / "data"
    frames = []
    for name in PACKAGED:
        with (folder / f"{name}.csv").open(encoding="utf-8") as file:
            frames.append(pd.read_csv(file, dtype=str, keep_default_na=False))
    return FactorLibrary(read_columns(pd.concat(frames, ignore_index=True), "the packaged factors"))
