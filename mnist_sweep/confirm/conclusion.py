"""From the runs of the finalists to confirmed.json, winner.yaml and the study's README.md."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.confirm.finalists import BASELINE, Finalist
from mnist_sweep.confirm.runs import Run
from mnist_sweep.confirm.stages import Plan
from mnist_sweep.confirm.winner import write_winner
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.report import refresh_report
from mnist_sweep.results.comparison import Measure, Runs, conclude
from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.results.confirmation_text import CONFIRMED, HEADING, markdown
from mnist_sweep.results.drawn import random_search
from mnist_sweep.results.judgement import Rules
from mnist_sweep.results.selection_noise import selection_noise
from mnist_sweep.results.slices import by_slice
from mnist_sweep.results.study import read_study
from mnist_sweep.storage.environment import check_environment
from mnist_sweep.storage.folders import StudyFolder


def _results(finalist: Finalist, runs: Sequence[Run]) -> Runs:
    names = check_environment(runs[0].folder.environment).data.class_names
    results = [run.result() for run in runs]
    predictions = [result.predictions for result in results if result.predictions]
    return Runs(
        promised=finalist.promised,
        validation_images=finalist.validation_images,
        epochs=finalist.epochs,
        parameters=results[0].parameters,
        seconds=sum(result.seconds for result in results) / len(results),
        accuracies=[result.value for result in results],
        right=np.stack([one.right for one in predictions]) if predictions else None,
        slices=by_slice(predictions, names) if predictions else [],
    )


def _groups(runs: Sequence[Run]) -> NDArray[np.int64] | None:
    """Returns the group of each test image, where all runs know it."""
    found = [predictions.groups if (predictions := run.result().predictions) else None for run in runs]
    return found[0].group.numbers if found and all(found) and found[0] else None


def conclude_study(
    study: StudyFolder, finalists: Sequence[Finalist], plan: Plan, rules: Rules, line: str, composer: Composer
) -> tuple[Confirmation, Run]:
    """Compares the finalists that are trained on all seeds, and writes what was found into the study's folder.

    Args:
        study: The study.
        finalists: Its finalists.
        plan: All their runs, and the looks.
        rules: How they are compared.
        line: The command line.
        composer: Knows the config groups, for winner.yaml.

    Returns:
        The figures, and the first run of the recommended finalist.

    Raises:
        UserError: No finalist could be trained on all seeds.
    """
    results = {}
    for finalist in finalists:
        own = [run for run in plan.runs if run.finalist.trial == finalist.trial]
        if own and all(run.is_done for run in own):
            results[finalist.trial] = _results(finalist, own)
    if not results:
        raise UserError(f"no finalist of {study.name} could be trained on all seeds: see their log.txt in "
                        f"{shortest(study.path / 'confirm')}")  # fmt: skip
    first = finalists[0]
    searched = read_study(study)
    noise = selection_noise(searched) if first.has_test_set else None
    rules = replace(rules, groups=_groups([run for run in plan.runs if run.finalist.trial in results]))
    measure = Measure(first.measure, first.metric.sign)
    found = conclude(results, BASELINE if BASELINE in results else None, study.name, line, measure, rules, plan.looks,
                     noise.curse if noise else None, random_search(searched))  # fmt: skip
    found.write(study.confirmed)
    page = (
        study.readme.read_text(encoding="utf-8", errors="replace") if study.readme.is_file() else f"**{study.name}**\n"
    )
    files.write_text(study.readme, page.partition(HEADING)[0].partition(CONFIRMED)[0] + markdown(found))
    winner = next(run for run in plan.runs if run.finalist.trial == found.recommended)
    write_winner(study, found, winner.folder, winner.finalist, composer)
    refresh_report(study)
    return found, winner
