"""What a kilowatt-hour, a kilowatt and a kilovolt-ampere cost a park.

A `Tariff` holds the energy price over local time and the fixed part of the two-part charge (两部制电价).
`Tariff.from_region` reads published rules and `Tariff.bill` prices a load; both live in the energy
engine and are found by name, because a noun knows no engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from carbonost.domain.arguments import one_of
from carbonost.domain.arguments import options as check_options
from carbonost.domain.bands import band_table
from carbonost.domain.charges import ContractRule, DemandDiscount, PowerFactorRule
from carbonost.domain.prices import DAY_KINDS, SLOTS, PriceSeries, PriceTable, read_prices
from carbonost.domain.tariff_checks import (
    CHARGES,
    amount,
    check_charge,
    dates,
    instants,
    length,
    read_fields,
    texts,
)
from carbonost.domain.tariff_table import band_frame, read_tariff, tariff_dict
from carbonost.errors import TariffError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from carbonost.domain.ledger import Ledger
    from carbonost.domain.prices import BandPrices, Prices
    from carbonost.domain.series import FloatArray

Charge = Literal["energy_only", "demand", "contract", "capacity"]
_ENGINE: Final = "carbonost.engines.energy"
_FROM_REGION: Final = (f"{_ENGINE}.region", "tariff_from_region")
_SHOWN: Final = 200  # rows of a table in a notebook
_PLOT: Final = (f"{_ENGINE}.tariff_plot", "draw_tariff")
_STATEMENT: Final = (f"{_ENGINE}.statement", "statement")
_BILL: Final = (f"{_ENGINE}.bill", "bill")
_CONTRACT: Final = (f"{_ENGINE}.rules", "with_contract_rule")


class TouBand(StrEnum):
    """The time-of-use bands (尖 / 峰 / 平 / 谷 / 深谷), dearest first."""

    CRITICAL = "sharp"
    PEAK = "peak"
    FLAT = "flat"
    VALLEY = "valley"
    DEEP_VALLEY = "deep_valley"


@dataclass(frozen=True, kw_only=True, repr=False)
class Tariff:
    """Energy price over local time, the fixed charge, and where both come from.

    Attributes
    ----------
    energy : PriceTable or PriceSeries
        Energy price [CNY/kWh].
    export : PriceTable, PriceSeries or None
        Price paid for exported energy [CNY/kWh]; None pays nothing.
    charge : {"energy_only", "demand", "contract", "capacity"}
        How the fixed part is billed: not at all, by the month's highest mean power, by the contracted
        demand (合同最大需量), or by transformer capacity.
    contract_rule : ContractRule or None
        How a contract is billed. The makers take the packaged rule where none is given, and say so in
        `status`, `gaps` and `sources`.
    demand_window_min : int
        Length of the interval whose mean power is the demand [min]: that of the site's demand meter.
    valid_from, valid_to : date or None
        First and last local day that may be billed; a load of other days is refused.
    rule_from, rule_to : date or None
        First and last day on which the published rule was in force; a load of other days is billed, with a note.
    tax : {"included", "excluded"}
        Whether prices contain value-added tax.
    status : str
        "user" for prices the caller gave, otherwise the weakest status of the rows used.
    gaps, sources : tuple of str
        What the published data left open, and the documents read.
    """

    energy: PriceTable | PriceSeries
    export: PriceTable | PriceSeries | None = None
    charge: Charge = "energy_only"
    demand_cny_per_kw_month: float = 0.0
    capacity_cny_per_kva_month: float = 0.0
    transformer_kva: float | None = None
    contract_kw: float | None = None
    contract_rule: ContractRule | None = None
    demand_discount: DemandDiscount | None = None
    power_factor: PowerFactorRule | None = None
    demand_window_min: int = 15
    zone: str = "Asia/Shanghai"
    valid_from: date | None = None
    valid_to: date | None = None
    rule_from: date | None = None
    rule_to: date | None = None
    tax: str = "included"
    region: str | None = None
    voltage: str | None = None
    status: str = "user"
    gaps: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    holidays: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        read_fields(self)
        check_charge(self)

    @classmethod
    def from_prices(
        cls,
        energy_cny_per_kwh: Prices,
        *,
        demand_cny_per_kw_month: float = 0.0,
        capacity_cny_per_kva_month: float = 0.0,
        transformer_kva: float | None = None,
        contract_kw: float | None = None,
        export_cny_per_kwh: Prices | None = None,
        charge: Charge | None = None,
        zone: str = "Asia/Shanghai",
        **options: Any,
    ) -> Tariff:
        """Tariff from prices the caller knows.

        Parameters
        ----------
        energy_cny_per_kwh : float, {hour: price}, sequence of 24 or 96, or Series on aware stamps [CNY/kWh]
            A mapping gives all 24 hours of local time; a Series is a contract or market price.
        charge : str, optional
            Inferred from the prices given when omitted.
        **options
            Further fields of `Tariff`, such as `tax`, `power_factor` or `demand_discount`.

        Raises
        ------
        TariffError
            If hours are missing, a price is not a number, or the charge lacks what it is billed on.
        """
        return cls(
            energy=read_prices(energy_cny_per_kwh, "energy_cny_per_kwh"),
            export=None if export_cny_per_kwh is None else read_prices(export_cny_per_kwh, "export_cny_per_kwh"),
            transformer_kva=transformer_kva,
            zone=zone,
            **_charged(charge, demand_cny_per_kw_month, capacity_cny_per_kva_month, contract_kw, options),
        )

    @classmethod
    def from_bands(
        cls,
        bands: Iterable[Mapping[str, Any]],
        prices: BandPrices,
        *,
        demand_cny_per_kw_month: float = 0.0,
        capacity_cny_per_kva_month: float = 0.0,
        transformer_kva: float | None = None,
        contract_kw: float | None = None,
        export_cny_per_kwh: Prices | None = None,
        charge: Charge | None = None,
        zone: str = "Asia/Shanghai",
        holidays: Sequence[date] = (),
        **options: Any,
    ) -> Tariff:
        """Tariff from time-of-use bands.

        Parameters
        ----------
        bands : iterable of {"band", "start": "08:00", "end": "24:00", "months"=None, "days"=None}
            Rows without `days`, or with weekdays (0 is Monday, or "workday", "weekend"), cover each day of
            each month exactly once. Rows for "holiday" or for listed dates lie over those days.
        prices : {band: CNY/kWh} or {month: {band: CNY/kWh}}
        holidays : sequence of date
            The days on which "holiday" rows apply, of each year that is billed; the keys of
            ``holidays.CN(years=2026)`` of the holidays package will do.

        Raises
        ------
        TariffError
            If hours are missing or overlap, or a band has no price.
        """
        return cls(
            energy=band_table(bands, prices),
            export=None if export_cny_per_kwh is None else read_prices(export_cny_per_kwh, "export_cny_per_kwh"),
            transformer_kva=transformer_kva,
            zone=zone,
            holidays=dates(holidays, "holidays"),
            **_charged(charge, demand_cny_per_kw_month, capacity_cny_per_kva_month, contract_kw, options),
        )

    @classmethod
    def from_region(
        cls,
        region: str,
        voltage: str = "1-10kV",
        *,
        charge: Charge | None = None,
        on: date | str | None = None,
        flat_cny_per_kwh: float | None = None,
        floating_cny_per_kwh: float | None = None,
        not_floating_cny_per_kwh: float | None = None,
        **options: Any,
    ) -> Tariff:
        """Tariff by a region's published time-of-use rule and the month's price.

        The hours and the floating ratios are data, with their `status` and `gaps`; the price of the month
        comes from the caller. See `carbonost.engines.energy.region.tariff_from_region`.
        """
        build = getattr(import_module(_FROM_REGION[0]), _FROM_REGION[1])
        tariff: Tariff = build(
            region,
            voltage=voltage,
            charge=charge,
            on=on,
            flat_cny_per_kwh=flat_cny_per_kwh,
            floating_cny_per_kwh=floating_cny_per_kwh,
            not_floating_cny_per_kwh=not_floating_cny_per_kwh,
            **options,
        )
        return tariff

    def bill(self, load: Any, **options: Any) -> Ledger:
        """Bill of a load, exact and itemised by month and term; see `carbonost.engines.energy.bill.bill`."""
        ledger: Ledger = getattr(import_module(_BILL[0]), _BILL[1])(self, load, **options)
        return ledger

    def statement(self, load: Any, language: str = "zh", **options: Any) -> pd.DataFrame:
        """The bill as the grid company prints it; see `carbonost.engines.energy.statement.statement`."""
        frame: pd.DataFrame = getattr(import_module(_STATEMENT[0]), _STATEMENT[1])(self, load, language, **options)
        return frame

    def to_frame(self) -> pd.DataFrame:
        """The energy price as a table: `months, days, band, start, end, cny_per_kwh`.

        Days are "all", "workday", "weekend", "holiday", numbers from 1 (Monday), or a date; a price series gives
        `start, cny_per_kwh`.
        """
        return band_frame(self.energy)

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain JSON, from which `from_dict` builds an equal tariff."""
        return tariff_dict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Tariff:
        """Build the tariff that `to_dict` wrote."""
        return read_tariff(cls, given)

    def plot(self, axes: Any = None, language: str = "zh", days: str = "workday") -> Any:
        """Draw the bands over months and hours, in Chinese or English ("en"); needs the report extra.

        `days` is "workday", "weekend" or "holiday".
        """
        return getattr(import_module(_PLOT[0]), _PLOT[1])(self, axes, language, days)

    def __repr__(self) -> str:
        where = [text for text in (self.region, self.voltage) if text]
        fixed = [f"{value:g} CNY/{unit}·month" for value, unit in self._fixed() if value]
        told = [*where, *self.energy.summary(), f"charge={self.charge!r}", *fixed, f"status={self.status!r}"]
        return f"Tariff({', '.join(told)}{f', {len(self.gaps)} gaps' if self.gaps else ''})"

    def _repr_html_(self) -> str:
        shown = self.to_frame().head(_SHOWN).to_html(index=False)
        return f"<p>{escape(repr(self))}</p>{shown}" + "".join(f"<p>{escape(gap)}</p>" for gap in self.gaps)

    def _fixed(self) -> tuple[tuple[float, str], ...]:
        """Prices of the fixed part that is billed, with what they are for."""
        demand = self.demand_cny_per_kw_month if self.charge in ("demand", "contract") else 0.0
        return (demand, "kW"), (self.capacity_cny_per_kva_month if self.charge == "capacity" else 0.0, "kVA")

    def prices(self, starts: pd.DatetimeIndex, hours: float) -> FloatArray:
        """Energy price [CNY/kWh] of intervals of `hours` that begin at the aware instants `starts`."""
        return self._at(self.energy, starts, hours)

    def export_prices(self, starts: pd.DatetimeIndex, hours: float) -> FloatArray:
        """Price paid for export [CNY/kWh] in the same intervals; zeros without an export price."""
        if self.export is None:
            return np.zeros(len(starts))
        return self._at(self.export, starts, hours)

    def bands(self, starts: pd.DatetimeIndex) -> list[str]:
        """Name of the time-of-use band at each instant; empty strings where the price has no bands."""
        local = instants(starts).tz_convert(self.zone)
        table = self.energy
        if isinstance(table, PriceSeries) or table.names is None:
            return [""] * len(starts)
        return [str(name) for name in table.names_at(local, self.holidays)]

    def _at(self, price: PriceTable | PriceSeries, starts: pd.DatetimeIndex, hours: float) -> FloatArray:
        local = instants(starts).tz_convert(self.zone)
        hours = length(hours)
        self._check_validity(local)
        if isinstance(price, PriceSeries):
            return price.at(starts, hours)
        return price.at(local, hours, self.holidays)

    def _check_validity(self, local: pd.DatetimeIndex) -> None:
        if not len(local) or (self.valid_from is None and self.valid_to is None):
            return
        first, last = local[0].date(), local[-1].date()
        early = self.valid_from is not None and first < self.valid_from
        if early or (self.valid_to is not None and last > self.valid_to):
            raise TariffError(
                f"the tariff holds from {self.valid_from} to {self.valid_to}",
                field="load",
                value=str(first if early else last),
                remedy="Bill each period with the tariff that was in force.",
            )


