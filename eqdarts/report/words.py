"""The words and numbers of a report: coefficients, figures of the fit, data, and the lines that reproduce it."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np

from eqdarts._typing import Array
from eqdarts.equation.digits import DIGITS
from eqdarts.equation.equation import Equation
from eqdarts.equation.singularities import singularities_in_range
from eqdarts.errors import EqdartsWarning
from eqdarts.expression.mathml import plain_characters
from eqdarts.fitting.run import Run
from eqdarts.inference.breaks import breaks_in_words
from eqdarts.inference.by_loss import diagnosis_by_loss
from eqdarts.inference.leverage import deciding_row
from eqdarts.inference.summary import cautions, estimates, least_digits, near_one, rounded
from eqdarts.inference.uncertainty import Inference
from eqdarts.losses import loss_of
from eqdarts.plotting.points import predicted, used_variables

__all__ = ["Words", "column_table", "command_line", "inference_of", "python_lines", "words_of"]


COVERAGE = 0.95
MOST_COLUMNS = 60
LONGEST_VALUE = 200  # characters of a setting
_READERS = {".tsv": r'pd.read_csv({}, sep="\t")', ".parquet": "pd.read_parquet({})", ".pq": "pd.read_parquet({})"}


@dataclass(frozen=True)
class Words:
    """The text of a report about one equation.

    Parameters
    ----------
    mathml, short_mathml : str
        The equation as MathML, and its right-hand side.
    short_text, text, template : str
        The rounded equation as text, the right-hand side with all digits, and its form with named coefficients.
    figures : list of (str, str)
        Names and values that describe the fit.
    header : list of str
        Header of the table of coefficients, which has one row for each entry of `coefficients`.
    cautions : list of str
    measurements : list of (str, str)
        Names and values that describe the residuals.
    """

    mathml: str
    short_mathml: str
    short_text: str
    text: str
    template: str
    figures: list[tuple[str, str]]
    header: list[str]
    coefficients: list[list[str]]
    cautions: list[str]
    measurements: list[tuple[str, str]]


def inference_of(run: Run, k: int) -> Inference | None:
    """Return the inference for equation k, None if the loss gives no standard errors."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqdartsWarning)
            return run.inference(k)
    except ValueError:
        return None


def words_of(run: Run, k: int, found: Inference | None) -> Words:
    """Return the words for equation k; the chosen one gets profile likelihood intervals."""
    equation = run.equations[k]
    ends = None
    if k == run.chosen and found is not None and found.names and loss_of(run.loss).is_least_squares:
        ends = found.profile_interval(COVERAGE)
    header, cells = _coefficients(equation, found, ends)
    careful = [*filter(None, [run.undetermined_in_words(k)]), *([] if found is None else cautions(found, ends))]
    if found is None:
        careful.append(f"The loss {run.loss} gives no standard errors.")
    n_undefined = int(np.isnan(predicted(equation, run.rows.X)).sum())
    if n_undefined:
        careful.append(f"The equation is undefined at {n_undefined} of {len(run.rows.y)} rows.")
    careful += singularities_in_range(equation).in_words()
    careful += [] if k == run.chosen else list(filter(None, [run.knowledge_in_words(k)]))
    seen = diagnosis_by_loss(equation, run.rows, run.loss, run.noise)
    careful += [] if seen is None else list(seen.sentences)
    if found is not None and k == run.chosen:
        careful += [*filter(None, [deciding_row(found, run.rows)]), *breaks_in_words(found)]
    return Words(
        mathml=equation.mathml(),
        short_mathml=replace(equation, target=None).mathml(),
        short_text=equation.format(),
        text=str(equation),
        template=_form(equation),
        figures=_figures(run, k, found),
        header=header,
        coefficients=cells,
        cautions=careful,
        measurements=[] if seen is None else seen.figures(),
    )


def _form(equation: Equation) -> str:
    from eqdarts.expression.written import text, write

    return text(write(equation.template)) if equation.coefficients else ""


def _figures(run: Run, k: int, found: Inference | None) -> list[tuple[str, str]]:
    row = run.table.iloc[k]
    figures = [("complexity", str(int(row["complexity"]))), ("loss", f"{row['loss']:.4g}")]
    if found is None:
        return [*figures, ("rows", _n_rows(run, len(run.rows.y)))]
    scatter = "as given" if found.sigma_known else f"{found.sigma:.4g}"
    more = [
        ("R\u00b2", near_one(found.r_squared).replace("nan", "\u2013")),
        ("residual standard error", scatter),
        ("rows", _n_rows(run, found.n_rows)),
        ("degrees of freedom", str(found.n_rows - found.rank)),
    ]
    return [*figures, *more]


def _n_rows(run: Run, used: int) -> str:
    """Return the number of rows of which the figures are, and of how many they were taken."""
    return str(used) if used >= run.rows.n_all else f"{used} of {run.rows.n_all}"


