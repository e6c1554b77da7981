"""How long until a good network: from the start of the command until any trial's epoch reaches a validation accuracy.

The same for everybody: MNIST's last 10,000 training images to validate with, the same space, two cores. The clock
starts with the process, imports included; a command is ended as soon as it reached the highest bar, or at the limit.
Three questions:

as typed: what does a user get? Each peer as its own documentation has it, at most 8 epochs a trial at a constant rate,
    and mnist_sweep's defaults, whose base configuration and schedule were tuned by these validation images.
same recipe: what does the framework alone win? Networks, schedule, loss, epochs, float32 and oneDNN's kernels are those
    of mnist_sweep's defaults for everybody, and its base configuration is the first trial of all that can be told one.
no start: what do schedule and engine win without a tuned first configuration? The runs as typed; mnist_sweep's first
    trial is not counted, although the time that it takes is.
"""

import argparse
import contextlib
import csv
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environments
import machine
import psutil
import reporting

OURS = "mnist_sweep"
AS_TYPED, SAME_RECIPE, NO_START = "as typed", "same recipe", "no start"
FIRST = "0000"  # the folder of mnist_sweep's base configuration
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def ours(comparison: str, seed: int, folder: Path) -> list[str]:
    """The sweep with its defaults, and the last images to validate with."""
    return [
        *(sys.executable, "-m", "mnist_sweep", "sweep", "data.split_seed=null", "search.n_trials=1000"),
        *(f"study.seed={seed}", f"runs_folder={folder / 'runs'}"),
        *(["train.precision=float32"] if comparison == SAME_RECIPE else []),
    ]


def peer_command(peer: str, comparison: str, seed: int, limit: float, folder: Path) -> list[str]:
    """A peer's script."""
    script = environments.HERE / "peers" / peer / "time_to_good.py"
    options = ["--seed", seed, "--limit", limit, "--log", folder / "log.jsonl"]
    options += ["--recipe"] if comparison == SAME_RECIPE else []
    return [str(part) for part in (environments.python(peer), script, *options)]


def our_epochs(folder: Path) -> list[tuple[float, str, float]]:
    """Of each epoch so far: when it ended, its trial, its validation accuracy."""
    epochs = []
    for file in folder.glob("runs/*/trials/*/history.csv"):
        with file.open(newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if row["timestamp"]]
        epochs += [(float(row["timestamp"]), file.parent.name, float(row["val_accuracy"])) for row in rows]
    return sorted(epochs)


def peer_epochs(folder: Path) -> list[tuple[float, str, float]]:
    """The same from the log of a peer's script."""
    file = folder / "log.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    return sorted((row["time"], row["trial"], row["val_accuracy"]) for row in rows)


def watch(command: list[str], more: dict, folder: Path, limit: float, is_over, read) -> dict:
    """Runs a command until it is over, its limit or its end, and gives its epochs in seconds since its start."""
    library = environments.HERE / "peers"
    variables = {**os.environ, **QUIET, **more, "PYTHONPATH": f"{library}:{machine.ROOT}", "RAY_TMPDIR": str(folder)}
    with (folder / "output.txt").open("w") as output:
        begin = time.time()
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while process.poll() is None and time.time() < begin + limit:
                time.sleep(0.5)
                if is_over(read(folder)):
                    break
            code = process.poll()
        finally:
            end(process)
    if code:
        sys.exit((folder / "output.txt").read_text()[-5000:])
    epochs = [epoch for epoch in read(folder) if epoch[0] <= begin + limit]
    return {
        "seconds": round(time.time() - begin, 1),
        "trials": len({trial for _, trial, _ in epochs}),
        "epochs": [[round(moment - begin, 2), trial, round(accuracy, 5)] for moment, trial, accuracy in epochs],
    }


def end(process: subprocess.Popen) -> None:
    """Kills a process and all it started: its group, and what left the group."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for relative in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            relative.kill()
    psutil.wait_procs(family, timeout=10)
    process.wait()


def reached(run: dict, bar: float, first: bool = True) -> float | None:
    """The seconds until a run reached a bar, if it did; without mnist_sweep's first trial unless `first`."""
    return next(
        (seconds for seconds, trial, accuracy in run["epochs"] if accuracy >= bar and (first or trial != FIRST)), None
    )


