from mnist_sweep.search import Standing, in_common

BASE = {"rate": "0.01", "optimizer": "adam"}


def failed(number: int, reason: str, **overrides: str) -> Standing:
    return Standing(number, "FAIL", None, overrides, reason)


def fine(number: int, **overrides: str) -> Standing:
    return Standing(number, "COMPLETE", (0.9,), overrides, None)


def test_one_reason_with_other_numbers_is_one_reason() -> None:
    said = in_common([failed(1, "loss became nan in epoch 1"), failed(2, "loss became nan in epoch 3")], [], BASE)
    assert said == "all because: loss became nan in epoch 1"


def test_several_reasons_are_counted() -> None:
    said = in_common([failed(1, "a"), failed(2, "b"), failed(3, "b")], [], BASE)
    assert said == "2 because: b; 1 because: a"


def test_numbers_that_lie_apart_are_told_with_the_baselines() -> None:
    bad = [failed(2, "x", rate="0.5", optimizer="adam"), failed(3, "x", rate="0.3", optimizer="sgd")]
    said = in_common(bad, [fine(0), fine(1, rate="0.1", optimizer="sgd")], BASE)
    assert said == "all because: x; all with rate from 0.3 to 0.5 (0.01 to 0.1 in those that did not)"


def test_a_choice_that_no_other_trial_has_is_told() -> None:
    bad = [failed(2, "x", optimizer="sgd"), failed(3, "x", optimizer="sgd")]
    assert in_common(bad, [fine(0)], BASE) == "all because: x; all with optimizer=sgd (in none of those that did not)"
    assert in_common(bad, [fine(0), fine(1, optimizer="sgd")], BASE) == "all because: x"
