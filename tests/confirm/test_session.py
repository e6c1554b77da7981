"""A confirmation needs a search in which something was trained."""

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.session import _check, _warn_of_few_seeds
from mnist_sweep.confirm.stages import Stages
from mnist_sweep.execution.progress import Progress
from mnist_sweep.files import write_yaml
from mnist_sweep.storage.folders import StudyFolder


def test_single_trials_and_dry_runs_have_nothing_to_confirm(tmp_path) -> None:
    study = StudyFolder(tmp_path / "one")
    study.path.mkdir()
    with pytest.raises(UserError, match="study=one holds single trials: only a search has finalists to confirm"):
        _check(study)
    write_yaml(study.config, {"task": {"_target_": "mnist_sweep.tasks.Dry"}})
    with pytest.raises(UserError, match="a dry run: nothing was trained"):
        _check(study)
    write_yaml(study.config, {})
    _check(study)


class Kept(Progress):
    """Keeps its warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [((2,), "With 2 seeds no finalist"), ((3, 4), "With 3 and 4 seeds no finalist"), ((4,), None), ((5, 10), None)],
)
def test_too_few_seeds_are_said_before_they_are_trained(
    study: StudyFolder, finalists: list[Finalist], sizes: tuple[int, ...], said: str | None
) -> None:
    screen = Kept()
    _warn_of_few_seeds(Stages(study, finalists, sizes, lambda _: None), screen)
    assert len(screen.warnings) == (said is not None)
    assert all(one.startswith(str(said)) for one in screen.warnings)
