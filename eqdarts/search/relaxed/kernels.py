r"""The supernet and its derivatives, compiled to machine code: one restart after the other, in memory that stays near.

The same mathematics as `supernet_values` and `steps`, for primitives that have a kernel. A forward sweep keeps value
and slope of every choice that is left; a reverse sweep from an adjoint of the hidden nodes gives the gradients in all
coefficients and in all weights of the choices, or the columns of the Jacobian. So the gradients of the training and of
the validation loss share one forward sweep.

Axes: R restarts, E edges, M primitives without the absent one, H hidden nodes, T slots (an edge has as many as the most
choices that are left on any), D inputs, N rows, K coefficients, Q coefficients that are left.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from eqdarts.solver.kernels import ARCTAN, LINEAR, REAL, SUMS, _apply_others, _apply_powers, _apply_waves, compile_

__all__ = ["sweep", "workspace"]

LIMIT = 1e4
RIDGE = 1e-12


@compile_(entry=True)
def workspace(n_edges: int, n_slots: int, n_hidden: int, n_rows: int) -> Any:
    """Return the arrays that one restart needs: values of slots, of edges, of nodes, and those of single rows."""
    return (
        np.empty((3, n_edges * n_slots, n_rows)),  # value, slope, slope by the shape coefficient
        np.empty((2, n_edges, n_rows)),  # term of a sum, factor of a product
        np.empty((4, n_hidden, n_rows)),  # value, sum, product, adjoint
        np.empty((5, n_rows)),
        np.empty((n_edges + 1, n_rows)),  # products of the factors so far
    )


@compile_()
def _value(op: int, power: float, limit: Any, u: Any, given: Any, f: Any, slope: Any, by_shape: Any,
           n: int) -> None:  # fmt: skip
    """Write value and derivatives at `u` moved into domain and reach; the slope is zero where it was moved."""
    low, high = limit[0], limit[1]
    away, reach = limit[2], limit[3]
    for i in range(n):
        v = u[i]
        given[i] = v
        if abs(v) < away:
            v = away if v >= 0.0 else -away
        u[i] = min(max(min(max(v, low), high), -reach), reach)
    if op == LINEAR:
        for i in range(n):
            f[i] = u[i]
            slope[i] = 1.0
    elif op <= REAL:
        _apply_powers(op, power, u, f, slope, by_shape, n)
    elif op <= ARCTAN:
        _apply_waves(op, u, f, slope, n)
    else:
        _apply_others(op, u, f, slope, n)
    for i in range(n):
        if given[i] != u[i]:
            slope[i] = 0.0


@compile_(fastmath=SUMS)
def _forward(X: Any, sources: Any, readers: Any, choice: Any, p: Any, beta: Any, w: Any, codes: Any, limits: Any,
             work: Any) -> None:  # fmt: skip
    """Fill `work` for one restart: `choice` (E, T), `p` (E, M + 1), `beta` (H,), `w` (K,)."""
    slots, edges, nodes, rows, _ = work
    d, n = X.shape
    E, T = choice.shape
    M = p.shape[1] - 1
    H = len(beta)
    u = rows[0]
    for j in range(H):
        z = nodes[0, j]
        total, product = nodes[1, j], nodes[2, j]
        constant = w[E * M + j]
        for i in range(n):
            total[i] = constant
            product[i] = 1.0
        for e in range(E):
            if readers[e] != j:
                continue
            x = X[sources[e]] if sources[e] < d else nodes[0, sources[e] - d]
            term, factor = edges[0, e], edges[1, e]
            for i in range(n):
                term[i] = 0.0
                factor[i] = p[e, 0]
            for t in range(T):
                m = choice[e, t]
                if m < 0:
                    break
                first = codes[m, 1] + e * codes[m, 2]
                a = w[first] if codes[m, 3] else 1.0
                b = w[first + codes[m, 3]] if codes[m, 4] else 0.0
                power = w[first + codes[m, 3] + codes[m, 4]] if codes[m, 5] else limits[m, 4]
                for i in range(n):
                    u[i] = a * x[i] + b
                f = slots[0, e * T + t]
                _value(codes[m, 0], power, limits[m], u, rows[1], f, slots[1, e * T + t], slots[2, e * T + t], n)
                share = p[e, m + 1]
                in_sum = share * w[e * M + m]
                for i in range(n):
                    term[i] += in_sum * f[i]
                    factor[i] += share * f[i]
            for i in range(n):
                term[i] = min(max(term[i], -LIMIT), LIMIT)
                factor[i] = min(max(factor[i], -LIMIT), LIMIT)
                total[i] += term[i]
                product[i] *= factor[i]
        for i in range(n):
            z[i] = min(max((1.0 - beta[j]) * total[i] + beta[j] * product[i], -LIMIT), LIMIT)


@compile_(fastmath=SUMS)
def _reverse(X: Any, sources: Any, readers: Any, choice: Any, p: Any, beta: Any, w: Any, codes: Any, work: Any,
             by_w: Any, by_p: Any, by_beta: Any, jacobian: Any, places: Any) -> int:  # fmt: skip
    """Add the gradients from the adjoint in `work`; or, where `jacobian` has rows, write its columns and their places.

    Returns the number of columns.
    """
    slots, edges, nodes, rows, before = work
    d, n = X.shape
    E, T = choice.shape
    M = p.shape[1] - 1
    H = len(beta)
    after, flow = rows[1], rows[4]
    in_term, in_factor = rows[2], rows[3]
    wanted = len(jacobian) > 0
    q = 0
    for j in range(H - 1, -1, -1):
        g = nodes[3, j]
        total = 0.0
        constant = 0.0
        for i in range(n):
            if abs(nodes[0, j, i]) >= LIMIT:
                g[i] = 0.0
            total += g[i] * (nodes[2, j, i] - nodes[1, j, i])
            constant += g[i]
            after[i] = 1.0
            before[0, i] = 1.0
        by_beta[j] += total
        by_w[E * M + j] += (1.0 - beta[j]) * constant
        if wanted:
            places[q] = E * M + j
            for i in range(n):
                jacobian[q, i] = (1.0 - beta[j]) * g[i]
            q += 1
        count = 0
        for e in range(E):
            if readers[e] == j:
                for i in range(n):
                    before[count + 1, i] = before[count, i] * edges[1, e, i]
                count += 1
        for e in range(E - 1, -1, -1):
            if readers[e] != j:
                continue
            count -= 1
            hidden = sources[e] >= d
            x = nodes[0, sources[e] - d] if hidden else X[sources[e]]
            absent = 0.0
            for i in range(n):
                in_factor[i] = beta[j] * g[i] * before[count, i] * after[i]
                in_term[i] = (1.0 - beta[j]) * g[i]
                after[i] *= edges[1, e, i]
                if abs(edges[1, e, i]) >= LIMIT:
                    in_factor[i] = 0.0
                if abs(edges[0, e, i]) >= LIMIT:
                    in_term[i] = 0.0
                absent += in_factor[i]
            by_p[e, 0] += absent
            for t in range(T):
                m = choice[e, t]
                if m < 0:
                    break
                f, slope = slots[0, e * T + t], slots[1, e * T + t]
                by_shape = slots[2, e * T + t]
                first = codes[m, 1] + e * codes[m, 2]
                share, weight = p[e, m + 1], w[e * M + m]
                s1 = 0.0
                s2 = 0.0
                for i in range(n):
                    s1 += in_term[i] * f[i]
                    s2 += in_factor[i] * f[i]
                    flow[i] = share * (weight * in_term[i] + in_factor[i])
                by_p[e, m + 1] += weight * s1 + s2
                by_w[e * M + m] += share * s1
                if wanted:
                    places[q] = e * M + m
                    for i in range(n):
                        jacobian[q, i] = share * in_term[i] * f[i]
                    q += 1
                if codes[m, 5]:
                    place = first + codes[m, 3] + codes[m, 4]
                    s1 = 0.0
                    for i in range(n):
                        s1 += flow[i] * by_shape[i]
                    by_w[place] += s1
                    if wanted:
                        places[q] = place
                        for i in range(n):
                            jacobian[q, i] = flow[i] * by_shape[i]
                        q += 1
                s1 = 0.0
                s2 = 0.0
                for i in range(n):
                    flow[i] *= slope[i]
                    s1 += flow[i] * x[i]
                    s2 += flow[i]
                if codes[m, 3]:
                    by_w[first] += s1
                    if wanted:
                        places[q] = first
                        for i in range(n):
                            jacobian[q, i] = flow[i] * x[i]
                        q += 1
                if codes[m, 4]:
                    by_w[first + codes[m, 3]] += s2
                    if wanted:
                        places[q] = first + codes[m, 3]
                        for i in range(n):
                            jacobian[q, i] = flow[i]
                        q += 1
                if hidden:
                    a = w[first] if codes[m, 3] else 1.0
                    adjoint = nodes[3, sources[e] - d]
                    for i in range(n):
                        adjoint[i] += a * flow[i]
    return q


@compile_(fastmath=SUMS)
def _output(z: Any, y: Any, weight: Any, n_train: int, factor: Any, c: Any) -> None:
    """Write the output weights (H + 1,), constant last, that the training rows want, and their matrix's factor."""
    H = len(z)
    share = 0.0
    for i in range(n_train):
        share += weight[i]
    for a in range(H + 1):
        for b in range(a + 1):
            s = 0.0
            if a < H:
                for i in range(n_train):
                    s += weight[i] * z[a, i] * z[b, i]
            elif b < H:
                for i in range(n_train):
                    s += weight[i] * z[b, i]
            else:
                s = share
            factor[a, b] = s
        s = 0.0
        for i in range(n_train):
            s += weight[i] * (z[a, i] if a < H else 1.0) * y[i]
        c[a] = s
    for a in range(H + 1):
        factor[a, a] += RIDGE * max(factor[a, a], 1e-12 * share)
    for a in range(H + 1):
        for b in range(a + 1):
            s = factor[a, b]
            for k in range(b):
                s -= factor[a, k] * factor[b, k]
            factor[a, b] = math.sqrt(max(s, 1e-300)) if a == b else s / factor[b, b]
    _solve(factor, c)


