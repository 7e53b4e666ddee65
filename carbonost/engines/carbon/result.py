"""The inventory a calculator returns: the columns of the domain, and the methods that need formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem
from carbonost.domain.inventory import Inventory
from carbonost.engines.carbon.electricity import allocate_contracts, market_based_t
from carbonost.engines.carbon.uncertainty import assess, propagate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.domain.activity import Contract
    from carbonost.domain.series import FloatArray
    from carbonost.engines.carbon.uncertainty import Uncertainty

_SCOPE_2: Final = 2


@dataclass(frozen=True, eq=False, repr=False)
class CarbonInventory(Inventory):
    """An `Inventory` that can assess its own uncertainty."""

    def with_contracts(self, contracts: Sequence[Contract]) -> CarbonInventory:
        """Return the inventory with the market-based column its contracts give.

        Raises
        ------
        OverclaimError
            If a contract claims more than the consumption it may serve.
        """
        kwh_per = np.array([b.kwh if b.scope == _SCOPE_2 and b.kwh else 0.0 for b in self.bases])
        rest = [(b.co2e_t if b.market_co2e_t is None else b.market_co2e_t) for b in self.bases]
        rest_kg_per_kwh = np.divide(rest, kwh_per, out=np.zeros(len(rest)), where=kwh_per > 0) * 1000
        at = np.flatnonzero(kwh_per[self.basis_index] > 0)
        index = self.basis_index[at]
        kwh = self.amount[at] * kwh_per[index]
        facility = np.asarray(self.column("facility"), dtype=object)[at]
        use = allocate_contracts(kwh, self.start_day[at], self.end_day[at], contracts, facility)
        market = self.emissions_t.copy()
        market[at] = market_based_t(kwh, use, rest_kg_per_kwh[index])
        claimed = [{**claim.model_dump(mode="json"), "served_kwh": served} for claim, served in use.by_contract]
        return replace(self, market_t=market, settings={**self.settings, "contracts": claimed})

    def activity_pct(self) -> FloatArray:
        """Return the uncertainty of each line's amount [%], NaN where none is stated."""
        if "uncertainty_pct" not in self.source.columns:
            return np.full(len(self), np.nan)
        column = self.source["uncertainty_pct"].to_numpy(dtype=np.float64, na_value=np.nan)
        return np.asarray(column if self.row is None else column[self.row], dtype=np.float64)

    def _factor_pct_of_bases(self) -> FloatArray:
        """Return the uncertainty of each basis' factor [%], NaN where none is stated."""
        stated = [np.nan if basis.uncertainty_pct is None else basis.uncertainty_pct for basis in self.bases]
        return np.array(stated, dtype=np.float64)

    def uncertainty(
        self,
        method: Literal["propagation", "monte_carlo"] = "propagation",
        *,
        draws: int = 10_000,
        seed: int | None = 0,
        **options: Any,
    ) -> Uncertainty:
        """Return the uncertainty of the location-based total; rows that share a factor share its error.

        Parameters
        ----------
        method : {"propagation", "monte_carlo"}
        draws, seed : int
            Of the Monte Carlo; the same seed gives the same result.
        **options
            As `carbonost.engines.carbon.uncertainty.assess`, such as ``factor_distribution``.
        """
        if method == "propagation":  # a basis has one factor, scope and category: its lines are summed first
            index, tonnes, activity = self._by_basis()
        else:
            index, tonnes, activity = self.basis_index, self.emissions_t, self.activity_pct()
        return assess(
            tonnes,
            activity,
            self._factor_pct_of_bases()[index],
            self.per_basis("factor_id", index),
            scope=self.per_basis("scope", index),
            category=self.per_basis("category", index),
            method=method,
            draws=draws,
            seed=seed,
            **options,
        )

    def _by_basis(self) -> tuple[npt.NDArray[np.integer], FloatArray, FloatArray]:
        """Return basis, emissions and activity uncertainty [%] of the lines summed by basis.

        Lines that state an uncertainty are summed apart from those that do not; independent errors
        add in quadrature, so the sum carries the same variance as its lines.
        """
        size, nobody = len(self.bases), np.full(1, np.nan)
        if "uncertainty_pct" not in self.source.columns:
            parts = propagate(self.emissions_t, nobody, nobody, self.basis_index, factors=size)
            return np.arange(size), parts.emissions_t[0], np.full(size, np.nan)
        activity = self.activity_pct()
        told = ~np.isnan(activity)
        if told.all():
            parts = propagate(self.emissions_t, activity, nobody, self.basis_index, factors=size)
        else:
            parts = propagate(self.emissions_t, activity, nobody, self.basis_index, told, groups=2, factors=size)
        tonnes, spread = parts.emissions_t.T.ravel(), np.sqrt(parts.activity_t2).T.ravel() * 100
        pct = np.divide(spread, np.abs(tonnes), out=np.zeros(len(tonnes)), where=tonnes != 0)
        if told.all():
            return np.arange(size), tonnes, pct
        pct[::2] = np.nan
        there = (tonnes != 0) | (spread != 0)
        there[::2] |= ~there.reshape(size, 2).any(axis=1)  # a basis whose lines are all zero stays
        return np.flatnonzero(there) // 2, tonnes[there], pct[there]

    def to_envelope(self) -> dict[str, Any]:
        """Return what an envelope of the pipeline holds about this inventory, as plain JSON.

        Returns
        -------
        dict
            ``metrics`` (value and unit each), ``assumptions``, ``evidence`` (one per document used),
            ``data_gaps`` (one per refused row) and ``reproducibility``.
        """
        tonnes = {
            "S1_tco2e_y": self.scope1_t,
            "S2_tco2e_y": self.scope2_location_t,
            "S2_market_tco2e_y": self.scope2_market_t,
            "S3_tco2e_y": self.scope3_t,
            "total_tco2e_y": float(self.total_t("location_based")),
        }
        documents = {basis.document: basis for basis in self.bases if basis.document}
        gaps = [
            DataGap(missing=f"row {refused.row}: {refused.field}", impact=str(refused.message), severity="high")
            for refused in self.rejected.itertuples()
        ]
        notes = [
            AssumptionItem(name=basis.energy_type, value=note, rationale=basis.document)
            for basis in self.bases
            for note in basis.assumptions
        ]
        evidence = [
            EvidenceItem(type="doc", id=name, version=basis.vintage, note=basis.locator)
            for name, basis in sorted(documents.items())
        ]
        return {
            "metrics": {name: {"value": value, "unit": "tCO2e"} for name, value in tonnes.items()},
            "assumptions": [note.model_dump(mode="json") for note in dict.fromkeys(notes)],
            "evidence": [item.model_dump(mode="json") for item in evidence],
            "data_gaps": [gap.model_dump(mode="json") for gap in gaps],
            "reproducibility": {"param_version": self.settings.get("factors"), "settings": dict(self.settings)},
        }
