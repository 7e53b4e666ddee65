"""Reading a report's figures back: from ``figures.json`` to the envelopes it was printed from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from carbonost.domain.document import display
from carbonost.engines.report.envelopes import Envelopes, resolve
from carbonost.errors import UnresolvedFigureError

if TYPE_CHECKING:
    from collections.abc import Mapping


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
