"""P46, P75, P79: what a reader of the report meets is said once, in his language, with sensible digits."""

import re

import pytest

from carbonost import PipelineBuilder, sample_park
from carbonost.domain.document import Table
from carbonost.engines.measures import MeasureLibrary
from carbonost.engines.report import TemplateRegistry
from carbonost.engines.report.assumptions import assumption_name
from carbonost.engines.report.blocks import decimals
from carbonost.engines.report.compose import compose
from carbonost.engines.report.labels import checked


@pytest.fixture(scope="module")
def template():
    return TemplateRegistry().active("park")


@pytest.fixture(scope="module")
def sample_text():
    selection, scenario, data = sample_park()
    job = PipelineBuilder().build().run(selection, scenario, data=data, auto_approve=True)
    return str(job.envelopes["report"].artifacts["report_markdown"]), job


def rows(document, caption):
    found = [one for _, one in document.walk() if isinstance(one, Table) and one.caption == caption]
    return [[str(getattr(cell[0], "text", cell[0])) for cell in row] for row in found[0].rows]


def test_a_gap_two_stages_state_stands_once_with_both(template, park):
    gap = {"missing": "life_years.WHR", "impact": "更换费用", "severity": "low", "workaround": "请提供"}
    park["measures"]["data_gaps"] = [gap]
    park["finance"]["data_gaps"] = [gap, {**gap, "impact": "其他影响"}]
    listed = rows(compose(template, park, "government")[0], "数据缺口清单")
    told = [row for row in listed if "life_years.WHR" in row[1]]
    assert [row[0] for row in told] == ["措施筛选、财务测算", "财务测算"]


def test_the_packaged_park_tells_each_gap_once(sample_text):
    """The life of a device that neither the measure nor the finance stage knows."""
    text, _ = sample_text
    told = [line for line in text.splitlines() if "life\\_years.WHR" in line]
    assert len(told) == 1
    assert told[0].startswith("| 措施筛选、财务测算 |")


def test_every_assumption_of_the_packaged_park_has_a_name_a_reader_knows(sample_text):
    _, job = sample_text
    names = {item.name for envelope in job.envelopes.values() for item in envelope.assumptions}
    park = job.envelopes["baseline"].artifacts["zero_carbon_park"]
    names |= {item["name"] for item in park["assumptions"]} | set(MeasureLibrary.default().defaults)
    untold = sorted(name for name in names if assumption_name(name) == name and name.isascii())
    assert untold == []
    assert assumption_name("PV_ROOF.loss_pct_lid") == "屋顶光伏：初始光衰损失（PV_ROOF.loss_pct_lid）"
    assert assumption_name("coal_equivalent.steam") == "折标准煤系数：蒸汽（coal_equivalent.steam）"
    assert assumption_name("my_own") == "my_own"


def test_the_printed_park_has_no_english_of_the_house(sample_text):
    text, _ = sample_text
    for words in ("synthetic", "and the sector guidelines", "packaged coefficient", "the annex asks", "electricity 的"):
        assert words not in text


def test_how_a_row_was_checked_is_said_in_chinese(sample_text):
    assert checked("read") == "单一来源已读"
    assert checked("LED：参数状态为 secondary，未经核对") == "LED：参数状态为 转引，未经核对"
    assert checked("GB/T 2589（verified）；地区 DK，状态 derived") == "GB/T 2589（两处独立核对）；地区 DK，状态 推算"
    assert checked("a reader（readings）") == "a reader（readings）"
    text, _ = sample_text
    assert not re.search(r"(状态(为)? ?|（)(read|verified|secondary|derived)\b", text)


def test_an_indicator_is_printed_with_four_significant_digits(sample_text):
    text, _ = sample_text
    line = next(line for line in text.splitlines() if line.startswith("| 单位能耗碳排放 |"))
    shown = line.split("|")[4].strip()
    assert len(shown.replace(".", "")) == 4
    assert decimals(2.74748, 4) == 3
    assert decimals(0.2, 4) is None  # a limit keeps the digits it was written with
    assert decimals(2, 4) is None
    assert decimals(123456.7, 4) == 0
    assert [decimals(value, 4) for value in (None, 0.0, float("nan"), True, "0.2")] == [None] * 5


@pytest.mark.parametrize("audience", ["government", "technical", "investor"])
def test_a_summary_that_rests_on_estimates_says_so_with_the_share(template, park, audience):
    park["baseline"]["metrics"]["proxy_share"] = {"value": 0.634, "unit": "1"}
    park["narrative"] = {"summary": "本园区排放见下表。"}
    silent, _ = compose(template, park, audience)
    assert "代理估算，没有计量" not in repr(silent.sections[0].blocks[1])
    park["baseline"]["artifacts"]["checks"] = {"mostly_estimated": True}
    told = compose(template, park, audience)[0].sections[0].blocks[1].inlines
    assert "".join(getattr(part, "text", part) for part in told).startswith("能耗的 63.4% 为代理估算，没有计量或账单")
