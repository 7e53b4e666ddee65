"""Uncertainty of an inventory: error propagation and Monte Carlo, shared factors correlated.

A percentage is the half-width of the 95 % interval over the mean, as the IPCC writes it. Two rows
that use the same factor share that factor's error: their factor parts add up linearly, while the
errors of their activity data are independent and add in quadrature. Rows are numbered by factor,
so both ways take one pass over the columns.

An uncertainty nobody stated (NaN) widens nothing; `Uncertainty.coverage` says which share of the
emissions states both, so that a figure resting on half the inventory cannot pass for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.engines.carbon.answers import Answer, quantity
from carbonost.engines.carbon.draws import Z_95, Codes, Distribution, Spread, monte_carlo, pct_of, spread, stated
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.domain.series import FloatArray

    Labels = Sequence[object] | npt.NDArray[np.generic] | pd.Categorical
    Kinds = Mapping[str, tuple[npt.NDArray[np.intp], npt.NDArray[np.object_]]]

_BLOCK: Final = 1 << 14  # rows in flight: what stays in cache


@dataclass(frozen=True, eq=False)
class Uncertainty(Answer):
    """A total with its 95 % interval.

    Attributes
    ----------
    pct : float [%]
        Half the width of the 95 % interval over the mean; NaN if no row states an uncertainty.
    mean_t, sd_t, low_t, high_t : float [tCO2e]
        Mean, standard deviation, and the ends of the interval.
    by_scope, by_category : DataFrame
        `mean_t, sd_t, low_t, high_t, pct`, one row a group: ``by_scope.loc[2, "pct"]``.
    contributors : DataFrame
        `factor_id, emissions_t, variance_share, from_factor, from_activity`, largest first; the
        shares of the variance sum to one.
    coverage : float [-]
        Share of the emissions whose rows state both uncertainties; below 1, `pct` is a lower bound.
    activity_coverage, factor_coverage : float [-]
        The same for each of the two.
    method : str
        ``"propagation"`` or ``"monte_carlo"``.
    draws : int
        0 for propagation.
    """

    pct: float
    mean_t: float
    sd_t: float
    low_t: float
    high_t: float
    by_scope: pd.DataFrame
    by_category: pd.DataFrame
    contributors: pd.DataFrame
    coverage: float
    activity_coverage: float
    factor_coverage: float
    method: str
    draws: int = 0


class _Rows(NamedTuple):
    """The columns both ways read: tonnes, half-widths in percent, number of the factor, and the factors' ids."""

    tonnes: FloatArray
    activity_pct: FloatArray
    factor_pct: FloatArray
    factor: Codes
    ids: npt.NDArray[np.object_]


def combine_product(percentages: npt.ArrayLike) -> float:
    r"""Uncertainty of a product of independent quantities [%].

    Notes
    -----
    .. math:: U = \sqrt{U_1^2 + \dots + U_n^2}

    References
    ----------
    .. [1] IPCC, 2006 Guidelines, Vol. 1, Ch. 3, Eq. 3.1.
    """
    parts = quantity(percentages, "percentages", gaps=True)
    return float(np.sqrt((parts**2).sum()))


def combine_sum(amounts: npt.ArrayLike, percentages: npt.ArrayLike) -> float:
    r"""Uncertainty of a sum of independent quantities [%].

    Notes
    -----
    .. math:: U = \frac{\sqrt{(U_1 x_1)^2 + \dots + (U_n x_n)^2}}{|x_1 + \dots + x_n|}

    References
    ----------
    .. [1] IPCC, 2006 Guidelines, Vol. 1, Ch. 3, Eq. 3.2.
    """
    parts = quantity(percentages, "percentages", gaps=True)
    x = quantity(amounts, "amounts", gaps=True, signed=True)
    total = abs(float(x.sum()))
    return float(np.sqrt(((parts * x) ** 2).sum()) / total) if total != 0 else float("nan")


class Parts(NamedTuple):
    """Squared 95 % half-widths [t²] by cell (group x factor): what propagation adds up."""

    emissions_t: FloatArray  # (g, f)
    factor_t: FloatArray  # (g, f) linear: half-width the factor gives the cell
    activity_t2: FloatArray  # (g, f) squared half-width of the cell's activity data

    def half_width_t(self) -> float:
        """Half-width of the total: factors linear over groups, activity in quadrature."""
        return float(np.sqrt((self.factor_t.sum(axis=0) ** 2).sum() + self.activity_t2.sum()))

    def half_widths_t(self) -> FloatArray:
        """Half-width of each group by itself."""
        return np.asarray(np.sqrt((self.factor_t**2).sum(axis=1) + self.activity_t2.sum(axis=1)), dtype=np.float64)


