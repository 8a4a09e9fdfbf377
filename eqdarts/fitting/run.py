"""One fit as one record: what it found, on which rows, and how; `Run.to_json` is the file of a fit.

`eqdarts.fitting.stages.fit_table` makes it, the estimator keeps it, and reports, pictures, notebook cells and files are
made from it.
"""

from __future__ import annotations

import json
import platform
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from eqdarts._typing import Array
from eqdarts._version import __version__
from eqdarts.data import FitRows, Scales
from eqdarts.equation.equation import Equation
from eqdarts.equation.groups import RowGroups
from eqdarts.errors import EqdartsWarning, FormulaError, explain
from eqdarts.evidence.structure import Finding
from eqdarts.files import read_json
from eqdarts.fitting.front import MOST_ROWS
from eqdarts.fitting.saved import (
    alpha_record,
    groups_record,
    history_record,
    is_plain_value,
    own_primitives,
    plain_number,
    read_alpha,
    read_front,
    read_graphs,
    read_groups,
    read_history,
    read_row,
    read_rows,
    read_scales,
    read_texts,
    rows_record,
)
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.record import graph_record, is_plain
from eqdarts.history import SearchHistory
from eqdarts.inference.all_rows import AllRows, all_rows_from
from eqdarts.inference.by_loss import inference_by_loss
from eqdarts.inference.constants import Snap
from eqdarts.inference.linearised import form_of
from eqdarts.inference.noise import Noise, noise_from
from eqdarts.inference.uncertainty import Inference
from eqdarts.knowledge.holds import BROKEN, Held, in_words, none_obeys, status_of
from eqdarts.losses import loss_of
from eqdarts.search.worker_files import member_records
from eqdarts.tables.columns import Columns, columns_of_names

__all__ = ["PAGE_FILE", "RUN_FILE", "Run", "read_run", "with_dot"]

RUN_FILE = "run.json"
PAGE_FILE = "law.html"
FORMAT, VERSION = "eqdarts-run", 1
LARGEST_FILE = 200_000_000
LIBRARIES = ("numpy", "scipy", "sympy", "torch", "scikit-learn", "pandas")
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


@cache
def _versions() -> Mapping[str, str]:
    found = {"eqdarts": __version__, "Python": platform.python_version()}
    found |= {name: version(name) for name in LIBRARIES}
    return {**found, "machine": f"{platform.system()} {platform.machine()}"}


