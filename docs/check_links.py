"""Checks every page of a built site: each link leads somewhere, and nothing is loaded from another machine.

Run: ``python docs/check_links.py FOLDER``.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("source", "src"), ("iframe", "src")}
NOT_LOADED = {"canonical", "next", "prev", "search", "index", "genindex"}


class _Page(HTMLParser):
    """Collects links, identifiers and the resources that a browser loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.identifiers = {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.identifiers |= {given[name] or "" for name in ("id", "name") if name in given}
        for name in ("href", "src"):
            target = given.get(name)
            if target is None:
                continue
            loaded = (tag, name) in LOADED and (given.get("rel") or "") not in NOT_LOADED
            (self.loaded if loaded else self.links).append(target)


def complaints(folder: Path) -> list[str]:
    """Return the errors of the site, one line each."""
    pages = {path.resolve(): _Page(path) for path in sorted(folder.rglob("*.html"))}
    wrong = [] if pages else [f"{folder} has no page"]
    for path, page in pages.items():
        for target in [*page.links, *page.loaded]:
            parts = urlsplit(target)
            if parts.scheme == "data":
                continue
            if parts.scheme or parts.netloc:
                if target in page.loaded:
                    wrong.append(f"{path.name} loads {target}")
                continue
            aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not aim.is_file():
                wrong.append(f"{path.name} links to {target}, which is not there")
            elif aim in pages and unquote(parts.fragment) not in pages[aim].identifiers:
                wrong.append(f"{path.name} links to {target}, a place that the page does not have")
    for style in folder.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        wrong += [
            f"{style.name} loads {found}" for found in ("@import url(http", "url(http", "url(//") if found in text
        ]
    return wrong


if __name__ == "__main__":
    found = complaints(Path(sys.argv[1]))
    print("\n".join(found) or "Every link leads somewhere; nothing is loaded from elsewhere.")
    sys.exit(bool(found))
