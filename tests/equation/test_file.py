"""Equation files from strangers: each is read or refused with one clear error, quickly, and nothing in it runs.

``python tests/test_json_hostile.py`` tries 10,000 mutated files, or those of the two numbers given, and prints what
happened.
"""

from __future__ import annotations

import json
import random
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.special  # noqa: F401  (erf imports it, and importing it runs code that it makes)

from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError

READING, USING = 10.0, 30.0  # seconds of processor time: what hangs is found, a slow machine is not

SEEDS = [
    ("2.5*x**1.5 + log(y)", ["x", "y"], "z"),
    ("3.0*(1 - exp(-0.2*t))", ["t"], None),
    ("a*x/(b + x)", ["x"], "rate"),
    ("c1*sin(w*`reaction time [ms]` + p) - 1/3", ["reaction time [ms]"], "θ_0"),
    ("1/(1 + exp(-(x1*2.0 - 3.0)))*sqrt(abs(x2))*Max(0, x3)", ["x1", "x2", "x3"], "y"),
    ("tanh(x)**2.0 + arctan(x*y)/pi - 1e-7*erf(y)", ["x", "y"], "<b>$y$</b>"),
    (" + ".join(f"{k}.5*x**{k}*y**0.{k + 1}" for k in range(12)), ["x", "y"], "long"),
]

FORMULAS = [
    "__import__('os').system('true')", "().__class__.__bases__[0].__subclasses__()", "lambda: 0", "[x for x in y]",
    "exec('1')", "eval('1')", "open('x')", "x.__class__", "x if y else z", "f'{x}'", "x := 1", "x; import os", "x\n+1",
    "9**9**9**9", "2**2**2**2**2**2", "x**x**x**x**x**x", "10**400", "1e400", "-1e-400", "1/0", "0**-1", "log(0)",
    "sqrt(-1)", "(-8)**(1/3)", "log(-x**2 - 1)", "exp(exp(exp(exp(9))))", "x**1e9", "x**1000", "(x + 1)**1000",
    "(x + y)**999*(x - y)**999", "9007199254740993**(1/7)", "6469693230**0.3333", "1/3/7/11/13/17/19/23", "1" * 4000,
    "0." + "1" * 4000, "(" * 59 + "x" + ")" * 59, "(" * 100_000, "-" * 5000 + "x", "x" + "+x" * 3000, "x" + "*x" * 3000,
    "*".join(f"(x + {k})" for k in range(400)), "+".join(f"v{k}" for k in range(1500)), "exp(" * 58 + "x" + ")" * 58,
    "sqrt(" * 58 + "x" + ")" * 58, "Max(" * 30 + "x" + ", y)" * 30, "Max(x, Min(y, " * 20 + "z" + "))" * 20,
    "abs(" * 58 + "x - y" + ")" * 58, "Max(x, Max(y, Max(x*y, Max(x - y, Max(x + y, Max(exp(x), Min(x, y)))))))",
    "x**y**-x**y**-x**y", "(x**2)**0.5**(x**2)**0.5", "sin(sin(x)**-2)**sin(x)", "tan(1.5707963267948966*x)", "\0",
    "`" + "n" * 19_000 + "`", "``", "`\ud800`", "`a`b`", "x /* y */", "%s%s%n", "${x}", "{{x}}", "\\input{x}",
    "\u202ex",
    "1_000*x", "0x10*x", "0b1", "1j*x", "True", "None", "nan", "inf", "oo", "zoo", "I*x", "E", "pi**pi**pi", "x!",
    "x@y",
    "x//y", "x%y", "x<y", "x==y", "not x", "x and y", "x,y", "*x", "f(x)", "exp", "exp(x, y)", "Max(x)", "exp(*x)",
    "log(exp(log(exp(x - 900.0) + 1e300)))", "1e308*x*1e308", "1e-308*x*1e-308", "5e-324*x", "1e200*x/1e-200", "",
    "erf(1e308*x)**1e-300", "sign(sign(x))*abs(sign(x))", "cosh(1e5)*x", "cosh(800.0*x)/cosh(800.0*x)",
    "2.0**1023.99*x",
]  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, -1, 2, 1e308, -1e308, 10**400, "", "x", "\0", "\ud800", "a" * 50_000, [], {}, [[]], [None],
    {"x": {}}, {"a": None}, {"a": "1"}, {"a": 10**400}, {"a": True}, ["x", "x"], [1, 2], ["x"] * 20_000,
    "eqdarts-equation",
    [f"v{k}" for k in range(9_999)], {f"v{k}": 1.0 for k in range(3_000)}, {"__class__": "x"}, ["__class__"],
    ["exp"], [""],
]  # fmt: skip

