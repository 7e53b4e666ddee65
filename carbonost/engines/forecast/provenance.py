"""What it takes to make the same forecast again."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from carbonost.engines.forecast.history import History

VERSION: Final = "1"


def provenance(history: History, name: str, parameters: object) -> dict[str, str]:
    """Digests of a history and of a forecaster's parameters, and the versions in use."""
    seen = sha256(history.starts.as_unit("s").asi8.tobytes())
    seen.update(history.readings.tobytes())
    return {
        "engine": f"carbonost.forecast.{name}/{VERSION}",
        "history_sha256": seen.hexdigest(),
        "parameters_sha256": sha256(repr((name, parameters, VERSION)).encode()).hexdigest(),
        "numpy": np.__version__,
    }
