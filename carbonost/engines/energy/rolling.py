"""Receding-horizon control that remembers the month.

Two things make a short horizon lose most of a battery's saving. It does not see the month: shaving today
what the month will bill anyway is waste, so import below the month's *target*, the peak the month is
expected to reach, is free. And it does not see tomorrow: emptying or filling the battery for the end
of the forecast is arbitrary, so a forecast shorter than two days is continued by its last day.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.domain.asset import Battery, Chp, Site
from carbonost.domain.schedule import Setpoints
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.dispatch import read_schedule, solve_problem
from carbonost.engines.energy.load import Load, read_load
from carbonost.engines.energy.problem import Problem, read_problem
from carbonost.engines.energy.reduced import as_storage
from carbonost.engines.energy.solve import NoPlan
from carbonost.engines.energy.storage import StorageProblem, least_peaks
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.domain.tariff import Tariff

LOOKAHEAD_H: Final = 48.0
MEMORY_DAYS: Final = 28
QUANTILE: Final = 0.9
DUST: Final = 1e-6
"""How far rounding may put a state of charge beyond a full or an empty battery."""
_DAY_NS: Final = 86_400_000_000_000


class Controller:
    """Step by step control of a site's battery.

    The model is kept in the solver and updated in place. What has to survive a restart is in `state`,
    plain JSON: ``soc``, ``month``, ``month_peak_kw``, ``target_kw``, ``day``, ``day_peaks_kw``
    and, with a switched CHP, ``chp_on``.

    Parameters
    ----------
    site : Site
    tariff : Tariff
    history : Series or DataFrame, optional [kW]
        Past load, from which the first month's peak target is set; later ones follow from what is seen.
    options
        Further arguments of `EnergyOptimizer.dispatch` that do not change with time.
    """

    def __init__(self, site: Site, tariff: Tariff, *, history: Any = None, **options: Any) -> None:
        self.site, self.tariff, self.options = site, tariff, options
        self._index = next((i for i, asset in enumerate(site.assets) if isinstance(asset, Battery)), None)
        if self._index is None:
            raise InputError("control needs a battery", field="site.assets", remedy="Add a Battery.")
        self._prices = _PriceMemory(tariff)
        self._model: StorageModel | None = None
        self._seen = [] if history is None else self._day_peaks(read_load(history, name="history"))

    def step(self, forecast_kw: Any, state: Mapping[str, Any] | None = None) -> Setpoints:
        """Decide the first interval of a forecast.

        Parameters
        ----------
        forecast_kw : Series, or DataFrame with `timestamp, load_kw` or `ds, yhat` [kW]
            Expected load from now on; its first interval is decided.
        state : mapping, optional
            What the last step returned; measured values may replace ``soc`` and ``month_peak_kw``. Without
            ``soc`` the battery's `soc_initial` holds; a charge beyond the battery's window is its edge.

        Returns
        -------
        Setpoints

        Raises
        ------
        InputError
            If the forecast has gaps or negative values, or ``soc`` is not a share.
        """
        load = read_load(forecast_kw, name="forecast_kw")
        battery = self._battery
        now = self._advance(load, dict(state or {}))
        if not -DUST <= now["soc"] <= 1.0 + DUST:
            raise InputError("is a share, 0 to 1", field="state['soc']", value=now["soc"])
        held = float(np.clip(now["soc"], battery.soc_min, battery.soc_max))
        problem = self._problem(load, held, on=bool(now.get("chp_on", False)))
        floor = max(now["month_peak_kw"], now["target_kw"])
        charge, discharge, drawn, stored, on = self._decide(problem, held, floor, now["target_kw"])
        now["month_peak_kw"] = max(now["month_peak_kw"], drawn)
        now["soc"] = stored
        if on is not None:
            now["chp_on"] = on
        return Setpoints(charge, discharge, drawn, now)

    @property
    def _battery(self) -> Battery:
        asset = self.site.assets[self._index or 0]
        assert isinstance(asset, Battery)  # noqa: S101 -- found by the constructor
        return asset

    def _problem(self, load: Load, soc: float, *, on: bool) -> Problem:
        held = replace(self._battery, soc_initial=soc, soc_final=None)
        assets = [
            held if i == self._index else replace(asset, on_initially=on) if isinstance(asset, Chp) else asset
            for i, asset in enumerate(self.site.assets)
        ]
        return read_problem(Site(self.site.grid, assets), load, self.tariff, **self.options)

    def _advance(self, load: Load, state: dict[str, Any]) -> dict[str, Any]:
        """Bring the state to the forecast's first instant: a new month forgets its peak, a new day is noted."""
        first = load.starts[0].tz_convert(self.tariff.zone)
        state.setdefault("soc", self._battery.soc_initial)
        peaks = [float(p) for p in state.get("day_peaks_kw", self._seen)]
        month, day = f"{first.year:04d}-{first.month:02d}", first.date().isoformat()
        if state.get("month") != month:
            if "month" in state or "month_peak_kw" not in state:
                state["month_peak_kw"] = 0.0
            state["month"] = month
        if state.get("day") != day:
            state["day"] = day
            steps = min(len(load.kw), round(24 / load.hours))
            peaks = [*peaks, self._least(load.kw[:steps], load.hours)][-MEMORY_DAYS:]
        state["day_peaks_kw"] = peaks
        state["target_kw"] = float(np.quantile(peaks[:-1], QUANTILE)) if len(peaks) > 1 else 0.0
        return state

    def _day_peaks(self, load: Load) -> list[float]:
        steps = round(24 / load.hours)
        days = [load.kw[i : i + steps] for i in range(0, len(load.kw) - steps + 1, steps)]
        return [self._least(day, load.hours) for day in days[-MEMORY_DAYS:]]

    def _least(self, net_kw: FloatArray, hours: float) -> float:
        """The least peak the battery can bring a day to [kW]."""
        month = np.zeros(net_kw.size, dtype=np.int32)
        peak, price = np.zeros(1), np.ones(net_kw.size)
        day = StorageProblem(net_kw, price, month, hours, self._battery, np.ones(1), 0.0, peak)
        return float(least_peaks(day)[0])

    def _decide(
        self, problem: Problem, soc: float, floor_kw: float, next_floor_kw: float
    ) -> tuple[float, float, float, float, bool | None]:
        """Charge, discharge and import of the first interval [kW], the share stored after it, and if a CHP is on."""
        months = len(problem.at.months)
        floors = np.array([floor_kw] + [next_floor_kw] * (months - 1))
        storage = as_storage(problem, floors)
        plan = None
        if storage is not None:
            with suppress(NoPlan):  # the continuation may ask too much; the forecast alone decides
                plan = self._live(self._continued(problem, storage, next_floor_kw)).solve()
        if storage is None or plan is None:
            self._model = None
            first = read_schedule(problem, solve_problem(problem, floors)).frame.iloc[0]
            on = bool(first["chp_on"] > 0.5) if "chp_on" in first else None  # noqa: PLR2004 -- a rounded decision
            return float(first.charge_kw), float(first.discharge_kw), float(first.import_kw), float(first.soc), on
        size = storage.energy_kwh
        share = float(plan.stored_kwh[0]) / size if size else soc
        return float(plan.charge_kw[0]), float(plan.discharge_kw[0]), float(plan.import_kw[0]), share, None

    def _live(self, storage: StorageProblem) -> StorageModel:
        """The model in the solver, updated; built anew where the months fall otherwise."""
        model = self._model
        if model is not None and np.array_equal(model.problem.month, storage.month) and model.update(storage):
            return model
        self._model = StorageModel(storage, live=True)
        return self._model

    def _continued(self, problem: Problem, storage: StorageProblem, next_floor_kw: float) -> StorageProblem:
        """Continue a short forecast by its last day, at the prices known for then."""
        have, hours = storage.net_kw.size, storage.hours
        want, day = round(LOOKAHEAD_H / hours), round(24 / hours)
        if have >= want:
            return storage
        known = self._prices.after(problem.load.starts[0], want, hours)
        if known is None:
            return storage
        price, month = known
        pattern = storage.net_kw[-min(day, have) :]
        more = np.resize(pattern, want - have)
        floors = np.full(int(month.max()) + 1, next_floor_kw)
        floors[: storage.floor_kw.size] = storage.floor_kw
        demand = np.resize(storage.demand_cny_per_kw, floors.size)
        carbon = storage.price[-1] - problem.rate.energy[-1]
        return replace(
            storage,
            net_kw=np.concatenate([storage.net_kw, more]),
            price=np.concatenate([storage.price, price[have:] + carbon]),
            month=month,
            floor_kw=floors,
            demand_cny_per_kw=demand,
        )


class _PriceMemory:
    """A tariff's prices and months compiled for a week at a time."""

    def __init__(self, tariff: Tariff) -> None:
        self.tariff = tariff
        self._base, self._step = 0, 0
        self._price: FloatArray = np.zeros(0)
        self._month: IntArray = np.zeros(0, dtype=np.int32)

    def after(self, start: pd.Timestamp, want: int, hours: float) -> tuple[FloatArray, IntArray] | None:
        """Prices and months from `start`; None where the tariff does not reach so far."""
        now, step = start.as_unit("ns").value, round(hours * 3.6e12)
        at, rest = divmod(now - self._base, step)
        if step != self._step or rest or at < 0 or at + want > self._price.size:
            count = want + round(7 * _DAY_NS / step)
            starts = pd.date_range(start, periods=count, freq=pd.Timedelta(step, "ns"))
            try:
                self._price = self.tariff.prices(starts, hours)
            except InputError:
                return None
            local = starts.tz_convert(self.tariff.zone)
            self._month = (local.year.to_numpy() * 12 + local.month.to_numpy()).astype(np.int32)
            self._base, self._step, at = now, step, 0
        month = self._month[at : at + want]
        return self._price[at : at + want], (month - month[0]).astype(np.int32)
