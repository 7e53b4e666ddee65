"""What a report says: chapters, gaps, figures and citations, before any format."""

import hashlib

import pytest

from carbonost.domain.document import Cite, Figure, GapBox, Num, Table
from carbonost.engines.report import ReportGenerator, TemplateRegistry, verify_figures
from carbonost.engines.report.compose import check_figures, compose, figure_index
from carbonost.engines.report.registry import PACKAGED
from carbonost.errors import FileFormatError, InputError, UnresolvedCitationError, UnresolvedFigureError

AUDIENCES = ("government", "technical", "investor")
MODULES = ["执行摘要", "数据说明与口径", "园区画像", "基线核算", "资源禀赋与约束", "减排机会清单", "组合方案与路径",
           "经济性与投融资", "政策与合规", "风险与不确定性", "监测核查与数据缺口", "附录"]  # fmt: skip


@pytest.fixture(scope="module")
def template():
    return TemplateRegistry().active("park")


def tables(document, caption):
    return [block for _, block in document.walk() if isinstance(block, Table) and block.caption == caption]


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_park_report_has_its_twelve_modules_in_order(template, park, audience):
    """P74, P76."""
    document, _ = compose(template, park, audience)
    assert [section.title for section in document.sections] == MODULES
    assert [section.number for section in document.sections] == [str(n) for n in range(1, 13)]


def test_a_park_without_any_data_keeps_every_chapter_and_states_its_gaps(template):
    """P76: what is not assessed says so."""
    document, _ = compose(template, {})
    assert [section.title for section in document.sections] == MODULES
    silent = {"data", "mrv", "appendix"}  # these list what the others say
    assert all(section.id in silent or document_gaps(section) for section in document.sections)
    assert not [num for num in document.nums() if not num.missing]


def document_gaps(section):
    own = [block for block in section.blocks if isinstance(block, GapBox)]
    return own or [gap for inner in section.sections for gap in document_gaps(inner)]


def test_every_gap_box_is_in_the_gap_list_by_severity(template, park):
    document, _ = compose(template, park, "technical")
    (listed,) = tables(document, "数据缺口清单")
    told = {row[1][0] for row in listed.rows}
    assert {gap.missing for gap in document.gaps()} <= told
    assert {"蒸汽计量", "园区企业统一社会信用代码"} <= told  # the envelopes' own
    ranks = ["高中低".index(row[3][0]) for row in listed.rows]
    assert ranks == sorted(ranks)


def test_an_absent_figure_is_missing_never_zero(template, park):
    park["baseline"]["metrics"]["S1_tco2e_y"] = {"value": None, "unit": "tCO2e"}
    document, _ = compose(template, park, "technical")
    row = next(row for row in tables(document, "温室气体排放汇总")[0].rows if row[0] == ("范围一",))
    assert row[1][0].text == "数据缺失"


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_figure_is_in_an_envelope(template, park, audience):
    """P77: each printed figure resolves to (result_id, path) and equals it at the printed precision and unit."""
    document, _ = compose(template, park, audience)
    printed = [num for num in document.nums() if not num.missing]
    assert len(printed) > 100
    assert all(num.result_id and num.path for num in printed)
    index = figure_index(document)
    assert verify_figures(index, {stage: park[stage] for stage in ("geo", "baseline", "measures", "finance")}) == len(
        index
    )


def test_the_three_versions_state_the_same_figures(template, park):
    """P74: tone differs, numbers do not."""
    shown = {}
    for audience in AUDIENCES:
        document, _ = compose(template, park, audience)
        for num in document.nums():
            shown.setdefault((num.result_id, num.path, num.unit, num.digits), set()).add(num.text)
    assert all(len(texts) == 1 for texts in shown.values())


def test_a_figure_its_envelope_does_not_hold_is_refused(template, park):
    document, envelopes = compose(template, park, "technical")
    envelopes.stages["finance"]["metrics"]["portfolio_npv"] = {"value": 4_200_000.0, "unit": "CNY"}
    with pytest.raises(UnresolvedFigureError, match="portfolio_npv"):
        check_figures(document, envelopes)


