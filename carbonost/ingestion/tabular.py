"""CSV and Excel tables: read whole, faults told together, each with file, row and column.

A row is numbered as a spreadsheet shows it: its first is row 1, whether the header stands there or below a title.
"""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.errors import FileFormatError, InputError, raise_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from carbonost.domain.headings import Headings

_ENCODINGS: Final = ("utf-8-sig", "gb18030")
_SUFFIXES: Final = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm")
_ABOVE: Final = 40
"""A header stands within the first rows of a sheet."""
_TOTALS: Final = re.compile(
    r"(?:(?:合|总|小|共)\s*计|总和|平均值?|最[大小]值?|(?:sub|grand )?totals?|sum|average|max|min)(?!\w)"
)
_WHEN: Final = ("day", "start", "month", "period_start")
_REMARK: Final = re.compile(r"(?:备?注|说明|制表人?|审核|(?:导出|打印|制表)(?:时间|日期))\s*:")
_SAID: Final = re.compile(r"([^\s:,;()]+)\s*:\s*([^\s:,;()]+)")
_NO_READING: Final = frozenset({"", "-", "--", "---", "—", "——", "/", "null", "nan"})


@dataclass(frozen=True, eq=False)
class Sheet:
    """The cells under a header, with what stands above it.

    Attributes
    ----------
    path : Path
        The file.
    headings : list of str
        The header's cells.
    cells : DataFrame
        The rows below as text, columns by their position, indexed by spreadsheet row; empty cells are ``""``.
    above : list of list of str
        The rows above the header.
    notes : tuple of str
        What was not read as data: rows of totals and remarks.
    """

    path: Path
    headings: list[str]
    cells: pd.DataFrame
    above: list[list[str]]
    notes: tuple[str, ...]

    def names(self, columns: Headings, rename: Mapping[str, str] | None = None) -> dict[str, int]:
        """Return the column of each of our names; of two headings that mean the same the first counts.

        Raises
        ------
        FileFormatError
            If the file lacks a column of `rename`.
        """
        given = {str(ours): _tidy(str(theirs)) for ours, theirs in (rename or {}).items()}
        for ours, theirs in given.items():
            if theirs not in self.headings:
                raise FileFormatError(
                    f"the file has no column {theirs!r}",
                    f"{self.path.name}: {ours}",
                    theirs,
                    f"It has: {', '.join(self.headings)}.",
                )
        found = {ours: self.headings.index(theirs) for ours, theirs in given.items()}
        for at, heading in enumerate(self.headings):
            name = None if at in found.values() else columns.of(heading)
            if name is not None and name not in found:
                found[name] = at
        return found

    def table(self, names: Mapping[str, int]) -> pd.DataFrame:
        """Return the columns under our names, in the file's order; ``attrs`` hold `headings` and `notes`."""
        order = sorted(names, key=lambda name: names[name])
        table = self.cells[[names[name] for name in order]].set_axis(order, axis=1)
        table.attrs = {"headings": {name: self.headings[names[name]] for name in order}, "notes": self.notes}
        return table

    def said(self, columns: Headings, name: str) -> list[str]:
        """Return what the rows above the header say of a name: 单位:kW, or 单位 and kW in cells side by side."""
        found: dict[str, None] = {}
        for row in self.above:
            cells = [_tidy(cell) for cell in row if cell]
            pairs = [pair for cell in cells for pair in _SAID.findall(cell)]
            pairs += zip((cell.rstrip(":") for cell in cells), cells[1:], strict=False)
            found |= dict.fromkeys(
                value for key, value in pairs if columns.of(key) == name and value.rstrip(":") != key
            )
        return list(found)

    def lacks(self, missing: Sequence[str]) -> FileFormatError:
        """Return the fault of columns that are not there."""
        return FileFormatError(
            f"a column is missing: {', '.join(missing)}",
            self.path.name,
            None,
            f"The file has: {', '.join(self.headings)}. Rename a column to {missing[0]!r}, or map it under 'columns:'.",
        )


