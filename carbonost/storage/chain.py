"""The audit chain: hashes that let anybody, offline, find a changed, removed or inserted entry.

Each entry's ``hash`` covers the hash before it, its place and its content, so the last hash names
the whole history and is the same wherever the same things happened. Its ``seal`` covers in
addition when it was recorded. A purge takes an entry's content away but leaves its ``body_hash``,
so the chain still verifies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carbonost.errors import IntegrityError
from carbonost.storage.items import canonical, sha256
from carbonost.storage.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

GENESIS: Final = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Link:
    """One stored entry of the chain; `body` is its canonical JSON, None after a purge."""

    seq: int
    id: str
    body: str | None
    body_hash: str
    hash: str
    recorded_at: str
    seal: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verified chain holds."""

    length: int
    purged: int
    head: str
    seal: str
    ok: bool = True


def forge(seq: int, id_: str, body: object, recorded_at: str, prev: Link | None) -> Link:
    """Return the entry that follows `prev`."""
    text = canonical(body)
    body_hash = sha256(text)
    hash_ = sha256(canonical([prev.hash if prev else GENESIS, seq, id_, body_hash]))
    seal = sha256(canonical([prev.seal if prev else GENESIS, hash_, recorded_at]))
    return Link(seq, id_, text, body_hash, hash_, recorded_at, seal)


def verify_chain(links: Iterable[Link], head: str | None = None) -> ChainReport:
    """Walk a chain in order.

    Parameters
    ----------
    links : iterable of Link
        Every entry, oldest first.
    head : str, optional
        The hash the last entry must have; without it a removed end cannot be seen.

    Raises
    ------
    IntegrityError
        At the first entry that does not fit; `row` is its place.
    """
    last, last_seal, length, purged = GENESIS, GENESIS, 0, 0
    for place, link in enumerate(links, start=1):
        if link.seq != place:
            raise IntegrityError(f"audit entry {place} is missing", "seq", link.seq, row=place)
        if link.body is None:
            purged += 1
        elif sha256(link.body) != link.body_hash:
            raise IntegrityError("the content of an audit entry was changed", "body", link.id, row=place)
        if sha256(canonical([last, link.seq, link.id, link.body_hash])) != link.hash:
            raise IntegrityError("an audit entry does not follow the one before it", "hash", link.id, row=place)
        if sha256(canonical([last_seal, link.hash, link.recorded_at])) != link.seal:
            raise IntegrityError("the time of an audit entry was changed", "recorded_at", link.id, row=place)
        last, last_seal, length = link.hash, link.seal, place
    if head is not None and head != last:
        raise IntegrityError("the end of the audit log is missing", "head", head, row=length)
    return ChainReport(length, purged, last, last_seal)


def entry_of(link: Link) -> AuditEntry:
    """Return a stored entry as a record; a purged one keeps its place and hashes."""
    body = json.loads(link.body) if link.body is not None else {"action": "(purged)", "purged": True}
    added = {"seq": link.seq, "hash": link.hash, "recorded_at": link.recorded_at, "seal": link.seal}
    return AuditEntry.model_validate({**body, **added, "id": link.id, "version": 1})
