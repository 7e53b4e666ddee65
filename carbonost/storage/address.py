"""Addresses of stores: read once, shown without their credentials. Standard library only."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from carbonost.errors import InputError, NotFoundError, PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEMORY: Final = ":memory:"
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(.*)", re.DOTALL)  # one letter is a Windows drive
_CREDENTIALS: Final = re.compile(r"(?<=:).*@", re.DOTALL)
_FILES: Final = ("sqlite", "file", "memory")
_SERVERS: Final = ("postgresql", "influx", "s3")
_ALIASES: Final = {"postgres": "postgresql"}
_ENCODE: Final = "Write @ / ? # of a user or password as %40 %2F %3F %23 (urllib.parse.quote(password, safe=''))."


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
        return f"{self.scheme}://{self.place()}{self.path}"

    def place(self, port: int | None = None) -> str:
        """Return host and port as they stand in an address: ``host:8086``, ``[::1]:8086``."""
        host = self.host or ""
        host = f"[{host}]" if ":" in host else host
        number = self.port or port
        return f"{host}:{number}" if number else host

    def allow(self, *options: str) -> None:
        """Refuse an option the adapter does not know: a slip of the pen would change nothing in silence."""
        for name in self.options:
            if name not in options:
                near = get_close_matches(name, options, 1)
                known = f"Known: {', '.join(options)}." if options else "It takes none."
                remedy = f"Write ?{near[0]}=…. {known}" if near else known
                raise InputError(f"{self.scheme} has no option {name!r}", "url", self.shown, remedy)


def normal(url: object, *, objects: bool = False) -> str:
    """Return an address as every adapter reads it alike: scheme in small letters, credentials encoded.

    A `Path` is taken for a SQLite file, or for a folder of `objects`.

    Raises
    ------
    InputError
        Saying what to write instead; the message does not repeat the credentials.
    """
    if isinstance(url, os.PathLike):
        path = os.fspath(url)
        return _of_path(path if isinstance(path, str) else os.fsdecode(path), objects=objects)
    if not isinstance(url, str) or not url.strip():
        raise InputError("a store's address is a text", "url", url, _example(objects=objects))
    text = url.strip()
    if any(ord(c) < ord(" ") or ord(c) == 0x7F for c in text):  # noqa: PLR2004 -- the last control character
        named = "a NUL character" if "\0" in text else "a control character"
        raise InputError(f"a store's address holds {named}", "url", None, "Remove it.")
    found = _SCHEME.fullmatch(text)
    if found is None:
        remedy = "memory://" if text == "memory" else _of_path(text, objects=objects)
        raise InputError("a store's address has a scheme", "url", text, f"Write {remedy}")
    scheme = _ALIASES.get(found[1].lower(), found[1].lower())
    text = f"{scheme}:{found[2]}"
    if scheme.partition("+")[0] in _SERVERS and not found[2].startswith("//"):
        raise InputError("a server comes after two slashes", "url", redacted(text), f"Write {scheme}://user:password@…")
    if scheme == "sqlite":
        return _sqlite(text)
    return text if scheme in _FILES or not found[2].startswith("//") else _server(text)


def _example(*, objects: bool) -> str:
    return "Write e.g. file:objects or file:///srv/objects." if objects else "Write e.g. sqlite:///park.db."


def _of_path(path: str, *, objects: bool) -> str:
    """Return the address of a file or folder that was given by its path."""
    shown = path.replace("\\", "/") if re.match(r"[A-Za-z]:\\", path) else path
    for mark in "%?#":
        shown = shown.replace(mark, quote(mark))
    if objects:
        return f"file://{shown}" if shown.startswith("/") else f"file:{shown}"
    return f"sqlite:///{shown}"


def _sqlite(text: str) -> str:
    """Return the address of a SQLite file if it is written with three slashes and no options."""
    place, mark, options = text.removeprefix("sqlite:").partition("?")
    if not place.startswith("///") and text != "sqlite://":
        file = place.removeprefix("//")
        wanted = "memory://" if file in ("", MEMORY) else f"sqlite:///{file}{mark}{options}"
        raise InputError("a SQLite file comes after three slashes", "url", text, f"Write {wanted}")
    if place == "///":
        raise InputError("the address names no file", "url", text, "Write e.g. sqlite:///park.db, or memory://.")
    if mark or "#" in text:
        wanted = text.replace("?", "%3F").replace("#", "%23")
        problem = "a SQLite address has no options and ends at #"
        raise InputError(problem, "url", text, f"Write sqlite:{place.partition('#')[0]}, or {wanted} for such a name.")
    return text


def _server(text: str) -> str:
    """Return the address of a server with its user and password encoded, whatever they hold."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as exc:
        problem = "user or password hold a character that ends them" if "@" in text else "host or port cannot be read"
        remedy = _ENCODE if "@" in text else "Write host:port with a number, an IPv6 host in [brackets]."
        raise InputError(problem, "url", redacted(text), remedy) from exc
    if parts.fragment or ("@" in parts.path + parts.query and "@" not in parts.netloc):
        raise InputError("an address holds a character that ends it", "url", redacted(text), _ENCODE)
    if "@" not in parts.netloc:
        return text
    user, _, host = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    clean = f"{_encoded(name)}{colon}{_encoded(password)}@{host}"
    return SplitResult(parts.scheme, clean, parts.path, parts.query, "").geturl()


