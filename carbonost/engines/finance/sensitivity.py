"""What hangs on which parameter: tornado and two-way tables over any model of plain numbers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost.domain.arguments import finite, nearest, of_kind, scalar
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.series import FloatArray


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the model's result with `name` at its low and at its high value, all else at base."""

    name: str
    low: float
    high: float
    swing: float


@dataclass(frozen=True, slots=True)
class Tornado:
    """Result at the base, and bars by falling swing, ties by name; `of` says what the result is, and its unit."""

    base: float
    bars: tuple[Bar, ...]
    of: str = ""

    def to_frame(self) -> pd.DataFrame:
        """Bars as a frame ``name, low, high, swing``."""
        return pd.DataFrame(
            [(bar.name, bar.low, bar.high, bar.swing) for bar in self.bars], columns=["name", "low", "high", "swing"]
        )

    def to_dict(self) -> dict[str, Any]:
        """Base and bars as plain numbers."""
        return {"base": self.base, "bars": self.to_frame().to_dict("records"), "of": self.of}

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw the bars on axes given or new ones, which are returned; `language` "zh" or "en"."""
        from carbonost.engines.finance.plots import plot_tornado

        return plot_tornado(self, axes, language)

    def _repr_html_(self) -> str:
        return f"<p>base {self.base:.6g}</p>{self.to_frame()._repr_html_()}"  # type: ignore[operator]


def tornado(model: Callable[..., float], base: Mapping[str, Any], ranges: Mapping[str, tuple[float, float]]) -> Tornado:
    """Move one parameter at a time through its range.

    Parameters
    ----------
    model : callable
        Called as ``model(**parameters)``, or as ``model(parameters)`` where its signature does not
        take them by name; returns one number.
    base : mapping
        Every parameter at its base value.
    ranges : mapping of (low, high)
        Parameters to move; each must be in `base`.

    Returns
    -------
    Tornado

    Examples
    --------
    >>> spread = tornado(lambda price, rate: price / rate, {"price": 1.0, "rate": 0.1},
    ...                  {"price": (0.9, 1.1), "rate": (0.08, 0.12)})
    >>> [bar.name for bar in spread.bars]
    ['rate', 'price']
    """
    call = _caller(model, base)
    of_kind(ranges, Mapping, "ranges", "Give {parameter: (low, high)}.")
    bars = []
    for name, span in ranges.items():
        _known(name, base)
        low, high = (call({**base, name: value}) for value in pair(name, span))
        bars.append(Bar(name, low, high, abs(high - low)))
    return Tornado(call(dict(base)), tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.name))))


def two_way(
    model: Callable[..., float],
    base: Mapping[str, Any],
    rows: tuple[str, Sequence[float]],
    columns: tuple[str, Sequence[float]],
) -> pd.DataFrame:
    """Move two parameters together.

    Parameters
    ----------
    model, base
        See `tornado`.
    rows, columns : (name, values)
        The parameter down the side and the one across the top.

    Returns
    -------
    DataFrame
        One row per value of the first parameter, one column per value of the second.
    """
    call = _caller(model, base)
    (down, values), (across, others) = _axis("rows", rows), _axis("columns", columns)
    _known(down, base)
    _known(across, base)
    if down == across:
        raise InputError("is moved twice", across, None, "Name two parameters.")
    table: FloatArray = np.array([[call({**base, down: y, across: x}) for x in others] for y in values], dtype=float)
    table = table.reshape(len(values), len(others))
    return pd.DataFrame(table, index=pd.Index(values, name=down), columns=pd.Index(others, name=across))


def pair(name: str, span: Any) -> tuple[float, float]:
    """Return the two ends of a parameter's range."""
    if isinstance(span, str) or not isinstance(span, (Sequence, np.ndarray)) or len(span) != 2:  # noqa: PLR2004
        raise InputError("a range is a pair", name, span, "Give (low, high).")
    return scalar(span[0], name), scalar(span[1], name)


def _axis(field: str, told: Any) -> tuple[str, list[float]]:
    if not isinstance(told, (tuple, list)) or len(told) != 2:  # noqa: PLR2004 -- a name and its values
        raise InputError("is a name and its values", field, told, 'Give ("rate", [0.06, 0.08]).')
    name, values = told
    column = finite(values, f"{field}: {name}")
    if column.ndim != 1:
        raise InputError("takes one row of values", f"{field}: {name}", column.shape, "Give a list of numbers.")
    return name, column.tolist()


def _caller(model: Callable[..., float], base: Mapping[str, Any]) -> Callable[[dict[str, Any]], float]:
    of_kind(base, Mapping, "base", "Give {parameter: value}.")
    if not callable(model):
        raise InputError("cannot be called", "model", type(model).__name__, "Give a function of the parameters.")
    try:
        inspect.signature(model).bind(**base)
        by_name = True
    except TypeError:
        by_name = False
    except ValueError:  # a builtin without a signature
        by_name = True

    def call(parameters: dict[str, Any]) -> float:
        result = model(**parameters) if by_name else model(parameters)
        return scalar(result, "model", remedy="The model must return one finite number.")

    return call


def _known(name: str, base: Mapping[str, Any]) -> None:
    if not isinstance(name, str) or name not in base:
        raise InputError("has no base value", str(name), None, nearest(name, map(str, base)))
