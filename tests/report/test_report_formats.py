"""The four formats of one document: the same figures, whole glyphs, no resource from outside, fixed bytes."""

import io
import logging
import os
import re
import subprocess
import sys
import zipfile
from html import unescape
from pathlib import Path

import docx
import pypdf
import pytest

from carbonost.domain.document import Column, Figure, Num, Table
from carbonost.engines.report import ReportGenerator, pdf, verify_pdf
from carbonost.engines.report.columns import LINE, breadth, shares
from carbonost.engines.report.compose import figure_index
from carbonost.engines.report.figures import draw
from carbonost.engines.report.html import _environment
from carbonost.engines.report.pdf import moment, to_pdf
from carbonost.engines.report.text import plain
from carbonost.errors import (
    InputError,
    MissingExtraError,
    MissingGlyphError,
    MissingLibraryError,
    RefusedResourceError,
    ReportError,
    UnresolvedFigureError,
    Unsupported,
)


@pytest.fixture(scope="module")
def report(complete_park):
    return ReportGenerator().generate("park", complete_park, audience="technical")


@pytest.fixture(scope="module")
def pages(report):
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(report.files["pdf"])).pages]


def cells(document):
    """Text of every table cell, in reading order, subscripts on the line."""
    for _, block in document.walk():
        if isinstance(block, Table):
            for row in block.rows:
                for cell in row:
                    yield "".join(
                        p.text if isinstance(p, Num) else p if isinstance(p, str) else f"[{p.number}]" for p in cell
                    )


def shown_in_words(document):
    return [num.text for section, block in document.walk() if not isinstance(block, Figure) for num in nums(block)]


def nums(block):
    if isinstance(block, Table):
        return [part for row in block.rows for cell in row for part in cell if isinstance(part, Num)]
    return [part for part in getattr(block, "inlines", ()) if isinstance(part, Num)]


def test_html_prints_the_documents_figures(report):
    """S37."""
    printed = re.findall(r'<data value="[^"]+">([^<]*)</data>', report.files["html"].decode())
    assert printed == shown_in_words(report.document)


def test_docx_prints_the_documents_cells(report):
    """S37."""
    opened = docx.Document(io.BytesIO(report.files["docx"]))
    printed = [
        plain(cell.text)
        for table in opened.tables
        if len(table.rows) > 1 or len(table.columns) > 1
        for row in list(table.rows)[1:]
        for cell in row.cells
    ]
    assert printed == [plain(text) for text in cells(report.document)]


def test_markdown_prints_the_documents_cells(report):
    """S37."""
    text = report.files["md"].decode().replace("\\", "")
    for cell in cells(report.document):
        assert cell in text


def test_pdf_prints_the_documents_figures(report, pages):
    """S37, S38: extracted text and drawn glyphs are checked apart; here the text."""
    text = re.sub(r"\s+", "", "".join(pages))
    assert not [shown for shown in set(shown_in_words(report.document)) if shown not in text]
    assert "数据缺口清单" in text


def test_a_pdf_draws_only_packaged_fonts_and_no_box(report):
    """S38: no system font is used, so a machine without Chinese fonts prints the same."""
    reader = pypdf.PdfReader(io.BytesIO(report.files["pdf"]))
    names = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert {name.lstrip("/") for name in names} == {"carbonost-Sans", "carbonost-Serif"}


BARE_MACHINE = """
import hashlib, sys
from carbonost import ReportGenerator
data = {"meta": {"park_name": "喆堃镕㎡ 园区"}, "geo": {"metrics": {"area_km2": {"value": 3.4, "unit": "km2"}}}}
print(hashlib.sha256(ReportGenerator().generate("park", data, ("pdf",)).files["pdf"]).hexdigest())
"""


def test_a_machine_without_any_font_prints_the_same_bytes(tmp_path):
    """S38."""
    (tmp_path / "fonts.conf").write_text(f"<fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>")
    bare = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    printed = [
        subprocess.run([sys.executable, "-c", BARE_MACHINE], env=env, capture_output=True, text=True, check=True)
        for env in (bare, dict(os.environ))
    ]
    assert printed[0].stdout == printed[1].stdout


def test_pages_are_numbered_and_headed_by_their_chapter(report, pages):
    total = len(pages)
    assert f"第{total}页/共{total}页" in re.sub(r"\s+", "", pages[-1])
    assert "附录" in pages[-1]
    assert abs(report.pages_est - total) <= 4


