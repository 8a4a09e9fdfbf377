"""The package as a whole: what imports what, what is imported late, what is declared."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import eqdarts
from tests.places import ROOT

PACKAGE = ROOT / "eqdarts"

# The rooms of the house by floor: a room imports only from floors below its own. `docs/architecture.md` shows them.
FLOORS = (
    ("_lazy", "_typing", "_version", "clock", "errors"),
    ("arrays", "data", "failures", "files", "history", "losses", "primitives", "units"),
    ("expression", "graph", "tables"),
    ("solver", "export", "selection", "knowledge"),
    ("equation", "search"),
    ("inference", "evidence"),
    ("fitting", "plotting"),
    ("form", "report"),
    ("estimator",),
    ("dynamics",),
    ("benchmark",),
    ("cli", "__init__"),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def _modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield ".".join(path.relative_to(PACKAGE).with_suffix("").parts), path


MODULES = dict(_modules())


def _room(module: str) -> str:
    room = module.split(".")[0]
    if room not in FLOOR_OF:
        pytest.fail(f"{room} is on no floor; add it to FLOORS")
    return room


def _imports(path: Path, typing_too: bool = True) -> Iterator[str]:
    """Yield the modules of eqdarts that a file imports, at its top or inside a function."""

    def visit(node: ast.AST) -> Iterator[str]:
        if not typing_too and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.removeprefix("eqdarts.") in MODULES and name.startswith("eqdarts."):
                yield name.removeprefix("eqdarts.")
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_imports_only_from_lower_floors(module: str) -> None:
    own = _room(module)
    for imported in _imports(MODULES[module]):
        room = _room(imported)
        assert room == own or FLOOR_OF[room] < FLOOR_OF[own], (
            f"{module} imports {imported}, which is not on a lower floor"
        )


def test_no_imports_go_in_a_circle() -> None:
    order = TopologicalSorter({module: set(_imports(path)) - {module} for module, path in MODULES.items()})
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=600
    )
    return done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "import eqdarts; eqdarts.Primitive; eqdarts.make_primitive; eqdarts.FormulaError; dir(eqdarts)",
        "import eqdarts.cli.command; eqdarts.cli.command._build_parser().format_help()",
        "import eqdarts.cli, eqdarts.primitives; eqdarts.primitives.resolve('physics')",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code: str) -> None:
    heavy = "{'torch', 'sympy', 'sklearn', 'pandas', 'scipy', 'matplotlib'}"
    assert _run(f"import sys\n{code}\nprint(sorted({heavy} & set(sys.modules)))").strip() == "[]"


def test_importing_the_package_loads_next_to_nothing() -> None:
    """Count modules in place of milliseconds: a clock says another thing on every machine."""
    code = "import sys; before = set(sys.modules); import eqdarts; print(*sorted(set(sys.modules) - before))"
    loaded = _run(code).split()
    assert {name for name in loaded if name.startswith("eqdarts")} == {"eqdarts", "eqdarts._lazy", "eqdarts._version"}
    assert len(loaded) <= 10  # the rest is of the standard library


def test_predicting_needs_no_torch() -> None:
    code = "import sys, eqdarts; print(eqdarts.Equation.parse('2*x').predict({'x': [1.0]}), 'torch' in sys.modules)"
    assert _run(code).strip() == "[2.] False"


@pytest.mark.parametrize("name", [name for name in eqdarts.__all__ if name != "__version__"])
def test_public_names_resolve_to_their_home(name: str) -> None:
    value = getattr(eqdarts, name)
    assert value.__name__ == name
    assert name in dir(eqdarts)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        eqdarts.nonsense  # noqa: B018


def test_third_party_imports_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        requirement.split(">=")[0].replace("scikit-learn", "sklearn") for requirement in project["dependencies"]
    }
    optional = {"pyarrow", "IPython", "openpyxl"}
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module]
            for top in {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"eqdarts"} - optional:
                assert top in declared, f"{module} imports {top}"


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_constraints_pin_only_what_is_declared_and_hold_the_bounds() -> None:
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    declared = {r.name: r for r in map(Requirement, [*project["dependencies"], *extras])}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for pin in (Requirement(line) for line in lines if line and not line.startswith("#")):
        (version,) = pin.specifier
        assert version.operator == "=="
        assert declared[pin.name].specifier.contains(version.version)
