"""Where an intensity stands: among its peers by percentile, and against the quota of its standard.

Peer tables have the columns `industry, region, scale, year, p25, p50, p75, p90`; the caller brings them
or makes them from observations with `percentile_table`. Quotas are rows of the packaged table
``benchmarks``; each shows how it was read, and none is chosen unless it is asked for by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from carbonost.engines.carbon.answers import Answer, quantity, table
from carbonost.errors import InputError
from carbonost.factors.tables import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.engines.carbon.answers import Rows

PERCENTILES: Final = (25, 50, 75, 90)
_KEYS: Final = ("industry", "region", "scale", "year")
_COLUMNS: Final = tuple(f"p{p}" for p in PERCENTILES)


@dataclass(frozen=True)
class Benchmark(Answer):
    """A value among its peers; a low value is a good one.

    Attributes
    ----------
    value : float
    percentile : float or None
        Share of peers at or below the value [%], by straight lines between the table's points; None
        outside them, where the table says no more than `band`.
    band : str
        ``"below p25"``, ``"p25-p50"``, ``"p50-p75"``, ``"p75-p90"`` or ``"above p90"``.
    gap_to_median, gap_to_leaders : float
        How far the value lies above the 50th and the 25th percentile; negative is below.
    peers : dict
        The row that answered: industry, region, scale, year, and its percentiles.
    fallback : tuple of str
        Keys for which a wider group had to answer.
    """

    value: float
    percentile: float | None
    band: str
    gap_to_median: float
    gap_to_leaders: float
    peers: dict[str, object]
    fallback: tuple[str, ...]


def percentile_table(
    observations: Rows, value: str = "intensity", by: Sequence[str] = _KEYS, *, at_least: int = 5
) -> pd.DataFrame:
    """Make a peer table from single observations.

    Parameters
    ----------
    observations : rows of `by` and `value`
        Gaps are left out and not counted.
    at_least : int
        Groups with fewer observations are left out: they would name their members.

    Returns
    -------
    DataFrame
        `by`, `n`, `p25, p50, p75, p90` (linear interpolation between order statistics).
    """
    frame = table(observations, [*by, value], "the observations")
    frame[value] = quantity(frame[value].to_numpy(), value, gaps=True)
    rows = []
    for key, group in frame.dropna(subset=[value]).groupby(list(by), dropna=False, sort=True):
        if len(group) >= at_least:
            points = np.percentile(group[value].to_numpy(), PERCENTILES)
            rows.append((*(key if isinstance(key, tuple) else (key,)), len(group), *points))
    return pd.DataFrame(rows, columns=[*by, "n", *_COLUMNS])


def compare_with_peers(
    value: float,
    peers: Rows,
    *,
    industry: str,
    region: str = "CN",
    scale: str | None = None,
    year: int | None = None,
) -> Benchmark:
    """Place a value among the peers of its industry, region, scale and year.

    A table without the region answers with ``CN``, one without the scale with its row of no scale,
    one without the year with the latest year before; each such step is named in `fallback`.

    Raises
    ------
    InputError
        If the table has no row for the industry, or its percentiles do not rise.
    """
    point = float(quantity(value, "value")[0])
    frame = table(peers, ("industry", *_COLUMNS), "the peer table").reindex(columns=[*_KEYS, *_COLUMNS])
    rows, fallback = frame[frame["industry"] == industry], []
    if rows.empty:
        known = ", ".join(sorted(map(str, frame["industry"].unique()))[:10])
        raise InputError("the peer table has no such industry", "industry", industry, f"Known: {known}.")
    for key, wanted, wider in (("region", region, "CN"), ("scale", scale, None)):
        rows, missed = _narrow(rows, key, wanted, wider)
        fallback += [key] if missed else []
    if year is not None and rows["year"].notna().any():
        before = rows[rows["year"] <= year]
        if before.empty:
            raise InputError("the peer table begins later", "year", year, f"It begins in {int(rows['year'].min())}.")
        rows = before
        fallback += ["year"] if before["year"].max() < year else []
    row = rows.sort_values("year").iloc[-1]
    points = row[list(_COLUMNS)].to_numpy(dtype=np.float64)
    if not (np.diff(points) >= 0).all():
        raise InputError("the percentiles of the peer table do not rise", "p25", points.tolist())
    inside = points[0] <= point <= points[-1]
    names = ("below p25", "p25-p50", "p50-p75", "p75-p90", "above p90")
    return Benchmark(
        value=point,
        percentile=float(np.interp(point, points, PERCENTILES)) if inside else None,
        band=names[int(np.searchsorted(points, point, side="left" if point == points[-1] else "right"))],
        gap_to_median=point - float(points[1]),
        gap_to_leaders=point - float(points[0]),
        peers={str(k): v for k, v in row.to_dict().items()},
        fallback=tuple(fallback),
    )


def _narrow(rows: pd.DataFrame, key: str, wanted: str | None, wider: str | None) -> tuple[pd.DataFrame, bool]:
    """Rows of the wanted group, else of the wider one, and whether the wider one had to answer."""
    if rows[key].isna().all():
        return rows, wanted not in {None, wider}
    exact = rows[rows[key] == wanted] if wanted is not None else rows[rows[key].isna()]
    if not exact.empty:
        return exact, False
    general = rows[rows[key].isna()] if wider is None else rows[rows[key].isna() | (rows[key] == wider)]
    if general.empty:
        known = ", ".join(sorted(map(str, rows[key].dropna().unique()))[:10])
        raise InputError("the peer table has no such group", key, wanted, f"Known: {known}.")
    return general, True


@dataclass(frozen=True)
class QuotaGrade(Answer):
    """A value against the three levels of an energy-quota or efficiency standard.

    Attributes
    ----------
    value : float
    unit : str
    grade : int or None
        1 (advanced), 2 (access to new plants) or 3 (limit of existing ones); None beyond the limit.
    gap_to_next : float
        What is missing to the next better level; 0 at grade 1.
    levels : tuple of float
    document, locator, status : str
        Where the levels stand, and how they were read.
    conditions : str
        Corrections the standard asks for; they are not applied.
    """

    value: float
    unit: str
    grade: int | None
    gap_to_next: float
    levels: tuple[float, ...]
    document: str
    locator: str
    status: str
    conditions: str


def quota_grade(value: float, benchmark_id: str) -> QuotaGrade:
    """Grade a product's energy use, or an equipment's efficiency, by a packaged standard.

    Parameters
    ----------
    value : float
        In the unit of the standard, corrected as it asks.
    benchmark_id : str
        Id of a row of the packaged table ``benchmarks``.
    """
    frame = read("benchmarks")
    found = frame[frame["benchmark_id"] == benchmark_id]
    if found.empty or found[["level_1", "level_2", "level_3"]].isna().all(axis=None):
        raise InputError("is no packaged quota", "benchmark_id", benchmark_id, "See factors.table('benchmarks').")
    row = found.iloc[0]
    point = float(quantity(value, "value")[0])
    sign = 1.0 if row["direction"] == "lte" else -1.0
    levels = tuple(float(row[f"level_{n}"]) for n in (1, 2, 3))
    met = [n for n, level in enumerate(levels, start=1) if sign * point <= sign * level]
    grade = met[0] if met else None
    goal = levels[2] if grade is None else levels[max(grade - 2, 0)]
    return QuotaGrade(
        value=point,
        unit=str(row["unit"]),
        grade=grade,
        gap_to_next=0.0 if grade == 1 else sign * (point - goal),
        levels=levels,
        document=str(row["document"]),
        locator=str(row["locator"]),
        status=str(row["status"]),
        conditions=str(row["conditions"]),
    )
