from pathlib import Path

import pytest

from mnist_sweep.cli.commands.plan import combinations
from mnist_sweep.cli.main import run
from mnist_sweep.config.domains import Choice, Range
from mnist_sweep.config.space import Parameter


def test_a_plan_builds_the_smallest_and_the_largest_network_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """784 inputs, u hidden units, 10 classes: 785 u + 11 u + 10 - u = 795 u + 10 parameters."""
    monkeypatch.chdir(tmp_path)
    command = ["plan", "data=digits", "model=dnn", "model.units=choice([4],[8],[100])", "model.dropout=0.0",
               "search.n_trials=7", "train.epochs=1"]  # fmt: skip
    assert run(command) == 0
    out = capsys.readouterr().out
    rows = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "795,010" in rows["base (trial 0)"]
    assert f"{795 * 4 + 10:,}" in rows["smallest"]
    assert f"{795 * 100 + 10:,}" in rows["largest"]
    assert "7 trials" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_network_that_does_not_fit_into_memory_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """784 million parameters are 3.1 GB; sixteen times as many are one array that no machine of ours has."""
    base = ["data=digits", "model=dnn", "model.dropout=0.0", f"runs_folder={tmp_path}", "tracking=none"]
    assert run(["plan", *base, "model.units=choice([4],[16000000000])"]) == 2
    assert "networks that don't fit into memory" in capsys.readouterr().err
    assert run(["sweep", *base, "model.units=choice([4],[1000000])", "runtime.memory_limit=2GB"]) == 2
    error = capsys.readouterr().err
    assert "networks that don't fit into memory: a trial may have 2.0 GB" in error
    assert error.count("\n") == 1
    assert run(["plan", *base, "model.units=choice([4],[8])", "runtime.memory_limit=0.3GB"]) == 2
    assert "memory_limit" in capsys.readouterr().err
    assert run(["plan", *base, "model.units=choice([4],[8])", "runtime.workers=1000", "search.n_trials=1000"]) == 2
    assert "use runtime.workers=" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_can_not_be_built_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["plan", "data=digits", "model.padding_1=valid", "model.kernel_size_1=29", f"runs_folder={tmp_path}"])
    assert code == 2
    assert capsys.readouterr().err.startswith("error: model.kernel_size_1 must be at most 28")


def test_combinations_are_counted() -> None:
    choice = Parameter("a", Choice((1, 2, 3), ("1", "2", "3")))
    steps = Parameter("b", Range(200, 1000, 200, log=False))
    assert combinations([choice, steps]) == 15
    assert combinations([choice, Parameter("c", Range(0.0, 1.0, None, log=False))]) == float("inf")


def test_a_sweep_whose_highest_ends_do_not_go_together_tries_its_true_largest_network(tmp_path, capsys):
    # Two pools of 14 leave nothing of 28x28 pixels; the largest network has none.
    command = ["sweep", "data=digits", "model=cnn", "search=default", "search.n_trials=1", "train.epochs=1",
               "tracking=none", "model.filters_1=2", "model.filters_2=2", "model.kernel_size_1=3",
               "model.padding_1=same", "model.padding_2=same", "model.dense_units=8",
               "model.pool_size_1=choice(1,14)", "model.pool_size_2=choice(1,14)",
               f"runs_folder={tmp_path}"]  # fmt: skip
    assert run(command) == 0
    parameters = (9 * 2 + 2) + (2 * 9 * 2 + 2) + (28 * 28 * 2 * 8 + 8) + (8 * 10 + 10)
    assert f"Networks of up to {parameters:,} parameters" in capsys.readouterr().out


def test_a_plan_is_refused_as_the_search_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["data=digits", "model=dnn", "task=dry", "tracking=none", "search.n_trials=1"]
    assert run(["sweep", *command]) == 0
    assert run(["plan", *command]) == 0
    capsys.readouterr()
    for name in ("plan", "sweep"):
        assert run([name, *command, "sampler=random"]) == 2
        assert "study dnn-digits was begun with another configuration" in capsys.readouterr().err
