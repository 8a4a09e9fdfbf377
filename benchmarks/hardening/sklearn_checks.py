"""Run all estimator checks of scikit-learn with the default primitives and 300 refits, for each search.

    python benchmarks/hardening/sklearn_checks.py [SEARCH ...] [--refits 300] [--restarts 128]

The tests run them with fewer refits, restarts and primitives. Here nothing is cut but the number of refits; with fewer
restarts the relaxed search is quicker. Prints one line for each search and each check that failed; the exit status is
the number of these. About ten minutes of CPU time for "auto", and as much for "relaxed".
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections import Counter

from sklearn.utils.estimator_checks import check_estimator

from eqdarts import DARTSRegressor, EqdartsWarning
from eqdarts.search.strategies import SEARCHES

NEEDS = "SCIPY_ARRAY_API"  # one check is left out by scikit-learn without it


def failures(search: str, refits: int, restarts: int) -> int:
    """Run the checks for one search, print what came of them, and return how many failed."""
    model = DARTSRegressor(search=search, max_refits=refits, n_restarts=restarts, time_limit=None, random_state=0)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EqdartsWarning)
        found = check_estimator(model, on_skip=None, on_fail=None)
    counts = Counter(row["status"] for row in found)
    told = ", ".join(f"{counts[status]} {status}" for status in ("passed", "failed", "xfail", "skipped"))
    print(f"{search}: {told}; {time.process_time() - began:.0f} CPU seconds", flush=True)
    for row in found:
        if row["status"] in ("failed", "skipped"):
            error = f"{type(row['exception']).__name__}: {str(row['exception'])[:200]}"
            print(f"  {row['status']} {row['check_name']}: {error}", flush=True)
    return counts["failed"]


def main() -> int:
    """Run the checks that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("search", nargs="*", choices=[[], *SEARCHES], help="default: every search")
    parser.add_argument("--refits", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=128)
    given = parser.parse_args()
    print(f"{NEEDS} is {'set' if os.environ.get(NEEDS) else 'not set'}")
    return sum(failures(search, given.refits, given.restarts) for search in given.search or SEARCHES)


if __name__ == "__main__":
    sys.exit(main())
