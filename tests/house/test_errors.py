"""What an error says of the value it names."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from carbonost.errors import InputError

AT = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64("nan"), "nan"),
        (np.int64(3), "3"),
        (date(2025, 1, 1), "2025-01-01"),
        (AT, "2025-01-01T00:00:00+00:00"),
        (pd.Timestamp(AT), "2025-01-01T00:00:00+00:00"),
        (np.datetime64("2025-01-01T00:00"), "2025-01-01T00:00:00"),
        ("a\x00b", r"'a\x00b'"),
        ("万kWh", "'万kWh'"),
        ("x" * 200, "'" + "x" * 76 + "..."),
    ],
)
def test_a_value_is_named_as_a_reader_would_write_it(value: object, shown: str) -> None:
    assert str(InputError("cannot be used", field="f", value=value)) == f"field 'f', value {shown}: cannot be used"
