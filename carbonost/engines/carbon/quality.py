"""Data quality: five pedigree indicators beside each line, and the 0-1 score shown for them.

Indicators run from 1 (best) to 5. They are read from what a line says of itself: how the amount was
found, how much of the period it covers, how far the factor's year and region lie from the activity's,
and whose process the factor describes. The score is the mean indicator on a scale from 1 to 0; it is
shown beside a result and never multiplied into it.

References
----------
.. [1] B. P. Weidema, M. S. Wesnæs, Data quality management for life cycle inventories, J. Cleaner
   Production 4 (1996), Table 1 (the matrix; its application to bills and grid factors is ours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.activity import SOURCE_WORDS
from carbonost.engines.carbon.answers import quantity
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.domain.emission import Basis
    from carbonost.domain.inventory import Inventory
    from carbonost.domain.series import FloatArray
    from carbonost.factors.library import FactorLibrary

INDICATORS: Final = ("reliability", "completeness", "temporal", "geographical", "technological")
_WORST: Final = 5.0
_SOURCES: Final = {"meter": 1.0, "manual": 2.0, "estimated": 4.0}
_LEVELS: Final = {"own": 1.0, "city": 1.0, "province": 1.0, "grid_region": 2.0, "nation": 2.0, "global": 3.0}
_YEARS: Final = (3, 6, 10, 15)
"""A factor whose data year lies fewer than so many years away scores 1, 2, 3 or 4; beyond, 5."""
_FALLBACK: Final = 1.0  # an answer from a wider place than was asked for is one step worse


def pedigree_score(indicators: npt.ArrayLike) -> FloatArray:
    """Score of pedigree indicators: 1 where all are best, 0 where all are worst.

    Parameters
    ----------
    indicators : (n, 5) or (5,) array
        Each from 1 to 5; NaN counts as 5, for what is not known is not good.

    Returns
    -------
    (n,) array [-]
    """
    table = np.atleast_2d(np.asarray(indicators, dtype=np.float64))
    if table.shape[1] != len(INDICATORS) or ((table < 1) | (table > _WORST)).any():
        raise InputError("are five numbers from 1 to 5", "indicators", table.shape)
    known = np.where(np.isnan(table), _WORST, table)
    return np.asarray((_WORST - known.mean(axis=1)) / (_WORST - 1), dtype=np.float64)


def temporal(activity_year: npt.ArrayLike, data_year: npt.ArrayLike) -> FloatArray:
    """Temporal indicator of factors of one year used for another; 5 where either year is not known."""
    years = np.abs(np.asarray(activity_year, dtype=np.float64) - np.asarray(data_year, dtype=np.float64))
    return np.where(np.isnan(years), _WORST, 1.0 + np.searchsorted(_YEARS, years, side="right"))


def pedigree(inventory: Inventory, library: FactorLibrary | None = None) -> pd.DataFrame:
    """Return the pedigree of each line.

    Parameters
    ----------
    inventory : Inventory
        A column `completeness` of its source, if there is one, is the share of the period metered.
    library : FactorLibrary or None
        Where to look up a factor's data year if the line does not state it; a year that is not
        known scores 5.

    Returns
    -------
    DataFrame
        `row`, the five indicators, `score`, and `data_quality`, the 0-1 figure the row itself declares.
    """
    bases, at = inventory.bases, inventory.basis_index
    source, row = inventory.source, inventory.line_rows()

    def told(name: str, default: Any) -> pd.Series:
        column = source[name] if name in source.columns else pd.Series(default, index=source.index)
        return column.iloc[row].reset_index(drop=True).fillna(default)

    year = inventory.start_day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    step = np.array([_LEVELS.get(b.level, _WORST) + _FALLBACK * b.fallback for b in bases])
    own = np.array([b.level == "own" for b in bases])
    data_year = np.array([_data_year(b, library) for b in bases])
    covered = quantity(told("completeness", 1.0).to_numpy(dtype=np.float64), "completeness")
    frame = pd.DataFrame({"row": row})
    frame["reliability"] = told("data_source", "manual").replace(SOURCE_WORDS).map(_SOURCES).fillna(_WORST).to_numpy()
    frame["completeness"] = np.clip(np.ceil(_WORST - 4 * np.minimum(covered, 1.0)), 1.0, _WORST)
    frame["temporal"] = np.where(own[at], 1.0, temporal(year, data_year[at]))
    frame["geographical"] = np.minimum(step[at], _WORST)
    frame["technological"] = np.where(own[at], 1.0, 3.0)  # a published factor describes the technology, not the plant
    frame["score"] = pedigree_score(frame[list(INDICATORS)].to_numpy())
    frame["data_quality"] = told("data_quality", 1.0).to_numpy(dtype=np.float64)
    return frame


def _data_year(basis: Basis, library: FactorLibrary | None) -> float:
    year = basis.data_year
    if year is None and library is not None:
        try:
            year = library.get(basis.factor_id).data_year
        except LookupError:
            year = None
    return float("nan") if year is None else float(year)


def summarise(
    inventory: Inventory, library: FactorLibrary | None = None, by: Sequence[str] = ("scope",)
) -> pd.DataFrame:
    """Return the indicators and the score of each group, weighted by emissions.

    Returns
    -------
    DataFrame
        `by`, `emissions_co2e`, the five indicators and `score`.
    """
    lines = inventory.to_frame()
    frame = pedigree(inventory, library)
    weight = np.abs(lines["emissions_co2e"].to_numpy())
    columns = [*INDICATORS, "score"]
    sums = frame[columns].mul(weight, axis=0).assign(weight=weight, emissions_co2e=lines["emissions_co2e"].to_numpy())
    for key in by:
        sums[key] = lines[key].to_numpy()
    grouped = (
        sums.groupby(list(by), dropna=False, observed=True)[[*columns, "weight", "emissions_co2e"]].sum().reset_index()
    )
    for column in columns:
        grouped[column] = grouped[column] / grouped["weight"]
    return grouped[[*by, "emissions_co2e", *columns]]
