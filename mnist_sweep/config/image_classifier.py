"""The configuration of a trial that trains an image classifier: data, model, optimizer, training."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic import dataclasses as pydantic_dataclasses

from mnist_sweep.config.check import check, nearest
from mnist_sweep.config.component import Component, parse_component, section
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.hashing import drawn
from mnist_sweep.config.metrics import Direction, Metric, MetricTable, table
from mnist_sweep.config.schema import ARGUMENTS, CONFIG, SHAPE_CHECKS, Count, Int, Seed, Shape, StudySeed, TrainConfig
from mnist_sweep.config.targets import check_target
from mnist_sweep.config.task import IMAGE_CLASSIFIER

SECTIONS = ("data", "model", "optimizer", "train")
# The same images, epochs and beginning for every trial, or their accuracies can't be compared.
NOT_SEARCHED = ("data", "train.epochs", "train.initial_model", "train.initial_digest")
PRIMARY = "val_accuracy"
CURVES: dict[str, Direction] = {"loss": "minimize", "accuracy": "maximize", "val_loss": "minimize",
                                PRIMARY: "maximize"}  # fmt: skip
METRICS = table(
    CURVES,
    [Metric("parameters", "minimize", is_count=True), Metric("images_per_second", "maximize", is_count=True)],
    PRIMARY,
)


def table_of(plain: Mapping[str, Any]) -> MetricTable:
    """Returns the metrics of a configuration's trials: a model of the user's own may be compiled with others too."""
    model = plain.get("model")
    target = model.get("_target_") if isinstance(model, Mapping) else None
    return METRICS if target is None or target in ARGUMENTS["model"] else replace(METRICS, is_open=True)


@pydantic_dataclasses.dataclass(frozen=True, config=CONFIG)
class Split:
    """What every data set has, whatever function loads it."""

    name: Annotated[str, Field(pattern=r"^\w[\w.+-]{0,59}$")]
    validation: Literal["split", "test", "kfold"]
    validation_size: Count
    split_seed: Seed | None  # None: the last images of the file
    split: Literal["stratified", "grouped"] = "stratified"
    groups: str | None = None  # a file
    folds: Annotated[Int, Field(ge=2, le=100)] | None = None  # of validation=kfold, where None is FOLDS
    fold: Annotated[Int, Field(ge=0)] = 0  # the one that is validated with

    def plain(self) -> dict[str, Any]:
        """Returns the fields as plain data, without those that are as before there was a choice."""
        found = dataclasses.asdict(self)
        if self.validation != "kfold":
            found |= {key: SPLIT_BEFORE[key] for key in OF_FOLDS}
        always = OF_FOLDS if self.validation == "kfold" else ()
        return {key: value for key, value in found.items()
                if key in always or key not in SPLIT_BEFORE or value != SPLIT_BEFORE[key]}  # fmt: skip


# What keys that a configuration lacks meant before there was a choice.
SPLIT_BEFORE: dict[str, Any] = {"split": "stratified", "groups": None, "folds": None, "fold": 0}
OF_FOLDS = ("folds", "fold")
FOLDS = 5


@dataclass(frozen=True)
class DataConfig:
    """A data set: the function that loads it, and how validation images are set apart."""

    source: Component
    split: Split


@dataclass(frozen=True)
class ImageClassifierConfig:
    """Everything that a trial's result depends on, apart from the environment (versions and CPU)."""

    data: DataConfig
    model: Component
    optimizer: Component
    train: TrainConfig
    seed: int
    task: Component = IMAGE_CLASSIFIER

    @property
    def opens_test_images(self) -> bool:
        """Whether it is evaluated on the test images."""
        return self.data.split.validation == "test"

    @property
    def epochs(self) -> int:
        """How many epochs it has at most."""
        return self.train.epochs

    @property
    def title(self) -> str:
        """What is trained, in a few words that can name a study."""
        return f"{self.model.name}-{self.data.split.name}"

    def plain(self) -> dict[str, Any]:
        """Returns the same as Hydra composes it: sections data, model, optimizer, train and study.seed."""
        return {
            **({} if self.task == IMAGE_CLASSIFIER else {"task": self.task.plain()}),
            "data": self.data.source.plain(self.data.split.plain()),
            "model": self.model.plain(),
            "optimizer": self.optimizer.plain(),
            "train": {
                key: value
                for key, value in dataclasses.asdict(self.train).items()
                if value is not None or not key.startswith("initial_")
            },
            "study": {"seed": self.seed},
        }

    def same_result_as(self, other: object) -> bool:
        """Returns whether both give the same result: paths don't matter."""
        return (
            isinstance(other, ImageClassifierConfig)
            and self.trial_seed() == other.trial_seed()
            and replace(self.train, initial_model=None) == replace(other.train, initial_model=None)
        )

    def trial_seed(self) -> int:
        """The seed of weights, shuffling and dropout, below 2**31: a hash of the study's seed and what is trained.

        Neither the order of trials nor the paths of this machine change it, nor how many epochs are trained, so a
        trial that was stopped is the beginning of the one that was not.
        """
        plain = self.plain()
        plain.pop("task", None)
        for key in ("path", "test_path", "urls", "digests", "groups"):
            plain["data"].pop(key, None)
        for key in ("epochs", "early_stopping_patience", "learning_rate_schedule", "initial_model"):
            plain["train"].pop(key, None)
        for key in ("label_smoothing", "weight_average"):
            if not plain["train"][key]:
                plain["train"].pop(key)  # as before there was one
        return drawn(json.dumps(plain, sort_keys=True)) >> 1


