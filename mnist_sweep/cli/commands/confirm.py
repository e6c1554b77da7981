"""`mnist-sweep confirm`: the finalists of a search on fresh seeds, judged by the test images, which are opened here."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from mnist_sweep.cli.requests import confirm_request
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config.composed import Composed
from mnist_sweep.confirm.session import Confirming, confirm
from mnist_sweep.results import confirmation_tables, confirmation_text
from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.results.locate import find_study


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], words: int) -> Table:
    """Returns a table whose first columns are words, the others figures."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < words else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _show(found: Confirmation, screen: Screen) -> None:
    screen.table(_table(confirmation_tables.columns(found), confirmation_tables.table(found), words=1))
    if rows := confirmation_tables.differences(found):
        screen.say("")
        screen.table(_table(confirmation_tables.DIFFERENCES, rows, words=2))
        screen.say(confirmation_tables.WINS, style="dim")
        screen.say("")
    for sentence in confirmation_text.sentences(found):
        screen.say(sentence, wrap=True)


def main(composed: Composed) -> tuple[int, Any]:
    """Chooses and trains the finalists, compares them, registers the winner; exit code 1 if a run failed."""
    request = confirm_request(composed)
    what = Confirming(
        study=find_study(request.runs_folder, request.study),
        confirm=request.confirm,
        runtime=request.runtime,
        tracking=request.tracking,
        runs_folder=request.runs_folder,
        trusted=composed.trusted,
        flags=composed.flags,
        line=composed.line,
        composer=composed.composer,
    )
    screen = Screen()
    return confirm(what, screen, transfer, lambda found: _show(found, screen))[0], None
