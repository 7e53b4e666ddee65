"""Units as a report prints them, and the powers of ten between a stored and a shown unit.

A shift is the only change a stored figure undergoes on its way into a report, and only between
units of one family declared here: kWh to 万kWh, CNY to 万元, a share to percent.
"""

from __future__ import annotations

import re
from typing import Final

from carbonost.errors import InputError

_FAMILIES: Final[dict[str, dict[str, int]]] = {
    "energy": {"Wh": -3, "kWh": 0, "MWh": 3, "万kWh": 4, "GWh": 6, "亿kWh": 8},
    "heat": {"MJ": -3, "GJ": 0, "TJ": 3, "万GJ": 4},
    "power": {"W": -3, "kW": 0, "MW": 3, "万kW": 4, "GW": 6},
    "peak power": {"kWp": 0, "MWp": 3},
    "mass": {"kg": -3, "t": 0, "kt": 3, "万吨": 4},
    "carbon dioxide equivalent": {"kgCO₂e": -3, "tCO₂e": 0, "ktCO₂e": 3, "万吨CO₂e": 4},
    "carbon dioxide": {"kgCO₂": -3, "tCO₂": 0, "ktCO₂": 3, "万吨CO₂": 4},
    "coal equivalent": {"kgce": -3, "tce": 0, "万tce": 4},
    "gas volume": {"Nm³": 0, "万Nm³": 4},
    "volume": {"m³": 0, "万m³": 4},
    "area": {"m²": 0, "万m²": 4, "km²": 6},
    "money": {"元": 0, "万元": 4, "亿元": 8},
    "share": {"": 0, "%": -2},
    "years": {"年": 0},
    "hours": {"h": 0},
}
_ALIASES: Final = {
    "CNY": "元", "yuan": "元", "RMB": "元", "1e4 CNY": "万元",
    "tCO2e": "tCO₂e", "t CO2e": "tCO₂e", "tco2e": "tCO₂e", "tCO2": "tCO₂", "tco2": "tCO₂", "t_co2e": "tCO₂e",
    "kgCO2e": "kgCO₂e", "kgCO2": "kgCO₂", "万吨CO2e": "万吨CO₂e", "万tCO2e": "万吨CO₂e", "万吨CO2": "万吨CO₂",
    "Nm3": "Nm³", "nm3": "Nm³", "万Nm3": "万Nm³", "m3": "m³", "m2": "m²", "km2": "km²", "万m2": "万m²",
    "y": "年", "a": "年", "year": "年", "years": "年", "yr": "年", "tonne": "t", "吨": "t", "hour": "h", "grade": "级",
    "1": "", "-": "", "fraction": "", "ratio": "", "dimensionless": "", "share": "", "percent": "%", "pct": "%",
    "text": "", "degC": "°C", "deg": "°", "万度": "万kWh", "kwh": "kWh", "kw": "kW",
}  # fmt: skip
_FAMILY_OF: Final = {label: (name, power) for name, units in _FAMILIES.items() for label, power in units.items()}


def label(unit: str | None) -> str:
    """A unit as it is printed: ``tCO2e/y`` becomes ``tCO₂e/年``."""
    parts = [part.strip() for part in (unit or "").split("/")]
    return "/".join(_ALIASES.get(part, part) for part in parts)


def shift_to(stored: str | None, shown: str | None) -> tuple[int, str]:
    """The power of ten from `stored` to `shown`, and the label to print.

    Parameters
    ----------
    stored : str or None
        Unit in the envelope; None or "" is a plain number.
    shown : str or None
        Unit wanted in the report; None keeps the stored one. A denominator may be left out
        (``万kWh`` for ``kWh/y``) and is then kept.

    Raises
    ------
    InputError
        If the two are not of one family; a report converts nothing else.
    """
    have = label(stored)
    if shown is None or label(shown) == have:
        return 0, have
    want = label(shown)
    head, _, below = have.partition("/")
    want_head, _, want_below = want.partition("/")
    family, power = _FAMILY_OF.get(head, ("", 0))
    if family.startswith("carbon") and want_head in _FAMILIES["mass"]:  # 万吨 of emissions means 万吨CO₂e
        want_head += "CO₂e" if head.endswith("e") else "CO₂"
    want_family, want_power = _FAMILY_OF.get(want_head, ("?", 0))
    if family != want_family or (want_below and want_below != below):
        raise InputError(
            f"a report cannot show {stored or 'a plain number'!r} as {shown!r}",
            field="unit",
            value=stored,
            remedy="Store the metric with its own unit, or show it in a unit of the same family.",
        )
    return want_power - power, f"{want_head}/{below}" if below else want_head


