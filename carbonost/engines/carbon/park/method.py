r"""The national zero-carbon-park method: formulas and the figures it pins.

A park applies, is assessed and is accepted by this method. It counts CO2 only; directly supplied
non-fossil power and green-traded renewable power count 0, all other power counts at the fossil
factor the method prints; processes count by product output; energy is in tonnes of coal equivalent
with electricity at equivalent value (等价值).

.. math:: E = E_{fuel} + E_{transformation} + E_{power} + E_{heat} + E_{process}

Pure functions over columns. Every figure of the method is a row of the packaged table
``method_parameters``. A NaN anywhere makes the result a gap, never a value.

References
----------
.. [1] 发改环资〔2025〕910号 附件3 国家级零碳园区建设指标体系（试行）, 附件4 零碳园区碳排放核算方法（试行）.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.carbon.answers import quantity
from carbonost.errors import InputError
from carbonost.factors.tables import read

if TYPE_CHECKING:
    import numpy.typing as npt

METHOD: Final = "cn_zero_carbon_park_2025"
FUEL_USES: Final = (
    "final",
    "thermal_power",
    "heat_supply",
    "transformation_input",
    "transformation_output",
    "feedstock",
    "international_transport",
)
"""What a fuel may be used for; feedstock is energy but not burned."""
FLOWS: Final = ("import", "export", "nonfossil_import", "nonfossil_export")
"""How heat crosses the park's border; power knows import and export, its kind comes from contracts."""


@dataclass(frozen=True)
class Tier:
    """A limit of the core indicator: for parks from `from_tce`, below `to_tce` (None: open)."""

    from_tce: float
    to_tce: float | None
    max_t_per_tce: float


@dataclass(frozen=True)
class ParkMethod:
    """The figures the method pins for itself.

    Attributes
    ----------
    power_kg_per_kwh : float [kgCO2/kWh]
        All power that is neither direct nor green.
    heat_t_per_gj : float [tCO2/GJ]
        Fossil heat nobody measured.
    transformation_oxidation : float [-]
    direct_share_min : float [-]
    tiers : tuple of Tier
        Limits of the core indicator, by annual energy.
    guide : dict of str to float
        Targets of the five guide indicators.
    documents : dict of str to str
        Where each parameter stands.
    """

    power_kg_per_kwh: float
    heat_t_per_gj: float
    transformation_oxidation: float
    direct_share_min: float
    tiers: tuple[Tier, ...]
    guide: dict[str, float]
    documents: dict[str, str]

    @classmethod
    @lru_cache(maxsize=1)
    def packaged(cls) -> ParkMethod:
        """Read the method's rows of ``method_parameters``."""
        frame = read("method_parameters")
        rows = frame[frame["method"] == METHOD]
        value = dict(zip(rows["parameter"], rows["value"].astype(float), strict=True))
        core = rows[rows["parameter"] == "core_intensity_max_t_per_tce"].sort_values("from_tce")
        tiers = tuple(
            Tier(float(low), None if np.isnan(high) else float(high), float(limit))
            for low, high, limit in zip(core["from_tce"], core["to_tce"], core["value"], strict=True)
        )
        guide = ("clean_energy_share_min", "product_energy_grade_max", "solid_waste_use_share_min",
                 "waste_heat_use_share_min", "water_reuse_share_min")  # fmt: skip
        return cls(
            power_kg_per_kwh=value["power_fossil_kgco2_per_kwh"],
            heat_t_per_gj=value["heat_fossil_tco2_per_gj"],
            transformation_oxidation=value["transformation_oxidation_factor"],
            direct_share_min=value["direct_supply_share_min"],
            tiers=tiers,
            guide={name.rpartition("_")[0]: value[name] for name in guide},
            documents=dict(zip(rows["parameter"], rows["document"], strict=True)),
        )

    def target(self, energy_tce: float) -> float | None:
        """Limit of the core indicator [t/tce]; None below the smallest park the table knows, or at a gap."""
        for tier in self.tiers:
            if energy_tce >= tier.from_tce and (tier.to_tce is None or energy_tce < tier.to_tce):
                return tier.max_t_per_tce
        return None


