"""A made-up park, the same on every machine.

Nothing here describes a real place: names, shapes, amounts and prices are invented so that every stage
of the pipeline has something to chew on. Loads come from shift patterns, seasons and a seeded stream
of uniform numbers, rounded to 0.01 kWh, so that a year of readings is identical everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

YEAR: Final = 2025
ZONE: Final = "Asia/Shanghai"
SEED: Final = 20250101
_STEPS_A_DAY: Final = 96
_OFF: Final = ("01-01", "01-28/02-04", "04-04/04-06", "05-01/05-05", "05-31/06-02", "10-01/10-08")
"""Days without production in the made-up year, month-day, inclusive."""


@dataclass(frozen=True, slots=True)
class Firm:
    """One made-up enterprise and the shape of what it uses in a year."""

    id: str
    name: str
    industry_code: str
    employees: int
    floor_area_m2: float
    roof_area_m2: float
    lon: float
    lat: float
    base_kw: float
    shift_kw: float
    shifts: int  # 1, 2 or 3 shifts a day
    seasonal_kw: float  # cooling and heating on top
    gas_nm3: float = 0.0
    heat_gj: float = 0.0
    diesel_t: float = 0.0
    metered: bool = True


FIRMS: Final = (
    Firm("E01", "示例有机化工", "C2614", 420, 38_000, 21_000, 120.7012, 31.4021, 1450, 900, 3, 80, 620_000, 92_000, 18),
    Firm("E02", "示例汽车零部件", "C3670", 860, 52_000, 43_000, 120.7065, 31.4018, 380, 2100, 2, 420, 210_000, 0, 26),
    Firm("E03", "示例金属热处理", "C3360", 190, 16_000, 13_500, 120.7103, 31.4037, 520, 1100, 3, 60, 480_000, 0, 9),
    Firm("E04", "示例玻璃制品", "C3054", 260, 24_000, 17_500, 120.7140, 31.4055, 900, 350, 3, 50, 2_350_000, 0, 12),
    Firm("E05", "示例制药", "C2720", 540, 33_000, 20_500, 120.7021, 31.4072, 700, 620, 3, 520, 90_000, 64_000, 6),
    Firm("E06", "示例方便食品", "C1439", 480, 22_000, 18_500, 120.7068, 31.4081, 210, 760, 2, 240, 160_000, 41_000, 14),
    Firm("E07", "示例印染", "C1713", 390, 30_000, 24_000, 120.7115, 31.4093, 330, 880, 3, 90, 130_000, 118_000, 11),
    Firm("E08", "示例塑料制品", "C2929", 310, 19_000, 16_000, 120.7151, 31.4104, 240, 1150, 2, 130, 0, 0, 8),
    Firm("E09", "示例电子材料", "C3985", 610, 28_000, 17_000, 120.7030, 31.4120, 1180, 540, 3, 610, 75_000, 9_000, 3),
    Firm("E10", "示例计算机零部件", "C3912", 720, 26_000, 20_000, 120.7078, 31.4131, 300, 1250, 2, 480, 0, 0, 4),
    Firm("E11", "示例仓储", "G5990", 120, 41_000, 36_000, 120.7122, 31.4140, 90, 160, 1, 60, 0, 0, 31),
    Firm("E12", "示例数据服务", "I6450", 60, 9_000, 5_200, 120.7155, 31.4148, 620, 30, 3, 300, 0, 0, 1),
    Firm(
        "E13", "园区公共设施", "N7810", 45, 12_000, 6_000, 120.7090, 31.4062, 70, 90, 1, 40, 12_000, 0, 7, metered=False
    ),
)

BOUNDARY: Final[dict[str, Any]] = {
    "type": "Polygon",
    "coordinates": [
        [
            [120.6985, 31.4005],
            [120.7125, 31.3996],
            [120.7182, 31.4040],
            [120.7178, 31.4162],
            [120.7060, 31.4170],
            [120.6990, 31.4148],
            [120.6985, 31.4005],
        ]
    ],
}


def index() -> pd.DatetimeIndex:
    """The 15-minute starts of the year, aware, in the site's zone."""
    return pd.date_range(f"{YEAR}-01-01", f"{YEAR + 1}-01-01", freq="15min", inclusive="left", tz=ZONE)


def _working(days: pd.DatetimeIndex) -> FloatArray:
    """1.0 on a day with production, 0.35 on a Sunday, 0.1 in a holiday block."""
    share = np.where(days.day_of_week == 6, 0.35, 1.0)  # noqa: PLR2004 -- Sunday
    for block in _OFF:
        first, _, last = block.partition("/")
        inside = (days >= pd.Timestamp(f"{YEAR}-{first}")) & (days <= pd.Timestamp(f"{YEAR}-{last or first}"))
        share = np.where(inside, 0.1, share)
    return np.asarray(share, dtype=np.float64)


