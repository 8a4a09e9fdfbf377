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
LONGEST_README = 120
MOST_FILES_IN_THE_ROOT = 14

# Compiled loops: split into calls they would be slower, and their parts would share a dozen arrays.
COMPILED = ("search/relaxed/kernels.py", "solver/kernels.py", "solver/kernels_refit.py")

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
        assert [pair for pair in function_lengths(text) if pair[1] > LONGEST_FUNCTION] == []
    assert list(dense_assignments(text)) == []


def test_the_root_is_a_hall_and_not_a_store() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= MOST_FILES_IN_THE_ROOT


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README


# --- tests beside the modules ---

# Modules that need no test file of their own, and why.
TESTED_ELSEWHERE = {
    "_lazy.py": "what is imported late, in tests/test_packaging.py; its pause, in tests/fitting/test_garbage.py",
    "_typing.py": "names of types, nothing that runs",
    "_version.py": "tests/end_to_end/test_package.py",
    "cli/__main__.py": "tests/end_to_end/test_package.py",
    "cli/usage.py": "two classes of errors without a method",
    "search/result.py": "records without a method, in every test of a search",
}

# Test files of the root that are about the whole and not about a module.
ABOUT_ALL = {"test_house.py", "test_packaging.py"}


def test_every_module_has_the_test_file_that_its_name_promises() -> None:
    promised = {
        name: path.with_name(f"test_{path.name}")
        for name, path in ((name, TESTS / name) for name in MODULES)
        if not name.endswith("__init__.py")
    }
    missing = {name for name, path in promised.items() if not path.is_file()}
    assert missing == set(TESTED_ELSEWHERE)


def test_every_test_file_is_that_of_a_module_or_of_the_whole() -> None:
    found = {path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")}
    rooms = {name for name in found if not name.startswith("end_to_end/")} - ABOUT_ALL
    assert {name for name in rooms if name.replace("test_", "", 1) not in MODULES} == set()


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in TESTS.rglob("*.py")}
    assert {folder for folder in folders if not (folder / "__init__.py").is_file()} == set()


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