def test_a_changed_envelope_fails_verification(template, park):
    document, _ = compose(template, park, "technical")
    park["baseline"]["metrics"]["S1_tco2e_y"]["value"] += 0.01
    with pytest.raises(UnresolvedFigureError, match=r"prints 73,500\.00, the envelope gives 73,500\.01"):
        verify_figures(figure_index(document), park)


def test_narrative_takes_the_place_of_template_words(template, park):
    park["narrative"] = {"summary": "园区排放 {{baseline.total_tco2e_y|万吨|2}}，以电力为主。"}
    document, _ = compose(template, park, "technical")
    first = document.sections[0].blocks[0].inlines
    assert [part.text for part in first if isinstance(part, Num)] == ["13.95"]


@pytest.mark.parametrize("words", ["排放约 14 万吨。", "排放 {{baseline.nothing}}。"])
def test_narrative_cannot_bring_a_figure_of_its_own(template, park, words):
    """P82, P127."""
    park["narrative"] = {"summary": words}
    with pytest.raises(UnresolvedFigureError):
        compose(template, park)


def test_narrative_for_no_section_is_refused(template, park):
    park["narrative"] = {"prologue": "无"}
    with pytest.raises(InputError, match="no such section"):
        compose(template, park)


def policy(excerpt="加强园区及周边可再生能源开发利用", number="1", **more):
    entry = {
        "citation_no": number,
        "title": "关于开展零碳园区建设的通知",
        "clause_no": "一（一）",
        "effective_from": "2025-06-30",
        "excerpt": excerpt,
        "excerpt_sha256": hashlib.sha256(excerpt.encode()).hexdigest(),
        **more,
    }
    return {
        "metrics": {},
        "artifacts": {"citations": [entry], "matches": [{"name": "绿电直连", "citation_nos": ["1"]}]},
    }


def test_a_citation_is_quoted_word_for_word(template, park):
    """P109, P110, P111."""
    park["policy"] = policy()
    document, _ = compose(template, park, "government")
    (listed,) = tables(document, "引用文件清单")
    assert listed.rows[0][4] == ("加强园区及周边可再生能源开发利用",)
    (matched,) = tables(document, "分析要点与适用条款")
    assert matched.rows[0][1] == (Cite("1"),)


@pytest.mark.parametrize(
    "given",
    [
        policy(number="2"),  # the analysis point cites 1
        policy(excerpt_sha256="0" * 64),  # paraphrased
        policy("字" * 201),  # too long
        policy(title=""),
    ],
)
def test_a_citation_that_cannot_be_resolved_fails_the_report(template, park, given):
    """P109, P110, P111."""
    park["policy"] = given
    with pytest.raises(UnresolvedCitationError):
        compose(template, park, "government")


def test_total_rows_are_looked_up_and_rounding_is_explained(template, park):
    document, _ = compose(template, park, "technical")
    (lines,) = tables(document, "活动水平与排放因子")
    assert lines.rows[-1][-1][0].path == "metrics.total_tco2e_y.value"
    park["baseline"]["artifacts"]["by_source"][0]["emissions_tco2e"] = 73_500.004
    park["baseline"]["artifacts"]["by_source"][1]["emissions_tco2e"] = 66_000.114
    document, _ = compose(template, park, "technical")
    assert "修约引起" in tables(document, "活动水平与排放因子")[0].note


def test_parts_that_miss_their_total_are_pointed_out(template, park):
    park["baseline"]["artifacts"]["by_source"].pop()
    document, _ = compose(template, park, "technical")
    assert "超出修约范围" in tables(document, "活动水平与排放因子")[0].note


@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_version_lists_parameters_assumptions_versions_and_evidence(template, park, audience):
    """P79."""
    park["policy"] = policy()
    document, _ = compose(template, park, audience)
    captions = {block.caption for _, block in document.walk() if isinstance(block, Table)}
    assert {"情景参数", "假设清单", "可复算信息", "引用文件清单"} <= captions
    assert captions & {"证据清单", "数据与文件来源"}


def test_evidence_that_differs_in_its_id_alone_shares_a_row(template, park):
    park["measures"]["evidence"] = [
        {"type": "table", "id": f"measure_parameters/PV.{name}", "ts": None, "version": "read", "note": "one manual"}
        for name in ("age", "lid", "snow")
    ]
    document, _ = compose(template, park, "technical")
    assert tables(document, "数据与文件来源")[0].rows[-1][2] == ("measure_parameters/PV.（age、lid、snow）",)


