"""Trains nothing: a trial's result is a known function of its configuration.

For rehearsing a search of thousands of trials, for tests, and for measuring what everything but training costs.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from mnist_sweep.config.image_classifier import (
    CURVES,
    NOT_SEARCHED,
    SECTIONS,
    ImageClassifierConfig,
    parse_image_classifier,
    table_of,
)
from mnist_sweep.config.traits import Traits
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.data import Description
from mnist_sweep.tasks.image_classifier.task import check_images, known_metrics, prepare_images


def _number(value: Any, otherwise: float) -> float:
    """Returns a parameter as a number: of a schedule its initial learning rate, of anything else a default."""
    if isinstance(value, Mapping):
        value = value.get("initial_learning_rate")
    return float(value) if isinstance(value, int | float) else otherwise


def dry_accuracy(config: Mapping[str, Any]) -> float:
    """Returns the accuracy that a dry trial reaches, from 0 to 0.99.

    A bowl with its top at a learning rate of 0.001, dropout of 0.3 and beta_1 of 0.9, a little higher for larger
    layers; other parameters change nothing.
    """
    model, optimizer = config["model"], config["optimizer"]
    rate, dropout = _number(optimizer.get("learning_rate"), 1e-3), _number(model.get("dropout"), 0.3)
    sizes = [_number(size, 100) for name in ("units", "dense_units", "filters_1", "filters_2")
             for size in (model[name] if isinstance(model.get(name), list) else [model.get(name)])]  # fmt: skip
    lost = 0.02 * math.log10((rate if rate > 0 else 1e-3) / 1e-3) ** 2 + 0.05 * (dropout - 0.3) ** 2
    lost += 0.05 * (_number(optimizer.get("beta_1"), 0.9) - 0.9) ** 2 + 0.1 / math.sqrt(sum(sizes))
    return max(0.0, 0.99 - lost)


class Dry:
    """The task of the image classifier without its training: accuracies rise to a known function of the parameters."""

    sections: Sequence[str] = SECTIONS
    metrics = CURVES
    traits = Traits(
        note="A dry run: nothing was trained, the figures are a known function of the parameters.",
        not_searched=NOT_SEARCHED,
    )

    parse, table_of = staticmethod(parse_image_classifier), staticmethod(table_of)
    prepare, check_against = staticmethod(prepare_images), staticmethod(check_images)
    known = staticmethod(known_metrics)

    def check(self, config: Mapping[str, Any]) -> None:
        """Does nothing: `parse` checks."""

    def epochs(self, config: Mapping[str, Any]) -> list[dict[str, float]]:
        """Returns the curves of each epoch: accuracies rise to `dry_accuracy`, which the last epoch has."""
        epochs, best = int(config["train"]["epochs"]), dry_accuracy(config)
        accuracies = [best * (1 - 0.5**epoch + 0.5**epochs) for epoch in range(1, epochs + 1)]
        return [{"loss": 1 - one, "accuracy": one, "val_loss": 1 - one, "val_accuracy": one} for one in accuracies]

    def returned(self, trial: TrialContext) -> dict[str, float]:
        """Returns the other metrics of a trial that has ended, and sets its digest."""
        content = [trial.config.plain(), len(trial.rows)]
        trial.digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        seconds = sum(row["seconds"] for row in trial.rows)
        images = len(trial.rows) * trial.settings.data["train_images"] / seconds if seconds else 0.0
        if not trial.rows:
            return {}
        assert isinstance(trial.config, ImageClassifierConfig)
        data = {**trial.settings.data, "image": tuple(trial.settings.data.get("image", ()))}
        own = known_metrics(trial.config, Description(**data)) if data["image"] else {}
        return {"parameters": 0.0, **own, "images_per_second": images}

    def run(self, config: Mapping[str, Any], trial: TrialContext) -> Mapping[str, float]:
        """Reports all epochs at once."""
        for epoch, row in enumerate(self.epochs(config), 1):
            trial.report(epoch, **row)
        return self.returned(trial)
