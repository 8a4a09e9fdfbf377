"""Equations in other languages: numpy source, C source and spreadsheets give what `predict` gives."""

from __future__ import annotations

import ast
import ctypes
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from eqdarts.equation.equation import Equation
from eqdarts.export import to_c_source, to_excel, to_numpy_source, to_torch
from eqdarts.expression.parse import quoted
from tests.export.hostile import HOSTILE

Array = NDArray[np.float64]

pytestmark = pytest.mark.filterwarnings("ignore:The equation is undefined")


# --- numpy ---


def _executed(source: str, name: str = "predict") -> Callable[..., Array]:
    space: dict[str, Callable[..., Array]] = {}
    exec(compile(source, "<generated>", "exec"), space)
    return space[name]


@pytest.mark.slow
def test_numpy_source_gives_what_predict_gives_to_the_last_bit(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases:
        source = to_numpy_source(equation)
        values = _executed(source)(*X.T)
        tolerance = 1e-15 if "erf" in source else 0
        np.testing.assert_allclose(values, equation.predict(X), rtol=tolerance, err_msg=source)
        assert values.shape == (len(X),)


def test_numpy_source_needs_nothing_but_numpy_and_reads_scalars_and_lists() -> None:
    source = to_numpy_source(Equation.parse("2.5*x**1.5 + log(y)", ["x", "y"], "z"), name="law")
    assert set(re.findall(r"import (\w+)", source)) == {"numpy"}
    law = _executed(source, "law")
    assert float(law(4.0, 1.0)) == 20.0
    assert law([4.0, 9.0], 1.0).tolist() == [20.0, 67.5]
    assert np.isnan(law(4.0, -1.0))


def test_named_constants_are_numbers_in_the_source() -> None:
    law = Equation.parse("g*t**2/2 + v*t", ["t"], "h", constants={"g": 9.80665}).fit({"t": [1.0, 2.0]}, [7.0, 24.0])
    t = np.array([0.5, 3.0])
    np.testing.assert_allclose(_executed(to_numpy_source(law))(t), law.predict(t), rtol=1e-14)


# --- C ---


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_c_source_gives_what_predict_gives(cases: list[tuple[Equation, Array]], tmp_path: Path) -> None:
    source = "".join(to_c_source(equation, f"law_{k}") for k, (equation, _) in enumerate(cases))
    library = _compiled(source, tmp_path)
    for k, (equation, X) in enumerate(cases):
        function = getattr(library, f"law_{k}")
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * X.shape[1]
        values = np.array([function(*row) for row in X])
        np.testing.assert_allclose(values, equation.predict(X), rtol=1e-12, err_msg=to_c_source(equation))


def _compiled(source: str, folder: Path) -> ctypes.CDLL:
    (folder / "laws.c").write_text(source, encoding="utf-8")
    command = "gcc -std=c99 -pedantic -Wall -Wextra -Werror -O1 -ffp-contract=off -shared -fPIC laws.c -o laws.so -lm"
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[:3000]
    return ctypes.CDLL(str(folder / "laws.so"))


# --- spreadsheet ---


def _from_excel(formula: str, cells: dict[str, str]) -> str:
    """Return the formula in our own grammar."""
    text = formula.removeprefix("=IFERROR(").removesuffix(", NA())")
    for cell, name in cells.items():
        text = re.sub(rf"\b{cell}\b", name, text)
    text = re.sub(r"[A-Z]+(?=\()", lambda m: m[0].lower(), text)
    return text.replace("ln(", "log(")


def _with_powers(node: ast.AST) -> ast.AST:
    """Replace the calls power(u, p) by u**p."""

    class Powers(ast.NodeTransformer):
        def visit_Call(self, call: ast.Call) -> ast.AST:
            self.generic_visit(call)
            if isinstance(call.func, ast.Name) and call.func.id == "power":
                return ast.BinOp(call.args[0], ast.Pow(), call.args[1])
            return call

    return Powers().visit(node)


@pytest.mark.slow
def test_a_spreadsheets_formula_is_the_equation(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases[::2]:
        cells = dict(zip(("A2", "B2", "C2"), equation.variables, strict=False))
        tree = _with_powers(ast.parse(_from_excel(to_excel(equation), cells), mode="eval"))
        again = Equation.parse(ast.unparse(tree), equation.variables)
        want, values = equation.predict(X), again.predict(X)
        shown = np.isfinite(want) & np.isfinite(values)  # reading it back merges powers, which moves edges of domains
        np.testing.assert_allclose(values[shown], want[shown], rtol=1e-10, err_msg=to_excel(equation))


@pytest.mark.slow
def test_cells_can_be_chosen_and_are_checked() -> None:
    law = Equation.parse("2.5*x**1.5 + log(1 + exp(y))", ["x", "y"])
    formula = to_excel(law, {"x": "$B$7", "y": "AA10"})
    assert formula == "=IFERROR(2.5 * POWER($B$7, 1.5) + (MAX(0.0, AA10) + LN(1 + EXP(-ABS((0.0) - (AA10))))), NA())"
    with pytest.raises(ValueError, match="none for y"):
        to_excel(law, {"x": "A1"})
    for cell in ("A0", "x", "A1:B2", 'A1,HYPERLINK("x")', "=A1", "A1\n", ""):
        with pytest.raises(ValueError, match="a column and a row"):
            to_excel(law, {"x": cell, "y": "A1"})
    with pytest.raises(ValueError, match="8192 characters"):
        to_excel(Equation.parse(" + ".join(f"{k}.5*x**{k}.5" for k in range(500)), ["x"]))
    assert to_excel(Equation.parse("x29", [f"x{k}" for k in range(30)])) == "=IFERROR(AD2, NA())"


# --- names ---

COMPILED = ("int", "exp", "*/ int main(){} /*", "x\\", "// ??/", "\u202e", "NAN", "x\nimport os", "predict_nonzero")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leaves_its_place_in_generated_source(name: str, tmp_path: Path) -> None:
    equation = Equation.parse(f"2.5*{quoted(name)} + log({quoted('z ' + name)})", [name, "z " + name], target=name)
    python = to_numpy_source(equation)
    plain = to_numpy_source(Equation.parse("2.5*p + log(q)", ["p", "q"], target="r"))
    kinds = [[type(node) for node in ast.walk(ast.parse(text))] for text in (python, plain)]
    assert kinds[0] == kinds[1]
    assert float(_executed(python)(2.0, 1.0)) == 5.0
    if shutil.which("gcc") is not None and name in COMPILED:
        library = _compiled(to_c_source(equation), tmp_path)
        library.predict.restype, library.predict.argtypes = ctypes.c_double, [ctypes.c_double] * 2
        assert library.predict(2.0, 1.0) == 5.0


@pytest.mark.parametrize("name", ["", "1st", "a b", "for", "f(x): pass\ndef g", "é", "x" * 100])
def test_the_function_needs_a_plain_name(name: str) -> None:
    for write in (to_numpy_source, to_c_source):
        with pytest.raises(ValueError, match="must be a plain identifier"):
            write(Equation.parse("2.5*x", ["x"]), name)


def test_a_formula_without_values_cannot_travel() -> None:
    for write in (to_torch, to_numpy_source, to_c_source, to_excel):
        with pytest.raises(ValueError, match="needs values for its parameters"):
            write(Equation.parse("a*x + b", ["x"]))


def test_many_arguments_are_written_over_several_lines() -> None:
    names = [f"a_long_name_{k}" for k in range(40)]
    equation = Equation.parse("2.5*a_long_name_3", names)
    python = to_numpy_source(equation)
    assert max(len(line) for line in to_c_source(equation).splitlines()) <= 110
    assert float(_executed(python)(*range(40))) == 7.5


def test_equations_have_the_exports_as_methods() -> None:
    law = Equation.parse("3.5*(1 - exp(-0.2*t))")
    assert law.to_numpy_source("law") == to_numpy_source(law, "law")
    assert law.to_c_source("law") == to_c_source(law, "law")
    assert law.to_excel({"t": "B2"}) == to_excel(law, {"t": "B2"})
    assert law.to_torch()(torch.tensor([[2.0]], dtype=torch.float64)).item() == pytest.approx(law.predict([2.0])[0])