@dataclass(frozen=True, eq=False)
class Run:
    """One fit.

    Parameters
    ----------
    equations : tuple of Equation
        The Pareto front, simplest first.
    table : DataFrame
        One row for each equation: complexity, loss, score.
    chosen : int
        Row of the chosen equation.
    selection : str
        Why it was chosen, in words.
    snaps : tuple of Snap
        Coefficients of the chosen equation that became exact.
    structure : tuple of Finding
        Inputs that appear only in combination, and scaling laws.
    rows : FitRows
        The rows to which the coefficients were fitted.
    names : tuple of str
        Of the columns of ``rows.X``.
    named : bool
        Whether the user gave these names.
    loss : str
        The loss that was minimised; for a function, its representation in Python.
    x_scale : ndarray of shape (D,)
    y_scale : float
    x_origin : ndarray of shape (D,)
        For the coefficients of the graphs, `x_origin` is subtracted from the inputs, and inputs and target are divided
        by these. A column whose spread is small against its size may have an origin; others have 0.
    logistic : bool
        Whether the graphs are log odds and the equations probabilities.
    graph : FittedGraph or None
        The chosen graph, before constants became exact. None if a file could not hold it.
    members : tuple of FittedGraph
        The graphs of `equations`; empty if a file could not hold them.
    kept : tuple of FittedGraph
        The graphs from which the next fit may start: the best of each size.
    alpha : DataFrame
        The evidence for each primitive (columns) on each edge of `graph` (rows).
    history : SearchHistory
        A file does not hold the trajectories of its architecture weights.
    params : dict of str to object
        The estimator's parameters; a file holds those that are plain values.
    settings : dict of str to str
        The parameters at the fit as Python writes them.
    changed : tuple of str
        The parameters that differed from the defaults.
    versions : dict of str to str
        Of eqdarts, Python and the libraries.
    source : str or None
        The file from which the rows were read.
    stability : DataFrame or None
        How often each form is chosen for resampled rows, if computed; a file does not hold it.
    noise : Noise
        The scatter of the rows around the law. If its kind is not "constant", `rows` have its weights, except
        by a robust loss.
    all_rows : AllRows or None
        What is known of all rows at the chosen equation, if its coefficients come from more rows than `rows`.
    groups : RowGroups or None
        The group of each of `rows`, if the fit had groups.
    knowledge : tuple of tuple of Held
        For each equation, how each statement of the user holds; empty if there are none.
    functions : mapping of str to Equation
        After a fit of a form, what was found for each of its unknown functions.
    columns : Columns or None
        What became of the columns of the user's table; None for an array.
    lost_params, lost_primitives : tuple of str
        Parameters and the user's own primitives that are missing in the file from which this was read.
    """

    equations: tuple[Equation, ...]
    table: pd.DataFrame
    chosen: int
    selection: str
    snaps: tuple[Snap, ...]
    structure: tuple[Finding, ...]
    rows: FitRows
    names: tuple[str, ...]
    named: bool
    loss: str
    x_scale: Array
    y_scale: float
    x_origin: Array
    logistic: bool
    graph: FittedGraph | None
    members: tuple[FittedGraph, ...]
    kept: tuple[FittedGraph, ...]
    alpha: pd.DataFrame
    history: SearchHistory
    params: Mapping[str, Any]
    settings: Mapping[str, str]
    changed: tuple[str, ...]
    versions: Mapping[str, str] = field(default_factory=_versions)
    source: str | None = None
    stability: pd.DataFrame | None = None
    noise: Noise = field(default_factory=Noise)
    all_rows: AllRows | None = None
    groups: RowGroups | None = None
    knowledge: tuple[tuple[Held, ...], ...] = ()
    functions: Mapping[str, Equation] = field(default_factory=dict)
    columns: Columns | None = None
    lost_params: tuple[str, ...] = ()
    lost_primitives: tuple[str, ...] = ()

    @property
    def equation(self) -> Equation:
        """The chosen equation."""
        return self.equations[self.chosen]

    @property
    def target(self) -> str:
        """The name of the target, "y" if it has none."""
        return self.equation.target or "y"

    @property
    def scales(self) -> Scales:
        """The units of inputs and target in the graphs."""
        return Scales(self.x_scale, self.y_scale, self.x_origin)

    def plain(self, k: int) -> tuple[Equation, FitRows, tuple[str, ...]]:
        """Return equation k, the rows and the names of their columns; constants of groups become columns."""
        equation = self.equations[k]
        if equation.groups is None or self.groups is None:
            return equation, self.rows, self.names
        own = equation.groups.columns(self.groups.label_of_rows, self.rows.X)
        X = np.column_stack([self.rows.X, *own.values()])
        return equation.with_own_as_inputs(), replace(self.rows, X=X), (*self.names, *own)

    def knowledge_in_words(self, k: int) -> str:
        """Return the sentence that says how the statements of the user hold for equation k; "" if there are none."""
        return in_words(self.knowledge[k]) if self.knowledge else ""

    def broken_in_words(self) -> str:
        """Return the sentence that says which statements the chosen equation breaks; "" if it breaks none."""
        broken = (
            [one.statement for one in self.knowledge[self.chosen] if one.status == BROKEN] if self.knowledge else []
        )
        return none_obeys(broken) if broken else ""

    def rows_in_words(self) -> str:
        """Return the sentence that says from which rows the coefficients come; "" if from all."""
        used, given = len(self.rows.y), self.rows.n_all
        if self.columns is not None and self.columns.n_back:
            return f"Coefficients and intervals come from {given} rows. {self.columns.back_in_words()}"
        if used >= given:
            return ""
        if self.all_rows is not None:
            n_rows = self.all_rows.facts.n_rows
            whole = f"all {given} rows" if n_rows == given else f"the {n_rows} rows with weight"
            return f"Coefficients and intervals come from {whole}, those of the other equations from {used} of them."
        which = "drawn at random" if used >= MOST_ROWS else "those with weight"
        return f"Coefficients and intervals come from {used} of the {given} rows, {which}."

    def equation_at(self, k: int | None) -> Equation:
        """Return equation k of the front, or the chosen one."""
        return self.equation if k is None else self.equations[k]

    def inference(self, k: int | None = None) -> Inference:
        """Return the inference on the chosen equation or on equation k.

        Raises
        ------
        ValueError
            If the loss gives no standard errors.
        """
        equation = self.equation_at(k)
        all_rows = self.all_rows if equation is self.equation else None
        return inference_by_loss(equation, self.rows, self.loss, self.noise, self.equation, all_rows)

    def cautions(self) -> list[str]:
        """Return what the user should know when the fit ends, as sentences."""
        interrupted = self.history.stop_reason == "interrupt"
        found = ["Interrupted: these are the best equations so far."] if interrupted else []
        return [*found, *filter(None, [self.broken_in_words(), self.undetermined_in_words(self.chosen)])]

    def undetermined_in_words(self, k: int) -> str:
        """Return the sentence that says that the rows do not determine equation k; "" if they do."""
        rows = self.rows
        seen = np.ones(len(rows.y), dtype=bool) if rows.weight is None else rows.weight > 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqdartsWarning)
            f = self.equations[k].predict(rows.X, None if self.groups is None else self.groups.label_of_rows)
        return loss_of(self.loss).caution(rows.y[seen], f[seen])

    def as_table(self) -> pd.DataFrame:
        """Return the front with its equations as text and LaTeX, and a mark at the chosen one."""
        told = {} if not self.equation.units else {"units": [str(each.check_units()) for each in self.equations]}
        if self.knowledge:
            told["knowledge"] = [status_of(found) for found in self.knowledge]
        return self.table.assign(
            equation=[str(equation) for equation in self.equations],
            latex=[equation.latex() for equation in self.equations],
            chosen=np.arange(len(self.equations)) == self.chosen,
            **told,
        )

    def lost_in_words(self) -> list[str]:
        """Return what the file that this was read from does not contain, as sentences."""
        told = []
        if self.lost_params:
            names = ", ".join(self.lost_params[:20])
            why = "only plain values are saved. The defaults are used"
            told.append(f"The file does not contain {names} of the estimator: {why}.")
        by_choice = self.groups is not None or self.functions or (self.knowledge and not self.lost_primitives)
        if self.graph is None and not by_choice:
            own = ", ".join(self.lost_primitives[:5])
            why = f"your own primitives {own}" if own else "graphs of this size"
            told.append(f"The file does not contain {why}. There is no graph_; the equations are loaded.")
        return told

    def to_json(self) -> str:
        """Return the fit as JSON text, to be read by `from_json`; its numbers are kept to the last bit."""
        record = {
            "format": FORMAT,
            "version": VERSION,
            "equations": [json.loads(equation.to_json()) for equation in self.equations],
            "table": {name: list(map(plain_number, self.table[name])) for name in self.table},
            "chosen": self.chosen,
            "rows": rows_record(self.names, self.rows),
            "groups": groups_record(self.groups),
            "functions": {name: json.loads(found.to_json()) for name, found in self.functions.items()},
            "knowledge": [[asdict(one) for one in found] for found in self.knowledge],
            "history": history_record(self.history),
            "loss": self.loss,
            "selection": self.selection,
            "snaps": list(map(with_dot, self.snaps)),
            "structure": list(map(with_dot, self.structure)),
            "settings": dict(self.settings),
            "changed": self.changed,
            "versions": dict(self.versions),
            "source": self.source,
            "model": self._model_record(),
        }
        # ensure_ascii: half of a surrogate pair in a name has no other encoding.
        return json.dumps(record, ensure_ascii=True, default=plain_number)

    def _model_record(self) -> dict[str, Any]:
        """Return the fields that an estimator needs in addition to those of a report."""
        # What `from_json` would refuse is left out, so that every file that is written can be read.
        holds_graph = self.graph is not None and is_plain(self.graph.graph)
        holds_members = bool(self.members) and all(is_plain(member.graph) for member in self.members)
        own = own_primitives((*self.members, *self.kept)) | set(self.lost_primitives)
        return {
            "params": {name: value for name, value in self.params.items() if is_plain_value(value)},
            "lost": [name for name, value in self.params.items() if not is_plain_value(value)],
            "named": self.named,
            "own_primitives": sorted(own),
            "graph": _graph_record(self.graph) if holds_graph else None,
            "members": member_records(self.members) if holds_members else None,
            "kept": member_records(self.kept),
            "logistic": self.logistic,
            "x_scale": self.x_scale.tolist(),
            "y_scale": float(self.y_scale),
            "x_origin": self.x_origin.tolist(),
            "alpha": alpha_record(self.alpha),
            "noise": self.noise.record(),
            "columns": None if self.columns is None else self.columns.record(),
            "all_rows": None if self.all_rows is None else self.all_rows.record(),
            "snaps": [asdict(snap) for snap in self.snaps],
            "structure": [asdict(finding) for finding in self.structure],
        }

    @classmethod
    def from_json(cls, text: str) -> Run:
        """Read a fit from the text that `to_json` gives; nothing in it is executed, and it may come from anyone.

        Raises
        ------
        FormulaError
            If the text is not such a record.
        """
        record = read_json(text, "The file of a fit", FORMAT, VERSION, LARGEST_FILE)
        if record.get("model") is None:
            todo = "Fit again, and save the fit with this version."
            raise FormulaError(explain("The file must contain a whole fit.", "a report's run", todo))
        try:
            return _read(record, record["model"])
        except DAMAGE as error:
            given = f"{type(error).__name__}: {str(error)[:200]}"
            todo = "Run eqdarts fit again, or save the estimator again."
            raise FormulaError(explain("The file of the fit is damaged.", given, todo)) from None


