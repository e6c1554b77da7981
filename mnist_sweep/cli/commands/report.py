"""`mnist-sweep report`: a study as one page, or several studies next to each other."""

from typing import Any

from rich.progress import Progress

from mnist_sweep.cli.requests import report_request
from mnist_sweep.cli.screen import Screen
from mnist_sweep.config import UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.report import read_study, write_comparison, write_report
from mnist_sweep.results.locate import find_study
from mnist_sweep.storage.lock import is_held


def main(composed: Composed) -> tuple[int, Any]:
    """Writes the report from the folders alone; a study that is running is shown as it stands."""
    request = report_request(composed)
    folders = [find_study(request.runs_folder, name) for name in request.studies]
    screen = Screen()
    name = f"{'_'.join(folder.name for folder in folders)}.html"
    with Progress(console=screen.console, transient=True, disable=not screen.console.is_terminal) as progress:
        task = progress.add_task("reading", total=None)
        studies = [read_study(folder, is_held(folder)) for folder in folders]
        if len(studies) == 1:
            file = request.folder(folders[0].path) / (name if request.output else folders[0].report.name)
            write_report(studies[0], lambda what: progress.update(task, description=what), file)
        else:
            if len({(study.metric, study.directions[0]) for study in studies}) > 1:
                metrics = ", ".join(f"{study.name}: {study.metric}" for study in studies)
                raise UserError(f"study must be of studies with the same search.metric, got {metrics}")
            file = write_comparison(studies, request.folder(request.runs_folder / "compare") / name)
    screen.say(f"Report: {shortest(file)}")
    return 0, None
