"""The inventory: columns of emissions, each row with the index of what it was calculated with."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping  # noqa: TC003 -- dataclass fields are read at run time
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.domain.document import display
from carbonost.domain.emission import Basis, EmissionResult, Total, Trace, emission_result, weighed_gases
from carbonost.domain.exact import exact_group_sum, exact_sum
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray, IntArray

__all__ = ["Basis", "EmissionResult", "Inventory", "Total", "Trace"]

METHODS: Final = ("location_based", "market_based")
_BASIS_COLUMNS: Final = ("scope", "category", "energy_type", "region", "unit", "factor_id", "calculation_method")


def empty_rejected() -> pd.DataFrame:
    """Return the frame of refused rows, empty."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in ("row", "field", "value", "error", "message")})


@dataclass(frozen=True, eq=False, repr=False)
class Inventory:
    """Emissions line by line; a line is an activity row, or the part of one that one factor answers.

    Lines are columns: `basis_index` points into `bases`, so ten million rows stay traceable.

    Attributes
    ----------
    bases : tuple of Basis
        Carrier, unit, region, factor and rule of each group of lines.
    basis_index : (n,) array of int32
    consumption : (n,) array of float [`unit` of the basis]
    emissions_t : (n,) array of float [tCO2e]
        Location-based.
    market_t : (n,) array of float [tCO2e] or None
        Market-based where contracts were given; else it follows from the bases.
    start_day, end_day : (n,) array of int32 [days since 1970-01-01]
        First and last day, both inside.
    row : (n,) array of int or None
        Row of the input, counted from 0; None where line i is row i.
    share : (n,) array of float or None
        Purity of the row, where one was given.
    source : DataFrame
        The input as it came; its further columns serve `by` and `to_frame`.
    rejected : DataFrame
        Rows refused under ``errors="collect"``: `row, field, value, error, message`.
    settings : mapping
        Factor digest, GWP set, parameter set, `as_of`, vintage: what it takes to compute it again.
    """

    bases: tuple[Basis, ...]
    basis_index: IntArray
    consumption: FloatArray
    emissions_t: FloatArray
    start_day: IntArray
    end_day: IntArray
    source: pd.DataFrame
    market_t: FloatArray | None = None
    row: npt.NDArray[np.int64] | None = None
    share: FloatArray | None = None
    rejected: pd.DataFrame = field(default_factory=empty_rejected)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.emissions_t)

    def __repr__(self) -> str:
        return (
            f"<Inventory {len(self)} lines: scope 1 {self.scope1_t:.6g}, scope 2 {self.scope2_location_t:.6g} "
            f"(location) / {self.scope2_market_t:.6g} (market), scope 3 {self.scope3_t:.6g} tCO2e>"
        )

    # ---- totals -------------------------------------------------------------------------------

    def _per_basis(self, attribute: str, dtype: Any = np.float64) -> npt.NDArray[Any]:
        return np.array([getattr(basis, attribute) for basis in self.bases], dtype=dtype)

    @cached_property
    def amount(self) -> FloatArray:
        """Consumption times purity: what the coefficients of the bases multiply, per line."""
        return self.consumption if self.share is None else self.consumption * self.share

    @cached_property
    def market_emissions_t(self) -> FloatArray:
        """Market-based emissions of each line [tCO2e]; equal to `emissions_t` outside electricity."""
        if self.market_t is not None:
            return self.market_t
        own = [basis.co2e_t if basis.market_co2e_t is None else basis.market_co2e_t for basis in self.bases]
        if all(basis.market_co2e_t is None for basis in self.bases):
            return self.emissions_t
        return np.asarray(np.array(own, dtype=np.float64)[self.basis_index] * self.amount, dtype=np.float64)

    @cached_property
    def _scope_sums(self) -> dict[tuple[int, str], float]:
        scope = self._per_basis("scope", np.int64)
        location = exact_group_sum(self.emissions_t, self.basis_index, len(self.bases))
        market = location
        if self.market_emissions_t is not self.emissions_t:
            market = exact_group_sum(self.market_emissions_t, self.basis_index, len(self.bases))
        return {
            (number, method): exact_sum(sums[scope == number])
            for number in (1, 2, 3)
            for method, sums in zip(METHODS, (location, market), strict=True)
        }

    @property
    def scope1_t(self) -> float:
        """Direct emissions [tCO2e]."""
        return self._scope_sums[1, "location_based"]

    @property
    def scope2_location_t(self) -> float:
        """Purchased energy by the average of its grid [tCO2e]."""
        return self._scope_sums[2, "location_based"]

    @property
    def scope2_market_t(self) -> float:
        """Purchased energy by contract, the rest at the residual mix [tCO2e]."""
        return self._scope_sums[2, "market_based"]

    @property
    def scope3_t(self) -> float:
        """Other indirect emissions [tCO2e]."""
        return self._scope_sums[3, "location_based"]

    @cached_property
    def _basis_amounts(self) -> FloatArray:
        return exact_group_sum(self.amount, self.basis_index, len(self.bases))

    @property
    def biogenic_co2_t(self) -> float:
        """CO2 of biogenic carbon [t], outside the scopes and in no total."""
        return float(self._basis_amounts @ self._per_basis("biogenic_t"))

    @property
    def gases_t(self) -> dict[str, float]:
        """Mass of each gas [t], location-based; sources that publish only CO2e have no part in it."""
        return self._by_gas("gases_t")

    @property
    def gases_co2e_t(self) -> dict[str, float]:
        """CO2e of each gas [t], location-based; what is published only as CO2e stands under ``CO2e``."""
        return self._by_gas("gases_co2e_t")

    def _by_gas(self, attribute: str) -> dict[str, float]:
        return weighed_gases([getattr(basis, attribute) for basis in self.bases], self._basis_amounts.tolist())

    def total_t(self, method: str | None = None) -> Total:
        """Return the total of scopes 1 to 3 [tCO2e] with one of the two scope 2 figures.

        Parameters
        ----------
        method : {"location_based", "market_based"} or None
            None is location-based; the result says so.

        Raises
        ------
        InputError
            If `method` is neither: the two are never added.
        """
        word = "location_based" if method is None else method
        if word not in METHODS:
            raise InputError("this is no scope 2 method", "method", method, f"Use {' or '.join(METHODS)}.")
        return Total(math.fsum(self._scope_sums[number, word] for number in (1, 2, 3)), word)

    # ---- lines --------------------------------------------------------------------------------

    def line_rows(self) -> npt.NDArray[np.int64]:
        """Return the input row of each line."""
        return np.arange(len(self), dtype=np.int64) if self.row is None else self.row

    def per_basis(self, name: str, index: npt.NDArray[np.integer]) -> Any:
        """Return what the bases in `index` say, coded where it is text."""
        values = [getattr(basis, name) for basis in self.bases]
        if name == "scope":
            return np.array(values, dtype=np.int8)[index]
        codes, labels = pd.factorize(np.array(values, dtype=object))
        return pd.Categorical.from_codes(codes[index], categories=pd.Index(labels, dtype=object))

    def column(self, name: str) -> Any:
        """Return a column of the lines by name, coded where its values are few."""
        if name in _BASIS_COLUMNS:
            return self.per_basis(name, self.basis_index)
        if name in {"period_start", "period_end"}:
            days = self.start_day if name == "period_start" else self.end_day
            return days.astype("datetime64[D]").astype("datetime64[s]")
        if name in {"year", "month"}:
            unit = "Y" if name == "year" else "M"
            return self.start_day.astype("datetime64[D]").astype(f"datetime64[{unit}]").astype(str)
        if name in self.source.columns:
            column = self.source[name]
            return column.array if self.row is None else column.array.take(self.row)
        if name in {"facility", "organization_id", "park_id", "building_id", "data_source", "data_quality", "id"}:
            return np.full(len(self), None, dtype=object)
        known = [*_BASIS_COLUMNS, "year", "month", *map(str, self.source.columns)]
        raise InputError("the inventory has no such column", "by", name, f"Known: {', '.join(dict.fromkeys(known))}.")

    def to_frame(self) -> pd.DataFrame:
        """Return one row a line.

        Returns
        -------
        DataFrame
            `row, scope, category, energy_type, region, period_start, period_end, consumption, unit,
            factor_id, emissions_co2e` (location-based), `emissions_co2e_market, biogenic_co2_t,
            calculation_method, facility`, then the further columns of the input.
        """
        columns: dict[str, Any] = {"row": self.line_rows()}
        for name in ("scope", "category", "energy_type", "region", "period_start", "period_end"):
            columns[name] = self.column(name)
        columns |= {"consumption": self.consumption, "unit": self.column("unit")}
        columns |= {"factor_id": self.column("factor_id"), "emissions_co2e": self.emissions_t}
        columns["emissions_co2e_market"] = self.market_emissions_t
        columns["biogenic_co2_t"] = self._per_basis("biogenic_t")[self.basis_index] * self.amount
        columns["calculation_method"] = self.column("calculation_method")
        columns["facility"] = self.column("facility")
        taken = {*columns, "parameters", "factor", "purity", "uncertainty_pct"}
        columns |= {str(name): self.column(name) for name in self.source.columns if name not in taken}
        return pd.DataFrame(columns)

    def by(self, *keys: str) -> pd.DataFrame:
        """Return emissions summed by any columns of the lines: ``inv.by("scope", "facility")``.

        Returns
        -------
        DataFrame
            The keys, then `emissions_co2e` (location-based), `emissions_co2e_market, biogenic_co2_t, lines`.
        """
        codes: npt.NDArray[np.integer] = np.zeros(len(self), dtype=np.int64)
        groups = pd.DataFrame(index=range(1 if len(self) else 0))
        if keys:
            frame = pd.DataFrame({name: self.column(name) for name in keys})
            codes = frame.groupby(list(keys), sort=True, observed=True, dropna=False).ngroup().to_numpy()
            first = np.unique(codes, return_index=True)[1]
            groups = frame.iloc[first].reset_index(drop=True)
        size = len(groups)
        biogenic = self._per_basis("biogenic_t")[self.basis_index] * self.amount
        sums = {
            name: exact_group_sum(column, codes, size)
            for name, column in (
                ("emissions_co2e", self.emissions_t),
                ("emissions_co2e_market", self.market_emissions_t),
                ("biogenic_co2_t", biogenic),
            )
        }
        return groups.assign(**sums, lines=np.bincount(codes, minlength=size))

    def results(self, method: str = "location_based") -> list[EmissionResult]:
        """Return each input row in the specification's fields, by one scope 2 method."""
        order: dict[int, list[int]] = {}
        for line, row in enumerate(self.line_rows().tolist()):
            order.setdefault(row, []).append(line)
        column = self.market_emissions_t if method == "market_based" else self.emissions_t
        return [self._result(row, order[row], column, method) for row in sorted(order)]

    def _result(self, row: int, lines: list[int], column: FloatArray, method: str) -> EmissionResult:
        source = self.source.iloc[row]
        days = (int(self.start_day[lines].min()), int(self.end_day[lines].max()))
        return emission_result(
            [self.bases[int(self.basis_index[line])] for line in lines],
            self.amount[lines].tolist(),
            float(self.consumption[lines].sum()),
            float(column[lines].sum()),
            method=method,
            data_quality=float(source.get("data_quality", 1.0)),
            facts={
                "period_start": str(np.datetime64(days[0], "D")),
                "period_end": str(np.datetime64(days[1], "D")),
                "data_source": source.get("data_source", "manual"),
                "gwp": self.settings.get("gwp"),
            },
        )

    def trace(self, row: int) -> Trace:
        """Return where the emissions of input row `row` come from.

        Raises
        ------
        InputError
            If the row is not in the inventory (refused, or never given).
        """
        lines = [row] if self.row is None else np.flatnonzero(self.row == row).tolist()
        if not lines or not 0 <= lines[0] < len(self):
            raise InputError("this row is not in the inventory", "row", row, "See inventory.rejected for refused rows.")
        traces = [self.bases[int(self.basis_index[line])].trace() for line in lines]
        return traces[0] if len(traces) == 1 else replace(traces[0], parts=tuple(traces))

    def diff(self, other: Inventory) -> pd.DataFrame:
        """Return the rows whose emissions differ in `other`, and the factor that moved them.

        Parameters
        ----------
        other : Inventory
            The later calculation of the same activity rows.

        Returns
        -------
        DataFrame
            `row, energy_type, factor_before, factor_after, before_t, after_t, change_t, document`,
            the largest change first; only rows that moved or stand in one inventory alone.
        """
        before, after = self._by_row(), other._by_row()
        both = before.add_suffix("_before").join(after.add_suffix("_after"), how="outer")
        both = both.rename(columns={"t_before": "before_t", "t_after": "after_t"})
        for name in ("energy_type", "document"):
            both[name] = both[f"{name}_after"].combine_first(both[f"{name}_before"])
        both["change_t"] = both["after_t"].fillna(0.0) - both["before_t"].fillna(0.0)
        moved = both[(both["change_t"] != 0) | both["before_t"].isna() | both["after_t"].isna()]
        order = moved["change_t"].abs().sort_values(ascending=False, kind="stable").index
        names = ["energy_type", "factor_before", "factor_after", "before_t", "after_t", "change_t", "document"]
        return moved.loc[order, names].reset_index(names="row")

    def _by_row(self) -> pd.DataFrame:
        frame = pd.DataFrame({"row": self.line_rows(), "t": self.emissions_t, "basis": self.basis_index})
        names = np.array([basis.factor_id for basis in self.bases], dtype=object)
        kinds = np.array([basis.energy_type for basis in self.bases], dtype=object)
        documents = np.array([basis.document for basis in self.bases], dtype=object)
        if self.row is None or not frame["row"].duplicated().any():
            rows, index, tonnes = self.line_rows(), self.basis_index, self.emissions_t
            factor = names[index]
        else:
            groups = frame.groupby("row", sort=True)
            rows, index = groups["basis"].first().index.to_numpy(), groups["basis"].first().to_numpy()
            tonnes = groups["t"].sum().to_numpy()
            factor = groups["basis"].agg(lambda b: " + ".join(dict.fromkeys(names[b]))).to_numpy()
        return pd.DataFrame(
            {"energy_type": kinds[index], "factor": factor, "t": tonnes, "document": documents[index]},
            index=pd.Index(rows, name="row"),
        )

    # ---- views --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return totals, gases, settings and refused rows as plain JSON."""
        return {
            "scope1_t": self.scope1_t,
            "scope2_location_t": self.scope2_location_t,
            "scope2_market_t": self.scope2_market_t,
            "scope3_t": self.scope3_t,
            "total_location_t": float(self.total_t("location_based")),
            "total_market_t": float(self.total_t("market_based")),
            "biogenic_co2_t": self.biogenic_co2_t,
            "gases_t": self.gases_t,
            "gases_co2e_t": self.gases_co2e_t,
            "lines": len(self),
            "rejected": self.rejected.astype(object).where(self.rejected.notna(), None).to_dict("records"),
            "settings": dict(self.settings),
            "assumptions": sorted({note for basis in self.bases for note in basis.assumptions}),
        }

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def plot(self, by: str = "scope", axes: Any = None, *, language: str = "zh") -> Any:
        """Draw the scopes, or the groups of ``"source"``, ``"facility"``, ``"month"`` …; needs the report extra."""
        from importlib import import_module  # the picture belongs to the engine, found by name

        return import_module("carbonost.engines.carbon.plot").draw(self, by, axes, language=language)

    def _repr_html_(self) -> str:
        rows = [
            ("Scope 1", self.scope1_t),
            ("Scope 2, location-based", self.scope2_location_t),
            ("Scope 2, market-based", self.scope2_market_t),
            ("Scope 3", self.scope3_t),
            ("Biogenic CO₂, outside the scopes", self.biogenic_co2_t),
        ]
        body = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{display(t, None)}</td></tr>" for name, t in rows
        )
        told = {name: str(value)[:12] if name == "factors" else value for name, value in self.settings.items()}
        said = ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)
        refused = f"; {len(self.rejected)} rows refused" if len(self.rejected) else ""
        return (
            f"<table><caption>{len(self)} lines{refused}; {html.escape(said)}</caption>"
            f"<tr><th></th><th>tCO₂e</th></tr>{body}</table>"
        )
