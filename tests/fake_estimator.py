"""A stand-in for the estimator that searches nothing: a fixed front of three, for tests of what is around it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning
from eqdarts.expression.parse import quoted
from eqdarts.fitting.run import Run
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.history import AlphaHistory, SearchHistory
from eqdarts.inference.uncertainty import Inference, inference
from eqdarts.primitives.table import PRIMITIVES, resolve
from eqdarts.tables.prepare import Prepared


def fake_alpha(n_edges: int = 2, n_restarts: int = 5, seed: int = 0) -> AlphaHistory:
    """Return trajectories of `n_edges` edges that choose among the default primitives."""
    names = ("none", *(row.name for row in resolve("default")))
    rng = np.random.default_rng(seed)
    steps = np.arange(0, 100, 5)
    logits = steps[:, None, None, None] / 30 * rng.normal(size=(1, n_restarts, n_edges, len(names)))
    weights = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    edges = tuple(f"x{k} -> h1" for k in range(n_edges))
    nothing = np.zeros(n_restarts)
    return AlphaHistory(steps, edges, names, weights, np.zeros((len(steps), n_restarts, 1)), nothing, nothing, nothing)


def fake_evidence(n_edges: int = 2, seed: int = 0) -> pd.DataFrame:
    """Return weights of the default primitives on `n_edges` edges."""
    names = ["none", *(row.name for row in resolve("default"))]
    weights = np.random.default_rng(seed).dirichlet(np.full(len(names), 0.2), n_edges)
    return pd.DataFrame(weights, pd.Index([f"x{k} -> y" for k in range(n_edges)], name="edge"), names)


class DARTSRegressor:
    """Fits y = mean, y = a x and y = c x**p with the first feature x, and chooses the last."""

    def __init__(self, **given: Any) -> None:
        self.given = given

    def fit(self, X: Any, y: pd.Series) -> DARTSRegressor:
        columns = X.columns if isinstance(X, Prepared) else None
        X, y = (X.X, X.y) if isinstance(X, Prepared) else (X, y)
        if y.nunique() == 1:
            raise ValueError("y must not be constant. Got 1.0. Give a target that varies.")
        if len(y) < 10:
            warnings.warn(f"Only {len(y)} rows:\nthe law may be a coincidence.", EqdartsWarning, stacklevel=2)
        x, name = X.iloc[:, 0].to_numpy(), quoted(str(X.columns[0]))
        exponent, log_scale = np.polyfit(np.log(np.abs(x) + 1e-300), np.log(np.abs(y) + 1e-300), 1)
        texts = [
            f"{float(y.mean())!r}",
            f"{float(x @ y / (x @ x))!r}*{name}",
            f"{float(np.exp(log_scale))!r}*{name}**{float(exponent)!r}",
        ]
        variables = [str(column) for column in X.columns]
        self.front_ = tuple(Equation.parse(text, variables, target=str(y.name)) for text in texts)
        self.equation_ = self.front_[-1]
        self.equations_ = pd.DataFrame(
            {
                "complexity": [equation.complexity for equation in self.front_],
                "loss": [float(np.mean((equation.predict(X) - y) ** 2)) for equation in self.front_],
                "score": [0.0, 1.0, 2.0],
                "equation": [str(equation) for equation in self.front_],
                "latex": [equation.latex() for equation in self.front_],
                "chosen": [False, False, True],
            }
        )
        graph = Graph(X.shape[1], (Node("product", (Edge(0, PRIMITIVES["power"]),), constant=True),))
        member = FittedGraph(graph, (float(np.exp(log_scale)), float(exponent)), 0.0)
        self.graph_, self.graph_coefficients_ = member.graph, member.coefficients
        self.x_scale_, self.y_scale_ = np.ones(X.shape[1]), 1.0
        alpha = None if self.given.get("search") == "random" else fake_alpha()
        self.history_ = SearchHistory((), 123, 1.5, "finished", alpha)
        self.alpha_ = fake_evidence(0 if self.given.get("max_complexity") == 3 else 1)
        self.structure_ = ()
        self.snaps_ = ()
        self.rows = X, y
        self.run_ = Run(
            equations=self.front_,
            table=self.equations_[["complexity", "loss", "score"]],
            chosen=2,
            selection="It is the last.",
            snaps=(),
            structure=(),
            rows=FitRows(X.to_numpy(dtype=np.float64), y.to_numpy(dtype=np.float64), None, None, len(y)),
            names=tuple(variables),
            named=True,
            loss="squared",
            x_scale=self.x_scale_,
            y_scale=self.y_scale_,
            x_origin=np.zeros(X.shape[1]),
            logistic=False,
            graph=member,
            members=(),
            kept=(member,),
            alpha=self.alpha_,
            history=self.history_,
            params=self.given,
            settings={name: repr(value) for name, value in self.get_params().items()},
            changed=tuple(self.given),
            columns=columns,
        )
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"selection": "mdl", "time_limit": 60, "random_state": None, **self.given}

    def inference(self) -> Inference:
        return inference(self.equation_.fit(*self.rows), *self.rows)  # from logarithms to least squares
