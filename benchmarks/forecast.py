"""Forecasts of real loads beside the seasonal naives and Prophet as the platform specification calls it.

``python benchmarks/forecast.py --data DIR`` reads the evaluation series it finds in DIR; none is shipped.
Without DIR, three synthetic plants stand in. Every origin is a local midnight; a model sees what came before
it and no more. Prophet is scored on every ``--prophet-every``-th origin and set against ours on the same ones.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import statistics
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carbonost.engines.forecast import backtest, day_types, predict_load

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.engines.forecast import Backtest

LEVEL = 0.8
YEARS = (365, 730)  # days
OWN_RUNS, PROPHET_RUNS = 9, 3
KNOWN = (  # name, file, stamps, values, zone, country, days kept, first origin after days
    ("region", "load/cn_region_hourly.csv", "time", "load_kw", "Asia/Shanghai", "CN", 1096, 731),
    ("steel", "energy/steel_daewoo_gwangyang_2018_15min.csv", "interval_start_kst", "energy_kwh", "Asia/Seoul",
     "KR", 365, 77),
    ("building 1", "load/bdg2_two_buildings_hourly.csv", "timestamp", "building_1", "Etc/GMT+5", "US", 365, 77),
    ("building 2", "load/bdg2_two_buildings_hourly.csv", "timestamp", "building_2", "Etc/GMT+5", "US", 365, 77),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A series and where its origins lie."""

    name: str
    series: pd.Series
    country: str
    first: int

    def origins(self, count: int) -> list[pd.Timestamp]:
        """Midnights, evenly spread from the first day on."""
        days = self.series.index.normalize().unique()
        return [days[i] for i in np.unique(np.linspace(self.first, len(days) - 1, count).astype(int))]


def read_cases(folder: Path | None) -> list[Case]:
    """The series of a folder, hourly; synthetic ones without a folder."""
    if folder is None:
        return [Case(f"synthetic {i + 1}", plant(i), "CN", 120) for i in range(3)]
    cases = []
    for name, file, stamps, values, zone, country, days, first in KNOWN:
        if (folder / file).exists():
            table = pd.read_csv(folder / file, parse_dates=[stamps], index_col=stamps)[values]
            hourly = table.tz_localize(zone).resample("1h").mean()
            cases.append(Case(name, hourly.iloc[-24 * days :], country, first))
    for file in sorted(folder.glob("*.csv")):  # further series: stamps, value; the zone in the stamps
        table = pd.read_csv(file, index_col=0)
        zone, country = table.index.name.split("|")[1:]
        index = pd.to_datetime(table.index, utc=True).tz_convert(zone)
        cases.append(Case(file.stem, pd.Series(table.iloc[:, 0].to_numpy(), index=index), country, 77))
    return cases