def propagate(
    emissions_t: FloatArray,
    activity_pct: FloatArray,
    factor_pct: FloatArray,
    factor: Codes,
    group: Codes | None = None,
    *,
    groups: int = 1,
    factors: int | None = None,
) -> Parts:
    r"""Propagate the errors of activity data and shared factors through a sum of products.

    Parameters
    ----------
    emissions_t : (n,) array [tCO2e]
        Activity times factor, row by row.
    activity_pct, factor_pct : (n,) or (1,) array [%]
        95 % half-widths; NaN where none is stated.
    factor : (n,) array of int
        Number of each row's factor, 0 to `factors` - 1; rows with the same number share its error.
    group : (n,) array of int or None
        Number of each row's scope or category, 0 to `groups` - 1.

    Returns
    -------
    Parts

    Notes
    -----
    A percentage all rows share is taken out of the sum.

    .. math:: H^2 = \sum_g \Big(\sum_{i \in g} E_i u_{EF,i}\Big)^2 + \sum_i (E_i u_{AD,i})^2

    With every factor used once this is IPCC Eq. 3.1 inside Eq. 3.2; the inner sum keeps what a
    shared factor makes dependent.

    References
    ----------
    .. [1] IPCC, 2006 Guidelines, Vol. 1, Ch. 3, Eq. 3.1, 3.2 and Section 3.2.3.1 on correlation.
    """
    n_factors = int(factor.max(initial=-1)) + 1 if factors is None else factors
    cells = groups * n_factors
    sums = np.zeros((3, cells))
    one_ef = len(factor_pct) == 1
    nobody = len(activity_pct) == 1 and bool(np.isnan(activity_pct[0]))
    ad = np.broadcast_to(activity_pct, emissions_t.shape)
    block = max(_BLOCK, 4 * cells)
    for first in range(0, len(emissions_t), block):
        rows = slice(first, first + block)
        code = factor[rows].astype(np.intp, copy=False)
        if group is not None:
            code = group[rows] * np.intp(n_factors) + code
        tonnes = emissions_t[rows]
        sums[0] += np.bincount(code, tonnes, cells)
        if not one_ef:
            sums[1] += np.bincount(code, stated(tonnes * factor_pct[rows]), cells)
        if not nobody:
            half = stated(tonnes * ad[rows])
            half *= half
            sums[2] += np.bincount(code, half, cells)
    if one_ef:
        sums[1] = stated(sums[0] * factor_pct)
    sums[1] /= 100
    sums[2] /= 10_000
    return Parts(*sums.reshape(3, groups, n_factors))


def assess(
    emissions_t: npt.ArrayLike,
    activity_pct: npt.ArrayLike,
    factor_pct: npt.ArrayLike,
    factor_id: Labels,
    *,
    scope: Labels | None = None,
    category: Labels | None = None,
    method: Literal["propagation", "monte_carlo"] = "propagation",
    draws: int = 10_000,
    seed: int | None = 0,
    activity_distribution: Distribution = "normal",
    factor_distribution: Distribution = "normal",
) -> Uncertainty:
    """Uncertainty of an inventory's total, of each scope and category, and who causes it.

    Parameters
    ----------
    emissions_t : (n,) array [tCO2e]
        One row per line of the inventory; NaN is refused, a gap has no interval.
    activity_pct, factor_pct : float or (n,) array [%]
        95 % half-widths of activity and factor; NaN where none is stated.
    factor_id : (n,) sequence or Categorical
        Rows with the same id share the factor's error.
    scope, category : (n,) sequence, Categorical or None
        Groups to report beside the total.
    method : {"propagation", "monte_carlo"}
    draws, seed : int
        For Monte Carlo; the same seed gives the same result.

    Returns
    -------
    Uncertainty
    """
    tonnes = quantity(emissions_t, "emissions_t", signed=True)
    ad, ef = (quantity(p, name, gaps=True) for p, name in ((activity_pct, "activity_pct"), (factor_pct, "factor_pct")))
    factor, ids = _coded(factor_id)
    rows = _Rows(tonnes, ad, ef, factor, ids)
    groups = {"scope": scope, "category": category}
    kinds = {name: _coded(labels) for name, labels in groups.items() if labels is not None}
    whole = propagate(tonnes, ad, ef, factor, factors=len(ids))
    if method == "propagation":
        total, shares = _propagated(rows, whole, kinds)
    elif method == "monte_carlo":
        shapes = (activity_distribution, factor_distribution)
        total, shares = _drawn(rows, kinds, shapes, draws, np.random.default_rng(seed))
    else:
        raise InputError("is no method", field="method", value=method, remedy="Use propagation or monte_carlo.")
    known = [np.broadcast_to(~np.isnan(p), tonnes.shape) for p in (ad, ef)]
    coverage = [_share(np.abs(tonnes), where) for where in (known[0] & known[1], *known)]
    none = Spread(*(np.empty(0),) * 4)
    tables = {n: shares.get(n, none).frame(list(kinds[n][1]) if n in shares else [], n) for n in groups}
    mean, sd, low, high = (float(column[0]) for column in total)
    return Uncertainty(
        pct=float(pct_of(np.array((high - low) / 2), np.array(mean))) if any(coverage) else float("nan"),
        mean_t=mean,
        sd_t=sd,
        low_t=low,
        high_t=high,
        by_scope=tables["scope"],
        by_category=tables["category"],
        contributors=_contributors(whole, list(ids)),
        coverage=coverage[0],
        activity_coverage=coverage[1],
        factor_coverage=coverage[2],
        method=method,
        draws=draws if method == "monte_carlo" else 0,
    )