def _shift_shape(shifts: int) -> FloatArray:
    """Share of the shift load in each quarter-hour of a day: soft ramps, a dip at noon."""
    hour = np.arange(_STEPS_A_DAY) / 4
    first, last = {1: (8.0, 18.0), 2: (7.5, 23.5), 3: (0.0, 24.0)}[shifts]
    if shifts == 3:  # noqa: PLR2004 -- round the clock, with less at night
        shape = 0.9 + 0.1 * np.sin((hour - 8) / 24 * 2 * np.pi)
    else:
        shape = np.clip((hour - first) / 0.75, 0, 1) * np.clip((last - hour) / 0.75, 0, 1)
    noon = 1 - 0.12 * np.exp(-(((hour - 12.25) / 0.6) ** 2))
    return np.asarray(shape * noon, dtype=np.float64)


def _season(days: pd.DatetimeIndex) -> FloatArray:
    """Cooling in July, some heating in January; 0 to 1."""
    day = days.day_of_year.to_numpy()
    cooling = np.exp(-(((day - 205) / 38) ** 2))
    heating = 0.45 * np.exp(-((np.minimum(day - 15, 365 - np.abs(day - 15)) / 30) ** 2))
    return np.asarray(cooling + heating, dtype=np.float64)


def load_kwh(firm: Firm, place: int) -> FloatArray:
    """Electricity of one firm in each quarter-hour of the year; (35040,) [kWh]."""
    days = pd.date_range(f"{YEAR}-01-01", f"{YEAR}-12-31")
    stream = np.random.Generator(np.random.PCG64(SEED + place))
    noise = 1 + 0.06 * (stream.random((len(days), _STEPS_A_DAY)) - 0.5) + 0.08 * (stream.random((len(days), 1)) - 0.5)
    hour = np.arange(_STEPS_A_DAY) / 4
    daytime = np.clip(np.sin((hour - 6.5) / 15 * np.pi), 0.15, None)
    power = firm.base_kw + firm.shift_kw * np.outer(_working(days), _shift_shape(firm.shifts))
    power += firm.seasonal_kw * np.outer(_season(days), daytime)
    return np.asarray(np.round(power * noise / 4, 2).ravel(), dtype=np.float64)


def meters() -> pd.DataFrame:
    """The metered year: a frame ``start, point, energy_type, value, unit`` with one short gap."""
    starts = index()
    frames = []
    for place, firm in enumerate(firm for firm in FIRMS if firm.metered):
        value = load_kwh(firm, place)
        if firm.id == "E08":  # three hours without a reading, so that gaps are seen to be handled
            value[12_000:12_012] = np.nan
        frames.append(
            pd.DataFrame(
                {"start": starts, "point": f"{firm.id}-M1", "energy_type": "electricity", "value": value, "unit": "kWh"}
            )
        )
    return pd.concat(frames, ignore_index=True)


def _months() -> list[tuple[date, date]]:
    firsts = [date(YEAR, month, 1) for month in range(1, 13)] + [date(YEAR + 1, 1, 1)]
    return [(first, date.fromordinal(after.toordinal() - 1)) for first, after in pairwise(firsts)]


def activities() -> list[dict[str, Any]]:
    """Monthly gas, heat and diesel of each firm, and the yearly electricity of the one without a meter."""
    gas_month = np.array([1.12, 0.92, 1.04, 1.0, 0.97, 0.95, 0.94, 0.95, 0.98, 0.96, 1.05, 1.12]) / 12
    heat_month = np.array([1.25, 1.02, 1.1, 0.98, 0.9, 0.86, 0.84, 0.85, 0.92, 0.98, 1.1, 1.2]) / 12
    rows: list[dict[str, Any]] = []
    for firm in FIRMS:
        for carrier, unit, total, shape, digits in (
            ("natural_gas", "Nm3", firm.gas_nm3, gas_month, 0),
            ("steam", "GJ", firm.heat_gj, heat_month, 1),
            ("mobile_diesel", "t", firm.diesel_t, np.full(12, 1 / 12), 3),
        ):
            rows += [
                {
                    "id": f"{firm.id}-{carrier}-{first:%m}",
                    "energy_type": carrier,
                    "consumption": round(float(total * share), digits),
                    "unit": unit,
                    "region": "CN-JS",
                    "period_start": first,
                    "period_end": last,
                    "facility": firm.id,
                    "data_source": "meter" if carrier != "mobile_diesel" else "manual",
                }
                for (first, last), share in zip(_months(), shape, strict=True)
                if total > 0
            ]
        if not firm.metered:
            rows.append(
                {
                    "id": f"{firm.id}-electricity",
                    "energy_type": "electricity",
                    "consumption": 96.5,
                    "unit": "万kWh",
                    "region": "CN-JS",
                    "period_start": date(YEAR, 1, 1),
                    "period_end": date(YEAR, 12, 31),
                    "facility": firm.id,
                    "data_source": "manual",
                }
            )
    return rows