def plant(number: int, days: int = 365) -> pd.Series:
    """A made-up plant: shifts, weekends, Chinese holidays, a season, and noise that lasts."""
    rng = np.random.default_rng(number)
    stamps = pd.date_range("2024-01-01", periods=24 * days, freq="h", tz="Asia/Shanghai")
    kind = day_types(stamps[0].date(), stamps[-1].date()).day_type.to_numpy()[np.arange(len(stamps)) // 24]
    works = np.isin(kind, ("workday", "makeup"))
    noise = np.zeros(len(stamps))
    for i, shock in enumerate(rng.normal(0, 3 + 2 * number, len(stamps))):
        noise[i] = 0.9 * noise[i - 1] + shock
    shift = (stamps.hour >= 8) & (stamps.hour < 18 + 2 * number)
    season = 20 * np.cos(2 * np.pi * (stamps.dayofyear - 200) / 365)
    return pd.Series(200 + 150 * works * shift + season + noise, index=stamps)


def mae(result: Backtest, model: str, origins: list[pd.Timestamp] | None = None) -> float:
    """Mean absolute error of one model, on some origins."""
    cells = result.cells[result.cells.model == model]
    if origins is not None:
        cells = cells[cells.origin.isin(origins)]
    return float((cells.y - cells.yhat).abs().mean())


def seasonal(case: Case, origins: list[pd.Timestamp], hours: int) -> float:
    """Mean absolute error of the seasonal naive forecast."""
    moved = (case.series - case.series.shift(hours)).abs()
    return float(pd.concat([moved[o : o + pd.Timedelta("23h")] for o in origins]).mean())


def accuracy(cases: list[Case], args: argparse.Namespace) -> None:
    """Print errors as ratios, and coverage."""
    models = tuple(args.models)
    print(f"\n{args.origins} daily origins a series, 24 h ahead, hourly; MAE as a ratio to the better seasonal naive\n")
    print(
        f"| series | naive 24 h / 168 h | {' | '.join(models)} | prophet | {models[0]} / prophet | coverage | pinball |"
    )
    print("|---" * (len(models) + 6) + "|")
    gathered: list[list[float]] = []
    for case in cases:
        origins = case.origins(args.origins)
        result = backtest(case.series, models, origins, level=LEVEL, holidays=case.country)
        few = origins[:: args.prophet_every] if args.prophet_every else []
        spec = backtest(case.series, ("prophet",), few, level=LEVEL, holidays="CN") if few else None
        day, week = seasonal(case, origins, 24), seasonal(case, origins, 168)
        ratios = [mae(result, model) / min(day, week) for model in models]
        scores = result.scores()
        against = mae(result, models[0], few) / mae(spec, "prophet") if spec else float("nan")
        pinball = float("nan")
        if spec:
            own = result.cells[(result.cells.model == models[0]) & result.cells.origin.isin(few)]
            pinball = _pinball(own) / _pinball(spec.cells)
        prophet = ratios[0] / against
        gathered.append([*ratios, prophet, against, pinball])
        print(
            f"| {case.name} | {day:.4g} / {week:.4g} | {' | '.join(f'{r:.3f}' for r in ratios)} | {prophet:.3f} "
            f"| {against:.3f} | {100 * scores.coverage[models[0]]:.1f} % | {pinball:.3f} |",
            flush=True,
        )
    means = [f"{np.exp(np.mean(np.log(column))):.3f}" for column in zip(*gathered, strict=True)]
    print(f"| **geometric mean** | | {' | '.join(means[:-1])} | | {means[-1]} |")


def _pinball(cells: pd.DataFrame) -> float:
    total = 0.0
    for share, column in ((0.1, "yhat_lower"), (0.5, "yhat"), (0.9, "yhat_upper")):
        off = cells.y - cells[column]
        total += float(np.maximum(share * off, (share - 1) * off).mean())
    return total / 3


def special_days(cases: list[Case], args: argparse.Namespace) -> None:
    """Print how Chinese holidays and make-up workdays of the last year are met."""
    for case in (c for c in cases if c.country == "CN"):
        last = case.series.index[-1]
        table = day_types((last - pd.Timedelta("364D")).date(), last.date())
        chosen = table[table.day_type.isin(["holiday", "makeup"])]
        origins = [pd.Timestamp(day, tz=case.series.index.tz) for day in chosen.date]
        origins = [at for at in origins if at >= case.origins(2)[0]]
        result = backtest(case.series, (args.models[0],), origins, level=LEVEL, holidays="CN")
        daily, weekly = seasonal(case, origins, 24), seasonal(case, origins, 168)
        own = mae(result, args.models[0])
        covered = 100 * result.scores().coverage.iloc[0]
        line = f"{case.name}: {len(origins)} special days, MAE {own:.4g}, {own / daily:.3f} of the daily naive, "
        line += f"{own / weekly:.3f} of the weekly one, 80 % intervals hold {covered:.1f} %"
        few = origins[:: max(1, args.prophet_every // 2)] if args.prophet_every else []
        if few:
            spec = backtest(case.series, ("prophet",), few, level=LEVEL, holidays="CN")
            line += f"; {mae(result, args.models[0], few) / mae(spec, 'prophet'):.3f} of Prophet on {len(few)} of them"
        print(f"\n{line}", flush=True)


def speed(cases: list[Case]) -> None:
    """Print the processor time of one fit and forecast beside Prophet's, for one year and for two."""
    case = max(cases, key=lambda one: len(one.series))
    series = case.series if len(case.series) >= 24 * YEARS[-1] else plant(0, YEARS[-1])
    print("\nProcessor time of reading a history, fitting and forecasting a day (median; child processes included)\n")
    print("| history | auto | prophet as specified | ratio |\n|---|---|---|---|")
    for days in YEARS:
        history = series.iloc[-24 * days :]
        own = _median_cpu_s(lambda history=history: predict_load(history, holidays=case.country), OWN_RUNS)
        spec = _median_cpu_s(lambda history=history: as_specified(history, case.country), PROPHET_RUNS)
        print(f"| {days} d | {1e3 * own:.0f} ms | {spec:.2f} s | {spec / own:.0f} x |", flush=True)
    print(f"\nLoad of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def as_specified(history: pd.Series, country: str) -> pd.DataFrame:
    """Call Prophet as the platform specification does: the frame to predict holds the history too."""
    from prophet import Prophet

    model = Prophet(daily_seasonality=True, weekly_seasonality=True, yearly_seasonality=True)
    model.add_country_holidays(country_name=country)
    model.fit(pd.DataFrame({"ds": history.index.tz_localize(None), "y": history.to_numpy()}))
    return model.predict(model.make_future_dataframe(periods=24, freq="h"))


def _median_cpu_s(call: Callable[[], object], runs: int) -> float:
    """Median processor time after one run to warm up; Prophet's solver is a child process."""
    call()
    taken = []
    for _ in range(runs):
        began = _cpu_s()
        call()
        taken.append(_cpu_s() - began)
    return statistics.median(taken)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


MEMORY = """
from pathlib import Path
import numpy as np, pandas as pd
def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
stamps = pd.date_range("2022-01-01", periods=24 * 1096, freq="h", tz="Asia/Shanghai")
load = pd.Series(100 + np.random.default_rng(0).normal(size=len(stamps)).cumsum() % 40, index=stamps)
load.rolling(24).mean()
before = peak()
from carbonost.engines.forecast import predict_load
predict_load(load)
print(peak() - before)
"""


def memory() -> None:
    """Print the peak memory of one forecast from three years, above numpy and pandas."""
    got = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)  # noqa: S603
    print(f"\nPeak memory of one forecast from three hourly years above numpy and pandas: {float(got.stdout):.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of evaluation series")
    parser.add_argument("--origins", type=int, help="daily origins of a series; 150 of a real one by default")
    parser.add_argument("--prophet-every", type=int, default=25, help="Prophet takes every n-th origin; 0: none")
    parser.add_argument("--models", nargs="+", default=["auto", "ridge", "naive"])
    parser.add_argument("--only", nargs="+", help="names of series")
    args = parser.parse_args()
    args.origins = args.origins or (150 if args.data else 36)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    cases = [c for c in read_cases(args.data) if not args.only or c.name in args.only]
    accuracy(cases, args)
    special_days(cases, args)
    if args.prophet_every:
        speed(cases)
    memory()


if __name__ == "__main__":
    main()
