"""Lines for those who ask for them."""

from mnist_sweep.api.printed import Printed
from mnist_sweep.storage.state import TrialState


def test_what_stays_is_printed(capsys) -> None:
    printed = Printed()
    printed.say("a line", style="bold")
    printed.warn("another")
    printed.started(3, {}, 1)
    printed.ended(3, TrialState.PRUNED, "loss 0.5")
    assert capsys.readouterr().out == "a line\nanother\ntrial   3 PRUNED   loss 0.5\n"
