"""Makes the pictures of the documentation. Run ``make docs-figures``; it takes about half a minute."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import floors
import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes

from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds
from eqdarts.data import prepare
from eqdarts.inference import inference
from eqdarts.plotting import (
    STYLE,
    plot_alpha,
    plot_coefficients,
    plot_entropy,
    plot_evidence,
    plot_fit,
    plot_front,
    plot_gap,
    plot_graph,
    plot_search,
)
from eqdarts.plotting.alpha import best_restart
from eqdarts.plotting.style import COLOURS
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.options import RelaxedOptions
from eqdarts.search.relaxed.training import train_supernet

OUT = Path(__file__).parent / "figures"


def _save(figure: pyplot.Figure, name: str) -> None:
    figure.savefig(OUT / f"{name}.svg", metadata={"Date": None})
    pyplot.close(figure)
    print(name, flush=True)


def _draw_mixture(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], hues: Sequence[str], rng: np.random.Generator
) -> None:
    """Draw a line for each primitive on an edge, as wide as its weight."""
    t = np.linspace(0, 1, 30)
    for k, (hue, weight) in enumerate(zip(hues, rng.dirichlet(np.full(len(hues), 1.5)), strict=True)):
        bend = 0.07 * (k - (len(hues) - 1) / 2) * np.sin(np.pi * t)
        x, y = (a + t * (b - a) for a, b in zip(start, end, strict=True))
        ax.plot(x, y + bend, color=COLOURS[hue], linewidth=0.4 + 3 * weight if len(hues) > 1 else 1.2, zorder=1)


def supernet() -> None:
    """Draw a supernet of two inputs and two hidden nodes, each edge a mixture, and the graph after argmax."""
    at = {"x1": (0, 1), "x2": (0, 0), "h1": (1.6, 0.85), "h2": (3.0, 0.15), "y": (4.2, 0.5)}
    edges = [("x1", "h1"), ("x2", "h1"), ("x1", "h2"), ("x2", "h2"), ("h1", "h2"), ("h1", "y"), ("h2", "y")]
    kept = {("x1", "h1"): "blue", ("h1", "h2"): "vermillion", ("x2", "h2"): "green", ("h2", "y"): "black"}
    hues = ["blue", "vermillion", "green", "purple", "orange"]
    rng = np.random.default_rng(3)
    figure, axes = pyplot.subplots(1, 2, figsize=(7, 2.1))
    for ax, discrete in zip(axes, (False, True), strict=True):
        for a, b in edges:
            if not discrete:
                _draw_mixture(ax, at[a], at[b], ["black"] if b == "y" else hues, rng)
            elif (a, b) in kept:
                ax.plot(*zip(at[a], at[b], strict=True), color=COLOURS[kept[a, b]], linewidth=2, zorder=1)
        box = {"boxstyle": "circle", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8}
        for name, (x, y) in at.items():
            ax.text(x, y, name, ha="center", va="center", fontsize=8, zorder=3, bbox=box)
        ax.set_xlim(-0.4, 4.6)
        ax.set_ylim(-0.35, 1.35)
        ax.set_axis_off()
        title = "argmax: one primitive an edge" if discrete else "supernet: every edge mixes all primitives"
        ax.set_title(title, loc="left")
    _save(figure, "supernet")


def becoming() -> None:
    """Draw one restart of a supernet at several steps: mixtures on every edge, two choices, and in the end a graph."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 5, (120, 2))
    data = prepare(X, np.log(X[:, 1] / X[:, 0]), None, 0.3, rng)
    options = RelaxedOptions(n_active=5)
    functions = resolve("psychology")
    trained = train_supernet(data, functions, n_hidden=2, n_restarts=64, rng=rng, options=options, names=("S0", "S1"))
    history = trained.alpha
    best = best_restart(history)
    steps = [0, 10, 20, 35, 59]
    places = [int(np.abs(history.steps - step).argmin()) for step in steps]
    at = {"S0": (0, 1), "S1": (0, 0), "h1": (1.5, 0.85), "h2": (3.0, 0.15)}
    weight = history.weights[places, best].sum(axis=(0, 1))
    order = [int(m) for m in np.argsort(-weight) if m]  # without the absent edge
    coloured = ["blue", "vermillion", "green", "purple", "orange"]
    hues = dict(zip(order, itertools.chain(coloured, itertools.repeat("grey")), strict=False))
    figure, axes = pyplot.subplots(1, len(steps), figsize=(7, 1.9))
    for ax, place in zip(axes, places, strict=True):
        _draw_weights(ax, at, history.edges, history.weights[place, best], hues)
        for j, product in enumerate(history.aggregators[place, best]):
            x, y = at[f"h{j + 1}"]
            ax.text(x, y + 0.28, "product" if product > 0.5 else "sum", ha="center", va="center", fontsize=6)
        ax.set_title(f"step {history.steps[place]}", loc="left")
    lines = [pyplot.Line2D([], [], color=COLOURS[hue], linewidth=2) for hue in (*coloured, "grey")]
    names = [*(history.primitives[m] for m in order[: len(coloured)]), "others"]
    figure.legend(lines, names, loc="outside lower center", ncols=6)
    _save(figure, "becoming")