def test_a_calendar_year_is_a_name_and_a_parameter_has_its_chinese_one(template, park):
    park["finance"]["artifacts"]["scenario_params_used"] = {
        "accounting_year": 2025,
        "wacc": 0.08,
        "tariff_region": None,
    }
    document, _ = compose(template, park, "technical")
    shown = {row[0][0]: row[1][0] for row in tables(document, "情景参数")[0].rows}
    assert shown["核算年度"] == "2025"
    assert shown["折现率"].text == "0.08"
    assert shown["电价地区"] == "未给出"


def test_chapters_may_be_numbered_in_chinese(park):
    parts = "".join(f"  - {{id: s{n}, title: 章, blocks: [{{text: 正文}}]}}\n" for n in range(12))
    registry = TemplateRegistry()
    template = registry.add(
        f'kind: k\nversion: "1"\ntitle: 题\ncategory: internal\nnumbering: chinese\nsections:\n{parts}'
    )
    document, _ = compose(template, park)
    assert [section.number for section in document.sections][8:] == ["九、", "十、", "十一、", "十二、"]


def test_a_long_table_is_cut_with_a_count_never_silently(template, park):
    rows = [{"name": f"企业{n:04d}", "industry_code": "C26", "confidence": 0.5} for n in range(350)]
    park["geo"]["artifacts"]["entities_raw"] = rows
    report = ReportGenerator().generate("park", park, ("md",), audience="technical")
    assert "共 350 行，此处列前 60 行" in report.files["md"].decode()
    assert report.attachments["tables/表3-2.csv"].decode("utf-8-sig").count("\n") == 351


def test_charts_draw_envelope_figures(template, park):
    document, _ = compose(template, park, "technical")
    drawn = {block.chart.kind for _, block in document.walk() if isinstance(block, Figure)}
    assert drawn == {"ranking", "stack", "macc", "lines", "cashflow", "tornado"}
    assert all(block.alt for _, block in document.walk() if isinstance(block, Figure))


@pytest.mark.parametrize("kind", PACKAGED)
def test_every_kind_states_gaps_where_it_has_no_data(kind, park):
    empty, _ = compose(TemplateRegistry().active(kind), {})
    full, _ = compose(TemplateRegistry().active(kind), park)
    assert len(empty.gaps()) > len(full.gaps()) > 0


def test_templates_hold_no_figures_and_draft_ones_say_so(park):
    for template in TemplateRegistry():
        document, _ = compose(template, park)
        assert ("尚未与主管部门发布的正式文本逐条核对" in document.notice) == (template.status == "draft")


def test_an_unknown_version_or_kind_names_the_known_ones(template, park):
    with pytest.raises(InputError, match="government, technical, investor"):
        compose(template, park, "public")
    with pytest.raises(InputError, match="park"):
        ReportGenerator().generate("esg", park)


MINE = """
kind: internal
version: "2"
title: 月报
category: internal
sections:
  - {id: one, title: 排放, blocks: [{text: "总量 {{baseline.total_tco2e_y|tCO2e|0}}。"}]}
"""


def test_a_template_of_ones_own_is_data_with_a_version_and_an_active_flag(park):
    """S36."""
    registry = TemplateRegistry()
    registry.add(MINE)
    registry.add(MINE.replace('"2"', '"3"').replace("月报", "季报"))
    report = ReportGenerator(registry=registry).generate("internal", park, ("md",))
    assert (report.record.template, report.document.title) == ("internal@3", "季报")
    registry.activate("internal", "3", active=False)
    assert ReportGenerator(registry=registry).generate("internal", park, ("md",)).document.title == "月报"
    registry.activate("internal", "2", active=False)
    with pytest.raises(InputError, match="no active template"):
        registry.active("internal")


@pytest.mark.parametrize(
    "source",
    [
        MINE.replace("{{baseline.total_tco2e_y|tCO2e|0}}", "139500 吨"),
        MINE.replace("text:", "python:"),
        MINE.replace("category:", "script:"),
        "kind: [",
        "[]",
    ],
)
def test_a_template_that_states_figures_or_runs_code_is_refused(source):
    with pytest.raises((FileFormatError, UnresolvedFigureError)):
        TemplateRegistry().add(source)
