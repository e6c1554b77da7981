"""Images per second: 16 convolutional networks for 2 epochs each, by a sweep and by a loop of Keras's own `fit`.

The loop is what a user would write for the same networks: relu within the convolution, float32 pixels, one network
after the other, TensorFlow as it comes, with all cores. The sweep is run in float32, also with Eigen's kernels where
TensorFlow would choose those, and in mixed_bfloat16 where the processor multiplies such numbers itself. All are timed
from the first `fit` to the end of the last, and as whole processes; the loop and the float32 sweep twice, in turns: a
shared machine is not always as fast. Accuracies are then compared on seeds, one network. `--as-avx2` holds oneDNN to
AVX2 and gives the loop Eigen's kernels, which TensorFlow chooses on a CPU with AVX2 alone.
"""

import argparse
import contextlib
import csv
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import environments
import machine
import reporting

from mnist_sweep.config.cpu import flags
from mnist_sweep.config.kernels import fastest, tensorflows_own

IMAGES, EPOCHS = 50_000, 2
GRID = {
    "model.filters_1": [8, 16],
    "model.kernel_size_2": [2, 3],
    "model.dense_units": [100, 200],
    "train.batch_size": [64, 128],
}
ONE = (16, 3, 200, 64)  # of these, the network that is trained on seeds
FIXED = {"kernel_size_1": 5, "filters_2": 64, "padding": "valid", "dropout": 0.3,
         "learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999}  # fmt: skip
SWEEP = [
    *(sys.executable, "-m", "mnist_sweep", "sweep", "search=default", "sampler=grid", "pruner=none"),
    *("data.split_seed=null", f"train.epochs={EPOCHS}", "train.learning_rate_schedule=constant"),
    *("optimizer.learning_rate=0.001", "optimizer.beta_1=0.9", "optimizer.beta_2=0.999", "study.keep_models=0"),
    *("model.filters_2=64", "model.dropout=0.3", "train.label_smoothing=0"),
]


def loop(seeds: int) -> None:
    """The loop of Keras's `fit`, on the grid, or on one network with seeds; writes what `rated` reads."""
    import keras

    sys.path.insert(0, str(environments.HERE / "peers"))
    from common import mnist, network

    keras.utils.set_random_seed(0)
    x_train, y_train, x_valid, y_valid = mnist()
    for number, values in enumerate([ONE] * seeds or itertools.product(*GRID.values())):
        if seeds:
            keras.utils.set_random_seed(number)
        given = {key.partition(".")[2]: value for key, value in zip(GRID, values, strict=True)}
        model = network({**FIXED, **given})
        begun = time.time()
        history = model.fit(x_train, y_train, batch_size=given["batch_size"], epochs=EPOCHS,
                            validation_data=(x_valid, y_valid), verbose=0)  # fmt: skip
        print(json.dumps([begun, time.time(), history.history["val_accuracy"][-1]]), flush=True)


def run(command: list[str], folder: Path) -> tuple[str, float]:
    """What a command prints, and its seconds."""
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    return done.stdout, time.perf_counter() - began


def by_loop(folder: Path, kernels: str | None = None) -> dict:
    """The loop, in a process of its own; `kernels` is TF_ENABLE_ONEDNN_OPTS, None for TensorFlow's own choice."""
    with kernels_of(kernels):
        printed, seconds = run([sys.executable, __file__, "--loop", "--seeds=0"], folder)
    return rated([json.loads(line) for line in printed.splitlines()], seconds)


def by_sweep(precision: str, folder: Path, kernels: str | None = None) -> dict:
    """The sweep of the same networks; `kernels` is TF_ENABLE_ONEDNN_OPTS, None for the sweep's own choice."""
    grid = [f"{key}=choice({','.join(map(str, values))})" for key, values in GRID.items()]
    with kernels_of(kernels):
        _, seconds = run([*SWEEP, f"train.precision={precision}", *grid, "search.n_trials=16",
                          f"runs_folder={folder / precision}"], folder)  # fmt: skip
    return rated(fits(folder / precision), seconds)


@contextlib.contextmanager
def kernels_of(kernels: str | None) -> Iterator[None]:
    """TF_ENABLE_ONEDNN_OPTS for the processes that are started within; None leaves it unset."""
    if kernels is None:
        yield
        return
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = kernels
    try:
        yield
    finally:
        del os.environ["TF_ENABLE_ONEDNN_OPTS"]


def fits(runs: Path) -> list[list[float]]:
    """Of each trial: when its `fit` began and ended, and its last validation accuracy."""
    found = []
    for trial in sorted(runs.glob("*/trials/*")):
        environment = json.loads((trial / "environment.json").read_text())
        found.append([environment["started"], environment["ended"], accuracy_of(trial)])
    return found


def rated(trials: list[list[float]], seconds: float) -> dict:
    """Images per second, and the mean accuracy."""
    inside = max(trial[1] for trial in trials) - min(trial[0] for trial in trials)
    images = len(trials) * EPOCHS * IMAGES
    return {"images_per_second": round(images / inside), "images_per_second_whole": round(images / seconds),
            "accuracy": round(statistics.mean(trial[2] for trial in trials), 5), "trials": trials}  # fmt: skip


def on_seeds(seeds: int, folder: Path) -> dict[str, list[float]]:
    """The accuracy of one network on some seeds, by the loop and by sweeps in both precisions."""
    printed, _ = run([sys.executable, __file__, "--loop", f"--seeds={seeds}"], folder)
    found: dict[str, list[float]] = {"float32": [], "mixed_bfloat16": []}
    found["loop of fit"] = [json.loads(line)[2] for line in printed.splitlines()]
    for seed in range(seeds):
        runs = folder / f"seed-{seed}"
        run([*SWEEP, *(f"{key}={value}" for key, value in zip(GRID, ONE, strict=True)), f"study.seed={seed}",
             "train.precision=choice(float32,mixed_bfloat16)", "search.n_trials=2", f"runs_folder={runs}"],
            folder)  # fmt: skip
        for trial in sorted(runs.glob("*/trials/*")):
            name = "mixed_bfloat16" if "precision: mixed_bfloat16" in (trial / "config.yaml").read_text() else "float32"
            found[name].append(accuracy_of(trial))
    return found


def accuracy_of(trial: Path) -> float:
    """A trial's last validation accuracy."""
    with (trial / "history.csv").open(newline="") as stream:
        return [float(row["val_accuracy"]) for row in csv.DictReader(stream)][-1]


def main() -> None:
    """Runs the loop and the sweeps in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--loop", action="store_true", help="only the loop, in this process")
    parser.add_argument("--as-avx2", action="store_true", help="with the instructions of a CPU with AVX2 alone")
    arguments = parser.parse_args()
    if arguments.loop:
        loop(arguments.seeds)
        return
    if "MNIST_SWEEP_DATA" not in os.environ:
        parser.error("MNIST_SWEEP_DATA must name the folder with mnist.npz")
    here = machine.describe()
    native = not arguments.as_avx2 and (here["flags"]["avx512_bf16"] or here["flags"]["amx_bf16"])
    name, kernels = "throughput", None
    if arguments.as_avx2:
        name, kernels = "throughput_as_avx2", "0"
        os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    results = {"machine": here}
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        environments.warm(sys.executable)
        results["loop"] = by_loop(folder, kernels)
        for precision in ("float32", "mixed_bfloat16") if native else ("float32",):
            results[precision] = by_sweep(precision, folder)
            reporting.write(name, results)
        if not arguments.as_avx2 and fastest() != tensorflows_own(flags()):
            results["float32_eigen"] = by_sweep("float32", folder / "eigen", kernels="0")
        results["loop_again"] = by_loop(folder, kernels)
        reporting.write(name, results)
        results["float32_again"] = by_sweep("float32", folder / "again")
        if native:
            results["on_seeds"] = on_seeds(arguments.seeds, folder)
        reporting.write(name, results)
    write_table(name, results)


def write_table(file: str, results: dict) -> None:
    """The table, and what the seeds say."""
    loops = [results[name] for name in ("loop", "loop_again") if name in results]
    base = {name: statistics.mean(loop[name] for loop in loops)
            for name in ("images_per_second", "images_per_second_whole")}  # fmt: skip
    rows = []
    for key, name in (("loop", "loop of fit, float32, first"), ("loop_again", "the same, last"),
                      ("float32_eigen", "sweep, float32, TF_ENABLE_ONEDNN_OPTS=0"),
                      ("float32", "sweep, float32, first"), ("float32_again", "the same, last"),
                      ("mixed_bfloat16", "sweep, mixed_bfloat16")):  # fmt: skip
        if one := results.get(key):
            rows.append([name, f"{one['images_per_second']:,}",
                         f"{one['images_per_second'] / base['images_per_second']:.2f}",
                         f"{one['images_per_second_whole'] / base['images_per_second_whole']:.2f}",
                         f"{one['accuracy']:.4f}"])  # fmt: skip
    note = "16 networks, 2 epochs of 50,000 images each; the second ratio is of whole processes, imports included."
    if seeds := results.get("on_seeds"):
        said = [
            f"{name} {statistics.mean(values):.4f} ±{statistics.stdev(values):.4f}" for name, values in seeds.items()
        ]
        note += f"\nOne network on {len(seeds['float32'])} seeds, 2 epochs: {', '.join(said)}."
    header = ["", "images per second", "times the loops' mean", "whole", "mean accuracy"]
    reporting.write_table(file, header, rows, note)


if __name__ == "__main__":
    main()
