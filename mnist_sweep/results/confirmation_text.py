"""A confirmation in words: the table and the sentences of the terminal, the report and the study's README.md."""

import math
from collections.abc import Sequence

from mnist_sweep.results.confirmation import Confirmation, ConfirmedTrial
from mnist_sweep.results.statistics import LEVEL, shown_p, smallest_p

HEADING = "\n## Confirmed on the test images\n"
CONFIRMED = "\n## Confirmed on fresh seeds\n"  # of a task without test images


def name_of(found: Confirmation, trial: int) -> str:
    """Returns what a finalist is called in a text."""
    return f"trial {trial} (the baseline)" if trial == found.baseline else f"trial {trial}"


def _difference(found: Confirmation) -> str | None:
    """Returns how the best one differs from the baseline, seed by seed and image by image."""
    beside = found.of(found.best).against_baseline
    if beside is None:
        return None
    pairs, images = beside.difference, beside.mcnemar
    text = (
        f"Trial {found.best} against the baseline, seed by seed: {pairs.mean:+.4f}, 95% interval "
        f"{pairs.low:+.4f} to {pairs.high:+.4f}."
    )
    if images is None:
        return text
    return (
        f"{text} Of these two with the first seed, only trial "
        f"{found.best} gets {images.only_first} test images right, only the baseline "
        f"{images.only_second} (McNemar for these two networks alone, p {shown_p(images.p)})."
    )


def _list(found: Confirmation, trials: Sequence[int]) -> str:
    names = [name_of(found, trial) for trial in trials]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def columns(found: Confirmation) -> list[str]:
    """Returns the names of the columns of `table`."""
    parameters = ["parameters"] if found.test_images else []
    return ["trial", found.measure, "95% interval", "gain", "p", "promised", *parameters, "time"]


def table(found: Confirmation) -> list[list[str]]:
    """Returns a row of text for every finalist, the best first, under `columns`; at most 80 characters wide.

    Accuracies have their standard deviation; `gain` is over the baseline; `time` is of one training.
    """
    rows = []
    least, most = (0.0, 1.0) if found.test_images else (-math.inf, math.inf)
    for row in found.finalists:
        sample, beside = row.test_accuracy, row.against_baseline
        marks = "*" * (row.trial == found.recommended)
        gain = "base" * (row.trial == found.baseline)
        rows.append([
            f"{row.trial}{marks}",
            f"{sample.mean:.4f} ±{sample.deviation:.4f}",
            f"{max(least, sample.low):.4f} to {min(most, sample.high):.4f}",
            f"{beside.difference.mean:+.4f}" if beside else gain,
            shown_p(beside.p) if beside else "",
            "" if row.promised is None else f"{row.promised:.4f}",
            *([f"{row.parameters:,}"] if found.test_images else []),
            f"{row.training_seconds:.0f} s",
        ])  # fmt: skip
    return rows


def _winner(found: Confirmation) -> str:
    better, baseline = found.better_than_baseline, found.baseline
    if baseline is None:
        return "The baseline could not be trained, so nothing is compared with it."
    others = len(found.finalists) - 1
    if not others:
        return "The baseline is the only finalist: no complete trial of the search promised more."
    if better:
        return f"Better than the baseline: {_list(found, better)} (permutation test, Holm-corrected, p <= {LEVEL})."
    text = "No finalist is better than the baseline beyond the noise of the seeds."
    if (least := smallest_p(found.seeds, others)) > LEVEL:
        text += f" With {found.seeds} seeds no difference could be: p is at least {least:.2f}; give more seeds."
    return text


def _recommendation(found: Confirmation) -> str | None:
    trial = found.recommended
    others = len(found.finalists) - 1
    if not others:
        return None
    name = name_of(found, trial)
    if smallest_p(found.seeds, others) > LEVEL:
        return f"Recommended: {name}, the best on average; with more seeds it could be told from others."
    if len(found.tied) == 1:
        return f"Recommended: {name}, better than all others."
    tied = _list(found, found.tied)
    parameters = found.of(trial).parameters
    if not found.test_images:
        return f"{tied} can't be told apart. Recommended: {name}, the best of them on average."
    return (
        f"{tied} can't be told apart. Recommended: {name}: none of them has fewer parameters than its {parameters:,}."
    )


def _promise(row: ConfirmedTrial) -> str:
    assert row.promised is not None
    assert row.gap is not None
    change = f"{-row.gap.mean:+.4f} ±{row.gap.half_interval:.4f}"
    return f"{row.promised:.4f} on validation images, {row.test_accuracy.mean:.4f} on test images ({change})"


def _curse(found: Confirmation) -> str | None:
    """Returns the gap between validation and test accuracy; the baseline, which was not selected, is the measure."""
    promised = [row for row in found.finalists if row.gap is not None]
    baseline = next((row for row in promised if row.trial == found.baseline), None)
    others = [row for row in promised if row is not baseline]
    if not others:
        return None
    top = max(others, key=lambda row: row.promised or 0.0)
    text = f"Promised and confirmed: trial {top.trial} {_promise(top)}"
    if baseline is None or baseline.gap is None or top.gap is None:
        return f"{text}."
    lost = top.gap.mean - baseline.gap.mean
    noise = (top.gap.half_interval**2 + baseline.gap.half_interval**2) ** 0.5
    if lost > noise:
        verdict = f"it lost {lost:.4f} more than the baseline, more than noise does: the winner's curse"
    else:
        verdict = "what it lost beyond the baseline is within the noise"
    return f"{text}; the baseline, which was not selected by validation accuracy, {_promise(baseline)}: {verdict}."


def _no_test_set(found: Confirmation) -> str | None:
    if found.test_images:
        return None
    return (
        f"The task has no test set: {found.measure} is what the search chose by, on other seeds only, so that it may "
        "still be too good."
    )


def sentences(found: Confirmation) -> list[str]:
    """Returns the answer in words."""
    texts = (_winner(found), _difference(found), _recommendation(found), _curse(found), _no_test_set(found))
    return [text[0].upper() + text[1:] for text in texts if text]


def markdown(found: Confirmation) -> str:
    """Returns the answer as a section for the study's README.md, the study's page in MLflow."""
    seeds, images = found.seeds, found.test_images
    lines = [CONFIRMED, f"{seeds} fresh seeds each.", ""]
    if images:
        lines = [HEADING, f"{seeds} fresh seeds each, trained on all training images; {images:,} test images.", ""]
    names = columns(found)
    lines += ["| " + " | ".join(names) + " |", "|" + "---:|" * len(names)]
    lines += ["| " + " | ".join(row).replace("*", r"\*") + " |" for row in table(found)]
    return "\n".join([*lines, "", r"\* recommended", "", "\n\n".join(sentences(found))]) + "\n"
