"""The study's README.md, which is also the description of its MLflow run."""

from typing import TYPE_CHECKING

from mnist_sweep.config.commands import study_command
from mnist_sweep.config.traits import traits
from mnist_sweep.formatting import fenced, short
from mnist_sweep.results.confirmation import read_confirmation
from mnist_sweep.results.confirmation_text import markdown
from mnist_sweep.results.pruning import sentence
from mnist_sweep.results.selection_noise import sentence as noise_sentence
from mnist_sweep.storage.state import TrialState

if TYPE_CHECKING:
    from mnist_sweep.driver.study_files import StudyFiles

LEADERS = 5  # trials in the table


def _leaderboard(study: "StudyFiles") -> list[str]:
    search = study.search
    alike = study.noise.alike if study.noise else ()
    lines = [f"| trial | {search.metrics[0]} | overrides |", "|---:|---:|---|"]
    for number in search.ranked(most=LEADERS):
        trial = search.standing(number)
        if trial is not None and trial.values:
            mark = " ≈" * (number in alike)
            lines.append(f"| {number}{mark} | {trial.values[0]:.4f} | {short(trial.overrides)} |")
    return lines


def study_page(study: "StudyFiles") -> str:
    """Returns what the study has found, in Markdown."""
    best, baseline, folder = study.search.best(), study.baseline(), study.folder
    counts = ", ".join(f"{number} {TrialState(state).word}" for state, number in study.search.counts.items())
    answer = study.none_best()
    if best is not None and best.values:
        against = f" (the baseline, trial 0: {baseline.values[0]:.4f})" if baseline and baseline.values else ""
        answer = f"Best: {study.best_line()}{against}"
    lines = [f"**{answer}**; {counts}.", ""]  # MLflow's page shows the first two lines without a click
    if study.plan.settings.study.note:
        lines += [study.plan.settings.study.note, ""]
    if study.ended:
        lines += [f"Ended: {study.ended}.", ""]
    if note := traits(study.plan.task).note:
        lines += [note, ""]
    if best is not None and best.values:
        lines += [
            *_leaderboard(study),
            "",
            *([noise_sentence(study.noise), ""] if study.noise else []),
            "Run the best one again, and reproduce it to the bit:",
            "",
        ]
        again = study_command("reproduce", folder.name, study.plan.settings.runtime.allowed_targets)
        lines += [fenced(f"{study.best_command()}\n{again}"), ""]
    if folder.report.is_file():
        lines += [f"Report: {folder.report.absolute()} (also among the artifacts)"]
    if study.pruning and (text := sentence(study.pruning)):
        lines += ["", text]
    found = read_confirmation(folder.confirmed)
    return "\n".join(lines) + "\n" + (markdown(found) if found else "")