def main() -> None:
    """Runs what is not in the results yet; each run is written as soon as it is over."""
    names = [*environments.PEERS, OURS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", nargs="+", choices=[AS_TYPED, SAME_RECIPE], default=[AS_TYPED, SAME_RECIPE])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--limit", type=float, default=600)
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--bars", nargs="+", type=float, default=[0.990, 0.992])
    parser.add_argument("--again", action="store_true", help="also what is in the results already")
    arguments = parser.parse_args()
    if "MNIST_SWEEP_DATA" not in os.environ:
        parser.error("MNIST_SWEEP_DATA must name the folder with mnist.npz")
    results = reporting.read("time_to_good")
    results["machine"] = machine.describe()
    runs = results.setdefault("runs", [])
    for seed, comparison, peer in itertools.product(arguments.seeds, arguments.comparisons, arguments.peers):
        about = {"comparison": comparison, "peer": peer, "seed": seed, "limit": arguments.limit}
        run = one(about, max(arguments.bars), results["machine"], runs, arguments.again)
        if run:
            runs[:] = [other for other in runs if not about.items() <= other.items()] + [run]
            reporting.write("time_to_good", results)
    shown = [run for run in runs if run["limit"] == arguments.limit]
    for comparison in (AS_TYPED, SAME_RECIPE, NO_START):
        write_table(comparison, shown, arguments.bars, arguments.limit)


def one(about: dict, bar: float, here: dict, runs: list[dict], again: bool) -> dict | None:
    """A run of a peer, or nothing where the results have it."""
    comparison, peer, seed, limit = about.values()
    mine = peer == OURS
    versions = here["versions"] if mine else machine.versions(environments.python(peer), environments.packages(peer))
    about = {**about, "bar": bar, "versions": versions}
    if not again and any(about.items() <= other.items() for other in runs):
        return None
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        command = ours(comparison, seed, folder) if mine else peer_command(peer, comparison, seed, limit, folder)
        environments.warm(command[0])
        more = {"TF_ENABLE_ONEDNN_OPTS": "1"} if comparison == SAME_RECIPE else {}

        def is_over(epochs: list[tuple[float, str, float]]) -> bool:
            first = FIRST if mine and comparison == AS_TYPED else None
            return any(accuracy >= bar and trial != first for _, trial, accuracy in epochs)

        watched = watch(command, more, folder, limit, is_over, our_epochs if mine else peer_epochs)
        run = {**about, "commit": here["commit"], **watched}
    best = max((accuracy for _, _, accuracy in run["epochs"]), default=0)
    print(f"{comparison}, {peer}, seed {seed}: {best:.4f} after {len(run['epochs'])} epochs, {run['seconds']:.0f} s; "
          f"{reached(run, 0.990)} {reached(run, 0.992)}", flush=True)  # fmt: skip
    return run


def write_table(comparison: str, runs: list[dict], bars: list[float], limit: float) -> None:
    """For each bar the peers, fastest first, and how many times the time of mnist_sweep they take."""
    runs = [run for run in runs if run["comparison"] == (AS_TYPED if comparison == NO_START else comparison)]
    seeds = sorted({run["seed"] for run in runs})
    rows = []
    for bar in bars:
        lines = []
        for peer in dict.fromkeys(run["peer"] for run in runs):
            theirs = {run["seed"]: run for run in runs if run["peer"] == peer}
            times = {seed: reached(run, bar, comparison != NO_START or peer != OURS) for seed, run in theirs.items()}
            median = statistics.median(seconds or float("inf") for seconds in times.values())
            lines.append((median, peer, [words(times[seed], limit) if seed in times else "" for seed in seeds]))
        best = next((median for median, peer, _ in lines if peer == OURS), float("inf"))
        for median, peer, cells in sorted(lines):
            times = f"{min(median, limit) / best:.1f}" if best < float("inf") else ""
            times = f"> {times}" if times and median > limit else times
            rows.append([f"{bar:.3f}", peer, *cells, words(median, limit), times])
    header = ["accuracy", "", *(f"seed {seed}" for seed in seeds), "median", "times mnist_sweep's"]
    note = "Seconds from the start of the command until an epoch's validation accuracy reached the bar."
    reporting.write_table(f"time_to_good_{comparison.replace(' ', '_')}", header, rows, note)


def words(seconds: float | None, limit: float) -> str:
    """Seconds, or that the limit was too short."""
    return f"> {limit:.0f}" if seconds is None or seconds > limit else f"{seconds:.0f}"


if __name__ == "__main__":
    main()