def _check_split(split: Split) -> None:
    """Raises UserError for a split by groups without groups, or without a seed, and for a fold that there is not."""
    if split.validation == "split" and (split.folds is not None or split.fold):
        raise UserError("data.folds and data.fold are of data.validation=kfold, got data.validation=split")
    if split.validation == "kfold":
        if split.fold >= (split.folds or FOLDS):
            raise UserError(f"data.fold must be below data.folds, {split.folds or FOLDS}, got {split.fold}")
        if split.split_seed is None:
            raise UserError("data.validation=kfold needs data.split_seed: the folds are drawn")
    if split.split == "stratified":
        return
    if split.groups is None:
        raise UserError("data.split=grouped needs data.groups: a file that says which group each image is of")
    if split.split_seed is None:
        raise UserError(
            "data.split=grouped needs data.split_seed: the last images of the file may share groups with others"
        )


def _check_training(train: TrainConfig, optimizer: Component, allowed: Iterable[str]) -> None:
    """Raises UserError for a loss or a schedule that is named, where another setting contradicts it."""
    if isinstance(train.loss, Mapping):
        check_target(train.loss, "train.loss", allowed)
        if train.label_smoothing:
            raise UserError(
                f"train.label_smoothing must be 0 with a train.loss by name, got {train.label_smoothing:g}: the loss "
                "may have a label_smoothing of its own"
            )
    if (train.initial_model is None) != (train.initial_digest is None):
        raise UserError("train.initial_digest is the SHA-256 of train.initial_model: give both, or the model alone")
    if isinstance(optimizer.arguments.get("learning_rate"), Mapping) and train.learning_rate_schedule != "constant":
        raise UserError(
            "train.learning_rate_schedule must be constant where optimizer.learning_rate is a schedule, got "
            f"{train.learning_rate_schedule}"
        )


def parse_image_classifier(
    plain: Mapping[str, Any], allowed: Iterable[str], task: Component = IMAGE_CLASSIFIER
) -> ImageClassifierConfig:
    """Returns a trial's configuration from plain data.

    Args:
        plain: The plain data; sections that no trial depends on are ignored.
        task: The task that trains it.
        allowed: The modules, apart from this package and Keras's optimizers, whose functions it may name.

    Raises:
        UserError: A value is wrong; the message names the first one.
    """
    for key in (*SECTIONS, "study"):
        if key not in plain:
            raise UserError(f"{key} is missing from the configuration{nearest(key, plain)}")
    data = section(plain["data"], "data")
    names = [field.name for field in dataclasses.fields(Split)]
    split = check(Split, {name: data.pop(name) for name in names if name in data}, "data")
    _check_split(split)
    if split.validation == "kfold" and split.folds is None:
        split = replace(split, folds=FOLDS)
    source = parse_component(data, "data", allowed)
    train = check(TrainConfig, section(plain["train"], "train"), "train")
    model = parse_component(plain["model"], "model", allowed)
    optimizer = parse_component(plain["optimizer"], "optimizer", allowed)
    _check_training(train, optimizer, allowed)
    return ImageClassifierConfig(
        data=DataConfig(source, split),
        model=model,
        optimizer=optimizer,
        train=train,
        seed=check(StudySeed, {"seed": section(plain["study"], "study").get("seed")}, "study").seed,
        task=task,
    )


def check_against_data(config: ImageClassifierConfig, image: Shape, train_images: int) -> None:
    """Checks that images suit a configuration.

    Args:
        config: The configuration.
        image: Height, width and channels of an image.
        train_images: The number of images that are left to train on.

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
