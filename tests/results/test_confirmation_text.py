"""The words for a confirmation: who is better, who is recommended, and what was promised."""

from dataclasses import replace

import numpy as np
import pytest

from mnist_sweep.results.comparison import Runs, conclude
from mnist_sweep.results.confirmation_tables import table
from mnist_sweep.results.confirmation_text import HEADING, markdown, sentences


def runs(accuracies: list[float], promised: float | None = 0.99, parameters: int = 100, right: int = 90) -> Runs:
    return Runs(
        promised, 10_000, 3, parameters, 12.0, accuracies, np.tile(np.arange(100) < right, (len(accuracies), 1))
    )


BASELINE = [0.970, 0.971, 0.972, 0.969, 0.968]
BETTER = [0.981, 0.980, 0.982, 0.979, 0.983]


def test_better_on_these_images_is_no_more_than_that() -> None:
    found = conclude({7: runs(BETTER, right=91), 0: runs(BASELINE, parameters=1)}, 0)
    text = " ".join(sentences(found))
    assert "Better on these images: trial 7 (p <= 0.05, Holm-corrected); on other images no better" in text
    assert "Better than the baseline" not in text
    assert "Recommended: trial 0 (the baseline)" in text


def test_a_markdown_table_has_no_emphasis() -> None:
    text = markdown(conclude({7: runs(BETTER), 0: runs(BASELINE)}, 0))
    assert "| 7\\* | " in text
    assert "5 fresh seeds each, trained on all training images; 100 test images." in text


def test_the_cheapest_of_those_that_tie_is_recommended_and_said_so() -> None:
    near = runs([a - 1e-4 for a in BETTER], parameters=50, right=98)
    found = conclude({7: runs(BETTER, parameters=900, right=98), 3: near, 0: runs(BASELINE, parameters=10)}, 0)
    text = " ".join(sentences(found))
    assert found.recommended == 3
    assert "Better than the baseline: trial 3 and trial 7" in text.replace("trial 7 and trial 3", "trial 3 and trial 7")
    assert "Trial 3 and trial 7 can't be told apart. Recommended: trial 3" in text
    assert [row[0] for row in table(found)] == ["7", "3*", "0"]


def test_no_winner_is_called_where_there_is_none() -> None:
    found = conclude({7: runs(BASELINE, 0.99, parameters=900), 0: runs(list(reversed(BASELINE)), 0.971)}, 0)
    text = " ".join(sentences(found))
    assert found.better_than_baseline == []
    assert found.recommended == 0
    assert "No finalist is better than the baseline beyond the noise" in text
    assert "trial 7 0.9900 on validation images, 0.9700 on test images (-0.0200 ±" in text
    assert "within the noise" in text


def test_the_winners_curse_is_called_where_it_is_beyond_noise() -> None:
    images = np.tile(np.arange(10**5) < 97_000, (5, 1))
    unlucky = Runs(0.9999, 10**9, 3, 10, 1.0, BASELINE, images)
    honest = Runs(0.975, 10**9, 3, 10, 1.0, BASELINE, images)
    assert "the winner's curse" in " ".join(sentences(conclude({7: unlucky, 0: honest}, 0)))
    assert "is within the noise" in " ".join(sentences(conclude({7: honest, 0: honest}, 0)))


def test_what_would_settle_the_open_is_told() -> None:
    found = conclude({7: runs([0.9705, 0.9715, 0.9725, 0.9695, 0.9690]), 0: runs(BASELINE)}, 0)
    needs = found.of(7).against_baseline.needed
    text = " ".join(sentences(found))
    assert needs.seeds > 7
    assert f"trial 7 (+0.0006), about {needs.seeds - 5} more seeds of each on these images" in text
    without = conclude(
        {7: replace(runs([*BASELINE[1:], 0.972]), right=None), 0: replace(runs(BASELINE), right=None)}, 0
    )
    assert "Open, and what would show it" in " ".join(sentences(without))
    told = conclude({7: runs(BETTER, right=98), 0: runs(BASELINE)}, 0)
    assert "Open" not in " ".join(sentences(told))


def test_where_images_are_too_few_it_is_told() -> None:
    found = conclude({7: runs(BETTER, right=91), 0: runs(BASELINE)}, 0)
    needs = found.of(7).against_baseline.needed
    assert needs.seeds_and_images is None
    expected = (
        f"trial 7 (+0.0110), on other images no number of seeds, but about {needs.images:,} test images in place of 100"
    )
    assert expected in " ".join(sentences(found))


def test_what_was_expected_of_the_choice_is_told() -> None:
    finalists = {7: runs(BASELINE, 0.99), 0: runs(BASELINE, 0.975)}
    assert "is within the noise, 0.0012 were expected of the choice" in " ".join(
        sentences(conclude(finalists, 0, expected_curse=0.00123))
    )
    assert "expected of the choice" not in " ".join(sentences(conclude(finalists, 0)))


def test_too_few_seeds_are_told() -> None:
    found = conclude({7: runs(BETTER[:2]), 0: runs(BASELINE[:2])}, 0)
    assert "With 2 seeds no difference could be: p is at least 0.33" in " ".join(sentences(found))


@pytest.mark.parametrize("baseline", [0, None])
def test_a_single_finalist_has_something_to_say(baseline: int | None) -> None:
    found = conclude({0: runs(BASELINE, None)}, baseline)
    assert found.recommended == 0
    assert all(sentences(found))
    assert HEADING in markdown(found)
