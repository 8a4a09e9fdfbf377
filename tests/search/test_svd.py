"""The singular value decomposition where the fast driver gives up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from eqdarts.search.structure import find_reductions
from eqdarts.search.svd import singular_values, svd
from tests.helpers import rows


def never(*_: Any, **__: Any) -> Any:
    raise np.linalg.LinAlgError("SVD did not converge")


@pytest.mark.parametrize("columns", [rows(20, 4), rows(20, 4) * 10.0 ** np.array([-150, 0, 30, 150])])
def test_the_slower_driver_gives_the_same_decomposition(columns: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, values, many = svd(columns), singular_values(columns), singular_values(np.stack([columns, 2 * columns]))
    monkeypatch.setattr(np.linalg, "svd", never)
    slow = svd(columns)
    np.testing.assert_allclose(slow.values, fast.values, rtol=1e-9)
    np.testing.assert_allclose(slow.left * slow.values @ slow.right, columns, rtol=1e-9, atol=1e-12 * slow.values[0])
    np.testing.assert_allclose(singular_values(columns), values, rtol=1e-9)
    np.testing.assert_allclose(singular_values(np.stack([columns, 2 * columns])), many, rtol=1e-9)


def test_what_is_not_finite_has_no_decomposition() -> None:
    for decompose in (svd, singular_values):
        with pytest.raises(np.linalg.LinAlgError):
            decompose(np.array([[1.0, np.nan], [2.0, 3.0]]))


def test_structure_is_found_without_the_fast_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np.linalg, "svd", never)
    X = rows(100, 2)
    ratio = X[:, 0] / X[:, 1]
    gradient = np.stack([np.cos(ratio) / X[:, 1], -np.cos(ratio) * X[:, 0] / X[:, 1] ** 2])
    chains = find_reductions(X, np.sin(ratio), gradient, np.ones(2), 1e-10, np.random.default_rng(0))
    assert len(chains[0][0].groups) == 1
