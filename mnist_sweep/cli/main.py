"""From arguments to a command: Hydra composes, mistakes become one line and an exit code."""

import contextlib
import io
import os
import shlex
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from mnist_sweep.cli.completion import rewrite
from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.check import nearest
from mnist_sweep.config.compose import chosen, current, from_command_line, key_of, known_keys, plain
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.hydra_errors import as_user_error
from mnist_sweep.config.space import as_literal
from mnist_sweep.config.stored import check_stored
from mnist_sweep.execution.interrupts import Terminated, answering_signals
from mnist_sweep.files import is_full, read_yaml

MISTAKE, UNAVAILABLE, INTERRUPTED, TERMINATED = 2, 3, 130, 143


@dataclass(frozen=True)
class Command:
    """The module and function that do it, its primary config, whether it takes sweeps of its own, whether it trains."""

    module: str
    config: str
    sweeps: bool = False
    trains: bool = False
    function: str = "main"


COMMANDS = {
    "sweep": Command("sweep", "config", sweeps=True, trains=True),
    "plan": Command("plan", "config", sweeps=True, trains=True),
    "train": Command("train", "config", trains=True),
    "reproduce": Command("reproduce", "reproduce", trains=True),
    "confirm": Command("confirm", "confirm", trains=True),
    "compare": Command("compare", "compare"),
    "report": Command("report", "show"),
    "show": Command("show", "show"),
    "studies": Command("show", "show", function="all_studies"),
    "data": Command("data", "config", sweeps=True),
    "sync": Command("sync", "sync"),
    "ui": Command("ui", "ui"),
}

# Flags to which the answer is a text.
ANSWERED = ("--help", "-h", "--hydra-help", "--version", "--cfg", "-c", "--info", "-i")

# Hydra's own files and logs are not wanted: a trial's folder holds its configuration and its log. A configuration file
# must not bring loggers and callbacks either: Hydra calls whatever they name.
HYDRA = {
    "hydra/hydra_logging": "none",
    "hydra/job_logging": "none",
    "hydra.hydra_logging.root": "null",
    "hydra.job_logging.root": "null",
    "hydra.callbacks": "???",
    "hydra.output_subdir": "null",
    "hydra.run.dir": ".",
    "hydra.sweep.dir": "${runs_folder}/.multirun",
    "hydra.sweep.subdir": ".",
}


def conf_folder() -> Path:
    """The configuration: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "conf" if (package / "conf").is_dir() else package.parent / "conf"


@dataclass
class Arguments:
    """Overrides and flags of a command line, told apart."""

    overrides: list[str]
    flags: list[str]
    multirun: bool
    where: list[str]


def _parsed(arguments: Sequence[str]) -> Arguments:
    """Hydra's own reading of the arguments; raises UserError for a flag that it doesn't know."""
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            parsed = get_args_parser().parse_intermixed_args(list(arguments))
    except SystemExit as stop:
        if stop.code:
            raise UserError(errors.getvalue().strip().rpartition("error: ")[2] + "; see --help") from None
        raise
    if parsed.experimental_rerun is not None:
        raise UserError("--experimental-rerun is not for mnist-sweep: it would run what a pickle says")
    flags = list(arguments)
    for override in parsed.overrides:
        flags.remove(override)
    where = [text for name in ("config_dir", "config_name") if (value := getattr(parsed, name)) is not None
             for text in (f"--{name.replace('_', '-')}", value)]  # fmt: skip
    return Arguments(list(parsed.overrides), flags, parsed.multirun, where)


def _is_file(text: str) -> bool:
    """Whether an argument is a configuration file rather than an override."""
    return text.endswith((".yaml", ".yml")) and "=" not in text


def _take_file(arguments: Arguments, folder: Path) -> None:
    """A configuration file among the overrides becomes Hydra's primary configuration, as a copy alone in a folder."""
    for text in list(arguments.overrides):
        if _is_file(text):
            file = Path(text)
            if not file.is_file():
                raise UserError(f"{text} is not there; give a configuration file, such as runs/cnn-mnist/best.yaml")
            arguments.overrides.remove(text)
            arguments.where.append(text)
            check_stored(read_yaml(file), text)
            (folder / "stored.yaml").write_bytes(file.read_bytes())
            # Instead of our own folder, not beside it: the file may have the name of one of ours.
            arguments.flags += ["--config-path", str(folder), "--config-name", "stored"]
            arguments.overrides.append(f"hydra.searchpath=[{as_literal(conf_folder().as_uri())}]")


def _take_sweeps(arguments: Arguments) -> dict[str, str]:
    """Takes the sweeps out of the overrides: they are parameters of the search."""
    sweeps = {}
    for text in list(arguments.overrides):
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException as error:
            raise as_user_error(error, ()) from None
        if override.is_sweep_override():
            sweeps[override.get_key_element().lstrip("+")] = text.partition("=")[2]
            arguments.overrides.remove(text)
    return sweeps


