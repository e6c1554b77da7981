"""How long until a good network: from the start of the command until any trial's epoch reaches a validation accuracy.

The same for everybody: MNIST's last 10,000 training images to validate with, the same space, at most 8 epochs a trial,
two cores. A peer's script is written as its own documentation has it. The clock starts with the process, imports
included; a command is ended as soon as it reached the highest bar, or at the limit.
"""

import argparse
import contextlib
import csv
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
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def ours(seed: int, folder: Path) -> list[str]:
    """The sweep with its defaults (3 epochs a trial), the last images to validate with, and the peers' batch sizes."""
    return [
        *(sys.executable, "-m", "mnist_sweep", "sweep", "model=cnn", "data.split_seed=null"),
        *("train.batch_size=choice(64,128,256)", "search.n_trials=1000", f"study.seed={seed}"),
        f"runs_folder={folder / 'runs'}",
    ]


def peer_command(peer: str, seed: int, limit: float, folder: Path) -> list[str]:
    """A peer's script."""
    script = environments.HERE / "peers" / peer / "time_to_good.py"
    options = ["--seed", seed, "--limit", limit, "--log", folder / "log.jsonl"]
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


def watch(command: list[str], folder: Path, limit: float, bar: float, read) -> dict:
    """Runs a command until its highest bar, its limit or its end, and gives its epochs in seconds since its start."""
    library = environments.HERE / "peers"
    variables = {**os.environ, **QUIET, "PYTHONPATH": f"{library}:{machine.ROOT}", "RAY_TMPDIR": str(folder)}
    with (folder / "output.txt").open("w") as output:
        begin = time.time()
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while process.poll() is None and time.time() < begin + limit:
                time.sleep(0.5)
                if any(accuracy >= bar for _, _, accuracy in read(folder)):
                    break
            code = process.poll()
        finally:
            end(process)
    if code:
        sys.exit((folder / "output.txt").read_text()[-5000:])
    epochs = [epoch for epoch in read(folder) if epoch[0] <= begin + limit]
    trials = list(dict.fromkeys(trial for _, trial, _ in epochs))
    return {
        "seconds": round(time.time() - begin, 1),
        "trials": len(trials),
        "epochs": [
            [round(moment - begin, 2), trials.index(trial), round(accuracy, 5)] for moment, trial, accuracy in epochs
        ],
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


def reached(run: dict, bar: float) -> float | None:
    """The seconds until a run reached a bar, if it did."""
    return next((seconds for seconds, _, accuracy in run["epochs"] if accuracy >= bar), None)


def main() -> None:
    """Runs what is not in the results yet; each run is written as soon as it is over."""
    names = [*environments.PEERS, OURS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
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
    for seed in arguments.seeds:
        for peer in arguments.peers:
            run = one(peer, seed, arguments.limit, max(arguments.bars), results["machine"], runs, arguments.again)
            if run:
                runs[:] = [other for other in runs if key(other) != key(run)] + [run]
                reporting.write("time_to_good", results)
    write_table([run for run in runs if run["limit"] == arguments.limit], arguments.bars, arguments.limit)


def one(peer: str, seed: int, limit: float, bar: float, here: dict, runs: list[dict], again: bool) -> dict | None:
    """A run of a peer, or nothing where the results have it."""
    mine = peer == OURS
    versions = here["versions"] if mine else machine.versions(environments.python(peer), environments.packages(peer))
    about = {"peer": peer, "seed": seed, "limit": limit, "bar": bar, "versions": versions}
    if not again and any(about.items() <= other.items() for other in runs):
        return None
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        command = ours(seed, folder) if mine else peer_command(peer, seed, limit, folder)
        environments.warm(command[0])
        run = {
            **about,
            "commit": here["commit"],
            **watch(command, folder, limit, bar, our_epochs if mine else peer_epochs),
        }
    best = max((accuracy for _, _, accuracy in run["epochs"]), default=0)
    print(f"{peer}, seed {seed}: {best:.4f} after {len(run['epochs'])} epochs, {run['seconds']:.0f} s", flush=True)
    return run


def key(run: dict) -> tuple:
    """What a newer run replaces an older one by."""
    return run["peer"], run["seed"], run["limit"]


def write_table(runs: list[dict], bars: list[float], limit: float) -> None:
    """For each bar the peers, fastest first."""
    seeds = sorted({run["seed"] for run in runs})
    rows = []
    for bar in bars:
        lines = []
        for peer in dict.fromkeys(run["peer"] for run in runs):
            theirs = {run["seed"]: run for run in runs if run["peer"] == peer}
            times = {seed: reached(run, bar) for seed, run in theirs.items()}
            median = statistics.median(seconds or float("inf") for seconds in times.values())
            cells = [words(times[seed], limit) if seed in times else "" for seed in seeds]
            work = ", ".join(f"{len(theirs[seed]['epochs'])}/{theirs[seed]['trials']}" for seed in sorted(theirs))
            lines.append((median, [f"{bar:.3f}", peer, *cells, words(median, limit), work]))
        rows += [line for _, line in sorted(lines)]
    header = ["accuracy", "", *(f"seed {seed}" for seed in seeds), "median", "epochs/trials"]
    note = (
        "Seconds from the start of the command until an epoch's validation accuracy reached the bar. Epochs/trials are "
        "those until the run ended, at the highest bar or at the limit, for each seed."
    )
    reporting.write_table("time_to_good", header, rows, note)


def words(seconds: float | None, limit: float) -> str:
    """Seconds, or that the limit was too short."""
    return f"> {limit:.0f}" if seconds is None or seconds > limit else f"{seconds:.0f}"


if __name__ == "__main__":
    main()
