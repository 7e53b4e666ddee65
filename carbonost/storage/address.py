"""Addresses of stores: read once, shown without their credentials. Standard library only."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """The parts of ``scheme://user:password@host:port/path?option=value``."""

    scheme: str
    host: str | None
    port: int | None
    path: str
    user: str | None
    password: str | None
    options: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Address({self.shown})"

    @property
    def shown(self) -> str:
        """The address without credentials, for messages and logs."""
        host = self.host or ""
        if self.port is not None:
            host = f"{host}:{self.port}"
        return f"{self.scheme}://{host}{self.path}"

    @property
    def file(self) -> str:
        """The path of a file scheme: three slashes relative, four absolute, as SQLAlchemy reads it.

        ``sqlite:///park.db`` stands in the working directory, ``sqlite:////srv/park.db`` at the root.
        """
        path = unquote(self.path)
        return path.removeprefix("/")


def parse_address(url: str) -> Address:
    """Read an address.

    Raises
    ------
    InputError
        If it has no scheme or an unreadable port; the message does not repeat the credentials.
    """
    if not isinstance(url, str) or ":" not in url:
        raise InputError("a store's address has a scheme", "url", None, "Write e.g. sqlite:///park.db.")
    if "\0" in url:
        raise InputError("a store's address holds a NUL character", "url", None, "Remove it.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise InputError("a store's address cannot be read", "url", None, "Check host and port.") from exc
    return Address(
        parts.scheme,
        parts.hostname,
        port,
        parts.path,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        dict(parse_qsl(parts.query)),
    )


@contextmanager
def beside(url: str) -> Iterator[str]:
    """Yield the address of a new SQLite file in the folder of the one an address names."""
    folder = Path(parse_address(url).file).absolute().parent
    with TemporaryDirectory(prefix=".carbonost-verify-", dir=folder, ignore_cleanup_errors=True) as name:
        yield f"sqlite:///{name}/scratch.db"


def directory_of(url: str) -> Path:
    """Return the folder a ``file:`` address names.

    ``file:///srv/objects`` is absolute, as in a browser; ``file:objects`` and ``file://./objects``
    are relative to the working directory.
    """
    parts = urlsplit(url)
    host = parts.netloc
    if host not in ("", "localhost", ".", ".."):
        raise InputError("a file address names no host", "url", host, "Write file:///dir with three slashes.")
    path = unquote(parts.path)
    return Path(host + path) if host in (".", "..") else Path(path)
