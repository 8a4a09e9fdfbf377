"""An equation as a torch module, as numpy and C source, and as a formula of a spreadsheet.

Each computes the values of ``Equation.predict``, and NaN (a spreadsheet: #N/A) where the equation is undefined.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from eqdarts.errors import explain
from eqdarts.export.formula import Formula, TrainableFormula
from eqdarts.export.names import C_WORDS, PYTHON_WORDS, checked_identifier, identifiers, note
from eqdarts.export.source import EXCEL, NUMPY, C, Dialect, Rendered, render
from eqdarts.expression.program import compile_expression

if TYPE_CHECKING:
    from eqdarts.export.torch_module import EquationModule

__all__ = ["to_c_source", "to_excel", "to_numpy_source", "to_torch"]

F = TypeVar("F", bound=TrainableFormula)

WIDTH = 100  # columns of generated code
LONGEST_CELL = 8192  # characters of a formula in a spreadsheet


def to_torch(equation: F) -> EquationModule[F]:
    """Return the equation as a torch module whose coefficients can be trained.

    Parameters
    ----------
    equation : Equation

    Returns
    -------
    EquationModule
        ``module(X)`` maps (..., d), columns in the order of ``equation.variables``, to (...). Its coefficients start
        at those of the equation, in float64.

    Raises
    ------
    ValueError
        If the equation has parameters without values.
    """
    from eqdarts.export.torch_module import EquationModule

    _check_fitted(equation)
    return EquationModule(equation)


def to_numpy_source(equation: Formula, name: str = "predict") -> str:
    """Return Python source of a function of numpy arrays that needs only numpy.

    Parameters
    ----------
    equation : Equation
    name : str, default="predict"
        Name of the function. Its arguments are the variables in order, written as identifiers.

    Raises
    ------
    ValueError
        If the equation has parameters without values, or the name is not a plain identifier.

    Examples
    --------
    >>> from eqdarts import Equation
    >>> space = {}
    >>> exec(to_numpy_source(Equation.parse("3.5*(1 - exp(-0.2*t))")), space)
    >>> float(space["predict"](0.0))
    0.0
    """
    taken = {*PYTHON_WORDS, *NUMPY.helpers()}
    checked_identifier(name, taken)
    arguments, body = _rendered(equation, NUMPY, {*taken, name})
    # The head: imports, signature, and the equation as a comment.
    lines = sorted({helper.imports for helper in body.helpers if helper.imports})
    lines += [""] if lines else []
    lines += ["import numpy as np", "", "", *_signature(f"def {name}(", arguments, "):")]
    lines += [f"    {line}" for line in _notes(equation, arguments, "# ")]
    for helper in body.helpers:
        lines += ["", *textwrap.indent(helper.definition, "    ").splitlines()]
    # The body: arrays first, so that lists are accepted too; then one line for each step.
    lines += [""] if body.helpers else []
    # A value that a mask hides is missing, as in `predict`.
    lines += [f"    {a} = np.ma.filled(np.ma.asarray({a}, dtype=np.float64), np.nan)" for a in arguments]
    lines.append('    with np.errstate(all="ignore"):')
    lines += [f"        {step} = {text}" for step, text in body.steps]
    lines.append(f"        y = {body.result}")
    # A constant takes the shape of the arguments, and what is infinite becomes NaN, as in `predict`.
    shape = f"np.broadcast_arrays(y, {', '.join(arguments)})[0]" if arguments else "y"
    lines.append(f"    y = {shape}")
    lines.append("    return np.where(np.isfinite(y), y, np.nan)")
    return "\n".join(lines) + "\n"


def to_c_source(equation: Formula, name: str = "predict") -> str:
    """Return C99 source of a function of doubles that needs only the mathematical library.

    Parameters
    ----------
    equation : Equation
    name : str, default="predict"
        Name of the function, and the beginning of the names of its helpers. Its arguments are the variables in order,
        written as identifiers.

    Raises
    ------
    ValueError
        If the equation has parameters without values, or the name is not a plain identifier.

    Notes
    -----
    Compile without ``-ffast-math``, which has no NaN.
    """
    # Helpers bear the function's name, so that one file can hold several equations.
    own = replace(C, prefix=f"{name}_")
    taken = {*C_WORDS, *own.helpers()}
    checked_identifier(name, C_WORDS)
    arguments, body = _rendered(equation, own, {*taken, name})
    lines = ["#include <math.h>", ""]
    for helper in body.helpers:
        lines += [helper.definition, ""]
    notes = _notes(equation, arguments, "")
    lines += [f"/* {notes[0]}", *(f"   {line}" for line in notes[1:])]
    lines[-1] += " */"
    lines += _signature(f"double {name}(", tuple(f"double {a}" for a in arguments) or ("void",), ")")
    lines.append("{")
    # Compilers warn of arguments that are never read.
    read = compile_expression(equation.expr).names
    unused = [a for a, v in zip(arguments, equation.variables, strict=True) if v not in read]
    lines += [f"    (void){a};" for a in unused]
    lines += [f"    const double {step} = {text};" for step, text in body.steps]
    lines += [f"    const double y = {body.result};", "    return isfinite(y) ? y : NAN;", "}"]
    return "\n".join(lines) + "\n"


def to_excel(equation: Formula, cells: Mapping[str, str] | None = None) -> str:
    """Return a spreadsheet formula that can be copied down beside the data.

    Parameters
    ----------
    equation : Equation
    cells : mapping of str to str, optional
        The cell of each variable, such as ``{"t": "B2"}``. Default: A2, B2, C2 and so on, in order.

    Raises
    ------
    ValueError
        If the equation has parameters without values, a variable has no cell, or the formula is too long for a cell.

    Notes
    -----
    Spreadsheets keep 15 digits of a number.

    Examples
    --------
    >>> from eqdarts import Equation
    >>> to_excel(Equation.parse("3.5*(1 - exp(-0.2*t))"), {"t": "B2"})
    '=IFERROR(3.5 * (1.0 - EXP(-0.2 * B2)), NA())'
    """
    _check_fitted(equation)
    given = dict(zip(equation.variables, _letters(), strict=False)) if cells is None else dict(cells)
    program = compile_expression(equation.expr)
    missing = [name for name in program.names if name not in given]
    if missing:
        raise ValueError(explain("Every variable needs a cell.", f"none for {', '.join(missing)}", "Name its cell."))
    wrong = [cell for cell in given.values() if re.fullmatch(r"\$?[A-Z]{1,3}\$?[1-9][0-9]{0,6}", cell) is None]
    if wrong:
        raise ValueError(explain("A cell must be a column and a row.", repr(wrong[0]), "Write it like A2 or $B$7."))
    formula = f"=IFERROR({render(program, EXCEL, given).result}, NA())"
    if len(formula) > LONGEST_CELL:
        raise ValueError(
            explain(
                f"A cell can hold at most {LONGEST_CELL} characters.",
                f"{len(formula)} characters",
                "Choose a shorter equation.",
            )
        )
    return formula


def _letters() -> Iterator[str]:
    """Yield A2 to Z2, then AA2 to ZZ2."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    yield from (f"{letter}2" for letter in alphabet)
    yield from (f"{first}{second}2" for first in alphabet for second in alphabet)


