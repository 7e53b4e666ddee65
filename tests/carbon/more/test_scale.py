"""One calculation on the engine the table lives in, equal to the row-by-row way."""

import shutil

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.carbon.calculator import CarbonCalculator
from carbonost.engines.carbon.scale import calculate_table, condense, join_emissions
from carbonost.errors import InputError

CALC = CarbonCalculator(parameter_set="gbt32151.22-2024")
pytestmark = [
    pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning"),  # into a package not yet out
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # what is used works
]
ENGINES = ["pandas", "pyarrow", "polars", "polars_lazy", "duckdb", "dask", "spark"]


def readings(n=2000, seed=5):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "energy_type": np.array(["electricity", "natural_gas", "diesel"])[kind],
            "unit": np.array(["kWh", "Nm3", "t"])[kind],
            "region": np.array(["CN-JS", "CN-ZJ", "CN"])[rng.integers(0, 3, n)],
            "facility": np.array(["forge", "paint shop", "O'Brien hall"])[rng.integers(0, 3, n)],
            "consumption": rng.random(n) * 100,
            "period_start": np.datetime64("2022-01-01", "s") + rng.integers(0, 1095, n) * np.timedelta64(86_400, "s"),
        }
    )


@pytest.fixture(params=ENGINES)
def to_engine(request):
    if request.param == "pandas":
        return lambda frame: frame
    if request.param == "pyarrow":
        return pytest.importorskip("pyarrow").Table.from_pandas
    if request.param.startswith("polars"):
        pl = pytest.importorskip("polars")
        return (lambda f: pl.from_pandas(f).lazy()) if request.param.endswith("lazy") else pl.from_pandas
    if request.param == "duckdb":
        connection = pytest.importorskip("duckdb").connect()
        return connection.from_df
    if request.param == "dask":
        dask = pytest.importorskip("dask.dataframe")
        return lambda frame: dask.from_pandas(frame, npartitions=3)
    pytest.importorskip("pyspark", reason="pip install pyspark, with Java 17 on the machine")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 on the machine")
    return request.getfixturevalue("spark").createDataFrame


@pytest.fixture(scope="session")
def spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    yield session
    session.stop()


def as_pandas(native):
    import narwhals as nw

    frame = nw.from_native(native)
    return (frame.collect() if hasattr(frame, "collect") else frame).to_pandas()


def test_every_engine_gives_the_row_by_row_inventory(to_engine):
    frame = readings()
    rows = CALC.calculate(frame.assign(period_end=frame["period_start"]))
    inventory = calculate_table(CALC.calculate, to_engine(frame), by=["facility"])
    assert float(inventory.total_t()) == pytest.approx(float(rows.total_t()), rel=1e-12)
    expected = rows.by("facility", "energy_type")
    np.testing.assert_allclose(
        inventory.by("facility", "energy_type")["emissions_co2e"], expected["emissions_co2e"], rtol=1e-12
    )
    assert inventory.source["rows"].sum() == len(frame)


def test_every_engine_joins_each_rows_own_figure(to_engine):
    frame = readings(300)
    rows = CALC.calculate(frame.assign(period_end=frame["period_start"])).to_frame()
    keys = ["facility", "energy_type", "consumption"]
    joined = as_pandas(join_emissions(CALC.calculate, to_engine(frame))).sort_values(keys, ignore_index=True)
    expected = rows.sort_values(keys, ignore_index=True)
    np.testing.assert_allclose(joined["emissions_co2e"], expected["emissions_co2e"], rtol=1e-12)
    np.testing.assert_allclose(joined["emissions_co2e_market"], expected["emissions_co2e_market"], rtol=1e-12)
    assert joined["factor_id"].tolist() == expected["factor_id"].astype(str).tolist()


def test_empty_cells_and_coded_columns_join_too(to_engine):
    frame = readings(60)
    frame["scope"] = np.where(frame["energy_type"] == "electricity", 2.0, np.nan)
    frame["category"] = np.where(frame["energy_type"] == "diesel", "mobile", None)
    joined = as_pandas(join_emissions(CALC.calculate, to_engine(frame)))
    assert joined["emissions_co2e"].notna().all()
    coded = pytest.importorskip("polars").from_pandas(frame.astype({"energy_type": "category"}))
    assert join_emissions(CALC.calculate, coded)["emissions_co2e"].sum() == pytest.approx(
        joined["emissions_co2e"].sum()
    )


@pytest.mark.parametrize("every", ["day", "month", "year"])
def test_the_length_of_the_period_changes_nothing(every):
    frame = readings()
    total = calculate_table(CALC.calculate, frame, every=every).total_t()
    assert float(total) == pytest.approx(float(calculate_table(CALC.calculate, frame).total_t()), rel=1e-12)


def test_days_are_numbered_as_the_calendar_has_them():
    days = pd.date_range("1999-12-25", "2004-03-05", freq="D")
    frame = pd.DataFrame({"energy_type": "electricity", "unit": "kWh", "consumption": 1.0, "period_start": days})
    assert condense(frame, every="day")["period_start"].tolist() == days.tolist()


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_one_bad_row_is_counted_and_refused_on_every_engine(to_engine, bad):
    frame = readings(50)
    frame.loc[7, "consumption"] = bad
    with pytest.raises(InputError, match="1 rows"):
        condense(to_engine(frame))


def test_rows_that_straddle_periods_are_refused_until_the_period_holds_them():
    frame = pd.DataFrame(
        {
            "energy_type": ["electricity"],
            "unit": ["kWh"],
            "consumption": [1.0],
            "period_start": [pd.Timestamp("2023-01-15")],
            "period_end": [pd.Timestamp("2023-02-14")],
        }
    )
    with pytest.raises(InputError, match="reach beyond the month"):
        condense(frame)
    assert len(condense(frame, every="year")) == 1


def test_a_table_without_its_columns_is_refused():
    with pytest.raises(InputError, match="period_start"):
        condense(readings().drop(columns="period_start"))
    with pytest.raises(InputError, match="building_id"):
        condense(readings(), by=["building_id"])


def test_what_a_sum_would_lose_is_refused():
    with pytest.raises(InputError, match="purity"):
        condense(readings().assign(purity=0.9))
