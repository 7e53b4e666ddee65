"""Rules of the fixed part of a bill: power factor, a discount for much energy, contracted demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.checks import is_number
from carbonost.errors import TariffError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray


@dataclass(frozen=True)
class PowerFactorRule:
    """Adjustment of the bill by the month's power factor (功率因数调整电费).

    `steps` are pairs (power factor, adjustment in percent), ascending; the highest step not above the
    month's factor applies, and a factor below all steps takes the first one's percentage.
    """

    steps: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        try:
            steps = tuple((level, percent) for level, percent in self.steps)
        except (TypeError, ValueError):
            steps = ()
        levels = [level for level, percent in steps if is_number(level) and 0 <= level <= 1 and is_number(percent)]
        if not levels or len(levels) != len(steps) or levels != sorted(set(levels)):
            raise TariffError(
                "are pairs (power factor from 0 to 1, percent), ascending",
                field="power_factor.steps",
                value="None" if self.steps is None else self.steps,
                remedy="Write ((0.0, 5.0), (0.85, 0.0)).",
            )
        object.__setattr__(self, "steps", tuple((float(level), float(percent)) for level, percent in steps))

    def percent(self, factor: FloatArray) -> FloatArray:
        """Adjustment [%] for each month's power factor [-]."""
        levels = np.array([step[0] for step in self.steps])
        values = np.array([step[1] for step in self.steps])
        at = np.searchsorted(levels, factor + 1e-12, side="right") - 1
        return np.asarray(values[np.maximum(at, 0)], dtype=np.float64)


@dataclass(frozen=True)
class DemandDiscount:
    """A cheaper demand price for a month whose energy per transformer kVA reaches a threshold."""

    kwh_per_kva_month: float
    factor: float

    def __post_init__(self) -> None:
        if not is_number(self.kwh_per_kva_month) or self.kwh_per_kva_month < 0:
            raise TariffError(
                "must be a number that is not negative",
                field="demand_discount.kwh_per_kva_month",
                value="None" if self.kwh_per_kva_month is None else self.kwh_per_kva_month,
                remedy="Write DemandDiscount(260.0, 0.9).",
            )
        if not is_number(self.factor) or not 0 <= self.factor <= 1:
            raise TariffError(
                "must lie in [0, 1]", field="demand_discount.factor", value=self.factor, remedy="90 % is 0.9."
            )


@dataclass(frozen=True, kw_only=True)
class ContractRule:
    """How contracted demand (合同最大需量) is billed, and where that was read.

    Attributes
    ----------
    band : float [-]
        Up to `band` times its value, the contract itself is billed.
    excess_factor : float [-]
        The part of the month's demand above the band costs this multiple of the demand price.
    floor : float [kW/kVA]
        The least contract per transformer capacity.
    """

    band: float
    excess_factor: float
    floor: float = 0.0
    document: str = ""
    status: str = "user"

    def __post_init__(self) -> None:
        for name, least in (("band", 1.0), ("excess_factor", 1.0), ("floor", 0.0)):
            value = getattr(self, name)
            if not is_number(value) or value < least:
                raise TariffError(
                    f"must be at least {least:g}",
                    field=f"contract_rule.{name}",
                    value="None" if value is None else value,
                    remedy="Write ContractRule(band=1.05, excess_factor=2.0, floor=0.4).",
                )
        for name in ("document", "status"):
            if not isinstance(getattr(self, name), str):
                raise TariffError(
                    "is not a text",
                    field=f"contract_rule.{name}",
                    value=getattr(self, name),
                    remedy="Name the document, or leave it out.",
                )
