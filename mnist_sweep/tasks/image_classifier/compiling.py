"""A network's optimizer, loss and metrics: everything that `compile` takes, from a configuration."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mnist_sweep.config import Component, UserError
from mnist_sweep.config.image_classifier import CURVES, ImageClassifierConfig
from mnist_sweep.config.schema import TrainConfig
from mnist_sweep.config.targets import built, resolve

WARM_UP = 0.3  # of the steps of a one-cycle schedule
STEPS_PER_EXECUTION = 8  # in one call of TensorFlow: between calls Keras takes up to a tenth of a small network's step


def build_optimizer(config: Component, average: float = 0.0) -> keras.optimizers.Optimizer:
    """Returns the optimizer of a configuration.

    Args:
        config: The configuration.
        average: What an average of the weights keeps of itself in each step; 0 for none.

    Raises:
        UserError: The target does not return a Keras optimizer.
    """
    kind = resolve(config.target, "optimizer._target_")
    arguments = built(config.arguments, "optimizer")
    optimizer = kind(**arguments, **({"use_ema": True, "ema_momentum": average} if average else {}))
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise UserError(f"optimizer._target_ must be a keras.optimizers.Optimizer, got {config.target}")
    return optimizer


@keras.saving.register_keras_serializable(package="mnist_sweep")
class Triangular(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Up from 0 in a straight line over WARM_UP of the steps, then down to 0 in another (after Smith, 2015)."""

    def __init__(self, rate: float, steps: int) -> None:
        """Takes the highest learning rate, and the step after which the rate is 0."""
        self.rate, self.steps = rate, steps

    def __call__(self, step: Any) -> Any:
        """Returns the learning rate of a step, counted from 0."""
        done = keras.ops.cast(step, "float32") / self.steps
        return self.rate * keras.ops.maximum(0.0, keras.ops.minimum(done / WARM_UP, (1 - done) / (1 - WARM_UP)))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments, as Keras asks for them."""
        return {"rate": self.rate, "steps": self.steps}


def schedule(name: str, rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Returns a schedule of learning rates that ends at 0.

    Args:
        name: `cosine`: half a cosine down from the rate (Loshchilov and Hutter, 2016); `one_cycle`: up to the rate in a
            straight line over WARM_UP of the steps, then down like that (after Smith and Topin, 2018); `triangular`:
            up as that, then down in a straight line too.
        rate: The highest learning rate.
        steps: The step after which the rate is 0.
    """
    if name == "cosine":
        return keras.optimizers.schedules.CosineDecay(rate, steps)
    if name == "triangular":
        return Triangular(rate, steps)
    up = round(WARM_UP * steps)
    return keras.optimizers.schedules.CosineDecay(0.0, steps - up, warmup_target=rate, warmup_steps=up)


def _loss(settings: TrainConfig) -> keras.losses.Loss | None:
    """The loss that is named, None for one of Keras's two crossentropies.

    Raises:
        UserError: The target does not return a loss.
    """
    if not isinstance(settings.loss, Mapping):
        return None
    loss = built(settings.loss, "train.loss")
    if not callable(loss):
        raise UserError(f"train.loss._target_ must return a keras.losses.Loss, got {settings.loss['_target_']}")
    return loss


def takes_rows(settings: TrainConfig) -> bool:
    """Returns whether the loss is computed from one-hot rows: Keras smooths no other labels.

    A loss that is named gets them unless its name begins with Sparse, as Keras's do.
    """
    if isinstance(settings.loss, Mapping):
        return not str(settings.loss["_target_"]).rpartition(".")[2].startswith("Sparse")
    return settings.loss == "categorical_crossentropy" or settings.label_smoothing > 0


def labels_for(settings: TrainConfig, labels: NDArray[np.int32], classes: int) -> NDArray[Any]:
    """Returns labels in the form that the loss expects.

    Args:
        settings: How the network is trained.
        labels: (images,), from 0.
        classes: The number of classes.

    Returns:
        The labels as they are, or one-hot rows (images, classes) of float32.
    """
    if takes_rows(settings):
        return np.asarray(keras.utils.to_categorical(labels, classes), np.float32)
    return labels


