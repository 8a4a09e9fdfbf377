"""The documents name files and modules that are there, and avoid phrases that readers stumble over."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from tests.places import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*/README.md")),
    *sorted((ROOT / "datasets").rglob("README.md")),
]
FOLDERS = ("benchmarks", "datasets", "docs", "eqdarts", "examples", "tests")
# Each with what to write instead.
AVOIDED = {
    r"all the same": "still, nevertheless",
    r"but for": "except for",
    r"\w+ed by others": "name them, or use the passive without them",
    r"of before": "previous",
    r"mend(s|ed)?": "fix",
    r"(is|are) told": "say, warn, report",
    r"tells? (of|it)": "say, show",
    r"in vain": "for nothing, or name what is lost",
    r"so (many|often) (jobs|workers|rows|times)": "name the number",
    r"one an? (line|row|edge|law|fit)": "one for each",
    r"what (speaks|acts|goes|comes) \w+": "name the thing",
    r"ed at most\.": "at most N are ...",
    r"pays for itself": "improves the result",
}
ANY = re.compile("|".join(rf"\b(?:{phrase})" for phrase in AVOIDED), re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_modules_named_in_a_page_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"`([\w./-]+)`", text):
        if name.split("/")[0] in FOLDERS and "/" in name:
            assert (ROOT / name).exists(), name
    for name in re.findall(r"`(eqdarts(?:\.\w+)+)", text):
        module, _, last = name.rpartition(".")
        found = hasattr(importlib.import_module(module), last) if module else True
        assert found or importlib.util.find_spec(name), name


def _avoid(text: str) -> None:
    text = " ".join(text.split())
    if not ANY.search(text):
        return
    for phrase, instead in AVOIDED.items():
        found = re.search(rf"(.{{0,40}})\b({phrase})", text, re.IGNORECASE)
        assert found is None, f"{found[1]}{found[2]!r}: write {instead}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_avoids_phrases_that_readers_stumble_over(page: Path) -> None:
    _avoid(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "module", sorted((ROOT / "eqdarts").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_docstrings_errors_and_warnings_avoid_them_too(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            _avoid(node.value)
