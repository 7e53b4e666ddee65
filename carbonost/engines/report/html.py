"""A document as one self-contained HTML page.

The page template runs in a sandbox with autoescape, strict names and no arithmetic: an expression
that adds or multiplies is refused, so a template cannot derive a figure.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from carbonost import __version__
from carbonost._lazy import load
from carbonost.domain.document import Cell, Cite, Document, Num, Section
from carbonost.engines.report.columns import shares
from carbonost.engines.report.labels import SEVERITY_NAMES
from carbonost.engines.report.markdown import notes
from carbonost.engines.report.text import runs
from carbonost.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BREAKS: Final = re.compile(r"(?<=[_/@])(?=\w)")


def to_html(document: Document, pictures: Mapping[str, bytes]) -> str:
    """The document's HTML.

    Parameters
    ----------
    document : Document
    pictures : mapping of str to bytes
        SVG of each chart by name, carried inside the page.
    """
    markup = load("markupsafe", "a report in HTML").Markup
    page = _environment().get_template("page.html.j2")
    shown: str = page.render(
        document=document,
        pictures={name: b64encode(svg).decode() for name, svg in pictures.items()},
        css=markup(stylesheet()),
        language="zh-CN" if document.language == "zh" else document.language,
        version=__version__,
        deeper={1: 2, 2: 3, 3: 3},
    )
    return shown


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """The one style sheet, for screen and paper."""
    return (files(__package__) / "templates" / "report.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Any:
    jinja2 = load("jinja2", "a report in HTML")
    sandbox = load("jinja2.sandbox", "a report in HTML")

    class FiguresStay(sandbox.ImmutableSandboxedEnvironment):  # type: ignore[misc, name-defined]
        """A sandbox in which no operator computes."""

        intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
        intercepted_unops = frozenset({"+", "-"})

        def call_binop(self, _context: object, operator: str, _left: object, _right: object) -> Any:
            raise ReportError(f"a report template computes nothing, but uses {operator!r}")

        def call_unop(self, _context: object, operator: str, _arg: object) -> Any:
            raise ReportError(f"a report template computes nothing, but uses {operator!r}")

    source = (files(__package__) / "templates" / "page.html.j2").read_text(encoding="utf-8")
    environment = FiguresStay(
        loader=jinja2.DictLoader({"page.html.j2": source}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
    )
    environment.filters.update(
        inline=_inline,
        words=_words,
        kind=lambda block: type(block).__name__,
        severity=SEVERITY_NAMES.__getitem__,
        notes=notes,
        shares=lambda table: [f"{share:.2%}" for share in shares(table)],
        anchor=anchor,
    )
    return environment


def anchor(section: Section) -> str:
    """The address of a section inside the document."""
    return f"s-{section.id}"


def _words(text: str) -> Any:
    """Escaped text with subscripts set as such."""
    markup = load("markupsafe", "a report in HTML").Markup
    tags = {"": "{}", "sub": "<sub>{}</sub>", "sup": "<sup>{}</sup>"}
    wbr = markup("<wbr>")
    return markup("").join(markup(tags[level]).format(wbr.join(_BREAKS.split(piece))) for level, piece in runs(text))


def _inline(cell: Cell) -> Any:
    markup = load("markupsafe", "a report in HTML").Markup
    parts = []
    for part in cell:
        if isinstance(part, Num):
            parts.append(markup('<data value="{}">{}</data>').format(part.key, part.text))
        elif isinstance(part, Cite):
            parts.append(markup('<span class="cite">[{}]</span>').format(part.number))
        else:
            parts.append(_words(part))
    return markup("").join(parts)
