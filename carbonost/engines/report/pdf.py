"""HTML to PDF: packaged fonts only, no network, no file but the fonts, boxes for characters never.

The result is tagged PDF/A-3 with the envelopes attached, so that a printed figure can be read back
from the file itself. Conformance is as WeasyPrint writes it; no validator runs here.
"""

from __future__ import annotations

import logging
import threading
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from carbonost._lazy import load
from carbonost.engines.report.fonts import SANS, SERIF, sans_path, serif_path
from carbonost.errors import MissingGlyphError, MissingLibraryError, RefusedResourceError, ReportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

_APT: Final = "apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_PICTURES: Final = ("data:image/svg+xml", "data:image/png")


def to_pdf(html: str, *, attachments: Mapping[str, bytes], identifier: str, date: datetime) -> bytes:
    """A page as PDF/A-3 bytes; the same bytes for the same arguments.

    Parameters
    ----------
    html : str
        The whole page.
    attachments : mapping of str to bytes
        Files carried inside the PDF.
    identifier : str
        Hexadecimal digest that identifies the document.
    date : datetime
        Creation date of the document and its attachments.

    Raises
    ------
    MissingLibraryError
        If Pango is not installed.
    MissingGlyphError
        If a character was drawn as a box.
    RefusedResourceError
        If the page asks for a file or an address.
    """
    weasyprint = _weasyprint()
    fetcher = _fetcher()
    fatal = load("weasyprint.urls", "a report as PDF").FatalURLFetchingError
    with _listening() as heard, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No fonts configured", UserWarning)  # a report brings its own
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its colour profile to the collector
        fonts = load("weasyprint.text.fonts", "a report as PDF").FontConfiguration()
        try:
            sheet = weasyprint.CSS(string=_font_faces(), font_config=fonts, url_fetcher=fetcher)
            page = weasyprint.HTML(string=html, url_fetcher=fetcher, base_url=None)
            files = [
                weasyprint.Attachment(
                    string=body, name=name, description=name, created=date, modified=date, relationship="Source"
                )
                for name, body in attachments.items()
            ]
            made: bytes = page.write_pdf(
                stylesheets=[sheet],
                font_config=fonts,
                pdf_variant="pdf/a-3b",
                pdf_tags=True,
                pdf_identifier=identifier.encode(),
                custom_metadata=True,
                attachments=files,
            )
        except fatal as exc:
            raise RefusedResourceError(
                "a report may load nothing but its own fonts",
                field="url",
                value=exc.args[0],
                remedy="Put the picture into the page as data:image/png or data:image/svg+xml.",
            ) from None
    _judge(heard)
    return made


def _weasyprint() -> ModuleType:
    try:
        return load("weasyprint", "a report as PDF")
    except OSError as exc:
        raise MissingLibraryError(
            f"WeasyPrint cannot load a system library: {str(exc).splitlines()[0]}", remedy=f"Install it: {_APT}"
        ) from exc


def _fetcher() -> Any:
    urls = load("weasyprint.urls", "a report as PDF")
    fonts = {path.as_uri(): path for path in (sans_path(), serif_path())}

    class FontsOnly(urls.URLFetcher):  # type: ignore[misc, name-defined]
        """Two font files and pictures inside the page; everything else ends the rendering."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url in fonts:
                return urls.URLFetcherResponse(url, fonts[url].read_bytes(), {"Content-Type": "font/otf"})
            if url.startswith(_PICTURES):
                return super().fetch(url, headers)
            raise urls.FatalURLFetchingError(url[:200])  # the only error WeasyPrint does not swallow

    return FontsOnly(allowed_protocols={"data"})


def _font_faces() -> str:
    faces = ((SANS, sans_path()), (SERIF, serif_path()))
    return "\n".join(f"@font-face {{ font-family: '{name}'; src: url('{path.as_uri()}'); }}" for name, path in faces)


@contextmanager
def _listening() -> Iterator[list[str]]:
    """What WeasyPrint says while it renders in this thread; it warns where a report must fail."""
    logger, heard, thread = logging.getLogger("weasyprint"), [], threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                heard.append(record.getMessage())

    ear = Ear(level=logging.WARNING)
    logger.addHandler(ear)
    try:
        yield heard
    finally:
        logger.removeHandler(ear)


def _judge(heard: list[str]) -> None:
    for message in heard:
        if ".notdef" in message:
            raise MissingGlyphError("a character was drawn as a box", field="pdf", value=message[:160])
        if "Relative URI" in message:
            raise RefusedResourceError("the page asks for a file beside it", field="url", value=message[:160])
        if "cannot be loaded" in message or "Failed to" in message:
            raise ReportError(f"the PDF would be incomplete: {message[:200]}")


def moment(date: str) -> datetime:
    """A report's date (``YYYY-MM-DD`` or empty) as an instant; empty is 1980-01-01, never now."""
    return datetime.fromisoformat(date or "1980-01-01").replace(tzinfo=UTC)
