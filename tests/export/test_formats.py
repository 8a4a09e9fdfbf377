"""Equations that travel: torch, numpy source, C source, LaTeX tables give what `predict` gives."""

from __future__ import annotations

import ast
import copy
import ctypes
import pickle
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from eqdarts.equation.equation import Equation
from eqdarts.equation.from_graph import graph_to_expression
from eqdarts.errors import FormulaError
from eqdarts.export import latex_table, to_c_source, to_excel, to_numpy_source, to_torch
from eqdarts.export.names import C_WORDS, identifiers, note
from eqdarts.expression.parse import quoted
from eqdarts.graph.random_graphs import random_graph
from eqdarts.primitives.functions import FUNCTIONS
from eqdarts.primitives.table import PRIMITIVES, resolve

Array = NDArray[np.float64]

pytestmark = pytest.mark.filterwarnings("ignore:The equation is undefined")

FORMULAS = [
    "2.5", "x", "-x", "x - 2.0*y - 1", "x*y/3.0", "x**7", "x**-3", "x**17", "x**2.5", "x**-0.5", "x**y", "2.0**x",
    "(x*y)**(1/3)", "sqrt(x)/sqrt(y)", "log(1 + exp(x))", "log(2.5 + exp(500*x - y))", "1/(1 + exp(-900*x))",
    "3.0/(2.0 + exp(x + y))", "Max(0, x - 0.5) + Min(x, y)", "pi*x", "-(x + y)*(x + y)**2", "0*x + 3", "1e-300*x*1e300",
    "exp(log(x))", "1/(1/x)", "x**-2.0", "(x - y)**3.0", "(x - y)**4", "x - (y - 2.0*x) - (-3.0)*y", "-(x - y)/(x*y)",
    "Max(log(x), log(y))", "Min(log(x), 2.0)", "2**-x", "abs(x)**-1.5", "2.0/x/y/-3.0", "sqrt(x**2 - 1)",
]  # fmt: skip
FORMULAS += [f"{row.name}({argument})" for row in FUNCTIONS.values() for argument in ("x", "-0.7*x*y")]


def _grid() -> Array:
    """Return rows (81, 2) at and past every edge of a domain."""
    ends = np.array([-2.3, -1.0, -0.4, 0.0, 0.5, 1.0, 1.7, 3.0, 7.5])
    return np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)


def _random_equations(n: int, seed: int = 0) -> Iterator[tuple[Equation, Array]]:
    rng = np.random.default_rng(seed)
    primitives = resolve([name for name in PRIMITIVES if name != "none"])
    while n:
        d = int(rng.integers(1, 4))
        graph, coefficients = random_graph(rng, d, primitives, 30, 5)
        names = tuple(f"x{i}" for i in range(d))
        try:
            moved = [c * rng.uniform(0.5, 1.5) for c in coefficients]
            expr = graph_to_expression(graph, moved, names, np.ones(d), 1.0)
        except FormulaError:
            continue
        n -= 1
        yield Equation(expr, names, "y"), rng.uniform(-3, 3, (20, d))


@pytest.fixture(scope="module")
def cases() -> list[tuple[Equation, Array]]:
    """Return 200 equations of random graphs of all primitives, and those of `FORMULAS`, with rows."""
    typed = [(Equation.parse(text, variables=["x", "y"], target="z"), _grid()) for text in FORMULAS]
    return [*_random_equations(200), *typed]


# --- torch ---


