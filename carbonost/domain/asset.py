"""What stands behind a park's meter: batteries, generators, heat, vehicles, and the connection itself.

Powers are at the grid side, state of charge is a share of capacity. A capacity of None is for sizing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from carbonost.domain.checks import flag, instant, is_number, positive, share
from carbonost.errors import InputError, NaiveTimestampError

Profile: TypeAlias = Any  # pandas Series on aware stamps, or a sequence as long as the load
ABSOLUTE_ZERO_C: Final = -273.15
_GRADE: Final = "heat"


@dataclass(frozen=True, kw_only=True)
class Sized:
    """What a capacity to be chosen costs and how large it may be.

    Give `annual_cost_*`, or `capex_*` with `life_years`, which the discount rate turns into an annuity.
    """

    annual_cost_cny_per_kwh: float | None = None
    annual_cost_cny_per_kw: float | None = None
    capex_cny_per_kwh: float = 0.0
    capex_cny_per_kw: float = 0.0
    opex_cny_per_kwh_year: float = 0.0
    opex_cny_per_kw_year: float = 0.0
    life_years: float | None = None
    capacity_kwh_min: float = 0.0
    capacity_kwh_max: float | None = None
    capacity_kw_min: float = 0.0
    capacity_kw_max: float | None = None

    def _check_sized(self) -> None:
        positive(self, *(f.name for f in fields(Sized)), optional=True)
        for unit in ("kwh", "kw"):
            low, high = getattr(self, f"capacity_{unit}_min"), getattr(self, f"capacity_{unit}_max")
            if high is not None and high < low:
                raise InputError("is below its minimum", field=f"capacity_{unit}_max", value=high)
        if (self.capex_cny_per_kwh or self.capex_cny_per_kw) and not self.life_years:
            raise InputError(
                "a capital cost needs a life to be spread over", field="life_years", remedy="Give life_years=…."
            )


@dataclass(frozen=True)
class Battery(Sized):
    """A store of electricity.

    Attributes
    ----------
    capacity_kwh, power_kw : float or None
        Energy between empty and full; power at the grid side, both ways. None is sized.
    soc_final : "initial", float or None
        Share at the end: as at the start, the share given, or free.
    wear_cny_per_kwh : float, or a sequence of floats
        Cost per kWh discharged. A sequence, ascending, prices equal slices of the depth of a cycle: the
        first slice costs the first value.
    exclusive : bool
        Whether charging and discharging in one interval is forbidden.
    """

    capacity_kwh: float | None
    power_kw: float | None
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    soc_min: float = 0.0
    soc_max: float = 1.0
    soc_initial: float = 0.5
    soc_final: Literal["initial"] | float | None = "initial"
    wear_cny_per_kwh: float | Sequence[float] = 0.0
    exclusive: bool = True
    name: str = "battery"

    def __post_init__(self) -> None:
        positive(self, "capacity_kwh", "power_kw", optional=True)
        share(self, "charge_efficiency", "discharge_efficiency")
        share(self, "soc_min", "soc_max", least=0.0)
        flag(self, "exclusive")
        self._check_sized()
        if self.soc_min >= self.soc_max:
            raise InputError(
                "the window must satisfy 0 <= soc_min < soc_max <= 1",
                field="Battery.soc_min",
                value=(self.soc_min, self.soc_max),
            )
        for name in ("soc_initial", "soc_final"):
            value = getattr(self, name)
            if name == "soc_final" and (value is None or (isinstance(value, str) and value == "initial")):
                continue
            if not is_number(value) or not self.soc_min <= value <= self.soc_max:
                raise InputError(
                    f"must lie inside the window {self.soc_min:g} to {self.soc_max:g}",
                    field=f"Battery.{name}",
                    value=value,
                )
        wear = self.wear_cny_per_kwh
        steps: list[Any] = list(wear) if isinstance(wear, (list, tuple, np.ndarray)) else [wear]
        if not steps or not all(is_number(w) and w >= 0 for w in steps) or steps != sorted(steps):
            raise InputError(
                "must be ascending numbers that are not negative",
                field="Battery.wear_cny_per_kwh",
                value=self.wear_cny_per_kwh,
            )

    @property
    def wear_steps(self) -> tuple[float, ...]:
        """Wear cost of each slice of depth [CNY/kWh discharged]."""
        wear = self.wear_cny_per_kwh
        return (float(wear),) if isinstance(wear, (int, float, np.number)) else tuple(float(w) for w in wear)

    @property
    def final_share(self) -> float | None:
        """The share of charge at the end, or None."""
        return self.soc_initial if self.soc_final == "initial" else self.soc_final


@dataclass(frozen=True)
class PvArray(Sized):
    """Photovoltaics (or wind): power that is free and may be curtailed.

    Give `profile_kw`, or `capacity_kw` with `profile` per kW installed; `capacity_kw=None` is sized.
    """

    capacity_kw: float | None = None
    profile: Profile = None
    profile_kw: Profile = None
    name: str = "pv"

    def __post_init__(self) -> None:
        positive(self, "capacity_kw", optional=True)
        self._check_sized()
        if (self.profile is None) == (self.profile_kw is None):
            raise InputError(
                "a generator has one profile",
                field=f"{type(self).__name__}.profile",
                remedy="Give profile_kw=…, or capacity_kw=… with profile=… per kW.",
            )
        if self.profile_kw is not None and self.capacity_kw is not None:
            raise InputError("profile_kw is already in kW", field="capacity_kw", value=self.capacity_kw)


@dataclass(frozen=True)
class WindTurbine(PvArray):
    """Wind power, by the same rules as photovoltaics."""

    name: str = "wind"


@dataclass(frozen=True)
class Chp:
    """Combined heat and power from gas.

    `min_load` is a share of `power_kw`; `start_cost_cny` is paid at each start; without `heat_dump` all
    of its heat must be used. Before the first interval it was on or off (`on_initially`) for `held_initially_h`, and
    gave `power_initially_kw`; None leaves the first interval free of minimum times, or of the ramp.
    """

    power_kw: float
    electric_efficiency: float
    heat_efficiency: float
    min_load: float = 0.0
    min_up_h: float = 0.0
    min_down_h: float = 0.0
    ramp_kw_per_h: float | None = None
    start_cost_cny: float = 0.0
    heat_dump: bool = False
    on_initially: bool = False
    held_initially_h: float | None = None
    power_initially_kw: float | None = None
    grade: str = _GRADE
    name: str = "chp"

    def __post_init__(self) -> None:
        positive(self, "power_kw", "min_up_h", "min_down_h", "start_cost_cny")
        positive(self, "ramp_kw_per_h", "held_initially_h", "power_initially_kw", optional=True)
        share(self, "electric_efficiency", "heat_efficiency")
        share(self, "min_load", least=0.0)
        flag(self, "heat_dump", "on_initially")
        if self.electric_efficiency + self.heat_efficiency > 1:
            raise InputError(
                "power and heat together exceed the fuel",
                field="Chp.heat_efficiency",
                value=self.electric_efficiency + self.heat_efficiency,
            )

    @property
    def switched(self) -> bool:
        """Whether being on or off matters."""
        return bool(self.min_load or self.min_up_h or self.min_down_h or self.start_cost_cny)


@dataclass(frozen=True)
class Boiler:
    """Heat from gas or electricity; `heat_kw=None` is as large as needed."""

    efficiency: float
    heat_kw: float | None = None
    fuel: Literal["natural_gas", "electricity"] = "natural_gas"
    grade: str = _GRADE
    name: str = "boiler"

    def __post_init__(self) -> None:
        positive(self, "heat_kw", optional=True)
        share(self, "efficiency")
        if not isinstance(self.fuel, str) or self.fuel not in ("natural_gas", "electricity"):
            raise InputError("is not a fuel of a boiler", field="Boiler.fuel", value=self.fuel)


@dataclass(frozen=True)
class HeatPump(Sized):
    """Heat lifted by electricity; give `cop`, or both temperatures and the share of Carnot reached.

    `heat_kw=None` is sized. The coefficient of performance is that of heat delivered.
    """

    heat_kw: float | None = None
    cop: float | Profile | None = None
    source_c: float | Profile | None = None
    sink_c: float | None = None
    carnot_share: float | None = None
    grade: str = _GRADE
    name: str = "heat_pump"

    def __post_init__(self) -> None:
        positive(self, "heat_kw", optional=True)
        self._check_sized()
        by_lift = (self.source_c, self.sink_c, self.carnot_share)
        if (self.cop is None) == any(value is None for value in by_lift):
            raise InputError(
                "needs its coefficient of performance",
                field="HeatPump.cop",
                remedy="Give cop=…, or source_c=…, sink_c=… and carnot_share=….",
            )
        if self.cop is None and not (is_number(self.carnot_share) and 0 < float(self.carnot_share or 0.0) < 1):
            raise InputError("must lie in (0, 1)", field="HeatPump.carnot_share", value=self.carnot_share)
        try:
            cop = np.asarray(self.performance, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as exc:
            raise InputError("must be numbers", field="HeatPump.cop", value=self.cop) from exc
        if not np.all(np.isfinite(cop)) or np.any(cop <= 1):
            raise InputError("a heat pump delivers more heat than power", field="HeatPump.cop", value=self.cop)

    @property
    def performance(self) -> Any:
        """Coefficient of performance [-], one value or a profile."""
        if self.cop is not None:
            return self.cop
        sink_k = float(self.sink_c or 0.0) - ABSOLUTE_ZERO_C
        lift = sink_k - (np.asarray(self.source_c, dtype=float) - ABSOLUTE_ZERO_C)
        if np.any(lift <= 0):
            raise InputError("the source is as warm as the sink", field="HeatPump.source_c", value=self.source_c)
        cop = float(self.carnot_share or 0.0) * sink_k / lift
        return pd.Series(cop, index=self.source_c.index) if isinstance(self.source_c, pd.Series) else cop


@dataclass(frozen=True)
class WasteHeat:
    """Heat that is there for the taking, at its grade."""

    profile_kw: Profile
    grade: str = _GRADE
    name: str = "waste_heat"


@dataclass(frozen=True)
class EvFleet:
    """Vehicles that come, need energy and leave.

    `visits` are mappings `arrival, departure` (aware stamps), `energy_kwh` and `power_kw` at the charger.
    """

    visits: Sequence[Mapping[str, Any]]
    name: str = "ev"

    def __post_init__(self) -> None:
        if not isinstance(self.visits, Sequence):
            raise InputError("is not a list of visits", field="EvFleet.visits", value=type(self.visits).__name__)
        for number, visit in enumerate(self.visits):
            absent = {"arrival", "departure", "energy_kwh", "power_kw"} - set(
                visit if isinstance(visit, Mapping) else ()
            )
            if absent:
                raise InputError(f"lacks {sorted(absent)}", field="EvFleet.visits", row=number)
            for key in ("energy_kwh", "power_kw"):
                if not (is_number(visit[key]) and visit[key] >= 0):
                    raise InputError("must be a number that is not negative", field=key, value=visit[key], row=number)
            stamps = [instant(visit[key], key, number) for key in ("arrival", "departure")]
            if any(stamp.tz is None for stamp in stamps):
                raise NaiveTimestampError(
                    "a stamp without a zone", field="EvFleet.visits", row=number, remedy="Write 2025-06-01 09:00+08:00."
                )
            if stamps[1] <= stamps[0]:
                raise InputError("leaves before it arrives", field="departure", value=str(stamps[1]), row=number)


@dataclass(frozen=True)
class FlexibleLoad:
    """A load whose time is free: `power_kw` for `hours` in each day, in one piece if `contiguous`.

    `earliest` and `latest` are hours of the local day between which it must run.
    """

    power_kw: float
    hours: float
    contiguous: bool = True
    earliest: float = 0.0
    latest: float = 24.0
    name: str = "flexible"

    def __post_init__(self) -> None:
        positive(self, "power_kw", "hours", "earliest", "latest")
        flag(self, "contiguous")
        if not 0 <= self.earliest < self.latest <= 24:  # noqa: PLR2004 -- hours of a day
            raise InputError(
                "must satisfy 0 <= earliest < latest <= 24",
                field="FlexibleLoad.earliest",
                value=(self.earliest, self.latest),
            )


@dataclass(frozen=True)
class CurtailableLoad:
    """Part of the load that may be shed, at a price per kWh not served."""

    power_kw: float
    cost_cny_per_kwh: float
    name: str = "shed"

    def __post_init__(self) -> None:
        positive(self, "power_kw", "cost_cny_per_kwh")


@dataclass(frozen=True)
class Grid:
    """The connection: most import and export [kW]; None is unlimited, and export is off by default."""

    import_kw_max: float | None = None
    export_kw_max: float | None = 0.0

    def __post_init__(self) -> None:
        positive(self, "import_kw_max", "export_kw_max", optional=True)


Asset: TypeAlias = Battery | PvArray | Chp | Boiler | HeatPump | WasteHeat | EvFleet | FlexibleLoad | CurtailableLoad


@dataclass(frozen=True)
class Site:
    """A connection and what stands behind it; assets of one name are numbered in order."""

    grid: Grid = field(default_factory=Grid)
    assets: Sequence[Asset] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.grid, Grid):
            raise InputError("is not a Grid", field="site.grid", value=type(self.grid).__name__)
        if not isinstance(self.assets, Sequence):
            raise InputError(
                "is not a list", field="site.assets", value=type(self.assets).__name__, remedy="Write assets=[…]."
            )
        for number, asset in enumerate(self.assets):
            if not isinstance(asset, get_args(Asset)):
                raise InputError("is not an asset", field="site.assets", value=type(asset).__name__, row=number)
            for name in ("name", "grade"):
                value = getattr(asset, name, name)
                if not isinstance(value, str) or not value:
                    raise InputError(
                        "is not a text",
                        field=f"{type(asset).__name__}.{name}",
                        value=value,
                        row=number,
                        remedy=f"Write {name}='…'.",
                    )

    def named(self) -> list[tuple[str, Asset]]:
        """Assets with names told apart: battery, battery_2, …."""
        seen: dict[str, int] = {}
        out = []
        for asset in self.assets:
            seen[asset.name] = seen.get(asset.name, 0) + 1
            out.append((asset.name if seen[asset.name] == 1 else f"{asset.name}_{seen[asset.name]}", asset))
        return out
