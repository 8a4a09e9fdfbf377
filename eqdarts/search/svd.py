"""The singular value decomposition, by a slower driver where the fast one does not converge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from eqdarts._typing import Array

__all__ = ["Decomposition", "singular_values", "svd"]


class Decomposition(NamedTuple):
    """A = left diag(values) right, with orthonormal columns of left (N, K) and rows of right (K, K)."""

    left: Array
    values: Array
    right: Array


def svd(columns: Array) -> Decomposition:
    """Decompose columns (N, K), N not below K, the largest singular value first.

    LAPACK's gesdd, divide and conquer, sometimes does not converge for finite columns whose magnitudes are many decades
    apart; gesvd, which iterates by QR, does.

    Raises
    ------
    LinAlgError
        If neither converges, as for columns that are not finite.
    """
    try:
        return Decomposition(*np.linalg.svd(columns, full_matrices=False))
    except np.linalg.LinAlgError:
        return Decomposition(*_by_iteration(columns))


def singular_values(columns: Array) -> Array:
    """Return the singular values (..., K) of one matrix (..., N, K) or of many, the largest first.

    Raises
    ------
    LinAlgError
        As `svd`.
    """
    try:
        return np.asarray(np.linalg.svd(columns, compute_uv=False))
    except np.linalg.LinAlgError:
        one = columns.reshape(-1, *columns.shape[-2:])
        found = np.stack([_by_iteration(matrix)[1] for matrix in one])
        return found.reshape(*columns.shape[:-2], -1)


def _by_iteration(columns: Array) -> tuple[Array, Array, Array]:
    from scipy.linalg import svd as any_driver

    if not np.isfinite(columns).all():
        raise np.linalg.LinAlgError("SVD of numbers that are not finite")
    left, values, right = any_driver(columns, full_matrices=False, lapack_driver="gesvd")
    return left, values, right
