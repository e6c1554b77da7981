"""Fixtures that several folders share."""

from collections.abc import Iterator

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.command_line import conf_folder


@pytest.fixture
def hydra_conf() -> Iterator[None]:
    """Within it, `hydra.compose` finds the project's own configuration."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield
