"""A fitted equation as a text table: coefficients, intervals, tests, rivals and cautions."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eqdarts._typing import Array
from eqdarts.equation.digits import FEWEST
from eqdarts.equation.equation import Equation
from eqdarts.errors import visible
from eqdarts.expression.parse import quoted
from eqdarts.expression.written import free_numbers, text, with_places, write
from eqdarts.inference.uncertainty import Inference

__all__ = ["CAVEAT", "cautions", "coefficient_table", "estimates", "least_digits", "near_one", "rounded", "summary"]


WIDTH = 88
MOST_RIVALS = 5
UNLIKELY = 0.05  # p-value below which a test against the equation gives a warning
CAVEAT = (
    "Intervals take the form of the equation as known. If the same rows chose the form, they are somewhat too narrow."
)


def summary(
    found: Inference,
    coverage: float = 0.95,
    profile: bool = True,
    rivals: Iterable[Mapping[str, Any]] = (),
    snaps: Sequence[object] = (),
    warnings: Sequence[str] = (),
) -> str:
    """Return the summary of an equation and its inference.

    Parameters
    ----------
    found : Inference
    coverage : float, default=0.95
        Coverage of the intervals.
    profile : bool, default=True
        Whether to show profile likelihood intervals too, which need some refits.
    rivals : iterable of mappings, optional
        The Pareto front with the keys complexity, loss, score, equation and chosen, as
        ``model.equations_.to_dict("records")`` gives it. The closest five are shown.
    snaps : sequence of Snap, optional
        Coefficients that became exact constants.
    warnings : sequence of str, optional
        Further sentences for the reader, such as rows outside a domain.
    """
    ends = found.profile_interval(coverage) if profile and found.names else None
    sections = [
        _heading(found),
        _figures(found),
        _coefficients(found, coverage, ends),
        _listed("constants", [str(snap) for snap in snaps]),
        _rivals(rivals),
        _listed("warnings", [*cautions(found, ends), *warnings]),
    ]
    rule = "-" * WIDTH
    body = f"\n{rule}\n".join("\n".join(lines) for lines in sections if lines)
    lines = ["=" * WIDTH, *body.split("\n"), "=" * WIDTH, *_wrapped(CAVEAT, "")]
    return "\n".join(map(visible, lines))


def cautions(found: Inference, ends: Array | None = None) -> list[str]:
    """Return the cautions as sentences; `ends` are profile likelihood intervals (K, 2)."""
    units = map(str, found.equation.check_units().breaks if found.equation.units else ())
    return [*found.unidentifiable, *found.notes, *_at_bounds(found), *_unbounded(found, ends), *_tests(found), *units]


def coefficient_table(found: Inference, coverage: float = 0.95) -> str:
    """Return a table of the coefficients with standard errors and intervals; empty if there are none."""
    return "\n".join(_coefficients(found, coverage, None))


def _heading(found: Inference) -> list[str]:
    equation = found.equation
    lines = _wrapped(equation.format(), "")
    if found.names or found.known:
        left = "" if equation.target is None else f"{quoted(equation.target)} = "
        lines += _wrapped(left + text(write(equation.template)), "form: ")
    return lines


def _figures(found: Inference) -> list[str]:
    scatter = "known errors" if found.sigma_known else f"{found.sigma:.4g}"
    pairs = [
        ("rows", str(found.n_rows), "R2", near_one(found.r_squared)),
        ("coefficients", str(found.rank), "residual standard error", scatter),
        ("complexity", str(found.equation.complexity), "degrees of freedom", f"{found.n_rows - found.rank}"),
    ]
    lines = [f"{a:<22}{b:>10}      {c:<26}{d:>18}" for a, b, c, d in pairs]
    test = found.lack_of_fit
    if test is not None:
        lines.append(
            f"pure error of replicates {test.pure_error:.4g}; lack of fit: "
            f"F({test.dof_lack}, {test.dof_pure}) = {test.statistic:.3g}, p = {test.p_value:.3g}"
        )
    if found.misfit is not None:
        lines.append(f"chi-square of the residuals {found.squares:.4g}, p = {found.misfit:.3g}")
    return lines


def near_one(r_squared: float) -> str:
    """Return R2 as text in which 0.99999 and 0.9999999 look different."""
    return f"1 - {1 - r_squared:.2g}" if 0.9999 < r_squared < 1 else f"{r_squared:.4f}"


def _coefficients(found: Inference, coverage: float, ends: Array | None) -> list[str]:
    if not found.names and not found.known:
        return []
    columns = {f"{100 * coverage:g} % interval": found.interval(coverage)}
    if ends is not None:
        columns["profile likelihood"] = ends
    errors = list(map(float, found.standard_error))
    cells = [
        [title, *(_interval(row, error) for row, error in zip(column, errors, strict=True))]
        for title, column in columns.items()
    ]
    width = max(24, 2 + max(len(cell) for column in cells for cell in column))
    numbers = estimates(found)
    wide = max(13, 2 + max(map(len, numbers), default=0))
    lines = [f"{'coefficient':<14}{'estimate':>{wide}}{'std. error':>13}" + "".join(f"{c[0]:>{width}}" for c in cells)]
    for k, (name, number, error) in enumerate(zip(found.names, numbers, errors, strict=True)):
        lines.append(f"{name:<14}{number:>{wide}}{error:>13.3g}" + "".join(f"{c[k + 1]:>{width}}" for c in cells))
    lines += [f"{name:<14}{value:>{wide}.8g}{'given':>13}" for name, value in found.known.items()]
    return _with_units(found.equation, lines)


def _with_units(equation: Equation, lines: list[str]) -> list[str]:
    """Return the lines of the coefficients with a column for their units, if the fit had units."""
    if not equation.units:
        return lines
    units = equation.check_units().units
    cells = ["unit", *(units.get(line.split()[0], "") for line in lines[1:])]
    wide = max(map(len, lines)) + 2
    return [f"{line:<{wide}}{cell}".rstrip() for line, cell in zip(lines, cells, strict=True)]


def estimates(found: Inference) -> list[str]:
    """Return the coefficients as text: with the digits of the printed equation, or more if their errors support them.

    Coefficients that depend on each other, such as those of a parabola in years, need more digits than their errors.
    """
    least = least_digits(found.equation, FEWEST)
    numbers = zip(found.names, found.estimate, found.standard_error, strict=True)
    return [rounded(float(value), float(error), least[name]) for name, value, error in numbers]


def least_digits(equation: Equation, otherwise: int) -> dict[str, int]:
    """Return the digits with which the printed equation has each coefficient; `otherwise` if no rows were seen."""
    spans = {name: high - low for name, low, high in equation.ranges}
    more = {abs(number.value): number.more for number in free_numbers(with_places(write(equation.expr), spans))}
    digits = equation.digits or otherwise
    return {name: digits + more.get(abs(value), 0) for name, value in equation.coefficients.items()}


def _interval(ends: Array, error: float) -> str:
    return f"{rounded(float(ends[0]), error)} .. {rounded(float(ends[1]), error)}"


def rounded(value: float, error: float, least: int = FEWEST) -> str:
    """Return a number with as many digits as its standard error supports, but at least `least` and at most 10."""
    if not (math.isfinite(value) and math.isfinite(error)) or value == 0 or error <= 0:
        return f"{value:.{least}g}"
    digits = math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 2
    return f"{value:#.{max(min(digits, 10), least)}g}".rstrip(".")


def _rivals(rivals: Iterable[Mapping[str, Any]]) -> list[str]:
    others = sorted((r for r in rivals if not r.get("chosen", False)), key=lambda r: float(r["score"]))[:MOST_RIVALS]
    if not others:
        return []
    lines = [f"{'rivals: longer by':<18}{'complexity':>11}{'loss':>12}   equation"]
    for rival in others:
        shown = str(rival["equation"])
        shown = shown if len(shown) <= WIDTH - 44 else shown[: WIDTH - 47] + "..."
        longer = f"{float(rival['score']):.1f} nats"
        lines.append(f"{longer:<18}{int(rival['complexity']):>11}{float(rival['loss']):>12.4g}   {shown}")
    return lines


def _at_bounds(found: Inference) -> list[str]:
    """Return a sentence for each parameter that the rows push beyond its bound."""
    record = found.equation.fit_result_
    return [
        f"{name} is at its bound, {value:g}: the rows alone would put it beyond. It has no standard error, and those "
        "of the others take it as given."
        for name, value in (() if record is None else record.at_bounds)
    ]


def _unbounded(found: Inference, ends: Array | None) -> list[str]:
    """Yield a sentence for each identified coefficient that the rows bound on one side only, or on none."""
    if ends is None:
        return []
    lines: list[str] = []
    unknown: list[str] = []
    for name, error, (low, high) in zip(found.names, found.standard_error, ends, strict=True):
        if math.isnan(low) or math.isnan(high):
            unknown.append(name)
        sides = [side for side, end in (("below", low), ("above", high)) if math.isinf(end)]
        if sides and math.isfinite(error):
            lines.append(f"The rows do not bound {name} from {' or '.join(sides)}.")
    if unknown and found.dof > 0:
        lines.append(
            f"No profile likelihood interval of {', '.join(unknown)} (nan): refits near the estimate do not converge, "
            "because the rows hardly distinguish the coefficients. The other interval may be wrong too."
        )
    return lines


def _tests(found: Inference) -> list[str]:
    lines = []
    test = found.lack_of_fit
    if test is not None and test.p_value < UNLIKELY:
        lines.append(
            "Replicate rows scatter less than the residuals: the form does not fit within the error of the measurement "
            f"(p = {test.p_value:.2g})."
        )
    if found.misfit is not None and found.misfit < UNLIKELY:
        lines.append(
            f"The residuals are larger than the known errors allow (p = {found.misfit:.2g}): "
            "the form or the errors are wrong."
        )
    if found.misfit is not None and found.misfit > 1 - UNLIKELY:
        lines.append(
            f"The residuals are smaller than the known errors suggest (p = {found.misfit:.3g}): the errors are too "
            "large, or not independent, or the law follows them."
        )
    return lines


def _listed(title: str, items: Sequence[str]) -> list[str]:
    return [title, *(line for item in items for line in _wrapped(item, "- "))] if items else []


def _wrapped(content: str, lead: str) -> list[str]:
    return textwrap.wrap(content, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)) or [lead]
