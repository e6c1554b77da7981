"""A task of one's own as a function: `def objective(config, trial)`, with any library inside."""

import inspect
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mnist_sweep.config import UserError
from mnist_sweep.config.check import shown
from mnist_sweep.config.metrics import Direction, MetricTable, table
from mnist_sweep.config.targets import resolve
from mnist_sweep.config.traits import Traits
from mnist_sweep.tasks.context import TrialContext

KEY = "task.function"


class Function:
    """Calls `function(config, trial)`, where config is the section `params` of the configuration.

    Its metrics are what it reports and returns.
    """

    sections: Sequence[str] = ("params",)
    traits = Traits(starting="starting")

    def __init__(self, function: str, metrics: Mapping[str, Direction] | None = None) -> None:
        """Takes the function's name; it is imported in the trial's process only.

        Args:
            function: Its name with its module, such as my_module.objective.
            metrics: Which way each of its metrics is better; None where their names say it.
        """
        if metrics is not None and not isinstance(metrics, Mapping):
            raise UserError(f"task.metrics must be a mapping such as {{gain: maximize}}, got {shown(metrics)}")
        self.function = function
        self.metrics: Mapping[str, Direction] = dict(metrics or {})

    def table_of(self, plain: Mapping[str, Any]) -> MetricTable:  # noqa: ARG002
        """Returns the metrics that are named; the function may report others too."""
        return replace(table(self.metrics), is_open=True)

    def check(self, config: Mapping[str, Any]) -> None:
        """Does nothing: the function's own process finds what is wrong."""

    def ready(self) -> None:
        """Checks, in a process of its own and before the first trial, that the function can be called.

        Raises:
            UserError: It can't be imported, or takes other arguments.
        """
        self._resolved()

    def run(self, config: Mapping[str, Any], trial: TrialContext) -> Mapping[str, float] | None:
        """Calls the function; Python's and NumPy's random numbers are seeded before."""
        import numpy as np

        function = self._resolved()
        random.seed(trial.seed)
        np.random.seed(trial.seed)
        returned: Mapping[str, float] | None = function(config["params"], trial)
        return returned

    def _resolved(self) -> Callable[..., Any]:
        function: Callable[..., Any] = resolve(self.function, KEY)
        try:
            inspect.signature(function).bind({}, None)
        except TypeError:
            signature = shown(str(inspect.signature(function)))
            raise UserError(f"{KEY} must take (config, trial), but {self.function} takes {signature}") from None
        except ValueError:  # a function of an extension without a signature
            return function
        return function
