"""Where the slope of a law breaks: the place of each ``Max(0, x + c)``, with its interval."""

from __future__ import annotations

from eqdarts.errors import visible
from eqdarts.expression.build import symbol
from eqdarts.inference.uncertainty import Inference

__all__ = ["breaks_in_words"]

COVERAGE = 0.95


def breaks_in_words(found: Inference) -> list[str]:
    """Return a sentence for each break in the slope of an input whose place is a coefficient of the law.

    Examples
    --------
    >>> import numpy as np
    >>> from eqdarts import Equation
    >>> from eqdarts.inference import inference
    >>> x, error = np.arange(12.0), 0.1 * (-1.0) ** np.arange(12)
    >>> law = Equation.parse("a*x + b*Max(0, x + c)", ["x"])
    >>> law = law.fit({"x": x}, 2 * x + 3 * np.maximum(0, x - 6) + error, start={"a": 1, "b": 1, "c": -5.5})
    >>> breaks_in_words(inference(law, {"x": x}, 2 * x + 3 * np.maximum(0, x - 6) + error))
    ['The slope breaks at x = 6.013 (95 % interval 5.908 to 6.118).']
    """
    import sympy

    ends = dict(zip(found.names, found.interval(COVERAGE), strict=True))
    places = dict(zip(found.names, found.estimate, strict=True))
    sentences = []
    for bend in sorted(found.equation.template.atoms(sympy.Max, sympy.Min), key=str):
        argument = sum(bend.args) if 0 in bend.args and len(bend.args) == 2 else None
        for name in found.equation.variables if argument is not None else ():
            # The argument is x + c or c - x, c being a coefficient.
            for sign in (1, -1):
                rest = sympy.expand(argument - sign * symbol(name))
                for coefficient, (low, high) in ends.items():
                    if rest in (symbol(coefficient), -symbol(coefficient)):
                        factor = -sign if rest == symbol(coefficient) else sign
                        first, last = sorted((factor * low, factor * high))
                        sentences.append(
                            f"The slope breaks at {visible(name)} = {factor * places[coefficient]:.4g} "
                            f"({COVERAGE:.0%} interval {first:.4g} to {last:.4g}).".replace("95%", "95 %")
                        )
    return sentences
