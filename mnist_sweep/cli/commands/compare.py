"""`mnist-sweep compare A B ...`: what differs between trials, what each reaches, and on which images."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from mnist_sweep.cli.requests import CompareRequest, compare_request
from mnist_sweep.cli.screen import Screen, transfer
from mnist_sweep.config import Split, UserError
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.reproduce.verdict import read_run
from mnist_sweep.results.locate import find_study, find_trial
from mnist_sweep.results.recorded import RecordedTrial, check_data, read_recorded
from mnist_sweep.results.slice_text import slice_rows
from mnist_sweep.results.slices import by_slice
from mnist_sweep.results.statistics import mcnemar, shown_p
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.tasks.data import prepare
from mnist_sweep.tasks.image_classifier import data

SHOWN = ("val_accuracy", "best_val_accuracy", "best_epoch", "epochs", "val_loss", "accuracy", "parameters",
         "training_seconds")  # fmt: skip
RUN_ID = 32  # characters


def _find(name: str, request: CompareRequest) -> RecordedTrial:
    """Returns a trial by STUDY (its best), STUDY/TRIAL, a trial's folder, or an MLflow run id."""
    if (Path(name) / "history.csv").is_file():
        *_, study_name, kind, number = Path(name).absolute().parts
        title = (
            f"{study_name}/{int(number)}"
            if kind == "trials" and re.fullmatch("[0-9]+", number)
            else f"{study_name}/{kind}/{number}"
        )
        return read_recorded(TrialFolder(Path(name)), title, request.trusted)
    if len(name) == RUN_ID and name.isalnum() and not (request.runs_folder / name).is_dir():
        return read_run(name, request.runs_folder, request.tracking, request.trusted)
    study_name, _, trial = name.partition("/")
    if trial and not re.fullmatch("[0-9]+", trial):
        raise UserError(f"{name} must be STUDY, STUDY/TRIAL, a trial's folder or an MLflow run id")
    study = find_study(request.runs_folder, study_name)
    folder = find_trial(study, int(trial) if trial else None)
    return read_recorded(folder, f"{study.name}/{int(folder.path.name)}", request.trusted)


def _check_images(trials: list[RecordedTrial]) -> None:
    """Raises UserError where they were not validated on the same images."""
    first = trials[0]
    for other in trials:
        if other.predictions is None:
            raise UserError(f"{other.name} can't be compared: it has no predictions.npz")
        assert first.predictions is not None
        if _split(other) != _split(first) or not np.array_equal(other.predictions.labels, first.predictions.labels):
            raise UserError(f"{first.name} and {other.name} can't be compared: they were validated on other images")


def _split(trial: RecordedTrial) -> Split | None:
    """Returns how its validation images were set apart; where the file of their groups lies does not matter."""
    return replace(trial.config.data.split, groups=None) if isinstance(trial.config, ImageClassifierConfig) else None


def _table(title: str, trials: list[RecordedTrial], rows: list[tuple[str, list[str]]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(title, no_wrap=True)
    for trial in trials:
        table.add_column(trial.name, justify="right", overflow="fold")
    for name, values in rows:
        table.add_row(name, *values)
    return table


def _differences(trials: list[RecordedTrial]) -> list[tuple[str, list[str]]]:
    flat = [flatten(trial.config.plain()) for trial in trials]
    keys = dict.fromkeys(key for one in flat for key in one)
    rows = [(key, [_text(one.get(key)) for one in flat]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _metric(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("parameters", "epochs", "best_epoch"):
        return f"{int(value):,}"
    return f"{value:.1f}" if name == "training_seconds" else f"{value:.4f}"


def main(composed: Composed) -> tuple[int, Any]:
    """Shows tables on the terminal, and draws a gallery for each of the others next to the first."""
    request = compare_request(composed)
    trials = [_find(name, request) for name in request.trials]
    screen = Screen()
    has_images = any(trial.predictions is not None for trial in trials)
    if has_images:
        _check_images(trials)
    names = SHOWN if has_images else tuple(dict.fromkeys(name for trial in trials for name in trial.metrics))
    for table in (
        _table("configuration", trials, _differences(trials) or [("(the same)", ["" for _ in trials])]),
        _table("metric", trials, [(n, [_metric(n, t.metrics.get(n)) for t in trials]) for n in names]),
    ):
        screen.table(table)
        screen.say("")
    if not has_images:
        screen.say("They have no predictions, so there are no images to compare")
        return 0, None
    first = trials[0]
    description = prepare(first.config, screen.say, transfer=transfer)
    check_data(first.environment.data.digests, description, first.name)
    assert isinstance(first.config, ImageClassifierConfig)  # it has predictions
    found_slices = [by_slice([trial.predictions], description.class_names) for trial in trials if trial.predictions]
    screen.table(
        _table("wrong", trials, [(f"{name} ({count})", cells) for name, count, *cells in slice_rows(found_slices)])
    )
    screen.say("")
    images = data.validation_images(first.config.data, description.digests)
    from mnist_sweep.tasks.image_classifier.figures.style import save
    from mnist_sweep.tasks.image_classifier.figures.versus import versus_gallery

    for other in trials[1:]:
        assert first.predictions is not None
        assert other.predictions is not None
        found = mcnemar(first.predictions.right, other.predictions.right)
        screen.say(
            f"Of {len(images):,} images only {first.name} gets {found.only_first} right, only {other.name} "
            f"{found.only_second} (McNemar, p {shown_p(found.p)}: of two single networks)", wrap=True
        )  # fmt: skip
        pair = (first.predictions.predicted, other.predictions.predicted)
        labels, names = first.predictions.labels, (first.name, other.name)
        figure = versus_gallery(images, labels, pair, names, description.class_names)
        file = request.output / f"{_file(first.name)}_{_file(other.name)}.png"
        save(figure, file)
        screen.say(f"Both kinds of images: {shortest(file)}")
    return 0, None


def _file(name: str) -> str:
    """Returns a name without characters that a file name can't have."""
    return "-".join(part for part in Path(name).parts if part not in ("/", ".", ".."))
