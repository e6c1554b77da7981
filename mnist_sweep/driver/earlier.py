"""A study that was begun when the defaults were others goes on with those it began with."""

import copy
import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import UserError, parse_trial
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.flatten import flatten, is_within
from mnist_sweep.config.spelling import spelled
from mnist_sweep.config.task import build_task
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.identity import MAY_CHANGE, changed
from mnist_sweep.storage.run_record import read_record

OF_THE_SEARCH = ("space", "when", "metric", "direction")


def _asked(texts: Iterable[str]) -> set[str]:
    """Returns the overrides of a command line that say what a study is."""
    found = {spelled(text) for text in texts if "=" in text or text.startswith("~")}
    return {text for text in found if not any(is_within(key_of(text), key) for key in MAY_CHANGE)}


def as_begun(composed: Composed, folder: StudyFolder, now: dict[str, Any]) -> tuple[Composed, list[str]] | None:
    """Returns what was composed with the values that a study began with, where the command line asks for the same.

    Args:
        composed: What was composed from the command line.
        folder: The study's folder.
        now: The identity that the study would have.

    Returns:
        The configuration, and the values that it takes over, as overrides; None where the command line asks for
        something else than the study has, or nothing differs.
    """
    different = [line.partition(": ")[0] for line in changed(folder, now)]
    if not different or "data_digest" in different or not folder.record.is_file():
        return None
    command = str(read_record(folder.record).tags.get("command", ""))
    if _asked(shlex.split(command)) != _asked(shlex.split(composed.line)):
        return None
    stored = files.read_yaml(folder.config)
    try:
        began = flatten({**stored, **parse_trial(stored, composed.trusted).plain()})
    except UserError:
        return None
    sections = build_task(composed.composer.config({}).task).sections
    keys = [key for key in different if key.partition(".")[0] in sections]
    if any(key not in began or key.endswith("._target_") for key in keys):
        return None
    own = [f"{key}={as_literal(began[key])}" for key in keys]
    composer = composed.composer.with_base([*composed.overrides, *own])
    config = copy.deepcopy(composed.config)
    base = composer.plain_base()
    config |= {section: base[section] for section in sections}
    for key in OF_THE_SEARCH:
        if isinstance(stored.get("search"), dict) and key in stored["search"]:
            config["search"][key] = stored["search"][key]
    differing = {key.partition(".")[0] for key in different}
    for key in ("sampler", "pruner"):
        config[key] = stored[key] if key in differing else now[key]
    ranges = [f"search.{key}" for key in OF_THE_SEARCH if any(one.startswith(f"search.{key}") for one in different)]
    found = replace(composed, config=config, composer=composer, sweeps={}, unsearched=[])
    return found, [*own, *ranges]
