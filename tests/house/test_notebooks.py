"""S63, S51: every notebook runs from top to bottom, and its last expressions have something to show."""

import json
from ast import Expr, Expression, parse
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path):
    scope = {"__name__": "__notebook__"}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == [], "outputs are not committed"
        body = parse("".join(cell["source"]))
        last = body.body.pop() if isinstance(body.body[-1], Expr) else None
        exec(compile(body, path.name, "exec"), scope)  # noqa: S102 -- our own notebook
        if last is not None:
            shown = eval(compile(Expression(last.value), path.name, "eval"), scope)  # noqa: S307
            assert shown is None or len(getattr(shown, "_repr_html_", lambda shown=shown: repr(shown))()) > 0


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3
