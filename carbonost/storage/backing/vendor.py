"""What a store over a backing does around each of its calls."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from carbonost.errors import CarbonostError, ClosedError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Vendor:
    """One call at a time, none after closing, and every exception of the vendor's as ours.

    A backing may know its exceptions better: ``fault(exc)`` returns one of ours, or None.
    """

    def __init__(self, backing: object, target: str | None) -> None:
        self._backing, self.target = backing, target
        self._lock = threading.RLock()
        self._closed = False

    @contextmanager
    def calls(self) -> Iterator[None]:
        """Hold the backing for a block of calls."""
        with self._lock:
            if self._closed:
                raise ClosedError("the store is closed", target=self.target)
            try:
                yield
            except CarbonostError:
                raise
            except Exception as exc:
                told = getattr(self._backing, "fault", lambda _exc: None)(exc)
                raise told or StorageError(f"the store failed: {exc}", target=self.target) from exc

    def close(self) -> None:
        """Close the backing; a second call does nothing."""
        with self._lock:
            if not self._closed:
                with self.calls():
                    self._backing.close()  # type: ignore[attr-defined]
                self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