OF_ROWS = ("Categorical", "TopKCategorical", "F1Score", "FBetaScore")  # how the names of such metrics of Keras's begin


class OfClasses(keras.metrics.Metric):  # type: ignore[misc]
    """A metric that takes classes as numbers, on labels that are one-hot rows."""

    def __init__(self, metric: keras.metrics.Metric) -> None:
        """Takes the metric."""
        super().__init__(name=metric.name)
        self.metric = metric

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch."""
        self.metric.update_state(keras.ops.argmax(y_true, axis=-1), y_pred, sample_weight)

    def result(self) -> Any:
        """Returns the metric's value."""
        return self.metric.result()

    def reset_state(self) -> None:
        """Begins anew."""
        self.metric.reset_state()


class OfRows(OfClasses):
    """A metric that takes one-hot rows, on labels that are numbers."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Counts a batch."""
        numbers = keras.ops.reshape(keras.ops.cast(y_true, "int32"), (-1,))
        self.metric.update_state(keras.ops.one_hot(numbers, y_pred.shape[-1]), y_pred, sample_weight)


def _suited(metric: keras.metrics.Metric, rows: bool) -> keras.metrics.Metric:
    """Returns a metric for labels that are one-hot rows, or numbers, as its name says which it takes."""
    name = type(metric).__name__
    if rows and name.startswith("Sparse"):
        return OfClasses(metric)
    return OfRows(metric) if not rows and name.startswith(OF_ROWS) else metric


def own_metrics(model: keras.Model, rows: bool) -> list[keras.metrics.Metric]:
    """Returns the metrics that a model was compiled with, new ones of the same configuration; none for most models.

    Args:
        model: The model.
        rows: Whether labels are one-hot rows; metrics whose names begin with Sparse get them as numbers then. Where
            they are not, those of `OF_ROWS` get rows.

    Raises:
        UserError: One of them can't be made again from its configuration.
    """
    if not model.compiled:
        return []
    given = (model.get_compile_config() or {}).get("metrics") or []
    found = []
    for one in given if isinstance(given, list) else [given]:
        try:
            found.append(keras.metrics.get(one))
        except (ValueError, TypeError) as error:
            reason = str(error).split("\n")[0]
            raise UserError(f"model: a metric that it is compiled with can't be made again: {reason}") from None
    metrics = [metric for metric in found if isinstance(metric, keras.metrics.Metric)]
    return [_suited(metric, rows) for metric in metrics]


def compile_model(model: keras.Model, config: ImageClassifierConfig, steps: int) -> None:
    """Compiles a network with the optimizer and loss of a configuration.

    Metrics that its own function has compiled it with are kept.

    Args:
        model: The network.
        config: The trial's configuration.
        steps: The number of training steps after which a scheduled learning rate reaches 0.
    """
    settings = config.train
    optimizer = build_optimizer(config.optimizer, settings.weight_average)
    if settings.learning_rate_schedule != "constant":
        optimizer.learning_rate = schedule(settings.learning_rate_schedule, float(optimizer.learning_rate), steps)
    if takes_rows(settings):
        loss = _loss(settings) or keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing)
        accuracy = keras.metrics.CategoricalAccuracy(name="accuracy")
    else:
        loss, accuracy = _loss(settings) or settings.loss, keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    more = [metric for metric in own_metrics(model, takes_rows(settings)) if metric.name not in CURVES]
    # What is created within the first trace makes TensorFlow trace again: a metric by its name, the optimizer's state.
    if model.built:
        optimizer.build(model.trainable_variables)
    model.compile(
        optimizer,
        loss=loss,
        metrics=[accuracy, *more],
        jit_compile=False,
        steps_per_execution=STEPS_PER_EXECUTION,
    )