def _draw_weights(
    ax: Axes,
    at: dict[str, tuple[float, float]],
    edges: Sequence[str],
    weights: np.ndarray,
    hues: dict[int, str],
) -> None:
    """Draw each edge's choices as lines, as wide as their weights (E, M); an absent edge leaves none."""
    t = np.linspace(0, 1, 30)
    for name, own in zip(edges, weights, strict=True):
        start, end = (at[part] for part in name.split(" -> "))
        shown = [m for m in hues if own[m] > 0.02]
        for k, m in enumerate(shown):
            bend = 0.1 * (k - (len(shown) - 1) / 2) * np.sin(np.pi * t)
            x, y = (a + t * (b - a) for a, b in zip(start, end, strict=True))
            ax.plot(x, y + bend, color=COLOURS[hues[m]], linewidth=0.3 + 3 * own[m], zorder=1)
    box = {"boxstyle": "circle", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8}
    for name, (x, y) in at.items():
        ax.text(x, y, name, ha="center", va="center", fontsize=7, zorder=3, bbox=box)
    ax.set_xlim(-0.5, 3.5)
    ax.set_ylim(-0.4, 1.4)
    ax.set_axis_off()


def alpha() -> None:
    """Draw one edge of a relaxed search for Weber's law, the entropy of all edges, and the gap."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"S0": rng.uniform(0.5, 5, 120), "S1": rng.uniform(0.5, 5, 120)})
    y = np.log(X["S1"] / X["S0"]).rename("felt")
    model = DARTSRegressor("psychology", search="relaxed", time_limit=8, random_state=0).fit(X, y)
    history = model.history_.alpha
    assert history is not None
    figure, (left, middle, right) = pyplot.subplots(1, 3, figsize=(7, 2.6))
    plot_alpha(history, 0, left)
    plot_entropy(history, middle)
    plot_gap(history, right)
    _save(figure, "alpha")


def gains() -> None:
    """Compare the fall of the loss predicted by the closed form with that of a refit, for one graph and many terms."""
    rng = np.random.default_rng(1)
    x = rng.uniform(0.2, 4, 200)
    y = 3 * np.exp(-0.5 * x) + 0.4 * np.sin(2 * x) + 0.02 * rng.normal(size=200)
    base = Equation.parse("a*exp(-b*x)").fit({"x": x}, y, start=[3, 0.5])
    a, b = base.coefficients.values()
    residual = y - base.predict({"x": x})
    jacobian = np.stack([np.exp(-b * x), -a * x * np.exp(-b * x)], axis=1)
    q = np.linalg.qr(jacobian)[0]
    terms = ["x", "x**2", "x**3", "log(x)", "sqrt(x)", "1/x", "tanh(x)", "exp(-x)", "exp(-2*x)", "exp(x/2)", "cos(x)"]
    terms += [f"{f}({k}*x)" for f in ("sin", "cos") for k in ("1.5", "2", "2.5", "3", "4")]
    promised, reached = [], []
    for term in terms:
        phi = Equation.parse(term, ["x"]).predict({"x": x})
        d, r = (v - q @ (q.T @ v) for v in (phi, residual))
        promised.append((r @ d) ** 2 / (d @ d))
        start = {"a": a, "b": b, "s": 0.0}
        fitted = Equation.parse(f"a*exp(-b*x) + s*{term}").fit({"x": x}, y, start=start)
        reached.append(residual @ residual - ((y - fitted.predict({"x": x})) ** 2).sum())
    figure, ax = pyplot.subplots(figsize=(3.5, 2.8))
    low, high = 0.5 * min(promised), 2 * max(reached)
    ax.plot([low, high], [low, high], color=COLOURS["grey"], linewidth=0.8, zorder=1)
    ax.loglog(promised, reached, "o", color=COLOURS["blue"], zorder=2)
    best = int(np.argmax(promised))
    at = promised[best], reached[best]
    ax.annotate(terms[best], at, xytext=(0, -12), textcoords="offset points", ha="center", va="top", fontsize=7,
                arrowprops={"arrowstyle": "-", "linewidth": 0.5})  # fmt: skip
    ax.set_xlabel("gain by the closed form")
    ax.set_ylabel("gain after the refit")
    _save(figure, "gains")


def search() -> None:
    """Draw front, graph, evidence, course and coefficients of a law with noise."""
    rng = np.random.default_rng(2)
    X = pd.DataFrame({"dose": rng.uniform(0.2, 8, 150), "time": rng.uniform(0.1, 6, 150)})
    y = 2.37 * X["dose"] * np.exp(-0.43 * X["time"])
    y = (y + 0.05 * rng.normal(size=150)).rename("effect")
    model = DARTSRegressor(time_limit=6, random_state=0).fit(X, y)
    print(model.equation_.format())
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
    plot_front(model.equations_, left)
    plot_search(model.history_, right)
    _save(figure, "front_and_course")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
    plot_graph(model.graph_, model.graph_coefficients_, list(X.columns), "effect", left, input_scale=model.x_scale_,
               target_scale=model.y_scale_)  # fmt: skip
    plot_fit(model.equation_, X, y, right)
    _save(figure, "graph_and_fit")
    _save(plot_evidence(model.alpha_).figure, "evidence")
    _save(plot_coefficients(inference(model.equation_, X, y)).figure, "coefficients")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    count_cpu_seconds()  # other jobs on the machine then hardly matter
    pyplot.rcParams.update({**STYLE, "svg.hashsalt": "eqdarts", "svg.fonttype": "path"})
    floors.main()
    for draw in (supernet, becoming, alpha, gains, search):
        draw()
