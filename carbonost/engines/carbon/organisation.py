"""Organisation: who consolidates what, the base year, and intensities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.engines.carbon.answers import Answer, quantity, table
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonost.domain.series import FloatArray
    from carbonost.engines.carbon.answers import Rows

Approach = Literal["equity_share", "financial_control", "operational_control"]
Policy = Literal["cumulative", "single"]

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


def consolidate_lines(
    lines: pd.DataFrame, entities: Rows, approach: Approach, *, values: Sequence[str] = ("emissions_co2e",)
) -> pd.DataFrame:
    """Return inventory lines with the part of each that the reporting company accounts for.

    Parameters
    ----------
    lines : DataFrame
        `Inventory.to_frame()`, with the column `organization_id`.
    entities : rows of `organization_id, equity_share, controlled`
        What the company holds of each organisation; a missing `controlled` is no control.
    approach : {"equity_share", "financial_control", "operational_control"}

    Returns
    -------
    DataFrame
        The lines, `accounted_share`, and each of `values` times that share.

    Raises
    ------
    InputError
        An organisation twice, or lines of an organisation nobody described.
    """
    frame = table(lines, ("organization_id", *values), "the lines")
    held = table(entities, ("organization_id", "equity_share"), "the entities").reindex(
        columns=["organization_id", "equity_share", "controlled"]
    )
    if held["organization_id"].duplicated().any():
        twice = held.loc[held["organization_id"].duplicated(), "organization_id"].iloc[0]
        raise InputError("an organisation stands twice", "organization_id", twice)
    control = held["controlled"].astype(object).where(held["controlled"].notna(), other=False)
    shares = consolidate(np.ones(len(held)), approach, held["equity_share"].to_numpy(), control.to_numpy())
    share = frame["organization_id"].map(dict(zip(held["organization_id"], shares, strict=True)))
    if share.isna().any():
        row = int(share.isna().argmax())
        raise InputError(
            "nobody described this organisation", "organization_id", frame["organization_id"][row], row=row
        )
    scaled = {value: frame[value].astype(float) * share for value in values}
    return frame.assign(accounted_share=share, **scaled)


def _choices(literal: Any) -> str:
    return f"Use one of {', '.join(get_args(literal))}."
