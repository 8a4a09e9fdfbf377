"""A fitted estimator as a file that anyone may read: JSON, without pickle, the same that `eqdarts fit` leaves."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from eqdarts.errors import EqdartsWarning, FormulaError, explain
from eqdarts.evidence.structure import Finding
from eqdarts.files import write_atomically
from eqdarts.fitting.starts import Kept
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.record import graph_record, is_plain, read_fitted
from eqdarts.inference.constants import Snap
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.worker_files import member_records, read_members

if TYPE_CHECKING:
    from eqdarts.fitting.run import Run

__all__ = ["SaveMixin", "model_record"]


class SaveMixin:
    """Saves a fitted estimator, and loads it."""

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to a file, to be read by `load`; it is JSON, and `eqdarts report` reads it too.

        Parameters
        ----------
        path : str or Path
            Such as "law.json". The file is there as a whole or not at all.

        Notes
        -----
        Kept are the front and what was chosen, the rows that the coefficients were fitted to, the graphs, evidence,
        structure, settings and the course of the search. Not kept are the trajectories of the relaxed search, and
        parameters that are no plain values: functions, primitives of your own.
        """
        from eqdarts.fitting.run import run_of, run_to_json

        check_is_fitted(self)
        write_atomically(Path(path), run_to_json(run_of(self)) + "\n")  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the fitted estimator in a file of `save`, or in the ``run.json`` of `eqdarts fit`.

        Nothing in the file is executed: it may come from anyone.

        Raises
        ------
        FormulaError
            If it is not such a file.

        Warns
        -----
        EqdartsWarning
            If the file lacks parameters that were no plain values: these have their defaults.
        """
        from eqdarts.fitting.run import run_from_json

        try:
            text = Path(path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise FormulaError(explain("A saved fit must be text.", path, "Take a file of model.save.")) from None
        run = run_from_json(text)
        try:
            model: Self = _restored(cls, run)
            return model
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
            if isinstance(error, FormulaError):
                raise
            given = f"{type(error).__name__}: {str(error)[:200]}"
            raise FormulaError(explain("The saved fit is damaged.", given, "Save it again.")) from None


def model_record(model: Any) -> dict[str, Any]:
    """Return what a run does not have of a fitted estimator, as plain values."""
    params = model.get_params(deep=False)
    kept: Kept = model._kept
    found = {e.primitive.name for m in (*model._members, *kept.members) for node in m.graph.nodes for e in node.edges}
    own = {name for name in found if name not in PRIMITIVES and not name.startswith("power[")}
    return {
        "params": {name: value for name, value in params.items() if _is_plain(value)},
        "lost": [name for name, value in params.items() if not _is_plain(value)],
        "named": hasattr(model, "feature_names_in_"),
        "own_primitives": sorted(own | set(getattr(model, "_own_primitives", ()))),
        "graph": None if model.graph_ is None else [graph_record(model.graph_), list(model.graph_coefficients_)],
        "members": member_records(model._members) if all(is_plain(m.graph) for m in model._members) else None,
        "kept": member_records(kept.members),
        "logistic": kept.logistic,
        "x_scale": model.x_scale_.tolist(),
        "y_scale": float(model.y_scale_),
        "alpha": {
            "edges": list(map(str, model.alpha_.index)),
            "primitives": list(map(str, model.alpha_.columns)),
            "weights": model.alpha_.to_numpy(dtype=np.float64).tolist(),
        },
        "snaps": [asdict(snap) for snap in model.snaps_],
        "structure": [asdict(finding) for finding in model.structure_],
    }


def _is_plain(value: Any) -> bool:
    """Whether JSON has the value, and gives it back as it was, or as something that means the same here."""
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_plain(entry) for name, entry in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, bool)) or (isinstance(value, numbers.Real) and math.isfinite(value))


def _restored(cls: type[Any], run: Run) -> Any:
    record = run.model
    if record is None:
        todo = "Fit again, and save with this version."
        raise FormulaError(explain("The file must be of a fit that was saved whole.", "a report's run", todo))
    known = cls().get_params(deep=False)
    model = cls(**{name: value for name, value in record["params"].items() if name in known and _is_plain(value)})
    lost = [str(name)[:40] for name in record["lost"]][: len(known)]
    if lost:
        message = f"The file lacks what is no plain value: {', '.join(lost)} of the estimator have their defaults."
        warnings.warn(message, EqdartsWarning, stacklevel=3)
    _set_front(model, run)
    _set_data(model, run, record)
    _set_graphs(model, run, record)
    return model


def _set_front(model: Any, run: Run) -> None:
    model.front_, model.equation_ = run.equations, run.equations[run.chosen]
    model.known_ = dict(model.equation_.constants)
    model.equations_ = run.table.assign(
        equation=[str(equation) for equation in run.equations],
        latex=[equation.latex() for equation in run.equations],
        chosen=np.arange(len(run.equations)) == run.chosen,
    )
    model.selection_, model.history_ = run.selection, run.history
    model._rows, model._loss, model._stability = run.rows, run.loss, None


def _set_data(model: Any, run: Run, record: Mapping[str, Any]) -> None:
    model.n_features_in_ = len(run.names)
    if record["named"] is True:
        model.feature_names_in_ = np.array(run.names, dtype=object)
    scale = np.array([float(s) for s in record["x_scale"]])
    y_scale = float(record["y_scale"])
    if len(scale) != len(run.names) or not (np.isfinite(scale) & (scale > 0)).all() or not 0 < y_scale < math.inf:
        raise ValueError("the scales are not one positive number for each column")
    model.x_scale_, model.y_scale_ = scale, y_scale
    alpha = record["alpha"]
    edges, primitives = list(map(str, alpha["edges"])), list(map(str, alpha["primitives"]))
    weights = np.array(alpha["weights"], dtype=np.float64).reshape(len(edges), len(primitives))
    model.alpha_ = pd.DataFrame(weights, index=pd.Index(edges, name="edge"), columns=primitives)
    model.snaps_ = tuple(_row(Snap, entry) for entry in record["snaps"])
    model.structure_ = tuple(_row(Finding, entry) for entry in record["structure"])


def _set_graphs(model: Any, run: Run, record: Mapping[str, Any]) -> None:
    """Set what has graphs; without the functions of the user's own primitives there are none."""
    d, logistic = len(run.names), record["logistic"] is True
    model.graph_, model.graph_coefficients_, model._members = None, (), ()
    kept: list[FittedGraph] = []
    if record["own_primitives"]:
        model._own_primitives = tuple(str(name)[:40] for name in record["own_primitives"][:20])
        what = ", ".join(model._own_primitives[:5])
        message = f"The file has no functions: without the primitives {what} there is no graph_, only its equations."
        warnings.warn(message, EqdartsWarning, stacklevel=4)
    else:
        nodes, coefficients = record["graph"]
        model.graph_, model.graph_coefficients_ = read_fitted(nodes, coefficients, d)
        kept = read_members(record["kept"], d, ())
        model._members = () if record["members"] is None else tuple(read_members(record["members"], d, ()))
        if model._members and len(model._members) != len(run.equations):
            raise ValueError("there is not one graph for each equation")
    model._kept = Kept(tuple(kept), run.names, model.x_scale_, model.y_scale_, logistic)


def _row(kind: Any, entry: Mapping[str, Any]) -> Any:
    """Return a dataclass of texts, numbers and pairs of numbers from a record, each value of the declared kind."""
    values: dict[str, Any] = {}
    for item in fields(kind):
        value = entry[item.name]
        if item.type == "tuple[float, float]":
            low, high = value
            values[item.name] = float(low), float(high)
        else:
            values[item.name] = {"str": str, "bool": bool, "int": int, "float": float}[str(item.type)](value)
    return kind(**values)