def infer_charge(demand: float, capacity: float, contract_kw: float | None) -> Charge:
    """The charge whose price is given."""
    if contract_kw is not None:
        return "contract"
    if demand and capacity:
        raise TariffError(
            "both a demand and a capacity price are given",
            field="charge",
            remedy="Say charge='demand' or charge='capacity'.",
        )
    if demand:
        return "demand"
    return "capacity" if capacity else "energy_only"


def _unbilled(charge: Charge, demand: float, capacity: float, *, discounted: bool) -> list[str]:
    """What a charge needs and was not given, and what was given and it does not bill."""
    price = {"demand": demand, "contract": demand, "capacity": capacity}.get(charge, 1.0)
    out = [] if price else [f"the price of charge={charge!r} is not given: the fixed charge is not billed"]
    if demand and charge in ("energy_only", "capacity"):
        out.append(f"demand_cny_per_kw_month is given, and charge={charge!r} does not bill it")
    if capacity and charge != "capacity":
        out.append(f"capacity_cny_per_kva_month is given, and charge={charge!r} does not bill it")
    if discounted and charge == "contract":
        out.append("the demand discount is not applied to a contract")
    return out


def _charged(
    charge: Charge | None, demand: float | None, capacity: float | None, contract_kw: float | None,
    options: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The fixed part's fields: the charge inferred, a contract's packaged rule, and a gap where no price is given."""
    check_options(Tariff, options, TariffError)
    demand = 0.0 if demand is None else amount(demand, "demand_cny_per_kw_month")
    capacity = 0.0 if capacity is None else amount(capacity, "capacity_cny_per_kva_month")
    if charge is not None:
        one_of(charge, CHARGES, "charge", TariffError)
    billed = infer_charge(demand, capacity, contract_kw) if charge is None else charge
    given = {"charge": billed, "demand_cny_per_kw_month": demand, "capacity_cny_per_kva_month": capacity}
    doubts = _unbilled(billed, demand, capacity, discounted=options.get("demand_discount") is not None)
    if doubts:
        options = {**options, "gaps": tuple(dict.fromkeys((*texts(options.get("gaps", ()), "gaps"), *doubts)))}
    if billed == "contract":
        options = getattr(import_module(_CONTRACT[0]), _CONTRACT[1])(options)
    return {**given, "contract_kw": contract_kw, **options}


__all__ = ["DAY_KINDS", "SLOTS", "Charge", "ContractRule", "DemandDiscount", "PowerFactorRule", "Tariff", "TouBand"]
