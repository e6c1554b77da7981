"""The study's README.md, which is also the description of its MLflow run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_sweep.config.commands import study_command
from mnist_sweep.config.traits import traits
from mnist_sweep.formatting import fenced, short
from mnist_sweep.results.confirmation import read_confirmation
from mnist_sweep.results.confirmation_text import markdown
from mnist_sweep.results.pruning import Pruning, sentence
from mnist_sweep.results.selection_noise import SelectionNoise
from mnist_sweep.results.selection_noise import sentence as noise_sentence
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState

if TYPE_CHECKING:
    from mnist_sweep.driver.study_files import StudyFiles

LEADERS = 5  # trials in the table


@dataclass(frozen=True)
class Leader:
    """A trial of the table: its number, its first objective and its overrides."""

    number: int
    value: float
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """What a study has found.

    Attributes:
        folder: The study's folder.
        answer: The best trial in a line, or why there is none.
        states: How many trials have ended in each state.
        metric: The first objective.
        leaders: The best trials, the best first, none where there is none.
        commands: What runs the best one again, and reproduces it.
        notes: Further paragraphs.
        pruning: What the pruner saved, once it has been judged.
        noise: Which trials are like the best, once the search has ended.
    """

    folder: StudyFolder
    answer: str
    states: Mapping[TrialState, int]
    metric: str
    leaders: Sequence[Leader]
    commands: Sequence[str]
    notes: Sequence[str]
    pruning: Pruning | None = None
    noise: SelectionNoise | None = None


def found_by(study: "StudyFiles") -> Found:
    """Returns what a running search has found so far."""
    search, best, baseline = study.search, study.search.finished.best(), study.baseline()
    settings, task = study.plan.settings, study.plan.task
    answer, commands = study.none_best(), []
    if best is not None and best.values:
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
        answer = f"Best: {study.best_line()}{against}"
        again = study_command("reproduce", study.folder.name, settings.runtime.allowed_targets)
        commands = [study.plan.command(best.overrides), again]
    ended = f"Ended: {study.ended}." if study.ended else None
    ranked = [search.finished.trial(number) for number in search.finished.ranked(most=LEADERS)]
    return Found(
        folder=study.folder,
        answer=answer,
        states=search.finished.counts,
        metric=search.metrics[0],
        leaders=[Leader(one.number, one.values[0], one.overrides) for one in ranked if one and one.values],
        commands=commands,
        notes=[note for note in (settings.study.note, ended, traits(task).note) if note],
        pruning=study.pruning,
        noise=study.noise,
    )


def _leaderboard(found: Found) -> list[str]:
    lines = [f"| trial | {found.metric} | overrides |", "|---:|---:|---|"]
    alike = found.noise.alike if found.noise else ()
    for one in found.leaders[:LEADERS]:
        mark = " ≈" * (one.number in alike)
        lines.append(f"| {one.number}{mark} | {one.value:.4f} | {short(one.overrides)} |")
    return lines


def study_page(found: Found) -> str:
    """Returns what the study has found, in Markdown."""
    counts = ", ".join(f"{number} {TrialState(state).word}" for state, number in found.states.items())
    lines = [f"**{found.answer}**; {counts}.", ""]  # MLflow's page shows the first two lines without a click
    for note in found.notes:
        lines += [note, ""]
    if found.leaders:
        lines += [*_leaderboard(found), "", *([noise_sentence(found.noise), ""] if found.noise else [])]
        lines += ["Run the best one again, and reproduce it to the bit:", ""]
        lines += [fenced("\n".join(found.commands)), ""]
    if found.folder.report.is_file():
        lines += [f"Report: {found.folder.report.absolute()} (also among the artifacts)"]
    if found.pruning and (text := sentence(found.pruning)):
        lines += ["", text]
    confirmation = read_confirmation(found.folder.confirmed)
    return "\n".join(lines) + "\n" + (markdown(confirmation) if confirmation else "")
