"""The private name of Hydra that this package uses; tests/cli/test_hydra_private.py checks it.

`parser` is the argument parser of `hydra.main`. Reading the arguments with it before Hydra does tells overrides from
flags, and reports an unknown flag in one line instead of a page of usage.
"""

from argparse import ArgumentParser

from hydra._internal.utils import get_args_parser


def parser() -> ArgumentParser:
    """Returns the parser of `hydra.main`'s arguments."""
    return get_args_parser()