def read_table(
    path: Path, columns: Headings, required: tuple[str, ...], rename: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Read a table of text cells with our column names.

    Parameters
    ----------
    path : Path
        A ``.csv`` or ``.txt`` (UTF-8, UTF-16 or GB 18030; commas or tabs) or ``.xlsx`` file; the first sheet,
        merged cells filled. The header is the first row that holds the required columns.
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
        each column stands in ``attrs["headings"]``, rows left out (合计) in ``attrs["notes"]``.

    Raises
    ------
    FileFormatError
        If the file is missing, cannot be decoded, or lacks a required column.
    """
    sheet = read_sheet(path, columns, lambda names, _: names.issuperset(required), rename)
    names = sheet.names(columns, rename)
    missing = [name for name in required if name not in names]
    if missing:
        raise sheet.lacks(missing)
    return sheet.table(names)


def read_sheet(
    path: Path,
    columns: Headings,
    whole: Callable[[set[str], list[str]], bool],
    rename: Mapping[str, str] | None = None,
) -> Sheet:
    """Read a sheet under the first row that is its header: `whole` tells it by our names and its cells.

    Where no row is, the one with most known names is taken, so that the fault can say what is missing.

    Raises
    ------
    FileFormatError
        If the file is missing, cannot be decoded, has no rows, or a row is longer than the header.
    """
    rows = _rows(path)
    theirs = {_tidy(str(heading)): ours for ours, heading in (rename or {}).items()}

    def ours(at: int) -> list[str | None]:
        return [theirs.get(cell) or columns.of(cell) for cell in map(_tidy, rows[at])]

    def rank(at: int) -> tuple[bool, int, bool]:
        names = {name for name in ours(at) if name}
        return whole(names, [_tidy(cell) for cell in rows[at]]), len(names), any(rows[at])

    header = max(range(min(len(rows), _ABOVE)), key=rank, default=0)
    body = {number: row for number, row in enumerate(rows[header + 1 :], header + 2) if any(row)}
    notes = _aside(body, [at for at, name in enumerate(ours(header)) if name in _WHEN]) if body else ()
    if not body:
        raise FileFormatError("the table has no rows", path.name, None, "Fill in at least one row under the header.")
    width = len(rows[header])
    for number, row in body.items():
        if any(row[width:]):
            raise FileFormatError(
                "a row is longer than the header", path.name, row[width], "Quote cells that hold a comma.", row=number
            )
    square = [(row + [""] * width)[:width] for row in body.values()]
    cells = pd.DataFrame(square, index=pd.Index(list(body)), columns=range(width), dtype=str)
    return Sheet(path, [_tidy(cell) for cell in rows[header]], cells, rows[:header], notes)


def _aside(body: dict[int, list[str]], when: list[int]) -> tuple[str, ...]:
    """Take the rows of totals and remarks out of the body; return a note of each.

    The word stands in a column of time, or first in a row without a time: a meter may be called 合计, a day not.
    """
    notes = []
    for number, row in list(body.items()):
        word = next((row[at] for at in when if at < len(row) and row[at]), "") or next(filter(None, row))
        if word[0].isdigit():
            continue
        plain = _tidy(word).casefold()
        if _TOTALS.match(plain) or _REMARK.match(plain):
            notes.append(f"row {number} ({word}) is not read")
            del body[number]
    return tuple(notes)


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

    With `gaps` an empty cell, or one that holds a dash, is NaN, otherwise it is a fault. All faults come together.
    """
    values = np.array(pd.to_numeric(frame[column], errors="coerce"), dtype=np.float64)
    odd = np.flatnonzero(~np.isfinite(values))
    text = frame[column].iloc[odd].map(_tidy)
    values[odd] = pd.to_numeric(text.str.replace(",", "", regex=False), errors="coerce")
    empty = text.str.casefold().isin(_NO_READING).to_numpy() & gaps
    values[odd[empty]] = np.nan
    wrong = ~np.isfinite(values[odd]) & ~empty
    faults: list[InputError] = [
        FileFormatError(
            "not a number",
            f"{path.name}: {column}",
            cell or "(empty)",
            "Write plain digits.",
            row=int(frame.index[at]),
        )
        for at, cell in zip(odd[wrong], text[wrong], strict=True)
    ]
    raise_faults(f"{path.name}: column {column} holds what is not a number", faults)
    return values


def _rows(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise FileFormatError(
            "no such file", str(path.name), str(path), "Give a path relative to the park file, or put the file there."
        )
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise FileFormatError(
            "not a table this library reads", path.name, path.suffix, f"Save it as one of {', '.join(_SUFFIXES)}."
        )
    return _sheet_rows(path) if suffix in (".xlsx", ".xlsm") else _text_rows(path)


def _text_rows(path: Path) -> list[list[str]]:
    text = _decoded(path)
    head = text.splitlines()[:_ABOVE]
    # A tab before a long number keeps a spreadsheet from rounding it, so tabs must stand in more lines than commas.
    delimiter = max(",\t", key=lambda mark: (sum(mark in line for line in head), text[:4096].count(mark)))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as exc:
        raise FileFormatError(f"the table cannot be read: {exc}", path.name) from exc
    return [[cell.strip() for cell in row] for row in rows]


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else _ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileFormatError("unknown text encoding", path.name, None, "Save the file as UTF-8.")


def _sheet_rows(path: Path) -> list[list[str]]:
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
    return [[_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def _shown(cell: object) -> str:
    """Return a cell as a reader sees it; a clock's time of a whole day, which Excel calls 1, is 24:00."""
    if isinstance(cell, dt.datetime) and cell.year <= 1900:  # noqa: PLR2004 -- the epoch of Excel's clock
        cell = cell - dt.datetime(1899, 12, 31)  # noqa: DTZ001
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return "" if cell is None else str(cell).strip()


def _tidy(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
