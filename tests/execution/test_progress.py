"""The listener that shows nothing answers to the whole protocol."""

import inspect

from mnist_sweep.execution.executor import NodeStatus
from mnist_sweep.execution.progress import Progress, Silent, nodes_in_words


def test_silence_has_every_method_with_the_same_parameters() -> None:
    methods = {name: member for name, member in vars(Progress).items() if inspect.isfunction(member)}
    public = {name: member for name, member in methods.items() if not name.startswith("_")}
    assert len(public) > 5
    for name, member in public.items():
        assert inspect.signature(getattr(Silent, name)) == inspect.signature(member), name


def test_silence_says_nothing(capsys) -> None:
    silent: Progress = Silent()
    with silent.live(), silent.status("waiting"):
        silent.say("a line")
        silent.warn("another")
        silent.started(1, {"train.epochs": "2"}, 2)
        silent.epoch(1, {"epoch": 1.0})
        silent.dropped(1)
    assert silent.best == silent.note == ""
    assert capsys.readouterr() == ("", "")


def test_nodes_in_words() -> None:
    nodes = [NodeStatus("a", 2, (4, 7), 0.914, 12, "x"), NodeStatus("b", 0, (), 0.5, 3, "x")]
    assert nodes_in_words(nodes) == "Nodes: a (2 slots, runs 4, 7, 12 ended, busy 91%), b (gone, 3 ended, busy 50%)"
