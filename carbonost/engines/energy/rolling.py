"""Receding-horizon control that remembers the month.

Two things make a short horizon lose most of a battery's saving. It does not see the month: shaving today
what the month will bill anyway is waste, so import below the month's *target*, the peak the month is
expected to reach, is free. And it does not see tomorrow: emptying or filling the battery for the end
of the forecast is arbitrary, so a forecast shorter than two days is continued by its last day.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from carbonost.domain.asset import Battery, Chp, EvFleet, FlexibleLoad, Site
from carbonost.domain.schedule import Setpoints
from carbonost.engines.energy.dispatch import read_schedule, solve_problem
from carbonost.engines.energy.live import solve_window
from carbonost.engines.energy.load import Load, read_load
from carbonost.engines.energy.problem import Problem, check_nouns, is_open, read_problem
from carbonost.engines.energy.reduced import as_storage, generation
from carbonost.engines.energy.solve import NoPlan
from carbonost.engines.energy.state import DUST, read_state
from carbonost.engines.energy.storage import StorageProblem, least_peaks
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.asset import Asset
    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.domain.tariff import Tariff

LOOKAHEAD_H: Final = 48.0
MEMORY_DAYS: Final = 28
QUANTILE: Final = 0.9
OPTIONS: Final = (
    "gas_price_cny_per_kwh", "heat_kw", "carbon_price_cny_per_t", "grid_kg_per_kwh", "gas_kg_per_kwh", "time_limit_s",
)  # fmt: skip
_DAY_NS: Final = 86_400_000_000_000


class Controller:
    """Step by step control of a site's battery.

    What has to survive a restart is in `state`, and a plan depends on nothing else: a controller built anew goes on
    as the one before it would have. The state is plain JSON: ``format`` and ``site``, by which it is known, ``soc``,
    ``month``, ``month_peak_kw``, ``target_kw``, ``day``, ``day_peaks_kw``; with a CHP ``chp`` (on or off, since when,
    at what power), and with steps shorter than the demand window ``window``.

    Parameters
    ----------
    site : Site
    tariff : Tariff
    history : Series or DataFrame, optional [kW]
        Past load, from which the first month's peak target is set; later ones follow from what is seen.
    options
        Arguments of `EnergyOptimizer.dispatch` that do not change with time: gas_price_cny_per_kwh, heat_kw,
        carbon_price_cny_per_t, grid_kg_per_kwh, gas_kg_per_kwh, time_limit_s.

    Raises
    ------
    InputError
        For a site without one battery of known size, with loads whose progress a state does not hold (vehicles,
        daily runs), or an option that does not belong to a window, such as a cap.
    """

    def __init__(self, site: Site, tariff: Tariff, *, history: Any = None, **options: Any) -> None:
        check_nouns(site, tariff)
        self.site, self.tariff, self.options = site, tariff, options
        self._index = _controlled(site)
        for name in options:
            if name not in OPTIONS:
                raise InputError("is no option of control", field=name, remedy=f"Options: {', '.join(OPTIONS)}.")
        self._prices = _PriceMemory(tariff)
        self._seen = [] if history is None else self._day_peaks(read_load(history, name="history"))

    def step(self, forecast_kw: Any, state: Mapping[str, Any] | None = None) -> Setpoints:
        """Decide the first interval of a forecast.

        Parameters
        ----------
        forecast_kw : Series, or DataFrame with `timestamp, load_kw` or `ds, yhat` [kW]
            Expected load from now on; its first interval is decided.
        state : mapping or its JSON text, optional
            What the last step returned; measured values may replace ``soc`` and ``month_peak_kw``. Without
            ``soc`` the battery's `soc_initial` holds; a charge beyond the battery's window is its edge.

        Returns
        -------
        Setpoints

        Raises
        ------
        InputError
            If the forecast has gaps or negative values, or the state is damaged, of another format or another park.
        """
        load = read_load(forecast_kw, name="forecast_kw")
        battery = self._battery
        given = read_state(state, self.site, battery)
        held = float(np.clip(given["soc"], battery.soc_min, battery.soc_max))
        problem = self._problem(load, held, given.get("chp", {}))
        now = self._advance(problem, given)
        floor = max(now["month_peak_kw"], now["target_kw"])
        plan = self._decide(problem, held, floor, now["target_kw"])
        _note_import(now, load, plan.import_kw, self.tariff.demand_window_min / 60)
        now["soc"] = plan.soc
        if plan.chp is not None:
            now["chp"] = _held_on(now.get("chp", {}), plan.chp, load.hours)
        return Setpoints(plan.charge_kw, plan.discharge_kw, plan.import_kw, now)

    @property
    def _battery(self) -> Battery:
        asset = self.site.assets[self._index]
        assert isinstance(asset, Battery)  # noqa: S101 -- found by the constructor
        return asset

    def _problem(self, load: Load, soc: float, chp: Mapping[str, Mapping[str, Any]]) -> Problem:
        held = replace(self._battery, soc_initial=soc, soc_final=None)
        assets: list[Asset] = []
        for i, (name, asset) in enumerate(self.site.named()):
            if isinstance(asset, Chp) and name in chp:
                was = chp[name]
                assets.append(
                    replace(
                        asset,
                        on_initially=was["on"],
                        held_initially_h=was["held_h"],
                        power_initially_kw=was["power_kw"],
                    )
                )
            else:
                assets.append(held if i == self._index else asset)
        return read_problem(Site(self.site.grid, assets), load, self.tariff, **self.options)

    def _advance(self, problem: Problem, state: dict[str, Any]) -> dict[str, Any]:
        """Bring the state to the forecast's first instant: a new month forgets its peak, a new day is noted."""
        load = problem.load
        first = load.starts[0].tz_convert(self.tariff.zone)
        peaks = [float(p) for p in state.get("day_peaks_kw", self._seen)]
        month, day = f"{first.year:04d}-{first.month:02d}", first.date().isoformat()
        if state.get("month") != month:
            if "month" in state or "month_peak_kw" not in state:
                state["month_peak_kw"] = 0.0
            state["month"] = month
        if state.get("day") != day:
            state["day"] = day
            steps = min(len(load.kw), round(24 / load.hours))
            net_kw = load.kw - generation(problem)
            peaks = [*peaks, self._least(net_kw[:steps], load.hours)][-MEMORY_DAYS:]
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

    def _decide(self, problem: Problem, soc: float, floor_kw: float, next_floor_kw: float) -> _First:
        """What the best plan does in its first interval."""
        months = len(problem.at.months)
        floors = np.array([floor_kw] + [next_floor_kw] * (months - 1))
        storage = as_storage(problem, floors)
        plan = None
        if storage is not None:
            with suppress(NoPlan):  # the continuation may ask too much; the forecast alone decides
                plan = solve_window(self._continued(problem, storage, next_floor_kw))
        if storage is None or plan is None:
            first = read_schedule(problem, solve_problem(problem, floors)).frame.iloc[0]
            chp = {
                name: {"on": bool(first.get(f"{name}.chp_on", first[f"{name}.chp_kw"]) > DUST)}
                | {"power_kw": float(first[f"{name}.chp_kw"])}
                for name, asset in problem.site.named()
                if isinstance(asset, Chp)
            }
            powers = (float(first.charge_kw), float(first.discharge_kw), float(first.import_kw))
            return _First(*powers, float(first.soc), chp)
        size = storage.energy_kwh
        share = float(plan.stored_kwh[0]) / size if size else soc
        return _First(float(plan.charge_kw[0]), float(plan.discharge_kw[0]), float(plan.import_kw[0]), share)

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


