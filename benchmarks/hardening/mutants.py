"""Break the package in many small ways, one at a time: the tests must notice each.

    python benchmarks/hardening/mutants.py [--only TEXT] [--list]

A mutant is a row of MUTANTS: a file, a piece of its text that occurs once, what takes its place, and the tests that
should fail. Everything happens in a copy; the checkout stays as it is. Prints one line for each mutant and those that
survive; the exit status is their number. First the tests must pass as they are. About ten minutes on one core.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 1200  # seconds for the tests of one mutant
FAILED = (1, 2)  # exit statuses of pytest: some tests failed, or it was interrupted as by a mutant of an interrupt


@dataclass(frozen=True)
class Mutant:
    """One change.

    Parameters
    ----------
    what : str
        What is broken, in words.
    file : str
        Below ``eqdarts/``.
    old, new : str
        Text that occurs exactly once in the file, and what takes its place.
    tests : str
        Arguments of pytest: what must fail.
    """

    what: str
    file: str
    old: str
    new: str
    tests: str


MUTANTS = (
    # --- numbers ---
    Mutant(
        "sign of the derivative of cos in compiled code",
        "solver/kernels.py",
        "math.cos(u[i]), -math.sin(u[i])",
        "math.cos(u[i]), math.sin(u[i])",
        "tests/solver/test_kernels.py",
    ),
    Mutant(
        "sign of the derivative of 1/u in tensors",
        "primitives/table.py",
        "lambda u, f: -f * f,",
        "lambda u, f: f * f,",
        "tests/primitives/test_table.py",
    ),
    Mutant(
        "the power in the derivative of u**v",
        "solver/formula.py",
        "return v * u.pow(v - 1), f * log_u",
        "return v * u.pow(v), f * log_u",
        "tests/solver",
    ),
    Mutant(
        "the rows' square roots of weights in the normal equations",
        "solver/kernels.py",
        "residual[m] = (y[start + m] - out[m]) * root[start + m]",
        "residual[m] = y[start + m] - out[m]",
        "tests/solver/test_kernels.py",
    ),
    Mutant(
        "factor of standard errors",
        "inference/uncertainty.py",
        "covariance = scale**2 * parts.factor @ parts.factor.T",
        "covariance = scale * parts.factor @ parts.factor.T",
        "tests/inference/test_uncertainty.py",
    ),
    Mutant(
        "degrees of freedom",
        "inference/uncertainty.py",
        "dof = float(facts.n_rows - parts.rank)",
        "dof = float(facts.n_rows - parts.rank + 1)",
        "tests/inference/test_uncertainty.py",
    ),
    Mutant(
        "weights from unequal errors, in standard errors",
        "inference/linearised.py",
        "SMALLEST_ERROR) ** -2.0",
        "SMALLEST_ERROR) ** -1.0",
        "tests/inference/test_linearised.py",
    ),
    Mutant(
        "weights from unequal errors, in the search",
        "fitting/checks.py",
        "(errors / errors.min()) ** -2.0, errors",
        "(errors / errors.min()) ** -1.0, errors",
        "tests/fitting/test_checks.py",
    ),
    Mutant(
        "rounding that changes where a row is defined",
        "expression/rounding.py",
        "return np.where(same, largest, np.inf)",
        "return largest",
        "tests/expression/test_rounding.py",
    ),
    Mutant(
        "weights of all rows of a long table",
        "inference/all_rows.py",
        "jacobian[kept] * own[kept, None]",
        "jacobian[kept]",
        "tests/inference/test_all_rows.py",
    ),
    Mutant(
        "number of rows that relative weights stand for",
        "data.py",
        "float(weight.sum() if are_counts(weight) else np.count_nonzero(weight))",
        "float(weight.sum())",
        "tests/test_data.py",
    ),
    Mutant(
        "share of rows held back",
        "data.py",
        "round(validation_fraction * len(weighted))",
        "round((1 - validation_fraction) * len(weighted))",
        "tests/test_data.py",
    ),
    Mutant(
        "Huber's loss beyond its limit",
        "losses.py",
        "limit * (size - 0.5 * limit)",
        "limit * size",
        "tests/test_losses.py",
    ),
    Mutant(
        "Poisson's loss without its logarithm",
        "losses.py",
        "f - y + y * np.log(share)",
        "f - y",
        "tests/test_losses.py",
    ),
    # --- choice ---
    Mutant(
        "correction of Akaike's criterion for few rows",
        "selection.py",
        "price = k * n_rows / max(n_rows - k - 1, 0.5)",
        "price = float(k)",
        "tests/test_selection.py",
    ),
    Mutant(
        "price of a pole without its place",
        "selection.py",
        "return CLOSE + math.log(n_rows + 1)",
        "return CLOSE",
        "tests/test_selection.py",
    ),
    Mutant(
        "a front with members that are no better",
        "search/archive.py",
        "if all(member.loss < other.loss for",
        "if all(member.loss <= other.loss for",
        "tests/search/test_archive.py",
    ),
    Mutant(
        "a constant outside its interval said to be inside",
        "inference/constants.py",
        'where = "in" if low <= self.value <= high else "OUTSIDE"',
        'where = "in"',
        "tests/inference/test_constants.py",
    ),
    Mutant(
        "a cause in the data said to lie in the formula",
        "inference/identifiability.py",
        "return len(changed) > 0 and _rank(changed) <= _rank(given)",
        "return True",
        "tests/inference/test_identifiability.py",
    ),
    Mutant(
        "rows above the range",
        "equation/ranges.py",
        "(columns[name] > high + slack)",
        "(columns[name] > high - slack)",
        "tests/equation/test_ranges.py",
    ),
    Mutant(
        "the judge's tolerance for noisy data",
        "benchmark/judge.py",
        "TOLERANCE_REFITTED if noisy else TOLERANCE",
        "TOLERANCE_REFITTED",
        "tests/benchmark/test_judge.py",
    ),
    Mutant(
        "the limit of refits",
        "search/budget.py",
        "self.n_refits >= self.max_refits",
        "self.n_refits > 2 * self.max_refits",
        "tests/search/test_budget.py tests/search/test_search.py tests/test_estimator.py",
    ),
    # --- text that others read ---
    Mutant(
        "escape of a name in a page",
        "expression/mathml.py",
        'return f"<mi>{html.escape(plain_characters(name))}</mi>"',
        'return f"<mi>{plain_characters(name)}</mi>"',
        "tests/expression/test_mathml.py tests/report/test_page.py",
    ),
    Mutant(
        "escape of a name in LaTeX",
        "expression/latex.py",
        '"$": r"\\$"',
        '"$": "$"',
        "tests/expression/test_latex.py",
    ),
    Mutant(
        "escape of a name on a terminal",
        "errors.py",
        "return character.isprintable() or",
        "return True or",
        "tests/test_errors.py",
    ),
    Mutant(
        "a name that is a formula to a spreadsheet",
        "tables/spreadsheets.py",
        """return f"'{name}" if _FORMULA.match(name) else name""",
        "return name",
        "tests/tables/test_spreadsheets.py",
    ),
    Mutant(
        "a page that may load from anywhere",
        "report/templates/base.html",
        "default-src 'none'",
        "default-src *",
        "tests/report/test_page.py",
    ),
    Mutant(
        "a power of zero in C",
        "export/source.py",
        "return u == 0 && v < 0 ? NAN : pow(u, v);",
        "return pow(u, v);",
        "tests/export",
    ),
    Mutant(
        "an exponent without limit in a formula",
        "expression/parse.py",
        "if not size <= LARGEST_EXPONENT:",
        "if not size <= 1e300:",
        "tests/expression/test_parse.py",
    ),
    # --- files and processes ---
    Mutant(
        "a file that is written in place",
        "files.py",
        'aside = path.with_name(f".{path.name}.{os.getpid()}.new")',
        "aside = path",
        "tests/test_files.py",
    ),
    Mutant(
        "a file of another version",
        "files.py",
        "if found != version or isinstance(found, bool):",
        "if found is None:",
        "tests/test_files.py",
    ),
    Mutant(
        "a checkpoint of other rows",
        "fitting/checkpoint.py",
        'if record.get("token") != self.token:',
        "if False:",
        "tests/fitting/test_checkpoint.py",
    ),
    Mutant(
        "exit status of a wrong input",
        "cli/command.py",
        "note(message)\n    return 2",
        "note(message)\n    return 0",
        "tests/cli/test_command.py",
    ),
    Mutant(
        "exit status of an interrupt before anything was found",
        "cli/command.py",
        "return 130",
        "return 0",
        "tests/cli/test_command.py",
    ),
    Mutant(
        "an interrupt while a file is written",
        "cli/interrupts.py",
        "        if self._may_end:\n",
        "        if True:\n",
        "tests/cli/test_interrupts.py",
    ),
    Mutant(
        "the line of a bad cell",
        "tables/cells.py",
        "tuple(Cell(cells[row], row, lines[row] if lines else None)",
        "tuple(Cell(cells[row], row, row + 2)",
        "tests/tables/test_cells.py tests/tables/test_files.py",
    ),
)


def unfit() -> list[str]:
    """Return what is wrong with the table: texts that do not occur exactly once, tests that are not there."""
    words = []
    for mutant in MUTANTS:
        path = ROOT / "eqdarts" / mutant.file
        n = path.read_text(encoding="utf-8").count(mutant.old) if path.is_file() else 0
        if n != 1:
            words.append(f"{mutant.what}: {mutant.old!r} occurs {n} times in {mutant.file}, and must once")
        for part in mutant.tests.split():
            if not part.startswith("-") and not (ROOT / part.partition("::")[0]).exists():
                words.append(f"{mutant.what}: there is no {part}")
    return words


def copied(folder: Path) -> None:
    """Copy the files that git knows, as they are now, and the compiled code that fits them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    compiled = ROOT / "eqdarts" / "solver" / "__pycache__"
    if compiled.is_dir():
        shutil.copytree(compiled, folder / "eqdarts" / "solver" / "__pycache__")


