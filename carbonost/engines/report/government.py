"""An organisation and its emissions, as the envelopes the enterprise report reads.

Totals are taken over, never added up; what is not given stays missing and becomes a stated gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from carbonost.errors import InputError

_TOTALS: Final = {
    "S1_tco2e_y": ("S1_tco2e_y", "scope1", "scope1_t", "scope1_emissions"),
    "S2_tco2e_y": ("S2_tco2e_y", "scope2", "scope2_t", "scope2_location_t", "scope2_emissions"),
    "S2_market_tco2e_y": ("S2_market_tco2e_y", "scope2_market_t", "scope2_market"),
    "S3_tco2e_y": ("S3_tco2e_y", "scope3", "scope3_t", "scope3_emissions"),
    "total_tco2e_y": ("total_tco2e_y", "total", "total_t", "total_emissions"),
    "biogenic_co2_t_y": ("biogenic_co2_t_y", "biogenic_co2_t"),
}


def as_data(organization: Mapping[str, Any], emissions: Any, period: Mapping[str, Any] | str) -> dict[str, Any]:
    """Report data from the specification's three arguments.

    Raises
    ------
    InputError
        If the organisation has no name, or the emissions are neither an inventory nor a mapping.
    """
    name = organization.get("name") or organization.get("organization_name")
    if not name:
        raise InputError("the organisation needs a name", "organization_data.name", None, "Give its registered name.")
    org = {key: _text(value) for key, value in organization.items() if value is not None}
    return {
        "org": {"metrics": {"name": name, **org}},
        "baseline": _baseline(emissions),
        "meta": {"organization": name, "period": _period(period), "date": _date(period)},
    }


def _text(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, list, dict)) else str(value)


def _period(period: Mapping[str, Any] | str) -> str:
    if isinstance(period, str):
        return period
    if "start" in period and "end" in period:
        return f"{period['start']} 至 {period['end']}"
    if "year" in period:
        return f"{period['year']} 年"
    raise InputError("the period is not stated", "period", dict(period), 'Give {"start": …, "end": …} or {"year": …}.')


def _date(period: Mapping[str, Any] | str) -> str:
    return str(period.get("report_date", "")) if isinstance(period, Mapping) else ""


def _baseline(emissions: Any) -> dict[str, Any]:
    if hasattr(emissions, "to_frame") and hasattr(emissions, "scope1_t"):
        return _from_inventory(emissions)
    if hasattr(emissions, "model_dump"):
        emissions = emissions.model_dump(mode="json")
    if not isinstance(emissions, Mapping):
        raise InputError(
            "emissions are an inventory, an envelope or a mapping of totals",
            field="emission_data",
            value=type(emissions).__name__,
            remedy='Give {"scope1": t, "scope2": t, "total": t, "by_source": [...]}.',
        )
    if "metrics" in emissions:
        return dict(emissions)
    metrics = {}
    for metric, names in _TOTALS.items():
        value = next((emissions[name] for name in names if emissions.get(name) is not None), None)
        if value is not None:
            metrics[metric] = value if isinstance(value, Mapping) else {"value": float(value), "unit": "tCO2e"}
    artifacts = {key: emissions[key] for key in ("by_source", "activity", "factors", "by_gas") if emissions.get(key)}
    return {"metrics": metrics, "artifacts": artifacts, "data_gaps": list(emissions.get("data_gaps", ()))}


def _from_inventory(inventory: Any) -> dict[str, Any]:
    totals = {
        "S1_tco2e_y": inventory.scope1_t,
        "S2_tco2e_y": inventory.scope2_location_t,
        "S2_market_tco2e_y": inventory.scope2_market_t,
        "S3_tco2e_y": getattr(inventory, "scope3_t", None),
        "total_tco2e_y": inventory.total_t("location_based"),
        "biogenic_co2_t_y": getattr(inventory, "biogenic_co2_t", None),
    }
    metrics = {key: {"value": float(value), "unit": "tCO2e"} for key, value in totals.items() if value is not None}
    rows = [
        {
            "scope": str(row["scope"]),
            "energy_type": str(row["energy_type"]),
            "consumption": float(row["consumption"]),
            "unit": str(row["unit"]),
            "factor_id": str(row["factor_id"]),
            "emissions_tco2e": float(row["emissions_co2e"]),
        }
        for row in inventory.to_frame().to_dict("records")
    ]
    return {"metrics": metrics, "artifacts": {"by_source": rows}}
