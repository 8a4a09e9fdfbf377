"""Draws the floors of the package from the table in `tests/test_packaging.py`. Run ``make docs-figures``."""

from __future__ import annotations

import ast
from pathlib import Path

from matplotlib import pyplot

from eqdarts.plotting import STYLE
from eqdarts.plotting.style import COLOURS

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "figures" / "floors.svg"
WIDTH, HEIGHT, GAP = 6.3, 0.8, 0.08


def floors() -> tuple[tuple[str, ...], ...]:
    """Return the rooms of each floor, the lowest first."""
    for node in ast.parse((ROOT / "tests" / "test_packaging.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS":
            return tuple(ast.literal_eval(node.value))
    raise LookupError("tests/test_packaging.py has no table FLOORS")


def draw() -> pyplot.Figure:
    """Return a picture with one row of boxes for each floor; each box has the identifier of its room."""
    table = floors()
    figure, ax = pyplot.subplots(figsize=(7, 0.33 * len(table)))
    for floor, rooms in enumerate(table):
        ax.text(-0.12, floor + HEIGHT / 2, str(floor + 1), ha="right", va="center", fontsize=8, color=COLOURS["grey"])
        width = (WIDTH - GAP * (len(rooms) - 1)) / len(rooms)
        for k, room in enumerate(rooms):
            left = k * (width + GAP)
            ax.add_patch(
                pyplot.Rectangle(
                    (left, floor), width, HEIGHT, facecolor="#e8f1f8", edgecolor=COLOURS["blue"], linewidth=0.6
                )
            )
            ax.text(
                left + width / 2, floor + HEIGHT / 2, room, ha="center", va="center", fontsize=8, gid=f"room-{room}"
            )
    ax.set_xlim(-0.4, WIDTH + 0.03)
    ax.set_ylim(-0.1, len(table))
    ax.set_axis_off()
    return figure


def main() -> None:
    """Write the picture."""
    with pyplot.rc_context({**STYLE, "svg.hashsalt": "eqdarts", "svg.fonttype": "path"}):
        figure = draw()
        figure.savefig(OUT, metadata={"Date": None})
    pyplot.close(figure)
    print(OUT.name)


if __name__ == "__main__":
    main()
