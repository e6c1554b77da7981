"""`mnist-sweep ensemble`: what the mean of a study's best networks gets right on the validation images."""

from typing import Any

from rich.table import Table

from mnist_sweep.cli.requests import ensemble_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config.composed import Composed
from mnist_sweep.results.ensemble import ensemble
from mnist_sweep.results.locate import find_study
from mnist_sweep.results.statistics import shown_p
from mnist_sweep.results.study import read_study


def main(composed: Composed) -> tuple[int, Any]:
    """Shows the accuracy of each member and of the ensemble; reads the stored predictions, and trains nothing."""
    request, screen = ensemble_request(composed), Screen()
    study = read_study(find_study(request.runs_folder, request.study))
    found = ensemble(study, request.top_k)
    table = Table(box=None, pad_edge=False)
    table.add_column("network")
    table.add_column("validation accuracy", justify="right")
    for member in found.members:
        table.add_row(f"trial {member.trial}", f"{member.accuracy:.4f}")
    table.add_row(f"the mean of these {len(found.members)}", f"{found.accuracy:.4f}", style="bold")
    screen.table(table)
    pair = found.against_best
    screen.say(
        f"Of {found.images:,} validation images only the ensemble gets {pair.only_first} right, only its best member "
        f"{pair.only_second} (McNemar, p {shown_p(pair.p)})",
        wrap=True,
    )
    screen.say("The members were chosen by these images, so all of these accuracies are flattered; the test images "
               "stay closed: confirm opens them, for single networks", wrap=True)  # fmt: skip
    return 0, None