class _First(NamedTuple):
    """The first interval of a plan: powers, the share stored after it, and what each CHP does."""

    charge_kw: float
    discharge_kw: float
    import_kw: float
    soc: float
    chp: dict[str, dict[str, Any]] | None = None


def _controlled(site: Site) -> int:
    """Number of the asset that is controlled: the one battery; what a state cannot follow is refused."""
    stores = [i for i, asset in enumerate(site.assets) if isinstance(asset, Battery)]
    if len(stores) != 1:
        raise InputError(
            f"control follows one battery, and the site has {len(stores)}",
            field="site.assets",
            remedy="Add a Battery." if not stores else "Give batteries that act together as one.",
        )
    for name, asset in site.named():
        if is_open(asset) or isinstance(asset, (EvFleet, FlexibleLoad)):
            raise InputError(
                "has no capacity" if is_open(asset) else "is half done between two steps, which no state holds",
                field=f"site.assets[{name!r}]",
                remedy="Choose it with size."
                if is_open(asset)
                else "Plan it with dispatch; add its power to the load.",
            )
    return stores[0]


def _note_import(now: dict[str, Any], load: Load, import_kw: float, window_h: float) -> None:
    """Count the import into the month's peak, by the demand meter's window where steps are shorter."""
    mean = import_kw
    if load.hours < window_h - DUST:
        number = int(load.starts.as_unit("ns").asi8[0] // round(window_h * 3.6e12))
        begun = now.get("window", {})
        kwh, hours = (begun["kwh"], begun["hours"]) if begun.get("number") == number else (0.0, 0.0)
        kwh, hours = kwh + import_kw * load.hours, hours + load.hours
        now["window"] = {"number": number, "kwh": kwh, "hours": hours}
        mean = kwh / window_h if hours >= window_h - DUST else 0.0
    now["month_peak_kw"] = max(now["month_peak_kw"], mean)


def _held_on(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], hours: float) -> Any:
    """How long each CHP has been on or off, after one more interval; None while that is not known."""
    out = {}
    for name, state in after.items():
        was = before.get(name)
        same = was is not None and was["on"] == state["on"]
        held = was["held_h"] if was is not None and same else None if was is None else 0.0
        out[name] = {**state, "held_h": None if held is None else held + hours}
    return out


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
