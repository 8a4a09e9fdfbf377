"""One law with constants by group: simulated laws, measured tables with published estimates, curves, and a long table.

    OMP_NUM_THREADS=1 python benchmarks/groups/run.py simulated --sets 2 --seconds 12
    OMP_NUM_THREADS=1 python benchmarks/groups/run.py measured --seconds 20
    OMP_NUM_THREADS=1 python benchmarks/groups/run.py curves --folder FOLDER --seconds 20
    OMP_NUM_THREADS=1 python benchmarks/groups/run.py size --seconds 30

Each part writes a table beside this file. Seconds are CPU seconds. README.md says what the columns mean.
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from laws import LAWS, is_found
from published import TABLES, Published

from eqdarts import DARTSRegressor, EqdartsWarning
from eqdarts.clock import count_cpu_seconds
from eqdarts.expression.parse import parse_formula
from eqdarts.solver.grouped import GroupedProblem

HERE = Path(__file__).parent
DATASETS = HERE.parent.parent / "datasets"
NOISES = (0.0, 0.01, 0.1)

Row = dict[str, Any]


def simulated(given: argparse.Namespace) -> Iterator[Row]:
    """Yield for each law, noise and table whether the law is found, with the right constants shared."""
    for noise in NOISES:
        for k, law in enumerate(LAWS):
            for seed in range(given.sets):
                rng = np.random.default_rng(100 * seed + k)
                own = law.draw(rng)
                inputs, y, place = law.rows(own, rng)
                y = y + noise * y.std() * rng.normal(size=len(y))
                began = time.process_time()
                model = _model(given.seconds, seed).fit(pd.DataFrame(inputs), y, groups=[f"s{g}" for g in place])
                yield {
                    "law": law.name,
                    "noise": noise,
                    "seed": seed,
                    "found": int(is_found(law, model.equation_, own)),
                    "seconds": round(time.process_time() - began, 1),
                    "equation": model.equation_.format(5),
                }


def measured(given: argparse.Namespace) -> Iterator[Row]:
    """Yield for each published number that of the same form here, fitted to the group alone and as chosen."""
    for table in TABLES:
        frame = table.read(DATASETS)
        X, y = frame[list(table.inputs)], frame[table.target]
        found = _model(given.seconds, 0).fit(X, y, groups=frame[table.by])
        guessed = _model(given.seconds, 0, guesses=[table.form]).fit(X, y, groups=frame[table.by])
        front, scores = guessed.front_, guessed.equations_["score"]
        place = next(k for k, law in enumerate(front) if _is_form(law, table))
        chosen = _constants(front[place], table)
        alone = {"all": _together(table, frame)} if table.common else _alone(table, frame)
        for label, values in table.estimates.items():
            for name, (value, error) in values.items():
                here = chosen.get(label, {}).get(name)
                yield {
                    "table": table.name,
                    "group": label,
                    "constant": name,
                    "published": value,
                    "error": error,
                    "alone": f"{alone[label][name]:.6g}",
                    "alone_off": f"{abs(alone[label][name] - value) / error:.2f}",
                    "shared": "" if here is None else f"{here:.6g}",
                    "shared_off": "" if here is None else f"{abs(here - value) / error:.2f}",
                    "form_is_longer_by": f"{scores[place]:.1f}",
                    "form": front[place].format(4),
                    "found": found.equation_.format(4),
                }


def _is_form(law: Any, table: Published) -> bool:
    """Whether an equation of the front is the published form: its own constants have the names of the form."""
    if law.groups is None:
        return False
    return all(name.rsplit("_", 1)[0] in table.constants for name in law.groups.names)


def _constants(law: Any, table: Published) -> dict[str, dict[str, float]]:
    """Return the constants of the form that differ between groups, as they are chosen."""
    names = [name.rsplit("_", 1)[0] for name in law.groups.names]
    rows = zip(law.groups.labels, law.groups.values, strict=True)
    return {str(label): dict(zip(names, values, strict=True)) for label, values in rows}


def _alone(table: Published, frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return the constants of the form fitted to each published group by itself."""
    found = {}
    for label in table.estimates:
        rows = frame[frame[table.by].astype(str) == label]
        columns = {name: rows[name].to_numpy(dtype=float) for name in table.inputs}
        place = np.zeros(len(rows), dtype=np.intp)
        formula = parse_formula(table.form).expr
        problem = GroupedProblem(formula, table.constants, columns, rows[table.target].to_numpy(dtype=float), place)
        # From near the published numbers, so that the minimum is the same one.
        near = np.array([1.02 * table.estimates[label][name][0] for name in table.constants])
        theta, _ = problem.fit_each(near[None, :, None])
        found[label] = dict(zip(table.constants, theta[0, :, 0].tolist(), strict=True))
    return found


