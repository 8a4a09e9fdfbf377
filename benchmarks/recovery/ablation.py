"""What each part of the search is worth: known laws searched for with one part switched off.

    OMP_NUM_THREADS=1 python benchmarks/recovery/ablation.py
    OMP_NUM_THREADS=1 python benchmarks/recovery/ablation.py --noise 0.01
    OMP_NUM_THREADS=1 python benchmarks/recovery/ablation.py --suite fresh_6 --only growth --noise 0.1 --time-limit 10

Every third Feynman law, three seeds, the same CPU-seconds for all. Rows are appended to ``ablation.csv``; those that it
has are not run again. ``--table`` prints the table of the README from it. One process, so that imports and compiled
code are not counted; a part is off for the length of one fit.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import runpy
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
from tqdm import tqdm
from with_supernets import with_supernets

import eqdarts
from eqdarts import DARTSRegressor
from eqdarts.benchmark.judge import judge
from eqdarts.benchmark.problems import SUITES, Problem, load_suite
from eqdarts.benchmark.worker import found_seconds
from eqdarts.clock import count_cpu_seconds
from eqdarts.search.growth.features import features
from eqdarts.search.implicit import grower
from eqdarts.search.relaxed.engine import warm_up as warm_up_relaxed
from eqdarts.search.smooth_evidence import denoised
from eqdarts.solver.compiled import warm_up

HERE = Path(__file__).parent
TASK = "variant", "problem", "seed", "noise", "budget"
COLUMNS = (
    *TASK, "version", "recovered", "reason", "cpu_s", "found_s", "refits", "equation",
)  # fmt: skip


def _nothing(*_: Any, **__: Any) -> list[Any]:
    return []


def _no_features(self: grower.Grower) -> Any:
    return features([], self.X.T, [])


def _without_noise(problem: Any, fit: Any) -> Any:
    return replace(denoised(problem, fit), noise=0.0)


# What stands in the place of what, while a part is off.
PARTS: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    "structure": (("eqdarts.search.implicit.implicit", "find_reductions", _nothing),),
    "inverse factors": (("eqdarts.search.implicit.grower", "FACTOR_EXPONENTS", grower.FACTOR_EXPONENTS[:1]),),
    "closed-form products": (("eqdarts.search.implicit.grower", "monomial_moves", _nothing),),
    "restarts": (
        ("eqdarts.search.implicit.island", "N_WALKERS", 1),
        ("eqdarts.search.implicit.island", "MOST_STEPS", 10**9),
    ),
    "pairs": (("eqdarts.search.implicit.grower.Grower", "pairs", _nothing),),
    "null vectors": (("eqdarts.search.implicit.island", "rational_starts", _nothing),),
    "polynomials": (("eqdarts.search.implicit.island", "polynomial_start", lambda *_: None),),
    "smooth model": (("eqdarts.search.implicit.island", "fit_smooth", lambda *_: None),),
    "small graphs": (("eqdarts.search.implicit.island", "LARGEST_SMALL", 0),),
    "growth": (("eqdarts.search.implicit.grower.Grower", "children", _nothing),),
    "pursuits": (("eqdarts.search.implicit.grower.Grower", "pursuit", _nothing),),
    "swaps": (
        ("eqdarts.search.implicit.grower", "swaps", _nothing),
        ("eqdarts.search.implicit.implicit", "swaps", _nothing),
    ),
    "wraps": (("eqdarts.search.implicit.grower", "wraps", _nothing),),
    "high frequencies": (("eqdarts.search.implicit.grower.Grower", "_oscillations", _no_features),),
    "comparison of reductions": (("eqdarts.search.implicit.implicit", "compared_reductions", _nothing),),
    "smooth targets": (("eqdarts.search.implicit.implicit", "denoised", lambda problem, _: problem),),
    "parts": (("eqdarts.search.implicit.implicit", "separation", lambda *_: None),),
    "products in logarithms": (("eqdarts.search.implicit.island", "log_starts", _nothing),),
    "ratios of sums": (("eqdarts.search.implicit.implicit", "ratio_starts", _nothing),),
    "powers over exponentials": (("eqdarts.search.implicit.island", "occupation_starts", _nothing),),
    "other curves": (("eqdarts.search.implicit.island", "reshaped", _nothing),),
    "other sides": (("eqdarts.search.implicit.implicit", "places_to_look_from", _nothing),),
    "choice by exact constants": (("eqdarts.fitting.stages", "by_exact_constants", lambda front, *_: front),),
    "close fits": (("eqdarts.search.running", "MOST_CLOSE", 0),),
    "exponents": (("eqdarts.search.compared", "_exponents", _nothing),),
    "powers in sums": (("eqdarts.search.compared", "_powers_of_terms", lambda X: [()] * X.shape[1]),),
    "sets of laws of scale": (("eqdarts.search.compared", "likely_sets", _nothing),),
    "offsets of parts": (("eqdarts.search.implicit.parts", "offset_reductions", lambda *_: None),),
    "noise in smooth targets": (("eqdarts.search.implicit.implicit", "denoised", _without_noise),),
    "redundant scales": (("eqdarts.graph.graph.Graph", "n_redundant", 0),),
    "scaled powers": (
        ("eqdarts.graph.small_graphs", "_of_scaled", _nothing),
        ("eqdarts.graph.small_graphs", "_times_of_scaled", _nothing),
    ),
    "powers of products": (("eqdarts.graph.small_graphs", "_power_of_product", _nothing),),
    "powers taken out": (("eqdarts.graph.rewrites", "_collected", _nothing),),
    "short ratios": (("eqdarts.search.closed_form.ratios", "short_ratios", _nothing),),
    "functions in sums": (("eqdarts.search.closed_form.power_sums", "_functions", _nothing),),
    "high powers in sums": (("eqdarts.search.closed_form.power_sums", "HIGH", ()),),
    "pairs in sums": (("eqdarts.search.closed_form.power_sums._Search", "_pairs", _nothing),),
}
# Searches that are more than the default less a part: what stands in the place of what, and their parameters.
OTHERS: dict[str, tuple[tuple[tuple[Any, str, Any], ...], dict[str, Any]]] = {
    "random": ((), {"search": "random"}),
    "relaxed": ((), {"search": "relaxed"}),
    "untrained relaxed": ((), {"search": "relaxed", "relaxed": {"n_steps": 0}}),
    "relaxed without supernets": (
        (("eqdarts.search.relaxed.island.RelaxedIsland", "propose", _nothing),),
        {"search": "relaxed"},
    ),
    "with supernets": ((("eqdarts.search.implicit.implicit", "implicit_search", with_supernets),), {}),
}
VARIANTS = ("auto", *(f"without {part}" for part in PARTS), *OTHERS)


def unseen(sample: str) -> list[Problem]:
    """Return the laws of a sample that no suite lists."""
    return list(runpy.run_path(str(HERE.parent / "unseen_laws" / "run.py"))["laws"](sample))


@contextlib.contextmanager
def switched_off(variant: str) -> Iterator[dict[str, Any]]:
    """Switch a part off, and give the parameters of the variant."""
    stand_ins, parameters = OTHERS.get(variant, (PARTS.get(variant.removeprefix("without "), ()), {}))
    with contextlib.ExitStack() as stack:
        for owner, name, stand_in in stand_ins:
            stack.enter_context(patch(f"{owner}.{name}", stand_in))
        yield parameters


def row_of(variant: str, problem: Problem, seed: int, noise: float, budget: float) -> dict[str, Any]:
    """Fit once and judge."""
    X, y = problem.sample(1000, seed, noise)
    with switched_off(variant) as parameters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.process_time()
        model = DARTSRegressor(time_limit=budget, random_state=seed, **parameters)
        model.fit(pd.DataFrame(X, columns=list(problem.variables)), y)
        spent = time.process_time() - began
    verdict = judge(model.equation_, problem, noisy=noise > 0)
    found = found_seconds(model.history_.best)
    return {
        "variant": variant,
        "problem": problem.name,
        "seed": seed,
        "noise": noise,
        "budget": budget,
        "version": eqdarts.__version__,
        "recovered": int(verdict.recovered),
        "reason": verdict.reason,
        "cpu_s": f"{spent:.3f}",
        "found_s": "" if found is None else f"{found:.3f}",
        "refits": model.history_.n_refits,
        "equation": str(model.equation_),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", default="feynman", help="of `eqdarts bench`, or a sample of unseen_laws/laws.csv")
    parser.add_argument("--every", type=int, default=3, help="every how many laws (default: 3)")
    parser.add_argument("--only", help="only these laws, separated by commas")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--noise", type=float, default=0.0, help="as `eqdarts bench` adds it (default: 0)")
    parser.add_argument("--time-limit", type=float, default=1.0, help="CPU seconds of a fit (default: 1)")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--out", type=Path, default=HERE / "ablation.csv")
    parser.add_argument("--table", action="store_true", help="print the table of what there is at this noise")
    parser.add_argument("--lost", action="store_true", help="print which laws are lost or won without each part")
    options = parser.parse_args()
    if options.table:
        rows = pd.read_csv(options.out)
        print(table(rows[rows["noise"] == options.noise]))
        return
    if options.lost:
        print(lost(pd.read_csv(options.out)))
        return
    count_cpu_seconds()
    warm_up(lambda: print("compiling", file=sys.stderr), warm_up_relaxed)
    done = set()
    if options.out.exists():
        done = set(pd.read_csv(options.out)[list(TASK)].itertuples(index=False, name=None))
    laws = (load_suite if options.suite in SUITES else unseen)(options.suite)[:: options.every]
    if options.only:
        laws = [law for law in laws if law.name in options.only.split(",")]
    tasks = [
        (variant, law, seed, options.noise, options.time_limit)
        for seed in map(int, options.seeds.split(","))
        for variant in options.variants.split(",")
        for law in laws
        if (variant, law.name, seed, options.noise, options.time_limit) not in done
    ]
    is_new = not options.out.exists()
    with options.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if is_new:
            writer.writeheader()
        for task in tqdm(tasks):
            writer.writerow(row_of(*task))
            file.flush()


def table(rows: pd.DataFrame) -> str:
    """Return a Markdown table: recovered by seed and in all, and the CPU-seconds to the law where all seeds have it."""
    counts = rows.pivot_table("recovered", "variant", "seed", aggfunc="sum")
    times = rows[rows["recovered"] == 1].groupby("variant")["found_s"].agg(["median", lambda t: np.quantile(t, 0.9)])
    laws = rows.groupby("variant").size()
    lines = [
        f"| search | {' | '.join(f'seed {s}' for s in counts.columns)} | all | CPU-s to the law: median, 90 % |",
        "|---" * (len(counts.columns) + 3) + "|",
    ]
    for variant in sorted(counts.index, key=lambda v: -counts.loc[v].sum()):
        by_seed = " | ".join("" if np.isnan(n) else f"{n:.0f}" for n in counts.loc[variant])
        spent = "; ".join(f"{t:.2f}" for t in times.loc[variant]) if variant in times.index else ""
        lines.append(f"| {variant} | {by_seed} | {counts.loc[variant].sum():.0f} of {laws[variant]} | {spent} |")
    return "\n".join(lines)


def lost(rows: pd.DataFrame) -> str:
    """Return a Markdown table: for each part, noise and budget the laws that are lost (-) and won (+) without it."""
    found = {tuple(row[name] for name in TASK): bool(row["recovered"]) for _, row in rows.iterrows()}
    cells = sorted({(noise, budget) for *_, noise, budget in found})
    heads = [f"noise {noise:g}, {budget:g} CPU-s" for noise, budget in cells]
    lines = [f"| without | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for variant in dict.fromkeys(key[0] for key in found if key[0] != "auto"):
        texts = []
        for cell in cells:
            tasks = [key[1:] for key in found if key[0] == variant and key[3:] == cell and ("auto", *key[1:]) in found]
            pairs = [(task[0], found["auto", *task], found[variant, *task]) for task in tasks]
            changes = [f"{'-' if before else '+'}{name}" for name, before, after in pairs if before != after]
            texts.append(f"{', '.join(changes) or 'the same'} of {len(pairs)}" if pairs else "")
        lines.append(f"| {variant.removeprefix('without ')} | {' | '.join(texts)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
