"""CSV and Excel tables: read whole, faults told together, each with file, row and column.

A row is numbered as a spreadsheet shows it: the header is row 1.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.errors import FileFormatError, InputError, raise_faults

if TYPE_CHECKING:
    from pathlib import Path

    from carbonost.domain.headings import Headings

_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_SUFFIXES: Final = (".csv", ".xlsx", ".xlsm")


def read_table(
    path: Path, columns: Headings, required: tuple[str, ...], rename: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read a table of text cells with our column names.

    Parameters
    ----------
    path : Path
        A ``.csv`` (UTF-8 or GB 18030) or ``.xlsx`` file; the first sheet, merged cells filled.
    columns : Headings
        Our names, and the others they may stand under.
    required : tuple of str
        Our names that must be there.
    rename : mapping, optional
        Our name -> the file's own column, where it has an unusual one.

    Returns
    -------
    DataFrame
        One str column per name found, indexed by spreadsheet row; empty cells are ``""``. What the file calls
        each column stands in ``attrs["headings"]``.

    Raises
    ------
    FileFormatError
        If the file is missing, cannot be decoded, or lacks a required column.
    """
    frame = _cells(path)
    given = {str(theirs): ours for ours, theirs in (rename or {}).items()}
    for theirs, ours in given.items():
        if theirs not in frame.columns:
            raise FileFormatError(
                f"the file has no column {theirs!r}", f"{path.name}: {ours}", theirs, f"It has: {_listed(frame)}."
            )
    taken = set(given.values())
    names: dict[str, str] = {}
    for column in frame.columns:
        name = given.get(column) or columns.of(column)
        if name is not None and name not in names.values() and (column in given or name not in taken):
            names[column] = name
    missing = [name for name in required if name not in names.values()]
    if missing:
        raise FileFormatError(
            f"a column is missing: {', '.join(missing)}",
            path.name,
            None,
            f"The file has: {_listed(frame)}. Rename a column to {missing[0]!r}, or map it under 'columns:'.",
        )
    table = frame[list(names)].rename(columns=names)
    table.attrs["headings"] = {ours: str(theirs) for theirs, ours in names.items()}
    return table


def named(frame: pd.DataFrame, columns: Headings) -> pd.DataFrame:
    """Return a frame with our names for the columns that stand under one of their usual names."""
    return frame.rename(columns=columns.renames(frame.columns))


def listed(rows: Any, columns: Headings, field: str) -> list[Any]:
    """Return the rows of a list or of a frame, whose empty cells are left out.

    Raises
    ------
    InputError
        If it is neither.
    """
    if isinstance(rows, pd.DataFrame):
        cells = named(rows, columns).to_dict("records")
        return [{str(key): cell for key, cell in row.items() if not _empty(cell)} for row in cells]
    if isinstance(rows, (str, bytes, dict)):
        raise InputError("one row is not a list of rows", field, type(rows).__name__, "Give a list, or a DataFrame.")
    return [columns.read(row) if isinstance(row, Mapping) else row for row in rows]


def _empty(cell: Any) -> bool:
    return cell is None or (pd.api.types.is_scalar(cell) and bool(pd.isna(cell)))


def numbers(frame: pd.DataFrame, column: str, path: Path, *, gaps: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read a column as numbers; thousands separators and full-width digits are understood.

    With `gaps` an empty cell is NaN, otherwise it is a fault. All faults of the column come together.
    """
    text = frame[column].map(_tidy)
    values = pd.to_numeric(text.str.replace(",", "", regex=False), errors="coerce").to_numpy(dtype=np.float64)
    empty = (text == "").to_numpy()
    wrong = ~np.isfinite(values) & ~(empty & gaps)
    faults: list[InputError] = [
        FileFormatError(
            "not a number", f"{path.name}: {column}", cell or "(empty)", "Write plain digits.", row=int(row)
        )
        for row, cell in zip(frame.index[wrong], text[wrong], strict=True)
    ]
    raise_faults(f"{path.name}: column {column} holds what is not a number", faults)
    return values


def _cells(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileFormatError(
            "no such file", str(path.name), str(path), "Give a path relative to the park file, or put the file there."
        )
    if path.suffix.lower() not in _SUFFIXES:
        raise FileFormatError(
            "not a table this library reads", path.name, path.suffix, f"Save it as one of {', '.join(_SUFFIXES)}."
        )
    frame = _read_csv(path) if path.suffix.lower() == ".csv" else _read_excel(path)
    frame.columns = pd.Index([_tidy(str(column)) for column in frame.columns])
    filled = frame[(frame != "").any(axis=1)]
    if filled.empty:
        raise FileFormatError("the table has no rows", path.name, None, "Fill in at least one row under the header.")
    return filled


def _read_csv(path: Path) -> pd.DataFrame:
    for encoding in _ENCODINGS:
        try:
            frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding, skip_blank_lines=False)
        except UnicodeDecodeError:
            continue
        except (pd.errors.ParserError, pd.errors.EmptyDataError) as exc:
            raise FileFormatError(f"the table cannot be read: {exc}", path.name) from exc
        frame.index = pd.RangeIndex(2, len(frame) + 2)
        return frame.fillna("")
    raise FileFormatError("unknown text encoding", path.name, None, "Save the file as UTF-8.")


def _read_excel(path: Path) -> pd.DataFrame:
    openpyxl = load("openpyxl", f"reading {path.name}")
    try:
        sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    except Exception as exc:  # openpyxl raises zip, XML and key errors alike
        raise FileFormatError("not a readable Excel workbook", path.name, None, "Save it again as .xlsx.") from exc
    for merged in list(sheet.merged_cells.ranges):
        value = sheet.cell(merged.min_row, merged.min_col).value
        sheet.unmerge_cells(str(merged))
        for row in sheet.iter_rows(merged.min_row, merged.max_row, merged.min_col, merged.max_col):
            for cell in row:
                cell.value = value
    rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    header = rows[0] if rows else []
    return pd.DataFrame(rows[1:], columns=header, index=pd.RangeIndex(2, len(rows) + 1), dtype=str)


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(str(column) for column in frame.columns)
