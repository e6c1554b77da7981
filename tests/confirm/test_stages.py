"""The runs look by look: which come next, which finalists are dropped, and that the same runs give the same looks."""

import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.runs import Run
from mnist_sweep.confirm.stages import Stages, network_of, planned, rules_of, sizes_of
from mnist_sweep.results.permutations import once, several
from mnist_sweep.results.stopping import Look, Verdict
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, read_predictions, write_predictions


def named(runs: list[Run]) -> list[str]:
    return [run.folder.path.name for run in runs]


@pytest.fixture
def reach(finish: Callable[[Run], None]) -> Callable[[Run, int], None]:
    """Ends a run with so many of 360 images wrong."""

    def done(run: Run, wrong: int) -> None:
        finish(run)
        found = read_predictions(run.folder.predictions)
        predicted = np.where(np.arange(360) < wrong, (found.labels + 1) % 10, found.labels).astype(np.int32)
        write_predictions(run.folder.predictions, Predictions(found.probabilities, predicted, found.labels))

    return done


def test_the_runs_are_made_seed_by_seed(study: StudyFolder, finalists: list[Finalist]) -> None:
    plan = planned(study, finalists, (2,))
    assert named(plan.runs) == ["0001-0", "0000-0", "0001-1", "0000-1"]
    assert plan.todo == plan.runs
    assert [run.name for run in plan.runs[:2]] == ["trial 1, seed 0", "trial 0, seed 0"]
    assert len({run.config.trial_seed() for run in plan.runs}) == 4


def test_further_seeds_count_if_all_finalists_have_them(
    study: StudyFolder, finalists: list[Finalist], finish: Callable[[Run], None]
) -> None:
    for run in planned(study, finalists, (4,)).runs[:7]:
        finish(run)
    plan = planned(study, finalists, (2,))
    assert named(plan.runs) == [f"{trial}-{seed}" for seed in range(3) for trial in ("0001", "0000")]
    assert plan.todo == []
    assert plan.looks == []


def test_a_finalist_that_is_decided_gets_no_more_seeds(
    study: StudyFolder, finalists: list[Finalist], reach: Callable[[Run, int], None]
) -> None:
    looks: list[Look] = []
    stages = Stages(study, finalists, (5, 10), looks.append)
    runs = stages.next_runs()
    assert len(runs) == 10
    for run in runs:
        reach(run, 20 + run.index + 10 * (run.finalist.trial == 0))
    assert stages.next_runs() == []
    (seen,) = looks
    assert (seen.seeds, seen.of(1).verdict, seen.of(1).p <= 0.05) == (5, Verdict.BETTER, True)
    assert planned(study, finalists, (5, 10)) == stages.plan


def test_what_is_open_goes_on_to_the_next_look_and_is_resumed_there(
    study: StudyFolder, finalists: list[Finalist], reach: Callable[[Run, int], None]
) -> None:
    for run in planned(study, finalists, (5, 10)).todo:
        reach(run, 20 + 2 * run.index + 5 * (run.finalist.trial == 0))
    looks: list[Look] = []
    stages = Stages(study, finalists, (5, 10), looks.append)
    assert stages.plan.looks[0].open == (1,)
    todo = stages.next_runs()
    assert named(todo) == [f"{trial}-{seed}" for seed in range(5, 10) for trial in ("0001", "0000")]
    assert looks == []  # was seen in an earlier call
    for run in todo[:4]:
        reach(run, 20)
    assert named(planned(study, finalists, (5, 10)).todo) == named(todo[4:])


def test_a_finalist_of_which_a_run_has_failed_is_left_out(
    study: StudyFolder, finalists: list[Finalist], reach: Callable[[Run, int], None]
) -> None:
    stages = Stages(study, finalists, (5, 10), lambda _: None)
    for run in stages.next_runs():
        reach(run, 20)
    shutil.rmtree(study.confirmation(1, 3).path)
    assert stages.next_runs() == []
    assert {run.finalist.trial for run in stages.plan.runs} == {0}
    again = Stages(study, finalists, (5, 10), lambda _: None)
    assert named(again.next_runs()) == ["0001-3"]


def test_finalists_are_compared_by_their_looks(study: StudyFolder, finalists: list[Finalist]) -> None:
    assert rules_of(finalists, (5,)).looks is None
    assert rules_of(finalists, (5, 10)).looks == several((5, 10), 1)
    assert several((5,), 1) == once(5)


def test_a_network_has_all_its_runs(
    study: StudyFolder, finalists: list[Finalist], reach: Callable[[Run, int], None]
) -> None:
    runs = planned(study, finalists[:1], (2,)).runs
    for run in runs:
        reach(run, 36 * run.index)
    network = network_of(runs)
    assert list(network.values) == [1.0, 0.9]
    assert network.right is not None
    assert network.right.sum(axis=1).tolist() == [360, 324]


def test_without_a_baseline_and_another_finalist_there_is_one_look(finalists: list[Finalist]) -> None:
    assert sizes_of(finalists, (5, 10)) == (5, 10)
    baseline = [one for one in finalists if one.trial == 0]
    others = [replace(one, trial=number) for number, one in enumerate(finalists, 1)]
    assert baseline
    assert sizes_of(baseline, (5, 10)) == sizes_of(others, (5, 10)) == (5,)
