"""Column names a table may use, in Chinese and English, and what they mean here."""

from __future__ import annotations

from typing import Final

Columns = dict[str, tuple[str, ...]]

METERS: Final[Columns] = {
    "start": ("interval_start", "time", "timestamp", "datetime", "时间", "开始时间", "时刻"),
    "point": ("meter", "meter_id", "计量点", "表号", "电表编号"),
    "energy_type": ("carrier", "fuel", "能源品种", "能源类型", "品种"),
    "value": ("reading", "energy", "用量", "数值", "电量", "读数"),
    "unit": ("单位", "计量单位"),
}

ACTIVITIES: Final[Columns] = {
    "energy_type": ("carrier", "fuel", "能源品种", "能源类型", "品种", "排放源"),
    "consumption": ("amount", "quantity", "消费量", "消耗量", "用量", "数量"),
    "unit": ("单位", "计量单位"),
    "region": ("地区", "区域"),
    "period_start": ("start", "from", "开始日期", "起始日期"),
    "period_end": ("end", "to", "结束日期", "截止日期"),
    "month": ("月份", "年月", "账期"),
    "facility": ("企业", "设施", "单位名称"),
    "data_source": ("数据来源",),
    "data_quality": ("数据质量",),
    "uncertainty_pct": ("不确定性", "不确定度"),
    "id": ("编号", "序号"),
}

ENTITIES: Final[Columns] = {
    "id": ("编号", "序号"),
    "name": ("企业名称", "名称"),
    "industry_code": ("行业代码", "国民经济行业代码"),
    "credit_code": ("统一社会信用代码",),
    "lon": ("longitude", "经度"),
    "lat": ("latitude", "纬度"),
    "employees": ("从业人数", "员工数"),
    "floor_area_m2": ("建筑面积",),
    "roof_area_m2": ("屋顶面积",),
    "source": ("来源",),
    "confidence": ("置信度",),
}

PRODUCTION: Final[Columns] = {
    "product": ("产品", "产品名称"),
    "amount": ("产量", "数量"),
    "unit": ("单位", "计量单位"),
    "facility": ("企业", "设施"),
    "year": ("年份", "年度"),
}
