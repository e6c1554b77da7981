"""The models of the best trials stay, all others go."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from mnist_sweep.driver.kept_models import KeptModels
from mnist_sweep.storage.folders import StudyFolder


class Ranked:
    """As much of what has finished as is asked for: the numbers of the complete trials, the best first."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = list(numbers)

    def ranked(self, beyond: int = 0, most: int | None = None) -> list[int]:
        return self.numbers[beyond:most]


def models(study: StudyFolder) -> set[int]:
    return {number for number in range(6) if study.trial(number).model.exists()}


def make(study: StudyFolder, number: int) -> None:
    study.trial(number).path.mkdir(parents=True, exist_ok=True)
    study.trial(number).model.write_bytes(b"a model")


def test_a_better_trial_drives_out_the_last_of_the_best(tmp_path: Path) -> None:
    study, search = StudyFolder(tmp_path / "study"), Ranked([])
    keeper = KeptModels(cast(Any, search), study, most=2)
    keeper.begin()
    kept = []
    for number, ranking in enumerate([[0], [1, 0], [1, 2, 0], [1, 2, 3, 0], [4, 1, 2, 3, 0]]):
        make(study, number)
        search.numbers = ranking
        keeper.keep_best(number)
        kept.append(models(study))
    assert kept == [{0}, {0, 1}, {1, 2}, {1, 2}, {1, 4}]


def test_what_an_earlier_call_left_is_deleted(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "study")
    for number in range(4):
        make(study, number)
    KeptModels(cast(Any, Ranked([3, 1, 0, 2])), study, most=1).begin()
    assert models(study) == {3}


def test_a_trial_that_failed_leaves_no_model(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "study")
    make(study, 0)
    make(study, 1)
    KeptModels(cast(Any, Ranked([0])), study, most=2).keep_best(1)
    assert models(study) == {0}
