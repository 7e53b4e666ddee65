"""Reading a report's figures back: from ``figures.json`` to the envelopes it was printed from."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.document import display
from carbonost.engines.report.envelopes import Envelopes, resolve
from carbonost.errors import UnresolvedFigureError

if TYPE_CHECKING:
    from collections.abc import Mapping


_ATTACHED: Final = re.compile(rb"/Type /EmbeddedFile\b.{0,300}?/Length (\d+)>>\s*stream\r?\n", re.DOTALL)


def verify_pdf(pdf: bytes) -> int:
    """Derive each printed figure of a report again from the envelopes its PDF carries.

    Parameters
    ----------
    pdf : bytes
        A PDF written by `ReportGenerator`.

    Returns
    -------
    int
        How many figures were read back.

    Raises
    ------
    UnresolvedFigureError
        If a figure differs, or the PDF carries no figures and envelopes.
    """
    carried = [_unpack(pdf[found.end() : found.end() + int(found[1])]) for found in _ATTACHED.finditer(pdf)]
    figures = next((body for body in carried if isinstance(body, list)), None)
    envelopes = next((body for body in carried if isinstance(body, dict)), None)
    if figures is None or envelopes is None:
        raise UnresolvedFigureError(
            "the PDF carries no figures and envelopes", field="pdf", remedy="Verify a PDF as this package wrote it."
        )
    return verify_figures(figures, envelopes)


def _unpack(stream: bytes) -> Any:
    try:
        return json.loads(zlib.decompress(stream))
    except (zlib.error, ValueError):
        return None


def verify_figures(figures: bytes | list[dict[str, Any]], envelopes: Mapping[str, Any]) -> int:
    """Derive each printed figure again.

    Parameters
    ----------
    figures : bytes or list of dict
        ``figures.json`` of a report, or its content.
    envelopes : mapping
        Envelopes by stage: ``envelopes.json``, or the ones in the store.

    Returns
    -------
    int
        How many figures were read back.

    Raises
    ------
    UnresolvedFigureError
        At the first figure whose envelope, place, value or printed text differs.
    """
    index = json.loads(figures) if isinstance(figures, bytes) else figures
    bodies = {body["result_id"]: body for body in Envelopes(envelopes).stages.values()}
    for entry in index:
        held = resolve(bodies.get(entry["result_id"]), entry["path"])
        proper = isinstance(held, (int, float)) and not isinstance(held, bool)
        shown = display(held, entry["digits"], entry["shift"]) if proper else None
        if shown != entry["text"]:
            raise UnresolvedFigureError(
                f"the report prints {entry['text']}, the envelope gives {shown}", field=entry["key"], value=held
            )
    return len(index)