@compile_()
def _solve(factor: Any, right: Any) -> None:
    """Solve the system of a Cholesky factor in place."""
    n = len(right)
    for a in range(n):
        for k in range(a):
            right[a] -= factor[a, k] * right[k]
        right[a] /= factor[a, a]
    for a in range(n - 1, -1, -1):
        for k in range(a + 1, n):
            right[a] -= factor[k, a] * right[k]
        right[a] /= factor[a, a]


@compile_(entry=True, fastmath=SUMS)
def sweep(X: Any, y: Any, weight: Any, n_train: int, sources: Any, readers: Any, choice: Any, p: Any, beta: Any,
          w: Any, codes: Any, limits: Any, work: Any, losses: Any, c: Any, values: Any, by_w: Any, by_p: Any,
          by_beta: Any, jacobian: Any, places: Any, counts: Any, wanted: int) -> None:  # fmt: skip
    """Write losses (2, R), output weights (R, H + 1), hidden values (R, H, N), and what is wanted besides.

    1: the gradients of the training loss; 2: those of the loss of the validation rows too, at the end of `by_w`
    (2, R, K), `by_p` (2, R, E, M + 1) and `by_beta` (2, R, H), which are zero before. The output weights minimise the
    training loss, and both gradients take account of that. 3: the Jacobian (R, Q, N) of the prediction at constant
    output weights in the coefficients that are left; `places` (R, Q) are their columns of `w`, `counts` (R,) how many.

    One entry for all, because each entry is compiled with everything that it calls.
    """
    nodes = work[2]
    R, H = beta.shape
    n = len(y)
    factor = np.empty((H + 1, H + 1))
    residual = np.empty(n)
    by_c = np.empty(H + 1)
    for r in range(R):
        _forward(X, sources, readers, choice[r], p[r], beta[r], w[r], codes, limits, work)
        z, adjoint = nodes[0], nodes[3]
        own = c[r]
        values[r] = z
        _output(z, y, weight, n_train, factor, own)
        for i in range(n):
            s = own[H] - y[i]
            for h in range(H):
                s += own[h] * z[h, i]
            residual[i] = s
            losses[0 if i < n_train else 1, r] += weight[i] * s * s
        for turn in range(2 if wanted == 2 else min(wanted, 1)):
            if turn == 1:
                for h in range(H + 1):
                    s = 0.0
                    for i in range(n_train, n):
                        s += 2.0 * weight[i] * residual[i] * (z[h, i] if h < H else 1.0)
                    by_c[h] = s
                _solve(factor, by_c)
            for i in range(n):
                s = 2.0 * weight[i] * residual[i]
                if wanted == 3:
                    s = 1.0
                elif (turn == 0) != (i < n_train):
                    s = 0.0
                for h in range(H):
                    adjoint[h, i] = s * own[h]
                if turn == 1 and i < n_train:
                    s = by_c[H]
                    for h in range(H):
                        s += by_c[h] * z[h, i]
                    for h in range(H):
                        adjoint[h, i] = -weight[i] * (by_c[h] * residual[i] + s * own[h])
            counts[r] = _reverse(X, sources, readers, choice[r], p[r], beta[r], w[r], codes, work, by_w[turn, r],
                                 by_p[turn, r], by_beta[turn, r], jacobian[r], places[r])  # fmt: skip