def _warm_up(overrides: Sequence[str]) -> None:
    """Has TensorFlow imported in the fork server while Hydra composes and everything is checked."""
    from mnist_sweep.execution import LocalExecutor

    if not any(key_of(override) == "runtime.executor" and "dry" in override for override in overrides):
        LocalExecutor().warm_up()


def _known(config: str) -> list[str]:
    """All keys and groups of a command's configuration."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return known_keys(compose(config))


def _execute(name: str, given: list[str], line: str, folder: Path) -> int:
    command = COMMANDS[name]
    arguments = _parsed(given)
    if command.trains and not any(flag.startswith(ANSWERED) for flag in arguments.flags):
        _warm_up(arguments.overrides)
    sweeps: dict[str, str] = {}
    if arguments.multirun and name != "train":
        raise UserError(f"--multirun is for train, so leave it out; {name} does what it does by itself")
    if command.sweeps:
        sweeps = _take_sweeps(arguments)
    if command.module == "train":
        _take_file(arguments, folder)
    if command.module == "compare":
        names = [text for text in arguments.overrides if "=" not in text]
        arguments.overrides = [text for text in arguments.overrides if "=" in text]
        arguments.overrides += [f"trials={as_literal(names)}"] if names else []
    if command.module == "reproduce":
        arguments.overrides = [f"file={as_literal(text)}" if _is_file(text) else text for text in arguments.overrides]
    if command.module in (
        "confirm",
        "reproduce",
        "sync",
        "show",
        "report",
    ):  # `study` is the name of a config group
        arguments.overrides = [o.replace("study=", "study_name=", 1) if o.startswith("study=") else o
                               for o in arguments.overrides]  # fmt: skip
    keys = {key_of(override) for override in arguments.overrides}
    hydra_overrides = {**HYDRA, "hydra.help.app_name": f"mnist-sweep {name}"}
    quiet = [f"{key}={value}" for key, value in hydra_overrides.items() if key not in keys]
    if wrong := [override for override in arguments.overrides if key_of(override).startswith("hydra.overrides")]:
        raise UserError(f"{key_of(wrong[0])} can't be set: it holds what the command line says")
    where = arguments.where
    codes: list[int] = []

    @hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=command.config)
    def task(config: DictConfig) -> Any:
        value = None
        with told(codes):
            config_name, overrides = current()
            main = getattr(import_module(f"mnist_sweep.cli.commands.{command.module}"), command.function)
            trusted, choices = from_command_line(overrides), chosen()
            code, value = main(Composed(plain(config), config_name, overrides, sweeps, choices, trusted, where, line))
            codes.append(code)
        return value

    sys.argv = ["mnist-sweep", *arguments.overrides, *quiet, *arguments.flags]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # gives the exceptions to us instead of printing them
    task()
    return max(codes, default=0)


@contextlib.contextmanager
def told(codes: list[int]) -> Iterator[None]:
    """Tells a user's mistake in one line, and ours with its traceback; adds the exit code."""
    try:
        yield
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        codes.append(UNAVAILABLE if isinstance(error, Unavailable) else MISTAKE)
    except KeyboardInterrupt as error:
        sys.stderr.write("interrupted\n")
        codes.append(TERMINATED if isinstance(error, Terminated) else INTERRUPTED)
    except BrokenPipeError:  # nobody reads what is printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        codes.append(1)
    except Exception as error:
        if is_full(error):
            sys.stderr.write(f"error: the disk is full ({error}): free some space and run the same command to go on\n")
            codes.append(UNAVAILABLE)
            return
        traceback.print_exc()
        sys.stderr.write("this is a mistake of mnist_sweep's, not of yours: please report it with the lines above\n")
        codes.append(1)


def _run(name: str, arguments: list[str], line: str) -> int:
    if name not in COMMANDS:
        raise UserError(f"{name} is not a command{nearest(name, COMMANDS)}")
    try:
        with tempfile.TemporaryDirectory(prefix="mnist-sweep-") as folder:
            return _execute(name, arguments, line, Path(folder))
    except (UserError, KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:  # the command itself tells its own: this is from composing what was asked for
        raise as_user_error(error, _known(COMMANDS[name].config)) from None


def run(arguments: list[str]) -> int:
    """Runs a command; gives its exit code.

    0; 1 (it didn't go well); 2 (a mistake); 3 (data, disk space or tracking server can't be had); 130 (Ctrl-C); 143
    (SIGTERM).
    """
    line = shlex.join(["mnist-sweep", *arguments])
    if {"-sc", "--shell-completion"} & set(arguments):
        arguments, answered = rewrite(arguments, list(COMMANDS))
        if answered:
            return 0
    named = bool(arguments) and not arguments[0].startswith("-")
    codes: list[int] = []
    warnings.filterwarnings("ignore", "(?s).*Defaults list is missing `_self_`")  # Hydra 1.3 does what is expected
    with told(codes), answering_signals():
        codes.append(_run(arguments[0], arguments[1:], line) if named else _run("train", arguments, line))
    return max(codes)
