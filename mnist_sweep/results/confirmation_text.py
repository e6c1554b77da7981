"""A confirmation in words: the sentences of the terminal and the report, and the section of the study's README.md."""

from collections.abc import Sequence

from mnist_sweep.config.settings import MAX_SEEDS
from mnist_sweep.results.confirmation import Confirmation, ConfirmedTrial
from mnist_sweep.results.confirmation_tables import (
    DIFFERENCES,
    WINS,
    columns,
    differences,
    name_of,
    seeds_differ,
    slice_columns,
    slices,
    table,
)
from mnist_sweep.results.permutations import Looks, several, smallest_p
from mnist_sweep.results.random_search import sentence as random_search_sentence
from mnist_sweep.results.slice_text import hardest_slices
from mnist_sweep.results.statistics import LEVEL, shown_p
from mnist_sweep.results.stopping import Standing, Verdict

HEADING = "\n## Confirmed on the test images\n"
CONFIRMED = "\n## Confirmed on fresh seeds\n"  # of a task without test images


def _networks(found: Confirmation) -> str | None:
    """Returns how the first network of the best one differs from the baseline's, image by image."""
    beside = found.of(found.best).against_baseline
    if beside is None or beside.mcnemar is None:
        return None
    images = beside.mcnemar
    return (
        f"Of the two networks with the first seed, only that of trial {found.best} gets {images.only_first} test "
        f"images right, only that of the baseline {images.only_second} (McNemar "
        f"for these two networks alone, p {shown_p(images.p)})."
    )


def _list(found: Confirmation, trials: Sequence[int]) -> str:
    return _and([name_of(found, trial) for trial in trials])


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _hardest_slices(found: Confirmation) -> str | None:
    worst = hardest_slices(found.of(found.recommended).slices)
    return f"{name_of(found, found.recommended)} has most errors in {_and(worst)}, 95% intervals." if worst else None


def looked(seeds: int, standings: Sequence[Standing]) -> str:
    """Returns what was seen at a look, in a line."""
    words = {
        Verdict.BETTER: "better than the baseline",
        Verdict.WORSE: "worse than the baseline",
        Verdict.HOPELESS: "dropped as hopeless",
        Verdict.OPEN: "open",
    }
    parts = []
    for verdict, word in words.items():
        if trials := [f"{one.trial}" for one in standings if one.verdict is verdict]:
            parts.append(f"trial{'s' * (len(trials) > 1)} {_and(trials)} {word}")
    return f"After {seeds} seeds: {'; '.join(parts)}"


def _looks(found: Confirmation) -> str | None:
    """Returns when the finalists were looked at, and what became of each."""
    if not found.looks:
        return None
    lines = [looked(look.seeds, look.standings) for look in found.looks]
    text = ". ".join(lines)
    planned = _and([str(seeds) for seeds in found.planned_looks])
    return f"Looks were planned after {planned} seeds, with the error of {LEVEL:.0%} split over them. {text}."


def _needed(found: Confirmation) -> str | None:
    """Returns what would settle the finalists that are not better than the baseline, but seem to be."""
    rows = [row for row in found.finalists if row.against_baseline and row.against_baseline.needed]
    if not rows:
        return None
    parts = [_settled_by(found, row) for row in rows]
    return f"Open, and what would show it in four of five studies if the difference is as it seems: {'; '.join(parts)}."


def _settled_by(found: Confirmation, row: ConfirmedTrial) -> str:
    against = row.against_baseline
    assert against is not None
    assert against.needed is not None
    needs, seeds = against.needed, len(row.test_accuracy.values)
    name = f"trial {row.trial} ({against.difference.mean:+.4f})"
    here = f"{name}, {_more(needs.seeds, seeds)}"
    if not found.test_images:
        return here
    both = needs.seeds_and_images
    is_here = row.trial in found.better_on_these_images
    if both is not None and both <= MAX_SEEDS:
        on_others = f"{_more(both, seeds)} on other images"
        return f"{name}, {on_others}" if is_here else f"{here} on these images, {on_others}"
    images = f"about {needs.images:,} test images in place of {found.test_images:,}" if needs.images else "more of both"
    others = f"on other images no number of seeds, but {images}"
    return f"{name}, {others}" if is_here else f"{here} on these images, {others}"


