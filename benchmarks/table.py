"""A table of what configurations of the default search reach, for benchmarks/policies.py to replay searches on.

Trains random configurations of the default space (the first one is the base configuration), each on some seeds, to
their end, one thread each, and records the validation accuracy after each quarter of an epoch: on all validation images
and on the first 2,000 of them. Goes on where the last call stopped, until it is told to stop (Ctrl-C, or --minutes).
"""

import argparse
import json
import math
import multiprocessing
import os
import time

import machine
import reporting

FILE = reporting.FOLDER / "table.jsonl"
SEEDS, PART, QUARTERS = 2, 2_000, 4


def searched() -> list:
    """The parameters of the default search that its base configuration has."""
    from hydra import compose, initialize_config_dir

    from mnist_sweep.cli.main import conf_folder
    from mnist_sweep.config.compose import base_values, plain
    from mnist_sweep.config.space import holds, parse_space
    from mnist_sweep.search.distributions import in_order

    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = plain(compose("config"))
    known = base_values(config, {"optimizer": "adam"})
    parameters = in_order(parse_space(config["search"]["space"], config["search"]["when"]))
    return [parameter for parameter in parameters if holds(parameter.condition, known)]


def configurations(number: int) -> list[dict[str, str]]:
    """The overrides of the first configurations: the base, then random ones; the same in every call."""
    import optuna

    from mnist_sweep.config.domains import literal
    from mnist_sweep.search.distributions import suggest

    active = searched()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found: list[dict[str, str]] = [{}]
    while len(found) < number:
        trial = study.ask()
        found.append({p.key: literal(p.domain, suggest(trial, p.key, p.domain)) for p in active})
    return found


def train(task: tuple[int, int, dict[str, str]]) -> dict:
    """One row of the table: a configuration on a seed."""
    import keras
    from hydra import compose, initialize_config_dir

    from mnist_sweep.cli.main import conf_folder
    from mnist_sweep.config import parse_trial
    from mnist_sweep.config.compose import plain
    from mnist_sweep.tasks.image_classifier.compiling import STEPS_PER_EXECUTION, compile_model, labels_for
    from mnist_sweep.tasks.image_classifier.data import load
    from mnist_sweep.tasks.image_classifier.models import build
    from mnist_sweep.tasks.image_classifier.training import EVALUATION_BATCH, batches
    from mnist_sweep.tasks.image_classifier.trial import use_one_thread

    use_one_thread()
    number, seed, overrides = task
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        lines = [f"{key}={value}" for key, value in {**overrides, "study.seed": seed}.items()]
        config = parse_trial(plain(compose("config", lines)))
    data = load(config.data)
    keras.utils.set_random_seed(config.trial_seed())
    keras.config.set_dtype_policy(config.train.precision)
    model = build(config.model, data.train_images.shape[1:], 10)
    steps = math.ceil(len(data.train_images) / config.train.batch_size)
    compile_model(model, config, steps * config.train.epochs)
    validation = batches(data.validation_images, None, EVALUATION_BATCH)
    quarter = steps / QUARTERS

    class Quarters(keras.callbacks.Callback):
        """Looks at the validation images at the first call of TensorFlow that ends a quarter of an epoch."""

        def on_train_begin(self, logs=None):  # noqa: ARG002
            self.rows, self.seconds, self.begun, self.done, self.epoch = [], [], time.process_time(), 0.0, 0

        def on_epoch_begin(self, epoch, logs=None):  # noqa: ARG002
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):  # noqa: ARG002
            due = self.epoch * QUARTERS + min(QUARTERS, int((batch + 1) / quarter + STEPS_PER_EXECUTION / quarter / 2))
            if due > len(self.rows):
                self.done += time.process_time() - self.begun
                right = model.predict(validation, verbose=0).argmax(axis=1) == data.validation_labels
                self.rows.append([round(float(right[:PART].mean()), 4), round(float(right.mean()), 4)])
                self.seconds.append(round(self.done, 2))
                self.begun = time.process_time()

    quarters = Quarters()
    labels = labels_for(config.train, data.train_labels, 10)
    model.fit(batches(data.train_images, labels, config.train.batch_size, shuffle=True), epochs=config.train.epochs,
              shuffle=False, verbose=0, callbacks=[quarters])  # fmt: skip
    return {
        "configuration": number, "seed": seed, "overrides": overrides, "parameters": model.count_params(),
        "accuracies": quarters.rows, "seconds": quarters.seconds,
    }  # fmt: skip


def recorded() -> list[dict]:
    """The rows that are there; the last line may be incomplete."""
    lines = FILE.read_text().split("\n")[:-1] if FILE.is_file() else []
    return [json.loads(line) for line in lines]


def main() -> None:
    """Trains what is missing, on all cores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configurations", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=120.0)
    options = parser.parse_args()
    from mnist_sweep.config.kernels import fastest, switch_to

    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="-1", OMP_NUM_THREADS="1")
    switch_to(fastest())
    there = {(row["configuration"], row["seed"]) for row in recorded()}
    all_of_them = enumerate(configurations(options.configurations))
    tasks = [(number, seed, overrides) for number, overrides in all_of_them for seed in range(SEEDS)]
    tasks = [task for task in tasks if task[:2] not in there]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    reporting.write("table", {"machine": machine.describe(), "kernels": fastest().value, "seeds": SEEDS, "part": PART})
    end = time.monotonic() + 60 * options.minutes
    with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), maxtasksperchild=20) as pool:
        for row in pool.imap_unordered(train, tasks):
            with FILE.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{row['configuration']}/{row['seed']}: {row['accuracies'][-1][1]:.4f}, {row['seconds'][-1]:.0f} s")
            if time.monotonic() > end:
                break
        pool.terminate()


if __name__ == "__main__":
    main()
