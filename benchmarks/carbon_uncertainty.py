"""Uncertainty: nanoseconds a row by propagation, and Monte Carlo against the random generator alone.

``python benchmarks/carbon_uncertainty.py`` takes about half a minute. Propagation: rows of 300 shared
factors, total and by scope, one thread. Monte Carlo: 1000 sources, 10 000 draws, every source with its
own factor; the limit draws the same count of random numbers of the same distribution and nothing else,
in blocks that stay in cache (``blocked``) and as one array (``whole``).
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

from carbonost.engines.carbon.draws import monte_carlo
from carbonost.engines.carbon.uncertainty import propagate

BLOCK = 1 << 14


def timed(call, repeat: int) -> float:
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return median(times)


def generator(name: str):
    rng = np.random.default_rng(1)
    draw = {
        "normal": rng.standard_normal,
        "lognormal": lambda size: rng.lognormal(0.0, 0.05, size),
        "triangular": lambda size: rng.triangular(0.9, 1.0, 1.1, size),
        "uniform": rng.random,
    }[name]

    def blocked(count: int) -> None:
        for first in range(0, count, BLOCK):
            draw(min(BLOCK, count - first))

    return blocked, draw


def main(rows: int = 1_000_000, sources: int = 1000, draws: int = 10_000, repeat: int = 5) -> None:
    """Print two markdown tables."""
    rng = np.random.default_rng(0)
    tonnes, activity, factor_pct = rng.random(rows), rng.random(rows) * 10, rng.random(rows) * 10
    factor, scope = rng.integers(0, 300, rows), rng.integers(0, 3, rows)
    print("| propagation | ns/row |\n|---|---|")
    total = timed(lambda: propagate(tonnes, activity, factor_pct, factor, factors=300), repeat)
    groups = timed(lambda: propagate(tonnes, activity, factor_pct, factor, scope, groups=3, factors=300), repeat)
    print(f"| total, {rows:,} rows | {total / rows * 1e9:.1f} |")
    print(f"| by scope, {rows:,} rows | {groups / rows * 1e9:.1f} |\n")
    print(f"| Monte Carlo {sources:,} x {draws:,} | seconds | over blocked generator | over whole generator |")
    print("|---|---|---|---|")
    own = np.arange(sources)
    for name in ("normal", "lognormal", "triangular", "uniform"):
        blocked, whole = generator(name)
        count = 2 * sources * draws
        limit, limit_whole = timed(lambda: blocked(count), repeat), timed(lambda: whole(count), repeat)  # noqa: B023
        spent = timed(
            lambda: monte_carlo(
                tonnes[:sources],
                activity[:sources],
                factor_pct[:sources],
                own,
                draws=draws,
                rng=np.random.default_rng(1),
                activity_distribution=name,  # noqa: B023
                factor_distribution=name,  # noqa: B023
            ),
            repeat,
        )
        print(f"| {name} | {spent:.2f} | {spent / limit:.2f} | {spent / limit_whole:.2f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=5)
    main(**vars(parser.parse_args()))