ENERGY_NAMES: Final = {
    "electricity": "电力", "electricity_residual": "电力（基于市场）",
    "heat": "热力", "steam": "蒸汽", "natural_gas": "天然气", "lng": "液化天然气",
    "lpg": "液化石油气", "diesel": "柴油", "gasoline": "汽油", "fuel_oil": "燃料油", "kerosene": "煤油",
    "anthracite": "无烟煤", "bituminous": "烟煤", "lignite": "褐煤", "raw_coal": "原煤", "coke": "焦炭",
    "mobile_diesel": "移动源柴油", "mobile_gasoline": "移动源汽油", "solar": "光伏发电", "pv": "光伏发电",
}  # fmt: skip
METHOD_NAMES: Final = {
    "meter": "计量", "metering": "计量", "metered": "计量", "declared": "申报", "manual": "申报", "statistics": "统计",
    "estimated": "估算", "proxy": "代理估算", "missing": "缺失",
}  # fmt: skip
SEVERITY_NAMES: Final = {"low": "低", "medium": "中", "high": "高"}
STAGE_NAMES: Final = {
    "geo": "园区画像", "baseline": "基线核算", "measures": "措施筛选", "finance": "财务测算", "policy": "政策匹配",
    "optimizer": "能源优化", "resources": "资源评估", "org": "企业信息", "indicators": "指标核算", "report": "报告",
    "inventory": "排放清单", "park": "试行方法核算",
}  # fmt: skip
CHECK_NAMES: Final = {
    "verified": "两处独立核对", "read": "单一来源已读", "derived": "推算", "secondary": "转引", "inferred": "推断",
    "recalled": "凭记忆", "illustrative": "示例", "superseded": "已被取代", "title_only": "仅读标题",
    "design": "本库规则", "own": "用户给定",
}  # fmt: skip
"""How well a packaged row was checked."""
_CHECKED: Final = re.compile(rf"(状态(?:为)? ?|（)({'|'.join(CHECK_NAMES)})\b")
STATUS_NAMES: Final = {"pending": "待复核", "approved": "已通过", "rejected": "已退回", "auto": "自动通过"}
PARAMETER_NAMES: Final = {
    "electricity_price_y_per_kwh": ("电价", "元/kWh"), "gas_price_y_per_nm3": ("天然气价格", "元/Nm³"),
    "carbon_price_y_per_tco2": ("碳价", "元/tCO₂"), "wacc": ("折现率", "1"), "horizon_years": ("评价期", "年"),
    "ghg_boundary": ("核算边界", ""), "grid_ef_version": ("电网排放因子版本", ""),
    "fuel_ef_version": ("燃料排放因子版本", ""), "region": ("地区", ""), "accounting_year": ("核算年度", ""),
    "gwp": ("全球变暖潜势", ""), "parameter_set": ("参数集", ""), "vintage": ("因子年份规则", ""),
    "tariff_region": ("电价地区", ""), "tariff_voltage": ("电压等级", ""), "tariff_charge": ("基本电费方式", ""),
    "demand_price_y_per_kw_month": ("需量电价", "元/(kW·月)"), "feed_in_price_y_per_kwh": ("上网电价", "元/kWh"),
    "steam_price_y_per_t": ("蒸汽价格", "元/t"), "heat_price_y_per_gj": ("热价", "元/GJ"),
    "diesel_price_y_per_t": ("柴油价格", "元/t"), "green_power_premium_y_per_kwh": ("绿电溢价", "元/kWh"),
    "currency_rate_cny_per_eur": ("欧元汇率", "元/欧元"), "currency_rate_cny_per_usd": ("美元汇率", "元/美元"),
    "tax_rate": ("所得税率", "1"), "depreciation_years": ("折旧年限", "年"), "residual_share": ("残值率", "1"),
    "subsidy_share": ("补贴占投资比例", "1"), "capex_multiplier": ("投资系数", "1"),
    "opex_multiplier": ("运维费系数", "1"), "price_escalation": ("能源价格年涨幅", "1"),
    "portfolio_size": ("组合措施数", "项"), "scenario_id": ("情景编号", ""),
}  # fmt: skip
"""Name and unit of each scenario parameter; an unknown one prints under its own name."""
KEY_NAMES: Final = {
    "province": "省", "city": "市", "district": "区县", "street": "街道", "type": "类型", "name": "名称",
    "share": "占比",
}  # fmt: skip
"""Names of the keys of a mapping that is printed as words."""
INPUT_NAMES: Final = {
    "boiler_efficiency": "锅炉效率", "boiler_gas_nm3": "锅炉用气量", "capex": "措施投资", "opex": "措施运维费用",
    "compressor_list": "空压机清单", "green_power_contract": "绿电合同", "grid_headroom_kw": "电网接入裕度",
    "dispatch": "储能调度所需的电价规则与完整负荷曲线",
    "hot_water_demand": "热水需求", "irradiance": "太阳辐照数据", "latitude": "纬度", "longitude": "经度",
    "life_years": "设备寿命", "lighting_list": "照明灯具清单", "motor_list": "电机清单",
    "operating_hours_per_year": "年运行小时数", "roof_area_m2": "屋顶面积", "roof_usable_share": "屋顶可用比例",
    "steam_grade": "蒸汽参数（压力与温度）", "tou_tariff": "分时电价", "transformer_kva": "变压器容量",
    "waste_heat_profile": "余热资源数据",
    "waste_heat_profile.usable_demand_gj_per_year": "可用余热的用热需求",
    "HP_STEAM.heat_gj_per_year": "热泵可替代的用热量", "LED.rated_life": "灯具额定寿命",
    "MOTOR.efficiency_table": "电机能效限定值表", "PV_ROOF.roof_area_per_kw_dc_tool": "光伏单位容量占用屋顶面积",
    "PV_ROOF.yield_full_load_hours_jiangsu": "光伏年满发小时数",
}  # fmt: skip
"""Chinese names of site inputs and parameters by the field a user fills in."""

