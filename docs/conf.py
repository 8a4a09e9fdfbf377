"""Settings of the documentation: built by ``make docs`` without a network, warnings are errors."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from eqdarts import __version__  # noqa: E402

project, author, release = "eqdarts", "the eqdarts authors", __version__
copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml"]
exclude_patterns = ["measured/*", "README.md"]
source_suffix = {".md": "markdown"}

html_theme = "furo"
html_title = "eqdarts"
html_static_path = ["_static"]
html_css_files = ["eqdarts.css"]
html_copy_source = html_show_sourcelink = html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00527f", "color-brand-content": "#00527f"},
    "dark_css_variables": {"color-brand-primary": "#6cc0f0", "color-brand-content": "#6cc0f0"},
}
pygments_style, pygments_dark_style = "friendly", "github-dark"

# Mathematics is MathML in the page: no script, no font, no server.
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"exclude-members": "__init__"}
napoleon_google_docstring = False
napoleon_use_rtype = napoleon_use_ivar = False
default_role = "code"
