"""The data of a task: prepared, described and shared; none for a task that has none."""

from dataclasses import replace

import pytest
from hydra import compose

from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.compose import plain
from mnist_sweep.tasks.data import Description, check_against, not_shown, prepare, shared


def config_of(*overrides: str) -> TrialConfig:
    texts = ["data=digits", "model=dnn", "model.units=[8]", "train.epochs=2", *overrides]
    return parse_trial(plain(compose("config", texts)))


@pytest.fixture
def config(hydra_conf: None) -> TrialConfig:
    return config_of()


def test_a_download_need_not_be_shown() -> None:
    with not_shown("digits") as on_bytes:
        on_bytes(5, None)


def test_the_data_are_described_and_must_fit(config: TrialConfig) -> None:
    from sklearn.datasets import load_digits

    said: list[str] = []
    found = prepare(config, said.append)
    assert found.train_images + found.validation_images < len(load_digits().target)  # the others are the test images
    assert found.validation_images == config.data.split.validation_size
    assert set(found.digests) == {"train_images", "train_labels"}
    assert set(prepare(config, said.append, all_parts=True).digests) > set(found.digests)
    wrong = replace(config, train=replace(config.train, batch_size=10**6))
    with pytest.raises(UserError, match=r"train\.batch_size"):
        prepare(wrong, said.append)


def test_the_images_are_shared_and_a_dry_run_holds_none(config: TrialConfig) -> None:
    description = prepare(config, print)
    with shared(config, description) as images:
        assert images
    dry = config_of("task=dry")
    assert prepare(dry, print) == description
    with shared(dry, description) as images:
        assert images is None


def test_a_function_has_no_data(hydra_conf: None) -> None:
    texts = ["task=function", "task.function=mine.objective", "+params.x=1"]
    config = parse_trial(plain(compose("config", texts)), ["mine"])
    description = prepare(config, print)
    assert not description
    assert description == Description()
    check_against(config, description)
    with shared(config, description) as images:
        assert images is None
