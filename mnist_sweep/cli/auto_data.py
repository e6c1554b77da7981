"""`data=auto`: MNIST where it is available, else scikit-learn's digits, which need no download."""

import sys
from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.cli.screen import transfer
from mnist_sweep.config import Unavailable, parse_trial
from mnist_sweep.config.compose import added, plain
from mnist_sweep.tasks.data import prepare

AUTO = "data=auto"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def resolve(overrides: Sequence[str], folder: Path, look: bool = True) -> list[str]:
    """Replaces `data=auto` by the data set that is available, and says which if it is not MNIST.

    Args:
        overrides: The overrides of the command line.
        folder: The folder of the configuration.
        look: Whether MNIST is looked for; otherwise it is taken to be available, as for `--help`.

    Returns:
        The overrides with `data=mnist` or `data=digits`; without `data=auto` as they are.

    Raises:
        UserError: A file was found that is not MNIST.
    """
    if AUTO not in overrides:
        return list(overrides)
    if not look:
        return ["data=mnist" if text == AUTO else text for text in overrides]
    asked = [text for text in overrides if text.startswith("data.")]
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(folder), version_base="1.3"):
        config = parse_trial(plain(compose("config", ["data=mnist", *map(added, asked)])))
    try:
        prepare(config, _say, transfer=transfer)
        chosen = "mnist"
    except Unavailable as error:
        why = str(error).partition(". ")[0]  # what follows is advice for `data=mnist`
        _say(f"data=auto: MNIST is unavailable, so this uses scikit-learn's digits, in a study of its own ({why})")
        chosen = "digits"
    return [f"data={chosen}" if text == AUTO else text for text in overrides]
