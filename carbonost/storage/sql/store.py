"""A `RecordStore` over SQLite or PostgreSQL: one transaction is one unit of work of one tenant."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Self, cast
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.pool import NullPool, StaticPool

from carbonost.errors import ClosedError, TenantRequiredError
from carbonost.storage.address import MEMORY, beside, normal, parse_address, sqlite_file
from carbonost.storage.items import check_tenant
from carbonost.storage.models import KINDS
from carbonost.storage.sql import schema
from carbonost.storage.sql.faults import sql_faults
from carbonost.storage.sql.logs import SqlAudit, SqlOutbox
from carbonost.storage.sql.repository import SqlRepository
from carbonost.storage.sqlite_place import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbonost.storage.models import Record
    from carbonost.storage.ports import TenantRecords, UnitOfWork

_OURS: Final = ("schema", "layout")
"""Options of an address that libpq does not know; records heed the schema only, and one address serves both ports."""


def open_store(url: str, *, create: bool = True, timeout_s: float = 30.0) -> SqlRecordStore:
    """Open the database an address names, laying it out where it is empty."""
    return SqlRecordStore(url, create=create, timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield the address of a database of its own, on the same server or in the same folder."""
    if url.startswith("sqlite"):
        with beside(url) as address:
            yield address
        return
    name = f"carbonost_verify_{uuid4().hex[:12]}"
    engine = make_engine(url, 30.0).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with sql_faults(parse_address(url).shown), engine.connect() as connection:
            connection.exec_driver_sql(f"create database {name}")
        yield sa.make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"drop database if exists {name} with (force)")
        engine.dispose()


def make_engine(url: str, timeout_s: float) -> sa.Engine:
    """Return an engine with our settings: WAL and full sync on SQLite, UTC and time limits on PostgreSQL."""
    url = normal(url)
    if url.startswith("sqlite"):
        file = sqlite_file(url)
        place = SqlitePlace(file, url, timeout_s)
        pool = {"poolclass": StaticPool} if file == MEMORY else {} if place.writable else {"poolclass": NullPool}
        engine = sa.create_engine(sa.URL.create("sqlite", database=file), creator=place.connect, **pool)
        if place.writable:
            sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    from carbonost._lazy import load

    load("psycopg", "a PostgreSQL store")
    milliseconds = int(timeout_s * 1000)
    settings = f"-c timezone=UTC -c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
    address = sa.make_url(url)
    if "schema" in address.query:
        settings += f" -c search_path={schema.checked(address.query['schema'])}"
    return sa.create_engine(
        address.set(drivername="postgresql+psycopg").difference_update_query(_OURS),
        connect_args={"connect_timeout": max(2, int(timeout_s)), "options": settings},
        pool_pre_ping=True,
        pool_timeout=timeout_s,
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("begin immediate" if write else "begin")


class SqlRecordStore:
    """Records in SQLite or PostgreSQL.

    Parameters
    ----------
    url : str
        ``sqlite:///park.db`` or ``postgresql://user:password@host/db``, optionally ``?schema=name``.
    create : bool
        Lay the tables out in an empty database.
    timeout_s : float [s]
        How long a lock, a connection or a statement is waited for.
    """

    def __init__(self, url: str, *, create: bool = True, timeout_s: float = 30.0) -> None:
        self.target = parse_address(url).shown
        self._closed = False
        self._place = SqlitePlace(sqlite_file(url) if url.startswith("sqlite") else MEMORY, self.target)
        with sql_faults(self.target):
            self._engine = make_engine(url, timeout_s)
            self._turn = threading.RLock() if isinstance(self._engine.pool, StaticPool) else nullcontext()
            try:
                if create and self._place.writable:
                    schema.lay_out(self._engine)
                schema.check(self._engine, self.target)
                self.capabilities = self._probe()
            except BaseException:
                self._engine.dispose()
                raise

    def for_tenant(self, org_id: str) -> TenantRecords:
        """Return the records of one organisation."""
        return cast("TenantRecords", SqlTenant(self, check_tenant(org_id)))

    def begin(self) -> None:
        """Refuse: there is no unit of work without an organisation."""
        raise TenantRequiredError("records belong to an organisation", remedy="Call for_tenant(org_id).begin().")

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._closed = True
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @contextmanager
    def transaction(self, org_id: str, *, write: bool) -> Iterator[sa.Connection]:
        """Open a transaction of one tenant; row security is told its name."""
        if self._closed:
            raise ClosedError("the store is closed", target=self.target)
        if write:
            self._place.check_writable()
        with self._turn, self._place.steady(), sql_faults(self.target):
            connection = self._engine.connect().execution_options(write=write)
            with connection, connection.begin():
                if self._engine.dialect.name == "postgresql":
                    connection.execute(
                        sa.text("select set_config(:name, :org, true)"), {"name": schema.SETTING, "org": org_id}
                    )
                yield connection

    def _probe(self) -> frozenset[str]:
        found = {"transactions", "multi_process", "audit", "outbox"}
        version = self._engine.dialect.server_version_info or ()
        self.server = f"{self._engine.dialect.name} {'.'.join(map(str, version))}".rstrip()
        if self._engine.dialect.name == "postgresql":
            with self._engine.connect() as connection:
                role = connection.execute(
                    sa.text("select rolsuper or rolbypassrls from pg_roles where rolname = current_user")
                ).scalar()
            if not role:  # a superuser walks past every policy; our own filter still stands
                found.add("row_security")
        return frozenset(found)


class SqlUnit:
    """One open transaction: a repository per kind, the audit log and the outbox."""

    def __init__(self, connection: sa.Connection, org_id: str, target: str) -> None:
        for kind in KINDS:
            setattr(self, kind, SqlRepository(connection, org_id, kind, target))
        self.audit = SqlAudit(connection, org_id, target)
        self.outbox = SqlOutbox(connection, org_id, target)


class SqlTenant:
    """The records of one organisation."""

    def __init__(self, store: SqlRecordStore, org_id: str) -> None:
        self._store, self.org_id = store, org_id

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:
        """Open a unit of work: commits on leaving, rolls back on an error."""
        with self._store.transaction(self.org_id, write=write) as connection:
            yield cast("UnitOfWork", SqlUnit(connection, self.org_id, self._store.target))

    def drain(self, deliver: Callable[[Record], None], *, limit: int = 100) -> int:
        """Deliver waiting events, in order per aggregate, at least once.

        An event counts as delivered when `deliver` returns. If it raises, the event waits for the
        next drain and so do the later events of its aggregate; the others go on, and the first
        exception is raised at the end.
        """
        delivered, failed = 0, set[str]()
        first: Exception | None = None
        while delivered < limit:
            with self._store.transaction(self.org_id, write=True) as connection:
                claimed = SqlOutbox(connection, self.org_id, self._store.target).claim(failed)
            if claimed is None:
                break
            event, until = claimed
            try:
                deliver(event)
            except Exception as exc:  # noqa: BLE001 -- whatever the caller's handler raises is passed on below
                failed.add(event["aggregate"])
                first = first or exc
            with self._store.transaction(self.org_id, write=True) as connection:
                ok = event["aggregate"] not in failed
                SqlOutbox(connection, self.org_id, self._store.target).settle(event.id, until, delivered=ok)
            delivered += ok
        if first is not None:
            raise first
        return delivered