def tested(tests: str, folder: Path) -> tuple[int, str]:
    """Run tests in the copy; return the exit status and the last lines."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests.split()]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return FAILED[0], "the tests did not come to an end"
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or [""]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return done.returncode, (failed or lines)[-1][:120]


def main() -> int:
    """Try every mutant and return the number of those that survive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="only mutants whose words or file have this text")
    parser.add_argument("--list", action="store_true", help="check the table and list it, no tests")
    arguments = parser.parse_args()
    wrong = unfit()
    if wrong:
        sys.exit("\n".join(wrong))
    chosen = [mutant for mutant in MUTANTS if arguments.only in mutant.what or arguments.only in mutant.file]
    if arguments.list:
        print("\n".join(f"{mutant.file}: {mutant.what}" for mutant in chosen))
        return 0
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copied(folder)
        status, last = tested(" ".join(dict.fromkeys(" ".join(m.tests for m in chosen).split())), folder)
        if status != 0:
            sys.exit(f"The tests fail without a mutant: {last}")
        for mutant in chosen:
            path = folder / "eqdarts" / mutant.file
            whole = path.read_text(encoding="utf-8")
            path.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
            status, last = tested(mutant.tests, folder)
            path.write_text(whole, encoding="utf-8")
            killed = status in FAILED
            survivors += [] if killed else [mutant]
            print(f"{'killed  ' if killed else 'SURVIVES'} {mutant.what} ({mutant.file}): {last}", flush=True)
    print(f"{len(chosen)} mutants, {len(survivors)} survive")
    return len(survivors)


if __name__ == "__main__":
    sys.exit(main())
