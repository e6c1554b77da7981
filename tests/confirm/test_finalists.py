"""Which trials are finalists, and how they are trained again."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from mnist_sweep.config import UserError
from mnist_sweep.confirm.finalists import choose, fresh_seed
from mnist_sweep.storage.folders import StudyFolder

METRIC = {"metric": "best_val_accuracy", "direction": None}


@pytest.fixture
def study(own_runs: Path) -> StudyFolder:
    return StudyFolder(own_runs / "dnn-digits")


def configure(study: StudyFolder, **search: object) -> None:
    plain = yaml.safe_load(study.config.read_text())
    study.config.write_text(yaml.safe_dump({**plain, "search": {**plain["search"], **search}}))


def set_state(study: StudyFolder, number: int, **changes: object) -> None:
    file = study.trial(number).state
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def set_values(study: StudyFolder, values: list[float]) -> None:
    for number, value in enumerate(values):
        set_state(study, number, values=[value])


@pytest.mark.parametrize(
    ("values", "top_k", "expected"),
    [
        ([0.5, 0.9, 0.7, 0.8], 2, [1, 3, 0]),
        ([0.95, 0.9, 0.7, 0.8], 2, [0, 1]),  # the baseline is one of the best
        ([0.5, 0.9, 0.9, 0.8], 1, [1, 0]),  # of equals the earlier
        ([0.5, 0.9, 0.7, 0.8], 9, [1, 3, 2, 0]),
    ],
)
def test_the_best_and_the_baseline(study: StudyFolder, values: list[float], top_k: int, expected: list[int]) -> None:
    set_values(study, values)
    assert [finalist.trial for finalist in choose(study, top_k, [])] == expected


def test_a_metric_that_is_minimized(study: StudyFolder) -> None:
    set_values(study, [0.5, 0.9, 0.2, 0.8])
    configure(study, metric="val_loss", direction="minimize")
    assert [finalist.trial for finalist in choose(study, 1, [])] == [2, 0]


def test_failed_and_pruned_trials_are_no_finalists_but_a_pruned_baseline_stays(study: StudyFolder) -> None:
    set_values(study, [0.5, 0.9, 0.7, 0.8])
    set_state(study, 1, state="FAIL")
    set_state(study, 3, state="PRUNED")
    set_state(study, 0, state="PRUNED")
    best, baseline = choose(study, 3, [])
    assert (best.trial, baseline.trial) == (2, 0)
    assert baseline.promised is None
    assert baseline.epochs == 3
    set_state(study, 0, state="FAIL")
    assert [finalist.trial for finalist in choose(study, 3, [])] == [2]
    set_state(study, 2, state="FAIL")
    with pytest.raises(UserError, match="has no complete trial to confirm"):
        choose(study, 3, [])


def test_a_study_whose_trials_are_all_infeasible_is_told(study: StudyFolder) -> None:
    configure(study, constraints=["parameters<=1"])
    for number in range(4):
        set_state(study, number, state="COMPLETE", infeasible=["parameters=99, not parameters<=1"])
    with pytest.raises(UserError, match=r"none of its 4 complete ones meets search\.constraints"):
        choose(study, 3, [])


def test_the_same_configuration_counts_once(study: StudyFolder) -> None:
    set_values(study, [0.5, 0.9, 0.9, 0.8])
    for name in ("config.yaml", "overrides.yaml"):
        (study.trial(2).path / name).write_bytes((study.trial(1).path / name).read_bytes())
    assert [finalist.trial for finalist in choose(study, 2, [])] == [1, 3, 0]


def test_trials_that_differ_in_their_training_alone_are_two(study: StudyFolder) -> None:
    set_values(study, [0.5, 0.9, 0.9, 0.8])
    for name in ("config.yaml", "overrides.yaml"):
        (study.trial(2).path / name).write_bytes((study.trial(1).path / name).read_bytes())
    file = study.trial(2).config
    plain = yaml.safe_load(file.read_text())
    before = plain["train"]["learning_rate_schedule"]
    plain["train"]["learning_rate_schedule"] = "constant" if before != "constant" else "cosine"
    file.write_text(yaml.safe_dump(plain))
    assert [finalist.trial for finalist in choose(study, 2, [])] == [1, 2, 0]


def test_the_epoch_is_the_one_that_the_search_chose(study: StudyFolder) -> None:
    file = study.trial(1).history
    header, *rows = [line.split(",") for line in file.read_text().splitlines()]
    accuracy, loss = header.index("val_accuracy"), header.index("val_loss")
    for row, value, lost in zip(rows, ("0.7", "0.9", "0.8"), ("0.3", "0.2", "0.4"), strict=True):
        row[accuracy], row[loss] = value, lost
    file.write_text("".join(",".join(row) + "\n" for row in (header, *rows)))
    set_values(study, [0.1, 0.9, 0.1, 0.1])
    config = yaml.safe_load(study.trial(1).config.read_text())
    for schedule, metric, epochs, promised in (
        ("constant", "best_val_accuracy", 2, 0.9),
        ("constant", "val_accuracy", 3, 0.8),
        ("constant", "best_val_loss", 2, 0.9),
        ("cosine", "best_val_accuracy", 3, 0.8),  # its rate is not small before the end
    ):
        config["train"]["learning_rate_schedule"] = schedule
        study.trial(1).config.write_text(yaml.safe_dump(config))
        configure(study, metric=metric, direction="maximize")
        first = choose(study, 1, [])[0]
        assert (first.trial, first.epochs, first.promised) == (1, epochs, promised)


def test_a_seeded_finalist_differs_in_what_it_must_and_in_nothing_else(study: StudyFolder) -> None:
    finalist = choose(study, 1, [])[0]
    one, two = finalist.seeded(0), finalist.seeded(1)
    assert one.data.split.validation == "test"
    assert (one.model, one.optimizer) == (finalist.config.model, finalist.config.optimizer)
    assert len({one.seed, two.seed, finalist.config.seed}) == 3
    assert one.trial_seed() != two.trial_seed()
    assert "data.validation=test" in finalist.seeded_overrides(0)


def test_fresh_seeds_are_the_same_everywhere_and_never_twice() -> None:
    assert fresh_seed(0, 0) == int(hashlib.sha256(b"confirm 0 0").hexdigest()[:8], 16)
    seeds = {fresh_seed(seed, index) for seed in range(20) for index in range(20)}
    assert len(seeds) == 400
    assert all(0 <= seed < 2**32 for seed in seeds)
