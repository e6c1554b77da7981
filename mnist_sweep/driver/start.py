"""What a search begins with besides its baseline: trials that a person names, as overrides or as files."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.check import shown
from mnist_sweep.config.compose import Composer, base_values, key_of
from mnist_sweep.config.constraints import Constraint, violations
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.flatten import flatten, is_within
from mnist_sweep.config.spelling import read, spelled
from mnist_sweep.config.task import build_task
from mnist_sweep.config.traits import traits
from mnist_sweep.search import Given
from mnist_sweep.tasks.data import Description, check_against, known

WHERE = "search.start"
Say = Callable[[str], None]


def _is_within_any(key: str, sections: Sequence[str]) -> bool:
    return any(is_within(key, section) for section in sections)


def of_texts(texts: Sequence[str], where: str = WHERE) -> dict[str, str]:
    """Returns overrides of one trial by key.

    Args:
        texts: Overrides with one value each.
        where: What they are of, for messages.

    Raises:
        UserError: One can't be read, or has several values.
    """
    found = {}
    for text in map(spelled, texts):
        if text.startswith("~") or read(text, where).is_sweep_override():
            raise UserError(f"{where} must have overrides with one value each, got {shown(text)}")
        found[key_of(text)] = text.partition("=")[2]
    return found


def _of_file(file: Path, composer: Composer, fixed: Sequence[str], say: Say) -> dict[str, str]:
    """Returns what a stored configuration has that the base configuration has not; raises UserError.

    What a search can't change, such as the data, stays that of the search, which is said.
    """
    if not file.is_file():
        raise UserError(f"{WHERE}: {file} is not there; give a study's best.yaml, or a trial's config.yaml")
    try:
        config = parse_trial(files.read_yaml(file), composer.allowed)
    except UserError as error:
        raise UserError(f"{WHERE}: {file} is no trial's configuration: {error}") from None
    sections = build_task(composer.config({}).task).sections
    if set(build_task(config.task).sections) != set(sections):
        raise UserError(f"{WHERE}: {file} is of another task, {config.task.name}")
    groups = _options(config, composer, [section for section in sections if section not in fixed])
    wanted, there = (flatten({key: one.plain()[key] for key in sections}) for one in (config, composer.config(groups)))
    other = [key for key in {**wanted, **there} if wanted.get(key) != there.get(key)]
    keys = [key for key in other if not _is_within_any(key, fixed)]
    if left := dict.fromkeys(key for key in fixed if any(is_within(one, key) for one in other)):
        say(f"{WHERE}: {file} differs in {' and '.join(left)} too, which a search does not change: it keeps its own")
    if missing := [key for key in keys if key not in wanted]:
        raise UserError(f"{WHERE}: {file} has no {missing[0]}, which this search's configuration has")
    return {**groups, **{key: as_literal(wanted[key]) for key in keys}}


def _options(config: TrialConfig, composer: Composer, sections: Sequence[str]) -> dict[str, str]:
    """Returns the options of those groups whose function is another one than in the base configuration."""
    wanted, base = config.plain(), composer.config({}).plain()
    found = {}
    for section in sections:
        content = wanted[section]
        if not isinstance(content, Mapping) or "_target_" not in content:
            continue
        if content["_target_"] == base.get(section, {}).get("_target_"):
            continue
        options = {option: composer.config({section: option}).plain()[section] for option in composer.options(section)}
        option = next((name for name, one in options.items() if one.get("_target_") == content["_target_"]), None)
        if option is None:
            raise UserError(f"{WHERE}: no option of {section} is {content['_target_']}")
        found[section] = option
    return found


def start_points(start: Sequence[Any], composer: Composer, say: Say) -> list[Given]:
    """Returns the trials that are named.

    Args:
        start: Of each trial its overrides, as a list, as a mapping or as one text; or the file of a stored
            configuration, such as a study's best.yaml.
        composer: Composes trials.
        say: Reports what of a file does not count.

    Raises:
        UserError: One of them can't be composed.
    """
    base = composer.config({})
    task = build_task(base.task)
    fixed = ("study", *traits(task).not_searched)
    found = []
    for one in start:
        if isinstance(one, str) and one.endswith((".yaml", ".yml")):
            overrides = _of_file(Path(one).expanduser(), composer, fixed, say)
        elif isinstance(one, Mapping):
            overrides = {key: as_literal(value) for key, value in flatten(one).items()}
        else:
            overrides = of_texts(shlex.split(one) if isinstance(one, str) else one)
        found.append(given(overrides, composer, WHERE))
    return found


def given(overrides: Mapping[str, str], composer: Composer, where: str) -> Given:
    """Returns a trial that a person names.

    Args:
        overrides: What it is on top of the base configuration.
        composer: Composes it.
        where: What names it.

    Raises:
        UserError: It can't be composed, or could not be compared with the others.
    """
    task = build_task(composer.config({}).task)
    for key in overrides:
        if _is_within_any(key, ("study", *traits(task).not_searched)):
            raise UserError(f"{where} must not have {key}: trials could then not be compared")
        if key.partition(".")[0] not in task.sections:
            raise UserError(f"{where} must have keys of {', '.join(task.sections)}, got {key}")
    try:
        config = composer.config(overrides)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    groups = {key: text for key, text in overrides.items() if "." not in key}
    return Given(dict(overrides), base_values(config.plain(), groups), where)


def check_start(
    overrides: Mapping[str, str],
    composer: Composer,
    description: Description,
    constraints: Sequence[Constraint],
    where: str = WHERE,
) -> None:
    """Raises UserError for a trial that a person names and that can't be trained, or would not meet the constraints."""
    try:
        config = composer.config(overrides)
        check_against(config, description)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if broken := violations(constraints, known(config, description)):
        named = " ".join(f"{key}={text}" for key, text in overrides.items()) or "the base configuration"
        hint = f"; leave it out, or all with {WHERE}=[]" if where == WHERE else ""
        raise UserError(f"{where}: {named} does not meet search.constraints: {', '.join(broken)}{hint}")
