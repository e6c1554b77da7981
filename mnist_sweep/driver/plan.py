"""What sweep and plan do first: everything that can be wrong is checked before a trial starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mnist_sweep.config import Settings, TrialConfig, UserError, parse_trial
from mnist_sweep.config.check import nearest
from mnist_sweep.config.compose import Composer, base_values, key_of
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.constraints import violations
from mnist_sweep.config.domains import globbed
from mnist_sweep.config.settings import parse_settings
from mnist_sweep.config.space import Parameter, parse_space
from mnist_sweep.config.space_check import Example, check_space, reachable
from mnist_sweep.config.spelling import dotted
from mnist_sweep.config.study_settings import RESERVED, check_study_name
from mnist_sweep.config.task import Task, build_task
from mnist_sweep.driver.budget import check_ends
from mnist_sweep.driver.combinations import Impossible, impossible
from mnist_sweep.driver.drawable import Drawable
from mnist_sweep.driver.on_event import parse_command
from mnist_sweep.driver.start import check_start, start_points
from mnist_sweep.execution.jobs import train_command
from mnist_sweep.search import Given, Search, build_pruner, build_sampler, is_finite, rehearse
from mnist_sweep.storage.deleted import deleted_numbers
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.tasks.data import Description, Transfer, check_against, known, prepare


@dataclass(frozen=True)
class Repeats:
    """How often each trial is run at most: on so many seeds (`search.seeds`), or folds (`data.folds`)."""

    of: Literal["seeds", "folds"]
    count: int


@dataclass(frozen=True)
class Plan:
    """A search that has passed every check."""

    settings: Settings
    composer: Composer
    base: TrialConfig
    values: dict[str, str]
    parameters: list[Parameter]
    description: Description
    folder: StudyFolder
    plain: dict[str, Any]
    flags: list[str]
    drawable: Drawable
    examples: Sequence[Example] = ()
    impossible: Impossible | None = None
    start: Sequence[Given] = ()
    on_event: Sequence[str] = ()

    @property
    def task(self) -> Task:
        """What its trials do."""
        return build_task(self.base.task)

    @property
    def repeats(self) -> Repeats:
        """On what each of its trials is run several times."""
        data = self.base.plain().get("data")
        if isinstance(data, Mapping) and data.get("validation") == "kfold":
            return Repeats("folds", int(data["folds"]))
        return Repeats("seeds", self.settings.search.seeds)

    def config(self, overrides: Mapping[str, str], seed: int | None = None, fold: int | None = None) -> TrialConfig:
        """Returns a trial's configuration.

        Args:
            overrides: Its overrides.
            seed: The study's seed for it, None for that of the study.
            fold: The fold that it is validated with, None for the first one, or where there are none.

        Raises:
            UserError: It can't be trained on the data.
        """
        config = self.composer.config(overrides)
        plain = config.plain()
        if seed is not None:
            plain["study"] = {"seed": seed}
        if fold is not None:
            plain["data"] = {**plain["data"], "fold": fold}
        if seed is not None or fold is not None:
            config = parse_trial(plain, self.composer.allowed)
        check_against(config, self.description)
        return config

    def search(self, journal: Path | None = None) -> Search:
        """Returns its search, which is opened or made in the study's folder, or of another journal."""
        return Search(
            journal or self.folder.journal,
            self.folder.name,
            self.settings,
            self.parameters,
            self.values,
            self.start,
            self.drawable,
            deleted_numbers(self.folder),
        )

    def command(self, overrides: Mapping[str, str]) -> str:
        """Returns a trial as a command that can be pasted."""
        return train_command(self.composer.overrides(overrides), self.flags)


def flat_space(plain: dict[str, Any]) -> dict[str, Any]:
    """Returns a configuration with its search space by dotted key, however it is nested."""
    search = plain.get("search")
    if not isinstance(search, dict):
        return plain
    flat = dict(search)
    if isinstance(space := search.get("space"), dict):
        flat["space"] = dotted(space)
    if isinstance(when := search.get("when"), dict):
        flat["when"] = {key: dotted(more) if isinstance(more, dict) else more for key, more in when.items()}
    return {**plain, "search": flat}


INSTEAD = {"study.seed": "confirm trains the best trials on fresh seeds; for several searches run the command once for "
           "each, study.seed=1 study.name=..."}  # fmt: skip


def with_command_line(
    plain: dict[str, Any], sweeps: Mapping[str, str], fixed: set[str], unsearched: Sequence[str] = ()
) -> dict[str, Any]:
    """Returns a configuration with the command line's parameters in its search space.

    Args:
        plain: The configuration, as plain data.
        sweeps: The domains that the command line has, by key.
        fixed: The keys that the command line sets to one value: these leave the space.
        unsearched: The keys that it takes out of the space, where the base configuration's value remains.

    Raises:
        UserError: What surrounds a trial can't be searched.
    """
    search = plain.get("search")
    if not isinstance(search, dict) or not all(isinstance(search.get(key), dict) for key in ("space", "when")):
        return plain  # what is wrong with it is reported where it is checked
    if surrounding := [key for key in sweeps if key.split(".")[0] in ("search", "study", "runtime", "tracking")]:
        key = surrounding[0]
        hint = INSTEAD.get(key, f"several values are given as a list, {key}=[a,b]")
        raise UserError(f"{key} can't be searched: {hint}")
    known = {*search["space"], *(key for more in search["when"].values() if isinstance(more, dict) for key in more)}
    for key in unsearched:
        if key not in known:
            raise UserError(f"{key} can't be taken out of search.space, it is not in it{nearest(key, known)}")
    given = fixed | set(sweeps) | set(unsearched)
    when = {
        condition: {key: text for key, text in more.items() if key not in given} if isinstance(more, dict) else more
        for condition, more in search["when"].items()
    }
    space = {**{key: text for key, text in search["space"].items() if key not in given}, **sweeps}
    return {**plain, "search": {**search, "space": space, "when": {c: more for c, more in when.items() if more}}}


