"""The private name of Hydra that is used: a failure here says what a new Hydra has changed."""

import hydra

from mnist_sweep.cli.hydra_private import parser

SAID = (
    f"Hydra {hydra.__version__} has changed its argument parser, by which cli/arguments.py tells overrides from flags"
)


def test_the_parser_tells_overrides_from_flags() -> None:
    parsed = parser().parse_intermixed_args(["model=cnn", "--config-dir", "own", "+a=1", "--multirun"])
    assert parsed.overrides == ["model=cnn", "+a=1"], SAID
    assert (parsed.config_dir, parsed.config_name, parsed.multirun) == ("own", None, True), SAID
    assert parsed.experimental_rerun is None, SAID
