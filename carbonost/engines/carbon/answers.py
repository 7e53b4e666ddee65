"""What every carbon function shares: rows in as a table, an answer out as a frozen object."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonost.domain.series import FloatArray

    Rows = pd.DataFrame | Iterable[Mapping[str, Any]]


class Answer:
    """A frozen dataclass a reader can index, tabulate and look at in a notebook."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(cast(Any, self))}

    def to_frame(self) -> pd.DataFrame:
        """Return the scalar fields, one a row: `quantity, value`."""
        plain = [(k, v) for k, v in self.to_dict().items() if v is None or isinstance(v, (str, bool, int, float))]
        return pd.DataFrame(plain, columns=["quantity", "value"])

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def table(rows: Rows, required: Iterable[str], what: str) -> pd.DataFrame:
    """Return `rows` as a table with a plain index, or name the columns `what` lacks."""
    frame = rows.reset_index(drop=True) if isinstance(rows, pd.DataFrame) else pd.DataFrame([dict(r) for r in rows])
    missing = [name for name in required if name not in frame.columns]
    if missing and (len(frame) or len(frame.columns)):
        raise InputError(f"{what} lacks {', '.join(missing)}", field=missing[0], remedy=f"Give {', '.join(required)}.")
    return frame.reindex(columns=[*required]) if missing else frame


def quantity(values: object, field: str, *, gaps: bool = False, signed: bool = False) -> FloatArray:
    """Return a float64 column that is finite and, unless `signed`, not negative; the first bad row is named.

    With `gaps`, NaN passes: the column is a metering and a gap stays one.
    """
    try:
        column = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as exc:
        raise InputError("is not a column of numbers", field=field, value=values) from exc
    bad = np.isinf(column) if gaps else ~np.isfinite(column)
    if not signed:
        bad |= column < 0
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        rule = "finite" if signed else "finite and not negative"
        raise InputError(f"must be {rule}", field=field, value=float(column[row]), row=row, remedy="Correct the row.")
    return column
