"""Results to a document, a document to HTML, PDF, DOCX and Markdown."""

from carbonost._lazy import attach

_NAMES = {
    "DocxFonts": "carbonost.engines.report.docx",
    "Report": "carbonost.engines.report.generator",
    "ReportGenerator": "carbonost.engines.report.generator",
    "ReportRecord": "carbonost.engines.report.status",
    "Template": "carbonost.engines.report.registry",
    "TemplateRegistry": "carbonost.engines.report.registry",
}
__getattr__, __dir__ = attach(__name__, _NAMES)