RAW = [
    "", " ", "null", "[]", "{}", "0", '"x"', "NaN", "Infinity", "-", "{" * 50_000, "[" * 50_000, '{"a":' * 50_000,
    "[" * 50_000 + "]" * 50_000, "1" * 100_000, '"' + "\\u0000" * 20_000 + '"', "\ufeff{}", "{'format': 1}", "<xml/>",
    "\x80\x04\x95", "!!python/object/apply:os.system ['true']", '{"format": "eqdarts-equation", "version": 1}',
    " " * 199_999, " " * 200_001, "{" + '"format":"eqdarts-equation",' * 6_000 + '"version":1}',
]  # fmt: skip


def _records() -> list[dict[str, Any]]:
    """Return files as eqdarts writes them: typed, fitted and unfitted."""
    files = []
    for text, variables, target in SEEDS:
        equation = Equation.parse(text, variables, target)
        files.append(json.loads(equation.to_json()))
        if equation.free_parameters:
            fitted = dict(files[-1])
            fitted["parameters"] = {name: 0.5 + k for k, name in enumerate(equation.free_parameters)}
            files.append(fitted)
            files.append({**fitted, "parameters": {}, "constants": fitted["parameters"]})
    return files


RECORDS = _records()


# --- mutations ---


def _replace_field(record: dict[str, Any], rng: random.Random) -> str:
    record[rng.choice([*record, "parameters", "formula", "names", "constants", "extra"])] = rng.choice(VALUES)
    return json.dumps(record)


def _replace_formula(record: dict[str, Any], rng: random.Random) -> str:
    key = rng.choice(["expression", "formula"])
    formula = rng.choice(FORMULAS)
    if rng.random() < 0.4:
        operator = rng.choice(["+", "*", "-", "/", "**", "(", ")", ","])
        formula = f"{formula}{operator}{rng.choice([*FORMULAS, str(record['expression'])])}"
    record[key] = formula
    if rng.random() < 0.7:
        record["variables"] = ["x", "y", "z", "n" * 19_000, *(f"v{k}" for k in range(1500))]
    return json.dumps(record)


def _drop_or_move(record: dict[str, Any], rng: random.Random) -> str:
    a, b = rng.choice(list(record)), rng.choice(list(record))
    record[a], record[b] = record[b], record[a]
    if rng.random() < 0.5:
        del record[rng.choice(list(record))]
    return json.dumps(record)


def _edit_formula(record: dict[str, Any], rng: random.Random) -> str:
    record["expression"] = _edited(str(record["expression"]), rng, "0123456789.e+-*/()` xyπ,[]_'\"")
    return json.dumps(record, ensure_ascii=False)


def _edit_text(record: dict[str, Any], rng: random.Random) -> str:
    return _edited(json.dumps(record, ensure_ascii=False), rng, '{}[]",:0123456789eE+-.\\u tfn\0\x7fé\u202e')


def _edited(text: str, rng: random.Random, alphabet: str) -> str:
    """Return `text` with a few characters changed, put in, taken out, or a piece of it repeated."""
    letters = list(text)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(letters) + 1)
        match rng.randrange(4):
            case 0:
                letters[at : at + 1] = rng.choice(alphabet)
            case 1:
                letters.insert(at, rng.choice(alphabet))
            case 2:
                del letters[at : at + rng.randint(1, 8)]
            case _:
                piece = letters[at : at + rng.randint(1, 12)]
                letters[at:at] = piece * rng.choice([1, 2, 50, 400])
    return "".join(letters)


def _raw(record: dict[str, Any], rng: random.Random) -> str:
    text = json.dumps(record)
    return rng.choice([rng.choice(RAW), text[: rng.randrange(len(text))], text * 2, text.replace('"', "'")])


MUTATIONS: list[Callable[[dict[str, Any], random.Random], str]] = [
    _replace_field, _replace_formula, _replace_formula, _drop_or_move, _edit_formula, _edit_formula, _edit_text, _raw,
]  # fmt: skip


def mutated(seed: int) -> str:
    """Return the mutated file of that number."""
    rng = random.Random(seed)
    record = json.loads(json.dumps(rng.choice(RECORDS)))
    return rng.choice(MUTATIONS)(record, rng)


