"""What a trial costs besides its work: a trivial objective, fully tracked in MLflow, by each peer and by mnist_sweep.

10 searched parameters, 10 epochs of 4 metrics, one MLflow run a trial in a fresh SQLite store. Each is run twice, with
a quarter of the trials and with all of them: what the whole process takes longer, divided by the trials that are more,
is what a trial costs, whoever writes to MLflow behind the next trial included. The times that the store has of its
runs, from the start of the first to the end of the last, leave that out.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import busy
import environments
import machine
import reporting

OURS = "mnist_sweep"
EPOCHS = 10
PARAMETERS = 10
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "RAY_USAGE_STATS_ENABLED": "0"}


def ours(trials: int, folder: Path) -> tuple[list[str], Path]:
    """The command of mnist_sweep's trivial sweep, and the SQLite file of its MLflow store."""
    script = environments.HERE / "trivial.py"
    return [sys.executable, str(script), str(trials), str(folder)], folder / "runs" / "mlflow.db"


def with_files(trials: int, folder: Path) -> dict:
    """Of mnist_sweep, for each trial: predictions, figures and model, and what lies between two `fit`s; medians.

    A network of 8 units on scikit-learn's digits, so that hardly any of it is the network's own work; one trial at a
    time, so that a core is free for what is written beside the next one.
    """
    runs = folder / "with_files"
    command = ["sweep", "data=digits", "model=dnn", "model.units=[8]", "train.epochs=5", "runtime.workers=1"]
    search = ["search=default", "optimizer.learning_rate=interval(0.001,0.01)", "pruner=none"]
    given = [*command, *search, f"search.n_trials={trials}", f"runs_folder={runs}"]
    busy.seconds_of([sys.executable, "-m", "mnist_sweep", *given], folder)
    found = busy.judge(busy.spans(next(runs.glob("*-*"))), 1)
    return {name: found[name] for name in ("files_seconds", "from_fit_to_fit_seconds")}


def peer_command(peer: str, trials: int, folder: Path) -> tuple[list[str], Path]:
    """The command of a peer's trivial search, and the SQLite file of its MLflow store."""
    store = folder / "mlflow.db"
    script = environments.HERE / "peers" / peer / "overhead.py"
    return [
        str(environments.python(peer)),
        str(script),
        "--trials",
        str(trials),
        "--store",
        f"sqlite:///{store}",
    ], store


def measured(name: str, trials: int) -> dict:
    """Runs a search of somebody's in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        command, store = ours(trials, folder) if name == OURS else peer_command(name, trials, folder)
        environments.warm(command[0])
        return measure(command, store, folder, trials)


def measure(command: list[str], store: Path, folder: Path, trials: int) -> dict:
    """Runs a command to its end and reads what it left in the store."""
    library = environments.HERE / "peers"
    variables = {**os.environ, **QUIET, "PYTHONPATH": f"{library}:{machine.ROOT}", "RAY_TMPDIR": str(folder)}
    begin = time.perf_counter()
    with (folder / "output.txt").open("w") as output:
        done = subprocess.run(command, cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT)
    seconds = time.perf_counter() - begin
    if done.returncode:
        sys.exit((folder / "output.txt").read_text()[-5000:])
    return {"trials": trials, "total_seconds": round(seconds, 2), **tracked(store, trials), **inside(folder)}


def inside(folder: Path) -> dict:
    """Of mnist_sweep: the driver's processor and the empty places of workers, medians in seconds."""
    file = folder / "times.json"
    times = json.loads(file.read_text()) if file.is_file() else {}
    return {f"{name}_seconds": round(statistics.median(values), 4) for name, values in times.items()}


def tracked(store: Path, trials: int) -> dict:
    """The runs of the store that hold a trial's curves: their time, and whether everything is there."""
    marks = ", ".join("?" * len(METRICS))
    with sqlite3.connect(store) as database:
        runs = database.execute(
            "SELECT start_time, end_time, status, (SELECT COUNT(*) FROM params WHERE run_uuid = runs.run_uuid), "
            f"(SELECT COUNT(*) FROM metrics WHERE run_uuid = runs.run_uuid AND key IN ({marks})) AS points "
            "FROM runs WHERE points > 0",
            METRICS,
        ).fetchall()
    whole = [run for run in runs if run[3] >= PARAMETERS and run[4] == EPOCHS * len(METRICS) and run[2] == "FINISHED"]
    seconds = (max(run[1] for run in runs) - min(run[0] for run in runs)) / 1000
    return {
        "seconds_per_trial": round(seconds / trials, 4),
        "runs": len(runs),
        "whole_runs": len(whole),
        "parameters": sorted({run[3] for run in runs}),
    }


def main() -> None:
    """Measures each peer in turn; what was measured is written after each."""
    names = [*environments.PEERS, OURS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=80)
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    arguments = parser.parse_args()
    results = reporting.read("overhead")
    here = machine.describe()
    for name in arguments.peers:
        print(f"{name}: {arguments.trials} trials", flush=True)
        if name == OURS:
            versions = here["versions"]
        else:
            versions = machine.versions(environments.python(name), environments.packages(name))
        few, result = measured(name, arguments.trials // 4), measured(name, arguments.trials)
        more = result["trials"] - few["trials"]
        result["seconds_of_a_further_trial"] = round((result["total_seconds"] - few["total_seconds"]) / more, 4)
        if name == OURS:
            with tempfile.TemporaryDirectory(prefix="bench") as temporary:
                result |= with_files(12, Path(temporary))
        results["machine"] = here
        results.setdefault("peers", {})[name] = {**result, "commit": here["commit"], "versions": versions}
        reporting.write("overhead", results)
    write_table(results["peers"])


def write_table(peers: dict) -> None:
    """The table, fastest first."""
    rows = [
        [
            name,
            f"{result['seconds_of_a_further_trial']:.3f}",
            f"{result['seconds_per_trial']:.3f}",
            f"{result['total_seconds']:.1f}",
            str(result["trials"]),
            f"{result['whole_runs']}/{result['trials']}",
        ]
        for name, result in sorted(peers.items(), key=lambda item: item[1]["seconds_of_a_further_trial"])
    ]
    header = [
        "",
        "seconds of a further trial",
        "by MLflow's times",
        "the whole process",
        "trials",
        "whole runs in MLflow",
    ]
    note = (
        f"A trial with no work in it: {PARAMETERS} parameters, {EPOCHS} epochs of {len(METRICS)} metrics, all in "
        "MLflow on SQLite. A further trial: what the whole process takes longer with all trials than with a quarter of "
        "them. By MLflow's times: from the start of the first run to the end of the last, over the trials."
    )
    if mine := peers.get(OURS, {}).get("driver_seconds"):
        note += (
            f"\n{OURS}, medians: {1000 * mine:.0f} ms of the driver's processor for each trial, all threads; "
            f"{1000 * peers[OURS]['gaps_seconds']:.0f} ms from a trial's last byte to the next one's first. "
            f"Predictions, figures and model of a network of 8 units: {peers[OURS]['files_seconds']:.2f} s beside the "
            f"next trial, whose fit begins {peers[OURS]['from_fit_to_fit_seconds']:.2f} s later."
        )
    reporting.write_table("overhead", header, rows, note)


if __name__ == "__main__":
    main()
