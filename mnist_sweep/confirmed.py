"""What the finalists came to on fresh seeds: the figures of confirmed.json, and the words for them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_sweep.significance import LEVEL, describe, judge, mcnemar, shown_p, smallest_p

HEADING = "\n## Confirmed on the test images\n"


@dataclass(frozen=True)
class Runs:
    """A finalist's runs, one for each seed, in the order of the seeds.

    `accuracies` are test accuracies; `right` says which test images the first run gets right; `seconds` is the mean
    time of a training.
    """

    promised: float | None
    epochs: int
    parameters: int
    seconds: float
    accuracies: list[float]
    right: NDArray[np.bool_]


def _beside(runs: Runs, reference: Runs) -> dict[str, Any]:
    """The difference to a reference: of the pairs of runs on the same seed, and of the images of the first ones."""
    pairs = describe([a - b for a, b in zip(runs.accuracies, reference.accuracies, strict=True)])
    return {"difference": asdict(pairs), "mcnemar": asdict(mcnemar(runs.right, reference.right))}


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
            "gap": None if runs.promised is None else runs.promised - sample.mean,
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
        f"{pairs['low']:+.4f} to {pairs['high']:+.4f}. Of the test images, with the first seed, only trial "
        f"{confirmed['best']} gets {images['only_first']} right, only the baseline {images['only_second']} "
        f"(McNemar, p {shown_p(images['p'])})."
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
            f"{sample['low']:.4f}-{sample['high']:.4f}",
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
        return "The baseline is the only finalist: the search found nothing that promised more."
    if better:
        return f"Better than the baseline: {_list(confirmed, better)} (permutation test, Holm-corrected, p <= {LEVEL})."
    text = "No finalist is better than the baseline beyond the noise of the seeds."
    if (least := smallest_p(confirmed["seeds"], others)) > LEVEL:
        text += f" With {confirmed['seeds']} seeds no difference could be: p is at least {least:.2f}; give more seeds."
    return text


def _recommendation(confirmed: Mapping[str, Any]) -> str | None:
    trial = confirmed["recommended"]
    if len(confirmed["finalists"]) == 1:
        return None
    row = row_of(confirmed, trial)
    if len(confirmed["tied"]) == 1:
        return f"Recommended: {name_of(confirmed, trial)}, better than all others."
    tied = _list(confirmed, confirmed["tied"])
    return (
        f"{tied} can't be told apart. Recommended: {name_of(confirmed, trial)}, as none of them has fewer "
        f"parameters than its {row['parameters']:,}."
    )


def _curse(confirmed: Mapping[str, Any]) -> str | None:
    """What the search promised against what was confirmed; the baseline is the measure, as nobody has chosen it."""
    promised = [row for row in confirmed["finalists"] if row["promised"] is not None]
    if not promised:
        return None
    top = max(promised, key=lambda row: row["promised"])

    def way(row: Mapping[str, Any]) -> str:
        return f"{row['promised']:.4f} to {row['test_accuracy']['mean']:.4f} ({-row['gap']:+.4f})"

    text = f"Winner's curse: from validation images to test images trial {top['trial']} went from {way(top)}"
    baseline = next((row for row in promised if row["trial"] == confirmed["baseline"]), None)
    if baseline is None or baseline is top:
        return f"{text}."
    luck = top["gap"] - baseline["gap"]
    verdict = f"about {luck:.4f} of the promise was luck" if luck > 0 else "none of the promise was luck"
    return f"{text}, the baseline, which nobody chose, from {way(baseline)}: {verdict}."


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
