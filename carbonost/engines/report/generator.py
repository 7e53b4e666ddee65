"""Results to a report: one document, every format, the same figures in each."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from carbonost.domain.document import Block, Cell, Document, Figure, Num, Table
from carbonost.engines.report.columns import breadth, text
from carbonost.engines.report.compose import compose, figure_index
from carbonost.engines.report.envelopes import Envelopes, canonical
from carbonost.engines.report.figures import draw
from carbonost.engines.report.fonts import check_glyphs
from carbonost.engines.report.government import as_data
from carbonost.engines.report.markdown import to_markdown
from carbonost.engines.report.registry import TemplateRegistry
from carbonost.engines.report.saving import save_files
from carbonost.engines.report.status import ReportRecord
from carbonost.errors import InputError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FORMATS: Final = ("html", "pdf", "docx", "md")
TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
}
URL_SECONDS: Final = 3600
LINES_PER_PAGE: Final = 34
CHARACTERS_PER_ROW: Final = 50  # half-widths; beyond, a table row takes another line


class ObjectStore(Protocol):
    """What a report needs of an object store."""

    def put(
        self, key: str, data: bytes, *, content_type: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> object:
        """Keep the bytes."""

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:
        """An address the bytes can be fetched from."""


@dataclass(frozen=True)
class Report:
    """A finished report.

    Attributes
    ----------
    document : Document
        The tree all formats were made from.
    files : dict of str to bytes
        By format: ``html``, ``pdf``, ``docx``, ``md``.
    attachments : dict of str to bytes
        What goes beside them: ``figures.json`` (each figure with its envelope and path),
        ``envelopes.json``, charts as SVG, long tables as CSV.
    urls : dict of str to str
        By format, where an object store was given.
    record : ReportRecord
        Kind, template, status, who made it from which results.
    """

    document: Document
    files: dict[str, bytes]
    attachments: dict[str, bytes] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    record: ReportRecord = field(default_factory=ReportRecord)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(content):,} bytes" for name, content in self.files.items())
        return f"Report({self.record.kind!r}, {sizes or 'no files'}, {len(self.attachments)} attachments)"

    @property
    def pages_est(self) -> int:
        """About how many A4 pages it takes: from the document alone, whatever formats were made."""
        lines = sum(_lines(block) for _, block in self.document.walk())
        return 2 + math.ceil(lines / LINES_PER_PAGE)

    @property
    def name(self) -> str:
        """Stem of the file names: kind and version."""
        return "-".join(part for part in (self.document.kind, self.document.audience) if part)

    def save(self, folder: Path | str) -> dict[str, Path]:
        """Write every file, or none.

        Parameters
        ----------
        folder : path
            Made if it does not exist. Files of the same name are replaced.

        Returns
        -------
        dict of str to Path
            By format.

        Raises
        ------
        InputError
            If the folder cannot be written; nothing is left behind.
        """
        named = {f"{self.name}.{kind}": body for kind, body in self.files.items()}
        written = save_files(folder, {**named, **self.attachments})
        return {kind: written[f"{self.name}.{kind}"] for kind in self.files}


class ReportGenerator:
    """Reports of every kind in the registry.

    Parameters
    ----------
    objects : ObjectStore, optional
        Where finished files go; without one, `Report.save` writes a folder.
    language : {"zh"}
        Language of the templates.
    registry : TemplateRegistry, optional
        Templates known; the packaged ones by default.

    Examples
    --------
    >>> baseline = {"metrics": {"total_tco2e_y": {"value": 139500.0, "unit": "tCO2e"}}}
    >>> report = ReportGenerator().generate("park", {"baseline": baseline}, formats=("md",))
    >>> "139,500.00" in report.files["md"].decode()
    True
    """

    def __init__(
        self, objects: ObjectStore | None = None, language: str = "zh", registry: TemplateRegistry | None = None
    ) -> None:
        if language != "zh":
            raise InputError("reports are written in Chinese", "language", language, "Use language='zh'.")
        self.objects, self.language = objects, language
        self.registry = registry or TemplateRegistry()

    def generate(
        self,
        kind: str,
        data: Mapping[str, Any],
        formats: Sequence[str] = FORMATS,
        *,
        audience: str | None = None,
        generated_by: str = "ai",
    ) -> Report:
        """One report in the formats asked for.

        Parameters
        ----------
        kind : str
            ``park``, ``cn_enterprise``, ``ghgp``, ``iso_14064_1``, ``zero_carbon_park`` or one added.
        data : mapping
            Envelopes by stage, with ``meta``, ``narrative`` and ``report_template`` beside them; the
            package docstring lists what each kind reads.
        formats : sequence of {"html", "pdf", "docx", "md"}
        audience : str, optional
            Version of the report (``government``, ``technical``, ``investor`` for a park).
        generated_by : {"ai", "manual"}
            Recorded with the envelope hashes.

        Raises
        ------
        InputError
            For an unknown kind, version or format, or data that are not plain JSON.
        ReportError
            If a figure, citation, glyph or resource cannot be resolved.
        """
        formats = tuple(formats)
        if unknown := [one for one in formats if one not in FORMATS]:
            raise InputError("unknown format", "formats", unknown[0], f"Formats: {', '.join(FORMATS)}.")
        template = self.registry.active(kind)
        record = ReportRecord(kind, template.id, template.category, generated_by=generated_by).to("generating")
        document, envelopes = compose(template, data, audience)
        files, attachments = render(document, envelopes, formats)
        record = record.finished(document.hashes, {name: _sha256(body) for name, body in files.items()})
        urls = _store(self.objects, record, files) if self.objects is not None else {}
        return Report(document, files, attachments, urls, record)

    def generate_government_report(
        self, organization_data: Mapping[str, Any], emission_data: Any, period: Mapping[str, Any] | str
    ) -> dict[str, str]:
        """The enterprise greenhouse-gas report a regulator reads.

        Parameters
        ----------
        organization_data : mapping
            ``name``, ``credit_code``, ``industry``, ``industry_code``, ``legal_person``, ``contact`` …
        emission_data : Inventory, envelope or mapping
            An inventory, or totals in t (``scope1``, ``scope2``, ``total``) with ``by_source`` rows.
        period : mapping or str
            ``{"start": …, "end": …}`` or words.

        Returns
        -------
        dict
            ``pdf_url`` and ``docx_url``: addresses in the object store, or ``file:`` addresses in
            ``carbonost-report/`` where the generator has none; ``sha256`` of each file.
        """
        data = as_data(organization_data, emission_data, period)
        report = self.generate("cn_enterprise", data, ("pdf", "docx"), generated_by="manual")
        urls = report.urls
        if not urls:
            folder = f"carbonost-report/{_sha256(report.files['pdf'])[:16]}"
            urls = {kind: path.resolve().as_uri() for kind, path in report.save(folder).items()}
        return {
            "pdf_url": urls["pdf"],
            "docx_url": urls["docx"],
            "pdf_sha256": _sha256(report.files["pdf"]),
            "docx_sha256": _sha256(report.files["docx"]),
        }


def _lines(block: Block) -> int:
    if isinstance(block, Table):
        return 4 + sum(max(1, sum(breadth(text(cell)) for cell in row) // CHARACTERS_PER_ROW) for row in block.rows)
    return 15 if isinstance(block, Figure) else 4


def _store(objects: ObjectStore, record: ReportRecord, files: Mapping[str, bytes]) -> dict[str, str]:
    """Put the files under their content's name; their addresses by format."""
    facts = {"template": record.template, "generated-by": record.generated_by, **dict(record.envelopes)}
    urls = {}
    for kind, body in files.items():
        key = f"reports/{record.kind}/{_sha256(body)[:32]}/report.{kind}"
        objects.put(key, body, content_type=TYPES[kind], metadata=facts)
        urls[kind] = _address(objects, key)
    return urls


