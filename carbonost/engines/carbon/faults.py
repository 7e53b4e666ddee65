"""The rows of a table that cannot be used, and why; nothing is lost on the way."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import InputError, InputErrors

if TYPE_CHECKING:
    import numpy.typing as npt

_TOLD: Final = 1000  # faults told one by one; the rest are counted


@dataclass(eq=False)
class Faults:
    """The first fault of each row that has one.

    Attributes
    ----------
    by_row : dict of int to Exception
    """

    by_row: dict[int, Exception] = field(default_factory=dict)

    def add(self, rows: npt.NDArray[np.intp], column: str, values: Any, problem: str, remedy: str) -> None:
        """Record one fault of `column` in each of `rows`."""
        for row in rows.tolist():
            value = values[row]
            shown = value.item() if isinstance(value, np.generic) else value
            self.by_row.setdefault(row, InputError(problem, column, shown, remedy, row))

    def put(self, row: int, error: Exception) -> None:
        """Record `error` for `row` unless the row already has a fault."""
        self.by_row.setdefault(row, error)

    def frame(self) -> pd.DataFrame:
        """Return the refused rows: `row, field, value, error, message`."""
        rows = [
            (row, getattr(error, "field", None), getattr(error, "value", None), type(error).__name__, str(error))
            for row, error in sorted(self.by_row.items())
        ]
        return pd.DataFrame(rows, columns=["row", "field", "value", "error", "message"])

    def throw(self, size: int) -> None:
        """Raise nothing, the one fault, or all of them; each names its row among `size`."""
        faults = sorted(self.by_row.items())
        told = [_placed(error, row) for row, error in faults[:_TOLD]]
        if len(faults) == 1:
            raise told[0]
        if faults:
            more = f", the first {_TOLD} are told" if len(faults) > _TOLD else ""
            raise InputErrors(f"{len(faults)} of {size} activity rows cannot be used{more}", told)  # type: ignore[arg-type]


def _placed(error: Exception, row: int) -> Exception:
    """Return a copy of `error` that names `row`: one remembered error serves many rows."""
    twin = copy(error)
    if getattr(twin, "row", None) is None:
        twin.row = row  # type: ignore[attr-defined]
    return twin.with_traceback(None)
