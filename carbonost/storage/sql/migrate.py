"""Moving a database from one version's schema to another's, forwards and back (Alembic)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost._lazy import load
from carbonost.storage.address import parse_address
from carbonost.storage.sql.faults import sql_faults
from carbonost.storage.sql.schema import revision_of
from carbonost.storage.sql.store import make_engine

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACE: Final = Path(__file__).parent / "migrations"


def current(url: str) -> str | None:
    """Return the revision a database is at; None where nothing is laid out."""
    engine = make_engine(url, 30.0)
    try:
        with sql_faults(parse_address(url).shown), engine.connect() as connection:
            return revision_of(connection)
    finally:
        engine.dispose()


def upgrade(url: str, revision: str = "head") -> str | None:
    """Bring a database to `revision` and return where it stands then.

    Raises
    ------
    MissingExtraError
        If Alembic is not installed.
    """
    return _run(url, lambda command, config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> str | None:
    """Take a database back to `revision` (``"base"`` removes every table) and return where it stands."""
    return _run(url, lambda command, config: command.downgrade(config, revision))


def _run(url: str, move: Callable[[Any, Any], None]) -> str | None:
    command: Any = load("alembic.command", "a migration")
    config = load("alembic.config", "a migration").Config()
    config.set_main_option("script_location", str(_PLACE).replace("%", "%%"))
    engine = make_engine(url, 300.0)
    try:
        with sql_faults(parse_address(url).shown):
            with engine.connect().execution_options(write=True) as connection, connection.begin():
                config.attributes["connection"] = connection
                move(command, config)
            with engine.connect() as connection:
                return revision_of(connection)
    finally:
        engine.dispose()