def read_run(path: str | Path) -> Run:
    """Return the fit in a file.

    Raises
    ------
    FormulaError
        If it is not a file of a fit.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FormulaError(explain("A saved fit must be text.", path, "Use a file written by model.save.")) from None
    return Run.from_json(text)


def with_dot(found: object) -> str:
    """Return a snap or a finding as a sentence."""
    return f"{found}."


def _read_more(record: Mapping[str, Any], n_equations: int, n_rows: int) -> dict[str, Any]:
    """Return what older files lack: groups, unknown functions, and how the statements hold for each equation."""
    knowledge = tuple(tuple(read_row(Held, entry) for entry in entries) for entries in record.get("knowledge", []))
    if knowledge and len(knowledge) != n_equations:
        raise ValueError("there is not one record of statements for each equation")
    functions = {str(name): Equation.from_json(json.dumps(own)) for name, own in record.get("functions", {}).items()}
    return {"knowledge": knowledge, "groups": read_groups(record.get("groups"), n_rows), "functions": functions}


def _graph_record(member: FittedGraph | None) -> list[Any] | None:
    return None if member is None else [graph_record(member.graph), list(member.coefficients)]


def _read(record: Mapping[str, Any], model: Mapping[str, Any]) -> Run:
    equations = tuple(Equation.from_json(json.dumps(equation)) for equation in record["equations"])
    table = read_front(record["table"])
    chosen = int(record["chosen"])
    names, rows = read_rows(record["rows"])
    if not (0 <= chosen < len(equations) == len(table)) or any(set(e.variables) - set(names) for e in equations):
        raise ValueError("equations, table and columns do not belong together")
    scales = read_scales(model, len(names))
    found = Run(
        equations=equations,
        table=table,
        chosen=chosen,
        selection=str(record["selection"]),
        snaps=tuple(read_row(Snap, entry) for entry in model["snaps"]),
        structure=tuple(read_row(Finding, entry) for entry in model["structure"]),
        rows=rows,
        names=names,
        named=model["named"] is True,
        loss=str(record["loss"]),
        x_scale=scales.x,
        y_scale=scales.y,
        x_origin=scales.origin,
        logistic=model["logistic"] is True,
        graph=None,
        members=(),
        kept=(),
        alpha=read_alpha(model["alpha"]),
        noise=noise_from(model.get("noise")),
        all_rows=all_rows_from(model.get("all_rows"), len(form_of(equations[chosen]).names)),
        history=read_history(record["history"]),
        params={str(name): value for name, value in model["params"].items() if is_plain_value(value)},
        settings=read_texts(record["settings"]),
        changed=tuple(map(str, record["changed"])),
        versions=read_texts(record["versions"]),
        source=None if record["source"] is None else str(record["source"]),
        lost_params=tuple(str(name)[:40] for name in model["lost"]),
        lost_primitives=tuple(str(name)[:40] for name in model["own_primitives"][:20]),
    )
    # Without the user's own functions there are no graphs, only equations.
    more = {} if found.lost_primitives or model["graph"] is None else read_graphs(model, len(names), len(table), chosen)
    return replace(found, **_read_more(record, len(equations), len(rows.y)), **_columns(model, names), **more)


def _columns(model: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what became of the columns of a DataFrame."""
    return {"columns": columns_of_names(model.get("columns"), names)}
