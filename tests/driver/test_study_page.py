"""The README.md of a study."""

from collections.abc import Callable

import pytest

from mnist_sweep.driver.loop import Sweep, run_sweep
from mnist_sweep.driver.plan import Plan
from mnist_sweep.driver.study_page import LEADERS, found_by, study_page
from mnist_sweep.execution import InlineExecutor
from mnist_sweep.results.pruning import Pruning, sentence
from mnist_sweep.results.selection_noise import SelectionNoise

pytestmark = pytest.mark.usefixtures("no_report")


def table(page: str) -> list[list[str]]:
    """The rows of the leaderboard."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"][2:]


def test_a_study_without_a_result_says_so(planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]) -> None:
    page = study_page(found_by(swept(planned()).files))
    assert page.startswith("**No trial is complete yet**; 0 complete, 0 pruned, 0 failed.\n")
    assert table(page) == []
    assert "mnist-sweep" not in page


def test_the_best_trials_are_ranked(planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]) -> None:
    sweep = swept(planned(f"search.n_trials={LEADERS + 2}", "study.name='my study'", "search.metric=val_accuracy"))
    run_sweep(sweep, InlineExecutor())
    page = study_page(found_by(sweep.files))
    rows = table(page)
    assert [int(row[0]) for row in rows] == sweep.search.finished.ranked()[:LEADERS]
    best = sweep.search.finished.best()
    assert best is not None
    assert best.values is not None
    assert rows[0][1] == f"{best.values[0]:.4f}"
    assert page.startswith(f"**Best: trial {best.number}, val_accuracy {best.values[0]:.4f} (the baseline, trial 0: ")
    assert f"{LEADERS + 2} complete, 0 pruned, 0 failed." in page
    assert "A dry run: nothing was trained" in page
    assert f"```\n{sweep.plan.command(best.overrides)}\nmnist-sweep reproduce 'my study'\n```" in page
    assert "Report:" not in page


def test_the_report_and_the_pruners_record_are_told(
    planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]
) -> None:
    files = swept(planned()).files
    files.folder.report.touch()
    files.pruning = Pruning(pruned=3, audited=1, wrong=0, best_audited=0.5, seconds_saved=65.0)
    page = study_page(found_by(files))
    assert f"Report: {files.folder.report}" in page
    assert sentence(files.pruning) in page


def test_trials_that_are_like_the_best_are_marked(planned: Callable[..., Plan], swept: Callable[[Plan], Sweep]) -> None:
    sweep = swept(planned("search.n_trials=3", "search.metric=val_accuracy"))
    run_sweep(sweep, InlineExecutor())
    best, second, third = sweep.search.finished.ranked()
    assert [row[0] for row in table(study_page(found_by(sweep.files)))] == [f"{best}", f"{second}", f"{third}"]
    sweep.files.noise = SelectionNoise((second,), 0.0012, 3)
    page = study_page(found_by(sweep.files))
    assert [row[0] for row in table(page)] == [f"{best}", f"{second} ≈", f"{third}"]
    assert f"≈ can't be told from the best on these validation images: trial {second} (" in page
