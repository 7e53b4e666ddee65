"""Made-up plants, so that no test needs a file."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def plant():
    """Build a plant's load: shifts, weekends, and noise that lasts for hours."""

    def build(days=120, freq="h", noise=5.0, tz="Asia/Shanghai", start="2025-03-03", seed=1):
        per_day = {"h": 24, "15min": 96}[freq]
        stamps = pd.date_range(start, periods=days * per_day, freq=freq, tz=tz)
        rng = np.random.default_rng(seed)
        shocks, lasting = rng.normal(0, noise, len(stamps)), np.zeros(len(stamps))
        for i in range(1, len(stamps)):
            lasting[i] = 0.8 * lasting[i - 1] + shocks[i]
        works = (stamps.day_of_week < 5) & (stamps.hour >= 8) & (stamps.hour < 18)
        return pd.Series(200.0 + 120.0 * works + lasting, index=stamps, name="load_kw")

    return build
