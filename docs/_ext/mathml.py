"""Mathematics as MathML, which browsers typeset themselves."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

_LOGGER = logging.getLogger(__name__)


def _mathml(node: Any, display: str) -> str:
    latex = node.astext().strip()
    try:
        return str(convert(latex.replace(r"\tfrac", r"\frac"), display=display))
    except Exception as error:
        _LOGGER.warning("not LaTeX that can be shown: %s (%s)", latex, error, location=node)
        return ""


def _inline(translator: Any, node: Any) -> None:
    translator.body.append(_mathml(node, "inline"))
    raise SkipNode


def _block(translator: Any, node: Any) -> None:
    identifier = f' id="{node["ids"][0]}"' if node.get("ids") else ""
    number = f"<span>({get_node_equation_number(translator, node)})</span>" if node.get("number") else ""
    translator.body.append(f'<div class="math-block"{identifier} tabindex="0">{_mathml(node, "block")}{number}</div>\n')
    raise SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Let sphinx use this renderer by the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
