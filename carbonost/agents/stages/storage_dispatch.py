"""A battery's year on the metered load: planned by the dispatch, billed by the tariff."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from carbonost.agents.stages.defaults import working
from carbonost.engines.energy import Battery, EnergyOptimizer, Grid, Site
from carbonost.engines.measures import battery_effect, parameter

if TYPE_CHECKING:
    from carbonost.agents.stages.base import Notes
    from carbonost.domain.measure import Effect
    from carbonost.domain.schedule import Schedule
    from carbonost.domain.tariff import Tariff
    from carbonost.engines.measures import AbatementFactors, Baseline


@dataclass
class BatteryDispatch:
    """Called with what earlier measures left; keeps its schedule for the report."""

    tariff: Tariff
    site: dict[str, Any]
    factors: AbatementFactors
    notes: Notes
    schedule: Schedule | None = field(default=None, init=False)

    def __call__(self, left: Baseline) -> Effect | None:
        """Plan a year; None where there is no load curve."""
        load = left.load_kw
        if load is None or len(load) == 0:
            return None
        gaps = int(load.isna().sum())
        if gaps:
            load = load.interpolate().bfill().ffill()
            self.notes.assume("load_gaps_interpolated", gaps, "1", "负荷曲线缺测时段线性插值，仅用于调度", "low")
        power = self.site.get("battery_power_kw")
        if power is None:
            power = float(load.max()) * working(self.notes, "battery_power_share_of_peak")
        capacity = self.site.get("battery_capacity_kwh")
        if capacity is None:
            capacity = float(power) * working(self.notes, "battery_hours")
        each_way = _published(self.notes, "round_trip_efficiency_ac") ** 0.5
        battery = Battery(
            capacity_kwh=float(capacity),
            power_kw=float(power),
            charge_efficiency=each_way,
            discharge_efficiency=each_way,
            soc_min=_published(self.notes, "soc_min"),
        )
        self.notes.assume(
            "dispatch_foresight",
            "完全预见",
            "text",
            "储能按全年已知负荷最优调度，电量与需量按园区总负荷计费；收益为上限",
            "high",
        )
        schedule = EnergyOptimizer().dispatch(Site(grid=Grid(), assets=[battery]), load.clip(lower=0.0), self.tariff)
        self.schedule = schedule
        frame = schedule.to_frame()
        hours = (load.index[1] - load.index[0]) / pd.Timedelta(hours=1)
        return battery_effect(
            self.tariff.bill(load.clip(lower=0.0)),
            schedule.ledger,
            charged_kwh=float(frame["charge_kw"].sum() * hours),
            discharged_kwh=float(frame["discharge_kw"].sum() * hours),
            capacity_kwh=float(capacity),
            power_kw=float(power),
            factors=self.factors,
        )

    def week(self, pv_kw: pd.Series | None) -> list[dict[str, Any]]:
        """Return the week around the year's highest load, hour by hour."""
        if self.schedule is None:
            return []
        frame = self.schedule.to_frame()
        peak = pd.Timestamp(str(frame["load_kw"].idxmax()))
        start = peak.normalize() - pd.Timedelta(days=peak.day_of_week)
        columns = ["load_kw", "import_kw", "charge_kw", "discharge_kw"]
        week = frame.loc[start : start + pd.Timedelta(days=7) - pd.Timedelta(seconds=1), columns]
        if pv_kw is not None:
            week = week.assign(pv_kw=pv_kw.reindex(week.index))
        hourly = week.resample("1h").mean()
        rows = zip(pd.DatetimeIndex(hourly.index), hourly.to_dict("records"), strict=True)
        return [
            {
                "start": stamp.strftime("%m-%d %H:%M"),
                **{str(k): None if pd.isna(v) else float(v) for k, v in row.items()},
            }
            for stamp, row in rows
        ]


def _published(notes: Notes, name: str) -> float:
    """Return a published figure of the battery, stated with its document."""
    row = parameter("BESS", name)
    notes.assumptions.setdefault(row.id, row.as_assumption())
    notes.cite(row.as_evidence())
    return float(row.value)
