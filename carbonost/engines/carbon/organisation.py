"""Organisation: who consolidates what, the base year, intensities, and sums over places and periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.engines.carbon.answers import Answer, quantity, table
from carbonost.errors import InputError, OverclaimError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonost.domain.series import FloatArray
    from carbonost.engines.carbon.answers import Rows

Approach = Literal["equity_share", "financial_control", "operational_control"]
Policy = Literal["cumulative", "single"]
Every = Literal["day", "month", "year"]

_SIGN: Final = {
    "acquisition": 1.0,
    "insourcing": 1.0,
    "divestment": -1.0,
    "outsourcing": -1.0,
    "methodology": 0.0,
    "error": 0.0,
    "boundary": 0.0,
    "organic_growth": None,
    "organic_decline": None,
}
"""What a change does to the base year: adds, takes away, either (0: signed as given), nothing (None)."""
_ALSO: Final = {
    "merger": "acquisition",
    "divestiture": "divestment",
    "disposal": "divestment",
    "methodology_change": "methodology",
    "factor_update": "methodology",
    "error_correction": "error",
    "boundary_change": "boundary",
    "growth": "organic_growth",
    "decline": "organic_decline",
}
"""Other words for the same changes."""


def consolidate(
    emissions_t: npt.ArrayLike,
    approach: Approach,
    equity_share: npt.ArrayLike = 1.0,
    controlled: npt.ArrayLike | bool | str = True,
) -> Any:
    """Emissions of each operation that the reporting company accounts for.

    Parameters
    ----------
    emissions_t : float or (n,) array [tCO2e]
        Emissions of each operation as a whole; NaN is a gap and stays one.
    approach : {"equity_share", "financial_control", "operational_control"}
        Equity share takes the share; control takes all or nothing.
    equity_share : float or (n,) array [-]
        The company's economic interest, 0 to 1.
    controlled : bool or (n,) array of bool
        Whether the company holds the control the approach asks for. ``"joint"`` marks joint
        financial control, which the financial approach consolidates by equity share.

    Returns
    -------
    float or (n,) array [tCO2e]

    Raises
    ------
    InputError
        Unknown approach, or a share outside 0 to 1.

    References
    ----------
    .. [1] GHG Protocol, Corporate Accounting and Reporting Standard (revised), ch. 3 and Table 1.

    Examples
    --------
    >>> consolidate([1000.0, 500.0], "equity_share", equity_share=[0.6, 0.4])
    array([600., 200.])
    """
    if approach not in get_args(Approach):
        raise InputError("is no consolidation approach", field="approach", value=approach, remedy=_choices(Approach))
    whole = quantity(emissions_t, "emissions_t", gaps=True)
    share = quantity(equity_share, "equity_share")
    if (share > 1).any():
        raise InputError(
            "must lie between 0 and 1", field="equity_share", value=float(share.max()), remedy="60 % is 0.6."
        )
    if approach == "equity_share":
        part = whole * share
    else:
        held = np.atleast_1d(np.asarray(controlled, dtype=object))
        joint = np.array([h == "joint" for h in held])
        if joint.any() and approach != "financial_control":
            raise InputError("joint control belongs to the financial approach", field="controlled", value="joint")
        part = whole * np.where(joint, share, np.array([1.0 if h is True or h == 1 else 0.0 for h in held]))
    return float(part[0]) if np.ndim(emissions_t) == 0 and part.size == 1 else part


@dataclass(frozen=True, eq=False)
class Recalculation(Answer):
    """Whether a base year is recalculated, to what, and why.

    Attributes
    ----------
    net_change_pct : float [%]
        Net change of the events that count, against the base year.
    recalculated : bool
    new_base_t : float [tCO2e]
        The base year from now on: unchanged unless recalculated.
    log : tuple of dict
        One entry an event: `kind, emissions_t, change_t, change_pct, applied, reason`.
    """

    net_change_pct: float
    recalculated: bool
    new_base_t: float
    log: tuple[dict[str, Any], ...]

    def __iter__(self) -> Iterator[Any]:
        """Unpack as ``net_change_pct, recalculated, new_base_t, log``."""
        return iter(self.to_dict().values())

    def to_frame(self) -> pd.DataFrame:
        """Return the log as a table."""
        return pd.DataFrame(list(self.log))


@dataclass(frozen=True)
class BaseYear:
    """A base year and the rule by which it is recalculated.

    Parameters
    ----------
    base_t : float [tCO2e]
        Emissions of the base year.
    threshold_pct : float [%]
        Significance threshold; a change of exactly the threshold counts.
    policy : {"cumulative", "single"}
        Whether the events' net sum is held against the threshold, or each event by itself.
    year : int or None
        For the record.

    References
    ----------
    .. [1] GHG Protocol, Corporate Accounting and Reporting Standard (revised), ch. 5.
    """

    base_t: float
    threshold_pct: float = 5.0
    policy: Policy = "cumulative"
    year: int | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.base_t) and self.base_t > 0):
            raise InputError("must be positive and finite", field="base_t", value=self.base_t)
        if not (np.isfinite(self.threshold_pct) and self.threshold_pct >= 0):
            raise InputError("must not be negative", field="threshold_pct", value=self.threshold_pct)
        if self.policy not in get_args(Policy):
            raise InputError("is no policy", field="policy", value=self.policy, remedy=_choices(Policy))

    def recalculate(self, events: Rows) -> Recalculation:
        """Weigh the changes since the base year.

        Parameters
        ----------
        events : frame or rows of `kind, emissions_t`
            `kind` is acquisition, insourcing (add), divestment, outsourcing (take away, whatever
            the sign given), methodology, error, boundary (signed as given), or organic_growth,
            organic_decline (never counted). `emissions_t` are those of the base year.

        Returns
        -------
        Recalculation
        """
        frame = table(events, ("kind", "emissions_t"), "the events of a base year")
        tonnes = quantity(frame["emissions_t"].to_numpy(), "emissions_t", signed=True) if len(frame) else np.empty(0)
        kinds = [_ALSO.get(kind, kind) for kind in frame["kind"].tolist()]
        for row, kind in enumerate(kinds):
            if kind not in _SIGN:
                remedy = f"Use one of {', '.join(_SIGN)}."
                raise InputError("is no kind of change", field="kind", value=kind, row=row, remedy=remedy)
        counts = np.array([_SIGN[k] is not None for k in kinds], dtype=bool)
        change = np.array([_change(kind, t) for kind, t in zip(kinds, tonnes.tolist(), strict=True)], dtype=np.float64)
        pct = 100 * change / self.base_t
        net_pct = float(100 * change.sum() / self.base_t)
        if self.policy == "cumulative":
            applied = counts & self._significant(np.full(change.shape, net_pct))
        else:
            applied = counts & self._significant(pct)
        log = tuple(
            {
                "kind": kind,
                "emissions_t": float(t),
                "change_t": float(d),
                "change_pct": float(p),
                "applied": bool(a),
                "reason": self._reason(bool(c), bool(a), net_pct if self.policy == "cumulative" else float(p)),
            }
            for kind, t, d, p, c, a in zip(kinds, tonnes, change, pct, counts, applied, strict=True)
        )
        return Recalculation(net_pct, bool(applied.any()), float(self.base_t + change[applied].sum()), log)

    def _significant(self, pct: FloatArray) -> npt.NDArray[np.bool_]:
        return np.abs(pct) >= self.threshold_pct * (1 - 1e-12)

    def _reason(self, counts: bool, applied: bool, pct: float) -> str:
        if not counts:
            return "organic change never alters the base year"
        what = "net change" if self.policy == "cumulative" else "change"
        return f"{what} {pct:+.4g} % {'reaches' if applied else 'is below'} the threshold of {self.threshold_pct:g} %"


def _change(kind: str, emissions_t: float) -> float:
    sign = _SIGN[kind]
    if sign is None:
        return 0.0
    return sign * abs(emissions_t) if sign else emissions_t


def intensity(emissions_t: npt.ArrayLike, denominator: npt.ArrayLike) -> FloatArray:
    """Emissions per unit of `denominator`; NaN where either is a gap or the denominator is zero.

    Parameters
    ----------
    emissions_t : (n,) array or float [tCO2e]
    denominator : (n,) array or float
        Output, area, revenue or people; its unit belongs in the name the caller gives the result.
    """
    over = quantity(denominator, "denominator", gaps=True)
    tonnes = quantity(emissions_t, "emissions_t", gaps=True)
    out: FloatArray = np.full(np.broadcast_shapes(tonnes.shape, over.shape), np.nan)
    return np.divide(tonnes, over, out=out, where=over > 0)


def split_by_period(start: object, end: object, every: Every) -> tuple[npt.NDArray[np.intp], Any, FloatArray]:
    """Cut calendar ranges, first and last day inclusive, at day, month or year borders.

    Returns
    -------
    row : (m,) array of int
        Index of the range each part comes from.
    period : (m,) array of datetime64
        First day of the period each part falls in.
    share : (m,) array of float [-]
        Days of the part over days of the range; a range's shares sum to one.
    """
    if every not in get_args(Every):
        raise InputError("is no period type", field="every", value=every, remedy=_choices(Every))
    first = np.asarray(pd.to_datetime(pd.Series(start)).to_numpy(), dtype="datetime64[D]")
    last = np.asarray(pd.to_datetime(pd.Series(end)).to_numpy(), dtype="datetime64[D]")
    bad = ~(last >= first)  # also where a date is missing
    if bad.any():
        raise InputError(
            "the period ends before it starts, or a date is missing",
            field="period_end",
            row=int(np.flatnonzero(bad)[0]),
        )
    unit = {"day": "D", "month": "M", "year": "Y"}[every]
    low, high = (edge.astype(f"datetime64[{unit}]").astype(np.int64) for edge in (first, last))
    parts = high - low + 1
    row = np.repeat(np.arange(len(first)), parts)
    step = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    index = low[row] + step
    opens = index.astype(f"datetime64[{unit}]").astype("datetime64[D]")
    closes = (index + 1).astype(f"datetime64[{unit}]").astype("datetime64[D]")
    days = (np.minimum(closes, last[row] + 1) - np.maximum(opens, first[row])).astype(np.float64)
    return row, opens, days / (last - first + 1).astype(np.float64)[row]


def aggregate(
    frame: pd.DataFrame,
    by: Sequence[str] = (),
    *,
    every: Every | None = None,
    values: Sequence[str] = ("emissions_co2e",),
) -> pd.DataFrame:
    """Sum rows by place and period; a row that straddles periods is shared by days.

    Parameters
    ----------
    frame : DataFrame
        Rows with `values`, the columns of `by`, and `period_start, period_end` if `every` is given.
    by : sequence of str
        For example ``("organization_id", "park_id", "building_id")``; rows without one keep their own group.
    every : {"day", "month", "year"} or None

    Returns
    -------
    DataFrame
        Columns of `by`, `period` (first day) if asked, and the sums. A gap makes its sum NaN.
    """
    needed = [*by, *values, *(("period_start", "period_end") if every else ())]
    rows = table(frame, needed, "the table to aggregate")
    keys = list(by)
    if every:
        row, opens, share = split_by_period(rows["period_start"], rows["period_end"], every)
        rows = rows.iloc[row].assign(period=opens.astype("datetime64[s]"))
        for value in values:
            rows[value] = rows[value].astype(float) * share
        keys.append("period")
    if not keys:
        return pd.DataFrame({value: [float(rows[value].astype(float).to_numpy().sum())] for value in values})
    group = rows.groupby(keys, dropna=False, sort=True).ngroup().to_numpy()
    _, at = np.unique(group, return_index=True)
    sums = rows[keys].iloc[at].reset_index(drop=True)
    for value in values:  # bincount lets a NaN through, a table's own sum would skip it
        sums[value] = np.bincount(group, rows[value].to_numpy(dtype=np.float64), minlength=len(at))
    return sums


def net_of_parts(
    activities: pd.DataFrame, levels: Sequence[str] = ("organization_id", "park_id", "building_id")
) -> pd.DataFrame:
    """Take from a park's own reading what its buildings' readings already count.

    A row that names its park but no building is the park's main meter when other rows of the same
    carrier, unit and period name buildings of that park: its consumption is reduced to the
    remainder, the common area. The same holds one level up.

    Raises
    ------
    OverclaimError
        The parts of one place read more than the place itself.
    InputError
        Parts and whole overlap in time without sharing their period, so neither can be netted.
    """
    same = ["energy_type", "unit"]
    needed = [*same, "consumption", "period_start", "period_end"]
    rows = table(activities, needed, "the activities")
    rows = rows.reindex(columns=[*rows.columns, *(level for level in levels if level not in rows.columns)])
    rows["consumption"] = rows["consumption"].astype(float)
    for depth in range(len(levels) - 1, 0, -1):
        whole, part = levels[depth - 1], levels[depth]
        mains = rows.index[rows[whole].notna() & rows[list(levels[depth:])].isna().all(axis=1)]
        for main in mains:
            top = rows.loc[main]
            parts = rows[(rows[whole] == top[whole]) & rows[part].notna() & (rows[same] == top[same]).all(axis=1)]
            parts = parts[(parts["period_start"] <= top["period_end"]) & (parts["period_end"] >= top["period_start"])]
            inside = (parts["period_start"] >= top["period_start"]) & (parts["period_end"] <= top["period_end"])
            if not inside.all():
                raise InputError(
                    f"{top[whole]!r} and its parts meter {top['energy_type']} over periods that only overlap",
                    field="period_start",
                    row=int(main),
                    remedy="Give the parts periods that lie inside the whole's.",
                )
            rest = top["consumption"] - parts["consumption"].sum()
            if rest < -1e-9 * top["consumption"]:
                raise OverclaimError(
                    f"the parts of {top[whole]!r} use more {top['energy_type']} than the whole",
                    field="consumption",
                    value=float(parts["consumption"].sum()),
                    row=int(main),
                )
            rows.loc[main, "consumption"] = max(rest, 0.0)
    return rows


def _choices(literal: Any) -> str:
    return f"Use one of {', '.join(get_args(literal))}."
