"""Finance over many measures and scenarios, beside the libraries people use for it.

Prints Markdown tables. Every time is the median of five in this process, told as a ratio to ours;
numpy-financial and pyxirr take part where they are installed. The second table counts answers that
are wrong or silent, on flows whose rates are known because the flows were built from them.
"""

from __future__ import annotations

import importlib
import statistics
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost.domain.measure import Investment
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance import Cashflow, irr, irr_column, npv

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, YEARS = 5_000, 25


def median(call: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of one call, the middle of `repeats`."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def optional(name: str) -> Any:
    """A peer, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def ordinary(rng: np.random.Generator) -> np.ndarray:
    """Investments with noisy yearly income: one rate each."""
    table = rng.uniform(0.02, 0.25, (ROWS, YEARS + 1))
    table[:, 0] = -1.0
    return table


def speed() -> None:
    """Print the ratios of time."""
    rng = np.random.default_rng(7)
    table = ordinary(rng)
    rates = rng.uniform(0.02, 0.12, ROWS)
    peer, rust = optional("numpy_financial"), optional("pyxirr")
    ours_irr, ours_npv = median(lambda: irr_column(table)), median(lambda: npv(rates, table))
    print(f"{ROWS} cash flows of {YEARS} years\n")
    print("| task | way | ratio |\n|---|---|---|")
    print("| rate of return | carbonost `irr_column` | 1 |")
    loop = median(lambda: [irr(row) for row in table[:500]]) * ROWS / 500
    print(f"| | carbonost `irr`, one by one, every root | {loop / ours_irr:.0f} |")
    if peer is not None:
        loop = median(lambda: [peer.irr(row) for row in table[:500]]) * ROWS / 500
        print(f"| | numpy-financial, one by one | {loop / ours_irr:.0f} |")
    if rust is not None:
        print(
            f"| | pyxirr (compiled), one by one | {median(lambda: [rust.irr(row) for row in table]) / ours_irr:.1f} |"
        )
    print("| present value, one rate per row | carbonost `npv` | 1 |")
    if peer is not None:
        loop = median(lambda: [peer.npv(rate, row) for rate, row in zip(rates, table, strict=True)])
        print(f"| | numpy-financial, one by one | {loop / ours_npv:.0f} |")
    if rust is not None:
        loop = median(lambda: [rust.npv(rate, row) for rate, row in zip(rates, table, strict=True)])
        print(f"| | pyxirr (compiled), one by one | {loop / ours_npv:.1f} |")
    sweep()


def sweep() -> None:
    """Ten measures under a thousand price cases: one build, or a build for each."""
    measures = [
        Investment(id=str(i), capex_cny=1e6 * (1 + i), electricity_kwh_per_year=3e5 * (1 + i), life_years=10 + i)
        for i in range(10)
    ]
    prices = np.linspace(0.4, 1.2, 1000)
    scenario = ScenarioParams()
    base = scenario.model_dump()
    together = median(
        lambda: Cashflow.build(measures, {**base, "electricity_price_y_per_kwh": prices[:, None]}).npv_cny
    )

    def alone() -> None:
        for price in prices[:20]:
            for one in measures:
                _ = Cashflow.build(one, {**base, "electricity_price_y_per_kwh": price}).npv_cny

    print("| taxed cash flows, 10 measures x 1,000 prices | one `Cashflow.build` | 1 |")
    print(f"| | a build for each | {median(alone, 3) * 50 / together:.0f} |")


def truth() -> None:
    """Print how often a way answers with a rate that is not the only one, or with nothing."""
    rng = np.random.default_rng(11)
    cases = []
    for _ in range(400):
        count = int(rng.integers(1, 5))
        roots = np.sort(rng.choice(np.arange(-0.5, 2.0, 0.1), count, replace=False))
        cases.append((roots, -np.poly(1 + roots)))
    peers: dict[str, Callable[[np.ndarray], float | None]] = {"carbonost `irr`": lambda flow: irr(flow).rate}
    numpy_financial, rust = optional("numpy_financial"), optional("pyxirr")
    if numpy_financial is not None:
        peers["numpy-financial"] = numpy_financial.irr
    if rust is not None:
        peers["pyxirr"] = rust.irr
    print("\n400 cash flows built from one to four rates\n")
    print("| way | picks one of several in silence | misses the only one | finds every rate |\n|---|---|---|---|")
    for name, call in peers.items():
        silent = missed = 0
        for roots, flow in cases:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = call(flow)
            given = answer is not None and np.isfinite(answer)
            silent += len(roots) > 1 and given
            missed += len(roots) == 1 and not (given and abs(answer - roots[0]) < 1e-6)
        every = "-"
        if name.startswith("carbonost"):
            hits = sum(
                len(found) == len(roots) and np.allclose(found, roots, atol=1e-5)
                for roots, flow in cases
                for found in [irr(flow).roots]
            )
            every = f"{hits} of {len(cases)}"
        print(f"| {name} | {silent} | {missed} | {every} |")


def main() -> None:
    """Measure and print."""
    speed()
    truth()


if __name__ == "__main__":
    main()
