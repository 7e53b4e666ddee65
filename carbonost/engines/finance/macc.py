"""The abatement cost curve, and why its left end may not be read like its right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.arguments import scalar
from carbonost.domain.checks import is_hole
from carbonost.errors import InputError

NEGATIVE = (
    "negative abatement costs are ranked by total net saving, not by CNY/t: below zero the ratio "
    "prefers the measure that abates less for the same saving"
)


class ToTarget(NamedTuple):
    """Measures taken to reach a target: ids in the order of the curve, tonnes and cost a year."""

    selected: list[str]
    abatement_t: float
    total_cost_cny: float


@dataclass(frozen=True, slots=True, eq=False)
class Macc(Alike):
    """An abatement cost curve.

    Attributes
    ----------
    rows : DataFrame
        ``id, mac_cny_per_t, abatement_t, cost_cny_per_year, cumulative_t``, in the order of `ranking`;
        measures without abatement are last and carry no rank.
    ranking : list of str
        Ids of the measures that abate, in the order to take them.
    warnings : tuple of str
        What a reader of the curve must know.
    """

    rows: pd.DataFrame
    ranking: list[str]
    warnings: tuple[str, ...]

    def to_target(self, target_t: float) -> ToTarget:
        """Walk the curve, whole measures at a time, until `target_t` tonnes a year are reached.

        Raises
        ------
        InputError
            If all measures together abate less.
        """
        ranked = self.rows[self.rows["id"].isin(self.ranking)]
        total = float(ranked["abatement_t"].sum())
        if not 0 <= scalar(target_t, "target_t") <= total * (1 + 1e-12):
            problem = f"the measures abate {total:.6g} t a year in all"
            raise InputError(problem, "target_t", target_t, "Lower the target or add measures.")
        if target_t == 0:
            return ToTarget([], 0.0, 0.0)
        before = ranked["cumulative_t"] - ranked["abatement_t"]
        taken = ranked[before < target_t * (1 - 1e-12)]
        return ToTarget(
            taken["id"].tolist(), float(taken["abatement_t"].sum()), float(taken["cost_cny_per_year"].sum())
        )

    def to_frame(self) -> pd.DataFrame:
        """The curve as a frame."""
        return self.rows.copy()

    def to_dict(self) -> dict[str, Any]:
        """Rows as records, with ranking and warnings."""
        return {"rows": self.rows.to_dict("records"), "ranking": list(self.ranking), "warnings": list(self.warnings)}

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw the curve on axes given or new ones, which are returned; `language` "zh" or "en"."""
        from carbonost.engines.finance.plots import plot_macc

        return plot_macc(self, axes, language)

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{text}</li>" for text in self.warnings)
        return f"{self.rows._repr_html_()}<ul>{notes}</ul>"  # type: ignore[operator]


def macc(rows: pd.DataFrame | Iterable[Mapping[str, object]]) -> Macc:
    """Order measures into an abatement cost curve.

    Parameters
    ----------
    rows : DataFrame or records
        ``id`` (unique), ``mac_cny_per_t`` [CNY/tCO2e], ``abatement_t`` [tCO2e/a]. A cost may be NaN
        where nothing is abated.

    Returns
    -------
    Macc
        Self-financing measures first, by total net saving, largest first; then the others by
        CNY/t; ties by id.

    References
    ----------
    .. [1] S. Taylor, "The ranking of negative-cost emissions reduction measures", Energy Policy 48 (2012).
    """
    frame = _checked(rows)
    abates = frame["abatement_t"] > 0
    if frame.loc[abates, "mac_cny_per_t"].isna().any():
        name = frame.loc[abates & frame["mac_cny_per_t"].isna(), "id"].iloc[0]
        raise InputError("abates, but has no cost", "mac_cny_per_t", None, "Compute it with mac().", name)
    frame["cost_cny_per_year"] = (frame["mac_cny_per_t"] * frame["abatement_t"]).where(abates)
    pays = abates & (frame["mac_cny_per_t"] < 0)
    group = np.where(pays, 0, np.where(abates, 1, 2))
    key = np.where(pays, frame["cost_cny_per_year"], np.where(abates, frame["mac_cny_per_t"], 0.0))
    order = pd.DataFrame({"group": group, "key": key, "id": frame["id"]}).sort_values(["group", "key", "id"]).index
    frame = frame.loc[order].reset_index(drop=True)
    ranked = frame["abatement_t"] > 0
    frame["cumulative_t"] = frame["abatement_t"].where(ranked).cumsum()
    notes = [NEGATIVE] if pays.any() else []
    notes += [f"{name}: abates nothing, so it has no abatement cost" for name in frame.loc[~ranked, "id"]]
    return Macc(frame, frame.loc[ranked, "id"].tolist(), tuple(notes))


def _table(rows: object) -> pd.DataFrame:
    """Records, or a frame, as a frame."""
    if isinstance(rows, pd.DataFrame):
        return rows
    records = list(rows) if isinstance(rows, Iterable) and not isinstance(rows, (str, Mapping)) else [rows]
    for at, record in enumerate(records):
        if not isinstance(record, Mapping):
            raise InputError("is no record", "rows", record, "Give records id, mac_cny_per_t, abatement_t.", at)
    return pd.DataFrame(records)


def _checked(rows: pd.DataFrame | Iterable[Mapping[str, object]]) -> pd.DataFrame:
    frame = _table(rows)
    wanted = ["id", "mac_cny_per_t", "abatement_t"]
    if frame.empty and not len(frame.columns):
        frame = pd.DataFrame(columns=wanted)
    for column in wanted:
        if column not in frame.columns:
            raise InputError("column is missing", column, list(frame.columns), f"Give {', '.join(wanted)}.")
    frame = frame[wanted].reset_index(drop=True)
    for name in frame["id"]:
        if not isinstance(name, (str, int, np.integer)) or isinstance(name, bool):
            raise InputError("is no name", "id", name, "Give each measure its id.")
    frame["id"] = frame["id"].astype(str)
    repeated = frame.loc[frame["id"].duplicated(), "id"]
    if not repeated.empty:
        raise InputError("stands twice", "id", repeated.iloc[0], "Give each measure once.")
    for column in wanted[1:]:
        frame[column] = [
            np.nan if column == "mac_cny_per_t" and is_hole(value) else _number(value, column, name)
            for value, name in zip(frame[column], frame["id"], strict=True)
        ]
    return frame.astype(dict.fromkeys(wanted[1:], "float64"))


def _number(value: Any, column: str, name: str) -> float:
    try:
        return scalar(value, column, remedy="Leave the measure out.")
    except InputError as fault:
        fault.row = name
        raise
