"""The package as others get it: built, installed where there is no checkout, and used from there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

import eqdarts
from tests.places import DATASETS, ROOT

pytestmark = pytest.mark.slow

PACKAGE = ROOT / "eqdarts"
BUILT_FROM = (
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CITATION.cff",
    "constraints.txt",
)


class Built(NamedTuple):
    """Files of the package."""

    wheel: Path
    source: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build wheel and source from a copy, so that the checkout stays as it is."""
    copy, out = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("dist")
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, copy)
    shutil.copytree(PACKAGE, copy / "eqdarts", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests").mkdir()
    (copy / "tests" / "test_nothing.py").write_text("", encoding="utf-8")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), "."]
    done = subprocess.run(build, cwd=copy, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (source,) = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(wheel, source)


@pytest.fixture(scope="module")
def elsewhere(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of a new environment that has the wheel, and this environment's other packages."""
    folder = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    programs = folder / "bin"
    install = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "-q", "--no-deps"]
    subprocess.run([*install, "--no-index", str(built.wheel)], check=True, timeout=120, env=_environment())
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file is searched last, and the .pth files in it, the checkout's among them, are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return programs


def _environment() -> dict[str, str]:
    """Return the environment without what would lead back to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "COV"))}


def _said(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_and_source_hold_every_file_of_the_package_and_no_test(built: Built) -> None:
    files = {f"eqdarts/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*") if path.is_file()}
    files = {name for name in files if "__pycache__" not in name}
    assert {
        "eqdarts/py.typed",
        "eqdarts/benchmark/problem_data/psych.csv",
        "eqdarts/report/templates/report.html",
    } < files
    with zipfile.ZipFile(built.wheel) as wheel:
        in_wheel = set(wheel.namelist())
    assert {name for name in in_wheel if not name.startswith("eqdarts-")} == files
    with tarfile.open(built.source) as source:
        top, in_source = source.getnames()[0], set(source.getnames())
    assert {f"{top}/{name}" for name in (*files, *BUILT_FROM)} <= in_source
    assert not [name for name in in_source if "test" in name]


def test_a_law_is_fitted_with_the_wheel_alone(elsewhere: Path, tmp_path: Path) -> None:
    shutil.copy(DATASETS / "solar_system.csv", tmp_path)
    fit = [elsewhere / "eqdarts", "fit", "solar_system.csv", "--target", "period_days", "--seed", "0", "--quiet"]
    fit += ["--time-limit", "2", "--guess", "a*semi_major_axis_au**b"]
    assert "semi_major_axis_au**" in _said([*fit, "--out", "found"], tmp_path)
    assert {"equation.json", "law.html", "front.png"} <= {path.name for path in (tmp_path / "found").iterdir()}
    code = (
        "import eqdarts, importlib.metadata as m, runpy, sys\n"
        "print(eqdarts.__file__, m.version('eqdarts'))\n"
        "print(eqdarts.load_problem('I.6.2a').name)\n"
        "sys.argv = ['eqdarts', '--help']\n"
        "runpy.run_module('eqdarts.cli', run_name='__main__')"
    )
    home, problem, *usage = _said([elsewhere / "python", "-c", code], tmp_path).splitlines()
    assert home.split() == [
        str(next(elsewhere.parent.glob("lib/*/site-packages/eqdarts/__init__.py"))),
        eqdarts.__version__,
    ]
    assert problem == "I.6.2a"
    assert "usage: eqdarts" in usage[0]


def test_the_citation_is_of_this_version_and_licence() -> None:
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert lines[0] == "cff-version: 1.2.0"
    assert f"version: {eqdarts.__version__}" in lines
    assert f"license: {project['license']}" in lines
    assert f"  - name: {project['authors'][0]['name']}" in lines
    assert {"message", "title", "authors", "type"} <= {line.split(":")[0] for line in lines}
