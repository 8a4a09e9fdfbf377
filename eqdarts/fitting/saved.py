"""Parts of a fit as plain JSON values, and back: every value is checked, nothing is executed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from eqdarts.data import FitRows, Scales
from eqdarts.equation.groups import RowGroups
from eqdarts.graph.fitted import FittedGraph
from eqdarts.graph.record import read_fitted
from eqdarts.history import BestPoint, SearchHistory
from eqdarts.primitives.table import PRIMITIVES
from eqdarts.search.worker_files import read_members

__all__ = [
    "alpha_record",
    "groups_record",
    "history_record",
    "is_plain_value",
    "own_primitives",
    "plain_number",
    "read_alpha",
    "read_front",
    "read_graphs",
    "read_groups",
    "read_history",
    "read_row",
    "read_rows",
    "read_scales",
    "read_texts",
    "rows_record",
]

T = TypeVar("T")
FRONT_COLUMNS = ("complexity", "loss", "score")
KINDS: dict[str, Any] = {"str": str, "bool": bool, "int": int, "float": float}  # of the fields of a saved dataclass


def plain_number(value: Any) -> Any:
    """Return a number of numpy as one of Python."""
    return value.item() if hasattr(value, "item") else value


def is_plain_value(value: Any) -> bool:
    """Whether JSON can hold the value and return it unchanged, or as an equivalent one."""
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and is_plain_value(entry) for name, entry in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_plain_value, value))
    return value is None or isinstance(value, (str, bool)) or (isinstance(value, numbers.Real) and math.isfinite(value))


def own_primitives(members: Iterable[FittedGraph]) -> set[str]:
    """Return the names of the user's own primitives, whose functions a file cannot hold."""
    found = {edge.primitive.name for member in members for node in member.graph.nodes for edge in node.edges}
    return {name for name in found if name not in PRIMITIVES and not name.startswith("power[")}


def read_texts(record: Mapping[Any, Any]) -> dict[str, str]:
    """Return a mapping of texts."""
    return {str(name): str(value) for name, value in record.items()}


def read_row(kind: type[T], entry: Mapping[str, Any]) -> T:
    """Return a dataclass of texts, numbers and pairs of numbers from a record, each value of the declared kind."""
    values: dict[str, Any] = {}
    for item in fields(kind):  # type: ignore[arg-type]
        value = entry[item.name]
        if item.type == "tuple[float, float]":
            low, high = value
            values[item.name] = float(low), float(high)
        else:
            values[item.name] = KINDS[str(item.type)](value)
    return kind(**values)


# --- rows ---


def rows_record(names: Iterable[str], rows: FitRows) -> dict[str, Any]:
    """Return the rows by columns."""
    return {
        "names": list(names),
        "X": rows.X.T.tolist(),
        "y": rows.y.tolist(),
        "weight": None if rows.weight is None else rows.weight.tolist(),
        "sigma": None if rows.sigma is None else rows.sigma.tolist(),
        "n_all": rows.n_all,
    }


def read_rows(record: Mapping[str, Any]) -> tuple[tuple[str, ...], FitRows]:
    """Return the names of the columns, and the rows.

    Raises
    ------
    ValueError
    """
    names = tuple(map(str, record["names"]))
    y = np.asarray(record["y"], dtype=np.float64)
    X = np.asarray(record["X"], dtype=np.float64).reshape(len(names), len(y)).T
    weight = None if record["weight"] is None else np.asarray(record["weight"], dtype=np.float64)
    sigma = None if record["sigma"] is None else np.asarray(record["sigma"], dtype=np.float64)
    if any(v is not None and (v.shape != y.shape or not np.isfinite(v).all()) for v in (y, weight, sigma)):
        raise ValueError("y, weights or errors are not one finite number for each row")
    return names, FitRows(X, y, weight, sigma, int(record["n_all"]))


def groups_record(groups: RowGroups | None) -> dict[str, Any] | None:
    """Return the groups of rows as plain values."""
    return None if groups is None else {"by": groups.by, "labels": list(groups.labels), "place": groups.place.tolist()}


