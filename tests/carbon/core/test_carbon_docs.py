"""Every snippet of the carbon pages runs, and prints what its comment says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["tutorials/bills-to-inventory.md", "methods/carbon.md", "methods/carbon-units.md"]


@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            exec(compile(block, page, "exec"), names)  # noqa: S102 -- our own page
        for said in re.findall(r"^print\(.*\)  # (.+)$", block, re.MULTILINE):
            assert said in shown.getvalue().splitlines(), (page, said, shown.getvalue())


def test_the_pages_link_to_pages_that_exist():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+\.md)\)", (DOCS / page).read_text(encoding="utf-8")):
            assert (DOCS / page).parent.joinpath(link).is_file(), (page, link)
