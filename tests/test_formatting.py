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
        (3599.5, "1 h 00 min"),
        (7620, "2 h 07 min"),
    ],
)
def test_durations_have_two_units_at_most(seconds, text):
    assert duration(seconds) == text


def test_overrides_lose_their_groups_and_digits():
    assert short({"optimizer.learning_rate": "0.00123456", "model.units": "[8]", "train.batch_size": "12345678"}) == (
        "learning_rate=0.001235 units=[8] batch_size=12345678"
    )
    assert short({}) == "the base configuration"
    assert short({"model.units.0": "64", "params.0": "1"}) == "units.0=64 params.0=1"


@pytest.mark.parametrize("command", ["a b", "a '```' b", "a '```' '```'"])
def test_a_command_stays_within_its_fence(command):
    first, *inner, last = fenced(command).split("\n")
    assert first == last
    assert set(first) == {"`"}
    assert inner == [command]
    assert first not in command


def test_counts_agree_with_their_nouns():
    assert [plural(count, "epoch") for count in (0, 1, 2, 1234)] == ["0 epochs", "1 epoch", "2 epochs", "1,234 epochs"]
