"""The picture of a graph: inputs, sum and product nodes, edges labelled with their primitive and coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eqdarts.graph.graph import Edge, EdgeSlots, Graph
from eqdarts.plotting.layout import Layout, layered
from eqdarts.plotting.style import COLOURS, new_axes, set_name, styled, text_width
from eqdarts.primitives.table import LINEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["edge_label", "plot_graph"]

DIGITS = 4
LONGEST_NAME = 24  # characters
SIZE = 8.0  # font size, points
GAP = 20.0  # between layers, points
ROW = 22.0  # between neighbours of a layer, points


class _Item(NamedTuple):
    """A drawn item: its text, whether that is a formula, and the colour of its frame (None: no frame)."""

    text: str
    math: bool
    frame: str | None
    width: float


def _number(value: float) -> str:
    """Return mathtext of a rounded number.

    >>> _number(-1.5e-7)
    '-1.5{\\\\cdot}10^{-7}'
    """
    mantissa, _, exponent = f"{value:.{DIGITS}g}".partition("e")
    return f"{mantissa}{{\\cdot}}10^{{{int(exponent)}}}" if exponent else mantissa


def edge_label(edge: Edge, slots: EdgeSlots, coefficients: Sequence[float] | None) -> str:
    """Return mathtext of the function that the edge applies to the value u of its source, such as ``2.1\\,e^{-0.3u}``.

    Without coefficients the label is the name of the primitive. An edge of a product that changes nothing has an empty
    label.
    """
    primitive = edge.primitive
    if coefficients is None:
        return r"\mathrm{" + primitive.name.replace("_", r"\_") + "}"
    own = [float(c) for c in coefficients[slots.first : slots.first + slots.count]]
    inner = [] if slots.neutral else own[: len(primitive.inner)]
    shape = own[len(inner) :]
    u = "u"
    for name, value in zip(primitive.inner, inner, strict=False):
        u = f"{_number(value)}{u}" if name == "scale" else f"{u}{'+' if value >= 0 else ''}{_number(value)}"
    if primitive.label:
        body = primitive.label.format(*map(_number, shape), u=u)
    else:
        arguments = ",\\,".join([u, *map(_number, shape)])
        body = r"\mathrm{" + primitive.name.replace("_", r"\_") + f"}}({arguments})"
    if slots.weight < 0:
        return "" if primitive == LINEAR else body
    weight = _number(float(coefficients[slots.weight]))
    return weight if primitive == LINEAR else f"{weight}\\,{body}"


@styled
def plot_graph(
    graph: Graph,
    coefficients: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
    target: str = "y",
    ax: Axes | None = None,
    *,
    input_scale: Sequence[float] | NDArray[np.float64] | None = None,
    target_scale: float = 1.0,
) -> Axes:
    """Draw the graph from the inputs on the left to the target on the right.

    Parameters
    ----------
    graph : Graph
    coefficients : sequence of float, optional
        Of length ``graph.n_coefficients``. Without them edges show only the primitive.
    names : sequence of str, optional
        Names of the inputs. Default: x0, x1, ...
    target : str, default="y"
    ax : Axes, optional
        If axes are given, the text shrinks to fit them; otherwise the figure is as large as the graph needs.
    input_scale, target_scale : sequence of float and float, optional
        The divisors of inputs and target when `coefficients` were fitted; shown beside the names.
    """
    names = [f"x{i}" for i in range(graph.n_inputs)] if names is None else [str(name) for name in names]
    items, edges = _items(graph, coefficients, names, target, input_scale, target_scale)
    layout = layered(len(items), [edge[:2] for edge in edges])
    labels = [_Item(text, True, None, _width(text, True)) for *_, text in edges]
    slot_items = {way[1]: label for way, label in zip(layout.ways, labels, strict=True)}
    everything = [*items, *(slot_items.get(i) for i in range(len(items), len(layout.layer)))]
    x = _columns(layout, everything)
    y = -layout.height * ROW
    last = layout.layer.index(max(layout.layer))
    bounds = (0.0, x.max() + items[last].width / 2 + 8, y.min() - ROW, y.max() + ROW)
    ax = new_axes(ax, max(bounds[1] / 72, 3.5), max((bounds[3] - bounds[2]) / 72, 1.0))
    _set_bounds(ax, bounds)
    shrink = _shrinking(ax, bounds)
    _draw_ways(ax, layout, everything, x, y, shrink)
    _draw_items(ax, everything, x, y, shrink)
    return ax


def _items(
    graph: Graph,
    coefficients: Sequence[float] | None,
    names: Sequence[str],
    target: str,
    input_scale: Sequence[float] | NDArray[np.float64] | None,
    target_scale: float,
) -> tuple[list[_Item], list[tuple[int, int, str]]]:
    """Return the items at the nodes (used inputs, hidden nodes, target) and the edges with their labels."""
    used = sorted(graph.inputs)
    place = {source: k for k, source in enumerate([*used, *range(graph.n_inputs, graph.n_inputs + len(graph.nodes))])}
    items = []
    for i in used:
        scale = "" if input_scale is None or input_scale[i] == 1 else f" / {input_scale[i]:.6g}"
        items.append(_framed(_short(names[i]) + scale, False, COLOURS["blue"]))
    edges: list[tuple[int, int, str]] = []
    for node, slots in graph.slots():
        for edge, own in zip(node.edges, slots.edges, strict=True):
            edges.append((place[edge.source], len(items), edge_label(edge, own, coefficients)))
        is_sum = node.aggregator == "sum"
        constant = "" if coefficients is None or slots.constant < 0 else _number(float(coefficients[slots.constant]))
        symbol = r"\Sigma" if is_sum else r"\Pi"
        operator = "" if not constant else (r"\times" if not is_sum else "+" if constant[0] != "-" else "")
        items.append(_framed(f"{symbol}\\,{operator}\\,{constant}" if constant else symbol, True, _colour(is_sum)))
    edges.append((len(items) - 1, len(items), ""))
    scale = "" if target_scale == 1 else f" / {target_scale:.6g}"
    items.append(_framed(_short(target) + scale, False, COLOURS["black"]))
    return items, edges


def _colour(is_sum: bool) -> str:
    return COLOURS["green"] if is_sum else COLOURS["vermillion"]


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _framed(text: str, math: bool, colour: str) -> _Item:
    return _Item(text, math, colour, _width(text, math) + 12)


def _width(text: str, math: bool) -> float:
    return text_width(f"${text}$" if math and text else text, SIZE, parse_math=math)


def _columns(layout: Layout, items: Sequence[_Item | None]) -> Any:
    """Return the horizontal centre of every item in points: each layer as wide as its widest text."""
    layer = np.asarray(layout.layer)
    widths = np.array([0.0 if item is None else item.width for item in items])
    widest = np.array([widths[layer == k].max() for k in range(layer.max() + 1)])
    left = np.concatenate([[0.0], np.cumsum(widest + GAP)[:-1]]) + 8
    return (left + widest / 2)[layer]


def _set_bounds(ax: Axes, bounds: tuple[float, float, float, float]) -> None:
    ax.set_xlim(bounds[0], bounds[1])
    ax.set_ylim(bounds[2], bounds[3])
    ax.set_axis_off()


def _shrinking(ax: Axes, bounds: tuple[float, float, float, float]) -> float:
    """Return the factor by which text must shrink in axes that are smaller than the graph needs."""
    box = ax.get_window_extent()
    wide, high = (side * 72 / ax.figure.dpi for side in (box.width, box.height))
    return min(1.0, 1.08 * wide / (bounds[1] - bounds[0]), 1.08 * high / (bounds[3] - bounds[2]))


def _draw_items(ax: Axes, items: Sequence[_Item | None], x: Any, y: Any, shrink: float) -> None:
    for item, at_x, at_y in zip(items, x, y, strict=True):
        if item is None or not item.text:
            continue
        box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": item.frame, "linewidth": shrink}
        if item.frame is None:
            box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
        text = ax.text(at_x, at_y, "", ha="center", va="center", fontsize=SIZE * shrink, bbox=box, zorder=3)
        if item.math:
            text.set_text(f"${item.text}$")
        else:
            set_name(text, item.text)


def _draw_ways(ax: Axes, layout: Layout, items: Sequence[_Item | None], x: Any, y: Any, shrink: float) -> None:
    """Draw each edge as a smooth line through its slots, level where it meets a node, with an arrow at its end."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    for way in layout.ways:
        source, target = items[way[0]], items[way[-1]]
        assert source is not None
        assert target is not None
        at_x, at_y = x[list(way)], y[list(way)]
        at_x[0] += source.width / 2
        at_x[-1] -= target.width / 2
        slope = np.zeros(len(way))
        slope[1:-1] = (at_y[2:] - at_y[:-2]) / (at_x[2:] - at_x[:-2])
        vertices, codes = [(at_x[0], at_y[0])], [Path.MOVETO]
        for k, third in enumerate(np.diff(at_x) / 3):  # cubic Hermite pieces as Bezier curves
            vertices.append((at_x[k] + third, at_y[k] + slope[k] * third))
            vertices.append((at_x[k + 1] - third, at_y[k + 1] - slope[k + 1] * third))
            vertices.append((at_x[k + 1], at_y[k + 1]))
            codes += [Path.CURVE4] * 3
        ax.add_patch(
            FancyArrowPatch(
                path=Path(vertices, codes),
                arrowstyle="-|>",
                mutation_scale=7 * shrink,
                color=COLOURS["grey"],
                linewidth=0.9 * shrink,
                zorder=1,
            )
        )
