"""The runs of `mnist-sweep confirm`: every finalist on every fresh seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic.dataclasses import dataclass as checked

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.check import check
from mnist_sweep.config.metrics import Metric
from mnist_sweep.config.schema import LOOSE
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.storage.environment import read_environment
from mnist_sweep.storage.folders import TrialFolder
from mnist_sweep.storage.state import TrialState, read_state
from mnist_sweep.tasks.image_classifier.evaluation import Predictions, read_predictions


@dataclass(frozen=True)
class Result:
    """What a run has reached.

    Attributes:
        value: Its accuracy on the test images, or its objective where its task has none.
        parameters: The parameters of the network, 0 where there is none.
        seconds: The time of its training.
        predictions: Its predictions of the test images, None where its task has none.
    """

    value: float
    parameters: int
    seconds: float
    predictions: Predictions | None


@checked(frozen=True, config=LOOSE)
class Metrics:
    """What is read of a run's metrics.json."""

    training_seconds: float
    parameters: int = 0


@dataclass(frozen=True)
class Run:
    """A finalist on one of the fresh seeds."""

    finalist: Finalist
    index: int
    folder: TrialFolder
    config: TrialConfig

    @property
    def name(self) -> str:
        """What it is called on the terminal."""
        return f"trial {self.finalist.trial}, seed {self.index}"

    @property
    def is_done(self) -> bool:
        """Whether it has been trained to its end, with this configuration, and its results are intact."""
        environment, state = read_environment(self.folder.environment), read_state(self.folder.state)
        if environment is None or environment.trial_seed != self.config.trial_seed():
            return False
        if self.config.epochs is not None and environment.epochs != self.config.epochs:
            return False
        if state is None or state.state is not TrialState.COMPLETE:
            return False
        try:
            self.result()
        except UserError:
            return False
        return True

    def result(self) -> Result:
        """Returns what it has reached; raises UserError where that is damaged."""
        content = files.read_json(self.folder.metrics)
        metrics = check(Metrics, content, str(self.folder.metrics))
        if self.finalist.has_test_set:
            predictions = read_predictions(self.folder.predictions)
            return Result(predictions.accuracy, metrics.parameters, metrics.training_seconds, predictions)
        value = value_of(self.finalist.metric, content, self.folder)
        return Result(value, metrics.parameters, metrics.training_seconds, None)


def value_of(metric: Metric, metrics: Mapping[str, Any], folder: TrialFolder) -> float:
    """Returns the objective of a run; raises UserError where it was not reported."""
    value = metrics.get(metric.name, metric.of(folder.rows()))
    if not isinstance(value, int | float):
        raise UserError(f"{folder.metrics} has no {metric.name}")
    return float(value)


NextRuns = Callable[[], Sequence[Run]]
