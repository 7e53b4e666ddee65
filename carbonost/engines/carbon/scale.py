"""The same calculation on tables larger than one machine's memory, on the engine they live in.

A factor is constant within carrier, region, unit and period, so rows are summed first and multiplied
afterwards: `condense` groups a Polars, DuckDB, Dask, Spark, PyArrow or pandas table where it lies and
returns few rows of activity data, and the calculator does with them what it does with any others:
the same errors, the same traces, and the numbers of the row-by-row way to the last rounding.
`join_emissions` is the row-by-row way itself, where each row must keep its own figure: factors are
resolved here into a small table and joined by equality, for no engine has to know what validity is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from carbonost.domain.activity import Contract
    from carbonost.domain.inventory import Inventory

Every = Literal["day", "month", "year"]
_KEYS: Final = ("energy_type", "region", "unit", "scope", "category", "factor")
_NEEDED: Final = ("energy_type", "unit", "consumption", "period_start")
_PERIOD: Final = "period_number"
_JOIN: Final = "join_"
_UNITS: Final[dict[str, Literal["D", "M", "Y"]]] = {"day": "D", "month": "M", "year": "Y"}


def condense(table: Any, *, by: Sequence[str] = (), every: Every = "month") -> pd.DataFrame:
    """Sum a table's consumption over periods, on its own engine.

    Parameters
    ----------
    table : pandas, PyArrow, Polars, DuckDB, Dask or Spark frame
        Columns of `ActivityData`; `period_start` a date or a local timestamp. A row with a
        `period_end` must end in the period it starts in.
    by : sequence of str
        Further columns to keep apart: ``facility``, ``building_id``, ``park_id``.
    every : {"day", "month", "year"}
        Period to sum over.

    Returns
    -------
    DataFrame
        Rows of activity data, with `rows`, the number of rows each stands for.

    Raises
    ------
    InputError
        Missing columns; consumption that is missing, negative or infinite; rows that straddle periods.
    MissingExtraError
        Without narwhals.
    """
    nw = load("narwhals.stable.v2", "tables of other engines")
    frame = nw.from_native(table)
    names = frame.collect_schema().names()
    keys = _keys(names, by)
    frame = frame.with_columns(_number(nw, nw.col("period_start"), every).alias(_PERIOD), *_faults(nw, names, every))
    sums = frame.group_by([*keys, _PERIOD]).agg(
        nw.col("consumption").sum(), nw.col("bad").sum(), nw.col("straddling").sum(), nw.col("one").sum().alias("rows")
    )
    found = _collect(sums).sort_values([*keys, _PERIOD], ignore_index=True)
    _refuse(found, keys, every)
    first = found[_PERIOD].to_numpy(dtype=np.int64)
    found["period_start"], found["period_end"] = _bounds(first, every)
    return found[[*keys, "consumption", "period_start", "period_end", "rows"]]


def calculate_table(
    calculate: Callable[..., Inventory],
    table: Any,
    contracts: Iterable[Contract | dict[str, Any]] = (),
    *,
    by: Sequence[str] = (),
    every: Every = "month",
) -> Inventory:
    """Return the inventory of a table of any engine; its lines are sums over periods.

    Parameters
    ----------
    calculate : callable
        `CarbonCalculator.calculate`.
    table, by, every
        As `condense`.

    Raises
    ------
    InputError
        Also if a factor changes within a period: choose a shorter one.
    """
    rows = condense(table, by=by, every=every)
    inventory = calculate(rows, contracts=contracts)
    _refuse_changes(inventory, rows, every)
    return inventory


def join_emissions(calculate: Callable[..., Inventory], table: Any, *, every: Every = "month") -> Any:
    """Return the table with `emissions_co2e, emissions_co2e_market, factor_id` on each row, on its own engine.

    Parameters
    ----------
    calculate, table, every
        As `calculate_table`. A lazy table stays lazy; its carriers, regions, units and periods are read once.
    """
    nw = load("narwhals.stable.v2", "tables of other engines")
    rows = condense(table, every=every)
    inventory = calculate(rows.assign(consumption=1.0))
    _refuse_changes(inventory, rows, every)
    frame = nw.from_native(table)
    keys = _keys(frame.collect_schema().names(), ())
    factors = pd.DataFrame({f"{_JOIN}{key}": _words(rows[key]) for key in keys})
    factors[_PERIOD] = rows["period_start"].to_numpy().astype(f"datetime64[{_UNITS[every]}]").astype(np.int64)
    factors["per_unit"], factors["market_per_unit"] = inventory.emissions_t, inventory.market_emissions_t
    factors["factor_id"] = inventory.to_frame()["factor_id"].astype(str).to_numpy()
    names = [f"{_JOIN}{key}" for key in keys]
    small = nw.from_native(_like(nw, frame, factors)).with_columns(nw.col(name).cast(nw.String) for name in names)
    joined = frame.with_columns(
        _number(nw, nw.col("period_start"), every).alias(_PERIOD),
        *(_key(nw, key, frame.collect_schema()[key]).alias(f"{_JOIN}{key}") for key in keys),
    ).join(small, on=[*names, _PERIOD], how="left")
    joined = joined.with_columns(
        (nw.col("consumption") * nw.col("per_unit")).alias("emissions_co2e"),
        (nw.col("consumption") * nw.col("market_per_unit")).alias("emissions_co2e_market"),
    )
    return joined.drop(_PERIOD, *names, "per_unit", "market_per_unit").to_native()


def _key(nw: Any, name: str, dtype: Any) -> Any:
    """Key as text on the table's engine; an integer column with gaps is a float column on some of them."""
    column = nw.col(name)
    if not dtype.is_float():
        return column.cast(nw.String).fill_null("")
    whole = column.fill_null(0).cast(nw.Int64).cast(nw.String)
    return nw.when(column.is_null()).then(nw.lit("")).otherwise(whole).cast(nw.String)