def _propagated(rows: _Rows, whole: Parts, kinds: Kinds) -> tuple[Spread, dict[str, Spread]]:
    total = _interval(np.array([rows.tonnes.sum()]), np.array([whole.half_width_t()]))
    shares = {}
    for name, (code, labels) in kinds.items():
        parts = propagate(*rows[:4], code, groups=len(labels), factors=len(rows.ids))
        shares[name] = _interval(parts.emissions_t.sum(axis=1), parts.half_widths_t())
    return total, shares


def _drawn(
    rows: _Rows, kinds: Kinds, shapes: tuple[Distribution, Distribution], draws: int, rng: np.random.Generator
) -> tuple[Spread, dict[str, Spread]]:
    cell, where = _cells(kinds, len(rows.tonnes))
    drawn = monte_carlo(
        *rows[:4],
        draws=draws,
        rng=rng,
        group=cell,
        groups=len(next(iter(where.values()))) if where else 1,
        activity_distribution=shapes[0],
        factor_distribution=shapes[1],
    )
    shares = {
        name: spread(drawn @ (member[:, None] == np.arange(len(kinds[name][1]))).astype(np.float64))
        for name, member in where.items()
    }
    return spread(drawn.sum(axis=1, keepdims=True)), shares


def _share(weights: FloatArray, where: npt.NDArray[np.bool_]) -> float:
    whole = float(weights.sum())
    return float(weights[where].sum()) / whole if whole else float("nan")


def _coded(labels: Labels) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_]]:
    """Number the labels; what is coded already is not looked at row by row."""
    if isinstance(labels, pd.Categorical):
        used = labels.remove_unused_categories()
        names, codes = np.asarray(used.categories, dtype=object), used.codes.astype(np.intp)
        if (codes < 0).any():  # no label is a label of its own
            names, codes = np.array([*names, None], dtype=object), np.where(codes < 0, len(names), codes)
        return codes, names
    values = np.asarray(labels)
    whole = values.dtype.kind in "iu"
    codes, found = pd.factorize(values if whole else values.astype(object), use_na_sentinel=False)
    return codes, np.asarray(found, dtype=object)


def _cells(kinds: Kinds, n: int) -> tuple[Codes | None, dict[str, npt.NDArray[np.intp]]]:
    """Number the combinations of scope and category, and tell each combination's scope and category."""
    if not kinds or not n:
        return None, {}
    table = np.stack([code for code, _ in kinds.values()], axis=1)
    unique, cell = np.unique(table, axis=0, return_inverse=True)
    return cell.reshape(-1), {name: unique[:, column] for column, name in enumerate(kinds)}


def _interval(mean_t: FloatArray, half_t: FloatArray) -> Spread:
    return Spread(mean_t, half_t / Z_95, mean_t - half_t, mean_t + half_t)


def _contributors(parts: Parts, ids: list[object]) -> pd.DataFrame:
    factor, activity = parts.factor_t[0] ** 2, parts.activity_t2[0]
    whole = factor.sum() + activity.sum() or 1.0
    frame = pd.DataFrame(
        {
            "factor_id": ids,
            "emissions_t": parts.emissions_t[0],
            "variance_share": (factor + activity) / whole,
            "from_factor": factor / whole,
            "from_activity": activity / whole,
        }
    )
    return frame.sort_values("variance_share", ascending=False, kind="stable", ignore_index=True)
