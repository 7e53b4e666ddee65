"""Readings and objects of one organisation, in a store that several share.

The tenant is the first segment of every point and key, so that no selector, prefix or key of one
reaches another's. Records have their own tenancy (`RecordStore.for_tenant`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from carbonost.errors import InvalidDataError
from carbonost.storage.columns import as_frame
from carbonost.storage.items import check_tenant
from carbonost.storage.keys import check_key, check_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import BinaryIO, Literal

    import pandas as pd

    from carbonost.storage.ports import How, MeterStore, ObjectInfo, ObjectStore, SeriesInfo, WriteResult

TAG = "organization_id"


class TenantMeters:
    """The readings of one organisation.

    Parameters
    ----------
    store : MeterStore
        The shared store. Retention is applied to it as a whole, not here.
    org_id : str
        The organisation.
    """

    def __init__(self, store: MeterStore, org_id: str) -> None:
        bound = getattr(store, "for_tenant", None)  # a server that keeps tenants apart is told who asks
        self._store: MeterStore = store if bound is None else bound(check_tenant(org_id))
        self.org_id = check_tenant(org_id)
        self._head = quote(org_id, safe="") + "/"

    @property
    def capabilities(self) -> frozenset[str]:
        """What the shared store does, but for retention."""
        return self._store.capabilities - {"retention"}

    def write(self, frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any], **options: Any) -> WriteResult:
        """Store readings of this organisation."""
        frame = as_frame(frame)
        if TAG in frame.columns and (frame[TAG].dropna() != self.org_id).any():
            raise InvalidDataError("a reading belongs to another organisation", TAG, None)
        points = frame["point"].map(lambda point: self._head + point if isinstance(point, str) and point else point)
        return self._store.write(frame.assign(point=points, **{TAG: self.org_id}), **options)

    def read(self, selector: Any, start: datetime | str, end: datetime | str) -> pd.DataFrame:
        """Return readings of this organisation."""
        return self._mine(self._store.read(self._own(selector), start, end))

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return civil buckets of this organisation's points."""
        return self._mine(self._store.downsample(self._own(selector), start, end, every, tz, how))

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        return self._mine(self._store.latest(self._own(selector)))

    def series(self) -> list[SeriesInfo]:
        """Return this organisation's points."""
        held = [info for info in self._store.series() if info.point.startswith(self._head)]
        return [replace(info, point=info.point[len(self._head) :]) for info in held]

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int | None:
        """Remove readings of this organisation."""
        return self._store.delete(self._own(selector), start, end)

    def _own(self, selector: Any) -> Any:
        if isinstance(selector, str):
            return self._head + selector
        if isinstance(selector, Mapping):
            return {**selector, TAG: self.org_id}
        return [self._head + point for point in selector]

    def _mine(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(point=frame["point"].str.removeprefix(self._head))


class TenantObjects:
    """The objects of one organisation in a shared store."""

    def __init__(self, store: ObjectStore, org_id: str) -> None:
        self._store, self.org_id = store, check_tenant(org_id)
        self._head = quote(org_id, safe="") + "/"

    @property
    def capabilities(self) -> frozenset[str]:
        """What the shared store does."""
        return self._store.capabilities

    def put(self, key: str, data: bytes | BinaryIO, **options: Any) -> ObjectInfo:
        """Store an object of this organisation."""
        return replace(self._store.put(self._head + check_key(key), data, **options), key=key)

    def get(self, key: str, range: tuple[int, int] | None = None) -> bytes:  # noqa: A002
        """Return the bytes of an object."""
        return self._store.get(self._head + check_key(key), range)

    def stat(self, key: str) -> ObjectInfo:
        """Return what is known of an object."""
        return replace(self._store.stat(self._head + check_key(key)), key=key)

    def list(self, prefix: str = "", start_after: str | None = None, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Iterate this organisation's objects."""
        after = self._head + start_after if start_after is not None else None
        for info in self._store.list(self._head + check_prefix(prefix), after, limit):
            yield replace(info, key=info.key[len(self._head) :])

    def delete(self, key: str) -> None:
        """Remove an object of this organisation."""
        self._store.delete(self._head + check_key(key))

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:
        """Return an address for one object of this organisation."""
        return self._store.presign(self._head + check_key(key), method, expires_s)
