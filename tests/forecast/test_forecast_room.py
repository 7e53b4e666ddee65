"""The room as a package, and the arithmetic below the forecasters."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import carbonost.engines.forecast as room
from carbonost.domain.forecast import Forecast
from carbonost.engines.forecast import backtest, forecast
from carbonost.engines.forecast.intervals import conformal_quantile
from carbonost.engines.forecast.sequential import Sequence
from carbonost.errors import InputError


def test_the_lazy_names_and_the_spelled_ones_agree():
    assert sorted(room.__all__) == sorted(room._NAMES) == dir(room)
    assert all(getattr(room, name) is not None for name in room.__all__)


def test_a_default_forecast_loads_nothing_heavy():
    script = """
import sys, numpy as np, pandas as pd
from carbonost.engines.forecast import predict_load
stamps = pd.date_range("2025-03-03", periods=24 * 30, freq="h", tz="Asia/Shanghai")
predict_load(pd.Series(np.arange(720.0) % 24, index=stamps), holidays=None)
print(sorted({"prophet", "sklearn", "scipy", "cvxpy", "highspy", "holidays", "sqlalchemy"} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@given(st.integers(0, 2**32 - 1), st.integers(3, 30), st.integers(1, 4))
def test_one_pass_equals_regression_on_every_past(seed, n, lead):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2, n + 1, 3))
    kernels, values, noise = root @ root.transpose(0, 2, 1), rng.normal(size=(2, n, 2)), np.array([0.5, 2.0])
    sequence = Sequence(kernels[:, :n, :n].copy(), values, noise, np.full(2, np.inf))
    past, ahead = sequence.past(lead), sequence.ahead(kernels[:, n:, :n])
    for kernel, value, variance, said, then in zip(kernels, values, noise, past, ahead, strict=True):
        expected = np.zeros((n, 2))
        for i in range(lead, n):
            seen = slice(0, i - lead + 1)
            noisy = kernel[seen, seen] + variance * np.eye(i - lead + 1)
            expected[i] = kernel[i, seen] @ np.linalg.solve(noisy, value[seen])
        np.testing.assert_allclose(said, expected, atol=1e-9)
        last = kernel[n:, :n] @ np.linalg.solve(kernel[:n, :n] + variance * np.eye(n), value)
        np.testing.assert_allclose(then, last, atol=1e-9)


def test_an_outlier_moves_the_next_day_by_no_more_than_the_bound():
    kernel = np.full((1, 4, 4), 1.0)
    values = np.array([[[0.0], [0.0], [1e9]]])
    mild = Sequence(kernel[:, :3, :3].copy(), values, np.ones(1), np.full(1, 2.0)).ahead(kernel[:, 3:, :3])
    assert 0 < mild[0, 0, 0] < 2.0


def test_a_quantile_of_four_of_five_scores_takes_the_finite_sample_into_account():
    assert conformal_quantile(np.arange(1.0, 10.0), 0.8) == 8.0  # ceil(0.8 * 10)th of nine
    assert conformal_quantile(np.array([3.0]), 0.99) == 3.0
    assert conformal_quantile(np.array([]), 0.8) == 0.0


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 0.8, 0.9]))
def test_conformal_quantiles_cover_exchangeable_scores(seed, level):
    rng = np.random.default_rng(seed)
    scores = rng.exponential(size=(400, 41))
    covered = [row[-1] <= conformal_quantile(row[:-1], level) for row in scores]
    assert np.mean(covered) >= level - 0.09


def test_scores_are_the_textbooks(plant):
    load = plant(40)
    result = backtest(load, ("naive",), 5, holidays=None)
    cells = result.cells
    assert len(cells) == 5 * 24
    assert set(cells.day_type) <= {"workday", "weekend"}
    error = (cells.y - cells.yhat).abs().mean()
    row = result.scores().loc["naive"]
    assert row.mae == pytest.approx(error)
    change = load.diff(24).abs()[: cells.origin.min()].iloc[:-1].mean()
    assert row.mase == pytest.approx(error / change)
    parts = []
    for share, bound in ((0.1, cells.yhat_lower), (0.5, cells.yhat), (0.9, cells.yhat_upper)):
        off = cells.y - bound
        parts.append(np.where(off > 0, share * off, (share - 1) * off).mean())
    assert row.pinball == pytest.approx(np.mean(parts))
    assert row.coverage == pytest.approx(((cells.y >= cells.yhat_lower) & (cells.y <= cells.yhat_upper)).mean())
    assert row.seconds > 0
    assert list(result.scores("origin").columns) == ["mae", "mase", "pinball", "coverage"]


def test_a_forecast_knows_its_levels(plant):
    said = forecast(plant(20), levels=(0.8,))
    assert isinstance(said, Forecast)
    assert len(said) == 24
    with pytest.raises(InputError, match=r"Known: \[0.8\]"):
        said.to_frame(0.9)


def test_a_forecast_and_its_scores_read_as_tables_dicts_and_html(plant):
    said = forecast(plant(60), levels=(0.5, 0.8))
    assert repr(said).startswith("<Forecast by auto: 24 intervals from ")
    assert said.to_frame().equals(said.to_frame(0.8))
    assert forecast(plant(60), levels=(0.6,)).to_frame().attrs["level"] == 0.6
    assert json.loads(json.dumps(said.to_dict()))["yhat"] == said.mean.tolist()
    assert "<table" in said._repr_html_()
    scores = backtest(plant(60), models=("naive",), origins=2)
    assert len(scores.to_frame()) == 48
    assert scores.to_dict()["naive"]["mae"] == scores.scores().loc["naive", "mae"]
    assert "<table" in scores._repr_html_()


@pytest.mark.parametrize(("language", "names"), [("zh", ["80 % 区间", "预测均值"]), ("en", ["80 % interval", "mean"])])
def test_a_forecast_is_drawn_in_chinese_or_english(plant, language, names):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    axes = forecast(plant(60), levels=(0.8,)).plot(language=language)
    axes.figure.savefig(io.BytesIO(), format="png")  # a box in place of a glyph is a warning, and fails
    assert [text.get_text() for text in axes.get_legend().get_texts()] == names
    pyplot.close(axes.figure)
