"""A confirmation from the finalists to the champion: what `mnist-sweep confirm` and `Study.confirm` do."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnist_sweep import files
from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.config.runtime_settings import RuntimeConfig
from mnist_sweep.config.settings import ConfirmConfig, TrackingConfig
from mnist_sweep.confirm.conclusion import conclude_study
from mnist_sweep.confirm.finalists import BASELINE, choose
from mnist_sweep.confirm.stages import Stages, looks_of, rules_of, sizes_of
from mnist_sweep.confirm.training import ConfirmRuns, train, warn_of_classes
from mnist_sweep.confirm.winner import register_winner
from mnist_sweep.execution.jobs import shortest, workers
from mnist_sweep.execution.progress import Progress, Scope
from mnist_sweep.execution.ready import check_ready
from mnist_sweep.formatting import duration
from mnist_sweep.results.confirmation import Confirmation, read_confirmation
from mnist_sweep.results.confirmation_text import looked
from mnist_sweep.results.permutations import once, smallest_p
from mnist_sweep.results.recorded import check_trained
from mnist_sweep.results.statistics import LEVEL
from mnist_sweep.results.stopping import expected_runs
from mnist_sweep.storage.copies import settle_in
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.lock import locked
from mnist_sweep.storage.state import TrialState
from mnist_sweep.storage.test_set_log import openings
from mnist_sweep.tasks.data import Transfer
from mnist_sweep.tracking import Tracker, as_before
from mnist_sweep.tracking.run_recorder import RunRecorder


@dataclass(frozen=True)
class Confirming:
    """What is confirmed, and how.

    Attributes:
        study: The study.
        confirm: How many finalists, on how many seeds.
        runtime: Where the runs run.
        tracking: Where MLflow is.
        runs_folder: Where the embedded MLflow store lies.
        trusted: The modules whose functions a configuration may name.
        flags: The arguments that say where the configuration lies.
        line: The command line.
        composer: Knows the config groups, for winner.yaml.
    """

    study: StudyFolder
    confirm: ConfirmConfig
    runtime: RuntimeConfig
    tracking: TrackingConfig
    runs_folder: Path
    trusted: list[str]
    flags: Sequence[str]
    line: str
    composer: Composer


def _check(study: StudyFolder) -> None:
    """Raises UserError for a study that is no search, or in which nothing was trained."""
    if not study.config.is_file():
        raise UserError(f"study={study.name} holds single trials: only a search has finalists to confirm")
    check_trained(study)


def _intro(study: StudyFolder, stages: Stages, at_once: int, screen: Progress) -> None:
    """Says what will be trained, and how long it may take."""
    finalists, sizes = stages.finalists, stages.sizes
    names = ", ".join("0 (the baseline)" if one.trial == BASELINE else str(one.trial) for one in finalists)
    images = " and all training images" if finalists[0].has_test_set else ""
    seeds = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    screen.say(f"Study {study.name}: trials {names}, each on {seeds} fresh seeds{images}", wrap=True)
    done = sum(run.is_done for run in stages.plan.runs)
    each = sum(one.seconds for one in finalists) / len(finalists) / at_once
    if len(sizes) > 1 and stages.plan.todo:
        looks = f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
        screen.say(f"Looks after {looks} seeds: who is told from the baseline, or hopeless, gets no more", wrap=True)
        expected = expected_runs(looks_of(finalists, sizes), len(finalists) - 1)
        most = len(finalists) * sizes[-1]
        longest, likely = _time(most * each), _time(expected * each)
        screen.say(f"At most {most} runs{longest}; about {expected:.0f} are expected{likely}")
    elif stages.plan.todo:
        screen.say(f"{len(finalists) * sizes[0]} runs{_time(len(finalists) * sizes[0] * each)}")
    _warn_of_few_seeds(stages, screen)
    if done:
        of = "" if len(sizes) > 1 else f" of {len(stages.plan.runs)}"
        screen.say(f"Going on: {done}{of} runs have ended before")
    for seen in stages.plan.looks:
        screen.say(looked(seen.seeds, seen.standings))


def _warn_of_few_seeds(stages: Stages, screen: Progress) -> None:
    """Warns where no difference could be significant, before anything is trained for it."""
    finalists, sizes = stages.finalists, stages.sizes
    others = len(finalists) - 1
    if not others or not stages.plan.todo:
        return
    least = smallest_p(rules_of(finalists, sizes).looks or once(sizes[0]), others)
    if least > LEVEL:
        screen.warn(f"With {' and '.join(map(str, sizes))} seeds no finalist can be told from the others, however "
                    f"different they are: p is at least {least:.2f}; give more seeds")  # fmt: skip


def _time(seconds: float) -> str:
    """Returns it in words; nothing where it does not matter."""
    return f", some {duration(seconds)}" if seconds >= 1 else ""


def _warn_of_other_looks(study: StudyFolder, sizes: Sequence[int], screen: Progress) -> None:
    """Warns where finalists were judged after other numbers of seeds before: each judgement has its own error."""
    before = read_confirmation(study.confirmed)
    if before is None or sizes[-1] <= before.seeds or list(sizes) == (before.planned_looks or [before.seeds]):
        return
    looks = ", ".join(map(str, before.planned_looks or [before.seeds]))
    screen.warn(f"This study was judged before, after {looks} seeds. A test that is repeated with more seeds is wrong "
                "more often: the two together call a false winner in up to 10% of studies, not 5%")  # fmt: skip


def confirm(
    what: Confirming, screen: Progress, transfer: Transfer, show: Callable[[Confirmation], None]
) -> tuple[int, Confirmation | None]:
    """Chooses and trains the finalists, compares them, and registers the winner.

    Args:
        what: What is confirmed, and how.
        screen: Shows what happens.
        transfer: Shows a download.
        show: Shows the figures.

    Returns:
        The exit code, 1 if a run failed, and the figures; none where it was interrupted.

    Raises:
        UserError: Nothing can be confirmed.
    """
    began = time.monotonic()
    study, runtime, runs_folder = what.study, what.runtime, what.runs_folder
    _check(study)
    tracking = as_before(what.tracking, study)
    with locked(study):
        finalists = choose(study, what.confirm.top_k, what.trusted)
        sizes = sizes_of(finalists, what.confirm.looks)
        stages = Stages(study, finalists, sizes, lambda one: screen.say(looked(one.seeds, one.standings)))
        most = max(len(stages.plan.runs), len(finalists) * sizes[-1])
        at_once, done = min(most, workers(runtime)), sum(run.is_done for run in stages.plan.runs)
        curve = "accuracy" if finalists[0].has_test_set else finalists[0].metric.curve or ""
        counts = {TrialState.COMPLETE: done}
        screen.begin(Scope(f"confirming {study.name}", curve, most, at_once, counts, kind="run"))
        settle_in(study, screen.say)
        check_ready(finalists[0].seeded(0), what.trusted, runtime)
        openings(study)  # a damaged log is reported before anything is done
        _intro(study, stages, at_once, screen)
        if len(sizes) < len(what.confirm.looks):
            screen.say(f"confirm.seeds={what.confirm.seeds}: there is no finalist beside a baseline, so that there is "
                       f"one look, after {sizes[0]} seeds", wrap=True)  # fmt: skip
        if stages.plan.todo:
            _warn_of_other_looks(study, sizes, screen)
        tracker = Tracker(tracking, runs_folder, screen.warn)
        state = files.read_json_or_empty(study.tracking).get("mirrored") or TrialState.COMPLETE  # stays as it is
        try:
            if study.record.is_file():
                tracker.start_study(study)
            all_runs = ConfirmRuns(
                study, finalists, stages.sizes[-1], stages.next_runs, runtime, what.trusted, what.flags, what.line
            )
            code = train(all_runs, RunRecorder(tracker), screen, at_once, transfer) if stages.plan.todo else 0
            if code <= 1:
                warn_of_classes(stages.plan.runs, screen)
                rules = rules_of(stages.finalists or finalists, stages.sizes)  # failed ones have no share in the error
                found, winner = conclude_study(study, finalists, stages.plan, rules, what.line, what.composer)
        finally:
            tracker.finish_study(state)
            caught_up = tracker.close()
        if code > 1:
            screen.say("Interrupted; run the same command to go on", style="bold")
            return code, None
        on = f"{found.test_images:,} test images" if found.test_images else f"{found.seeds} fresh seeds"
        screen.say(f"\nConfirmed on {on}, in {duration(time.monotonic() - began)}:")
        show(found)
        screen.say(f"The winner's configuration: {shortest(study.winner)}; all figures: {shortest(study.confirmed)}")
        if tracking.enabled and not caught_up:
            behind = f"tracking is behind in {tracker.uri}: the champion is not registered"
            screen.warn(f"{behind}; run the same command again")
        elif tracking.enabled and winner.folder.model.is_file():
            screen.say("Registering the champion in MLflow")
            register_winner(study, found, winner.folder, tracking, runs_folder, screen.say)
    return code, found
