"""Give Equation.parse many strings that are formulas, nearly formulas or noise: only errors of ours may come back.

    python benchmarks/hardening/fuzz_parse.py [--strings 50000] [--seed 0] [--whole]

Each string is either an equation or a `FormulaError`, within ten seconds. With --whole an equation must also be
written, read back as the same, shown and evaluated. Strings are drawn from the grammar, with numbers at the ends of
what a float holds, and two thirds are then damaged: a piece removed, doubled, moved, or replaced by a piece of another
string. The same seed gives the same strings. Exit status 1 if anything else came back; the shortest strings are shown.
"""

from __future__ import annotations

import argparse
import collections
import random
import signal
import sys
import time
import warnings

import numpy as np

from eqdarts import Equation, FormulaError

PATIENCE = 10  # seconds for one string
NUMBERS = (
    "0", "1", "2", "-2.5", "3.7", "0.5", "1e300", "1e-300", "1.7e308", "5e-324", "1e308", "1e-308", "-1e300", "1000",
    "1001", "999.5", "9007199254740992", "9007199254740993", "123456789012345678901234567890", "0.1", "1e5", "709",
    "710", "0.0", "-0.0", "1e16", "1/3", "3/2", "pi", "1e999", "00", "1_0", ".5", "5.", "0x1", "1j", "1e", "inf", "nan",
)  # fmt: skip
NAMES = (
    "x",
    "y",
    "b",
    "theta_0",
    "`reaction time`",
    "`lambda`",
    "θ",
    "\uff58",
    "x1",
    "`exp`",
    "`a``b`",
    "`=1`",
    "E",
    "I",
)
FUNCTIONS = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "atan", "arcsin", "arctan", "tanh", "sinh", "cosh", "abs", "Abs",
    "cube", "square", "logistic", "softplus", "relu", "reciprocal", "inv", "log10", "log2", "gamma", "erf",
)  # fmt: skip
TWO = ("Max", "Min", "max", "min")
NOISE = (
    "^", "=", "[", "]", "`", "·", "\u00d7", "\u2212", "'", '"', "\\", "\0", "\n", "\t", ";", ":", "@", "#", "!", "~",
    "%", "lambda", "import", "**", "//", "((", "))", ",", ",,", "*", "-", "--", "+", "/", "==", "<", "if", "x.y",
    "x[0]", "é", "\ud800", "\u202e", "\U0001d535", "²", "exp(", "Max(", "x=1", "*x", "**x", "not", "True", "None",
    "1 2", "x y",
)  # fmt: skip


def formula(rng: random.Random, depth: int) -> str:
    """Return a formula of the grammar, nested at most `depth` deep."""
    draw = rng.random()
    if depth == 0 or draw < 0.12:
        return rng.choice(NUMBERS) if rng.random() < 0.5 else rng.choice(NAMES)
    if draw < 0.45:
        return f"{rng.choice(FUNCTIONS)}({formula(rng, depth - 1)})"
    if draw < 0.57:
        return f"{rng.choice(TWO)}({formula(rng, depth - 1)}, {formula(rng, depth - 1)})"
    if draw < 0.62:
        return f"-{formula(rng, depth - 1)}"
    operator = rng.choice(("+", "-", "*", "*", "/", "**"))
    return f"({formula(rng, depth - 1)}{operator}{formula(rng, depth - 1)})"


def damaged(text: str, other: str, rng: random.Random) -> str:
    """Return a text with a few random changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        first = rng.randrange(len(text) + 1)
        last = min(first + rng.choice((0, 1, 1, 2, 5, 20)), len(text))
        place = rng.randrange(len(other) + 1)
        piece = (
            rng.choice(NOISE),
            "",
            text[first:last] * 2,
            other[place : place + rng.choice((1, 2, 5, 20))],
            rng.choice(NUMBERS),
            chr(rng.randrange(0x3000)),
        )
        text = text[:first] + rng.choice(piece) + text[last:]
    return text


def strings(n: int, seed: int) -> list[str]:
    """Return `n` strings to be read."""
    rng = random.Random(seed)
    drawn: list[str] = []
    for _ in range(n):
        text = formula(rng, rng.choice((1, 2, 2, 3, 3, 4, 5)))
        if drawn and rng.random() < 2 / 3:
            text = damaged(text, rng.choice(drawn), rng)
        drawn.append(text)
    nested = rng.choice((10, 55, 65, 2000))
    return [*drawn, "(" * nested + "x" + ")" * nested, "-" * 5000 + "x", "x" + "**x" * 3000, "x" * 20_001, "x+" * 9000]


def late(*_: object) -> None:
    raise TimeoutError(f"not read in {PATIENCE} seconds")


def tried(text: str, whole: bool) -> BaseException | None:
    """Return what a string raises that it must not, None for an equation or an error of ours."""
    signal.alarm(PATIENCE)
    try:
        law = Equation.parse(text)
    except FormulaError as error:
        return None if " Got " in str(error) else AssertionError(f"not phrased by explain: {error}")
    except Exception as error:  # what is looked for
        return error
    finally:
        signal.alarm(0)
    if not whole:
        return None
    try:
        again = Equation.from_json(law.to_json())
        assert again == law, f"came back as {again}"
        law.format()
        law.latex()
        law.mathml()
        rows = np.array([-2.0, 0.0, 0.5, 3.0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            law.predict(dict.fromkeys(law.variables, rows) or {"x": rows})
    except Exception as error:
        return error
    return None


def main() -> int:
    """Try all strings and print what came back that must not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strings", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--whole", action="store_true", help="equations must also be written, read back and evaluated")
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, late)
    began = time.process_time()
    wrong: dict[str, list[str]] = collections.defaultdict(list)
    texts = strings(arguments.strings, arguments.seed)
    for k, text in enumerate(texts):
        error = tried(text, arguments.whole)
        if error is not None:
            wrong[f"{type(error).__name__}: {str(error)[:60]}"].append(text)
        if k % 5000 == 0:
            print(f"{k} of {len(texts)} strings, {sum(map(len, wrong.values()))} wrong", file=sys.stderr)
    for error, where in sorted(wrong.items(), key=lambda item: -len(item[1])):
        shortest = sorted(where, key=len)[:3]
        print(f"{len(where)} x {error}")
        for text in shortest:
            print(f"    {text!r}")
    n_wrong = sum(map(len, wrong.values()))
    print(f"{len(texts)} strings, {n_wrong} wrong, {time.process_time() - began:.0f} CPU seconds")
    return int(n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