def test_torch_gives_what_predict_gives(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases:
        values = to_torch(equation)(torch.tensor(X)).detach().numpy()
        np.testing.assert_allclose(values, equation.predict(X), rtol=1e-12, err_msg=str(equation))


def _steep(module: torch.nn.Module, row: torch.Tensor) -> bool:
    """Whether the equation leaves the real line, or has a pole or a kink, near a row."""
    with torch.no_grad():
        near = module(row + 1e-3 * torch.linspace(-1, 1, 5, dtype=row.dtype)[:, None])
        return not bool(near.abs().max() < 1e3 and near.diff().diff().abs().max() < 1e-2)


def test_torch_gradients_are_those_of_differences(cases: list[tuple[Equation, Array]]) -> None:
    checked = 0
    for equation, X in cases[::4]:
        module = to_torch(equation)
        rows = [row for row in torch.tensor(X + 0.013) if not _steep(module, row)][:1]

        def at(theta: torch.Tensor, x: torch.Tensor, module: torch.nn.Module = module) -> torch.Tensor:
            return torch.func.functional_call(module, {"coefficients": theta}, (x,))

        for row in rows:
            theta = module.coefficients.detach().clone().requires_grad_()
            assert torch.autograd.gradcheck(at, (theta, row.requires_grad_()), rtol=1e-4), equation
            checked += 1
    assert checked > 40


def test_rows_past_the_edge_of_a_domain_add_no_nan_to_a_gradient(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases:
        module = to_torch(equation)
        inputs = torch.tensor(X, requires_grad=True)
        values = module(inputs)
        total = torch.where(values.isfinite(), values, 0.0).sum()
        if not total.requires_grad:
            continue  # a constant
        total.backward()
        for gradient in (inputs.grad, module.coefficients.grad):
            assert gradient is None or not gradient.isnan().any(), equation


def test_training_finds_the_coefficients_that_made_the_data() -> None:
    x = np.linspace(0.1, 4, 40)
    true = Equation.parse("3.0*x/(0.5 + x)", ["x"])
    module = to_torch(Equation.parse("2.0*x/(1.0 + x)", ["x"]))
    X, y = torch.tensor(x[:, None]), torch.tensor(true.predict({"x": x}))
    optimiser = torch.optim.LBFGS(module.parameters(), max_iter=200, tolerance_change=0, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        total = (module(X) - y).square().mean()
        total.backward()
        return total

    optimiser.step(loss)
    found = module.to_equation()
    assert sorted(found.coefficients.values()) == pytest.approx([0.5, 3.0], rel=1e-4)
    np.testing.assert_allclose(found.predict({"x": x}), module(X).detach().numpy(), rtol=1e-12)


def test_the_parameters_of_a_typed_formula_keep_their_names() -> None:
    x = np.linspace(1, 5, 20)
    law = Equation.parse("Vm*x/(K + x)", target="rate").fit({"x": x}, 3 * x / (0.5 + x))
    module = to_torch(law)
    assert set(module.names) == {"Vm", "K"}
    back = module.to_equation()
    assert back == law
    assert (back.target, back.fit_result_) == ("rate", None)


def test_named_constants_are_not_trained() -> None:
    law = Equation.parse("g*t**2/2 + v*t", ["t"], "h", constants={"g": 9.80665}).fit({"t": [1.0, 2.0]}, [7.0, 24.0])
    module = to_torch(law)
    assert module.names == ("v",)
    t = np.array([[0.5], [3.0]])
    for values in (module(torch.tensor(t)).detach().numpy(), _executed(to_numpy_source(law))(*t.T)):
        np.testing.assert_allclose(values, law.predict(t), rtol=1e-14)
    assert module.to_equation() == law


def test_a_module_is_an_ordinary_one() -> None:
    equation = Equation.parse("2.5*exp(-0.5*x) + y", ["x", "y"], target="z")
    module = to_torch(equation)
    X = torch.rand(3, 4, 2, dtype=torch.float64)
    assert module(X).shape == (3, 4)
    assert str(equation.format()) in repr(module)
    other = to_torch(Equation.parse("1.5*exp(-0.1*x) + y", ["x", "y"]))
    other.load_state_dict(module.state_dict())
    for same in (other, copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(same(X), module(X))
    single = copy.deepcopy(module).to(torch.float32)(X.float())
    assert single.dtype == torch.float32
    assert torch.allclose(single.double(), module(X), rtol=1e-5)
    with pytest.raises(ValueError, match=r"X must be of shape \(\.\.\., 2\)"):
        module(X[..., :1])
    with torch.no_grad():
        module.coefficients[0] = np.nan
    with pytest.raises(ValueError, match="Coefficients must be finite"):
        module.to_equation()


# --- numpy ---


def _executed(source: str, name: str = "predict") -> Callable[..., Array]:
    space: dict[str, Callable[..., Array]] = {}
    exec(compile(source, "<generated>", "exec"), space)
    return space[name]


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


# --- C ---


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
    done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=120)
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


def test_a_spreadsheets_formula_is_the_equation(cases: list[tuple[Equation, Array]]) -> None:
    for equation, X in cases[::2]:
        cells = dict(zip(("A2", "B2", "C2"), equation.variables, strict=False))
        tree = _with_powers(ast.parse(_from_excel(to_excel(equation), cells), mode="eval"))
        again = Equation.parse(ast.unparse(tree), equation.variables)
        want, values = equation.predict(X), again.predict(X)
        shown = np.isfinite(want) & np.isfinite(values)  # reading it back merges powers, which moves edges of domains
        np.testing.assert_allclose(values[shown], want[shown], rtol=1e-10, err_msg=to_excel(equation))


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

HOSTILE = [
    "x", "x ", "x_", "θ_0", "Δt", "µ", "lambda", "int", "np", "math", "y", "t1", "exp", "log", "predict", "nonzero",
    "1/T", "reaction time [ms]", "a $ b", "<b>x</b>", "*/ int main(){} /*", '"""', "'''", "x\nimport os", "x\rraise",
    "# -*- coding: utf-7 -*-", "\\", "x\\", "??/", "// ??/", "\u202e", "温度", "__import__('os')", "%s", "{0}", "\0",
    "NAN", "M_PI", "I", "x" * 300, "\ud800", "predict_nonzero", "\u2028raise", "&", "x & y \\\\ \\input{/etc/passwd}",
]  # fmt: skip
COMPILED = ("int", "exp", "*/ int main(){} /*", "x\\", "// ??/", "\u202e", "NAN", "x\nimport os", "predict_nonzero")


def test_identifiers_are_different_plain_and_no_words_of_the_language() -> None:
    found = identifiers(HOSTILE, C_WORDS)
    assert len(set(found)) == len(HOSTILE)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) and name not in C_WORDS for name in found)
    assert found[3:6] == ("theta_0", "Deltat", "mu")


@given(st.lists(st.text(min_size=1), unique=True))
def test_any_names_become_different_identifiers(names: list[str]) -> None:
    found = identifiers(names, C_WORDS)
    assert len(set(found)) == len(names)
    assert all(name.isascii() and name.isidentifier() for name in found)


@given(st.text())
def test_a_note_stays_inside_its_comment(text: str) -> None:
    shown = note(text)
    assert shown.isprintable()
    assert not any(bad in shown for bad in ("*/", "/*", "??", "\\"))
    compile(f"def f():\n    # {shown}\n    return 1\n", "<note>", "exec", dont_inherit=True)


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
        with pytest.raises(ValueError, match="needs a plain name"):
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


# --- LaTeX ---


def _front() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "complexity": [1, 5],
            "loss": [8.92e8, 0.0],
            "score": [12.25, 0.0],
            "equation": ["1", "2"],
            "latex": ["P = 19956.9", r"P = 364.9 a^{3 / 2}"],
            "chosen": [False, True],
        }
    )


