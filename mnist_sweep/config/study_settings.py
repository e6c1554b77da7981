"""A study's own settings: its name, seed, note and tags, and what is kept of it."""

import re
from dataclasses import field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from mnist_sweep.config.check import check, shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.schema import CONFIG, Bool, Int, Seed

# The tags of an MLflow run that are not a person's own.
TAKEN_TAGS = ("study", "kind", "folder", "command", "data_digest", "executor", "trial", "state", "seed", "origin",
              "infeasible", "verdict", "reproduces", "forked_from", "audited", "id", "stop")  # fmt: skip
_TAG = re.compile(r"[\w][\w ./-]{0,99}")


def _own_tag(name: Any) -> Any:
    """A tag's name; raises ValueError for one that is taken, or that MLflow can't have."""
    text = str(name)
    if text in TAKEN_TAGS or text.startswith("mlflow.") or not _TAG.fullmatch(text):
        raise ValueError(f"must have names of letters, digits and _ - . / that are not taken, got {shown(text)}")
    return text


def _as_text(value: Any) -> Any:
    """Numbers, true and false are texts in a tag."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


@dataclass(frozen=True, config=CONFIG)
class StudyConfig:
    """A study's name (null: made from model and data), seed, and of how many trials the models are kept.

    `fork`: where the study was begun with another configuration, a new one takes over the trials that still fit.
    `revise`: where it was begun with another search space, it goes on with the new one. `note`
    and `tags` are a person's own, for the report and MLflow. `on_event` is a command that is told what happens.
    """

    name: str | None
    seed: Seed
    fork: Bool
    keep_models: Annotated[Int, Field(ge=0)]
    note: str | None = None  # earlier studies have neither
    tags: dict[Annotated[str, BeforeValidator(_own_tag)], Annotated[str, BeforeValidator(_as_text)]] = field(
        default_factory=dict
    )
    on_event: str | None = None
    revise: Bool = False


_NAME = re.compile(r"[\w][\w.+ -]{0,99}")


RESERVED = ("train", "reproduce")  # studies of single trials


def check_study_name(name: str, key: str = "study.name") -> str:
    """Returns the name; raises UserError unless it can be a folder's name."""
    if name in ("artifacts", "mlflow.db"):
        raise UserError(f"{key} must not be {name}: that is MLflow's")
    if name == "compare":
        raise UserError(f"{key} must not be {name}: comparisons are kept there")
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise UserError(
            f"{key} must be 1 to 100 letters, digits or . _ + - and spaces inside, beginning with a letter or digit, "
            f"got {shown(name)}"
        )
    return name


def _named(study: Any) -> Any:
    """A name such as 2024 is a number in YAML."""
    if isinstance(study, dict) and isinstance(name := study.get("name"), int) and not isinstance(name, bool):
        return {**study, "name": str(name)}
    return study


def parse_study(plain: Any) -> StudyConfig:
    """Returns the section `study`; raises UserError where a value is wrong."""
    study = check(StudyConfig, _named(plain), "study")
    if study.name is not None:
        check_study_name(study.name)
    return study
