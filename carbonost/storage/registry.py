"""Which adapter answers which scheme: built-ins as strings, third parties by entry point.

An integrator's package declares, in its own ``pyproject.toml``::

    [project.entry-points."carbonost.storage"]
    "meters.tdengine" = "my_package.tdengine:open_store"

and ``open_meters("tdengine://host/db")`` calls ``open_store(url, timeout_s=30.0)``. A built-in
scheme cannot be taken over by accident: `register` with ``override=True`` says that it is meant.
"""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from carbonost.errors import InputError, Unsupported
from carbonost.storage.address import normal, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

    from carbonost.storage.ports import MeterStore, ObjectStore, RecordStore, VectorIndex

Port = Literal["records", "meters", "objects", "vectors"]
GROUP: Final = "carbonost.storage"

_BUILT_IN: Final[dict[str, str]] = {
    "records.memory": "carbonost.storage.memory:open_records",
    "records.sqlite": "carbonost.storage.sql.store:open_store",
    "records.postgresql": "carbonost.storage.sql.store:open_store",
    "records.postgresql+psycopg": "carbonost.storage.sql.store:open_store",
    "meters.memory": "carbonost.storage.memory:open_meters",
    "meters.sqlite": "carbonost.storage.meters_sqlite.store:open_store",
    "meters.postgresql": "carbonost.storage.meters_postgres.store:open_store",
    "meters.postgresql+psycopg": "carbonost.storage.meters_postgres.store:open_store",
    "meters.influx+http": "carbonost.storage.influx.store:open_store",
    "meters.influx+https": "carbonost.storage.influx.store:open_store",
    "objects.memory": "carbonost.storage.memory:open_objects",
    "objects.file": "carbonost.storage.files:open_store",
    "objects.s3": "carbonost.storage.s3:open_store",
    "objects.s3+http": "carbonost.storage.s3:open_store",
    "objects.s3+https": "carbonost.storage.s3:open_store",
    "vectors.memory": "carbonost.storage.vectors:open_store",
    "vectors.sqlite": "carbonost.storage.vectors:open_store",
    "vectors.postgresql": "carbonost.storage.vectors_postgres:open_store",
    "vectors.postgresql+psycopg": "carbonost.storage.vectors_postgres:open_store",
}

_registered: dict[str, str] = {}


def register(port: Port, scheme: str, target: str, *, override: bool = False) -> None:
    """Let `scheme` of `port` be answered by ``"module:function"``.

    Raises
    ------
    InputError
        If a built-in already answers the scheme and `override` is not given.
    """
    name = f"{port}.{scheme}"
    if name in _BUILT_IN and not override:
        raise InputError(
            "a built-in adapter answers this scheme", "scheme", scheme, "Pass override=True if you mean it."
        )
    _registered[name] = target


def unregister(port: Port, scheme: str) -> None:
    """Forget what `register` said about `scheme`."""
    _registered.pop(f"{port}.{scheme}", None)


def schemes(port: Port) -> list[str]:
    """Return every scheme that can be opened for `port`."""
    found = [name for name in (*_BUILT_IN, *_registered) if name.startswith(f"{port}.")]
    found += [entry.name for entry in entry_points(group=GROUP) if entry.name.startswith(f"{port}.")]
    return sorted({name.split(".", 1)[1] for name in found})


def _factory(port: Port, url: str) -> Callable[..., object]:
    scheme = url.partition(":")[0]
    name = f"{port}.{scheme}"
    target = _registered.get(name) or _BUILT_IN.get(name)
    if target is not None:
        module, _, function = target.partition(":")
        return cast("Callable[..., object]", getattr(import_module(module), function))
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            return cast("Callable[..., object]", entry.load())
    known = schemes(port)
    raise Unsupported(
        f"no adapter answers the scheme {scheme!r} for {port}",
        "url",
        redacted(url),
        f"{_nearest(scheme, known)}Known: {', '.join(known)}. Others come by the entry point group {GROUP!r}.",
        capability=name,
    )


def _nearest(scheme: str, known: Sequence[str]) -> str:
    """Return what was probably meant: another port of the scheme, or a scheme that is near; empty where none is."""
    ports = [name.partition(".")[0] for name in (*_BUILT_IN, *_registered) if name.endswith(f".{scheme}")]
    if ports:
        return f"It is opened by {' or '.join(f'open_{port}' for port in ports)}. "
    parts = [one for one in known if scheme in one.split("+") or one.partition("+")[0] in scheme]
    near = parts or get_close_matches(scheme, known, 1)
    return f"Did you mean {near[0]}://…? " if near else ""


@contextmanager
def scratch(port: Port, url: str, *, disposable: bool = False) -> Iterator[str]:
    """Yield an address of the same server where nothing of the user's stands; it is removed afterwards.

    The module that holds an adapter's opening function may define ``scratch(url)``, a context
    manager; without one the address itself is used, and only if it is `disposable`.
    """
    url = normal(url, objects=port == "objects")
    module = import_module(_factory(port, url).__module__)
    if hasattr(module, "scratch"):
        with module.scratch(url) as address:
            yield str(address)
        return
    if not disposable:
        raise Unsupported(
            "this adapter cannot make a place of its own to be tried in",
            remedy="Define scratch(url) beside its opening function, or pass disposable=True for an empty store.",
            capability="scratch",
        )
    yield url


def open_records(url: str | PathLike[str], *, create: bool = True, timeout_s: float = 30.0) -> RecordStore:
    """Open a record store: ``sqlite:///park.db``, ``postgresql://user:password@host/db``, ``memory://``.

    Parameters
    ----------
    url : str or Path
        The address; a `Path` is a SQLite file.
    create : bool
        Lay the tables out in an empty database.
    timeout_s : float [s]
        How long a lock or a connection is waited for.

    Raises
    ------
    SchemaOutdatedError
        If the database was laid out by another version; the remedy is the migration command.
    """
    address = normal(url)
    return cast("RecordStore", _factory("records", address)(address, create=create, timeout_s=timeout_s))


def open_meters(url: str | PathLike[str], timeout_s: float = 30.0) -> MeterStore:
    """Open a meter store: ``sqlite:///meters.db`` or a `Path`, ``influx+http://…``, ``postgresql://…``, ``memory://``."""
    address = normal(url)
    return cast("MeterStore", _factory("meters", address)(address, timeout_s=timeout_s))


def open_objects(url: str | PathLike[str], create: bool = True, *, timeout_s: float = 30.0) -> ObjectStore:
    """Open an object store: ``file:///dir`` or a `Path`, ``s3+http://key:secret@host:9000/bucket``, ``memory://``."""
    address = normal(url, objects=True)
    return cast("ObjectStore", _factory("objects", address)(address, create=create, timeout_s=timeout_s))


def open_vectors(url: str | PathLike[str], **options: Any) -> VectorIndex:
    """Open a vector index: ``sqlite:///policy.db``, ``postgresql://…`` (pgvector), ``memory://``."""
    address = normal(url)
    return cast("VectorIndex", _factory("vectors", address)(address, **options))
