"""Nearest neighbours by cosine in PostgreSQL, where the pgvector extension is present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbonost.errors import Unsupported
from carbonost.storage.meters_postgres.session import Session
from carbonost.storage.ports import WriteResult
from carbonost.storage.vectors import unit_vectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def open_store(url: str, *, timeout_s: float = 30.0) -> PostgresVectorIndex:
    """Open the database an address names."""
    return PostgresVectorIndex(url, timeout_s=timeout_s)


class PostgresVectorIndex:
    """Vectors in a table with a ``vector`` column.

    Raises
    ------
    Unsupported
        If the server has no pgvector.
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        self._session = Session(url, timeout_s)
        self.target = self._session.target
        errors = self._session.psycopg.errors
        try:
            with self._session.transaction() as cursor:
                cursor.execute("create extension if not exists vector")
                cursor.execute(
                    "create table if not exists vector_item (id text primary key, data vector, payload jsonb not null)"
                )
        except BaseException as exc:
            self.close()
            if isinstance(exc.__cause__, errors.FeatureNotSupported | errors.UndefinedFile):
                raise Unsupported("this server has no pgvector", target=self.target, capability="vectors") from exc
            raise

    def upsert(
        self, ids: Iterable[str], vectors: Any, payloads: Sequence[Mapping[str, Any]] | None = None
    ) -> WriteResult:
        """Store vectors (n, d) under ids."""
        names = list(ids)
        dump = self._session.psycopg.types.json.Jsonb
        with self._session.transaction() as cursor:
            cursor.execute("select vector_dims(data) from vector_item limit 1")
            row = cursor.fetchone()
            array = unit_vectors(vectors, len(names), row[0] if row else None)
            cursor.execute("select count(*) from vector_item where id = any(%s)", (names,))
            updated = int(cursor.fetchone()[0])
            held = [dict(payload) for payload in payloads] if payloads else [{}] * len(names)
            listed = zip(names, array.tolist(), held, strict=True)
            cursor.executemany(
                "insert into vector_item values (%s, %s::vector, %s)"
                " on conflict (id) do update set data = excluded.data, payload = excluded.payload",
                [(name, str(vector), dump(payload)) for name, vector, payload in listed],
            )
        return WriteResult(len(names) - updated, updated)

    def query(self, vector: Any, k: int = 10, where: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """Return up to `k` items as ``{"id", "score", "payload"}``, best first."""
        wanted = str(unit_vectors(vector, 1, None)[0].tolist())
        with self._session.transaction() as cursor:
            cursor.execute(
                "select id, 1 - (data <=> %s::vector), payload from vector_item where payload @> %s"
                ' order by data <=> %s::vector, id collate "C" limit %s',
                (wanted, self._session.psycopg.types.json.Jsonb(dict(where or {})), wanted, k),
            )
            return [{"id": row[0], "score": float(row[1]), "payload": row[2]} for row in cursor.fetchall()]

    def delete(self, ids: Iterable[str]) -> int:
        """Remove items; return how many were there."""
        with self._session.transaction() as cursor:
            cursor.execute("delete from vector_item where id = any(%s)", (list(ids),))
            return int(cursor.rowcount)

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._session.close()