def _encoded(text: str) -> str:
    return quote(unquote(text), safe="")


def redacted(url: str) -> str:
    """Return an address without anything that could be a user or a password, however it is misspelt."""
    return _CREDENTIALS.sub("//…@", url, count=1) if "@" in url else url


def parse_address(url: str) -> Address:
    """Read an address.

    Raises
    ------
    InputError
        If it cannot be read; the message says what to write and does not repeat the credentials.
    """
    text = normal(url)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as exc:
        raise InputError("a store's address cannot be read", "url", redacted(text), "Check host and port.") from exc
    return Address(
        parts.scheme,
        parts.hostname,
        port,
        parts.path,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        dict(parse_qsl(parts.query, keep_blank_values=True)),
    )


def sqlite_file(url: str) -> str:
    """Return the file a ``sqlite:`` address names: three slashes relative, four absolute, as SQLAlchemy reads it.

    ``sqlite:///park.db`` stands in the working directory, ``sqlite:////srv/park.db`` at the root,
    ``sqlite:///~/park.db`` at home; ``sqlite://`` and ``sqlite:///:memory:`` are in memory.

    Raises
    ------
    InputError
        If the address is written otherwise; the remedy is the right spelling.
    NotFoundError
        If the folder of the file is missing.
    PermissionDeniedError
        If a folder on the way is closed.
    """
    text = normal(url)
    if text in ("sqlite://", f"sqlite:///{MEMORY}") or text.startswith("memory:"):
        return MEMORY
    path = Path(unquote(text.removeprefix("sqlite:///"))).expanduser()
    with _reach(text):
        if path.is_dir():
            raise InputError("a folder stands there, not a file", "url", text, f"Write {text.rstrip('/')}/park.db")
        if not path.parent.is_dir():
            raise NotFoundError("the folder does not exist", "url", text, f"Make it first: mkdir -p '{path.parent}'")
    return str(path)


@contextmanager
def _reach(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        remedy = "Check the permissions of every folder on the way."
        raise PermissionDeniedError(f"this place cannot be reached: {exc.strerror}", "url", url, remedy) from exc


@contextmanager
def beside(url: str) -> Iterator[str]:
    """Yield the address of a new SQLite file in the folder of the one an address names."""
    file = sqlite_file(url)
    folder = None if file == MEMORY else Path(file).absolute().parent
    with TemporaryDirectory(prefix=".carbonost-verify-", dir=folder, ignore_cleanup_errors=True) as name:
        yield normal(Path(name) / "scratch.db")


def directory_of(url: str) -> Path:
    """Return the folder a ``file:`` address names.

    ``file:///srv/objects`` is absolute, as in a browser; ``file:objects`` and ``file://./objects``
    are relative to the working directory, ``file:~/objects`` to your home.
    """
    text = normal(url, objects=True)
    parts = urlsplit(text)
    host = parts.netloc
    if "#" in text or parts.query:
        wanted = text.replace("?", "%3F").replace("#", "%23")
        raise InputError("a folder's address has no options and ends at #", "url", text, f"Write {wanted}")
    if host not in ("", "localhost", ".", "..", "~"):
        wanted = f"file:{host}{parts.path} (in the working directory) or file:///{host}{parts.path}"
        raise InputError("a file address names no host", "url", text, f"Write {wanted}")
    if not (host + parts.path).strip("/"):
        raise InputError("the address names no folder", "url", text, _example(objects=True))
    path = unquote(parts.path)
    path = path[1:] if path.startswith("/~/") else path
    folder = Path(host + path if host in (".", "..", "~") else path).expanduser()
    with _reach(text):
        if folder.is_file():
            raise InputError("a file stands there, not a folder", "url", text, _example(objects=True))
    return folder
