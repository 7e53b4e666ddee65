"""The inventory a calculator returns: the columns of the domain, and the methods that need formulas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from carbonost.domain.evidence import AssumptionItem, DataGap, EvidenceItem
from carbonost.domain.inventory import Inventory
from carbonost.engines.carbon.electricity import allocate_contracts, market_based_t
from carbonost.engines.carbon.uncertainty import assess

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    def factor_pct(self) -> FloatArray:
        """Return the uncertainty of each line's factor [%], NaN where none is stated."""
        stated = [np.nan if basis.uncertainty_pct is None else basis.uncertainty_pct for basis in self.bases]
        return np.asarray(np.array(stated, dtype=np.float64)[self.basis_index], dtype=np.float64)

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
        return assess(
            self.emissions_t,
            self.activity_pct(),
            self.factor_pct(),
            self.column("factor_id"),
            scope=self.column("scope"),
            category=self.column("category"),
            method=method,
            draws=draws,
            seed=seed,
            **options,
        )

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
