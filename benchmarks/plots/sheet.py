"""Writes every plot function's picture of every hard case, to be looked at, with its time and size.

    python benchmarks/plots/sheet.py FOLDER [CASE ...]

One contact sheet for each case, and ``sizes.csv``: seconds and bytes of each picture at 150 dots an inch. It exits
with 1 if a picture takes 2 CPU seconds or 1 MB.
"""

from __future__ import annotations

import csv
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib import image, pyplot

from eqdarts import Equation, plotting
from eqdarts.expression.parse import quoted
from eqdarts.graph.graph import Edge, Graph, Node
from eqdarts.history import AlphaHistory, BestPoint, SearchHistory
from eqdarts.inference.uncertainty import inference
from eqdarts.primitives.table import PRIMITIVES, resolve

MOST_SECONDS, MOST_BYTES = 2.0, 1_000_000
HOSTILE = ["θ_0 [µm]", "$x^2$ of a thing", "<b>bold</b> & <script>", r"\frac{a}{b}"]
LONG = (
    "1.2345*x + 0.56789*x**2 - 3.2109*exp(-0.77*x) + 4.321*sin(2.3*x + 0.4) + 0.987*log(x + 3.3) + 1.7*sqrt(x + 2.2) "
    "- 0.31/(x + 1.9) + 0.11*tanh(1.3*x - 0.2) - 2.2*cos(0.7*x)"
)


class Case(NamedTuple):
    """An equation, its rows, and a graph as large as it."""

    equation: Equation
    X: pd.DataFrame
    y: np.ndarray
    graph: Graph
    units: dict[str, str]


def _rows(names: list[str], n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.uniform(0.5, 4, n) for name in names})


def _product(n_inputs: int) -> Graph:
    edges = tuple(Edge(i, PRIMITIVES[("power", "exp", "linear", "log")[i % 4]]) for i in range(n_inputs))
    return Graph(
        n_inputs, (Node("product", edges, constant=True), Node("sum", (Edge(n_inputs, PRIMITIVES["linear"]),), True))
    )


def _many_terms(n_terms: int = 9) -> Graph:
    names = ("linear", "square", "exp", "sin", "log", "sqrt", "reciprocal", "tanh", "cos")
    return Graph(1, (Node("sum", tuple(Edge(0, PRIMITIVES[names[k % 9]]) for k in range(n_terms)), constant=True),))


def _case(text: str, names: list[str], n: int, graph: Graph, target: str = "response", noise: float = 0.05) -> Case:
    X = _rows(names, n)
    law = Equation.parse(text, names, target=target)
    exact = law.predict(X)
    y = exact + noise * np.std(exact) * np.random.default_rng(1).normal(size=n)
    return Case(law.fit(X, y), X, y, graph, {names[0]: "mm", target: "s"})


def cases() -> dict[str, Callable[[], Case]]:
    """Return the cases by name."""
    three, nine = ["mass", "speed", "radius"], [f"channel_{k}" for k in range(9)]
    product = "2.5*mass*speed**2/radius"
    sums = " + ".join(f"{1.1 + 0.3 * k:.1f}*{name}" for k, name in enumerate(nine))
    hostile = "*".join(quoted(name) for name in HOSTILE[:3]) + f"/(1.5 + {quoted(HOSTILE[3])})"
    return {
        "1_input": lambda: _case("3.5*(1 - exp(-0.8*dose))", ["dose"], 60, _product(1)),
        "2_inputs": lambda: _case("3.5*mass*exp(-0.8*speed)", three[:2], 200, _product(2)),
        "3_inputs": lambda: _case(product, three, 200, _product(3)),
        "9_inputs": lambda: _case(sums, nine, 200, _product(9)),
        "60_symbols": lambda: _case(LONG, ["x"], 100, _many_terms()),
        "5_rows": lambda: _case("3.5*(1 - exp(-0.8*dose))", ["dose"], 5, _product(1)),
        "100000_rows_1_input": lambda: _case("3.5*(1 - exp(-0.8*dose))", ["dose"], 100_000, _product(1)),
        "100000_rows_3_inputs": lambda: _case(product, three, 100_000, _product(3)),
        "hostile_names": lambda: _case("2.5*" + hostile, HOSTILE, 80, _product(4), "<i>y</i> $1 θ"),
        "one_hostile_name": lambda: _case(f"2.5*{quoted(HOSTILE[1])}", HOSTILE[1:2], 80, _product(1), "a_b c"),
    }


