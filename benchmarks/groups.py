"""Known and unknown hands: `python benchmarks/groups.py mnist_writers.npz`, the base configuration on MNIST.

It is validated on images of writers who are in the training part too (the stratified split), and on images of writers
who are not (`data.split=grouped`), with five splits of each, one seed each. The test images are not opened. The file
says who wrote which image (docs/confirming.md); $MNIST_SWEEP_DATA names the folder of mnist.npz.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import reporting

from mnist_sweep.results.slices import by_slice
from mnist_sweep.results.statistics import describe
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, read_predictions

SPLITS = ("stratified", "grouped")
SEEDS = range(5)


def predictions_of(file: Path, split: str, seed: int) -> Predictions:
    """What the base configuration predicts of the validation images of a split."""
    with tempfile.TemporaryDirectory() as runs:
        options = [f"runs_folder={runs}", f"data.groups={file}", f"data.split={split}", f"data.split_seed={seed}",
                   f"study.seed={seed}", "tracking=none"]  # fmt: skip
        done = subprocess.run([sys.executable, "-m", "mnist_sweep", "train", *options], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr[-5000:])
        return read_predictions(next(Path(runs).glob("train/trials/*/predictions.npz")))


def main() -> None:
    """Trains them, and writes one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="who wrote which image")
    file = parser.parse_args().file.resolve()
    found = {split: [predictions_of(file, split, seed) for seed in SEEDS] for split in SPLITS}
    results, rows = {}, []
    for split, runs in found.items():
        accuracies = [float(np.mean(run.right)) for run in runs]
        series: dict[str, list[float]] = {}
        for run in runs:
            for one in by_slice([run]):
                if one.column == "series":
                    series.setdefault(one.value, []).append(one.error)
        sample = describe(accuracies)
        results[split] = {"accuracies": accuracies, "series": series}
        means = [f"{np.mean(series[value]):.4f}" for value in sorted(series)]
        rows.append([split, f"{sample.mean:.4f}", f"{sample.low:.4f} to {sample.high:.4f}", *means])
    reporting.write("groups", results)
    columns = [f"wrong, series {value}" for value in sorted(results["grouped"]["series"])]
    reporting.write_table("groups", ["split", "val_accuracy", "95% interval", *columns], rows,
                          "Five splits of each kind, one seed each; known hands are those of the stratified split. The "
                          "intervals count what differs from split to split.")  # fmt: skip


if __name__ == "__main__":
    main()