def test_table_has_booktabs_rules_a_row_for_each_equation_and_marks_the_chosen_one() -> None:
    assert latex_table(_front()).splitlines()[1:] == [
        r"\begin{tabular}{rrrl}",
        r"  \toprule",
        r"  Complexity & Loss & Score & $P =$ \\",
        r"  \midrule",
        r"  1 & $8.92 \cdot 10^{8}$ & $12.2$ & $19956.9$ \\",
        r"  5$^{*}$ & $0$ & $0.0$ & $364.9 a^{3 / 2}$ \\",
        r"  \bottomrule",
        r"\end{tabular}",
    ]


def test_table_can_be_narrow_and_equations_without_one_target_stay_whole() -> None:
    front = _front().assign(latex=["a = b", "c = d"]).drop(columns=["score", "chosen"])
    text = latex_table(front, digits=2, width=r"5cm")
    assert r"{rr>{\raggedright\arraybackslash}p{5cm}}" in text
    assert "$a = b$" in text
    assert "Equation" in text
    with pytest.raises(ValueError, match="no loss"):
        latex_table(front.drop(columns="loss"))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_adds_a_cell_a_row_or_a_command_to_a_table(name: str) -> None:
    law = Equation.parse(f"2.5*{quoted(name)}", [name], target=name)
    latex = pd.Series([law.latex()], dtype=object)  # pandas' own type for text refuses half characters
    rows = latex_table(pd.DataFrame({"complexity": [3], "loss": [1.0], "latex": latex})).splitlines()
    assert len(rows) == 8
    cells = re.sub(r"\\[&$#%_{}]", "", rows[5].removesuffix(r"\\"))
    assert (cells.count("&"), cells.count("$"), cells.count("%")) == (2, 4, 0)
    assert cells.count("{") == cells.count("}")
    known = {"mathrm", "backslash", "hat", "sim", "theta", "mu", "Delta", "lambda", "exp", "cdot"}
    assert set(re.findall(r"\\([A-Za-z]+)", cells)) <= known


def test_equations_have_the_exports_as_methods() -> None:
    law = Equation.parse("3.5*(1 - exp(-0.2*t))")
    assert law.to_numpy_source("law") == to_numpy_source(law, "law")
    assert law.to_c_source("law") == to_c_source(law, "law")
    assert law.to_excel({"t": "B2"}) == to_excel(law, {"t": "B2"})
    assert law.to_torch()(torch.tensor([[2.0]], dtype=torch.float64)).item() == pytest.approx(law.predict([2.0])[0])
