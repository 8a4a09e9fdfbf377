"""What a report is made of: one fit, taken from an estimator or read from the file that `eqdarts fit` leaves."""

from __future__ import annotations

import inspect
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from eqdarts import __version__
from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.errors import FormulaError, explain
from eqdarts.files import read_json
from eqdarts.fitting.saved import model_record
from eqdarts.history import BestPoint, SearchHistory
from eqdarts.report.pictures import Picture, graph_pictures

if TYPE_CHECKING:
    from eqdarts.estimator import DARTSRegressor

__all__ = ["PAGE_FILE", "RUN_FILE", "Run", "run_from_json", "run_of", "run_to_json"]

RUN_FILE, PAGE_FILE = "run.json", "law.html"
FORMAT, VERSION = "eqdarts-run", 1
LARGEST_FILE = 200_000_000
LIBRARIES = ("numpy", "scipy", "sympy", "torch", "scikit-learn", "pandas")


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
    rows : FitRows
        The rows that the coefficients were fitted to.
    names : tuple of str
        Of the columns of ``rows.X``.
    loss, selection : str
        The loss that was smallest; why the equation was chosen, in words.
    snaps : tuple of str
        Coefficients of the chosen equation that became exact, in words.
    history : SearchHistory
        Without the architecture weights.
    settings : dict of str to str
        The estimator's parameters as Python writes them.
    changed : tuple of str
        Those that are not the defaults.
    versions : dict of str to str
    source : str or None
        The file that the rows came from.
    structure : tuple of str
        What acts only together, in words.
    graph : tuple of Picture
        The chosen graph, and the evidence for its primitives.
    model : dict or None
        What only the estimator needs, to be loaded again: plain values, unchecked.
    """

    equations: tuple[Equation, ...]
    table: pd.DataFrame
    chosen: int
    rows: FitRows
    names: tuple[str, ...]
    loss: str
    selection: str
    snaps: tuple[str, ...]
    history: SearchHistory
    settings: dict[str, str]
    changed: tuple[str, ...]
    versions: dict[str, str] = field(default_factory=dict)
    source: str | None = None
    structure: tuple[str, ...] = ()
    graph: tuple[Picture, ...] = ()
    model: dict[str, Any] | None = None

    @property
    def target(self) -> str:
        return self.equations[self.chosen].target or "y"


def run_of(model: DARTSRegressor, source: str | None = None) -> Run:
    """Return what a fitted estimator knows about its fit."""
    settings = {name: repr(value) for name, value in model.get_params(deep=False).items()}
    usual = {name: repr(given.default) for name, given in inspect.signature(type(model)).parameters.items()}
    return Run(
        equations=model.front_,
        table=model.equations_[["complexity", "loss", "score"]].reset_index(drop=True),
        chosen=int(np.flatnonzero(model.equations_["chosen"])[0]),
        rows=model._rows,
        names=model._names(),
        loss=model._loss if isinstance(model._loss, str) else repr(model._loss),
        selection=model.selection_,
        snaps=tuple(map(_in_words, model.snaps_)),
        history=replace(model.history_, alpha=None),
        settings=settings,
        changed=tuple(name for name in settings if settings[name] != usual.get(name)),
        versions=_versions(),
        source=source,
        structure=tuple(map(_in_words, model.structure_)),
        graph=() if model.graph_ is None else tuple(graph_pictures(model)),
        model=model_record(model) if hasattr(model, "_kept") else None,
    )


def _in_words(found: object) -> str:
    return f"{found}."


def _versions() -> dict[str, str]:
    found = {"eqdarts": __version__, "Python": platform.python_version()}
    found |= {name: version(name) for name in LIBRARIES}
    return {**found, "machine": f"{platform.system()} {platform.machine()}"}


def run_to_json(run: Run) -> str:
    """Return a run as JSON text, to be read by `run_from_json`; its numbers are those of the run, to the last bit."""
    rows = run.rows
    record = {
        "format": FORMAT,
        "version": VERSION,
        "equations": [json.loads(equation.to_json()) for equation in run.equations],
        "table": {name: [_plain(value) for value in run.table[name]] for name in run.table},
        "chosen": run.chosen,
        "rows": {
            "names": list(run.names),
            "X": rows.X.T.tolist(),
            "y": rows.y.tolist(),
            "weight": None if rows.weight is None else rows.weight.tolist(),
            "sigma": None if rows.sigma is None else rows.sigma.tolist(),
            "n_all": rows.n_all,
        },
        "history": asdict(run.history),
        **{name: getattr(run, name) for name in ("loss", "selection", "snaps", "settings", "changed", "versions")},
        "source": run.source,
        "structure": list(run.structure),
        "graph": [asdict(picture) for picture in run.graph],
        "model": run.model,
    }
    return json.dumps(record, ensure_ascii=True, default=_plain)  # half characters in names have no other encoding


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def run_from_json(text: str) -> Run:
    """Read a run from the text that `run_to_json` gives; nothing in it is executed.

    Raises
    ------
    FormulaError
        If it is not such a text.
    """
    record = read_json(text, "A run", FORMAT, VERSION, LARGEST_FILE)
    try:
        return _read(record)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
        raise FormulaError(
            explain("The file of the run is damaged.", f"{type(error).__name__}: {error}", "Run eqdarts fit again.")
        ) from None


def _read(record: Mapping[str, Any]) -> Run:
    equations = tuple(Equation.from_json(json.dumps(equation)) for equation in record["equations"])
    table = pd.DataFrame({name: record["table"][name] for name in ("complexity", "loss", "score")}, dtype=np.float64)
    table["complexity"] = table["complexity"].astype(np.int64)
    chosen = int(record["chosen"])
    given, past = record["rows"], record["history"]
    names = tuple(map(str, given["names"]))
    y = np.asarray(given["y"], dtype=np.float64)
    X = np.asarray(given["X"], dtype=np.float64).reshape(len(names), len(y)).T
    weight, sigma = (None if given[k] is None else np.asarray(given[k], dtype=np.float64) for k in ("weight", "sigma"))
    if not (0 <= chosen < len(equations) == len(table)) or any(set(e.variables) - set(names) for e in equations):
        raise ValueError("equations, table and columns do not belong together")
    if any(v is not None and (v.shape != y.shape or not np.isfinite(v).all()) for v in (y, weight, sigma)):
        raise ValueError("y, weights or errors are not one finite number for each row")
    best = tuple(
        BestPoint(float(p["seconds"]), int(p["refits"]), float(p["loss"]), str(p["stage"])) for p in past["best"]
    )
    stages = {str(name): float(seconds) for name, seconds in past["stage_seconds"].items()}
    return Run(
        equations=equations,
        table=table,
        chosen=chosen,
        rows=FitRows(X, y, weight, sigma, int(given["n_all"])),
        names=names,
        loss=str(record["loss"]),
        selection=str(record["selection"]),
        snaps=tuple(map(str, record["snaps"])),
        history=SearchHistory(
            best, int(past["n_refits"]), float(past["seconds"]), str(past["stop_reason"]), None, stages
        ),
        settings={str(name): str(value) for name, value in record["settings"].items()},
        changed=tuple(map(str, record["changed"])),
        versions={str(name): str(value) for name, value in record["versions"].items()},
        source=None if record["source"] is None else str(record["source"]),
        structure=tuple(map(str, record.get("structure", ()))),  # files of before have none
        graph=tuple(map(Picture.read, record.get("graph", ()))),
        model=record.get("model"),
    )