def _words(column: pd.Series) -> pd.Series:
    """Keys as text, an empty cell as empty text: no engine joins null to null."""
    return (
        column.astype(object).where(column.notna(), "").map(lambda v: str(int(v)) if isinstance(v, float) else str(v))
    )


def _keys(names: Sequence[str], by: Sequence[str]) -> list[str]:
    rich = [name for name in ("parameters", "purity") if name in names]
    if rich:
        raise InputError("is read by CarbonCalculator.calculate only", rich[0], None, "Split those rows off.")
    missing = [name for name in (*_NEEDED, *by) if name not in names]
    if missing:
        raise InputError("the table lacks it", missing[0], list(names), f"Needed: {', '.join((*_NEEDED, *by))}.")
    return list(dict.fromkeys([*(key for key in _KEYS if key in names), *by]))


def _number(nw: Any, column: Any, every: Every) -> Any:
    """Integer number of the period a date falls in, as numpy counts days, months and years since 1970."""
    year, month = column.dt.year().cast(nw.Int64) - 1970, column.dt.month().cast(nw.Int64) - 1
    if every == "year":
        return year
    if every == "month":
        return year * 12 + month
    # days from the civil calendar by integers alone, so that no engine's epoch or zone comes in
    y = column.dt.year().cast(nw.Int64) - (month < 2).cast(nw.Int64)  # noqa: PLR2004 -- the year begins in March
    shifted = (month + 10) % 12
    in_year = (153 * shifted + 2) // 5 + column.dt.day().cast(nw.Int64) - 1
    return 365 * y + y // 4 - y // 100 + y // 400 + in_year - 719_468


def _faults(nw: Any, names: Sequence[str], every: Every) -> list[Any]:
    amount = nw.col("consumption")
    sound = ((amount >= 0) & (amount < float("inf"))).cast(nw.Int64).fill_null(0)
    columns = [(1 - sound).alias("bad"), (sound * 0 + 1).alias("one")]
    start, end = _number(nw, nw.col("period_start"), every), _number(nw, nw.col("period_end"), every)
    straddling = (start != end).cast(nw.Int64).fill_null(1) if "period_end" in names else sound * 0
    return [*columns, straddling.alias("straddling")]


def _collect(frame: Any) -> pd.DataFrame:
    if hasattr(frame, "collect"):
        streams = frame.implementation.is_polars()
        frame = frame.collect(**({"engine": "streaming"} if streams else {}))
    found: pd.DataFrame = frame.to_pandas()
    return found


def _refuse(found: pd.DataFrame, keys: list[str], every: Every) -> None:
    for column, problem, remedy in (
        ("bad", "consumption must be a number, finite and not negative", "Correct the rows."),
        ("straddling", f"rows reach beyond the {every} they start in", "Choose a longer `every`, or split the rows."),
    ):
        guilty = found[found[column] > 0]
        if len(guilty):
            where = ", ".join(f"{key} {guilty.iloc[0][key]}" for key in keys)
            count = int(guilty[column].sum())
            raise InputError(f"{problem}: {count} rows, the first in {where}", "consumption", count, remedy)


def _bounds(number: np.ndarray[Any, np.dtype[np.int64]], every: Every) -> tuple[Any, Any]:
    unit = f"datetime64[{_UNITS[every]}]"
    first, after = number.astype(unit).astype("datetime64[D]"), (number + 1).astype(unit).astype("datetime64[D]")
    return first.astype("datetime64[s]"), (after - 1).astype("datetime64[s]")


def _refuse_changes(inventory: Inventory, rows: pd.DataFrame, every: Every) -> None:
    if len(inventory) != len(rows):
        lines = inventory.line_rows()
        twice = int(lines[np.flatnonzero(np.bincount(lines)[lines] > 1)[0]])
        carrier = rows["energy_type"].iloc[twice]
        raise InputError(
            f"the factor of {carrier} changes within the {every} from {rows['period_start'].iloc[twice]:%Y-%m-%d}",
            "every",
            every,
            "Choose every='day'.",
        )


def _like(nw: Any, frame: Any, small: pd.DataFrame) -> Any:
    """Return a small pandas frame as a table of the engine `frame` lives in."""
    native, kind = frame.to_native(), frame.implementation
    if kind.is_duckdb():
        return native.query("_", _values(small))  # on the table's own connection, which no public name gives
    if kind.is_polars():
        eager = load("polars", "Polars tables").from_pandas(small)
        return eager.lazy() if isinstance(frame, nw.LazyFrame) else eager
    if kind.is_pyarrow():
        return load("pyarrow", "PyArrow tables").Table.from_pandas(small, preserve_index=False)
    if kind.is_dask():
        return load("dask.dataframe", "Dask tables").from_pandas(small, npartitions=1)
    if kind.is_spark_like():
        return native.sparkSession.createDataFrame(small)
    return small


def _values(small: pd.DataFrame) -> str:
    """Return a small table as an SQL query; a quote inside a text is doubled."""

    def literal(value: object) -> str:
        if value is None or value != value:  # noqa: PLR0124 -- NaN
            return "null"
        return repr(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"

    rows = ", ".join(f"({', '.join(map(literal, row))})" for row in small.itertuples(index=False, name=None))
    names = ", ".join('"' + str(name).replace('"', '""') + '"' for name in small.columns)
    return f"select * from (values {rows}) as t({names})"  # noqa: S608 -- every literal is quoted above