@dataclass(frozen=True)
class ParkBalance:
    """What the method adds up, each term by itself; NaN is a gap.

    Attributes
    ----------
    fuel_t, transformation_t, process_t : float [tCO2]
    direct_kwh, green_kwh, rest_kwh : float [kWh]
        Power received by kind; they sum to all power received.
    export_kwh : float [kWh]
        Power sent out that counts at the fossil factor.
    heat_t : float [tCO2]
        Received less sent out.
    fossil_heat_gj : float [GJ]
        Fossil heat received: what non-fossil heat could replace.
    energy_tce : float [tce]
        Annual energy, electricity at equivalent value.
    power_tce_per_kwh : float [tce/kWh]
        The equivalent value used.
    """

    fuel_t: float
    transformation_t: float
    process_t: float
    direct_kwh: float
    green_kwh: float
    rest_kwh: float
    export_kwh: float
    heat_t: float
    fossil_heat_gj: float
    energy_tce: float
    power_tce_per_kwh: float

    def power_t(self, method: ParkMethod) -> float:
        """Power received less power sent out [tCO2]."""
        return (self.rest_kwh - self.export_kwh) * method.power_kg_per_kwh / 1000

    def emissions_t(self, method: ParkMethod) -> float:
        """All terms together [tCO2]."""
        return self.fuel_t + self.transformation_t + self.power_t(method) + self.heat_t + self.process_t

    def intensity_t_per_tce(self, method: ParkMethod) -> float:
        """The core indicator: CO2 per unit of energy; NaN if anything it rests on is a gap."""
        return self.emissions_t(method) / self.energy_tce if self.energy_tce > 0 else float("nan")

    def direct_share(self) -> float:
        """Directly supplied power over all power received [-]."""
        whole = self.direct_kwh + self.green_kwh + self.rest_kwh
        return self.direct_kwh / whole if whole > 0 else float("nan")


def products_t(amount: npt.ArrayLike, factor_t_per_unit: npt.ArrayLike) -> float:
    """Sum of amounts times factors: fuel by variety and use, or products by output [tCO2].

    Parameters
    ----------
    amount : (n,) array
        Consumption or output of the year; NaN is a gap.
    factor_t_per_unit : (n,) array [tCO2 per unit of `amount`]
    """
    columns = quantity(amount, "amount", gaps=True), quantity(factor_t_per_unit, "factor_t_per_unit", gaps=True)
    return float((columns[0] * columns[1]).sum())


def carbon_lost_t(input_t: npt.ArrayLike, output_t: npt.ArrayLike) -> float:
    """Carbon lost in refining, coal-to-oil and gas making [tCO2].

    Parameters
    ----------
    input_t, output_t : (n,) array [tCO2]
        Carbon of the fuels that go in and of those that come out, as CO2 at an oxidation of 100 %.

    Raises
    ------
    InputError
        More carbon comes out than goes in.
    """
    went_in = float(quantity(input_t, "transformation_input", gaps=True).sum())
    came_out = float(quantity(output_t, "transformation_output", gaps=True).sum())
    if came_out > went_in * (1 + 1e-9):
        raise InputError(
            f"the transformation gives {came_out:.6g} t as CO2 and takes {went_in:.6g} t",
            "transformation_output",
            came_out,
            "Check amounts, units and factors: carbon does not appear.",
        )
    return went_in - came_out


def heat_t(gj: npt.ArrayLike, factor_t_per_gj: npt.ArrayLike, sent_out: npt.ArrayLike) -> float:
    """Heat received less heat sent out, each at its own factor [tCO2].

    Parameters
    ----------
    gj : (n,) array [GJ]
    factor_t_per_gj : (n,) array [tCO2/GJ]
        Measured, or the method's default for fossil heat; 0 for non-fossil heat.
    sent_out : (n,) array of bool
    """
    amount, factor = quantity(gj, "gj", gaps=True), quantity(factor_t_per_gj, "factor_t_per_gj", gaps=True)
    sign = np.where(np.asarray(sent_out, dtype=bool), -1.0, 1.0)
    return float((sign * amount * factor).sum())
