"""Numbers, durations and overrides as people read them."""

import pytest

from mnist_sweep.formatting import duration, fenced, plural, short


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7620, "2 h 07 min"),
        (90000, "25 h 00 min"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_overrides_lose_their_groups_and_digits() -> None:
    overrides = {"optimizer.learning_rate": "0.0010990740545915618", "train.batch_size": "12800", "model": "cnn"}
    assert short(overrides) == "learning_rate=0.001099 batch_size=12800 model=cnn"
    assert short({"model.units": "[16,32]", "x.shift": "-3"}) == "units=[16,32] shift=-3"
    assert short({}) == "the base configuration"


def test_a_command_with_backquotes_stays_in_its_block() -> None:
    assert fenced("mnist-sweep ui") == "```\nmnist-sweep ui\n```"
    first, *_, last = fenced("echo ```").splitlines()
    assert first == last == "````"


@pytest.mark.parametrize(("count", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials"), (1200, "1,200 trials")])
def test_one_is_singular(count: int, text: str) -> None:
    assert plural(count, "trial") == text
