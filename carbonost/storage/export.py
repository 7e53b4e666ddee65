"""Readings as Parquet, for Spark, Polars and DuckDB users who read without us."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbonost._lazy import load
from carbonost.storage.civil import edges, instant, span

if TYPE_CHECKING:
    from datetime import datetime

    from carbonost.storage.ports import MeterStore


def export_parquet(
    meters: MeterStore, folder: str | Path, selector: Any, start: datetime | str, end: datetime | str
) -> list[Path]:
    """Write readings as one zstd Parquet file a month (UTC) and return the files.

    The columns are point, start, value, energy_type, unit, quality, status and the tags; `start` is
    an instant in UTC. A file appears whole or not at all; writing again replaces it. Only a month
    is in memory at a time.

    Raises
    ------
    MissingExtraError
        If pyarrow is not installed.
    """
    parquet: Any = load("pyarrow.parquet", "an export to Parquet")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    first, last = span(start, end)
    written = []
    for low, high in pairwise(edges(first, last, "1mo", "UTC").tolist()):
        table = meters.read(selector, instant(max(low, first)), instant(min(high, last)), as_="arrow")
        if not table.num_rows:
            continue
        path = target / f"readings-{instant(low):%Y-%m}.parquet"
        draft = path.with_suffix(".part")
        parquet.write_table(table, draft, compression="zstd")
        draft.replace(path)
        written.append(path)
    return written
