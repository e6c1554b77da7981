"""A sweep of mnist_sweep whose trials do no work: `python benchmarks/trivial.py TRIALS FOLDER`.

Driver, fork server, processes, files and tracking are the real ones; only what a trial's process does is replaced: it
sends 10 epochs and writes their files. Writes FOLDER/times.json: seconds of the driver's processor for each trial, and
for each worker the seconds from a trial's last epoch to the first byte of the next one.
"""

import itertools
import json
import sys
import time
from pathlib import Path

from mnist_sweep import files
from mnist_sweep.execution import Job, process
from mnist_sweep.storage import history
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks import Dry

EPOCHS = 10
SKIPPED = 4  # trials at the start, while MLflow's store is made
real = process.main


def main(connection, job: Job) -> None:
    """What a trial's process does instead of training."""
    if job.kind == "probe":
        real(connection, job)
        return
    first = time.time()
    connection.send(("started", None))
    folder = TrialFolder(Path(job.folder))
    rows = [{"epoch": epoch, **curves, "seconds": 0.001, "timestamp": time.time() + epoch / 1000}
            for epoch, curves in enumerate(Dry().epochs(job.config), 1)]  # fmt: skip
    history.begin_history(folder.history, list(rows[0]))
    for row in rows:
        history.append_history(folder.history, row, list(row))
        connection.send(("epoch", row))
    last = time.time()
    connection.send(("trained", None))
    metrics = Dry().table_of({}).summarize(rows, {"parameters": 0, "images_per_second": 1000})
    files.write_json(folder.metrics, metrics)
    files.write_json(folder.environment, {**job.settings["environment"], "weights_digest": "0", "epochs": len(rows)})
    (folder.path / "times.json").write_text(json.dumps([first, last]))
    files.flush_to_disk(folder.path)
    connection.send(("done", {"stopped": False, "epochs": len(rows), "metrics": metrics, "weights_digest": "0",
                              "fit_seconds": 0.0}))  # fmt: skip


def gaps(folder: Path, workers: int = 2) -> list[float]:
    """Seconds for which a worker's place was empty: from a trial's last byte to the first of the one that took it."""
    times = sorted(json.loads(file.read_text()) for file in folder.glob("runs/*/trials/*/times.json"))[SKIPPED:]
    free = sorted(last for _, last in times[:workers])
    found = []
    for first, last in times[workers:]:
        found.append(first - free.pop(0))
        free = sorted([*free, last])
    return found


def run_all(trials: int, folder: Path) -> None:
    """Runs the sweep and writes its times."""
    from mnist_sweep.cli.main import run
    from mnist_sweep.driver import study_files

    process.main = main
    seconds: list[float] = []
    ended = study_files.StudyFiles.trial_ended

    def noted(self, *arguments) -> None:
        ended(self, *arguments)
        seconds.append(time.process_time())

    study_files.StudyFiles.trial_ended = noted
    code = run(["sweep", "pruner=none", f"train.epochs={EPOCHS}", f"search.n_trials={trials}", "study.keep_models=0",
                "train.batch_size=choice(64,128)", "runtime.workers=2", f"runs_folder={folder / 'runs'}"])  # fmt: skip
    spent = [later - earlier for earlier, later in itertools.pairwise(seconds)][SKIPPED:]
    (folder / "times.json").write_text(json.dumps({"driver": spent, "gaps": gaps(folder)}))
    sys.exit(code)


if __name__ == "__main__":
    import trivial  # the trials' processes find its `main` by this name

    trivial.run_all(int(sys.argv[1]), Path(sys.argv[2]))
