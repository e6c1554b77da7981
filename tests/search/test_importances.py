"""What decides the objective has the largest share."""

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial

from mnist_sweep.search.importances import FEWEST, importances


def searched(journal: Path, direction: str, trials: int, objective: Callable[[Trial], float]) -> Path:
    """A journal with some trials drawn at random."""
    study = optuna.create_study(storage=JournalStorage(JournalFileBackend(str(journal))), direction=direction,
                                sampler=optuna.samplers.RandomSampler(seed=0))  # fmt: skip
    study.optimize(objective, trials)
    return journal


def mostly_rate(trial: Trial) -> float:
    rate, dropout = trial.suggest_float("rate", 0, 1), trial.suggest_float("dropout", 0, 1)
    return rate + 0.01 * dropout


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_shares_add_up_and_the_largest_comes_first(tmp_path: Path, direction: str) -> None:
    found = importances(searched(tmp_path / "study.journal", direction, 40, mostly_rate))
    assert list(found) == ["rate", "dropout"]
    assert found["rate"] > 0.8
    assert sum(found.values()) == pytest.approx(1)


def test_it_is_the_best_trials_that_count(tmp_path: Path) -> None:
    """Parameter a decides among the best values, b only among the worst."""

    def objective(trial: Trial) -> float:
        a, b = trial.suggest_float("a", 0, 1), trial.suggest_float("b", 0, 1)
        return max(0.0, a - 0.8) if a > 0.8 else -10 * b

    upward = importances(searched(tmp_path / "up.journal", "maximize", 60, objective))
    downward = importances(searched(tmp_path / "down.journal", "minimize", 60, objective))
    assert next(iter(upward)) == "a"
    assert next(iter(downward)) == "b"


def test_too_few_trials_have_no_importances(tmp_path: Path) -> None:
    assert importances(tmp_path / "nothing.journal") == {}
    assert importances(searched(tmp_path / "few.journal", "maximize", FEWEST - 1, mostly_rate)) == {}


def test_failed_and_pruned_trials_do_not_count(tmp_path: Path) -> None:
    def objective(trial: Trial) -> float:
        if trial.number >= FEWEST - 1:
            raise optuna.TrialPruned
        return mostly_rate(trial)

    assert importances(searched(tmp_path / "study.journal", "maximize", 20, objective)) == {}


def test_a_parameter_that_only_some_trials_have_counts_too(tmp_path: Path) -> None:
    def objective(trial: Trial) -> float:
        momentum = trial.suggest_float("momentum", 0, 1) if trial.number % 2 else 0
        return mostly_rate(trial) + momentum

    found = importances(searched(tmp_path / "study.journal", "maximize", 20, objective))
    assert set(found) == {"rate", "dropout", "momentum"}
    assert sum(found.values()) == pytest.approx(1)


def test_what_is_damaged_has_no_importances(tmp_path: Path) -> None:
    file = tmp_path / "study.journal"
    file.write_text("no journal\n{}\n")
    assert importances(file) == {}
