"""Composes a configuration from overrides, as the command line does, and leaves Hydra as it was."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf, open_dict

from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer, added, bare, known_keys, plain, trusted_modules
from mnist_sweep.config.composed import Composed, with_parameters
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.folder import conf_folder
from mnist_sweep.config.hydra_errors import as_user_error
from mnist_sweep.config.initial_model import with_initial_model
from mnist_sweep.config.overrides import Overrides, check_single, told_apart
from mnist_sweep.config.spelling import spelled

QUIET = ["hydra/hydra_logging=none", "hydra/job_logging=none", "hydra.output_subdir=null"]


def composed(command: str, texts: Sequence[str], config_dir: str | Path | None, searches: bool) -> Composed:
    """Returns what is composed from overrides.

    Args:
        command: The command of the command line that does the same, for what is recorded.
        texts: The overrides.
        config_dir: A folder with configuration files of one's own, next to those of this package; None for none.
        searches: Whether overrides with several values are searched; otherwise they are refused.

    Raises:
        UserError: They can't be composed.
    """
    for text in texts:
        if not isinstance(text, str):
            raise UserError(f"overrides must be texts such as 'model=cnn', got {text!r}")
    texts = [bare(spelled(text)) for text in texts]
    if not searches:
        check_single(texts, command, "; sweep searches among them")
    told = told_apart(texts) if searches else Overrides(list(texts), {}, [])
    where: list[str] = []
    path: list[str] = []
    if config_dir is not None:
        if not isinstance(config_dir, str | Path) or not (folder := Path(config_dir).expanduser().absolute()).is_dir():
            raise UserError(f"config_dir must be a folder, got {config_dir!r}")
        where = ["--config-dir", str(folder)]
        path = [f"hydra.searchpath=[{as_literal(folder.as_uri())}]"]
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        try:
            config = compose("config", [*map(added, told.overrides), *path, *QUIET], return_hydra_config=True)
        except Exception as error:
            raise as_user_error(error, known_keys(compose("config"))) from None
        choices = OmegaConf.to_container(config.hydra.runtime.choices)
        assert isinstance(choices, dict)
        with open_dict(config):
            del config["hydra"]
        composer = Composer(loader, "config", told.overrides, trusted_modules(told.overrides), config, path)
        composer.check_options(told.overrides)
        return with_parameters(with_initial_model(Composed(
            config=plain(config),
            composer=composer,
            overrides=told.overrides,
            sweeps=told.sweeps,
            unsearched=told.unsearched,
            choices={str(key): str(option) for key, option in choices.items() if "/" not in str(key)},
            trusted=trusted_modules(told.overrides),
            flags=where,
            line=shlex.join(["mnist-sweep", command, *texts, *where]),
        )))  # fmt: skip
