"""Headings of a park's tables of meters, enterprises and production; those of activities stand in `domain`."""

from __future__ import annotations

from typing import Final

from carbonost.domain.headings import Headings

METERS: Final = Headings(
    {
        "start": (
            "interval_start",
            "time",
            "timestamp",
            "datetime",
            "时间",
            "数据时间",
            "采集时间",
            "开始时间",
            "时刻",
        ),
        "day": ("date", "日期", "数据日期", "采集日期", "用电日期", "统计日期", "抄表日期"),
        "point": (
            "meter",
            "meter_id",
            "计量点",
            "计量点编号",
            "表号",
            "电表号",
            "电表编号",
            "表计编号",
            "资产编号",
            "电能表资产编号",
            "电能表资产号",
        ),
        "account": ("户号", "用户编号", "用户号", "客户编号", "用电户号"),
        "energy_type": ("carrier", "fuel", "能源品种", "能源类型", "品种"),
        "value": (
            "reading",
            "energy",
            "用量",
            "数值",
            "电量",
            "有功电量",
            "读数",
            "示值",
            "有功示值",
            "正向有功示值",
            "正向有功总示值",
            "正向有功总电能示值",
            "正向有功总",
            "正向有功电量",
            "用电量",
            "有功功率",
            "总有功功率",
            "功率",
            "负荷",
            "用电负荷",
            "有功负荷",
        ),
        "unit": ("单位", "计量单位"),
        "multiplier": ("倍率", "综合倍率", "计量倍率", "电能表倍率"),
        "quantity": ("数据类型", "数据项", "数据项名称", "曲线类型"),
    }
)
"""`day` is the date of a row of many intervals, or of a clock in `start`; an `account` may have several points."""

ENTITIES: Final = Headings(
    {
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
)

PRODUCTION: Final = Headings(
    {
        "product": ("产品", "产品名称"),
        "amount": ("产量", "数量"),
        "unit": ("单位", "计量单位"),
        "facility": ("企业", "设施"),
        "year": ("年份", "年度"),
    }
)
