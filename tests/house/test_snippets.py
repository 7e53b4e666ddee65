"""Every Python snippet of the README and the docs runs, page by page, in an empty folder.

A block whose first line is ``# not run: reason`` is left out; the reason is for the reader.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [
    path
    for path in (ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md")))
    if FENCE.search(path.read_text("utf-8"))
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_snippets_of_a_page_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "__page__"}
    for block in FENCE.findall(path.read_text("utf-8")):
        if block.startswith("# not run: "):
            continue
        exec(compile(block, path.name, "exec"), scope)  # noqa: S102 -- our own pages


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_block_left_out_says_why(path):
    skipped = [block for block in FENCE.findall(path.read_text("utf-8")) if block.startswith("# not run")]
    assert all(re.match(r"# not run: \w+", block) for block in skipped)
