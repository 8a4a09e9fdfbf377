r"""Values and normal equations of single graphs, compiled to machine code.

The same mathematics as `batch`, one graph after the other instead of one tensor operation after the other: where rows
are few, starting a tensor operation costs more than what it does. Rows are taken in blocks that fit into the nearest
cache; a reverse sweep over a block gives all columns of the Jacobian, of which only :math:`J^T J` and :math:`J^T r` are
kept.

Everything is a plain array here, so that numba can compile it. Axes: J nodes, E edges, K coefficients, N rows, D
inputs. Tables: `nodes` (J, 4): first edge, edges, product or not, constant. `edges` (E, 6): operation, source, weight,
scale, shift, shape coefficient. Places that are not there are -1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = ["BLOCK", "OPERATIONS", "compile_", "normal_equations", "predict_graphs", "workspace"]

OPERATIONS = {
    name: code
    for code, name in enumerate(
        (
            "linear", "power", "reciprocal", "sqrt", "square", "cube", "integer", "half", "real", "sin", "cos", "tan",
            "arcsin", "arctan", "exp", "log", "tanh", "logistic", "softplus", "relu", "abs", "none",
        )
    )
}  # fmt: skip
LINEAR, POWER, RECIPROCAL, SQRT, SQUARE, CUBE, INTEGER, HALF, REAL, SIN, COS, TAN, ARCSIN, ARCTAN = range(14)
EXP, LOG, TANH, LOGISTIC, SOFTPLUS, RELU, ABS, NONE = range(14, 22)
BLOCK = 64
UNKEPT: list[str] = []  # functions whose machine code has no place on disk
SUMS = {"reassoc", "contract", "nsz"}  # sums may be taken in any order; infinities and NaN stay what they are


def compile_(entry: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that compiles, and keeps the machine code on disk where there is a place for it.

    An `entry` can be called from Python, the others from compiled functions alone: that halves the time to compile.
    """
    options = {"nogil": True, "error_model": "numpy", **options}
    options |= {} if entry else {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # neither the package's folder nor the user's can be written to
            UNKEPT.append(function.__name__)
            return numba.njit(**options)(function)

    return decorate


# --- primitives ---


@compile_()
def _integer_power(u: float, n: int) -> float:
    result = 1.0
    square = u
    left = abs(n)
    while left:
        if left & 1:
            result *= square
        left >>= 1
        square *= square
    return result if n > 0 else 1.0 / result


@compile_()
def _half_power(u: float, n: int) -> float:
    root = math.sqrt(u)
    if n > 0:
        return root * _integer_power(u, (n - 1) // 2) if n > 1 else root
    root = 1.0 / root
    return root * _integer_power(u, (n + 1) // 2) if n < -1 else root


@compile_()
def _apply_powers(op: int, p: float, u: Any, f: Any, slope: Any, by_shape: Any, n: int) -> None:
    """Write value and derivatives of powers of u."""
    if op == POWER:
        for i in range(n):
            f[i] = u[i] ** p
            slope[i] = p * u[i] ** (p - 1.0)
            by_shape[i] = f[i] * math.log(u[i]) if u[i] != 0.0 else 0.0 * f[i]
    elif op == RECIPROCAL:
        for i in range(n):
            f[i] = 1.0 / u[i]
            slope[i] = -f[i] * f[i]
    elif op == SQRT:
        for i in range(n):
            f[i] = math.sqrt(u[i])
            slope[i] = 0.5 / f[i]
    elif op == SQUARE:
        for i in range(n):
            f[i] = u[i] * u[i]
            slope[i] = 2.0 * u[i]
    elif op == CUBE:
        for i in range(n):
            f[i] = u[i] * u[i] * u[i]
            slope[i] = 3.0 * u[i] * u[i]
    elif op == INTEGER:
        for i in range(n):
            f[i] = _integer_power(u[i], int(p))
            slope[i] = p * _integer_power(u[i], int(p) - 1)
    elif op == HALF:
        for i in range(n):
            f[i] = _half_power(u[i], int(p))
            slope[i] = 0.5 * p * _half_power(u[i], int(p) - 2)
    elif op == REAL:
        for i in range(n):
            f[i] = u[i] ** p
            slope[i] = p * u[i] ** (p - 1.0)


@compile_()
def _apply_waves(op: int, u: Any, f: Any, slope: Any, n: int) -> None:
    """Write value and derivative of trigonometric functions and their inverses."""
    if op == SIN:
        for i in range(n):
            f[i], slope[i] = math.sin(u[i]), math.cos(u[i])
    elif op == COS:
        for i in range(n):
            f[i], slope[i] = math.cos(u[i]), -math.sin(u[i])
    elif op == TAN:
        for i in range(n):
            f[i] = math.tan(u[i])
            slope[i] = 1.0 + f[i] * f[i]
    elif op == ARCSIN:
        for i in range(n):
            f[i], slope[i] = math.asin(u[i]), 1.0 / math.sqrt(1.0 - u[i] * u[i])
    elif op == ARCTAN:
        for i in range(n):
            f[i], slope[i] = math.atan(u[i]), 1.0 / (1.0 + u[i] * u[i])


@compile_()
def _apply_others(op: int, u: Any, f: Any, slope: Any, n: int) -> None:
    """Write value and derivative of the other functions."""
    if op == EXP:
        for i in range(n):
            f[i] = math.exp(u[i])
            slope[i] = f[i]
    elif op == LOG:
        for i in range(n):
            f[i], slope[i] = math.log(u[i]), 1.0 / u[i]
    elif op == TANH:
        for i in range(n):
            f[i] = math.tanh(u[i])
            slope[i] = 1.0 - f[i] * f[i]
    elif op == LOGISTIC:
        for i in range(n):
            f[i] = 1.0 / (1.0 + math.exp(-u[i]))
            slope[i] = f[i] * (1.0 - f[i])
    elif op == SOFTPLUS:
        for i in range(n):
            f[i] = max(u[i], 0.0) + math.log1p(math.exp(-abs(u[i])))
            slope[i] = 1.0 / (1.0 + math.exp(-u[i]))
    elif op == RELU:
        for i in range(n):
            f[i] = 0.0 if u[i] <= 0.0 else u[i]
            slope[i] = 1.0 if u[i] > 0.0 else 0.0
    elif op == ABS:
        for i in range(n):
            f[i], slope[i] = abs(u[i]), np.sign(u[i])
    else:  # none
        for i in range(n):
            f[i], slope[i] = 0.0 * u[i], 0.0


# --- one block of rows ---


@compile_()
def _forward(
    nodes: Any, edges: Any, powers: Any, theta: Any, values: Any, f: Any, slope: Any, by_shape: Any, u: Any, d: int,
    n: int,
) -> None:  # fmt: skip
    """Write the values of all nodes below those of the inputs, and what the reverse sweep needs of each edge."""
    for j in range(len(nodes)):
        product, constant = nodes[j, 2], nodes[j, 3]
        out = values[d + j]
        c = theta[constant] if constant >= 0 else float(product)
        for i in range(n):
            out[i] = c
        for e in range(nodes[j, 0], nodes[j, 0] + nodes[j, 1]):
            op = edges[e, 0]
            weight = edges[e, 2]
            scale = edges[e, 3]
            shift = edges[e, 4]
            shape = edges[e, 5]
            x, value = values[edges[e, 1]], f[e]
            a = theta[scale] if scale >= 0 else 1.0
            b = theta[shift] if shift >= 0 else 0.0
            if op == LINEAR:
                for i in range(n):
                    value[i] = x[i]
            else:
                for i in range(n):
                    u[i] = a * x[i] + b
                p = theta[shape] if shape >= 0 else powers[e]
                if op <= REAL:
                    _apply_powers(op, p, u, value, slope[e], by_shape[e], n)
                elif op <= ARCTAN:
                    _apply_waves(op, u, value, slope[e], n)
                else:
                    _apply_others(op, u, value, slope[e], n)
            if product:
                for i in range(n):
                    out[i] *= value[i]
            else:
                w = theta[weight]
                for i in range(n):
                    out[i] += w * value[i]


@compile_()
def _reverse(
    nodes: Any, edges: Any, theta: Any, values: Any, f: Any, slope: Any, by_shape: Any, adjoints: Any, jacobian: Any,
    flow: Any, d: int, n: int,
) -> None:  # fmt: skip
    """Write the columns of the Jacobian of the last node."""
    last = len(nodes) - 1
    for j in range(last):
        for i in range(n):
            adjoints[j, i] = 0.0
    for i in range(n):
        adjoints[last, i] = 1.0
    for j in range(last, -1, -1):
        first = nodes[j, 0]
        count = nodes[j, 1]
        product = nodes[j, 2]
        constant = nodes[j, 3]
        adjoint = adjoints[j]
        if constant >= 0:
            for i in range(n):
                jacobian[constant, i] = adjoint[i]
            if product:
                for e in range(first, first + count):
                    for i in range(n):
                        jacobian[constant, i] *= f[e, i]
        c = theta[constant] if constant >= 0 else 1.0
        for e in range(first, first + count):
            source = edges[e, 1]
            weight = edges[e, 2]
            scale = edges[e, 3]
            shift = edges[e, 4]
            shape = edges[e, 5]
            if product:
                for i in range(n):
                    flow[i] = c * adjoint[i]
                for k in range(first, first + count):
                    if k != e:
                        for i in range(n):
                            flow[i] *= f[k, i]
            else:
                w = theta[weight]
                for i in range(n):
                    jacobian[weight, i] = adjoint[i] * f[e, i]
                    flow[i] = w * adjoint[i]
            if shape >= 0:
                for i in range(n):
                    jacobian[shape, i] = flow[i] * by_shape[e, i]
            if edges[e, 0] != LINEAR:
                for i in range(n):
                    flow[i] *= slope[e, i]
            if scale >= 0:
                for i in range(n):
                    jacobian[scale, i] = flow[i] * values[source, i]
            if shift >= 0:
                for i in range(n):
                    jacobian[shift, i] = flow[i]
            if source >= d:
                a = theta[scale] if scale >= 0 else 1.0
                for i in range(n):
                    adjoints[source - d, i] += a * flow[i]


@compile_(fastmath=SUMS)
def _dot(a: Any, b: Any, n: int) -> float:
    total = 0.0
    for i in range(n):
        total += a[i] * b[i]
    return total


# --- all rows ---


@compile_()
def normal_equations(
    nodes: Any, edges: Any, powers: Any, theta: Any, X: Any, y: Any, root: Any, matrix: Any, right: Any, work: Any
) -> float:
    """Write J^T J (K, K) and J^T r (K,) at theta (K,); return the sum of squared residuals.

    X is (D, N), y and root, the square roots of the weights, are (N,); `work` is what `workspace` returns.
    """
    values, f, slope, by_shape, adjoints, jacobian, u, residual = work
    d, k = len(X), len(theta)
    for a in range(k):
        right[a] = 0.0
        for b in range(k):
            matrix[a, b] = 0.0
    total = 0.0
    for start in range(0, len(y), BLOCK):
        n = min(BLOCK, len(y) - start)
        for i in range(d):
            for m in range(n):
                values[i, m] = X[i, start + m]
        _forward(nodes, edges, powers, theta, values, f, slope, by_shape, u, d, n)
        _reverse(nodes, edges, theta, values, f, slope, by_shape, adjoints, jacobian, u, d, n)
        out = values[d + len(nodes) - 1]
        for m in range(n):
            residual[m] = (y[start + m] - out[m]) * root[start + m]
        total += _dot(residual, residual, n)
        for a in range(k):
            column = jacobian[a]
            for m in range(n):
                column[m] *= root[start + m]
            right[a] += _dot(column, residual, n)
            for b in range(a + 1):
                matrix[a, b] += _dot(column, jacobian[b], n)
    for a in range(k):
        for b in range(a):
            matrix[b, a] = matrix[a, b]
    return total


@compile_()
def workspace(d: int, most_nodes: int, most_edges: int, most_coefficients: int) -> Any:
    """Return the arrays that a block of rows needs."""
    return (
        np.empty((d + most_nodes, BLOCK)),
        np.empty((most_edges, BLOCK)),
        np.empty((most_edges, BLOCK)),
        np.empty((most_edges, BLOCK)),
        np.empty((most_nodes, BLOCK)),
        np.empty((most_coefficients, BLOCK)),
        np.empty(BLOCK),
        np.empty(BLOCK),
    )


@compile_(entry=True)
def predict_graphs(
    nodes: Any, edges: Any, powers: Any, node_starts: Any, edge_starts: Any, counts: Any, theta: Any, X: Any, out: Any
) -> None:
    """Write the values (G, N) of graphs at theta (G, K) on X (D, N); graph g has the nodes from `node_starts[g]` on."""
    d = len(X)
    work = workspace(d, len(nodes), max(len(edges), 1), 1)
    values = work[0]
    f = work[1]
    slope = work[2]
    by_shape = work[3]
    u = work[6]
    for g in range(len(counts)):
        own = slice(node_starts[g], node_starts[g + 1])
        mine = slice(edge_starts[g], edge_starts[g + 1])
        last = d + node_starts[g + 1] - node_starts[g] - 1
        for start in range(0, X.shape[1], BLOCK):
            n = min(BLOCK, X.shape[1] - start)
            for i in range(d):
                for m in range(n):
                    values[i, m] = X[i, start + m]
            _forward(nodes[own], edges[mine], powers[mine], theta[g, : counts[g]], values, f, slope, by_shape, u, d, n)
            for m in range(n):
                out[g, start + m] = values[last, m]
