"""From the finalists' runs to what is written of them."""

from collections.abc import Callable

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.confirm.conclusion import conclude_study
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.runs import Run
from mnist_sweep.confirm.stages import planned, rules_of
from mnist_sweep.results.confirmation import read_confirmation
from mnist_sweep.results.confirmation_text import HEADING
from mnist_sweep.storage.folders import StudyFolder

pytestmark = pytest.mark.usefixtures("no_report")
LINE = "mnist-sweep confirm dnn-digits"


@pytest.fixture
def composer(hydra_conf: None) -> Composer:
    return Composer(GlobalHydra.instance().config_loader(), "config", [], [])


def test_what_was_found_is_written(
    study: StudyFolder, finalists: list[Finalist], finish: Callable[[Run], None], composer: Composer
) -> None:
    runs = planned(study, finalists, (2,)).runs
    for run in runs:
        finish(run)
    before = study.readme.read_text()
    found, winner = conclude_study(
        study, finalists, planned(study, finalists, (2,)), rules_of(finalists, (2,)), LINE, composer
    )
    assert read_confirmation(study.confirmed) == found
    assert (found.study, found.command, found.baseline, found.seeds, found.test_images) == (
        "dnn-digits", LINE, 0, 2, 360,
    )  # fmt: skip
    for finalist in finalists:
        row = found.of(finalist.trial)
        accuracies = [run.result().value for run in runs if run.finalist is finalist]
        assert row.test_accuracy.values == accuracies
        assert row.promised == finalist.promised
    assert (winner.finalist.trial, winner.index) == (found.recommended, 0)
    assert study.readme.read_text().startswith(before + HEADING)
    content = study.winner.read_text()
    assert content.startswith("# @package _global_\n# The winner of study dnn-digits")
    assert yaml.safe_load(content)["study"]["seed"] == winner.config.seed


def test_the_section_of_the_readme_is_replaced(
    study: StudyFolder, finalists: list[Finalist], finish: Callable[[Run], None], composer: Composer
) -> None:
    study.readme.unlink()
    for run in planned(study, finalists, (2,)).runs:
        finish(run)
    for seeds in (2, 2):
        conclude_study(study, finalists, planned(study, finalists, (seeds,)), rules_of(finalists, (2,)), LINE, composer)
    page = study.readme.read_text()
    assert page.startswith("**dnn-digits**\n")
    assert page.count(HEADING) == 1


def test_a_finalist_that_lacks_a_seed_is_left_out(
    study: StudyFolder, finalists: list[Finalist], finish: Callable[[Run], None], composer: Composer
) -> None:
    runs = planned(study, finalists, (2,)).runs
    with pytest.raises(UserError, match="no finalist of dnn-digits could be trained on all seeds: see their log"):
        conclude_study(study, finalists, planned(study, finalists, (2,)), rules_of(finalists, (2,)), LINE, composer)
    assert not study.confirmed.exists()
    for run in (runs[0], runs[1], runs[2]):  # the baseline lacks the second seed
        finish(run)
    found, _ = conclude_study(
        study, finalists, planned(study, finalists, (2,)), rules_of(finalists, (2,)), LINE, composer
    )
    assert [row.trial for row in found.finalists] == [1]
    assert (found.baseline, found.recommended) == (None, 1)
