"""Makes the pictures of the documentation. Run ``make docs-figures``; it takes about half a minute."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import floors
import numpy as np
import pandas as pd
from matplotlib import pyplot
from matplotlib.axes import Axes

from eqdarts import DARTSRegressor, Equation
from eqdarts.clock import count_cpu_seconds
from eqdarts.inference import inference
from eqdarts.plotting import (
    STYLE,
    plot_alpha,
    plot_coefficients,
    plot_evidence,
    plot_fit,
    plot_front,
    plot_graph,
    plot_search,
)
from eqdarts.plotting.style import COLOURS

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


def alpha() -> None:
    """Draw the architecture weights of a relaxed search for Weber's law, on the two most decided edges."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"S0": rng.uniform(0.5, 5, 120), "S1": rng.uniform(0.5, 5, 120)})
    y = np.log(X["S1"] / X["S0"]).rename("felt")
    model = DARTSRegressor("psychology", search="relaxed", time_limit=8, random_state=0).fit(X, y)
    history = model.history_.alpha
    assert history is not None
    figure, axes = pyplot.subplots(1, 2, figsize=(7, 2.6), sharey=True)
    decided = np.argsort(-np.nan_to_num(history.weights[-1]).max(axis=2).mean(axis=0))[:2]
    for ax, edge in zip(axes, sorted(map(int, decided)), strict=True):
        plot_alpha(history, edge, ax)
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
    for draw in (supernet, alpha, gains, search):
        draw()