def test_every_format_carries_the_envelope_ids(report):
    """P83, S41."""
    ids = dict(report.document.hashes)
    reader = pypdf.PdfReader(io.BytesIO(report.files["pdf"]))
    words = "\n".join(p.text for p in docx.Document(io.BytesIO(report.files["docx"])).paragraphs)
    for stage, result_id in ids.items():
        assert f'<meta name="carbonost-{stage}" content="{result_id}">' in report.files["html"].decode()
        assert result_id in report.files["md"].decode()
        assert result_id in words
        assert result_id in str(reader.metadata)
    assert reader.attachments["envelopes.json"][0] == report.attachments["envelopes.json"]


def test_a_pdf_is_verified_from_the_envelopes_it_carries(report):
    """P77: each printed figure is derived again from the file alone."""
    assert verify_pdf(report.files["pdf"]) == len(figure_index(report.document))
    with pytest.raises(UnresolvedFigureError, match="carries no figures"):
        verify_pdf(b"%PDF-1.7")


def test_a_notice_stands_on_every_page_but_the_cover(report, pages):
    assert report.document.banner == "本报告使用合成数据"
    assert all("本报告使用合成数据" in re.sub(r"\s", "", page) for page in pages)


def test_column_widths_share_the_page_and_keep_figures_whole(report):
    for block in (block for _, block in report.document.walk() if isinstance(block, Table)):
        widths = shares(block)
        assert sum(widths) == pytest.approx(1)
        for share, cell in ((share, cell) for row in block.rows for share, cell in zip(widths, row, strict=True)):
            if len(cell) == 1 and isinstance(cell[0], Num):
                assert share * LINE * 1.2 >= breadth(cell[0].text)


def test_the_same_envelopes_give_the_same_bytes(report, complete_park):
    """P83."""
    again = ReportGenerator().generate("park", complete_park, audience="technical")
    assert {kind: body == again.files[kind] for kind, body in report.files.items()} == dict.fromkeys(report.files, True)
    assert again.attachments == report.attachments


def test_charts_are_drawn_from_zero_with_a_description(report):
    figures = [block for _, block in report.document.walk() if isinstance(block, Figure)]
    svg, png = draw(figures[0])
    assert svg.startswith(b'<svg role="img" aria-label="')
    assert png.startswith(b"\x89PNG")
    assert b"Date" not in svg


def test_docx_repeats_heads_keeps_rows_whole_and_describes_pictures(report):
    with zipfile.ZipFile(io.BytesIO(report.files["docx"])) as package:
        body, styles = (package.read(f"word/{name}.xml").decode() for name in ("document", "styles"))
    assert body.count("<w:tblHeader/>") == sum(isinstance(block, Table) for _, block in report.document.walk())
    assert "<w:cantSplit/>" in body
    assert 'descr="条形图' in body
    assert 'w:eastAsia="宋体"' in styles
    assert "asciiTheme" not in styles.split("w:latentStyles")[0].split("<w:rPrDefault>")[0]
    assert "TOC \\o" in body
    assert '<w:vertAlign w:val="subscript"/>' in body


def test_a_character_no_font_can_draw_is_an_error_that_names_it(park):
    """S38."""
    park["meta"]["park_name"] = "园区😀"
    with pytest.raises(MissingGlyphError, match=r"U\+1F600"):
        ReportGenerator().generate("park", park, ("pdf",))
    assert "😀" in ReportGenerator().generate("park", park, ("html",)).files["html"].decode()


def test_a_box_drawn_by_the_renderer_is_an_error():
    """S38: the check before rendering is not the only one."""
    with pytest.raises(MissingGlyphError, match="drawn as a box"):
        to_pdf(
            '<p style="font-family: carbonost Sans">\U000e0fff\U0001f9ff</p>',
            attachments={},
            identifier="00",
            date=moment(""),
        )


@pytest.mark.parametrize(
    "page",
    [
        '<link rel="attachment" href="file:///etc/hostname">',
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="beside.png">',
        '<img src="file:///etc/hostname">',
        '<p style="background: url(https://example.org/a.png)">x</p>',
        '<link rel="stylesheet" href="file:///etc/hostname">',
        '<img src="data:text/html,<script>1</script>">',
    ],
)
def test_a_page_may_load_nothing_from_outside(page):
    with pytest.raises(RefusedResourceError, match=r"nothing but its own fonts|a file beside it"):
        to_pdf(page, attachments={}, identifier="00", date=moment(""))


