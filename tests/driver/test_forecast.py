"""The forecast of a search's time."""

import json
from pathlib import Path

import pytest

from mnist_sweep.config import Component
from mnist_sweep.driver.forecast import expected_share, forecast

ASHA = Component("mnist_sweep.search.SuccessiveHalvingPruner", {"min_resource": 1, "reduction_factor": 3})
NONE = Component("optuna.pruners.NopPruner", {})
RECORDED = json.loads((Path(__file__).parent / "recorded_timings.json").read_text())


def test_without_a_pruner_every_epoch_is_trained() -> None:
    assert expected_share(NONE, 5, 20) == 1
    assert expected_share(ASHA, 1, 20) == 1


def test_the_share_is_what_successive_halving_leaves_of_results_in_random_order() -> None:
    """Two epochs, three trials: the first goes on, the others if the best so far: 1, 1/2, 1/3."""
    assert expected_share(ASHA, 2, 3) == pytest.approx((1 + (1 + 1 / 2 + 1 / 3) / 3) / 2)
    assert 1 / 2 < expected_share(ASHA, 2, 1000) < 0.7
    assert expected_share(ASHA, 9, 1000) < expected_share(ASHA, 3, 1000)


def test_nothing_is_forecast_of_nothing() -> None:
    assert forecast(None, [], 5, [], 2).seconds == 0
    assert forecast(10.0, [1.0], 0, [], 2).seconds == 0


def test_an_estimate_is_corrected_by_the_trials_that_end() -> None:
    assert forecast(10.0, [], 6, [], 2).seconds == pytest.approx(30)
    assert forecast(10.0, [40.0] * 4, 6, [], 2).seconds == pytest.approx(6 * 30 / 2)
    assert forecast(10.0, [], 6, [4.0, 100.0], 2).seconds == pytest.approx((60 - 14) / 2)
    beforehand, later = forecast(10.0, [], 6, [], 2), forecast(10.0, [10.0] * 10, 6, [], 2)
    assert beforehand.high / beforehand.low > later.high / later.low > 1


@pytest.mark.parametrize("noise", [1.0, 1.3, 1 / 1.3])
@pytest.mark.parametrize("name", list(RECORDED))
def test_recorded_searches_are_forecast_within_a_factor_of_one_and_a_half(name: str, noise: float) -> None:
    """Beforehand on the machine it was measured on; on faster and slower ones from the fourth trial's end on."""
    recorded = RECORDED[name]
    trials = [(begun * noise, ended * noise) for begun, ended in recorded["trials"]]
    begin, end = min(begun for begun, _ in trials), max(ended for _, ended in trials)
    prior, at_once = recorded["prior"], recorded["at_once"]
    if noise == 1:
        assert 1 / 1.5 <= forecast(prior, [], len(trials), [], at_once).seconds / (end - begin) <= 1.5
    for moment in sorted(ended for _, ended in trials)[3:]:
        ended = [stop - start for start, stop in trials if stop <= moment]
        running = [moment - start for start, stop in trials if start <= moment < stop]
        left = forecast(prior, ended, len(trials) - len(ended), running, at_once).seconds
        whole = moment - begin + left
        assert 1 / 1.5 <= whole / (end - begin) <= 1.5