# --- what happens ---

_watching = False
_ran: list[str] = []
_FORBIDDEN = ("os.", "subprocess.", "socket.", "shutil.", "ctypes.", "pty.", "webbrowser.", "urllib.")


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Record code that is made from text and run, and doings outside this process."""
    if not _watching:
        return
    made = event == "exec" and arguments[0].co_filename.startswith("<") and "frozen" not in arguments[0].co_filename
    listing = event in ("os.listdir", "os.scandir")  # an import looks for its file
    if made or (event.startswith(_FORBIDDEN) and not listing):
        _ran.append(f"{event} {arguments}")


sys.addaudithook(_watch)


def outcome(text: str) -> str:
    """Read a file and use what was read; return "read" or "refused", fail for anything else."""
    global _watching
    _ran.clear()
    _watching = True
    try:
        start = time.process_time()
        equation = _read(text)
        middle = time.process_time()
        result = _use(equation)
        end = time.process_time()
    finally:
        _watching = False
        assert not _ran, _ran
    assert middle - start < READING, f"{middle - start:.1f} s"
    assert end - middle < USING, f"{end - middle:.1f} s"
    return result


def _read(text: str) -> Equation | FormulaError:
    try:
        return Equation.from_json(text)
    except FormulaError as error:
        return error


def _use(equation: Equation | FormulaError) -> str:
    if isinstance(equation, FormulaError):
        message = str(equation)
        assert " Got " in message, message
        assert message.endswith((".", "?")), message
        assert len(message) < 600, message
        return "refused"
    again = Equation.from_json(equation.to_json())
    assert isinstance(equation.latex(), str)
    assert equation.complexity > 0
    assert isinstance(equation.coefficients, dict)
    if not equation.free_parameters:
        X = np.full((3, len(equation.variables)), 0.7)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.testing.assert_allclose(equation.predict(X), again.predict(X), rtol=1e-9)
    return "read"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_mutated_files_are_read_or_refused(part: int) -> None:
    found = Counter(outcome(mutated(seed)) for seed in range(part * 400, part * 400 + 400))
    assert min(found["read"], found["refused"]) > 30, found


@pytest.mark.parametrize("formula", FORMULAS, ids=range(len(FORMULAS)))
def test_hostile_formulas(formula: str) -> None:
    for extra in ({}, {"formula": formula, "parameters": {}}):
        outcome(json.dumps({**RECORDS[0], "variables": ["x", "y", "z"], "expression": formula, **extra}))


@pytest.mark.parametrize("text", RAW, ids=range(len(RAW)))
def test_what_is_no_record_is_refused(text: str) -> None:
    assert outcome(text) == "refused"


def main(first: int, last: int) -> None:
    """Try the mutated files `first` to `last`; print how many were read and refused, the slowest, every failure."""
    counts: Counter[str] = Counter()
    slowest = (0.0, -1)
    for seed in range(first, last):
        start = time.process_time()
        try:
            counts[outcome(mutated(seed))] += 1
        except Exception as error:
            counts["failed"] += 1
            print(f"file {seed}: {type(error).__name__}: {str(error)[:200]}")
        slowest = max(slowest, (time.process_time() - start, seed))
    print(f"{last - first} files: {dict(counts)}; slowest {slowest[0]:.2f} s (file {slowest[1]})")


if __name__ == "__main__":
    main(*map(int, ["0", "10000"] if len(sys.argv) < 3 else sys.argv[1:3]))


def test_what_became_exact_is_in_the_file_and_in_the_text() -> None:
    law = replace(Equation.parse("364.8*a**1.5", ["a"], "P"), exact=(("3/2", 1.499441),))
    again = Equation.from_json(law.to_json())
    assert again.exact == law.exact
    assert again.format(exact=True) == f"{law.format()}, where 3/2 was 1.49944"
    assert Equation.parse("2*a").format(exact=True) == "2*a"


@pytest.mark.parametrize("exact", [3, [["3/2"]], [["3/2", "x"]], [[1, 2.0]], [["x" * 101, 1.0]], [["1", 1.0]] * 1001])
def test_what_became_exact_is_refused_where_it_is_something_else(exact: Any) -> None:
    record = json.loads(Equation.parse("2*a").to_json())
    with pytest.raises(FormulaError, match="exact"):
        Equation.from_json(json.dumps({**record, "exact": exact}))
