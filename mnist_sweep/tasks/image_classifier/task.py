"""The default task: trains a Keras classifier of images. Light: Keras is imported where a trial runs."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from mnist_sweep.config.image_classifier import (
    CURVES,
    NOT_SEARCHED,
    SECTIONS,
    ImageClassifierConfig,
    check_against_data,
    parse_image_classifier,
    table_of,
)
from mnist_sweep.config.initial_model import check_initial
from mnist_sweep.config.parameters import PARAMETERS
from mnist_sweep.config.traits import Traits
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.data import Description, Transfer


def check_images(config: ImageClassifierConfig, description: Description) -> None:
    """Raises UserError where a configuration can't be trained on the images."""
    check_against_data(config, description.image, description.train_images)


def known_metrics(config: ImageClassifierConfig, description: Description) -> dict[str, float]:
    """Returns the metrics of a configuration that are known without training it."""
    count = PARAMETERS.get(config.model.target)
    if count is None:
        return {}
    return {"parameters": float(count(config.model.arguments, description.image, description.classes))}


def prepare_images(
    config: ImageClassifierConfig, say: Callable[[str], None], all_parts: bool, transfer: Transfer
) -> Description:
    """Fetches the images if necessary and checks them; see `tasks.data.prepare`."""
    from mnist_sweep.tasks.image_classifier import data  # NumPy, before which the fork server has something to say

    with transfer(f"fetching {config.data.split.name}") as on_bytes:
        data.prepare(config.data, say, lambda fetched: data.describe(fetched, all_parts=True), on_bytes)
    check_initial(config.train.initial_model, config.train.initial_digest)
    description = data.describe(config.data, all_parts)
    check_images(config, description)
    return description


class ImageClassifier:
    """Trains the network of `model` with `optimizer` and `train` on the images of `data`."""

    sections: Sequence[str] = SECTIONS
    metrics = CURVES
    traits = Traits(
        starting="starting TensorFlow",
        preload=("mnist_sweep.tasks.image_classifier.preload",),
        not_searched=NOT_SEARCHED,
    )

    parse, table_of = staticmethod(parse_image_classifier), staticmethod(table_of)
    prepare, check_against = staticmethod(prepare_images), staticmethod(check_images)
    known = staticmethod(known_metrics)

    def check(self, config: Mapping[str, Any]) -> None:
        """Does nothing: `parse` checks."""

    def run(self, config: Mapping[str, Any], trial: TrialContext) -> Mapping[str, float]:  # noqa: ARG002
        """Trains and evaluates the network; returns the metrics that are not curves."""
        from mnist_sweep.tasks.image_classifier.trial import run

        return run(trial)

    def probe(self, plain: Mapping[str, Any], settings: Mapping[str, Any], steps: int) -> dict[str, float]:
        """Builds a network and times some steps; see `trial.probe`."""
        from mnist_sweep.tasks.image_classifier.trial import probe

        return probe(plain, settings, steps)

    def shared(
        self, config: ImageClassifierConfig, description: Description
    ) -> AbstractContextManager[dict[str, Any] | None]:
        """Returns a context that holds the images in memory, for all trials."""
        from mnist_sweep.tasks.image_classifier import data

        return data.shared(config.data, description.digests)
