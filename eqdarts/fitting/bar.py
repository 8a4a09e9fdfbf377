"""The progress bar of a search, on stderr."""

from __future__ import annotations

import sys
from typing import Any

from eqdarts.search.result import Moment

__all__ = ["Progress"]


class Progress:
    """A bar on stderr: share of the budget, refits, best loss and the best graph."""

    def __init__(self, shown: bool) -> None:
        self.bar: Any = None
        if not shown:
            return
        # Imported where it is needed: in a notebook without widgets tqdm.auto warns that its bar is plain text.
        from tqdm.auto import tqdm

        self.bar = tqdm(total=100, unit="%", file=sys.stderr, leave=False)

    def __enter__(self) -> Progress:
        return self

    def __call__(self, moment: Moment) -> None:
        """Show how far the search is."""
        if self.bar is None:
            return
        best = moment.best
        self.bar.n = min(round(100 * moment.share), 100)
        self.bar.set_postfix_str(f"{moment.n_refits} refits, best {best.loss:.3g}: {best.graph.key[:40]}")

    def say(self, text: str) -> None:
        """Show a text in place of the best graph."""
        if self.bar is not None:
            self.bar.set_postfix_str(text)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
