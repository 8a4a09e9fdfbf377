"""Templates of web pages, filled: with their style and script inside, and a policy that forbids everything else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from eqdarts.report.words import shown

__all__ = ["render"]


def render(template: str, context: Mapping[str, Any]) -> str:
    """Return a page as HTML.

    Parameters
    ----------
    template : str
        The name of a file in the folder of templates.
    context : mapping
        What the template names. Text of users is escaped, and loses characters that cannot be seen.
    """
    import jinja2

    style, script = (_template(name) for name in ("report.css", "report.js"))
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    own = {"style": style, "script": script, "style_hash": _hash(style), "script_hash": _hash(script)}
    return environment.get_template(template).render({**context, **own})


def _template(name: str) -> str:
    return files("eqdarts.report").joinpath("templates", name).read_text(encoding="utf-8")


def _visible(value: Any) -> Any:
    """Return text for a template: our own text unchanged, a user's without invisible characters."""
    return value if hasattr(value, "__html__") else shown(value)


def _hash(text: str) -> str:
    """Return the digest by which the policy of the page allows its own style and script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
