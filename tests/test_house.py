"""The rules of the house that a reader can see: short files, short functions, one assignment a line."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT

PACKAGE = ROOT / "eqdarts"
TESTS = ROOT / "tests"
MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}

LONGEST_FILE = 600
LONGEST_FUNCTION = 40
LONGEST_README = 150
MOST_FILES_IN_THE_ROOT = 14

# Compiled loops: split into calls they would be slower, and their parts would share a dozen arrays.
COMPILED = ("solver/kernels.py", "solver/kernels_refit.py")

# What is still to be shortened. This list only shrinks.
STILL_LONG: frozenset[str] = frozenset(
    {
        "primitives/own.py _checked_value",
    }
)

# Files in which one line still assigns three things. This list only shrinks.
STILL_DENSE: frozenset[str] = frozenset(
    {
        "cli/fit.py",
        "primitives/table.py",
        "solver/compiled.py",
        "solver/kernels.py",
        "solver/kernels_refit.py",
        "solver/step.py",
    }
)

_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def _code_lines(text: str) -> set[int]:
    """Return the numbers of the lines that are neither blank nor only a comment."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines


def function_lengths(text: str) -> Iterator[tuple[str, int]]:
    """Yield each function's name and its lines of code: no docstring, no blank line, no comment."""
    code = _code_lines(text)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = set(range(node.lineno, (node.end_lineno or 0) + 1)) & code
        if ast.get_docstring(node, clean=False) is not None:
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
        yield node.name, len(lines)


def dense_assignments(text: str) -> Iterator[str]:
    """Yield each assignment of three values or more to as many targets; unpacking one value is none."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Tuple) or len(node.value.elts) < 3:
            continue
        if any(isinstance(target, ast.Tuple) and len(target.elts) >= 3 for target in node.targets):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_the_measures_measure() -> None:
    text = 'def f(x):\n    """Say\n    what."""\n    # why\n\n    a, b, c = 1, 2, x\n    a, b, c = f(x)\n    return a\n'
    assert list(function_lengths(text)) == [("f", 4)]
    assert list(dense_assignments(text)) == ["line 6: a, b, c = (1, 2, x)"]


@pytest.mark.parametrize("name", MODULES)
def test_files_and_functions_are_short_and_lines_assign_one_thing(name: str) -> None:
    text = MODULES[name].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    if name not in COMPILED:
        long = {f"{name} {function}" for function, lines in function_lengths(text) if lines > LONGEST_FUNCTION}
        assert not long - STILL_LONG
    assert name in STILL_DENSE or not list(dense_assignments(text))


def test_the_root_is_a_hall_and_not_a_store() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_FILES_IN_THE_ROOT


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README


# --- tests beside the modules ---

# Modules whose tests stand elsewhere, and why.
TESTED_ELSEWHERE = {
    "_lazy.py": "tests/test_packaging.py: what is imported late",
    "_typing.py": "names of types, nothing that runs",
    "_version.py": "tests/end_to_end/test_package.py",
    "clock.py": "one line; the limits of time are tested where they hold",
    "cli/__main__.py": "tests/end_to_end/test_package.py",
}


def _has_slow_mark(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(mark).startswith("pytest.mark.slow") for mark in node.decorator_list)


def _tests_of(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    marks_all = any(isinstance(node, ast.Assign) and "mark.slow" in ast.unparse(node) for node in tree.body)
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    return [node for node in found if not marks_all and not _has_slow_mark(node)]


@pytest.mark.parametrize(
    "folder", sorted({path.parent.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")})
)
def test_the_quick_tests_enter_every_room(folder: str) -> None:
    assert sum(len(_tests_of(path)) for path in (TESTS / folder).glob("test_*.py")) > 0
