"""Names that load on first use, and the one sentence a missing package earns.

`attach` gives a package a PEP 562 ``__getattr__`` over a table of strings; `load` imports an
optional package, or tells which extra brings it. Standard library only.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXTRA_OF: Final[dict[str, str]] = {
    "cvxpy": "optimize",
    "highspy": "optimize",
    "numba": "fast",
    "narwhals": "scale",
    "pyarrow": "scale",
    "holidays": "forecast",
    "prophet": "forecast",
    "sklearn": "forecast",
    "jinja2": "report",
    "weasyprint": "report",
    "docx": "report",
    "matplotlib": "report",
    "pylopdf_fonts_zh_cn": "report",
    "langgraph": "agents",
    "openai": "agents",
    "shapely": "geo",
    "geopandas": "geo",
    "pyproj": "geo",
    "pvlib": "optimize",
    "psycopg": "postgres",
    "alembic": "postgres",
    "urllib3": "influx",
    "minio": "s3",
    "openpyxl": "excel",
    "paho": "mqtt",
    "ai_edge_litert": "edge-ml",
    "fastapi": "server",
    "uvicorn": "server",
}
"""Import name of an optional package -> the extra that installs it; a test holds it against pyproject.toml."""


def attach(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for `package`, which defers `names` (name -> module).

    Importing a module binds it in its package. Where it bears the name of what it holds, as ``bill`` in ``bill.py``,
    that would hide the function from then on, so the package does not take it.
    """

    class Room(ModuleType):
        def __setattr__(self, name: str, value: Any) -> None:
            if not (name in names and isinstance(value, ModuleType)):
                super().__setattr__(name, value)

    sys.modules[package].__class__ = Room

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(load(names[name], name), name)

    return find, lambda: sorted(names)


def load(module: str, wanted: str) -> ModuleType:
    """Import `module`, which `wanted` needs; it may be a room of this package that stands on an optional one.

    Raises
    ------
    MissingExtraError
        If an optional package is not installed; the message names the extra.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        root = (exc.name or "").split(".", maxsplit=1)[0]
        if root not in EXTRA_OF:
            raise
        raise MissingExtraError(wanted, root, EXTRA_OF[root]) from exc
