"""Readings on their way out: as a DataFrame, or as an Arrow table for readers without us."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost._lazy import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.storage.ports import SeriesInfo

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]

_SHARED: Final = 1 << 16
"""A column of one text up to so many rows long is a piece of an array that is kept."""


def readings_frame(
    series: Sequence[SeriesInfo],
    code: Integers,
    start: Integers,
    value: Floats,
    quality: Integers,
    status: Texts | None,
) -> pd.DataFrame:
    """Return readings as columns point, start, value, energy_type, unit, quality, status."""
    stamps = pd.DatetimeIndex(start.astype("datetime64[us]")).tz_localize("UTC")
    shown = {name: _spread([info[name] for info in series], code) for name in ("point", "energy_type", "unit")}
    return pd.DataFrame(
        {
            "point": shown["point"],
            "start": stamps,
            "value": value,
            "energy_type": shown["energy_type"],
            "unit": shown["unit"],
            "quality": quality,
            "status": pd.array(status, dtype="str") if status is not None else _spread([""], np.zeros_like(code)),
        },
        copy=False,
    )


def _spread(texts: Sequence[str], code: Integers) -> Any:
    """Return one text per row, without a Python object for each."""
    if len(set(texts)) == 1 and len(code) <= _SHARED:
        shared = _one_text(texts[0], 1 << len(code).bit_length())
        if getattr(shared.dtype, "storage", None) == "pyarrow":  # an Arrow array never changes
            return shared[: len(code)]
    return pd.array(np.array([*texts] or [""], dtype=object), dtype="str").take(code)


@lru_cache(maxsize=32)
def _one_text(text: str, rows: int) -> Any:
    return pd.array(np.array([text], dtype=object), dtype="str").take(np.zeros(rows, dtype=np.int64))


def readings_table(
    series: Sequence[SeriesInfo],
    code: Integers,
    start: Integers,
    value: Floats,
    quality: Integers,
    status: Texts | None,
) -> Any:
    """Return the same as an Arrow table; texts are dictionaries, tags ride along as columns."""
    pa = load("pyarrow", "reading as Arrow")
    tags = sorted({name for info in series for name in info.tags})
    columns = {
        name: _dictionary(pa, [info[name] for info in series], code) for name in ("point", "energy_type", "unit")
    }
    texts = status if status is not None else np.full(len(code), "", dtype=object)
    table = {
        "point": columns["point"],
        "start": pa.array(start, type=pa.timestamp("us", tz="UTC")),
        "value": pa.array(value),
        "energy_type": columns["energy_type"],
        "unit": columns["unit"],
        "quality": pa.array(quality),
        "status": pa.array(texts, type=pa.string()).dictionary_encode(),
    }
    table |= {name: _dictionary(pa, [info.tags.get(name) for info in series], code) for name in tags}
    return pa.table(table)


def _dictionary(pa: Any, texts: Sequence[str | None], code: Integers) -> Any:
    distinct = sorted({text for text in texts if text is not None})
    place = {text: i for i, text in enumerate(distinct)}
    index = np.array([place.get(text, -1) if text is not None else -1 for text in texts] or [0], dtype=np.int64)
    picked = index[code]
    return pa.DictionaryArray.from_arrays(
        pa.array(picked, type=pa.int32(), mask=picked < 0), pa.array(distinct, type=pa.string())
    )