def _check_fitted(equation: Formula) -> None:
    if equation.free_parameters:
        raise ValueError(
            explain(
                "An equation needs values for its parameters.", ", ".join(equation.free_parameters), "Call fit first."
            )
        )


def _rendered(equation: Formula, dialect: Dialect, taken: set[str]) -> tuple[tuple[str, ...], Rendered]:
    """Return the arguments, one for each variable, and the body."""
    _check_fitted(equation)
    program = compile_expression(equation.expr)
    arguments = identifiers(equation.variables, taken)
    # Steps are named t0, t1, ...; a longer prefix keeps them apart from arguments of that form.
    prefix = "t"
    while any(argument.startswith(prefix) and argument[len(prefix) :].isdigit() for argument in arguments):
        prefix += "_"
    return arguments, render(program, dialect, dict(zip(equation.variables, arguments, strict=True)), prefix)


def _notes(equation: Formula, arguments: tuple[str, ...], mark: str) -> list[str]:
    """Return the comment: the equation as printed, and the columns whose names had to be changed."""
    lines = [note(equation.format()), "NaN where the equation is undefined."]
    for variable, argument in zip(equation.variables, arguments, strict=True):
        if variable != argument:
            lines.append(f"{argument}: {note(variable, 200)}")
    return [mark + line for line in lines]


def _signature(head: str, arguments: tuple[str, ...], tail: str) -> list[str]:
    """Return the first line of a function, or its first lines if the arguments do not fit one."""
    line = head + ", ".join(arguments) + tail
    if len(line) <= WIDTH:
        return [line]
    wrapped = textwrap.wrap(", ".join(arguments), WIDTH - 8, break_long_words=False)
    return [head, *(f"    {part}" for part in wrapped), tail]
