"""Objects no record speaks of: what a compound write leaves that died before its commit.

The order is object, readings, records, outbox, so an orphan is harmless; it only takes room.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from carbonost.errors import NaiveTimestampError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from carbonost.storage.ports import ObjectStore

GRACE: Final = timedelta(days=1)
"""A younger object may belong to a unit of work that is still open."""


def orphans(
    objects: ObjectStore, known: Collection[str], now: datetime, *, prefix: str = "", grace: timedelta = GRACE
) -> list[str]:
    """Return keys under `prefix` that are not among the `known` ones and are older than `grace`.

    Parameters
    ----------
    objects : ObjectStore
        Where to look.
    known : collection of str
        Every key a record, envelope or report names.
    now : datetime
        The present, aware.
    prefix : str
        What the caller answers for; keys outside are left alone.
    grace : timedelta
        How old an orphan must be.
    """
    if now.tzinfo is None:
        raise NaiveTimestampError("the instant has no zone", "now", now)
    old = (info for info in objects.list(prefix) if info.modified is None or info.modified < now - grace)
    held = set(known)
    return [info.key for info in old if info.key not in held]


def sweep(
    objects: ObjectStore, known: Collection[str], now: datetime, *, prefix: str = "", grace: timedelta = GRACE
) -> list[str]:
    """Remove the `orphans` and return their keys."""
    found = orphans(objects, known, now, prefix=prefix, grace=grace)
    for key in found:
        objects.delete(key)
    return found
