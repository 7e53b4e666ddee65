"""Stamps of readings that live on in a tier only: a late one is told from one that was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.errors import BeyondRetentionError
from carbonost.storage.civil import instant
from carbonost.storage.codec import Packed, pack_stamps, unpack_stamps

if TYPE_CHECKING:
    import sqlite3

    import numpy.typing as npt

    from carbonost.storage.days import Day

    Integers = npt.NDArray[np.int64]


def rolled_stamps(db: sqlite3.Connection, series: int, day: int) -> Integers:
    """Return the stamps of a day whose values live on in a tier only."""
    row = db.execute(
        "select count, first, last, step, data from rolled where series = ? and day = ?", (series, day)
    ).fetchone()
    if row is None:
        return np.zeros(0, dtype=np.int64)
    count, first, last, step, data = row
    return unpack_stamps(Packed(count, first, last, step, 0, 0, 0, None, data))[0]


def keep_stamps(db: sqlite3.Connection, series: int, day: int, start: Integers) -> None:
    """Note, beside those noted before, stamps whose values were rolled up."""
    stamps = np.union1d(rolled_stamps(db, series, day), start)
    step, data = pack_stamps(stamps)
    row = (series, day, len(stamps), int(stamps[0]), int(stamps[-1]), step, data)
    db.execute("insert or replace into rolled values (?, ?, ?, ?, ?, ?, ?)", row)


def not_rolled(db: sqlite3.Connection, group: Day, *, skip: bool) -> Day:
    """Return the readings of a group that are not yet counted in a tier.

    Raises
    ------
    BeyondRetentionError
        If there are others, unless they are to be skipped.
    """
    counted = np.isin(group.start, rolled_stamps(db, group.series, group.day))
    if not counted.any():
        return group
    if not skip:
        at = int(group.start[np.flatnonzero(counted)[0]])
        raise BeyondRetentionError(
            "a reading of this instant was rolled up already and cannot be replaced",
            "start",
            instant(at).isoformat(),
            "Leave it out, or write with on_invalid='skip'.",
        )
    return group.take(~counted)
