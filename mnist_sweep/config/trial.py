"""One trial's complete configuration: plain data in, checked dataclasses out, and back."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic import dataclasses as pydantic_dataclasses

from mnist_sweep.config.check import check, nearest, shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.hashing import drawn
from mnist_sweep.config.schema import ARGUMENTS, CONFIG, SHAPE_CHECKS, Count, Seed, Shape, TrainConfig
from mnist_sweep.config.targets import check_target


@dataclass(frozen=True)
class Component:
    """A function by name (`_target_`) and its arguments: a model, or an optimizer."""

    target: str
    arguments: dict[str, Any]

    @property
    def name(self) -> str:
        """The function's own name, without its module."""
        return self.target.rpartition(".")[2]


@pydantic_dataclasses.dataclass(frozen=True, config=CONFIG)
class Split:
    """What every data set has, whatever function loads it."""

    name: Annotated[str, Field(pattern=r"^\w[\w.+-]{0,59}$")]
    validation: Literal["split", "test"]
    validation_size: Count
    split_seed: Seed | None  # None: the last images of the file


@dataclass(frozen=True)
class DataConfig:
    """A data set: the function that loads it, and how validation images are set apart."""

    source: Component
    split: Split


@dataclass(frozen=True)
class TrialConfig:
    """Everything that a trial's result depends on, apart from the environment (versions and CPU)."""

    data: DataConfig
    model: Component
    optimizer: Component
    train: TrainConfig
    seed: int

    def plain(self) -> dict[str, Any]:
        """Returns the same as Hydra composes it: sections data, model, optimizer, train and study.seed."""
        return {
            "data": _plain(self.data.source, dataclasses.asdict(self.data.split)),
            "model": _plain(self.model),
            "optimizer": _plain(self.optimizer),
            "train": dataclasses.asdict(self.train),
            "study": {"seed": self.seed},
        }

    def same_result_as(self, other: "TrialConfig") -> bool:
        """Returns whether both give the same result: paths don't matter."""
        return self.trial_seed() == other.trial_seed() and self.train == other.train

    def trial_seed(self) -> int:
        """The seed of weights, shuffling and dropout, below 2**31: a hash of the study's seed and what is trained.

        Neither the order of trials nor the paths of this machine change it, nor how many epochs are trained, so a
        trial that was stopped is the beginning of the one that was not.
        """
        plain = self.plain()
        for key in ("path", "urls", "digests"):
            plain["data"].pop(key, None)
        for key in ("epochs", "early_stopping_patience", "learning_rate_schedule"):
            plain["train"].pop(key)
        if not self.train.label_smoothing:
            plain["train"].pop("label_smoothing")  # as before there was one
        return drawn(json.dumps(plain, sort_keys=True)) >> 1


def _plain(component: Component, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"_target_": component.target, **(more or {}), **component.arguments}


def _section(plain: Any, key: str) -> dict[str, Any]:
    if not isinstance(plain, Mapping):
        raise UserError(f"{key} must be one of the options of its group or a mapping, got {shown(plain)}")
    _check_plain(plain, key)
    return dict(plain)


def _check_plain(value: Any, key: str) -> None:
    """Raises UserError for what JSON can't have, such as a date or a key that is no text."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                raise UserError(f"{key} has a key that is not text: {shown(name)}")
            _check_plain(item, f"{key}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_plain(item, f"{key}.{index}")
    elif not (value is None or isinstance(value, bool | int | float | str)):
        raise UserError(f"{key} must be text, a number, true, false, null, a list or a mapping, got {shown(value)}")


def parse_component(plain: Any, key: str, allowed: Iterable[str]) -> Component:
    """Returns a `_target_` with its arguments.

    Args:
        plain: The section, as plain data.
        key: Its key, for messages.
        allowed: The modules and names that a configuration may call.

    Raises:
        UserError: It is not allowed, or an argument is out of range.
    """
    arguments = _section(plain, key)
    target = check_target(arguments, key, allowed)
    arguments.pop("_target_")
    if kind := ARGUMENTS.get(key, {}).get(target):
        arguments = dataclasses.asdict(check(kind, arguments, key))
    return Component(target, arguments)


def parse_trial(plain: Mapping[str, Any], allowed: Iterable[str] = ()) -> TrialConfig:
    """Returns a trial's configuration from plain data, such as a composed or a stored YAML.

    Args:
        plain: The plain data; sections that no trial depends on are ignored.
        allowed: The modules, apart from this package and Keras's optimizers, whose functions it may name.

    Raises:
        UserError: A value is wrong; the message names the first one.
    """
    for key in ("data", "model", "optimizer", "train", "study"):
        if key not in plain:
            raise UserError(f"{key} is missing from the configuration{nearest(key, plain)}")
    data = _section(plain["data"], "data")
    names = [field.name for field in dataclasses.fields(Split)]
    split = check(Split, {name: data.pop(name) for name in names if name in data}, "data")
    source = parse_component(data, "data", allowed)
    return TrialConfig(
        data=DataConfig(source, split),
        model=parse_component(plain["model"], "model", allowed),
        optimizer=parse_component(plain["optimizer"], "optimizer", allowed),
        train=check(TrainConfig, _section(plain["train"], "train"), "train"),
        seed=check(StudySeed, {"seed": _section(plain["study"], "study").get("seed")}, "study").seed,
    )


@pydantic_dataclasses.dataclass(frozen=True, config=CONFIG)
class StudySeed:
    """The one key of `study` that a trial depends on."""

    seed: Seed


def check_against_data(config: TrialConfig, image: Shape, train_images: int) -> None:
    """Checks that images suit a configuration.

    Args:
        config: The configuration.
        image: Height, width and channels of an image.
        train_images: The number of training images before the split.

    Raises:
        UserError: They don't: the size of batches, the split, or a layer.
    """
    if config.train.batch_size > train_images:
        raise UserError(
            f"train.batch_size must be at most {train_images}, the number of training images, "
            f"got {config.train.batch_size}"
        )
    if check_shape := SHAPE_CHECKS.get(config.model.target):
        check_shape(config.model.arguments, image)
