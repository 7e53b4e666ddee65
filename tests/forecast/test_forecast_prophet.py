"""The specification's Prophet call, repaired for pandas 3 (S30)."""

import logging
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.forecast import predict_load
from carbonost.errors import InputError, MissingExtraError


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Prophet's own
        yield
    logging.getLogger("cmdstanpy").disabled = False


def test_it_is_the_specifications_call_with_todays_frequency(plant):
    prophet = pytest.importorskip("prophet")
    load = plant(40)
    logging.getLogger("cmdstanpy").disabled = True
    model = prophet.Prophet(daily_seasonality=True, weekly_seasonality=True, yearly_seasonality=True)
    model.add_country_holidays(country_name="CN")
    model.fit(pd.DataFrame({"ds": load.index.tz_localize(None), "y": load.to_numpy()}))
    spec = model.predict(model.make_future_dataframe(periods=24, freq="h")).tail(24)
    out = predict_load(load, model="prophet")
    np.testing.assert_allclose(out.yhat, spec.yhat, rtol=1e-6)
    assert (out.ds.dt.tz_localize(None).to_numpy() == spec.ds.to_numpy()).all()
    assert out.attrs["provenance"]["solver"].startswith("prophet ")


def test_the_specifications_own_frequency_is_gone():
    with pytest.raises(ValueError, match="H"):
        pd.date_range("2025-01-01", periods=3, freq="H")


def test_its_intervals_repeat_and_leave_the_callers_chance_alone(plant):
    pytest.importorskip("prophet")
    np.random.seed(4)  # noqa: NPY002
    expected = np.random.RandomState(4).rand()
    one = predict_load(plant(20), model="prophet", level=0.5)
    assert np.random.rand() == expected  # noqa: NPY002
    pd.testing.assert_frame_equal(one, predict_load(plant(20), model="prophet", level=0.5))


def test_it_takes_no_signals(plant):
    pytest.importorskip("prophet")
    with pytest.raises(InputError, match="exog"):
        predict_load(plant(20), model="prophet", exog=plant(25).to_frame())


def test_a_missing_package_names_its_extra(plant, monkeypatch):
    monkeypatch.setitem(sys.modules, "prophet", None)
    with pytest.raises(MissingExtraError, match=r"model='prophet' needs prophet: pip install 'carbonost\[forecast\]'"):
        predict_load(plant(20), model="prophet")
