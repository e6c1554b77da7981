"""How long a command takes before it has something to say: `python benchmarks/startup.py`.

Each is run several times in turns with an import of TensorFlow; medians count.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import reporting
from machine import describe

MAIN = [sys.executable, "-m", "mnist_sweep"]
TENSORFLOW = "import of TensorFlow"
COMMANDS = {
    TENSORFLOW: ([sys.executable, "-c", "import tensorflow"], 0),
    "mnist-sweep --help": ([*MAIN, "--help"], 0),
    "mnist-sweep sweep train.batch_size=0": ([*MAIN, "sweep", "train.batch_size=0"], 2),
    "mnist-sweep plan": ([*MAIN, "plan"], 0),
}
LIMITS = {"mnist-sweep --help": 0.5, "mnist-sweep sweep train.batch_size=0": 1.5}  # seconds
PLAN = 10.0  # seconds more than TensorFlow's import


def once(name: str, folder: str) -> dict[str, float]:
    """Seconds of one run, by the clock and of the processor."""
    command, expected = COMMANDS[name]
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    code = subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode
    took, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code != expected:
        sys.exit(f"{name} ended with {code}, not {expected}")
    return {"wall": took, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def medians(runs: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Of each command the median by the clock and of the processor, and the least; of `plan` how much more it takes."""
    found = {}
    for name, its in runs.items():
        found[name] = {kind: statistics.median(run[kind] for run in its) for kind in ("wall", "cpu")}
        found[name]["least"] = min(run["wall"] for run in its)
    turns = zip(runs["mnist-sweep plan"], runs[TENSORFLOW], strict=True)
    found["mnist-sweep plan"]["more"] = statistics.median(plan["wall"] - other["wall"] for plan, other in turns)
    return found


def main() -> None:
    """Measures, and writes figures and table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=5)
    given = parser.parse_args()
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for name in COMMANDS:
            once(name, folder)  # files come from the disk the first time
        for _ in range(given.repetitions):
            for name in COMMANDS:
                runs[name].append(once(name, folder))
                print(f"{name}: {runs[name][-1]['wall']:.2f} s", flush=True)
    found = medians(runs)
    reporting.write("startup", {"machine": describe(), "medians": found, "runs": runs})
    limits = {**LIMITS, "mnist-sweep plan": found[TENSORFLOW]["wall"] + PLAN}
    rows = [[f"`{name}`", f"{one['wall']:.2f}", f"{one['least']:.2f}", f"{one['cpu']:.2f}",
             f"{limits[name]:.1f}" if name in limits else ""] for name, one in found.items()]  # fmt: skip
    note = (
        f"Seconds, medians of {given.repetitions}. `plan` builds networks and times them in a process that imports "
        "TensorFlow, whose use of the processor is not among `plan`'s: it may take "
        f"{PLAN:g} s more than the import, and takes {found['mnist-sweep plan']['more']:.1f} in the median."
    )
    reporting.write_table("startup", ["", "by the clock", "the least", "of the processor", "limit"], rows, note)


if __name__ == "__main__":
    main()
