"""Kill fits at random times and go on from their checkpoints; interrupt others and see how long they take to return.

``python benchmarks/kill/run.py [--kills 20] [--interrupts 20] [--limit 60] [--seed 0]`` writes kills.csv and
interrupts.csv beside this file.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from eqdarts.fitting.checkpoint import CHECKPOINT_FILE
from eqdarts.graph.record import read_fitted

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kill_child import started  # noqa: E402  (it stands beside the tests)

RESUME = 3.0  # seconds that a fit that goes on may search


def front(folder: Path) -> list[tuple[int, float]]:
    """Return complexity and loss of the members of a checkpoint."""
    record: dict[str, Any] = json.loads((folder / CHECKPOINT_FILE).read_text(encoding="utf-8"))
    d = len(record["names"])
    return [(read_fitted(nodes, theta, d)[0].complexity, loss) for nodes, theta, loss in record["members"]]


def killed(at: float, limit: float) -> dict[str, object]:
    """Kill a fit `at` seconds into its search, go on for a moment, and compare the fronts at every complexity."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with started(folder, limit) as process:
            time.sleep(at)
            os.killpg(process.pid, signal.SIGKILL)
            dead = time.time()
            ended_by = -process.wait()
        age = dead - (folder / CHECKPOINT_FILE).stat().st_mtime
        before = front(folder)
        with started(folder, RESUME) as process:
            process.communicate()
        after = front(folder)
    worse = sum(min(b for c, b in after if c <= size) > loss * (1 + 1e-9) for size, loss in before)
    return {
        "killed_at": round(at, 1),
        "checkpoint_age": round(age, 2),
        "ended_by": signal.Signals(ended_by).name if ended_by else "itself",
        "members_before": len(before),
        "members_after": len(after),
        "worse": worse,
        "loss_before": f"{min(loss for _, loss in before):.4g}",
        "loss_after": f"{min(loss for _, loss in after):.4g}",
    }


def interrupted(at: float, limit: float) -> dict[str, object]:
    """Interrupt a fit `at` seconds after it began to search, and time its return."""
    with started("-", limit) as process:
        time.sleep(at)
        sent = time.time()
        os.killpg(process.pid, signal.SIGINT)
        told, returned, reason, *_ = process.communicate()[0].split()
    assert told == "returned"
    return {
        "limit": limit,
        "interrupted_at": round(at, 2),
        "stopped": reason,
        "seconds_to_return": round(float(returned) - sent, 2),
    }


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--interrupts", type=int, default=20)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, by the children too
    rng = random.Random(options.seed)
    rows: list[dict[str, object]] = []
    for k in range(options.interrupts):  # half of them around the end of a short search, in what comes after it
        limit, at = (options.limit, rng.uniform(0.0, 12.0)) if k % 2 else (2.0, rng.uniform(1.5, 3.5))
        rows.append(interrupted(at, limit))
        print(rows[-1], flush=True)
        write(HERE / "interrupts.csv", rows)
    rows = []
    for at in [rng.uniform(0.0, options.limit * 0.95) for _ in range(options.kills)]:
        rows.append(killed(at, options.limit))
        print(rows[-1], flush=True)
        write(HERE / "kills.csv", rows)


if __name__ == "__main__":
    main()
