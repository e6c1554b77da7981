"""The pictures of a study's page: which there are, and that they are in the page itself."""

from pathlib import Path

from mnist_sweep.report import pictures
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder


def test_the_best_trials_own_figures_are_shown_where_they_are(runs: Path, own_runs: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    found = pictures.winner(study)
    number = study.best.number
    assert [one["title"] for one in found] == [
        f"{title} of trial {number}" for title in ("Curves", "Confusion matrix", "Mistakes")
    ]
    assert all(one["url"].startswith("data:image/png;base64,") for one in found)
    own = StudyFolder(own_runs / "dnn-digits")
    (own.trial(number).figures / "curves.png").unlink()
    assert len(pictures.winner(read_study(own))) == 2


def test_every_figure_is_told_of_before_it_is_drawn(runs: Path) -> None:
    told: list[str] = []
    found = pictures.figures(read_study(StudyFolder(runs / "dnn-digits")), told.append)
    assert told == ["importances", *["drawing"] * len(found)]
    assert {one["kind"] for one in found} == {"vector"}
    assert len(found) >= 5


def test_without_hard_images_there_is_no_picture_of_them(own_runs: Path) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    assert len(pictures.hardest(read_study(study))) == study.hardest.is_file()
    study.hardest.unlink(missing_ok=True)
    assert pictures.hardest(read_study(study)) == []
