"""The key columns of activity rows, coded: rows that agree in all of them form a group.

A group is what is resolved, once; the engine sees its number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel

from carbonost.domain.activity import FuelParameters, OwnFactor
from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.engines.carbon.faults import Faults

_KEYS: Final = ("energy_type", "unit", "region", "scope", "category", "factor", "parameters")
_DENSE: Final = 1 << 16  # combinations numbered without looking which occur


class Group(NamedTuple):
    """What the rows of one group share, as they were written."""

    energy_type: str
    unit: str
    region: str
    scope: int | None
    category: str | None
    factor: OwnFactor | str | None
    parameters: FuelParameters | None


class Keys:
    """The key columns of n rows as codes, and what each combination of codes means.

    Parameters
    ----------
    tables : list of list
        What the codes of each key of `Group` mean, in its order.
    columns : list of (n,) array of int
        Codes of the keys that vary, in order.
    """

    def __init__(self, tables: list[list[Any]], columns: list[npt.NDArray[np.integer]], rows: int) -> None:
        self.tables, self.columns, self.rows = tables, columns, rows
        self.radices = [len(table) for table in tables if len(table) > 1]
        self._groups: list[Group] | None = None

    @property
    def size(self) -> int:
        """How many combinations there could be."""
        return len(self._groups) if self._groups is not None else math.prod(self.radices)

    @property
    def grouped(self) -> bool:
        """Whether the one column already numbers the combinations."""
        return self._groups is not None

    def compact(self) -> Keys:
        """Return keys numbered by the combinations that occur, where there could be far more."""
        if self.size <= _DENSE:
            return self
        code = np.zeros(self.rows, dtype=np.int64)
        for radix, column in zip(self.radices, self.columns, strict=True):
            code = code * radix + column
        used, inverse = np.unique(code, return_inverse=True)
        keys = Keys([], [inverse.astype(np.int32)], self.rows)
        keys._groups = [self.group(number) for number in used.tolist()]
        return keys

    def numbers(self, at: slice) -> npt.NDArray[np.int32]:
        """Return the number of the combination of each row of a block."""
        size = min(at.stop, self.rows) - at.start
        if not self.columns:
            return np.zeros(size, dtype=np.int32)
        number = self.columns[0][at].astype(np.int32)
        for radix, column in zip(self.radices[1:], self.columns[1:], strict=True):
            number *= radix
            number += column[at]
        return number

    def without(self, rows: npt.NDArray[np.intp]) -> Keys:
        """Return the keys of the other rows."""
        keys = Keys(self.tables, [np.delete(column, rows) for column in self.columns], self.rows - len(rows))
        keys._groups = self._groups
        return keys

    def group(self, number: int) -> Group:
        """Return what a combination means."""
        if self._groups is not None:
            return self._groups[number]
        parts: list[Any] = []
        for table in reversed(self.tables):
            number, digit = divmod(number, len(table))
            parts.append(table[digit])
        return Group(*reversed(parts))

    def content(self) -> tuple[Any, ...]:
        """Return what the numbers mean, to recognise the same keys in another table."""
        return tuple(self._groups) if self._groups is not None else tuple(map(tuple, self.tables))


def read_keys(frame: pd.DataFrame, faults: Faults) -> Keys:
    """Code the key columns; columns with one value cost nothing."""
    tables: list[list[Any]] = []
    columns: list[npt.NDArray[np.integer]] = []
    for name in _KEYS:
        if name not in frame.columns:
            tables.append(["CN" if name == "region" else None])
            continue
        codes, values = _codes(frame[name], name, faults)
        tables.append(values or [None])
        if len(tables[-1]) > 1:
            columns.append(codes)
    return Keys(tables, columns, len(frame)).compact()


def _codes(column: pd.Series, name: str, faults: Faults) -> tuple[npt.NDArray[np.integer], list[Any]]:
    """Return the code of each row and what each code means; an empty cell is None (region: CN)."""
    if name in {"factor", "parameters"}:
        return _object_codes(column, name, faults)
    codes: npt.NDArray[np.integer]
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.array.codes
        uniques = list(column.array.categories)
    elif isinstance(column.array, pd.arrays.ArrowStringArray):  # as pandas.factorize, at half the codes' width
        coded = column.array.__arrow_array__().dictionary_encode().combine_chunks()
        codes, uniques = coded.indices.fill_null(-1).to_numpy(), coded.dictionary.to_pylist()
    else:
        codes, labels = pd.factorize(column)
        uniques = list(labels)
    if len(codes) and codes.min() < 0:
        empty = codes < 0
        if name in {"energy_type", "unit"}:
            words = "this field is empty"
            faults.add(np.flatnonzero(empty), name, column.array, words, f"Give {name} in every row.")
        codes = np.where(empty, len(uniques), codes)
        uniques = [*uniques, "CN" if name == "region" else None]
    return codes, [_plain(name, value) for value in uniques]


def _plain(name: str, value: Any) -> Any:
    """Return a key's value as the resolver reads it; a sheet's numbers (320500, 3.0) become words again."""
    if value is None or name in {"energy_type", "unit"}:
        return value
    number = int(value) if isinstance(value, (int, float)) and float(value).is_integer() else None
    if name == "scope":
        return value if number is None else number
    return str(value if number is None else number)


def _object_codes(column: pd.Series, name: str, faults: Faults) -> tuple[npt.NDArray[np.integer], list[Any]]:
    """Code a column of mappings by content; the model reads each distinct one once."""
    keys: dict[str, int] = {}
    values: list[Any] = []
    codes = np.zeros(len(column), dtype=np.int64)
    for row, cell in enumerate(column.tolist()):
        empty = cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))
        empty = empty or (isinstance(cell, str) and not cell)
        key = "" if empty else _content(cell)
        if key not in keys:
            try:
                values.append(None if empty else _read_cell(name, cell))
            except InputError as error:
                faults.put(row, InputError(error.problem, f"{name}.{error.field}", error.value, error.remedy, row))
                values.append(None)
            keys[key] = len(keys)
        codes[row] = keys[key]
    return codes, values


def _content(cell: Any) -> str:
    if isinstance(cell, BaseModel):
        return str(cell.model_dump_json())
    return cell if isinstance(cell, str) else json.dumps(cell, sort_keys=True, default=str)


def _read_cell(name: str, cell: Any) -> Any:
    if isinstance(cell, (str, OwnFactor, FuelParameters)):
        return cell
    if isinstance(cell, Mapping):
        return (OwnFactor if name == "factor" else FuelParameters)(**cell)
    remedy = "Give a factor's id, or {'value', 'unit', 'source'}." if name == "factor" else "Give a mapping."
    raise InputError("this cannot be read", name, cell, remedy)
