"""The shell completes commands, and Hydra completes what is behind them."""

import pytest

from mnist_sweep.cli.completion import rewrite

COMMANDS = ["sweep", "plan", "train", "reproduce", "data", "ui"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("mnist-sweep ", "sweep plan train reproduce data ui"),
        ("mnist-sweep", "sweep plan train reproduce data ui"),
        ("mnist-sweep s", "sweep"),
        ("mnist-sweep tr", "train"),
        ("mnist-sweep train", "train"),
        ("mnist-sweep zz", ""),
    ],
)
def test_the_command_itself_is_completed(line, answer, monkeypatch, capsys):
    monkeypatch.setenv("COMP_LINE", line)
    assert rewrite(["-sc", "query=bash"], COMMANDS) == (["-sc", "query=bash"], True)
    assert capsys.readouterr().out.strip() == answer


def test_fish_wants_a_line_for_each(monkeypatch, capsys):
    monkeypatch.setenv("COMP_LINE", "mnist-sweep ")
    rewrite(["-sc", "query=fish"], COMMANDS)
    assert capsys.readouterr().out.splitlines() == COMMANDS


@pytest.mark.parametrize(
    ("line", "rewritten"),
    [
        ("mnist-sweep train mod", "mnist-sweep mod"),
        ("mnist-sweep train ", "mnist-sweep "),
        ("mnist-sweep  sweep  model=cnn opt", "mnist-sweep  model=cnn opt"),
        ("/usr/bin/train train a=", "/usr/bin/train a="),
    ],
)
def test_hydra_sees_a_line_without_the_command(line, rewritten, monkeypatch, capsys):
    import os

    monkeypatch.setenv("COMP_LINE", line)
    arguments, answered = rewrite(["-sc", "query=bash"], COMMANDS)
    assert not answered
    assert arguments[1:] == ["-sc", "query=bash"]
    assert arguments[0] in COMMANDS
    assert arguments[0] in line.split()
    assert os.environ["COMP_LINE"] == rewritten
    assert capsys.readouterr().out == ""


def test_what_is_no_command_is_left_alone(monkeypatch):
    monkeypatch.setenv("COMP_LINE", "mnist-sweep frob model")
    assert rewrite(["-sc", "query=bash"], COMMANDS) == (["-sc", "query=bash"], False)


def test_without_a_line_to_complete_nothing_is_done(monkeypatch):
    monkeypatch.delenv("COMP_LINE", raising=False)
    assert rewrite(["-sc", "install=bash"], COMMANDS) == (["-sc", "install=bash"], False)
