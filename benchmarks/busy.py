"""How much of a sweep is training: `python benchmarks/busy.py`, the default search of the convolutional network.

A worker is busy while its trial is inside Keras's `fit`. Counted from the first trial's start to the end of the first
trial after which none is left to begin; what comes then is the tail, where trials are fewer than workers. How soon the
first epoch begins is set against an import of TensorFlow in a process of its own, timed before and after.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environments
import machine
import reporting

IMPORT = [sys.executable, "-c", "import tensorflow"]


def seconds_of(command: list[str], folder: Path) -> tuple[float, float]:
    """When a command began, since 1970, and how long it took."""
    began = time.time()
    with (folder / "output.txt").open("a") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT,
                              env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})  # fmt: skip
    if done.returncode:
        sys.exit((folder / "output.txt").read_text()[-5000:])
    return began, time.time() - began


def spans(study: Path) -> list[dict]:
    """Of each trial, in the order of their beginning: when its process, its `fit` and its files began and ended."""
    found = []
    for folder in sorted(study.glob("trials/*")):
        environment, state = (json.loads((folder / f"{name}.json").read_text()) for name in ("environment", "state"))
        found.append({"trial": int(folder.name), "state": state["state"], "begun": state["started"],
                      "fit": environment["started"], "trained": environment["ended"],
                      "ended": state["ended"]})  # fmt: skip
    return sorted(found, key=lambda span: span["begun"])


def judge(trials: list[dict], workers: int) -> dict:
    """Shares and times, in seconds."""
    begin, last = trials[0]["begun"], trials[-1]["begun"]
    tail = min(span["trained"] for span in trials if span["trained"] > last)
    inside = sum(max(0.0, min(span["trained"], tail) - span["fit"]) for span in trials)
    free: list[float] = []
    gaps = []
    for span in trials:
        if len(free) == workers:
            gaps.append(span["fit"] - free.pop(0))
        free = sorted([*free, span["trained"]])
    return {
        "busy": round(inside / workers / (tail - begin), 4),
        "seconds": round(tail - begin, 1),
        "tail_seconds": round(max(span["trained"] for span in trials) - tail, 1),
        "from_fit_to_fit_seconds": round(statistics.median(gaps), 3),
        "files_seconds": round(statistics.median(span["ended"] - span["trained"] for span in trials), 3),
    }


def main() -> None:
    """Runs the sweep once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--runs", type=Path, help="where the sweep is kept; a folder that is not there yet")
    parser.add_argument("overrides", nargs="*", help="of the sweep")
    arguments = parser.parse_args()
    environments.warm(sys.executable)
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        runs = (arguments.runs or folder / "runs").absolute()
        imports = [seconds_of(IMPORT, folder)[1] for _ in range(3)]
        given = [f"runtime.workers={arguments.workers}", f"runs_folder={runs}", *arguments.overrides]
        began, whole = seconds_of([sys.executable, "-m", "mnist_sweep", "sweep", *given], folder)
        imports += [seconds_of(IMPORT, folder)[1] for _ in range(3)]
        trials = spans(next(runs.glob("*-*")))
    found = {
        **judge(trials, arguments.workers),
        "workers": arguments.workers,
        "whole_seconds": round(whole, 1),
        "import_seconds": round(statistics.median(imports), 2),
        "first_epoch_seconds": round(min(span["fit"] for span in trials) - began, 2),
    }
    reporting.write("busy", {"machine": machine.describe(), **found, "trials": trials})
    rows = [
        ["workers inside fit", f"{100 * found['busy']:.1f}%"],
        ["of seconds (the tail of some more apart)", f"{found['seconds']:.0f} ({found['tail_seconds']:.0f})"],
        ["from the end of a fit to the next one in its place", f"{1000 * found['from_fit_to_fit_seconds']:.0f} ms"],
        ["predictions, figures and model, beside the next trial", f"{found['files_seconds']:.1f} s"],
        ["import of TensorFlow, alone", f"{found['import_seconds']:.1f} s"],
        ["first epoch begins after", f"{found['first_epoch_seconds']:.1f} s"],
    ]
    note = f"{len(trials)} trials on {arguments.workers} workers, the default search."
    reporting.write_table("busy", ["", ""], rows, note)


if __name__ == "__main__":
    main()
