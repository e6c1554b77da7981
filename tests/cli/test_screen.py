import pytest

from mnist_sweep.cli.screen import Screen
from mnist_sweep.execution.executor import NodeStatus
from mnist_sweep.formatting import duration, short
from mnist_sweep.storage.state import TrialState


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (7384, "2 h 03 min"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({}, "the base configuration"),
        ({"model.filters_1": "32", "optimizer": "sgd"}, "filters_1=32 optimizer=sgd"),
        ({"optimizer.learning_rate": "0.0012345678", "model.units": "[8,8]"}, "learning_rate=0.001235 units=[8,8]"),
        ({"model.width": "-3"}, "width=-3"),
    ],
)
def test_overrides_are_cut_to_what_matters(overrides: dict[str, str], text: str) -> None:
    assert short(overrides) == text


def test_without_a_terminal_there_are_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen("study", "val_accuracy", total=2, workers=1)
    with screen.live():
        screen.started(0, {"model.units": "[8]"}, epochs=2)
        screen.epoch(0, {"epoch": 1, "val_accuracy": 0.5, "loss": 1.0})
        screen.ended(0, TrialState.PRUNED, "best_val_accuracy 0.5000 after epoch 1")
        screen.warn("tracking is behind")
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "trial 0 started: units=[8]",
        "trial 0 epoch 1/2: val_accuracy 0.5000",
        "trial   0 PRUNED   best_val_accuracy 0.5000 after epoch 1 in 0 s",
    ]
    assert err == "tracking is behind\n"
    assert "\x1b" not in out


def test_the_time_left_is_shared_by_the_workers() -> None:
    screen = Screen("study", "val_accuracy", total=10, workers=2)
    assert screen.time_left() is None
    for number in range(2):
        screen.started(number, {}, 1)
        screen.ended(number, TrialState.COMPLETE, "")
    screen.seconds = [30.0, 30.0]
    assert screen.time_left() == 30.0 * 8 / 2


def test_the_nodes_of_a_cluster_are_shown_and_who_runs_what(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen("study", "val_accuracy", total=10, workers=1)
    screen.started(3, {}, 1)
    screen.placed(3, "node-b")
    screen.nodes([NodeStatus("node-a", 2, (), 0.5, 1, "x"), NodeStatus("node-b", 2, (3,), 0.25, 0, "x")])
    assert screen.workers == 4
    assert "trial 3 runs on node-b" in capsys.readouterr().out
    screen.console.print(screen._render())
    shown = capsys.readouterr().out
    assert "node-a (2 slots, 1 ended, busy 50%)" in shown
    assert "node-b (2 slots, runs 3, 0 ended" in shown
