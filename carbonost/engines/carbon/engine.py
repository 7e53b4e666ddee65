"""From rows to lines: read, resolve what occurs once, walk the columns.

The short way is one pass where every answer is known and none changes within a row (`walk`); the
long way (`columns`) splits periods and tells every fault. What was resolved is remembered.
"""

from __future__ import annotations

from datetime import date, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.carbon import activities as reading
from carbonost.engines.carbon import columns
from carbonost.engines.carbon.resolver import basis_of
from carbonost.engines.carbon.walk import Walk, walk, walk_compiled
from carbonost.errors import CarbonostError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.emission import Basis
    from carbonost.domain.series import BoolArray
    from carbonost.engines.carbon.context import Context
    from carbonost.engines.carbon.keys import Group, Keys

_EPOCH: Final = date(1970, 1, 1)
_TABLES: Final = 16
_LARGEST: Final = 1 << 18  # pairs of a table worth remembering
_MEMORY: Final[dict[tuple[object, ...], columns.Known]] = {}
"""What was resolved for the last few tables, by context, keys and days: calculators share it."""
_LOCK: Final = Lock()


class Engine:
    """Turns activity rows into lines under one context.

    Parameters
    ----------
    context : Context
    accelerate : bool
        Walk plain tables in a loop compiled by numba.
    """

    def __init__(self, context: Context, *, accelerate: bool) -> None:
        self._context, self._accelerate = context, accelerate

    def run(self, rows: reading.Rows, errors: str) -> tuple[reading.Activities, columns.Lines, tuple[Basis, ...]]:
        """Return the rows as read, the lines, and their bases.

        Raises
        ------
        CarbonostError
            The faults of the rows, unless `errors` is ``"collect"``.
        """
        plain = reading.read_plain(rows) if self._accelerate else None
        if plain is not None:
            lines, bases = self._short_way(plain)
            if lines is not None:
                return plain.activities(lines.start_day, lines.end_day), lines, bases
        read = reading.read_activities(rows)
        lines, bases = self._short_way(read)
        if lines is None:
            lines, bases = self._long_way(read, errors)
        return read, lines, bases

    def _short_way(self, read: reading.Activities | reading.Plain) -> tuple[columns.Lines | None, tuple[Basis, ...]]:
        """Return the lines by one pass; None where some row needs more than a gather and a product."""
        if not len(read) or (isinstance(read, reading.Activities) and read.faults.by_row):
            return None, ()
        first, last = read.span()
        starts = self._starts(first, last)
        name, known = self._recall(read.keys, starts)

        def once(known: columns.Known) -> Walk:
            if isinstance(read, reading.Plain):
                return walk_compiled(read, known, starts, (first, last))
            return walk(read, known, starts[1:], (first, last))

        found = once(known)
        if found.lines is None and found.missing.any():
            known = self._ask(name, known, found.missing, starts, read.keys)
            found = once(known)
        if found.used.all():
            return found.lines, known.bases
        if found.lines is not None:
            found.lines.basis = (np.cumsum(found.used, dtype=np.int32) - np.int32(1))[found.lines.basis]
        return found.lines, tuple(known.bases[number] for number in np.flatnonzero(found.used).tolist())

    def _long_way(self, read: reading.Activities, errors: str) -> tuple[columns.Lines, tuple[Basis, ...]]:
        """Resolve what occurs, refuse what must be, multiply the rest."""
        kept, dropped = _sound(read)
        starts = self._starts(*kept.span())
        pairs = columns.locate(kept, starts[1:])
        known = self._ask(*self._recall(kept.keys, starts), pairs.seen, starts, kept.keys)
        faults = {pair: error for pair, error in known.faults.items() if pairs.seen[pair]}
        if faults:
            rows = _rows_without(dropped, len(read))
            for row, error in columns.faulty_rows(pairs, faults, len(starts)).items():
                read.faults.put(int(rows[row]), error)
        if errors == "raise":
            read.faults.throw(len(read))
        if faults:
            kept, dropped = _sound(read)
            pairs = columns.locate(kept, starts[1:])
        table, bases = known.used(pairs)
        coefficient = np.array([basis.co2e_t for basis in bases], dtype=np.float64)
        lines = columns.multiply(kept, pairs, table, coefficient, starts[1:])
        return (lines.renumbered(_rows_without(dropped, len(read))) if len(dropped) else lines), bases

    def _starts(self, first: int, last: int) -> npt.NDArray[np.int64]:
        """Return the first days of the stretches in which no answer changes, from a table's first day to its last."""
        c = self._context.library.columns
        years = range((_EPOCH + timedelta(days=first)).year, (_EPOCH + timedelta(days=last)).year + 1)
        january = [(date(year, 1, 1) - _EPOCH).days for year in years]
        days = np.unique(np.concatenate([c.valid_from, c.valid_to + 1, january]))
        opening = np.searchsorted(days, first, side="right") - 1
        return np.asarray(days[opening : np.searchsorted(days, last, side="right")], dtype=np.int64)

    def _recall(self, keys: Keys, starts: npt.NDArray[np.int64]) -> tuple[tuple[object, ...], columns.Known]:
        """Return the name of these keys and days under this context, and what is known for them."""
        name = (self._context.identity(), keys.content(), starts.tobytes())
        return name, _MEMORY.get(name) or columns.Known.nothing(keys.size * len(starts))

    def _ask(
        self,
        name: tuple[object, ...],
        known: columns.Known,
        seen: BoolArray,
        starts: npt.NDArray[np.int64],
        keys: Keys,
    ) -> columns.Known:
        """Return what is known once every pair in `seen` has been asked for; remember it."""
        more = known.asked(seen, starts, lambda group, day: self._basis(keys.group(group), day))
        if len(more.table) <= _LARGEST:
            with _LOCK:
                _MEMORY.pop(name, None)
                _MEMORY[name] = more
                while len(_MEMORY) > _TABLES:
                    del _MEMORY[next(iter(_MEMORY))]
        return more

    def _basis(self, group: Group, day: int) -> Basis | CarbonostError:
        """Return what answers `group` on a day; an error is an answer too."""
        try:
            return basis_of(self._context, group, _EPOCH + timedelta(days=day))
        except CarbonostError as error:
            return error


def _sound(read: reading.Activities) -> tuple[reading.Activities, npt.NDArray[np.intp]]:
    """Return the rows without a fault, and the numbers of those with one."""
    dropped = np.array(sorted(read.faults.by_row), dtype=np.intp)
    return (read.without(dropped) if len(dropped) else read), dropped


def _rows_without(dropped: npt.NDArray[np.intp], size: int) -> npt.NDArray[np.intp]:
    return np.delete(np.arange(size), dropped)