def _together(table: Published, frame: pd.DataFrame) -> dict[str, float]:
    """Return the constant that all groups share, with all others fitted to each group."""
    columns = {name: frame[name].to_numpy(dtype=float) for name in table.inputs}
    place = pd.factorize(frame[table.by])[0].astype(np.intp)
    formula = parse_formula(table.form).expr
    problem = GroupedProblem(formula, table.constants, columns, frame[table.target].to_numpy(dtype=float), place)
    own = np.array([name != table.common for name in table.constants])
    theta, _ = problem.fit(np.ones((len(own), problem.n_groups)), own)
    return {table.common: float(theta[~own][0, 0])}


def curves(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the law of the curves in files such as absorption_example0.csv, one law for all files of a name."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(Path(given.folder).glob("*_example*.csv")):
        kinds.setdefault(path.name.split("_example")[0], []).append(path)
    for kind, paths in kinds.items():
        frame = pd.concat([pd.read_csv(path).assign(curve=path.stem[-1]) for path in paths], ignore_index=True)
        x, y = frame.columns[:2]
        began = time.process_time()
        model = _model(given.seconds, 0).fit(frame[[x]].rename(columns={x: "x"}), frame[y], groups=frame["curve"])
        predicted = model.predict(frame[[x]].rename(columns={x: "x"}), groups=frame["curve"])
        for label, rows in frame.groupby("curve"):
            residual = frame[y][rows.index] - predicted[rows.index]
            yield {
                "curves": kind,
                "curve": label,
                "rows": len(rows),
                "r2": f"{1 - np.mean(residual**2) / np.var(rows[y]):.4f}",
                "seconds": round(time.process_time() - began, 1),
                "law": model.equation_.format(4),
            }


def size(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the CPU seconds of a fit to 100 groups of 100 rows."""
    rng = np.random.default_rng(0)
    law = LAWS[1]
    own = law.draw(rng, n_groups=100)
    inputs, y, place = law.rows(own, rng, 100)
    y = y + 0.05 * y.std() * rng.normal(size=len(y))
    began = time.process_time()
    model = _model(given.seconds, 0).fit(pd.DataFrame(inputs), y, groups=place)
    yield {
        "groups": 100,
        "rows": len(y),
        "time_limit": given.seconds,
        "seconds": round(time.process_time() - began, 1),
        "equation": model.equation_.format(4),
    }


def _model(seconds: float, seed: int, **given: Any) -> DARTSRegressor:
    return DARTSRegressor(time_limit=seconds, random_state=seed, **given)


PARTS = {"simulated": simulated, "measured": measured, "curves": curves, "size": size}


def main() -> None:
    """Run one part, print its rows, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=tuple(PARTS))
    parser.add_argument("--sets", type=int, default=2, help="tables of each simulated law and noise")
    parser.add_argument("--seconds", type=float, default=20.0, help="time limit of a fit, in CPU seconds")
    parser.add_argument("--folder", help="the folder with the files of the curves")
    given = parser.parse_args()
    count_cpu_seconds()
    warnings.simplefilter("ignore", EqdartsWarning)
    path, rows = HERE / f"{given.part}.csv", []
    for row in PARTS[given.part](given):
        rows.append(row)
        print(*row.values(), sep="  ", flush=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
