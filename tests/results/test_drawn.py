"""Which trials of a study were drawn at random, told by hand-made folders."""

from pathlib import Path

import pytest

from mnist_sweep.files import write_json, write_yaml
from mnist_sweep.results.drawn import random_search
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.history import append_history, begin_history

SEARCH = {"n_trials": 40, "timeout": None, "target": None, "max_failures": 5, "audit": 0.0, "metric": "val_accuracy",
          "direction": None, "space": {"model.dropout": "interval(0,0.5)"}, "when": {}}  # fmt: skip
COLUMNS = ("epoch", "val_accuracy", "seconds", "timestamp")


def study_of(path: Path, sampler: dict[str, object]) -> StudyFolder:
    study = StudyFolder(path / "dnn-digits")
    study.path.mkdir(parents=True)
    write_yaml(study.config, {"search": SEARCH, "sampler": sampler})
    return study


def end(study: StudyFolder, number: int, started: float, **more: object) -> None:
    """Two trials run at a time, each for two seconds."""
    study.trial(number).path.mkdir(parents=True)
    state = {"trial": number, "state": "COMPLETE", "values": [0.9 + number / 1000], "started": started,
             "ended": started + 2}  # fmt: skip
    write_json(study.trial(number).state, {**state, **more})


def test_trials_are_random_until_enough_have_ended(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"n_startup_trials": 4})
    for number in range(10):
        end(study, number, float(number))
    # Trial 5 began when trials 0 to 2 had ended, trial 6 when 0 to 3 had: all but the baseline before it are random.
    found = random_search(read_study(study))
    assert found is not None
    assert (found.metric, found.random, found.proposed, found.gain) == ("val_accuracy", 5, 4, None)


def test_what_no_sampler_drew_does_not_count(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"n_startup_trials": 2})
    end(study, 0, 0.0)
    end(study, 1, 1.0, origin="search.start")
    end(study, 2, 5.0, forked_from="other/7")
    end(study, 3, 6.0, state="FAIL", values=None)
    end(study, 4, 8.0)
    found = random_search(read_study(study))
    assert found is not None
    assert (found.random, found.proposed) == (0, 1)


def test_with_enough_of_both_there_is_a_difference(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"n_startup_trials": 21})
    for number in range(50):
        end(study, number, 3.0 * number)
    found = random_search(read_study(study))
    assert found is not None
    assert (found.metric, found.random, found.proposed) == ("val_accuracy", 20, 29)
    assert found.gain is not None
    assert found.gain.low > 0


def test_where_trials_were_pruned_all_are_compared_where_all_of_them_were(tmp_path: Path) -> None:
    study = study_of(tmp_path, {"n_startup_trials": 21})
    for number in range(50):
        pruned = number % 3 == 1
        end(study, number, 3.0 * number, state="PRUNED" if pruned else "COMPLETE")
        history = study.trial(number).history
        begin_history(history, COLUMNS)
        for epoch in (1,) if pruned else (1, 2):
            # After the first epoch all are as good; what is trained on gets better.
            append_history(
                history, {"epoch": epoch, "val_accuracy": 0.7 + 0.1 * epoch, "seconds": 1.0, "timestamp": 0.0}, COLUMNS
            )
    found = random_search(read_study(study))
    assert found is not None
    assert (found.metric, found.random, found.proposed) == ("val_accuracy after epoch 1", 20, 29)
    assert found.gain is not None
    assert (found.gain.low, found.gain.high) == pytest.approx((0.0, 0.0))


@pytest.mark.parametrize("sampler", [{}, {"_target_": "optuna.samplers.RandomSampler"}])
def test_random_search_has_nothing_to_say_of_itself(tmp_path: Path, sampler: dict[str, object]) -> None:
    study = study_of(tmp_path, sampler)
    end(study, 0, 0.0)
    assert random_search(read_study(study)) is None
