"""Hydra's and OmegaConf's errors as one line each."""

import re
from collections.abc import Iterable

from hydra.errors import MissingConfigException

from mnist_sweep.config.check import nearest
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.folder import conf_folder

SEARCHES = "mnist-sweep sweep searches by itself, and takes hydra.sweeper.params alone: see search, sampler, study.name"


def _not_overridden(key: str, reason: str, known: set[str]) -> str:
    """Returns what is wrong with a key: Hydra's reason, or that it is not there, or only with other options."""
    section = key.partition(".")[0]
    if reason:
        return f"{key} can't be overridden that way: {reason}"
    if key not in known:
        return f"{key} is not a known key{nearest(key, known)}"
    if section == "search":
        return (f"{key} can't be set, as the configuration has no section search: the file of a task brings it with "
                "`- optional /search: default` in its defaults")  # fmt: skip
    return f"{key} can't be set: only other options of {section} or of task have this key"


def _below(group: str) -> list[str]:
    """Returns our options of a group that lie in folders of it, such as records/small, which Hydra does not list."""
    folder = conf_folder() / group
    return [str(path.relative_to(folder).with_suffix("")) for path in folder.glob("*/*.yaml")] if group else []


def as_user_error(error: Exception, known: Iterable[str]) -> UserError:
    """Returns one of Hydra's errors as one line; `known` are the keys and groups that exist, for a suggestion."""
    text = str(error)
    if isinstance(error, MissingConfigException):
        option = re.search(r"Could not find '([^']*)'", text) or re.search(r"find primary config '([^']*)'", text)
        options = re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        if option:
            # Our groups have no slash, but their options may, such as records/small; of Hydra's it is the reverse.
            is_ours = "/" in option[1] and not option[1].startswith("hydra/")
            group, _, name = option[1].partition("/") if is_ours else option[1].rpartition("/")
            options += _below(group)
            what = f"{group}={name}" if group else option[1]
            if group == "hydra/sweeper":
                return UserError(f"{what} can't be used: {SEARCHES}")
            return UserError(f"{what} is not there{nearest(name, options)}")
    if match := re.search(r"Could not (?:override|append to config|delete from config)[^']*'([^']*)'", text):
        key = match[1].partition("=")[0].lstrip("+~")
        reason = text.split("\n")[1] if "\n" in text and "already" in text else ""
        return UserError(_not_overridden(key, reason, set(known)))
    if match := re.search(r"Key '([^']*)' not in 'BasicSweeperConf'", text):
        return UserError(f"hydra.sweeper.{match[1]} can't be used: {SEARCHES}")
    first = next((line for line in text.split("\n") if line.strip()), type(error).__name__)
    if first.endswith(":"):
        first = " ".join(text.split("\n")[:2])
    if cause := getattr(error, "__cause__", None):
        first += f" ({str(cause).split(chr(10))[0]})"
    return UserError(f"the command line or a configuration can't be read: {first}")
