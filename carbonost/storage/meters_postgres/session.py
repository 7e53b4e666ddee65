"""One connection to PostgreSQL that comes back after the server did, and says who asks."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from carbonost._lazy import load
from carbonost.errors import ClosedError, InvalidDataError
from carbonost.storage.address import normal
from carbonost.storage.meters_postgres.schema import LAYOUTS
from carbonost.storage.sql.faults import translate
from carbonost.storage.sql.schema import SETTING, checked

if TYPE_CHECKING:
    from collections.abc import Iterator

_SNAPSHOT: Final = "set transaction isolation level repeatable read, read only"
_TENANT: Final = f"select set_config('{SETTING}', %s, true)"


class Session:
    """The connection behind a store and its tenants; one transaction at a time.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/db``, optionally ``?schema=name`` and ``?layout=chunk``.
    timeout_s : float [s]
        How long a connection, a lock or a statement is waited for.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self.psycopg: Any = load("psycopg", "a PostgreSQL store")
        from sqlalchemy import make_url

        address = make_url(normal(url)).set(drivername="postgresql")
        query = dict(address.query)
        self.schema = checked(query.pop("schema", "public"))
        self.layout = str(query.pop("layout", "")) or None
        if self.layout not in (None, *LAYOUTS):
            raise InvalidDataError("no such layout", "layout", self.layout, f"Use one of {', '.join(LAYOUTS)}.")
        self._url = normal(address.set(query=query).render_as_string(hide_password=False))  # libpq wants blanks encoded
        self.target = address.set(username=None, password=None, query={}).render_as_string()
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._closed = False
        self._connection: Any = None

    @contextmanager
    def transaction(self, org_id: str | None = None, *, snapshot: bool = False) -> Iterator[Any]:
        """Open a transaction and yield its cursor.

        Parameters
        ----------
        org_id : str, optional
            Whom row security lets through, until the transaction ends.
        snapshot : bool
            Every statement sees the same state, and none writes.
        """
        with self._lock, ExitStack() as stack:
            if self._closed:
                raise ClosedError("the store is closed", target=self.target)
            try:
                connection = self._begun(stack)
                cursor = stack.enter_context(connection.cursor())
                if snapshot:
                    cursor.execute(_SNAPSHOT)
                if org_id is not None:
                    cursor.execute(_TENANT, (org_id,))
                yield cursor
                stack.close()
            except self.psycopg.Error as exc:
                raise translate(exc, self.target) from exc

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def _begun(self, stack: ExitStack) -> Any:
        """Begin on the connection, or on a new one if it broke while nobody used it."""
        idle = self._connection is not None and not self._connection.closed
        if not idle:
            self._connection = self._connect()
        try:
            stack.enter_context(self._connection.transaction())
        except self.psycopg.OperationalError:
            if not (idle and self._connection.closed):
                raise
            self._connection = self._connect()  # nothing was sent yet
            stack.enter_context(self._connection.transaction())
        return self._connection

    def _connect(self) -> Any:
        wait = int(self._timeout_s * 1000)
        options = f"-c timezone=UTC -c statement_timeout={wait} -c lock_timeout={wait} -c search_path={self.schema}"
        return self.psycopg.connect(
            self._url, autocommit=True, connect_timeout=max(2, int(self._timeout_s)), options=options
        )
