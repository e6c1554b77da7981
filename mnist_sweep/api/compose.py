"""Composes a configuration from overrides, as the command line does, and leaves Hydra as it was."""

import atexit
import contextlib
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir, version
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf, open_dict

from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer, added, bare, known_keys, plain, trusted_modules
from mnist_sweep.config.composed import Composed, with_parameters
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.folder import address_of, conf_folder
from mnist_sweep.config.hydra_errors import as_user_error
from mnist_sweep.config.hydras_own import (
    check_files,
    check_hydras_own,
    check_own_files,
    parameters_of_files,
)
from mnist_sweep.config.initial_model import with_initial_model
from mnist_sweep.config.overrides import Overrides, check_single, told_apart
from mnist_sweep.config.spelling import spelled
from mnist_sweep.config.stored import check_stored, with_search
from mnist_sweep.files import read_yaml

VERSION_BASE = "1.3"
QUIET = ["hydra/hydra_logging=none", "hydra/job_logging=none", "hydra.output_subdir=null"]


@contextlib.contextmanager
def hydra_set_aside() -> Iterator[None]:
    """Returns a context for Hydra at the version that we are written for; a caller's `@hydra.main` goes on after it."""
    running, base = GlobalHydra.instance().hydra, version.VersionBase.instance()
    before = base.version_base
    GlobalHydra.instance().clear()
    version.setbase(VERSION_BASE)
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = running
        base.version_base = before


def composed(command: str, texts: Sequence[str], config_dir: str | Path | None, searches: bool) -> Composed:
    """Returns what is composed from overrides.

    Args:
        command: The command of the command line that does the same, for what is recorded.
        texts: The overrides; the first may be a stored configuration, such as a best.yaml, as on the command line.
        config_dir: A folder with configuration files of one's own, next to those of this package; None for none.
        searches: Whether overrides with several values are searched; otherwise they are refused.

    Raises:
        UserError: They can't be composed.
    """
    for text in texts:
        if not isinstance(text, str):
            raise UserError(f"overrides must be texts such as 'model=cnn', got {text!r}")
    file = _file(texts)
    texts = [bare(spelled(text)) for text in texts[bool(file) :]]
    given = texts
    if file is not None and searches:
        texts = with_search(texts, read_yaml(file))
    if not searches:
        check_single(texts, command, "; sweep searches among them")
    told = told_apart(texts) if searches else Overrides(list(texts), {}, [])
    where: list[str] = []
    path: list[str] = []
    if config_dir is not None:
        if not isinstance(config_dir, str | Path) or not (folder := Path(config_dir).expanduser().absolute()).is_dir():
            raise UserError(f"config_dir must be a folder, got {config_dir!r}")
        where = ["--config-dir", str(folder)]
        path = [f"hydra.searchpath=[{as_literal(address_of(folder))}]"]
    place, name = str(conf_folder()), "config"
    if file is not None:
        place, name = _alone(file), "stored"
        where = [str(file), *where]
        uris = [text.partition("=[")[2].rstrip("]") for text in path]
        path = [f"hydra.searchpath=[{','.join([*uris, as_literal(address_of(conf_folder()))])}]"]
    check_hydras_own(told.overrides, multirun=False)
    check_own_files(where, told.overrides, conf_folder())
    with hydra_set_aside(), initialize_config_dir(place, version_base=VERSION_BASE):
        loader = GlobalHydra.instance().config_loader()
        try:
            config = compose(name, [*map(added, told.overrides), *path, *QUIET], return_hydra_config=True)
        except Exception as error:
            raise as_user_error(error, known_keys(compose(name, path))) from None
        choices = OmegaConf.to_container(config.hydra.runtime.choices)
        assert isinstance(choices, dict)
        params = dict(config.hydra.sweeper.params or {})
        with open_dict(config):
            del config["hydra"]
        of_files = parameters_of_files(plain(config), params, told.overrides, told.unsearched)
        composer = Composer(loader, name, told.overrides, trusted_modules(told.overrides), config, path)
        composer.check_options(told.overrides)
        if path:
            check_files(composer.hydras_own(told.overrides))
        return with_parameters(with_initial_model(Composed(
            config=of_files.plain,
            composer=composer,
            overrides=told.overrides,
            sweeps={**of_files.sweeps, **told.sweeps} if searches else {},
            unsearched=told.unsearched,
            choices={str(key): str(option) for key, option in choices.items()
                     if option is not None and "/" not in str(key)},
            trusted=trusted_modules(told.overrides),
            flags=where,
            line=shlex.join(["mnist-sweep", command, *where[: bool(file)], *given, *where[bool(file) :]]),
        )))  # fmt: skip


def _file(texts: Sequence[str]) -> Path | None:
    """Returns the configuration file that the first text names, None where it is an override; raises UserError."""
    if not texts or "=" in texts[0] or not texts[0].endswith((".yaml", ".yml")):
        return None
    file = Path(texts[0])
    if not file.is_file():
        raise UserError(f"{file} is not there; give a configuration file, such as runs/cnn-mnist/best.yaml")
    check_stored(read_yaml(file), str(file))
    return file


def _alone(file: Path) -> str:
    """Returns a folder with a copy of a configuration file alone, for Hydra, until this process ends."""
    folder = tempfile.mkdtemp(prefix="mnist-sweep-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copy(file, Path(folder) / "stored.yaml")
    return folder