def render(
    document: Document, envelopes: Envelopes, formats: Sequence[str]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """A document's files by format, and what goes beside them."""
    from carbonost.engines.report.pdf import moment

    if "pdf" in formats:
        check_glyphs(_strings(document))
    bodies = {stage: envelopes.stages[stage] for stage in envelopes.stages}
    beside = {
        "figures.json": _json(figure_index(document)),
        "envelopes.json": canonical(bodies),
        **_long_tables(document),
    }
    drawn = {
        block.name: draw(block, png="docx" in formats) for _, block in document.walk() if isinstance(block, Figure)
    }
    svgs, pngs = ({name: pair[i] for name, pair in drawn.items()} for i in (0, 1))
    beside |= {f"figures/{name}.svg": svg for name, svg in svgs.items()}
    files: dict[str, bytes] = {}
    if {"html", "pdf"} & set(formats):
        from carbonost.engines.report.html import to_html

        page = to_html(document, svgs)
        files["html"] = page.encode()
    if "pdf" in formats:
        from carbonost.engines.report.pdf import to_pdf

        carried = {name: beside[name] for name in ("envelopes.json", "figures.json")}
        identifier = hashlib.sha256(canonical(dict(document.hashes))).hexdigest()
        files["pdf"] = to_pdf(page, attachments=carried, identifier=identifier, date=moment(document.date))
    if "docx" in formats:
        from carbonost.engines.report.docx import to_docx

        files["docx"] = to_docx(document, pngs, moment(document.date))
    if "md" in formats:
        files["md"] = to_markdown(document).encode()
    return {kind: files[kind] for kind in formats}, beside


def _strings(document: Document) -> Iterator[tuple[str, str]]:
    yield from (("cover", words) for words in (document.title, document.subtitle, document.notice))
    yield from (("cover", value) for _, value in document.facts)
    for section, block in document.walk():
        place = f"section {section.id}"
        yield place, section.title
        if isinstance(block, Table):
            yield place, block.caption + block.note + "".join(column.title + column.unit for column in block.columns)
            yield from ((f"{place}, {block.label}", text(cell)) for row in block.rows for cell in row)
        elif not isinstance(block, Figure):
            yield place, text(getattr(block, "inlines", ())) + getattr(block, "missing", "")


def _long_tables(document: Document) -> dict[str, bytes]:
    made = {}
    for _, block in document.walk():
        if isinstance(block, Table) and block.full:
            lines = io.StringIO()
            writer = csv.writer(lines)
            writer.writerow([f"{c.title}（{c.unit}）" if c.unit else c.title for c in block.columns])
            writer.writerows([_harmless(cell) for cell in row] for row in block.full)
            made[f"tables/{block.attachment}"] = b"\xef\xbb\xbf" + lines.getvalue().encode()
    return made


def _harmless(cell: Cell) -> str:
    """A cell a spreadsheet will not take for a formula; figures may begin with a minus."""
    shown = text(cell)
    figure = len(cell) == 1 and isinstance(cell[0], Num)
    return f"'{shown}" if shown[:1] in "=+-@\t" and shown and not figure else shown


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _address(objects: ObjectStore, key: str) -> str:
    try:
        return objects.presign(key, "GET", expires_s=URL_SECONDS)
    except Unsupported:  # a folder: the key is the address
        return f"object:{key}"
