"""A confirmation in tables: the finalists, their differences to the baseline, and their errors by slice."""

import math

from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.results.slice_text import COLUMNS, slice_rows
from mnist_sweep.results.statistics import shown_p


def name_of(found: Confirmation, trial: int) -> str:
    """Returns what a finalist is called in a text."""
    return f"trial {trial} (the baseline)" if trial == found.baseline else f"trial {trial}"


def seeds_differ(found: Confirmation) -> bool:
    """Returns whether some finalists have fewer seeds than others."""
    return found.fewest_seeds < found.seeds


def columns(found: Confirmation) -> list[str]:
    """Returns the names of the columns of `table`."""
    parameters = ["parameters"] if found.test_images else []
    seeds = ["seeds"] if seeds_differ(found) else []
    return ["trial", *seeds, found.measure, "95% interval", "promised", *parameters, "time"]


def table(found: Confirmation) -> list[list[str]]:
    """Returns a row of text for every finalist, the best first, under `columns`; at most 80 characters wide.

    Accuracies have their standard deviation; `time` is of one training.
    """
    rows = []
    least, most = (0.0, 1.0) if found.test_images else (-math.inf, math.inf)
    for row in found.finalists:
        sample = row.test_accuracy
        marks = "*" * (row.trial == found.recommended)
        rows.append([
            f"{row.trial}{marks}",
            *([f"{len(sample.values)}"] if seeds_differ(found) else []),
            f"{sample.mean:.4f} ±{sample.deviation:.4f}",
            f"{max(least, sample.low):.4f} to {min(most, sample.high):.4f}",
            "" if row.promised is None else f"{row.promised:.4f}",
            *([f"{row.parameters:,}"] if found.test_images else []),
            f"{row.training_seconds:.0f} s",
        ])  # fmt: skip
    return rows


WINS = "wins: the probability that a fresh run is better than a fresh run of the baseline"

DIFFERENCES = ["to the baseline", "on fresh", "difference", "95% interval", "p", "wins"]


def _wins(probability: float | None) -> str:
    """Returns a probability in percent; it is never certain."""
    if probability is None:
        return ""
    return ">99%" if probability > 0.995 else "<1%" if probability < 0.005 else f"{probability:.0%}"


def differences(found: Confirmation) -> list[list[str]]:
    """Returns two rows of text for every finalist beside the baseline, under `DIFFERENCES`; at most 80 characters wide.

    The first is of fresh seeds on these images, the second of fresh images too; without test images there is one.
    `wins` is how likely a fresh run is better than a fresh run of the baseline.
    """
    rows = []
    for row in found.finalists:
        beside = row.against_baseline
        if beside is None:
            continue
        mean, images = f"{beside.difference.mean:+.4f}", beside.other_images
        rows.append([f"{row.trial}", "seeds", mean, f"{beside.difference.low:+.4f} to {beside.difference.high:+.4f}",
                     shown_p(beside.p), _wins(beside.wins)])  # fmt: skip
        if images is not None:
            fresh = "seeds and images" if images.groups is None else f"seeds and {images.groups} groups"
            rows.append(["", fresh, mean, f"{images.low:+.4f} to {images.high:+.4f}", shown_p(images.p),
                         _wins(images.wins)])  # fmt: skip
    return rows


def slice_columns(found: Confirmation) -> list[str]:
    """Returns the names of the columns of `slices`."""
    return [*COLUMNS, *(name_of(found, row.trial) for row in found.finalists)]


def slices(found: Confirmation) -> list[list[str]]:
    """Returns a row of text for every slice of the test images: what each finalist gets wrong, with its interval."""
    return slice_rows([row.slices for row in found.finalists])
