"""The tables and sentences of a study's page, as data."""

import json
from pathlib import Path

from mnist_sweep.report import sections
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.folders import StudyFolder


def test_the_answer_is_the_best_beside_the_baseline(runs: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    best = study.best
    assert best is not None
    found = sections.answer(study, None)
    assert found["best"] == f"trial {best.number}, best_val_accuracy {best.values[0]:.4f}"
    assert (found["noise"], found["sentences"]) == (None, [])
    assert found["command"].startswith("mnist-sweep train")
    assert sections.counts(study) == "4 complete"


def test_a_row_has_every_override_on_a_line(runs: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    first = sections.row(study, study.trials[1])
    assert [line.partition("=")[0] for line in first["overrides"].splitlines()] == list(study.trials[1].overrides)
    assert sections.row(study, study.trials[0])["overrides"] == "the base configuration"


def test_errors_by_slice_are_of_the_best_until_it_is_confirmed(runs: Path, own_runs: Path) -> None:
    study = read_study(StudyFolder(runs / "dnn-digits"))
    [table] = sections.slices(study)
    assert (
        table["title"] == f"Errors of trial {study.best.number} on the validation images by slice, with 95% intervals"
    )
    assert len(table["rows"]) == 10
    folder = StudyFolder(own_runs / "dnn-digits")
    folder.trial(study.best.number).predictions.unlink()
    assert sections.slices(read_study(folder)) == []


def test_the_nodes_of_a_cluster_and_their_classes_are_counted(own_runs: Path) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    for number, node in enumerate(("a", "b", "b", None)):
        file = study.trial(number).environment
        found = json.loads(file.read_text())
        file.write_text(json.dumps({**found, "machine_class": "abc", **({"node": node} if node else {})}))
    rows = dict(sections.environment(read_study(study)))
    assert rows["nodes"] == "a: 1 trial, b: 2 trials"
    assert rows["machine classes"] == "abc: 4 trials"
