"""The packaged synthetic park: `sample_park` returns it, `write_park` lays it out as files to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.scenario import GeoSelection, ScenarioParams
    from carbonost.ingestion.park import ParkData

__all__ = ["sample_park", "write_park"]

NAME: Final = "示例零碳园区（合成数据）"

_SCENARIO: Final[dict[str, Any]] = {
    "scenario_id": "sample-2025",
    "region": "CN-JS",
    "accounting_year": 2025,
    "vintage": "latest_published",
    "parameter_set": "ndrc.other",
    "electricity_price_y_per_kwh": 0.68,
    "gas_price_y_per_nm3": 3.4,
    "steam_price_y_per_t": 225.0,
    "heat_price_y_per_gj": 82.0,
    "diesel_price_y_per_t": 7300.0,
    "carbon_price_y_per_tco2": 70.0,
    "wacc": 0.08,
    "horizon_years": 15,
    "tariff_region": "CN-JS",
    "tariff_voltage": "1-10kV",
    "tariff_charge": "demand",
    "demand_price_y_per_kw_month": 40.0,
    "feed_in_price_y_per_kwh": 0.30,
    "green_power_premium_y_per_kwh": 0.02,
}
"""Invented prices, on the terms a Jiangsu park has to state."""

_PRICES: Final[dict[str, Any]] = {
    "electricity": {"flat_cny_per_kwh": 0.66, "floating_cny_per_kwh": 0.40, "not_floating_cny_per_kwh": 0.26}
}

_SITE: Final[dict[str, Any]] = {
    "latitude": 31.408,
    "longitude": 120.708,
    "roof_area_m2": 258_200.0,
    "roof_usable_share": 0.55,
    "land_area_m2": 12_000.0,
    "grid_headroom_kw": 12_000.0,
    "transformer_kva": 31_500.0,
    "tou_tariff": "CN-JS",
    "steam_grade": {"pressure_mpa": 0.4, "temperature_c": 150.0, "process_temperature_c": 110.0},
    "waste_heat_profile": {"source_temperature_c": 62.0, "heat_gj_per_year": 46_000.0, "hours_per_year": 7_200.0},
    "motor_list": [
        {
            "name": "风机水泵",
            "rated_kw": 75.0,
            "poles": 4,
            "hours": 7000.0,
            "grade": 3,
            "count": 64,
            "load_factor": 0.7,
        },
        {
            "name": "循环泵",
            "rated_kw": 30.0,
            "poles": 4,
            "hours": 6500.0,
            "grade": 3,
            "count": 110,
            "load_factor": 0.65,
        },
    ],
    "lighting_list": [{"name": "厂房照明", "fixtures": 14_000, "watts_old": 75.0, "watts_new": 36.0, "hours": 4300.0}],
    "green_power_contract": {"energy_kwh": 24_000_000.0},
    "energy_coefficients": {
        "electricity": {"value": 0.3, "unit": "kgce/kWh", "year": 2025, "source": "合成数据：虚构的等价值折标系数"}
    },
    "guide_indicators": {
        "solid_waste_use_share": {"used_t": 9_100.0, "generated_t": 11_800.0},
        "waste_heat_use_share": {"used_gj": 19_000.0, "available_gj": 46_000.0},
        "water_reuse_share": {"reused_m3": 2_450_000.0, "used_m3": 3_300_000.0},
    },
    "capex": {
        "PV_ROOF": {"cny_per_kw": 2750.0},
        "BESS": {"cny_per_kwh": 880.0},
        "WHR": {"cny": 5_600_000.0},
        "HP_STEAM": {"cny_per_kw_heat": 2600.0},
        "MOTOR": {"cny": 3_450_000.0},
        "LED": {"cny": 2_380_000.0},
    },
    "opex": {
        "PV_ROOF": {"cny_per_kw_year": 42.0},
        "BESS": {"share_of_capex": 0.015},
        "WHR": {"share_of_capex": 0.03},
        "HP_STEAM": {"share_of_capex": 0.025},
        "MOTOR": {"cny_per_year": 0.0},
        "LED": {"cny_per_year": 0.0},
    },
}
"""Invented facts and offers; what a made-up park does not know (its hot water, its compressors) stays a gap."""


def sample_park() -> tuple[GeoSelection, ScenarioParams, ParkData]:
    """Return the synthetic park: where, on what terms, and its data.

    Returns
    -------
    (GeoSelection, ScenarioParams, ParkData)
        A made-up park of 13 firms with a year of 15-minute electricity; the same on every machine.

    Examples
    --------
    >>> selection, scenario, data = sample_park()
    >>> data.synthetic, len(data.entities)
    (True, 13)
    """
    from carbonost.domain.scenario import GeoSelection, ScenarioParams
    from carbonost.ingestion.park import ParkData
    from carbonost.sample import generator

    selection = GeoSelection(type="polygon", geometry=generator.BOUNDARY, name_hint=NAME, datum="WGS84")
    data = ParkData(
        meters=generator.meters(),
        activities=generator.activities(),
        entities=_entities(),
        site=_SITE,
        prices=_PRICES,
        sources=[
            {
                "type": "table",
                "id": "carbonost.sample",
                "version": f"seed {generator.SEED}",
                "note": "合成数据：由本软件包的确定性生成器生成",
            }
        ],
        name=NAME,
        zone=generator.ZONE,
        synthetic=True,
    )
    return selection, ScenarioParams(**_SCENARIO), data


def _entities() -> list[dict[str, Any]]:
    from carbonost.sample.generator import FIRMS

    return [
        {
            "id": firm.id,
            "name": firm.name,
            "industry_code": firm.industry_code,
            "lon": firm.lon,
            "lat": firm.lat,
            "employees": firm.employees,
            "floor_area_m2": float(firm.floor_area_m2),
            "roof_area_m2": float(firm.roof_area_m2),
            "source": "synthetic",
        }
        for firm in FIRMS
    ]


def write_park(folder: Path | str) -> Path:
    """Lay the sample park out as files a user can start from; return the park file.

    The folder gets ``park.yaml``, ``boundary.geojson``, ``meters.csv``, ``activities.csv`` and
    ``entities.csv``. Running the park file gives the same figures as `sample_park`.

    Raises
    ------
    InputError
        If the folder holds a park file already, or cannot be written.
    """
    import json

    import pandas as pd
    import yaml

    from carbonost.sample import generator

    folder = Path(folder)
    target = folder / "park.yaml"
    if target.exists():
        raise InputError("a park file is there already", "folder", str(target), "Choose an empty folder.")
    meters = generator.meters()
    meters["start"] = meters["start"].dt.strftime("%Y-%m-%d %H:%M")
    park = {
        "park": {"name": NAME, "zone": generator.ZONE, "synthetic": True},
        "selection": {"type": "polygon", "geometry": "boundary.geojson", "name_hint": NAME, "datum": "WGS84"},
        "scenario": _SCENARIO,
        "meters": [{"file": "meters.csv", "timezone": generator.ZONE}],
        "activities": [{"file": "activities.csv"}],
        "entities": [{"file": "entities.csv"}],
        "site": _SITE,
        "prices": _PRICES,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "boundary.geojson").write_text(json.dumps(generator.BOUNDARY, indent=1), "utf-8")
        meters.to_csv(folder / "meters.csv", index=False)
        pd.DataFrame(generator.activities()).to_csv(folder / "activities.csv", index=False)
        pd.DataFrame(_entities()).to_csv(folder / "entities.csv", index=False)
        target.write_text(yaml.safe_dump(park, allow_unicode=True, sort_keys=False), "utf-8")
    except OSError as exc:
        raise InputError(
            f"the folder cannot be written: {exc.strerror}", "folder", str(folder), "Choose a folder you may write to."
        ) from exc
    return target