def with_options(plain: dict[str, Any], composer: Composer) -> dict[str, Any]:
    """Returns a configuration in whose search space glob(...) of a group is a choice of its options.

    Raises:
        UserError: It is no group, or none of its options is meant.
    """
    search = plain.get("search")
    if not isinstance(search, dict) or not isinstance(search.get("space"), dict):
        return plain
    space = dict(search["space"])
    for key, text in space.items():
        if isinstance(text, str) and text.startswith("glob("):
            if not (options := composer.options(key)):
                raise UserError(f"search.space.{key} must list its values: glob is for the options of a group")
            space[key] = f"choice({','.join(globbed(key, text, options))})"
    return {**plain, "search": {**search, "space": space}}


def study_name(settings: Settings, base: TrialConfig) -> str:
    """Returns the study's name: as configured, or what is trained, such as <model>-<data>.

    Raises:
        UserError: The name is reserved for single trials.
    """
    if settings.study.name in RESERVED:
        raise UserError(f"study.name must not be {' or '.join(RESERVED)} for a search: those hold single trials")
    if settings.study.name is not None:
        return settings.study.name
    return check_study_name(base.title)


def _check_validation(data: Any, seeds: int) -> None:
    """Raises UserError for data that a search can't be validated with."""
    validation = data.get("validation") if isinstance(data, dict) else None
    if validation == "test":
        raise UserError("data.validation must be split for a search, got test: a choice by test images spoils them")
    if validation == "kfold" and seeds > 1:
        raise UserError(f"search.seeds must be 1 with data.validation=kfold, whose folds are run instead, got {seeds}")
    if validation == "kfold" and data.get("fold"):
        raise UserError(f"data.fold must be 0 for a search, which runs the others itself, got {data['fold']}")


def _incomparable(settings: Settings, parameters: Sequence[Parameter]) -> list[str]:
    """Returns that losses are compared of which each is another one, in lines."""
    by = [*(one.curve or one.name for one in settings.objectives), *(one.metric for one in settings.constraints)]
    searched = [one.key for one in parameters if one.key in ("train.loss", "train.label_smoothing")]
    if not searched or not any(name.endswith("loss") for name in by):
        return []
    return [f"{searched[0]} is searched, and trials are compared by a loss: each is then measured by another one"]


def make_plan(composed: Composed, say: Callable[[str], None], transfer: Transfer) -> Plan:
    """Returns a search that has been checked from end to end.

    Args:
        composed: The composed configuration.
        say: Reports what is done, in lines.
        transfer: Shows a download.

    Raises:
        UserError: The first thing that is wrong.
    """
    allowed = composed.trusted
    fixed = {key_of(override) for override in composed.overrides}
    plain = with_command_line(flat_space(composed.config), composed.sweeps, fixed, composed.unsearched)
    plain = with_options(plain, composed.composer)
    option = composed.choices.get("search")
    if "search" not in plain and "search" in fixed:
        raise UserError(f"search={option} is not there{nearest(str(option), composed.composer.options('search'))}")
    settings = parse_settings(plain, allowed)
    on_event = parse_command(settings.study.on_event, "study.on_event" in fixed)
    composer = composed.composer
    base = composer.config({})
    _check_validation(base.plain().get("data"), settings.search.seeds)
    task = build_task(base.task)
    build_sampler(settings.sampler, 0)
    build_pruner(settings.pruner)
    values = base_values(plain, composed.choices)
    parameters = parse_space(settings.search.space, settings.search.when)
    examples = check_space(composer, parameters, values, task)
    parameters = reachable(parameters, values)
    if not parameters:
        raise UserError("search.space must have a parameter that can be searched: no condition of search.when can hold")
    check_ends(settings.search, is_finite(parameters, values))
    start = start_points(settings.search.start, composer, say)
    name = study_name(settings, base)
    description = prepare(base, say, transfer=transfer)
    for one in start:
        check_start(one.overrides, composer, description, settings.constraints)
    if broken := violations(settings.constraints, known(base, description)):
        say(f"The base configuration, trial 0, is no candidate: {', '.join(broken)}; all others are compared with it")
    for line in _incomparable(settings, parameters):
        say(line)
    try:
        for example in examples:
            check_against(example.config, description)
    except UserError:  # of the data, which are known only now; another value may help
        examples = check_space(composer, parameters, values, task, lambda config: check_against(config, description))
    lost = impossible(composer, parameters, values, description)
    drawable = Drawable(composer, description, settings.constraints)
    if not rehearse(settings, parameters, values, base.epochs, drawable) and drawable.which:
        raise drawable.found_none()
    folder = StudyFolder(settings.runs_folder / name)
    return Plan(settings, composer, base, values, parameters, description, folder, plain, composed.flags, drawable,
                examples, lost, start, on_event)  # fmt: skip