def test_data_is_never_markup(park):
    hostile = "<link rel=attachment href=file:///etc/hostname>{{7*7}}<script>1</script>"
    park["geo"]["artifacts"]["entities_raw"][0]["name"] = hostile
    park["baseline"]["data_gaps"].append({"missing": "a|b\n[x](javascript:1)", "impact": hostile, "severity": "low"})
    made = ReportGenerator().generate("park", park, audience="technical")
    page = unescape(made.files["html"].decode().replace("<wbr>", ""))
    assert "<script>" not in made.files["html"].decode()
    assert hostile in page
    assert "](javascript" not in made.files["md"].decode().replace("\\]", "")
    assert "a\\|b" in made.files["md"].decode()


def test_a_page_template_computes_nothing():
    """P78: the sandbox refuses arithmetic and private names."""
    environment = _environment()
    for source in ("{{ 1 + x }}", "{{ x * 2 }}", "{{ -x }}"):
        with pytest.raises(ReportError, match="computes nothing"):
            environment.from_string(source).render(x=3)
    with pytest.raises(Exception, match="unsafe"):
        environment.from_string("{{ x.__class__.__mro__ }}").render(x=3)


def test_without_pango_the_error_names_the_line_that_installs_it(monkeypatch):
    real = pdf.load

    def absent(module, wanted):
        if module == "weasyprint":
            raise OSError("cannot load library 'libgobject-2.0-0'\nmore")
        return real(module, wanted)

    monkeypatch.setattr(pdf, "load", absent)
    with pytest.raises(MissingLibraryError, match="apt-get install --no-install-recommends libpango"):
        to_pdf("<p>x</p>", attachments={}, identifier="00", date=moment(""))


def test_without_the_extra_the_error_names_it(monkeypatch, park):
    monkeypatch.setitem(sys.modules, "docx", None)
    with pytest.raises(MissingExtraError, match=r"carbonost\[report\]"):
        ReportGenerator().generate("park", park, ("docx",))


def test_the_renderers_warnings_in_other_threads_are_not_ours():
    with pdf._listening() as heard:
        record = logging.LogRecord("weasyprint", logging.WARNING, "", 0, ".notdef glyph", None, None)
        record.thread = -1
        logging.getLogger("weasyprint").handle(record)
    assert heard == []


def test_save_writes_every_file_or_none(report, tmp_path):
    written = report.save(tmp_path / "out")
    assert written["pdf"].read_bytes() == report.files["pdf"]
    assert (tmp_path / "out" / "figures.json").exists()
    assert not list((tmp_path / "out").glob(".*"))
    assert Path(written["md"]).name == "park-technical.md"


def test_a_folder_that_cannot_be_written_is_one_clear_error(report, tmp_path):
    """No half-written output."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"field 'folder', value .* cannot be written"):
        report.save(tmp_path / "file" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failing_disk_leaves_nothing_behind(report, tmp_path, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        report.save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


class Shelf:
    """An object store that remembers."""

    def __init__(self, presigns=True):
        self.held, self.presigns = {}, presigns

    def put(self, key, data, *, content_type=None, metadata=None):
        self.held[key] = (data, content_type, metadata)

    def presign(self, key, method, expires_s):
        if not self.presigns:
            raise Unsupported("a folder cannot presign")
        return f"https://objects.example/{key}?t={expires_s}"


def test_finished_files_go_to_the_object_store_under_their_content(park):
    """S40."""
    shelf = Shelf()
    made = ReportGenerator(objects=shelf).generate("park", park, ("md", "html"))
    assert made.urls["md"].startswith("https://objects.example/reports/park/")
    data, kind, facts = next(held for key, held in shelf.held.items() if key.endswith(".md"))
    assert (data, kind) == (made.files["md"], "text/markdown; charset=utf-8")
    assert facts["baseline"] == "b2" * 32
    folder = ReportGenerator(objects=Shelf(presigns=False)).generate("park", park, ("md",))
    assert folder.urls["md"].startswith("object:reports/park/")


def test_unknown_formats_and_languages_are_refused(park):
    with pytest.raises(InputError, match="html, pdf, docx, md"):
        ReportGenerator().generate("park", park, ("xlsx",))
    with pytest.raises(InputError, match="language"):
        ReportGenerator(language="fr")


def test_one_long_text_among_figures_does_not_take_the_table():
    """A text in a column of figures breaks like any text; only figures are kept whole."""
    columns = (Column("名称"), Column("取值", align="right"), Column("理由"))
    figures = tuple((("a",), (Num("k", 1.5),), ("理由" * 40,)) for _ in range(5))
    mixed = (*figures, (("b",), ("一段较长的文字" * 8,), ("理由",)))
    widths = shares(Table("表", "假设", columns, mixed))
    assert widths[1] < 1 / 3, "its 112 half-widths on one line would take the page"
    assert widths[2] > widths[1]
