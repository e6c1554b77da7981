"""What a command line says: a command, its names, overrides, sweeps and flags, told apart before Hydra composes."""

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from mnist_sweep.cli.hydra_private import parser
from mnist_sweep.config.check import nearest
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.hydras_own import check_hydras_own
from mnist_sweep.config.overrides import check_single, told_apart
from mnist_sweep.config.spelling import spelled
from mnist_sweep.config.stored import check_stored, with_search
from mnist_sweep.files import read_yaml


class Names(Enum):
    """What the arguments without a key are to a command."""

    NONE = "nothing"
    STUDY = "a study's name"
    STUDIES = "studies' names"
    TRIALS = "trials"
    CONFIGURATION = "a configuration file"
    STUDY_OR_FILE = "a study's name or a best.yaml"
    STUDY_OR_TRIAL = "a study's name, or STUDY/TRIAL"
    RUNNING = "a study's name, or STUDY/TRIAL for stop"


@dataclass(frozen=True)
class Command:
    """A command of the console script.

    Attributes:
        module: Its module in cli/commands.
        config: Its primary configuration, in conf/.
        names: What the arguments without a key are.
        sweeps: Whether overrides with several values are its own, to be searched.
        trains: Whether it needs TensorFlow.
        multirun: Whether Hydra's --multirun makes sense.
        function: The function of the module.
    """

    module: str
    config: str
    names: Names = Names.NONE
    sweeps: bool = False
    trains: bool = False
    multirun: bool = False
    function: str = "main"


COMMANDS = {
    "sweep": Command("sweep", "config", Names.CONFIGURATION, sweeps=True, trains=True),
    "plan": Command("plan", "config", Names.CONFIGURATION, sweeps=True, trains=True),
    "train": Command("train", "config", Names.CONFIGURATION, trains=True, multirun=True),
    "reproduce": Command("reproduce", "reproduce", Names.STUDY_OR_FILE, trains=True),
    "confirm": Command("confirm", "confirm", Names.STUDY, trains=True),
    "compare": Command("compare", "compare", Names.TRIALS),
    "report": Command("report", "report", Names.STUDIES),
    "show": Command("show", "show", Names.STUDY),
    "studies": Command("show", "studies", function="all_studies"),
    "export": Command("export", "export", Names.STUDY),
    "ensemble": Command("ensemble", "ensemble", Names.STUDY),
    "delete": Command("delete", "delete", Names.STUDY_OR_TRIAL),
    "stop": Command("steer", "steer", Names.RUNNING, function="stop"),
    "pause": Command("steer", "steer", Names.RUNNING, function="pause"),
    "resume": Command("steer", "steer", Names.RUNNING, function="resume"),
    "add": Command("steer", "steer", Names.RUNNING, function="add"),
    "set": Command("steer", "steer", Names.RUNNING, function="change"),
    "data": Command("data", "config", sweeps=True),
    "sync": Command("sync", "sync", Names.STUDY),
    "ui": Command("ui", "ui"),
}
SEVERAL = "; sweep searches among them, and train --multirun trains them all"
TAKES_A_STUDY = (Names.STUDY, Names.STUDIES, Names.STUDY_OR_FILE)


def command_of(name: str) -> Command:
    """Returns the command of that name; raises UserError where there is none."""
    if name not in COMMANDS:
        raise UserError(f"{name} is not a command{nearest(name, COMMANDS)}")
    return COMMANDS[name]


@dataclass(frozen=True)
class Arguments:
    """A command line, told apart.

    Attributes:
        overrides: Hydra's overrides, without sweeps.
        flags: Hydra's flags, with their values.
        where: The arguments that say where the configuration lies, to be repeated in commands that are printed.
        multirun: Whether --multirun is given.
        is_answered: Whether a flag such as --help or --cfg asks for a text, so that the command does not run.
        sweeps: The overrides with several values, by key, as text.
        unsearched: The keys that leave the search space, of `~search.space.KEY`.
        file: The configuration file that is the primary configuration.
    """

    overrides: list[str]
    flags: list[str]
    where: list[str]
    multirun: bool
    is_answered: bool
    sweeps: dict[str, str] = field(default_factory=dict)
    unsearched: list[str] = field(default_factory=list)
    file: Path | None = None


def _split(arguments: Sequence[str]) -> Arguments:
    """Overrides and flags, by Hydra's own parser; raises UserError for a flag that it doesn't know."""
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            parsed = parser().parse_intermixed_args(list(arguments))
    except SystemExit as stop:
        if stop.code:
            dashed = next((one.lstrip("-") for one in arguments if re.match(r"--[\w.]+\.[\w.]+=", one)), None)
            raise UserError(
                errors.getvalue().strip().rpartition("error: ")[2]
                + (f"; write {dashed}, without dashes" if dashed else "; see --help")
            ) from None
        raise
    if parsed.experimental_rerun is not None:
        raise UserError("--experimental-rerun is not for mnist-sweep: it would run what a pickle says")
    if parsed.package is not None and parsed.cfg is None:
        raise UserError("--package is for --cfg, which prints a configuration")
    flags = list(arguments)
    for override in parsed.overrides:
        flags.remove(override)
    where = [text for name in ("config_dir", "config_name") if (value := getattr(parsed, name)) is not None
             for text in (f"--{name.replace('_', '-')}", value)]  # fmt: skip
    is_answered = any((parsed.help, parsed.hydra_help, parsed.cfg, parsed.info))  # the parser answers --version itself
    return Arguments(list(parsed.overrides), flags, where, parsed.multirun, is_answered)


def _is_name(text: str) -> bool:
    return "=" not in text and not text.startswith(("~", "+"))