def _coefficients(equation: Equation, found: Inference | None, ends: Array | None) -> tuple[list[str], list[list[str]]]:
    if found is None:
        numbers, digits = equation.coefficients.items(), least_digits(equation, DIGITS)
        return ["coefficient", "estimate"], [[name, f"{value:.{digits[name]}g}"] for name, value in numbers]
    header = ["coefficient", "estimate", "std. error", f"{100 * COVERAGE:g} % interval"]
    header += [] if ends is None else ["profile likelihood"]
    intervals = found.interval(COVERAGE)
    cells = []
    for k, (name, number) in enumerate(zip(found.names, estimates(found), strict=True)):
        error = float(found.standard_error[k])
        line = [name, number, f"{error:.3g}", _interval(intervals[k], error)]
        cells.append([*line, *([] if ends is None else [_interval(ends[k], error)])])
    cells += [[name, f"{value:.8g}", "given", *[""] * (len(header) - 3)] for name, value in found.known.items()]
    if equation.units:
        units = equation.check_units().units
        header, cells = [*header, "unit"], [[*line, units.get(line[0], "")] for line in cells]
    return header, cells


def _interval(ends: Array, error: float) -> str:
    return f"{rounded(float(ends[0]), error)} to {rounded(float(ends[1]), error)}".replace("inf", "\u221e")


def column_table(run: Run) -> tuple[list[str], list[list[str]]]:
    """Return header and cells of the table of columns: target first, then the inputs, at most 60."""
    used = set(used_variables(run.equations[run.chosen]))
    columns = [(run.target, run.rows.y, "target")]
    for name, values in zip(run.names, run.rows.X.T, strict=True):
        columns.append((name, values, "in the law" if name in used else "not in the law"))
    cells = []
    for name, values, role in columns[: MOST_COLUMNS + 1]:
        numbers = [values.min(), np.median(values), values.max()]
        cells.append([name, role, *(f"{float(number):.5g}" for number in numbers), str(len(np.unique(values)))])
    return ["column", "", "least", "median", "largest", "different values"], cells


def python_lines(run: Run) -> str:
    """Return Python that makes the same fit."""
    given = ", ".join(f"{name}={run.settings[name]}" for name in run.changed if name in run.settings)
    features = run.names if run.columns is None else run.columns.features
    names, target = [repr(name) for name in features], repr(run.target)
    is_read = run.columns is not None and not run.columns.is_plain
    if run.source is not None and run.source != "-" and is_read:
        read = f"read_table({run.source!r})"
    elif run.source is not None and run.source != "-":
        suffix = PurePath(run.source).suffix.lower()
        read = _READERS.get(suffix, "pd.read_csv({})").format(repr(run.source))
    else:
        read = "...  # the DataFrame of your rows"
    lines = [
        *(["import pandas as pd"] if read.startswith("pd.") else []),
        f"from eqdarts import DARTSRegressor{', read_table' if read.startswith('read_table') else ''}",
        "",
        f"table = {read}",
        f"model = DARTSRegressor({given})",
        f"model.fit(table[[{', '.join(names)}]], table[{target}]{_weights(run)}{_groups(run)})",
        'model.report("law.html")',
    ]
    return "\n".join(lines)


def _weights(run: Run) -> str:
    if run.rows.sigma is not None:
        return ", sigma=..."
    return "" if run.rows.weight is None else ", sample_weight=..."


def _groups(run: Run) -> str:
    return "" if run.groups is None else f", groups=table[{run.groups.by!r}]"


def command_line(run: Run) -> str | None:
    """Return the command that makes the same fit, None if the rows did not come from a file or have weights."""
    options = {"random_state": "--seed", "time_limit": "--time-limit", "max_complexity": "--max-complexity"}
    options |= {"search": "--search"}
    others = set(run.changed) - set(options) - {"verbose", "knowledge"}
    if run.source in (None, "-") or others or run.rows.weight is not None or run.rows.sigma is not None:
        return None
    features = run.names if run.columns is None else run.columns.features
    words = ["eqdarts", "fit", str(run.source), "--target", run.target, "--features", ",".join(map(_csv, features))]
    if run.groups is not None:
        words += ["--groups", run.groups.by]
    for statement in run.params.get("knowledge") or ():
        words += ["--know", statement]
    for name in run.changed:
        if name in options:
            words += [options[name], run.settings[name].strip("'")]
    return shlex.join(words)


def _csv(name: str) -> str:
    quoted = name.replace('"', '""')
    return f'"{quoted}"' if any(c in name for c in ',"') or name != name.strip() else name


def shown(value: Any) -> str:
    """Return text for the page: without invisible characters, and not too long."""
    lines = [plain_characters(line) for line in str(value).split("\n")]
    return "\n".join(lines)


def longer_by(nats: float) -> str:
    """Return the difference in length of a rival's description."""
    return "\u2013" if not math.isfinite(nats) else f"{nats:.1f}"
