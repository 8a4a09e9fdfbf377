"""Pictures of a fit: front, prediction, residuals, coefficients, graph, architecture weights, course of the search.

Every function takes axes and returns them; without axes it makes a figure of column width. matplotlib is imported late.
"""

from __future__ import annotations

from eqdarts.plotting.alpha import plot_alpha, plot_alpha_grid, plot_entropy, plot_gap
from eqdarts.plotting.by_group import plot_groups
from eqdarts.plotting.evidence import plot_evidence
from eqdarts.plotting.fit import plot_fit, plot_slices
from eqdarts.plotting.front import plot_front
from eqdarts.plotting.graph import plot_graph
from eqdarts.plotting.residuals import plot_qq, plot_residual_panels, plot_residuals
from eqdarts.plotting.search import plot_coefficients, plot_search
from eqdarts.plotting.style import STYLE

__all__ = [
    "STYLE",
    "plot_alpha",
    "plot_alpha_grid",
    "plot_coefficients",
    "plot_entropy",
    "plot_evidence",
    "plot_fit",
    "plot_front",
    "plot_gap",
    "plot_graph",
    "plot_groups",
    "plot_qq",
    "plot_residual_panels",
    "plot_residuals",
    "plot_search",
    "plot_slices",
]