def _is_file(text: str) -> bool:
    return text.endswith((".yaml", ".yml"))


def _take_names(arguments: Arguments, command: Command, name: str) -> Arguments:
    """The arguments without a key become overrides of the keys that they are short for."""
    names = [text for text in arguments.overrides if _is_name(text)]
    overrides = [text for text in arguments.overrides if not _is_name(text)]
    kind = command.names
    if kind is Names.CONFIGURATION:
        return _take_file(replace(arguments, overrides=overrides), names, command, name)
    if kind in TAKES_A_STUDY:  # `study` is a config group too, so the key has another name within Hydra
        keys = ("study", "study_name")
        given = [text.partition("=")[2] for text in overrides if key_of(text) in keys]
        overrides = [text for text in overrides if key_of(text) not in keys]
        files = [text for text in names if _is_file(text)] if kind is Names.STUDY_OR_FILE else []
        studies = [as_literal(text) for text in names if text not in files]
        if len(given) + len(files) + bool(studies) > 1 or (len(studies) > 1 and kind is not Names.STUDIES):
            raise UserError(
                f"{name} takes {kind.value} once, got {', '.join([*names, *(f'study={g}' for g in given)])}"
            )
        value = given[0] if given else studies[0] if len(studies) == 1 else f"[{','.join(studies)}]"
        overrides += [f"study_name={value}"] if given or studies else []
        return replace(arguments, overrides=[*overrides, *(f"file={as_literal(text)}" for text in files)])
    if kind is Names.RUNNING:
        return replace(arguments, overrides=_of_running(names, overrides, name))
    if kind is Names.STUDY_OR_TRIAL:
        study, others = _one_study(names, overrides, kind, name)
        return replace(arguments, overrides=[*others, *_study_and_trial(study, kind, name)])
    if kind is Names.TRIALS:
        return replace(arguments, overrides=[*overrides, *([f"trials={as_literal(names)}"] if names else [])])
    if names and _is_file(names[0]):
        raise UserError(f"{name} takes no configuration file, got {names[0]}; `mnist-sweep train {names[0]}` does")
    return arguments  # `read` says what is wrong with them


def _one_study(names: Sequence[str], overrides: Sequence[str], kind: Names, name: str) -> tuple[str, list[str]]:
    """Returns the study that is named, as a name or by its key, empty for none, and all other overrides."""
    keys = ("study", "study_name")
    studies = [*names, *(text.partition("=")[2] for text in overrides if key_of(text) in keys)]
    if len(studies) > 1:
        raise UserError(f"{name} takes {kind.value}, once, got {', '.join(studies)}")
    return studies[0] if studies else "", [text for text in overrides if key_of(text) not in keys]


def _study_and_trial(text: str, kind: Names, name: str) -> list[str]:
    """Returns STUDY or STUDY/TRIAL as overrides."""
    study, slash, trial = text.partition("/")
    if slash and not trial.isdigit():
        raise UserError(f"{name} takes {kind.value}, got {text}")
    return [*([f"study_name={as_literal(study)}"] if study else []), *([f"trial={int(trial)}"] if trial else [])]


def _of_running(names: Sequence[str], overrides: Sequence[str], name: str) -> list[str]:
    """The overrides of a command for a running search: what it is to do there is handed on as text."""
    kind = Names.RUNNING
    study, others = _one_study(names, overrides, kind, name)
    own = [text for text in others if key_of(text) == "runs_folder" or key_of(text).startswith("hydra")]
    given = [text for text in others if text not in own]
    if given and name not in ("add", "set"):
        raise UserError(f"{name} takes {kind.value}, got {given[0]}")
    if "/" in study and name != "stop":
        raise UserError(f"{name} takes {kind.value}, got {study}")
    found = _study_and_trial(study, kind, name)
    return [*own, *found, *([f"given={as_literal(given)}"] if given else [])]


def _take_file(arguments: Arguments, names: list[str], command: Command, name: str) -> Arguments:
    """A configuration file becomes Hydra's primary configuration."""
    if len(files := [text for text in names if _is_file(text)]) > 1:
        raise UserError(f"{name} takes one configuration file, got {', '.join(files)}")
    for text in names:
        if not _is_file(text):
            return replace(
                arguments, overrides=[*arguments.overrides, text]
            )  # Hydra's parser says what is wrong with it
        if not Path(text).is_file():
            raise UserError(f"{text} is not there; give a configuration file, such as runs/cnn-mnist/best.yaml")
        check_stored(content := read_yaml(Path(text)), text)
        if command.sweeps:
            arguments = replace(arguments, overrides=with_search(arguments.overrides, content))
        arguments = replace(arguments, where=[*arguments.where, text], file=Path(text))
    return arguments


def parse_arguments(name: str, given: Sequence[str]) -> Arguments:
    """Returns a command line, told apart.

    Args:
        name: The command.
        given: What stands behind it.

    Raises:
        UserError: A flag is unknown, or a name, file or override can't be what it is meant to be.
    """
    command = command_of(name)
    if name == "show":
        given = ["limit=null" if text == "--all" else text for text in given]
    arguments = _split(given)
    arguments = replace(arguments, overrides=[spelled(text) for text in arguments.overrides])
    if arguments.multirun and not command.multirun:
        raise UserError(f"--multirun is for train, so leave it out; {name} does what it does by itself")
    arguments = _take_names(arguments, command, name)
    check_hydras_own(arguments.overrides, arguments.multirun)
    if command.sweeps:
        told = told_apart(arguments.overrides)
        return replace(arguments, overrides=told.overrides, sweeps=told.sweeps, unsearched=told.unsearched)
    if not arguments.multirun:
        check_single(arguments.overrides, name, SEVERAL if name == "train" else "")
    return arguments
