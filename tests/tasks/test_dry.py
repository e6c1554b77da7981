"""What a dry trial reports is known: a function of its parameters."""

import pytest

from mnist_sweep.config import parse_trial
from mnist_sweep.tasks.dry import Dry, dry_accuracy

PLAIN = {
    "data": {"_target_": "mnist_sweep.data.digits", "name": "digits", "validation": "split", "validation_size": 360,
             "split_seed": 0},
    "model": {"_target_": "mnist_sweep.models.dnn", "units": [100], "dropout": 0.3},
    "optimizer": {"_target_": "keras.optimizers.Adam", "learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999,
                  "epsilon": 1e-7},
    "train": {"epochs": 3, "batch_size": 64, "loss": "sparse_categorical_crossentropy", "precision": "float32",
              "early_stopping_patience": None},
    "study": {"seed": 0},
}  # fmt: skip


def changed(section: str, key: str, value: object) -> dict:
    return {**PLAIN, section: {**PLAIN[section], key: value}}


def test_the_accuracy_is_known_at_its_top_and_lower_elsewhere() -> None:
    top = dry_accuracy(parse_trial(PLAIN).plain())
    assert top == pytest.approx(0.99 - 0.1 / 20)  # 100 + 3 times 100 for the sizes that a dense network does not have
    for section, key, value in (("model", "dropout", 0.0), ("optimizer", "learning_rate", 0.1),
                                ("optimizer", "beta_1", 0.5), ("model", "units", [10])):  # fmt: skip
        assert dry_accuracy(changed(section, key, value)) < top


def test_the_last_epoch_has_the_accuracy() -> None:
    rows = Dry().epochs(PLAIN)
    values = [row["val_accuracy"] for row in rows]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(dry_accuracy(PLAIN))


def test_a_schedule_counts_by_its_first_rate_and_what_is_no_number_not_at_all() -> None:
    schedule = {"_target_": "keras.optimizers.schedules.CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 9}
    plain = changed("optimizer", "learning_rate", schedule)
    assert dry_accuracy(plain) == dry_accuracy(changed("optimizer", "learning_rate", 0.1))
    assert dry_accuracy(changed("model", "dropout", "none")) == dry_accuracy(PLAIN)
