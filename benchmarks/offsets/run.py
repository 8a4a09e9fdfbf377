"""Laws of columns with an offset, such as years: is each found as from a column that begins at 0?

    OMP_NUM_THREADS=1 python benchmarks/offsets/run.py [--seconds 10] [--seed 0]

Four laws of four columns, without noise and with a noise of 1 % of the spread, with the defaults and a limit of CPU
seconds. tests/end_to_end/test_offsets.py has the tables and tries a few of them. Writes results.csv beside this file:
`missed` is the mean square of the difference to the law without noise, as a share of its variance.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

import eqdarts  # noqa: E402
from eqdarts import DARTSRegressor  # noqa: E402
from eqdarts.clock import count_cpu_seconds  # noqa: E402
from tests.end_to_end.test_offsets import COLUMNS, LAWS, missed, table_of  # noqa: E402

FOUND = {0.0: 1e-9, 0.01: 1e-4}  # largest share of the variance that is missed, for each noise


def main() -> None:
    """Fit every case and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="CPU seconds for each fit")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    count_cpu_seconds()
    rows = []
    for column, law, noise in ((c, w, s) for c in COLUMNS for w in LAWS for s in FOUND):
        began = time.process_time()
        model = DARTSRegressor(time_limit=args.seconds, random_state=args.seed).fit(*table_of(column, LAWS[law], noise))
        share = missed(model, column, LAWS[law])
        row = {
            "column": column,
            "law": law,
            "noise": noise,
            "found": int(share < FOUND[noise]),
            "missed": f"{share:.2g}",
            "equation": model.equation_.format(),
            "cpu_seconds": round(time.process_time() - began, 1),
            "seed": args.seed,
            "version": eqdarts.__version__,
        }
        rows.append(row)
        print(row, flush=True)
        with (HERE / "results.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows(rows)
    print(f"{sum(row['found'] for row in rows)} of {len(rows)} found")


if __name__ == "__main__":
    main()
