"""What the finalists came to on fresh seeds: the figures of confirmed.json, and the words for them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.files import read_if_whole
from mnist_sweep.results.statistics import LEVEL, describe, judge, mcnemar, shown_p, smallest_p

Z = 1.96  # standard deviations of a 95% interval
HEADING = "\n## Confirmed on the test images\n"


@dataclass(frozen=True)
class Runs:
    """A finalist's runs, one for each seed, in the order of the seeds.

    `accuracies` are test accuracies; `right` says which test images the first run gets right; `seconds` is the mean
    time of a training; `promised` is the search's accuracy on so many `validation_images`.
    """

    promised: float | None
    validation_images: int
    epochs: int
    parameters: int
    seconds: float
    accuracies: list[float]
    right: NDArray[np.bool_]


def _beside(runs: Runs, reference: Runs) -> dict[str, Any]:
    """The difference to a reference: of the pairs of runs on the same seed, and of the images of the first ones."""
    pairs = describe([a - b for a, b in zip(runs.accuracies, reference.accuracies, strict=True)])
    return {"difference": asdict(pairs), "mcnemar": asdict(mcnemar(runs.right, reference.right))}


def _gap(runs: Runs) -> dict[str, float] | None:
    """What was promised beyond what was confirmed, and half of its 95% interval.

    Both accuracies are of a sample of images, and both have the noise of their seeds. Training on more images than in
    the search is no noise: it makes all gaps smaller.
    """
    if runs.promised is None:
        return None
    sample, images = describe(runs.accuracies), len(runs.right)
    variance = runs.promised * (1 - runs.promised) / runs.validation_images + sample.mean * (1 - sample.mean) / images
    variance += sample.deviation**2 * (1 + 1 / len(runs.accuracies))
    return {"mean": runs.promised - sample.mean, "half_interval": Z * variance**0.5}


def conclude(finalists: Mapping[int, Runs], baseline: int | None) -> dict[str, Any]:
    """The figures: for every finalist, by trial, and for all; `baseline` is None where it could not be trained."""
    accuracies = {number: runs.accuracies for number, runs in finalists.items()}
    found = judge(accuracies, baseline, {number: float(runs.parameters) for number, runs in finalists.items()})
    rows = []
    for number, runs in finalists.items():
        sample = describe(runs.accuracies)
        row: dict[str, Any] = {
            "trial": number,
            "test_accuracy": {**asdict(sample), "values": runs.accuracies},
            "promised": runs.promised,
            "gap": _gap(runs),
            "epochs": runs.epochs,
            "parameters": runs.parameters,
            "training_seconds": runs.seconds,
            "p_best": found.p_best.get(number),
            "against_baseline": None,
        }
        if baseline is not None and number != baseline:
            row["against_baseline"] = {**_beside(runs, finalists[baseline]), "p": found.p_baseline[number]}
        rows.append(row)
    rows.sort(key=lambda row: -row["test_accuracy"]["mean"])
    return {
        "finalists": rows,
        "baseline": baseline,
        "best": found.best,
        "better_than_baseline": list(found.better),
        "tied": sorted(found.tied),
        "recommended": found.recommended,
        "seeds": len(next(iter(accuracies.values()))),
        "test_images": len(next(iter(finalists.values())).right),
    }


def read_confirmed(file: Path) -> dict[str, Any]:
    """The figures as they were written; empty where there are none, or the file is damaged."""
    found = read_if_whole(file)
    try:
        return found if found and markdown(found) else {}
    except (KeyError, TypeError, ValueError, StopIteration, AttributeError):
        return {}


def row_of(confirmed: Mapping[str, Any], trial: int) -> dict[str, Any]:
    """The figures of one finalist."""
    found: dict[str, Any] = next(row for row in confirmed["finalists"] if row["trial"] == trial)
    return found


def name_of(confirmed: Mapping[str, Any], trial: int) -> str:
    """What a finalist is called in a text."""
    return f"trial {trial} (the baseline)" if trial == confirmed["baseline"] else f"trial {trial}"


def _difference(confirmed: Mapping[str, Any]) -> str | None:
    """The best one beside the baseline, seed by seed and image by image."""
    beside = row_of(confirmed, confirmed["best"])["against_baseline"]
    if beside is None:
        return None
    pairs, images = beside["difference"], beside["mcnemar"]
    return (
        f"Trial {confirmed['best']} against the baseline, seed by seed: {pairs['mean']:+.4f}, 95% interval "
        f"{pairs['low']:+.4f} to {pairs['high']:+.4f}. Of these two with the first seed, only trial "
        f"{confirmed['best']} gets {images['only_first']} test images right, only the baseline "
        f"{images['only_second']} (McNemar for these two networks alone, p {shown_p(images['p'])})."
    )


def _list(confirmed: Mapping[str, Any], trials: Sequence[int]) -> str:
    names = [name_of(confirmed, trial) for trial in trials]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


COLUMNS = ("trial", "test accuracy", "95% interval", "gain", "p", "promised", "parameters", "time")


def table(confirmed: Mapping[str, Any]) -> list[list[str]]:
    """A row of text for every finalist, the best first, under `COLUMNS`; together at most 80 characters wide.

    Accuracies have their standard deviation; `gain` is over the baseline; `time` is of one training.
    """
    rows = []
    for row in confirmed["finalists"]:
        sample, beside = row["test_accuracy"], row["against_baseline"]
        marks = "*" * (row["trial"] == confirmed["recommended"])
        gain = "base" * (row["trial"] == confirmed["baseline"])
        rows.append([
            f"{row['trial']}{marks}",
            f"{sample['mean']:.4f} ±{sample['deviation']:.4f}",
            f"{max(0.0, sample['low']):.4f} to {min(1.0, sample['high']):.4f}",
            f"{beside['difference']['mean']:+.4f}" if beside else gain,
            shown_p(beside["p"]) if beside else "",
            "" if row["promised"] is None else f"{row['promised']:.4f}",
            f"{row['parameters']:,}",
            f"{row['training_seconds']:.0f} s",
        ])  # fmt: skip
    return rows


def _winner(confirmed: Mapping[str, Any]) -> str:
    better, baseline = confirmed["better_than_baseline"], confirmed["baseline"]
    if baseline is None:
        return "The baseline could not be trained, so nothing is compared with it."
    others = len(confirmed["finalists"]) - 1
    if not others:
        return "The baseline is the only finalist: no complete trial of the search promised more."
    if better:
        return f"Better than the baseline: {_list(confirmed, better)} (permutation test, Holm-corrected, p <= {LEVEL})."
    text = "No finalist is better than the baseline beyond the noise of the seeds."
    if (least := smallest_p(confirmed["seeds"], others)) > LEVEL:
        text += f" With {confirmed['seeds']} seeds no difference could be: p is at least {least:.2f}; give more seeds."
    return text


def _recommendation(confirmed: Mapping[str, Any]) -> str | None:
    trial = confirmed["recommended"]
    others = len(confirmed["finalists"]) - 1
    if not others:
        return None
    name = name_of(confirmed, trial)
    if smallest_p(confirmed["seeds"], others) > LEVEL:
        return f"Recommended: {name}, the best on average; with more seeds it could be told from others."
    if len(confirmed["tied"]) == 1:
        return f"Recommended: {name}, better than all others."
    tied = _list(confirmed, confirmed["tied"])
    parameters = row_of(confirmed, trial)["parameters"]
    return (
        f"{tied} can't be told apart. Recommended: {name}: none of them has fewer parameters than its {parameters:,}."
    )


def _curse(confirmed: Mapping[str, Any]) -> str | None:
    """What the search promised against what was confirmed; the baseline is the measure, as nobody has chosen it."""
    promised = [row for row in confirmed["finalists"] if row["gap"] is not None]
    baseline = next((row for row in promised if row["trial"] == confirmed["baseline"]), None)
    others = [row for row in promised if row is not baseline]
    if not others:
        return None
    top = max(others, key=lambda row: row["promised"])

    def way(row: Mapping[str, Any]) -> str:
        mean, gap = row["test_accuracy"]["mean"], row["gap"]
        change = f"{-gap['mean']:+.4f} ±{gap['half_interval']:.4f}"
        return f"{row['promised']:.4f} on validation images, {mean:.4f} on test images ({change})"

    text = f"Promised and confirmed: trial {top['trial']} {way(top)}"
    if baseline is None:
        return f"{text}."
    lost = top["gap"]["mean"] - baseline["gap"]["mean"]
    noise = (top["gap"]["half_interval"] ** 2 + baseline["gap"]["half_interval"] ** 2) ** 0.5
    if lost > noise:
        verdict = f"it lost {lost:.4f} more than the baseline, more than noise does: the winner's curse"
    else:
        verdict = "what it lost beyond the baseline is within the noise"
    return f"{text}; the baseline, which nobody chose, {way(baseline)}: {verdict}."


def sentences(confirmed: Mapping[str, Any]) -> list[str]:
    """The answer in words."""
    found = (_winner(confirmed), _difference(confirmed), _recommendation(confirmed), _curse(confirmed))
    return [sentence[0].upper() + sentence[1:] for sentence in found if sentence]


def markdown(confirmed: Mapping[str, Any]) -> str:
    """The answer as a section for the study's README.md, the study's page in MLflow."""
    seeds, images = confirmed["seeds"], confirmed["test_images"]
    lines = [HEADING, f"{seeds} fresh seeds each, trained on all training images; {images:,} test images.", ""]
    lines += ["| " + " | ".join(COLUMNS) + " |", "|" + "---:|" * len(COLUMNS)]
    lines += ["| " + " | ".join(row).replace("*", r"\*") + " |" for row in table(confirmed)]
    return "\n".join([*lines, "", r"\* recommended", "", "\n\n".join(sentences(confirmed))]) + "\n"
