"""What the contracts share: refusals, frames of readings, a process to kill, and a plain runner."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import InputError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

BAD_LIMITS: Final[tuple[Any, ...]] = (-1, True, 1.5, "1")

ODD_NAMES: Final = (
    "电表一号",
    "a b,c=d",
    'say "hi"',
    "it's; drop table series; --",
    "' or '1'='1",
    "back\\slash",
    "ends with \\",
    "$1 %s {x} ${y}",
    "time",
    "select",
    "value",
    "🙂",
    "é" * 60,
    "a/b.c:d#e?f&g",
    " lead and trail ",
    "_measurement",
    "/re.*/",
)
"""Names that are data, never syntax."""


@contextmanager
def refuses(*kinds: type[Exception]) -> Iterator[_Caught]:
    """Expect one of our errors; a vendor's is a failure of the law it crosses."""
    caught = _Caught()
    try:
        yield caught
    except kinds as exc:
        if not isinstance(exc, StorageError | InputError):
            raise AssertionError(f"{type(exc).__name__} is not one of ours") from exc  # noqa: TRY004 -- a law failed
        caught.error = exc
    except Exception as exc:
        names = " or ".join(kind.__name__ for kind in kinds)
        raise AssertionError(f"expected {names}, got {type(exc).__module__}.{type(exc).__name__}: {exc}") from exc
    else:
        names = " or ".join(kind.__name__ for kind in kinds)
        raise AssertionError(f"expected {names}, nothing was raised")


class _Caught:
    error: Any = None


def readings(
    point: str = "m1",
    start: str = "2024-01-01T00:00:00+00:00",
    values: Any = (1.0, 2.0, 3.0),
    step: str = "15min",
    **columns: Any,
) -> pd.DataFrame:
    """Return a frame of regular readings of one point, in kWh of electricity unless told otherwise."""
    stamps = pd.date_range(pd.Timestamp(start), periods=len(values), freq=step)
    frame = pd.DataFrame({"point": point, "start": stamps, "value": np.array(values, dtype=float)})
    return frame.assign(**({"energy_type": "electricity", "unit": "kWh"} | columns))


@contextmanager
def killed_after(code: str, *arguments: str, acknowledged: int) -> Iterator[list[str]]:
    """Run Python code that prints a line for each acknowledged write; SIGKILL it after some of them.

    Yields the acknowledged lines, the ones printed between the last read and the kill included.
    """
    child = subprocess.Popen(  # noqa: S603 -- our own interpreter and code
        [sys.executable, "-u", "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    lines: list[str] = []
    with child:
        try:
            assert child.stdout is not None
            for line in child.stdout:
                lines.append(line.strip())
                if len(lines) >= acknowledged:
                    break
        finally:
            child.kill()
        rest, errors = child.communicate()
        lines += [line for line in rest.split("\n")[:-1] if line]
    assert len(lines) >= acknowledged, f"the writer died early: {errors[-2000:]}"
    yield lines


@dataclass(frozen=True, slots=True)
class LawResult:
    """What one law said of one adapter."""

    law: str
    test: str
    passed: bool
    seconds: float
    detail: str = ""


def run_laws(
    contract: type, fresh: Callable[[], AbstractContextManager[Any]], only: str | None = None
) -> list[LawResult]:
    """Hold a store against every law of a contract, a fresh store for each; no test runner is needed.

    Parameters
    ----------
    contract : type
        A contract, or a subclass of one.
    fresh : callable
        Returns a context manager that gives an empty store and removes it afterwards.
    only : str, optional
        The number of one law, e.g. ``"M3"``.
    """
    results = []
    for name, law in inspect.getmembers(contract, inspect.isfunction):
        if not name.startswith("test_"):
            continue
        number = (law.__doc__ or "").split(":")[0].split(".")[0]
        if only not in (None, number):
            continue
        began = time.perf_counter()
        detail = ""
        try:
            with fresh() as store:
                getattr(contract(), name)(store)
        except Exception as exc:  # noqa: BLE001 -- whatever an adapter does is its result
            detail = "".join(traceback.format_exception_only(exc)).strip()
        results.append(LawResult(number, name, not detail, time.perf_counter() - began, detail))
    return results
