"""What an assumption is called for a reader; its own name stays beside it, for it is what a correction addresses.

Names come from the stages (``battery_hours``), from parameter tables (``PV_ROOF.lifetime``) and from
patterns over carriers (``coal_equivalent.steam``). One nobody translated prints as it is.
"""

from __future__ import annotations

from typing import Final

from carbonost.engines.report.labels import ENERGY_NAMES, INPUT_NAMES, PARAMETER_NAMES

_PLAIN: Final = {
    "accounting_year": "核算年度", "readings_outside_year": "年度以外的读数", "declared_prorated": "跨年申报按天折算",
    "declared_superseded_by_meters": "被计量取代的申报", "declared_outside_year": "年度以外的申报",
    "declared_scope3": "未计入的范围三申报", "steam_enthalpy_kj_per_kg": "蒸汽焓值",
    "activity_uncertainty_meter_pct": "计量数据不确定性", "activity_uncertainty_declared_pct": "申报数据不确定性",
    "activity_uncertainty_proxy_pct": "代理估算不确定性", "factor_uncertainty_pct": "排放因子不确定性",
    "uncertainty_of": "不确定性的对象", "uncertainty_capped": "不确定性封顶", "admin_match": "行政归属",
    "scope2_data_years_differ": "范围二两个口径的数据年",
    "datum_conversion": "坐标基准转换", "boundary_repair": "边界修复",
    "billed_energy_price": "平均电度电价", "battery_power_share_of_peak": "储能功率占最大负荷比例",
    "battery_hours": "储能时长", "dispatch_foresight": "调度预见性", "load_gaps_interpolated": "负荷缺测插值",
    "tariff_flat_price": "平段电价", "policy_as_of": "政策时点", "portfolio_size": "组合措施数",
    "avoided_emissions_are_paid": "计入碳收益的减排范围", "saved_electricity_is_priced_flat": "节电量的计价方式",
    "billed_saving_moves_with_price": "按电价表计费的节省随电价变化",
    "fuel_factors": "燃料排放因子的来源", "feedstock_is_energy": "原料用能是否计入",
    "tilt_deg": "光伏倾角", "azimuth_deg": "光伏方位角", "pinch_k": "换热最小温差",
    "cold_inlet_temperature_c": "冷侧进口温度", "reference_temperature_c": "余热基准温度",
    "source_cooling_k": "热源冷却温差", "ambient_source_temperature_c": "环境热源温度", "load_factor": "电机负载率",
    "motor_target_grade": "电机目标能效等级", "clear_sky_index_low": "晴空指数下限",
    "clear_sky_index_high": "晴空指数上限", "pv_reference_latitude_deg": "光伏参考纬度",
    "pv_reference_longitude_deg": "光伏参考经度", "pv_reference_tilt_deg": "光伏参考倾角",
}  # fmt: skip
_FAMILIES: Final = {
    "coal_equivalent": "折标准煤系数", "ncv": "低位发热量", "score_weights": "评分权重", "corrected": "复核更正",
    "proxy_electricity_kwh_per_employee": "人均用电量，行业大类",
    "MOTOR": "高效电机", "LED": "LED 照明", "COMPRESSED_AIR": "压缩空气", "WHR": "余热回收", "HP_HOTWATER": "热水热泵",
    "HP_STEAM": "蒸汽热泵", "EBOILER": "电锅炉", "PV_ROOF": "屋顶光伏", "BESS": "储能", "GREEN_POWER": "绿电",
}  # fmt: skip
"""What stands before the dot of a name."""
_MEMBERS: Final = {
    "full": "满分", "missing_required": "缺必需输入扣分", "missing_optional": "缺可选输入扣分", "floor": "最低分",
    "saving": "节能量", "efficiency_table": "能效限定值表",
    "round_trip_efficiency_ac": "往返效率", "soc_min": "最低荷电状态", "rated_life": "额定寿命",
    "loss_pct_soiling": "积灰损失", "loss_pct_shading": "遮挡损失", "loss_pct_snow": "积雪损失",
    "loss_pct_mismatch": "失配损失", "loss_pct_wiring": "线路损失", "loss_pct_connections": "接头损失",
    "loss_pct_lid": "初始光衰损失", "loss_pct_nameplate_rating": "标称偏差损失", "loss_pct_age": "老化损失",
    "loss_pct_availability": "停机损失", "inverter_efficiency": "逆变器效率", "dc_ac_ratio": "容配比",
    "degradation_per_year": "年衰减率", "roof_area_per_kw_dc_tool": "单位容量占用屋顶面积",
    "yield_full_load_hours_jiangsu": "年满发小时数", "leak_share_target": "泄漏率目标",
    "leak_share_of_output": "泄漏率", "saving_fraction_vs_400w_mh": "节电率",
}  # fmt: skip
_MEMBER_STARTS: Final = {"cop": "性能系数", "lifetime": "设备寿命", "capex": "单位造价", "opex": "单位运维费"}


def assumption_name(name: str) -> str:
    """Name an assumption for a reader and keep its own name for whoever corrects it: 储能时长（battery_hours）."""
    known = _PLAIN.get(name) or INPUT_NAMES.get(name) or PARAMETER_NAMES.get(name, ("",))[0]
    if not known:
        family, _, member = name.partition(".")
        known = _FAMILIES.get(family, "") if member else ""
        told = _member(member)
        known = f"{known}：{told}" if known and told else known
    return f"{known}（{name}）" if known else name


def _member(name: str) -> str:
    found = _MEMBERS.get(name) or ENERGY_NAMES.get(name) or PARAMETER_NAMES.get(name, ("",))[0]
    if found or name.isdigit():
        return found or name
    return next((told for start, told in _MEMBER_STARTS.items() if name.startswith(start)), "")
