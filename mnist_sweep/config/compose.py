"""Configurations by Hydra: the base of a command, and each trial's on top of it."""

import copy
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.space import parse_override
from mnist_sweep.config.trial import TrialConfig, parse_trial

# Overrides with these keys don't change what a trial is.
NOT_OF_A_TRIAL = ("search", "sampler", "pruner", "tracking", "runs_folder", "runtime.executor", "runtime.workers",
                  "runtime.memory_limit", "runtime.trial_timeout", "study.name", "study.keep_models", "study.fork",
                  "hydra")  # fmt: skip


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def plain(config: DictConfig) -> dict[str, Any]:
    """A composed configuration as plain data, interpolations resolved; raises UserError for what is missing."""
    try:
        if missing := sorted(OmegaConf.missing_keys(config)):
            raise UserError(f"{missing[0]} is missing: give it with {missing[0]}=...")
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"{error.full_key or 'the configuration'} can't be read: {_first_line(error)}") from None
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def known_keys(config: DictConfig) -> list[str]:
    """All keys of a configuration, with dots."""

    def below(node: Any, path: str) -> list[str]:
        if not isinstance(node, Mapping):
            return [path]
        return [path, *(key for name, item in node.items() for key in below(item, f"{path}.{name}"))]

    container = OmegaConf.to_container(config, resolve=False)
    assert isinstance(container, dict)
    return [key for name, item in container.items() for key in below(item, str(name))]


@lru_cache
def group_options(group: str) -> tuple[str, ...]:
    """The options of a config group, none if there is no such group."""
    loader = GlobalHydra.instance().config_loader()
    return tuple(loader.get_group_options(group, results_filter=ObjectType.CONFIG))


def key_of(override: str) -> str:
    """The key of an override: `model` of `model=cnn`, `a.b` of `+a.b=1`."""
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def of_a_trial(override: str) -> bool:
    """Whether an override of the command line changes what a trial is."""
    key = key_of(override).replace("/", ".")
    return not any(key == other or key.startswith(f"{other}.") for other in NOT_OF_A_TRIAL)


_NUMBER = re.compile(r"[+-]?(\d+|\d+\.\d*([eE][+-]?\d+)?|\d+[eE][+-]?\d+)")


def _value(key: str, text: str) -> Any:
    """What is written in an override; numbers without Hydra's parser, which takes a millisecond."""
    if _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return parse_override(f"{key}={text}", key).value()


class Composer:
    """Composes trials' configurations: the overrides of the command line, then those of the trial.

    Works within `hydra.main` or `hydra.initialize`. A trial's overrides are a mapping from key to the value as it is
    written in an override.
    """

    def __init__(self, config_name: str, base: Sequence[str], allowed: Sequence[str]) -> None:
        self.config_name = config_name
        self.base = [override for override in base if of_a_trial(override)]
        self.allowed = list(allowed)
        self._by_groups: dict[tuple[tuple[str, str], ...], tuple[list[str], DictConfig, list[str]]] = {}
        self._last: tuple[tuple[tuple[str, str], ...], TrialConfig] | None = None

    def _composed(self, groups: dict[str, str]) -> tuple[list[str], DictConfig, list[str]]:
        """Overrides, configuration and its keys with these options of groups, before the trial's values."""
        key = tuple(sorted(groups.items()))
        if key not in self._by_groups:
            kept = [override for override in self.base if key_of(override) not in groups]
            chosen = [f"{name}={option}" for name, option in groups.items()]
            if groups:  # a base value such as optimizer.beta_1 has no place where the trial's optimizer has no such key
                bare = compose(self.config_name, [*(o for o in kept if group_options(key_of(o))), *chosen])
                known = set(known_keys(bare))
                swept = tuple(f"{name}." for name in groups)
                kept = [o for o in kept if not key_of(o).startswith(swept) or key_of(o) in known or o[0] in "+~"]
            overrides = [*kept, *chosen]
            config = compose(self.config_name, overrides)
            train = config.get("train")
            if isinstance(train, DictConfig) and OmegaConf.is_interpolation(train, "precision"):
                # Pasted on another processor it stays the same.
                overrides.append(f"train.precision={train.precision}")
            self._by_groups[key] = overrides, config, known_keys(config)
        return self._by_groups[key]

    def _split(self, trial: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        groups = {key: value for key, value in trial.items() if "." not in key and group_options(key)}
        return groups, {key: value for key, value in trial.items() if key not in groups}

    def overrides(self, trial: Mapping[str, str]) -> list[str]:
        """All overrides that make up a trial: they can be pasted behind `mnist-sweep train`."""
        groups, values = self._split(trial)
        kept = [o for o in self._composed(groups)[0] if key_of(o) not in values]
        return [*kept, *(f"{key}={value}" for key, value in values.items())]

    def config(self, trial: Mapping[str, str]) -> TrialConfig:
        """A trial's configuration; raises UserError for a key that is not there or a value that doesn't fit."""
        asked = tuple(trial.items())
        if self._last is None or self._last[0] != asked:
            self._last = asked, self._config(trial)
        return self._last[1]

    def _config(self, trial: Mapping[str, str]) -> TrialConfig:
        groups, values = self._split(trial)
        for name, option in groups.items():
            if option not in group_options(name):
                raise UserError(f"{name} must be one of {', '.join(group_options(name))}, got {shown(option)}")
        _, composed, known = self._composed(groups)
        config = copy.deepcopy(composed)
        for key, value in values.items():
            if key not in known:
                raise UserError(f"{key} is not a known key{nearest(key, known)}")
            try:
                OmegaConf.update(config, key, _value(key, value), merge=True)
            except OmegaConfBaseException as error:
                raise UserError(f"{key} can't be {shown(value)}: {_first_line(error)}") from None
        return parse_trial(plain(config), self.allowed)


def from_command_line(overrides: Sequence[str]) -> list[str]:
    """The modules that `runtime.allowed_targets=` names on the command line; those of a file don't count."""
    allowed: list[str] = []
    for text in overrides:
        if key_of(text) == "runtime.allowed_targets":
            value = parse_override(text, "runtime.allowed_targets").value()
            allowed = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return allowed


def chosen() -> dict[str, str]:
    """Within `hydra.main`: the chosen option of each config group."""
    return {key: str(option) for key, option in HydraConfig.get().runtime.choices.items() if "/" not in key}


def current() -> tuple[str, list[str]]:
    """Within `hydra.main`: the name of the primary config, and the overrides of this job."""
    hydra = HydraConfig.get()
    overrides = OmegaConf.to_container(hydra.overrides.task, resolve=False)  # an override may hold an interpolation
    assert isinstance(overrides, list)
    for override in overrides:
        key, _, value = override.partition("=")
        if value.startswith("[") and "." not in key and group_options(key_of(key)):
            raise UserError(f"{key} must be one option of its group, got {value}")
    return str(hydra.job.config_name), [str(override) for override in overrides]
