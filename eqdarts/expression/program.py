"""Fast evaluation of sympy expressions: compiled once to a short program that numpy or torch runs.

The program is a list of steps, arguments first, in which every common subexpression appears once. A row at which the
expression is not a finite real number gives NaN: never a complex number, never the limit at a pole.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from eqdarts._typing import Array, Expr
from eqdarts.errors import FormulaError, explain
from eqdarts.primitives.functions import EXP, FUNCTIONS, LOG, function_of, notation_of
from eqdarts.primitives.table import integer_power

__all__ = ["Program", "Step", "compile_expression", "evaluate", "folded", "steps_in_numpy"]


BLOCK = 32_768  # rows evaluated at once: the intermediates of a block stay in the processor's cache


class Step(NamedTuple):
    """One operation: its name, the steps that it reads, and a detail such as a number or the name of a column."""

    operation: str
    arguments: tuple[int, ...] = ()
    detail: Any = None


class Program(NamedTuple):
    """Steps in order of evaluation (the last is the result), and the names that they read."""

    steps: tuple[Step, ...]
    names: tuple[str, ...]


@functools.lru_cache(maxsize=512)
def compile_expression(expr: Expr) -> Program:
    """Compile a sympy expression of real symbols.

    Raises
    ------
    FormulaError
        If it contains a function that eqdarts does not have.
    """
    steps: list[Step] = []
    numbers: dict[Step, int] = {}
    known: dict[Expr, int] = {}

    def add(operation: str, *arguments: int, detail: Any = None) -> int:
        step = Step(operation, arguments, detail)
        if step not in numbers:
            numbers[step] = len(steps)
            steps.append(step)
        return numbers[step]

    def visit(e: Expr) -> int:
        if e not in known:
            known[e] = _compile_one(e, visit, add)
        return known[e]

    result = visit(expr)
    if result != len(steps) - 1:
        add("add", result)
    names = dict.fromkeys(step.detail for step in steps if step.operation == "name")
    return Program(tuple(steps), tuple(names))


def _compile_one(e: Expr, visit: Callable[[Expr], int], add: Callable[..., int]) -> int:
    if e.is_Symbol:
        return add("name", detail=str(e.name))
    if e.is_Number or e.is_NumberSymbol:
        return add("number", detail=_real(e))
    if e.is_Add:
        return add("add", *[visit(a) for a in e.args])
    if e.is_Mul:
        return add("mul", *[visit(a) for a in e.args])
    if e.is_Pow:
        if e.exp == -1 and (u := _one_plus_exp(e.base)) is not None:
            return add("logistic", visit(-u[1]), detail=u[0])
        if e.exp.is_Number:
            return add("power", visit(e.base), detail=_real(e.exp))
        return add("pow", visit(e.base), visit(e.exp))
    function = function_of(e)
    if function is LOG and (u := _one_plus_exp(e.args[0])) is not None:
        return add("softplus", visit(u[1]), detail=u[0])
    if function is not None:
        return add("call", visit(e.args[0]), detail=function.sympy_name)
    operator = notation_of(e)
    if operator is not None:
        return add(operator.folds, *[visit(a) for a in e.args])
    raise FormulaError(
        explain(
            "Only expressions with the functions of eqdarts can be evaluated.",
            repr(type(e).__name__),
            "Rewrite it with the supported functions.",
        )
    )


def _real(number: Expr) -> float:
    try:
        return float(number)
    except (TypeError, OverflowError):
        raise FormulaError(explain("A formula's numbers must be real.", str(number), "Use real numbers.")) from None


def _one_plus_exp(e: Expr) -> tuple[float, Expr] | None:
    """Return (a, u) if `e` is a + exp(u) with a positive number a, else None."""
    if not (e.is_Add and len(e.args) == 2):
        return None
    number, other = e.args if e.args[0].is_Number else e.args[::-1]
    if number.is_Number and number.is_positive and function_of(other) is EXP:
        return float(number), other.args[0]
    return None


# --- numpy ---


def folded(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return the step ``(detail, *arguments)`` that folds a binary operation over its arguments, from the left."""
    return lambda _, *arguments: functools.reduce(operation, arguments)


def _power(p: float, u: Any) -> Any:
    if p < 0:
        return 1.0 / _power(-p, np.where(u == 0, np.nan, u))
    if p == int(p) and p <= 16:
        return integer_power(u, int(p)) if p else np.ones_like(u)
    return np.sqrt(u) if p == 0.5 else np.power(u, p)


def _pow(_: Any, u: Any, v: Any) -> Any:
    return np.power(np.where((u == 0) & (v < 0), np.nan, u), v)


def _softplus(a: float, u: Any) -> Any:
    return np.logaddexp(math.log(a), u)


def _logistic(a: float, minus_u: Any) -> Any:
    return 1.0 / (a + np.exp(-minus_u))


_NUMPY: dict[str, Callable[..., Any]] = {
    "add": folded(operator.add),
    "mul": folded(operator.mul),
    "power": _power,
    "pow": _pow,
    "softplus": _softplus,
    "logistic": _logistic,
    "call": lambda name, u: FUNCTIONS[name].numpy(u),
    "max": lambda _, *u: np.maximum.reduce(np.broadcast_arrays(*u)),
    "min": lambda _, *u: np.minimum.reduce(np.broadcast_arrays(*u)),
}


def run(program: Program, operations: Mapping[str, Callable[..., Any]], values: Mapping[str, Any]) -> list[Any]:
    """Run a program with one backend's operations; return the value of every step."""
    results: list[Any] = []
    for operation, arguments, detail in program.steps:
        if operation == "name":
            results.append(values[detail])
        elif operation == "number":
            results.append(detail)
        else:
            results.append(operations[operation](detail, *[results[k] for k in arguments]))
    return results


def steps_in_numpy(program: Program, values: Mapping[str, Any]) -> list[Any]:
    """Return the value of every step by numpy, unchecked; `values` has a number or an array for each name."""
    return run(program, _NUMPY, values)


def evaluate(expr: Expr, columns: Mapping[str, Array], n_rows: int) -> Array:
    """Evaluate an expression on columns.

    Parameters
    ----------
    expr : sympy.Expr
    columns : mapping of str to ndarray of shape (n,)
        At least the symbols of the expression. Other shapes that broadcast to (..., n) are fine too.
    n_rows : int
        n; needed because a constant expression reads no column.

    Returns
    -------
    ndarray of shape (n,)
        NaN at rows at which the expression is not a finite real number.
    """
    program = compile_expression(expr)
    used = {name: np.asarray(columns[name], dtype=np.float64) for name in program.names}
    flat = all(column.ndim <= 1 for column in used.values())
    with np.errstate(all="ignore"):
        # Long tables in blocks, whose intermediate results stay in the cache.
        if flat and n_rows > BLOCK:
            starts = range(0, n_rows, BLOCK)
            parts = [
                _evaluate_block(
                    program, {k: v[s : s + BLOCK] if v.ndim else v for k, v in used.items()}, min(BLOCK, n_rows - s)
                )
                for s in starts
            ]
            return np.concatenate(parts)
        return _evaluate_block(program, used, n_rows)


def _evaluate_block(program: Program, values: Mapping[str, Array], n_rows: int) -> Array:
    result = np.asarray(run(program, _NUMPY, values)[-1], dtype=np.float64)
    result = np.where(np.isfinite(result), result, np.nan)
    return np.broadcast_to(result, (*result.shape[:-1], n_rows)).copy() if result.ndim <= 1 else result