NAMES: Final = {
    "input": INPUT_NAMES, "energy": ENERGY_NAMES, "status": STATUS_NAMES,
    "method": METHOD_NAMES, "severity": SEVERITY_NAMES, "stage": STAGE_NAMES,
    "scope": {
        "1": "范围一", "2": "范围二", "3": "范围三", "scope1": "范围一", "scope2": "范围二", "scope3": "范围三",
        "S1": "范围一", "S2": "范围二", "S3": "范围三", "Scope 1": "范围一", "Scope 2": "范围二",
    },
    "origin": {"declared": "申报", "synthetic": "合成数据"},
    "indicator": {"core": "核心", "guide": "引导", "principle": "原则"},
    "evidence": {"doc": "文件", "table": "数据表", "api": "接口", "file": "文件资料"},
}  # fmt: skip
"""Chinese names of coded values, by vocabulary; an unknown code prints as it is."""


def checked(words: str) -> str:
    """Say in Chinese how a row was checked, where a text says so by its code: 状态 read, （verified）."""
    return CHECK_NAMES.get(words) or _CHECKED.sub(lambda found: found[1] + CHECK_NAMES[found[2]], words)


def energy_name(carrier: object) -> str:
    """Name a carrier; one without a Chinese name prints as it is."""
    return ENERGY_NAMES.get(str(carrier), str(carrier))


def input_name(field: str) -> str:
    """Name a missing input for a reader and keep the field for whoever fills it in: 锅炉效率（boiler_efficiency）."""
    name = INPUT_NAMES.get(field) or INPUT_NAMES.get(field.split(".", maxsplit=1)[0])
    return f"{name}（{field}）" if name else field
