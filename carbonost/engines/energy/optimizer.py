"""`EnergyOptimizer`: the chain class over bills, dispatch, sizing, control and forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from carbonost.domain.arguments import options
from carbonost.domain.asset import Battery, Grid, Site
from carbonost.domain.schedule import Frontier, PeakShaving, ScenarioPlan, Schedule, Sizing
from carbonost.domain.tariff import Tariff
from carbonost.engines.energy.convex import ConvexModel
from carbonost.engines.energy.dispatch import dispatch
from carbonost.engines.energy.pareto import pareto
from carbonost.engines.energy.portfolio import Case, solve_portfolio
from carbonost.engines.energy.problem import of_known_size, read_problem
from carbonost.engines.energy.rolling import Controller
from carbonost.engines.energy.scenarios import Aim, common_times, forecast_scenarios, plan_scenarios
from carbonost.engines.energy.sizing import size
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

FORECASTER: Final = ("carbonost.engines.forecast", "predict_load")
"""Where forecasts come from, as strings: engines do not know each other."""


class EnergyOptimizer:
    """Plan a park's energy: forecast, shave peaks, dispatch, size, control.

    The class holds no state; every call is a pure function of its arguments.
    """

    def predict_load(
        self,
        history: Any,
        horizon_hours: int = 24,
        model: str = "auto",
        level: float = 0.8,
        holidays: str | None = "CN",
        *,
        exog: Any = None,
        zone: str | None = None,
    ) -> pd.DataFrame:
        """Forecast a load.

        Parameters
        ----------
        history : DataFrame with `timestamp, load_kw`, or Series [kW]
        horizon_hours : int [h]
        model : str
            "auto" or the name of a forecaster.
        level : float [-]
            Share of outcomes the interval is to cover.
        holidays : str or None
            Country whose day types count; None knows weekends only.
        exog : Series or DataFrame with aware stamps, optional
            Signals such as temperature, covering history and horizon.
        zone : str, optional
            Where days begin; the stamps' own by default.

        Returns
        -------
        DataFrame
            `ds, yhat, yhat_lower, yhat_upper` [kW].

        Raises
        ------
        HistoryTooShortError
            With less than two days of readings.
        NaiveTimestampError
            If the stamps carry no zone.
        InputError
            If an argument cannot be used; `value` is the first offending instant.
        """
        forecast: pd.DataFrame = getattr(import_module(FORECASTER[0]), FORECASTER[1])(
            history, horizon_hours=horizon_hours, model=model, level=level, holidays=holidays, exog=exog, zone=zone
        )
        return forecast

    def optimize_peak_shaving(
        self,
        load_forecast: Any,
        battery_capacity_kwh: float,
        battery_power_kw: float,
        electricity_prices: Tariff | Mapping[int, float],
        **battery: Any,
    ) -> PeakShaving:
        """Best use of one battery on one load.

        Parameters
        ----------
        load_forecast : DataFrame with `timestamp, load_kw` or `ds, yhat`, or Series [kW]
        battery_capacity_kwh, battery_power_kw : float [kWh, kW]
        electricity_prices : Tariff or {hour: CNY/kWh}
        **battery
            Further fields of `Battery`, such as `soc_min` or `wear_cny_per_kwh`.

        Returns
        -------
        PeakShaving
            Also readable as ``result["savings"]``.

        Raises
        ------
        TariffError
            If an hour has no price.
        InputError
            A load or a field of the battery that cannot be used.
        """
        tariff = (
            electricity_prices if isinstance(electricity_prices, Tariff) else Tariff.from_prices(electricity_prices)
        )
        options(Battery, battery)
        store = Battery(capacity_kwh=battery_capacity_kwh, power_kw=battery_power_kw, **battery)
        schedule = self.dispatch(Site(grid=Grid(), assets=[store]), load_forecast, tariff)
        return PeakShaving(schedule.baseline_cny, schedule.objective_cny, schedule)

    def dispatch(
        self,
        site: Site,
        load: Any,
        tariff: Tariff,
        *,
        load_kwh: Any = None,
        heat_kw: Any = None,
        gas_price_cny_per_kwh: Any = None,
        carbon_price_cny_per_t: float = 0.0,
        carbon_cap_t: float | None = None,
        grid_kg_per_kwh: Any = None,
        gas_kg_per_kwh: float | None = None,
        weight: float = 1.0,
        time_limit_s: float | None = None,
    ) -> Schedule:
        """The cheapest plan.

        Parameters
        ----------
        site : Site
        load : Series, or DataFrame with `timestamp, load_kw` [kW]
        tariff : Tariff
        load_kwh : Series, optional [kWh]
            Energy per interval, with ``load=None``.
        heat_kw : Series, array or {grade: Series}, optional [kW]
            Heat asked for.
        gas_price_cny_per_kwh : float or Series, optional [CNY/kWh]
        carbon_price_cny_per_t : float [CNY/t]
        carbon_cap_t : float, optional [tCO2]
            Most emissions allowed, over the horizon times `weight`.
        grid_kg_per_kwh, gas_kg_per_kwh : float or Series, float [kgCO2/kWh]
            Of imported electricity and of gas; export earns no credit.
        weight : float [-]
            How often the horizon stands for itself (a typical day: 365); costs, emissions and the cap
            are those of horizon times weight, but for fixed charges, which are due by the month.
        time_limit_s : float, optional [s]
            For the whole call, however often it solves.

        Returns
        -------
        Schedule

        Raises
        ------
        InfeasibleError
            Names the limit no plan keeps, the first instant and the amount.
        UnboundedError, SolverTimeoutError
        InputError
            A load, profile or asset that cannot be used.
        """
        problem = read_problem(
            site,
            load,
            tariff,
            load_kwh=load_kwh,
            heat_kw=heat_kw,
            gas_price_cny_per_kwh=gas_price_cny_per_kwh,
            carbon_price_cny_per_t=carbon_price_cny_per_t,
            carbon_cap_t=carbon_cap_t,
            grid_kg_per_kwh=grid_kg_per_kwh,
            gas_kg_per_kwh=gas_kg_per_kwh,
            weight=weight,
            time_limit_s=time_limit_s,
        )
        return dispatch(of_known_size(problem))

    def size(
        self,
        site: Site,
        load: Any,
        tariff: Tariff,
        *,
        discount_rate: float = 0.08,
        weight: float = 1.0,
        **dispatch: Any,
    ) -> Sizing:
        """Choose the capacities that are None.

        Parameters
        ----------
        site : Site
            Assets to be chosen state what owning them costs.
        load, tariff
            As of `dispatch`.
        discount_rate : float [1/a]
            Turns capital cost into an annuity over `life_years`.
        weight : float [-]
            How often the load's horizon stands for itself in a year; capacities are paid by the year.
        **dispatch
            Further arguments of `dispatch`.

        Returns
        -------
        Sizing

        Raises
        ------
        UnboundedError
            If owning more always pays and no bound stops it.
        InfeasibleError, SolverTimeoutError, InputError
            As of `dispatch`.
        """
        problem = read_problem(site, load, tariff, discount_rate=discount_rate, weight=weight, **dispatch)
        return size(problem)

    def pareto(self, site: Site, load: Any, tariff: Tariff, *, points: int = 5, **dispatch: Any) -> Frontier:
        """Plans from the cheapest to the cleanest.

        Parameters
        ----------
        site, load, tariff
            As of `dispatch`.
        points : int
            How many, both ends included.
        **dispatch
            Further arguments of `dispatch`; `grid_kg_per_kwh` is needed.

        Returns
        -------
        Frontier

        Raises
        ------
        InputError
            If no emission factor is given, or as of `dispatch`.
        """
        return pareto(of_known_size(read_problem(site, load, tariff, **dispatch)), points)

    def controller(self, site: Site, tariff: Tariff, *, history: Any = None, **options: Any) -> Controller:
        """A receding-horizon controller of the site's battery.

        Parameters
        ----------
        site, tariff
            As of `dispatch`.
        history : Series or DataFrame, optional [kW]
            Past load, from which the first month's peak target is set.
        **options
            Further arguments of `dispatch` that do not change with time.

        Returns
        -------
        Controller
            Its `step(forecast_kw, state)` gives the next interval's `Setpoints`.
        """
        return Controller(site, tariff, history=history, **options)

    def dispatch_scenarios(
        self,
        site: Site,
        loads: Mapping[str, Any] | pd.DataFrame,
        tariff: Tariff,
        *,
        probabilities: Sequence[float] | None = None,
        aim: Aim = "expected",
        tail: float = 0.2,
        **dispatch: Any,
    ) -> ScenarioPlan:
        """One battery plan that is good over several possible loads.

        Parameters
        ----------
        loads : {scenario: Series} or a forecast's DataFrame
            A forecast `ds, yhat, yhat_lower, yhat_upper` gives a low, a middle and a high load.
        probabilities : sequence of float, optional
            One per scenario; equal when omitted.
        aim : {"expected", "worst", "cvar"}
            What is least: the mean cost, the largest, or the mean of the dearest share `tail`.
        tail : float [-]
            Share of outcomes that counts with "cvar".
        **dispatch
            Further arguments of `dispatch`.

        Returns
        -------
        ScenarioPlan
        """
        if not isinstance(loads, (Mapping, pd.DataFrame)) or not len(loads):
            raise InputError(
                "is not {scenario: load}",
                field="loads",
                value=type(loads).__name__,
                remedy="Give {'low': …, 'high': …}, or a forecast's frame.",
            )
        cases = forecast_scenarios(loads) if isinstance(loads, pd.DataFrame) else dict(loads)
        common_times(cases)
        problems = {name: of_known_size(read_problem(site, load, tariff, **dispatch)) for name, load in cases.items()}
        return plan_scenarios(problems, probabilities, aim, tail)

    def dispatch_many(
        self,
        cases: Mapping[str, Case],
        *,
        executor: Executor | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Schedule]:
        """Dispatch many parks.

        Parameters
        ----------
        cases : {park: Case}
        executor : Executor of `concurrent.futures`, optional
            One after another in this process without it.
        progress : callable, optional
            Called with how many are done, and of how many.

        Returns
        -------
        {park: Schedule}
        """
        return solve_portfolio(cases, executor, progress)

    def convex_model(self, site: Site, load: Any, tariff: Tariff, **dispatch: Any) -> ConvexModel:
        """The dispatch model in cvxpy, to which convex terms and limits may be added.

        Parameters
        ----------
        site, load, tariff, **dispatch
            As of `dispatch`; without on/off decisions.

        Returns
        -------
        ConvexModel
        """
        return ConvexModel(of_known_size(read_problem(site, load, tariff, **dispatch)))
