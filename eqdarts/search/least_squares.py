"""The linear least squares problem for columns of any magnitude."""

from __future__ import annotations

import numpy as np

from eqdarts._typing import Array

__all__ = ["least_squares"]


def least_squares(columns: Array, target: Array) -> Array:
    """Return the coefficients (K,) with which `columns` (N, K) come closest to `target` (N,), the shortest such.

    "Shortest" is meant for columns at norm one. Coefficients of columns that vanish, except for underflow, or
    are not finite are zero. All are zero for a target that is not finite.
    """
    with np.errstate(all="ignore"):
        sizes = np.linalg.norm(columns, axis=0)
        usable = np.isfinite(sizes) & (sizes > 1e-150)  # below it squares are lost
        out = np.zeros(len(sizes))
        if usable.any() and np.isfinite(target).all():
            scaled = columns[:, usable] / sizes[usable]
            out[usable] = _shortest(scaled, target) / sizes[usable]
        return np.where(np.isfinite(out), out, 0.0)


def _shortest(columns: Array, target: Array) -> Array:
    """Return the shortest solution, by a QR decomposition with pivots if that by singular values does not converge."""
    try:
        return np.asarray(np.linalg.lstsq(columns, target, rcond=None)[0])
    except np.linalg.LinAlgError:
        from scipy.linalg import lstsq

        return np.asarray(lstsq(columns, target, lapack_driver="gelsy")[0])
