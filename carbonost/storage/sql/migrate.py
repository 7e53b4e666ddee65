"""Moving a database from one version's schema to another's, forwards and back (Alembic).

Records and, in PostgreSQL, readings are versioned apart: either may stand in a database without the other.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from carbonost._lazy import load
from carbonost.storage.address import parse_address
from carbonost.storage.meters_postgres import schema as readings
from carbonost.storage.sql.faults import sql_faults
from carbonost.storage.sql.schema import revision_of
from carbonost.storage.sql.store import make_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import sqlalchemy as sa

Port = Literal["records", "meters"]

_PLACE: Final = Path(__file__).parent / "migrations"
_TABLES: Final[dict[Port, tuple[str, Path]]] = {
    "records": ("alembic_version", _PLACE / "versions"),
    "meters": (readings.VERSION_TABLE, readings.PLACE / "versions"),
}
"""Where the revision of a port stands, and its migrations."""


def current(url: str, port: Port = "records") -> str | None:
    """Return the revision a database is at; None where nothing is laid out."""
    with _connection(url, 30.0) as connection:
        return revision_of(connection, _TABLES[port][0])


def upgrade(url: str, revision: str = "head", port: Port = "records") -> str | None:
    """Bring a database to `revision` and return where it stands then.

    Raises
    ------
    MissingExtraError
        If Alembic is not installed.
    """
    return _run(url, port, lambda command, config: command.upgrade(config, revision))


def upgrade_all(url: str) -> dict[Port, str | None]:
    """Bring everything that stands in a database to this version; records are laid out where nothing stands."""
    found: dict[Port, str | None] = {}
    if not url.startswith("sqlite") and current(url, "meters") is not None:
        found["meters"] = upgrade(url, port="meters")
    if not found or current(url) is not None:
        found["records"] = upgrade(url)
    return found


def downgrade(url: str, revision: str, port: Port = "records") -> str | None:
    """Take a database back to `revision` (``"base"`` removes every table) and return where it stands."""
    return _run(url, port, lambda command, config: command.downgrade(config, revision))


def _run(url: str, port: Port, move: Callable[[Any, Any], None]) -> str | None:
    command: Any = load("alembic.command", "a migration")
    config = load("alembic.config", "a migration").Config()
    table, versions = _TABLES[port]
    for name, value in (("script_location", _PLACE), ("version_locations", versions)):
        config.set_main_option(name, str(value).replace("%", "%%"))
    for name in ("path_separator", "version_path_separator"):
        config.set_main_option(name, "os")
    with _connection(url, 300.0) as connection:
        config.attributes |= {"connection": connection, "version_table": table}
        move(command, config)
        return revision_of(connection, table)


@contextmanager
def _connection(url: str, timeout_s: float) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction; it stands in the schema that ``?schema=`` names."""
    engine = make_engine(url, timeout_s)
    try:
        with (
            sql_faults(parse_address(url).shown),
            engine.connect().execution_options(write=True) as connection,
            connection.begin(),
        ):
            yield connection
    finally:
        engine.dispose()
