"""Awaitable faces of the SDK: the same names and signatures, run in a worker thread.

There is one implementation, the synchronous one. A method of a face awaits its twin in a thread, so
a server's event loop stays free while a year of quarter-hours is solved. What a method returns is
faced in turn when it is something with work of its own to do (a job, a pipeline, a store); plain
results come back as they are. Methods that only hand back the object itself, such as the builder's
``with_…``, stay plain calls so that they can be chained. What yields is walked with ``async for``.

>>> import asyncio
>>> from carbonost import aio
>>> async def tonnes():
...     calculator = aio.CarbonCalculator()
...     inventory = await calculator.calculate([])
...     return inventory.total_t()
"""

from __future__ import annotations

import asyncio
import inspect
from functools import cache, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

_CLASSES: Final = {
    "CarbonCalculator": "carbonost.engines.carbon.calculator",
    "DiagnosticEngine": "carbonost.agents.diagnostics",
    "EnergyOptimizer": "carbonost.engines.energy.optimizer",
    "Pipeline": "carbonost.agents.pipeline",
    "PipelineBuilder": "carbonost.agents.pipeline",
    "ReportGenerator": "carbonost.engines.report.generator",
}
_FUNCTIONS: Final = {
    "open_meters": "carbonost.storage",
    "open_objects": "carbonost.storage",
    "open_records": "carbonost.storage",
    "sample_park": "carbonost.sample",
}
_WORKERS: Final = {
    "Controller": "carbonost.engines.energy.rolling",
    "Job": "carbonost.agents.job",
    **_CLASSES,
}
"""Classes whose instances are faced wherever a method returns one."""

_END: Final = object()

__all__ = [*_CLASSES, *_FUNCTIONS]  # noqa: PLE0604 -- strings, by construction


class Face:
    """An object whose public methods are awaited; `sync` is the object behind it."""

    sync: Any

    def __getattr__(self, name: str) -> Any:
        """Pass plain attributes through; face methods of classes found at run time (stores)."""
        value = getattr(self.sync, name)
        if inspect.ismethod(value) and not name.startswith("_"):
            return _awaitable(value)
        return _faced(value)

    def __repr__(self) -> str:
        return f"<awaitable {self.sync!r}>"

    async def __aenter__(self) -> Any:
        await asyncio.to_thread(self.sync.__enter__)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.to_thread(self.sync.__exit__, *exc)


def __getattr__(name: str) -> Any:
    """Face a class or function on first use."""
    if name in _CLASSES:
        return face(getattr(import_module(_CLASSES[name]), name))
    if name in _FUNCTIONS:
        return _awaitable(getattr(import_module(_FUNCTIONS[name]), name))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the faced names."""
    return sorted(__all__)


@cache
def face(cls: type) -> type[Face]:
    """Return the class whose methods are the awaitable twins of the methods of `cls`."""
    body: dict[str, Any] = {"__doc__": cls.__doc__, "__module__": __name__}

    def build(self: Face, *args: Any, **kwargs: Any) -> None:
        self.sync = cls(*args, **kwargs)

    body["__init__"] = wraps(getattr(cls, "__init__"))(build)  # noqa: B009 -- the function, not a bound method
    for name, twin in inspect.getmembers(cls, inspect.isroutine):
        if not name.startswith("_"):
            body[name] = _method(cls, inspect.getattr_static(cls, name), twin)
    return type(cls.__name__, (Face,), body)


def _method(cls: type, held: object, twin: Callable[..., Any]) -> Any:
    """Return the twin of a method as the class body holds it: static, of the class, or of an object."""
    if isinstance(held, classmethod):
        return staticmethod(_made(cls, twin) if _returns_itself(cls, twin) else _awaitable(twin))
    if isinstance(held, staticmethod):
        return staticmethod(_awaitable(twin))
    if _returns(twin).startswith(("Iterator[", "Generator[")):
        return _iterated(twin)
    return _chained(twin) if _returns_itself(cls, twin) else _awaitable_method(twin)


def _made(cls: type, method: Callable[..., Any]) -> Callable[..., Face]:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Face:
        twin = face(cls).__new__(face(cls))
        twin.sync = method(*args, **kwargs)
        return twin

    return call


def _iterated(method: Callable[..., Any]) -> Callable[..., AsyncIterator[Any]]:
    """Face a method that yields: ``async for`` takes each item in a worker thread."""

    @wraps(method)
    async def call(self: Face, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        items = await asyncio.to_thread(method, self.sync, *args, **kwargs)
        while (item := await asyncio.to_thread(next, items, _END)) is not _END:
            yield _faced(item)

    return call


def _returns(method: Callable[..., Any]) -> str:
    return str(inspect.signature(method).return_annotation)


def _returns_itself(cls: type, method: Callable[..., Any]) -> bool:
    return _returns(method) in {"Self", cls.__name__}


def _chained(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Face, *args: Any, **kwargs: Any) -> Face:
        self.sync = method(self.sync, *args, **kwargs)
        return self

    return call


def _awaitable_method(method: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    @wraps(method)
    async def call(self: Face, *args: Any, **kwargs: Any) -> Any:
        return _faced(await asyncio.to_thread(method, self.sync, *args, **kwargs))

    return call


def _awaitable(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        result = await asyncio.to_thread(function, *args, **kwargs)
        return _faced(result, always=type(result).__module__.startswith("carbonost.storage"))

    return call


def _faced(result: Any, *, always: bool = False) -> Any:
    """Face a result that works on its own; leave plain data alone."""
    cls: Any = type(result)
    if _WORKERS.get(cls.__name__) == cls.__module__ or (always and hasattr(result, "close")):
        twin = face(cls).__new__(face(cls))
        twin.sync = result
        return twin
    return result
