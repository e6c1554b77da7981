"""Saves a training at the end of an epoch, and goes on from there to the same bits as if it had not been left.

What a training of Keras's is between two epochs: the variables of the network, among them the seeds of its layers, and
those of the optimizer, what an average of the weights has aside, and what early stopping has seen. The order of the
images needs nothing: TensorFlow draws it for each epoch from the operation's seed alone.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.tasks.context import TrialContext
from mnist_sweep.tasks.image_classifier.averaging import AverageWeights, measured

SHARE = 0.01  # of the training's time that may be spent on saving it
BYTES_PER_SECOND, SECONDS = 2e8, 0.005  # that saving takes, before it has been measured
VARIABLES, AVERAGE, STOPPING, BEST = "variables", "average", "early_stopping.json", "best_weights"
KNOWN = ("keras.", "mnist_sweep.")
# Operations whose random numbers depend on how often they were called, which nobody can ask them; and Python's code.
WITH_A_STATE = {"RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal", "RandomShuffle",
                "ParameterizedTruncatedNormal", "Multinomial", "RandomGamma", "RandomPoissonV2", "PyFunc",
                "EagerPyFunc"}  # fmt: skip


def _variables(model: keras.Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]


def _arrays(model: keras.Model) -> list[NDArray[Any]]:
    return [variable.numpy() for variable in _variables(model)]


def _as_bytes(arrays: Iterable[NDArray[Any]]) -> bytes:
    return b"".join(array.tobytes() for array in arrays)


def _from_bytes(content: bytes, like: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    """Returns arrays of the types and shapes of others; raises ValueError where the content is too short or long."""
    if sum(array.nbytes for array in like) != len(content):
        raise ValueError(f"a checkpoint must have {sum(array.nbytes for array in like)} bytes, got {len(content)}")
    found, start = [], 0
    for array in like:
        part = content[start : start + array.nbytes]
        found.append(np.frombuffer(part, array.dtype).reshape(array.shape))
        start += array.nbytes
    return found


def is_of_keras(config: ImageClassifierConfig) -> bool:
    """Returns whether a training has nothing of anybody's own in it, whose state would have to be looked for."""
    plain = config.plain()
    return all(target.startswith(KNOWN) for target in _targets([plain[key] for key in ("model", "optimizer", "train")]))


def _targets(plain: Any) -> Iterator[str]:
    """The names that a part of a configuration calls."""
    if isinstance(plain, Mapping):
        yield from (str(value) for key, value in plain.items() if key == "_target_")
        plain = list(plain.values())
    if isinstance(plain, list):
        for one in plain:
            yield from _targets(one)


def checkpoint_bytes(model: keras.Model, config: ImageClassifierConfig) -> int:
    """Returns the size of a compiled network's checkpoints."""
    kept = model.get_weights() if config.train.early_stopping_patience is not None else []
    aside = measured(model) if config.train.weight_average else []
    return sum(array.nbytes for array in (*_arrays(model), *aside, *kept))


def unsaved_state(model: keras.Model, batch: Any) -> str:
    """Returns what a training step of a network depends on that a checkpoint would not have, empty for nothing.

    Args:
        model: The network, compiled and built.
        batch: The types and shapes of a batch, as tf.TensorSpec.
    """
    try:
        graph = tf.function(model.train_step).get_concrete_function(batch).graph
    except Exception as error:  # whatever a step of somebody's own may raise outside of `fit`
        return f"its training step can't be looked at ({type(error).__name__})"
    content = graph.as_graph_def()
    nodes = [*content.node, *(node for function in content.library.function for node in function.node_def)]
    if found := sorted({node.op for node in nodes} & WITH_A_STATE):
        return f"its training has {found[0]}, whose state can't be saved"
    known = {id(variable.value) for variable in (*_variables(model), *model.metrics_variables)}
    if others := [variable.name for variable in graph.variables if id(variable) not in known]:
        return f"its training has the variable {others[0]}, which is none of the model and its optimizer"
    return ""


class Checkpoints(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves a training after an epoch, where that costs little beside the training; restores it as it begins.

    It has to be the last of the callbacks: what it saves is what they have left, and what it restores stays.
    """

    def __init__(
        self,
        trial: TrialContext,
        average: AverageWeights | None,
        stopping: keras.callbacks.EarlyStopping | None,
        batch: Any,
        on_restored: Callable[[], None],
    ) -> None:
        """Takes what was saved, if the trial is resumed.

        Args:
            trial: The trial.
            average: The callback that swaps in the average of the weights, None without one.
            stopping: The callback that stops early, None without one.
            batch: The types and shapes of a batch, for a training that may have a state of its own; else None.
            on_restored: Is called when the network has been restored.
        """
        super().__init__()
        self.trial, self.average, self.stopping, self.batch = trial, average, stopping, batch
        self.files, self._on_restored = trial.resumed(), on_restored
        self.is_off = False
        self._cost: float | None = None  # seconds of the last save
        self._since = 0.0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Restores what was saved."""
        if self.files is not None:
            self._restore(self.files)
            self._on_restored()
            self.files = None
        self._since = time.perf_counter()

    def _restore(self, files: Mapping[str, bytes]) -> None:
        if self.average is not None:
            self.average.restore(_from_bytes(files[AVERAGE], measured(self.model)))
        arrays = _from_bytes(files[VARIABLES], _arrays(self.model))
        for variable, array in zip(_variables(self.model), arrays, strict=True):
            variable.assign(array)
        if self.stopping is not None:
            for name, value in json.loads(files[STOPPING]).items():
                setattr(self.stopping, name, value)
            self.stopping.best_weights = _from_bytes(files[BEST], self.model.get_weights())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Saves the training, unless it has ended, or took less time than is worth it."""
        is_last = epoch + 1 == self.params["epochs"] or self.model.stop_training
        if is_last or self.is_off or not self._is_worth_it() or self.trial.should_stop():
            return
        if self.batch is not None and (why := unsaved_state(self.model, self.batch)):
            sys.stdout.write(f"no checkpoints: {why}; the trial begins at the start if it is lost\n")
            self.is_off = True
            return
        self.batch = None
        began = time.perf_counter()
        self.trial.checkpoint(epoch + 1, self._files())
        self._since = time.perf_counter()
        self._cost = self._since - began

    def _is_worth_it(self) -> bool:
        size = sum(np.prod(variable.shape, dtype=int) for variable in _variables(self.model)) * 4.0
        cost = SECONDS + size / BYTES_PER_SECOND if self._cost is None else self._cost
        return cost <= SHARE * (time.perf_counter() - self._since)

    def _files(self) -> dict[str, bytes]:
        files = {VARIABLES: _as_bytes(_arrays(self.model))}
        if self.average is not None:
            files[AVERAGE] = _as_bytes(self.average.aside)
        if self.stopping is not None:
            seen = {name: getattr(self.stopping, name) for name in ("wait", "best", "best_epoch")}
            files[STOPPING] = json.dumps(seen, allow_nan=False).encode()
            files[BEST] = _as_bytes(self.stopping.best_weights)
        return files