def read_groups(record: Any, n_rows: int) -> RowGroups | None:
    """Return the group of each row; most files have none.

    Raises
    ------
    ValueError
    """
    if record is None:
        return None
    labels, place = tuple(record["labels"]), np.array(record["place"], dtype=np.intp)
    known = all(isinstance(label, (str, int, float)) for label in labels)
    if not known or place.shape != (n_rows,) or (np.unique(place) != np.arange(len(labels))).any():
        raise ValueError("the groups are not one known label for each row")
    return RowGroups(str(record["by"]), labels, place)


def read_scales(record: Mapping[str, Any], n_inputs: int) -> Scales:
    """Return the units of inputs and target in the graphs; older files have no origins.

    Raises
    ------
    ValueError
    """
    x_scale = np.array([float(scale) for scale in record["x_scale"]])
    y_scale = float(record["y_scale"])
    positive = bool((np.isfinite(x_scale) & (x_scale > 0)).all()) and 0 < y_scale < math.inf
    if len(x_scale) != n_inputs or not positive:
        raise ValueError("the scales are not one positive number for each column")
    origin = np.array([float(start) for start in record.get("x_origin", [0.0] * n_inputs)])
    if len(origin) != n_inputs or not (np.isfinite(origin).all() and (origin == np.round(origin)).all()):
        raise ValueError("the origins are not one whole number for each column")
    return Scales(x_scale, y_scale, origin)


# --- what was found ---


def read_front(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return complexity, loss and score of each equation."""
    table = pd.DataFrame({name: record[name] for name in FRONT_COLUMNS}, dtype=np.float64)
    return table.astype({"complexity": np.int64})


def alpha_record(alpha: pd.DataFrame) -> dict[str, Any]:
    """Return the weights of evidence with their labels."""
    return {
        "edges": list(map(str, alpha.index)),
        "primitives": list(map(str, alpha.columns)),
        "weights": alpha.to_numpy(dtype=np.float64).tolist(),
    }


def read_alpha(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the weights of evidence: a row for each edge, a column for each primitive."""
    edges = list(map(str, record["edges"]))
    primitives = list(map(str, record["primitives"]))
    weights = np.array(record["weights"], dtype=np.float64).reshape(len(edges), len(primitives))
    return pd.DataFrame(weights, index=pd.Index(edges, name="edge"), columns=primitives)


def read_graphs(record: Mapping[str, Any], n_inputs: int, n_equations: int, chosen: int) -> dict[str, Any]:
    """Return members, chosen graph and the graphs for the next fit, by the names of the fields of `Run`.

    Raises
    ------
    ValueError
        If there are members, but not one for each equation.
    FormulaError
        If a graph cannot be read.
    """
    kept = tuple(read_members(record["kept"], n_inputs, ()))
    if record["members"] is None:
        nodes, coefficients = record["graph"]
        graph = FittedGraph(*read_fitted(nodes, coefficients, n_inputs), math.inf)
        return {"graph": graph, "kept": kept}
    members = tuple(read_members(record["members"], n_inputs, ()))
    if len(members) != n_equations:
        raise ValueError("there is not one graph for each equation")
    return {"graph": members[chosen], "kept": kept, "members": members}


def history_record(history: SearchHistory) -> dict[str, Any]:
    """Return the course of a search, without the trajectories of the relaxed stage."""
    return asdict(replace(history, alpha=None))


def read_history(record: Mapping[str, Any]) -> SearchHistory:
    """Return the course of a search."""
    best = tuple(
        BestPoint(float(p["seconds"]), int(p["refits"]), float(p["loss"]), str(p["stage"])) for p in record["best"]
    )
    return SearchHistory(
        best,
        int(record["n_refits"]),
        float(record["seconds"]),
        str(record["stop_reason"]),
        stage_seconds={str(name): float(seconds) for name, seconds in record["stage_seconds"].items()},
        left_out=read_texts(record.get("left_out", {})),  # older files have none
    )