def _front(case: Case) -> pd.DataFrame:
    shorter = [Equation.parse("2.5", case.X.columns, target=case.equation.target)]
    shorter += [Equation.parse(f"1.5*{quoted(case.X.columns[0])}", case.X.columns, target=case.equation.target)]
    laws = [*shorter, case.equation, Equation.parse(f"{case.equation} + 0.001*exp({quoted(case.X.columns[0])})",
                                                    case.X.columns, target=case.equation.target)]  # fmt: skip
    loss = [float(np.mean((law.predict(case.X) - case.y) ** 2)) for law in laws]
    return pd.DataFrame(
        {
            "complexity": [law.complexity for law in laws],
            "loss": loss,
            "score": [90.0, 20.0, 0.0, 3.0],
            "equation": [str(law) for law in laws],
            "latex": [law.latex() for law in laws],
            "chosen": [False, False, True, False],
        }
    )


def _alpha(case: Case) -> AlphaHistory:
    rng = np.random.default_rng(0)
    primitives = ("none", *(row.name for row in resolve("default")))
    steps = np.arange(0, 100, 5)
    labels = tuple(f"{name} -> h1" for name in case.X.columns)
    logits = steps[:, None, None, None] / 30 * rng.normal(size=(1, 8, len(labels), len(primitives)))
    weights = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    none = np.zeros(8)
    return AlphaHistory(steps, labels, primitives, weights, np.zeros((len(steps), 8, 1)), none, none, none)


def _evidence(case: Case) -> pd.DataFrame:
    primitives = ["none", *(row.name for row in resolve("default"))]
    weights = np.random.default_rng(0).dirichlet(np.full(len(primitives), 0.2), case.X.shape[1])
    return pd.DataFrame(weights, pd.Index([f"{name} -> y" for name in case.X.columns], name="edge"), primitives)


def pictures(case: Case) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield the name of each plot function and a call of it."""
    law, X, y, units = case.equation, case.X, case.y, case.units
    found = inference(law, X, y)
    one = found if X.shape[1] == 1 else None
    coefficients = np.random.default_rng(0).normal(size=case.graph.n_coefficients)
    course = [BestPoint(0.02 * 3**k, 10 * 4**k, 10.0**-k, "small" if k < 3 else "implicit") for k in range(7)]
    yield "plot_front", lambda: plotting.plot_front(_front(case))
    yield "plot_fit", lambda: plotting.plot_fit(law, X, y, found=one, units=units)
    yield "plot_slices", lambda: plotting.plot_slices(law, X, y, units=units)
    yield "plot_residuals", lambda: plotting.plot_residuals(law, X, y, units=units)
    yield "plot_residual_panels", lambda: plotting.plot_residual_panels(law, X, y, units=units)
    yield "plot_qq", lambda: plotting.plot_qq(law, X, y)
    yield "plot_coefficients", lambda: plotting.plot_coefficients(found)
    yield "plot_graph", lambda: plotting.plot_graph(case.graph, coefficients, list(X.columns), law.target or "y")
    yield "plot_alpha", lambda: plotting.plot_alpha(_alpha(case))
    yield "plot_alpha_grid", lambda: plotting.plot_alpha_grid(_alpha(case))
    yield "plot_evidence", lambda: plotting.plot_evidence(_evidence(case))
    yield "plot_search", lambda: plotting.plot_search(SearchHistory(tuple(course), 40000, 30.0, "time"))


def _drawn(draw: Callable[[], Any]) -> tuple[bytes, float]:
    began = time.process_time()
    drawn = draw()
    first = drawn[0] if isinstance(drawn, list) else drawn
    figure = first if hasattr(first, "savefig") else first.figure
    page = io.BytesIO()
    figure.savefig(page, dpi=150)
    pyplot.close(figure)
    return page.getvalue(), time.process_time() - began


def _contact_sheet(title: str, found: dict[str, bytes], path: Path) -> None:
    """Put the pictures of one case on one page, each at its own size."""
    arrays = {name: image.imread(io.BytesIO(png)) for name, png in found.items()}
    figure, axes = pyplot.subplots(-(-len(arrays) // 3), 3, figsize=(15, 4 * -(-len(arrays) // 3)), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (name, array) in zip(axes.flat, arrays.items(), strict=False):
        ax.imshow(array)
        ax.set_title(name, fontsize=9)
    figure.suptitle(title)
    figure.tight_layout(rect=(0, 0, 1, 0.98))
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def main(folder: Path, wanted: list[str]) -> int:
    """Draw the wanted cases, or all."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for name, make in cases().items():
        if wanted and name not in wanted:
            continue
        case, found = make(), {}
        for what, draw in pictures(case):
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Glyph")
                found[what], seconds = _drawn(draw)
            rows.append([name, what, f"{seconds:.2f}", len(found[what])])
            if seconds >= MOST_SECONDS or len(found[what]) >= MOST_BYTES:
                print("too slow or too large:", *rows[-1])
        _contact_sheet(name, found, folder / f"{name}.png")
        print(name, flush=True)
    with (folder / "sizes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["case", "picture", "cpu_seconds", "bytes"], *rows])
    return int(any(float(row[2]) >= MOST_SECONDS or row[3] >= MOST_BYTES for row in rows))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