def _more(needed: int, seeds: int) -> str:
    """Returns how many further seeds are needed, in words."""
    if needed > MAX_SEEDS:
        return f"more than {MAX_SEEDS} seeds of each"
    return f"about {needed - seeds} more seeds of each" if needed > seeds + 1 else "a few more seeds of each"


def _better(found: Confirmation) -> str:
    """Returns who is better than the baseline: on other images too, and on these images alone."""
    better, here = found.better_than_baseline, found.better_on_these_images
    by = f"p <= {LEVEL}, Holm-corrected"
    if not found.test_images:
        return f"Better than the baseline: {_list(found, better)} ({by})."
    if not any(row.against_baseline and row.against_baseline.other_images for row in found.finalists):
        return (
            f"Better than the baseline on these images: {_list(found, better)} ({by}). Whether on other images too is "
            "not known yet: the same `mnist-sweep confirm` again says so, and trains nothing."
        )
    texts = []
    if better:
        texts.append(f"Better than the baseline: {_list(found, better)}, on other seeds and other images ({by}).")
    if here:
        texts.append(f"Better on these images: {_list(found, here)} ({by}); on other images no better than the "
                     "baseline beyond the noise.")  # fmt: skip
    return " ".join(texts)


def _planned(found: Confirmation) -> Looks:
    """Returns when the finalists were looked at."""
    return several(found.planned_looks or [found.seeds], max(1, len(found.finalists) - 1))


def _winner(found: Confirmation) -> str:
    better, baseline = found.better_than_baseline, found.baseline
    if baseline is None:
        why = "it has failed, or does not meet search.constraints"
        return f"The baseline is no finalist ({why}): nothing is compared with it."
    others = len(found.finalists) - 1
    if not others:
        return "The baseline is the only finalist that is left: nothing is compared with it."
    here = found.better_on_these_images
    if better or here:
        return _better(found)
    text = "No finalist is better than the baseline beyond the noise of the seeds."
    if (least := smallest_p(_planned(found), others)) > LEVEL:
        text += f" With {found.seeds} seeds no difference could be: p is at least {least:.2f}; give more seeds."
    return text


def _recommendation(found: Confirmation) -> str | None:
    trial = found.recommended
    others = len(found.finalists) - 1
    if not others:
        return None
    name = name_of(found, trial)
    if smallest_p(_planned(found), others) > LEVEL:
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
        verdict = f"what it lost beyond the baseline, {lost:+.4f}, is within the noise"
    expected = found.expected_curse
    hint = "" if expected is None else f", {expected:.4f} were expected of the choice"
    return (
        f"{text}; the baseline, which was not selected by validation accuracy, {_promise(baseline)}: {verdict}{hint}."
    )


def _no_test_set(found: Confirmation) -> str | None:
    if found.test_images:
        return None
    return (
        f"The task has no test set: {found.measure} is what the search chose by, on other seeds only, so that it may "
        "still be too good."
    )


def sentences(found: Confirmation) -> list[str]:
    """Returns the answer in words."""
    texts = (
        _winner(found),
        _networks(found),
        _recommendation(found),
        _looks(found),
        _needed(found),
        _hardest_slices(found),
        _curse(found),
        _no_test_set(found),
        found.random_search and random_search_sentence(found.random_search),
    )
    return [text[0].upper() + text[1:] for text in texts if text]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a table in Markdown."""
    lines = ["| " + " | ".join(names) + " |", "|" + "---:|" * len(names)]
    return lines + ["| " + " | ".join(row).replace("*", r"\*") + " |" for row in rows]


def markdown(found: Confirmation) -> str:
    """Returns the answer as a section for the study's README.md, the study's page in MLflow."""
    images = found.test_images
    seeds = f"{found.fewest_seeds} to {found.seeds}" if seeds_differ(found) else f"{found.seeds}"
    lines = [CONFIRMED, f"{seeds} fresh seeds each.", ""]
    if images:
        lines = [HEADING, f"{seeds} fresh seeds each, trained on all training images; {images:,} test images.", ""]
    lines += [*_table(columns(found), table(found)), "", r"\* recommended", ""]
    if rows := differences(found):
        lines += [*_table(DIFFERENCES, rows), "", f"{WINS}", ""]
    if rows := slices(found):
        lines += [
            *_table(slice_columns(found), rows),
            "",
            "The errors by slice, with 95% intervals of fresh images.",
            "",
        ]
    return "\n".join([*lines, "\n\n".join(sentences(found))]) + "\n"
