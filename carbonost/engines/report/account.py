"""A park's account by the national method, as the envelope the zero-carbon-park dossier reads."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

from carbonost.errors import InputError

_METRICS: Final = {
    "emissions_t": "tCO2",
    "energy_tce": "tce",
    "intensity_t_per_tce": "tCO2/tce",
    "target": "tCO2/tce",
    "gap": "tCO2/tce",
    "international_t": "tCO2",
}
_TABLES: Final = ("terms", "indicators", "bridge", "closing_moves")


def park_envelope(account: Any) -> dict[str, Any]:
    """The envelope of a `ZeroCarbonPark`, for ``data["park"]`` of the kind ``zero_carbon_park``.

    Parameters
    ----------
    account : ZeroCarbonPark
        What `CarbonCalculator.zero_carbon_park` returns.

    Returns
    -------
    dict
        ``metrics``, ``artifacts``, ``assumptions``, ``data_gaps``; what is NaN there is null here.

    Raises
    ------
    InputError
        If it is no such account.
    """
    if not all(hasattr(account, name) for name in (*_METRICS, *_TABLES)):
        raise InputError(
            "this is no account by the national method",
            field="account",
            value=type(account).__name__,
            remedy="Pass what CarbonCalculator.zero_carbon_park returns.",
        )
    return {
        "stage": "park",
        "metrics": {name: {"value": _plain(getattr(account, name)), "unit": unit} for name, unit in _METRICS.items()},
        "artifacts": {
            name: [
                {key: _plain(value) for key, value in row.items()} for row in getattr(account, name).to_dict("records")
            ]
            for name in _TABLES
        },
        "assumptions": [item.model_dump(mode="json") for item in account.assumptions],
        "data_gaps": [item.model_dump(mode="json") for item in account.gaps],
        "reproducibility": {"model_version": str(account.method), "param_version": str(account.year)},
    }


def _plain(value: Any) -> Any:
    """A cell as plain JSON: numbers without NaN, everything else as it stands."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not isfinite(value):
        return None
    return value if isinstance(value, (bool, int, float)) else str(value)
