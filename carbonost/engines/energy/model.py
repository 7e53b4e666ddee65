"""A linear model as blocks: each component appends whole columns and rows, never one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray

INF: Final = float("inf")


class Matrix(NamedTuple):
    """A model in compressed sparse columns."""

    cost: FloatArray
    column_lower: FloatArray
    column_upper: FloatArray
    row_lower: FloatArray
    row_upper: FloatArray
    start: IntArray
    row: IntArray
    value: FloatArray
    integer: IntArray


class Model:
    """Columns with bounds, rows with limits, and the triplets between them.

    Parameters
    ----------
    steps : int
        Intervals of the horizon: as many columns appended at once belong to one interval each.
    """

    def __init__(self, steps: int = 0) -> None:
        self.steps = steps
        self.n_columns = 0
        self.n_rows = 0
        self._bounds: list[tuple[FloatArray, FloatArray]] = []
        self._limits: list[tuple[FloatArray, FloatArray]] = []
        self._triplets: list[tuple[IntArray, IntArray, FloatArray]] = []
        self._integer: list[IntArray] = []
        self._step: list[IntArray] = []

    def columns(
        self, n: int, lower: Any = 0.0, upper: Any = INF, *, integer: bool = False, step: IntArray | None = None
    ) -> IntArray:
        """Append `n` columns; return their indices. `step` tells the interval of each, where it is not its number."""
        if step is None:
            step = np.arange(n, dtype=np.int32) if n == self.steps else np.full(n, -1, dtype=np.int32)
        self._step.append(step.astype(np.int32))
        at = np.arange(self.n_columns, self.n_columns + n, dtype=np.int32)
        self._bounds.append((_filled(lower, n), _filled(upper, n)))
        self.n_columns += n
        if integer:
            self._integer.append(at)
        return at

    def rows(self, n: int, lower: Any, upper: Any, *entries: tuple[Any, Any]) -> IntArray:
        """Append `n` rows ``lower <= sum coefficient * column <= upper``; return their indices.

        Each entry is (columns, coefficients), one per row or one for all.
        """
        at = np.arange(self.n_rows, self.n_rows + n, dtype=np.int32)
        self._limits.append((_filled(lower, n), _filled(upper, n)))
        self.n_rows += n
        for columns, coefficients in entries:
            self.add(at, columns, coefficients)
        return at

    def step(self) -> IntArray:
        """The interval each column belongs to; -1 for those of none."""
        return np.concatenate(self._step) if self._step else np.zeros(0, dtype=np.int32)

    def add(self, rows: Any, columns: Any, coefficients: Any) -> None:
        """Put coefficients into existing rows."""
        r, c, v = np.broadcast_arrays(
            np.asarray(rows, dtype=np.int32),
            np.asarray(columns, dtype=np.int32),
            np.asarray(coefficients, dtype=np.float64),
        )
        self._triplets.append((r.ravel(), c.ravel(), v.ravel()))

    def matrix(self, cost: FloatArray) -> Matrix:
        """Assemble; entries that meet in one place add up."""
        rows = np.concatenate([t[0] for t in self._triplets]) if self._triplets else np.zeros(0, dtype=np.int32)
        columns = np.concatenate([t[1] for t in self._triplets]) if self._triplets else np.zeros(0, dtype=np.int32)
        values = np.concatenate([t[2] for t in self._triplets]) if self._triplets else np.zeros(0)
        key = columns.astype(np.int64) * max(self.n_rows, 1) + rows
        order = np.argsort(key, kind="stable")
        key, values = key[order], values[order]
        first = np.ones(key.size, dtype=bool)
        first[1:] = key[1:] != key[:-1]
        if not first.all():
            values = np.add.reduceat(values, np.flatnonzero(first))
            key = key[first]
        kept = values != 0.0
        key, values = key[kept], values[kept]
        column, row = np.divmod(key, max(self.n_rows, 1))
        start = np.zeros(self.n_columns + 1, dtype=np.int32)
        np.cumsum(np.bincount(column, minlength=self.n_columns), out=start[1:])
        integer = np.concatenate(self._integer) if self._integer else np.zeros(0, dtype=np.int32)
        return Matrix(
            cost,
            *_joined(self._bounds),
            *_joined(self._limits),
            start,
            row.astype(np.int32),
            np.asarray(values, dtype=np.float64),
            integer,
        )


def _filled(value: Any, n: int) -> FloatArray:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)))


def _joined(pairs: list[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    if not pairs:
        return np.zeros(0), np.zeros(0)
    return np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])
