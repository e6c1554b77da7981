"""The page of a study, whatever the study is like, and the leaderboard."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from mnist_sweep.cli.main import run
from mnist_sweep.files import read_json
from mnist_sweep.report import read_study, write_report
from mnist_sweep.report.cost_plots import front
from mnist_sweep.storage.folders import StudyFolder

DRY = ["data=digits", "model=dnn", "model.dropout=interval(0.0,0.5)", "task=dry", "tracking=none"]


def sweep(folder: Path, *overrides: str) -> StudyFolder:
    run(["sweep", f"runs_folder={folder}", *DRY, *overrides])
    return StudyFolder(next(path for path in folder.iterdir() if (path / "study.journal").exists()))


def page_of(study: StudyFolder) -> str:
    return study.report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            ["search.n_trials=1"],
            ["Best: trial 0", "nothing better was found", ", SuccessiveHalvingPruner;"],
        ),
        (
            ["search.n_trials=12", "search.metric=[val_accuracy,parameters]"],
            ["accuracy and parameters", ", no pruning;"],
        ),
        (["search.n_trials=12", "search.metric=val_loss", "pruner=none"], ["Importance of the parameters", "val_loss"]),
        (["search.n_trials=6", "optimizer=choice(adam,sgd)", "sampler=random"], ["if optimizer=adam", "optimizer"]),
        (["search.n_trials=9", "model.units=choice([16],[32,16])"], ["[32,16]"]),
    ],
)
def test_every_kind_of_search_has_a_sensible_page(tmp_path: Path, overrides: list[str], said: list[str]) -> None:
    page = page_of(sweep(tmp_path, *overrides))
    for text in said:
        assert text in page
    assert "A dry run" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)


def test_only_failures_have_a_page_with_their_reasons(tmp_path: Path) -> None:
    failing = ["data=digits", "model=dnn", "model.units=[8]", "train.epochs=1", "optimizer.learning_rate=1e30",
               "model.dropout=interval(0.0,0.5)", "search.n_trials=2", "tracking=none"]  # fmt: skip
    assert run(["sweep", f"runs_folder={tmp_path}", *failing]) == 1
    page = page_of(StudyFolder(tmp_path / "dnn-digits"))
    assert "No trial is complete yet" in page
    assert page.count("loss became") + page.count("weights became") == 2


def test_names_and_reasons_are_text_and_not_markup(tmp_path: Path) -> None:
    study = sweep(tmp_path, "search.n_trials=3")
    state = read_json(study.trial(1).state)
    reason = "<script>alert(1)</script>"
    study.trial(1).state.write_text(json.dumps({**state, "state": "FAIL", "values": None, "reason": reason}))
    write_report(read_study(study))
    assert reason not in page_of(study)
    assert "&lt;script&gt;" in page_of(study)


def test_the_page_needs_nothing_besides_itself(runs: Path) -> None:
    page = (runs / "dnn-digits/report.html").read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "<script" not in page
    assert len(page) < 3_000_000


@pytest.mark.slow
def test_a_study_of_many_trials_is_still_a_small_page(tmp_path: Path) -> None:
    study = sweep(tmp_path, "search.n_trials=400", "sampler=random", "pruner=none")
    assert study.report.stat().st_size < 3_000_000
    assert "Curves of all trials" in page_of(study)


def test_trials_that_run_are_shown_as_they_stand(runs: Path, own_runs: Path, capsys) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    study.trial(2).state.unlink()
    assert run(["show", f"runs_folder={own_runs}"]) == 0
    said = capsys.readouterr().out
    assert "Study dnn-digits: 3 complete" in said
    assert "Interrupted, and run again by the next call: trial 2" in said
    assert [trial.state for trial in read_study(study, is_held=True).trials] == [
        "COMPLETE", "COMPLETE", "RUNNING", "COMPLETE"]  # fmt: skip
    values = [float(line.split()[1]) for line in said.splitlines() if line.strip()[:1].isdigit()]
    assert len(values) == 3
    assert values == sorted(values, reverse=True)


def test_studies_are_listed_with_their_best(own_runs: Path, tmp_path: Path, capsys) -> None:
    shutil.copytree(own_runs / "dnn-digits", own_runs / "a second one")
    (own_runs / "train/trials").mkdir(parents=True)
    time.sleep(0.01)
    assert run(["studies", f"runs_folder={own_runs}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    best = read_json(own_runs / "dnn-digits/summary.json")["best"]["value"]
    assert all(f"{best:.4f}" in line and "idle" in line for line in lines[1:])
    (tmp_path / "empty").mkdir()
    assert run(["studies", f"runs_folder={tmp_path / 'empty'}"]) == 2


def test_several_studies_are_shown_next_to_each_other(own_runs: Path, capsys) -> None:
    shutil.copytree(own_runs / "dnn-digits", own_runs / "other")
    assert run(["report", f"runs_folder={own_runs}", "study=[dnn-digits,other]"]) == 0
    page = (own_runs / "compare/dnn-digits_other.html").read_text(encoding="utf-8")
    assert "Best so far" in page
    assert run(["report", f"runs_folder={own_runs}", "study=[dnn-digits,nope]"]) == 2
    assert "study=nope is not in" in capsys.readouterr().err


def test_the_front_is_of_those_that_nothing_beats() -> None:
    points = [(1.0, 0.5), (2.0, 0.4), (3.0, 0.9), (3.0, 0.8), (4.0, 0.9)]
    assert front(points, 1) == [(1.0, 0.5), (3.0, 0.9)]
    assert front(points, -1) == [(1.0, 0.5), (2.0, 0.4)]


def test_the_parameter_that_decides_is_the_most_important(tmp_path: Path) -> None:
    rate = "optimizer.learning_rate=tag(log,interval(1e-5,1e-1))"
    search = ["search.n_trials=60", "sampler=random", "pruner=none", "search=default"]
    study = sweep(tmp_path, *search, rate)
    assert re.search(r"optimizer\.learning_rate \d+% \(\d+% to \d+%\)", page_of(study))


def test_a_report_that_fails_does_not_spoil_the_search(tmp_path: Path, capsys, monkeypatch) -> None:
    def broken(_study: object) -> None:
        raise RuntimeError("no ink")

    monkeypatch.setattr("mnist_sweep.report.page.write_report", broken)
    study = sweep(tmp_path, "search.n_trials=2")
    assert sum(read_json(study.summary)["states"].values()) == 2
    assert "The report could not be made (RuntimeError: no ink)" in capsys.readouterr().err
    assert "no ink" in (study.path / "report.log").read_text()


def test_its_commands_trust_what_the_study_trusts(tmp_path: Path) -> None:
    page = page_of(sweep(tmp_path, "search.n_trials=2", "runtime.allowed_targets=[mine]"))
    assert "mnist-sweep reproduce dnn-digits &#39;runtime.allowed_targets=[mine]&#39;" in page


def test_what_nodes_have_done_is_shown_where_there_were_some(own_runs: Path) -> None:
    study = StudyFolder(own_runs / "dnn-digits")
    assert 'id="nodes"' not in write_report(read_study(study)).read_text()
    nodes = [{"name": "a", "trials": 3, "busy": 0.456, "joined": 2, "lost": 1}]
    study.summary.write_text(json.dumps({**read_json(study.summary), "nodes": nodes}))
    page = write_report(read_study(study)).read_text()
    cells = "".join(f'<td class="number">{one}</td>' for one in ("3", "46%", "2", "1"))
    assert f'<tr><th scope="row">a</th>{cells}</tr>' in page
