"""Stores in memory: for tests, notebooks, and as the plainest reading of each port's laws."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from carbonost.storage.memory.meters import MemoryMeterStore
from carbonost.storage.memory.objects import MemoryObjectStore
from carbonost.storage.memory.records import MemoryRecordStore

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "MemoryMeterStore",
    "MemoryObjectStore",
    "MemoryRecordStore",
    "open_meters",
    "open_objects",
    "open_records",
    "scratch",
]


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield the address: every memory store is new."""
    yield url


def open_records(url: str, *, create: bool = True, timeout_s: float = 30.0) -> MemoryRecordStore:  # noqa: ARG001
    """Return an empty record store."""
    return MemoryRecordStore()


def open_meters(url: str, *, timeout_s: float = 30.0) -> MemoryMeterStore:  # noqa: ARG001
    """Return an empty meter store."""
    return MemoryMeterStore()


def open_objects(url: str, *, create: bool = True, timeout_s: float = 30.0) -> MemoryObjectStore:  # noqa: ARG001
    """Return an empty object store."""
    return MemoryObjectStore()
