"""From arguments to a command: Hydra composes, errors become one line and an exit code."""

import contextlib
import os
import shlex
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import hydra
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from mnist_sweep.cli.arguments import COMMANDS, Arguments, command_of, parse_arguments
from mnist_sweep.cli.auto_data import resolve
from mnist_sweep.cli.completion import rewrite
from mnist_sweep.cli.process import check_process, open_streams
from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.config.compose import Composer, added, bare, key_of, known_keys, plain, trusted_modules
from mnist_sweep.config.composed import Composed, with_parameters
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.flatten import is_within
from mnist_sweep.config.folder import address_of, conf_folder
from mnist_sweep.config.hydra_errors import as_user_error
from mnist_sweep.config.hydras_own import check_files, check_own_files, parameters_of_files
from mnist_sweep.config.initial_model import with_initial_model
from mnist_sweep.config.secrets import masked
from mnist_sweep.execution.interrupts import Terminated, answering_signals
from mnist_sweep.files import is_full, is_of_machine

MISTAKE, UNAVAILABLE, INTERRUPTED, TERMINATED = 2, 3, 130, 143

DEFAULT_TASK = "image_classifier"  # the option of the group `task`

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
    "hydra.sweep.subdir": ".",
}


def _warm_up(overrides: Sequence[str]) -> None:
    """Has TensorFlow imported in the fork server while Hydra composes and everything is checked."""
    from mnist_sweep.execution import LocalExecutor
    from mnist_sweep.tasks import ImageClassifier

    if all(override.partition("=")[2] == DEFAULT_TASK for override in overrides if key_of(override) == "task"):
        LocalExecutor(preload=ImageClassifier.traits.preload).warm_up()


def _known(config: str) -> list[str]:
    """All keys and groups of a command's configuration."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return known_keys(compose(config))


def _composed(config: DictConfig, arguments: Arguments, line: str) -> Composed:
    """What Hydra has composed, within `hydra.main`: the only place that asks Hydra for it."""
    hydra = HydraConfig.get()
    overrides = OmegaConf.to_container(hydra.overrides.task, resolve=False)  # an override may hold an interpolation
    assert isinstance(overrides, list)
    texts, name = [bare(str(override)) for override in overrides], str(hydra.job.config_name)
    trusted = trusted_modules(texts)
    composer = Composer(GlobalHydra.instance().config_loader(), name, texts, trusted, config)
    composer.check_options(texts)
    if "--config-dir" in arguments.where or any(key_of(text) == "hydra.searchpath" for text in arguments.overrides):
        path = [text for text in arguments.overrides if key_of(text) == "hydra.searchpath"]
        check_files(composer.hydras_own([*texts, *path]))
    of_files = parameters_of_files(plain(config), hydra.sweeper.params, texts, arguments.unsearched)
    return with_parameters(with_initial_model(Composed(
        config=of_files.plain,
        composer=composer,
        overrides=texts,
        sweeps={**of_files.sweeps, **arguments.sweeps},
        unsearched=arguments.unsearched,
        choices={key: str(option) for key, option in hydra.runtime.choices.items()
                 if option is not None and "/" not in key},
        trusted=trusted,
        flags=arguments.where,
        line=line,
    )))  # fmt: skip


def _execute(name: str, given: list[str], line: str, folder: Path) -> int:
    """Composes and runs a command; the folder is for a copy of a configuration file."""
    command, arguments = command_of(name), parse_arguments(name, given)
    if command.trains and not arguments.is_answered:
        _warm_up(arguments.overrides)
    check_own_files(arguments.where, arguments.overrides, conf_folder())
    overrides = resolve(arguments.overrides, conf_folder(), look=not arguments.is_answered)
    flags = list(arguments.flags)
    if arguments.file is not None:
        # Alone in a folder, instead of our own, not next to it: the file may have the name of one of ours.
        (folder / "stored.yaml").write_bytes(arguments.file.read_bytes())
        flags += ["--config-path", str(folder), "--config-name", "stored"]
        overrides.append(f"hydra.searchpath=[{as_literal(address_of(conf_folder()))}]")
    keys = {key_of(override) for override in overrides}
    hydra_overrides = {**HYDRA, "hydra.help.app_name": f"mnist-sweep {name}",
                       "hydra.sweep.dir": as_literal(str(folder))}  # fmt: skip
    quiet = [f"{key}={value}" for key, value in hydra_overrides.items()
             if not any(is_within(own, key) for own in keys)]  # fmt: skip
    codes: list[int] = []

    @hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=command.config)
    def task(config: DictConfig) -> Any:
        value = None
        with reporting_errors(codes):
            main = getattr(import_module(f"mnist_sweep.cli.commands.{command.module}"), command.function)
            code, value = main(_composed(config, arguments, line))
            codes.append(code)
        return value

    sys.argv = ["mnist-sweep", *map(added, overrides), *quiet, *flags]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # raises the exceptions instead of printing them
    task()
    return max(codes, default=0)


@contextlib.contextmanager
def reporting_errors(codes: list[int]) -> Iterator[None]:
    """Reports a user's mistake in one line, and an internal error with its traceback; adds the exit code."""
    try:
        yield
    except UserError as error:
        sys.stderr.write(masked(f"error: {error}\n"))
        codes.append(UNAVAILABLE if isinstance(error, Unavailable) else MISTAKE)
    except KeyboardInterrupt as error:
        sys.stderr.write("interrupted\n")
        codes.append(TERMINATED if isinstance(error, Terminated) else INTERRUPTED)
    except BrokenPipeError:  # nothing reads what is printed
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        codes.append(1)
    except Exception as error:
        if is_full(error):
            sys.stderr.write(f"error: the disk is full ({error}): free some space and run the same command to go on\n")
            codes.append(UNAVAILABLE)
            return
        if is_of_machine(error):
            sys.stderr.write(masked(f"error: {error.filename or 'a file'}: {error.strerror}\n"))
            codes.append(UNAVAILABLE)
            return
        sys.stderr.write(masked(traceback.format_exc()))
        sys.stderr.write("internal error: please report it with the traceback above\n")
        codes.append(1)


def _run(name: str, arguments: list[str], line: str) -> int:
    command = command_of(name)
    try:
        with tempfile.TemporaryDirectory(prefix="mnist-sweep-") as folder:
            return _execute(name, arguments, line, Path(folder))
    except (UserError, KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:  # the command itself reports its own: this is from composing what was asked for
        raise as_user_error(error, _known(command.config)) from None


def run(arguments: list[str]) -> int:
    """Runs a command.

    Args:
        arguments: The command and what stands behind it.

    Returns:
        The exit code: 0; 1 failure; 2 invalid configuration; 3 data, disk space or tracking server unavailable; 130
        Ctrl-C; 143 SIGTERM.
    """
    open_streams()
    line = masked(shlex.join(["mnist-sweep", *arguments]))
    if {"-sc", "--shell-completion"} & set(arguments):
        arguments, answered = rewrite(arguments, list(COMMANDS))
        if answered:
            return 0
    named = bool(arguments) and not arguments[0].startswith("-")
    codes: list[int] = []
    warnings.filterwarnings("ignore", "(?s).*Defaults list is missing `_self_`")  # Hydra 1.3 does what is expected
    with reporting_errors(codes), answering_signals():
        check_process()
        codes.append(_run(arguments[0], arguments[1:], line) if named else _run("train", arguments, line))
    return max(codes)
