"""Nearest neighbours by cosine: exact search over one SQLite table."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost.errors import ClosedError, InvalidDataError
from carbonost.storage.address import sqlite_file
from carbonost.storage.ports import WriteResult
from carbonost.storage.sqlite_faults import sqlite_faults
from carbonost.storage.sqlite_place import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]


def open_store(url: str, **_options: Any) -> SqliteVectorIndex:
    """Open the file an address names, or one in memory."""
    return SqliteVectorIndex(sqlite_file(url))


def unit_vectors(vectors: Any, count: int | None, length: int | None) -> Floats:
    """Return vectors (n, d) scaled to length one.

    Raises
    ------
    InvalidDataError
        If they are no finite vectors, have length zero, or another dimension than those stored.
    """
    array = np.atleast_2d(np.asarray(vectors, dtype=np.float64))
    norm = np.linalg.norm(array, axis=1, keepdims=True)
    if array.ndim != 2 or not np.isfinite(array).all() or not (norm > 0).all():  # noqa: PLR2004 -- a matrix
        raise InvalidDataError("a vector is finite and not zero", "vectors")
    if count is not None and len(array) != count:
        raise InvalidDataError(f"{count} ids come with {len(array)} vectors", "vectors")
    if length is not None and array.shape[1] != length:
        raise InvalidDataError("a vector has another length than those stored", "vectors", array.shape[1])
    return np.asarray(array / norm, dtype=np.float32)


class SqliteVectorIndex:
    """Vectors in a SQLite table, compared in memory: exact, and quick up to some hundred thousand."""

    def __init__(self, path: str) -> None:
        self.target = f"sqlite:///{path}"
        self._lock = threading.RLock()
        self._closed = False
        self._place = SqlitePlace(path, self.target)
        with sqlite_faults(self.target):
            self._db = self._place.connect()
            self._db.isolation_level = "IMMEDIATE"
            if self._place.writable:
                self._db.execute(
                    "create table if not exists vector (id text primary key, data blob not null, payload text not null)"
                )

    def upsert(
        self, ids: Iterable[str], vectors: Any, payloads: Sequence[Mapping[str, Any]] | None = None
    ) -> WriteResult:
        """Store vectors (n, d) under ids."""
        names = list(ids)
        with self._lock:
            self._check()
            self._place.check_writable()
            array = unit_vectors(vectors, len(names), self._length())
            held = [json.dumps(dict(p), sort_keys=True) for p in payloads] if payloads else ["{}"] * len(names)
            with sqlite_faults(self.target), self._db:
                known = {row[0] for row in self._db.execute("select id from vector")}
                rows = zip(names, (row.tobytes() for row in array), held, strict=True)
                self._db.executemany("insert or replace into vector values (?, ?, ?)", rows)
        updated = len(known & set(names))
        return WriteResult(len(names) - updated, updated)

    def query(self, vector: Any, k: int = 10, where: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """Return up to `k` items as ``{"id", "score", "payload"}``, best first."""
        with self._lock:
            self._check()
            with self._place.steady(), sqlite_faults(self.target):
                if not self._place.writable:
                    self._db.close()
                    self._db = self._place.connect()
                rows = self._db.execute("select id, data, payload from vector order by id").fetchall()
        wanted = dict(where or {})
        items = [(id_, data, json.loads(text)) for id_, data, text in rows]
        items = [item for item in items if all(item[2].get(name) == value for name, value in wanted.items())]
        if not items:
            return []
        matrix = np.frombuffer(b"".join(item[1] for item in items), dtype=np.float32).reshape(len(items), -1)
        score = matrix @ unit_vectors(vector, 1, matrix.shape[1])[0]
        best = np.argsort(-score, kind="stable")[:k]
        return [{"id": items[i][0], "score": float(score[i]), "payload": items[i][2]} for i in best]

    def delete(self, ids: Iterable[str]) -> int:
        """Remove items; return how many were there."""
        with self._lock:
            self._check()
            self._place.check_writable()
            with sqlite_faults(self.target), self._db:
                return sum(self._db.execute("delete from vector where id = ?", (id_,)).rowcount for id_ in ids)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._db.close()

    def _check(self) -> None:
        if self._closed:
            raise ClosedError("the index is closed", target=self.target)

    def _length(self) -> int | None:
        row = self._db.execute("select length(data) from vector limit 1").fetchone()
        return row[0] // 4 if row else None
