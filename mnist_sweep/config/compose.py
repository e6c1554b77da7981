"""Configurations by Hydra: the base of a command, and each trial's on top of it."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from mnist_sweep.config.check import nearest, shown
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.errors import UserError
from mnist_sweep.config.flatten import flatten, is_within, with_elements
from mnist_sweep.config.hydra_errors import as_user_error
from mnist_sweep.config.spelling import read
from mnist_sweep.config.trial import TrialConfig, parse_trial

# Overrides with these keys don't change what a trial is.
NOT_OF_A_TRIAL = ("search", "sampler", "pruner", "tracking", "runs_folder", "runtime", "study.name", "study.note",
                  "study.on_event", "study.revise", "study.tags", "study.keep_models", "study.fork",
                  "hydra")  # fmt: skip
TRUSTED = "runtime.allowed_targets"  # without which some trials can't be run


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]


def plain(config: DictConfig) -> dict[str, Any]:
    """Returns a composed configuration as plain data, interpolations resolved; raises UserError for missing values."""
    try:
        if missing := sorted(OmegaConf.missing_keys(config)):
            raise UserError(f"{missing[0]} is missing: give it with {missing[0]}=...")
        container = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"{error.full_key or 'the configuration'} can't be read: {_first_line(error)}") from None
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def known_keys(config: DictConfig) -> list[str]:
    """Returns all dotted keys of a configuration."""

    def below(node: Any, path: str) -> list[str]:
        if isinstance(node, list):
            return [path, *(key for index, item in enumerate(node) for key in below(item, f"{path}.{index}"))]
        if not isinstance(node, Mapping):
            return [path]
        return [path, *(key for name, item in node.items() for key in below(item, f"{path}.{name}"))]

    container = OmegaConf.to_container(config, resolve=False)
    assert isinstance(container, dict)
    return [key for name, item in container.items() for key in below(item, str(name))]


def key_of(override: str) -> str:
    """Returns the key of an override: `model` of `model=cnn`, `a.b` of `+a.b=1`."""
    return override.lstrip("+~").partition("=")[0].partition("@")[0]


def added(override: str) -> str:
    """Returns an override as Hydra takes it: what no file need have, such as a key of `params`, is added."""
    bare = override.lstrip("+")
    return f"++{bare}" if bare.startswith((FREE, "params={", *TAGS, *LATER)) else override


def bare(override: str) -> str:
    """Returns an override as a person writes it: the inverse of `added`."""
    return override.lstrip("+") if key_of(override).startswith(("params", "study.tags", *LATER)) else override


def of_a_trial(override: str) -> bool:
    """Returns whether an override of the command line changes what a trial is."""
    key = key_of(override).replace("/", ".")
    return key == TRUSTED or not any(is_within(key, other) for other in NOT_OF_A_TRIAL)


FREE = "params."  # the section of a function, whose keys are not known beforehand
LATER = ("train.initial_", "data.fold", "search.prior.")  # keys that an earlier configuration lacks
TAGS = ("study.tags.", "study.tags={")  # a person's own
_NUMBER = re.compile(r"[+-]?(\d+|\d+\.\d*([eE][+-]?\d+)?|\d+[eE][+-]?\d+)")


def _value(key: str, text: str) -> Any:
    """What is written in an override; numbers without Hydra's parser, which takes a millisecond."""
    if _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return read(f"{key}={text}", key).value()


def _is_element(config: DictConfig, key: str) -> bool:
    """Whether a key is an element of a list that the trial itself has made longer."""
    above, _, index = key.rpartition(".")
    node = OmegaConf.select(config, above) if above and index.isdigit() else None
    return isinstance(node, ListConfig) and int(index) < len(node)


class Composer:
    """Composes trials' configurations: the overrides of the command line, then those of the trial.

    A trial's overrides are a mapping from key to the value as it is written in an override.
    """

    def __init__(
        self,
        loader: ConfigLoader,
        config_name: str,
        base: Sequence[str],
        allowed: Sequence[str],
        composed: DictConfig | None = None,
        path: Sequence[str] = (),
    ) -> None:
        """Makes a composer.

        Args:
            loader: Hydra's loader of configuration files.
            config_name: The name of the primary configuration.
            base: The overrides of the command line.
            allowed: The modules whose functions a configuration may name.
            composed: What Hydra has already composed of these, if it has.
            path: Overrides of Hydra's search path, for every composition.
        """
        self.path = list(path)
        self.loader = loader
        self.config_name = config_name
        self.base = [override for override in base if of_a_trial(override)]
        self.allowed = list(allowed)
        self._by_groups: dict[tuple[tuple[str, str], ...], tuple[list[str], DictConfig, list[str]]] = {}
        self._last: tuple[tuple[tuple[str, str], ...], TrialConfig] | None = None
        self._options: dict[str, tuple[str, ...]] = {}
        if composed is not None:
            self._keep({}, self.base, composed)

    def options(self, group: str) -> tuple[str, ...]:
        """Returns the options of a config group, none if there is no such group."""
        if group not in self._options:
            found = self.loader.get_group_options(group, results_filter=ObjectType.CONFIG)
            self._options[group] = tuple(found)
        return self._options[group]

    def check_options(self, overrides: Sequence[str]) -> None:
        """Raises UserError for a list of options where a group takes one."""
        for override in overrides:
            key, _, value = override.partition("=")
            if value.startswith("[") and "." not in key and self.options(key_of(key)):
                raise UserError(f"{key} must be one option of its group, got {value}")

    def with_base(self, overrides: Sequence[str]) -> "Composer":
        """Returns a composer of the same files on top of other overrides of the command line."""
        return Composer(self.loader, self.config_name, overrides, self.allowed, path=self.path)

    def plain_base(self) -> dict[str, Any]:
        """Returns the base configuration as plain data."""
        return plain(self._composed({})[1])

    def hydras_own(self, overrides: Sequence[str]) -> dict[str, Any]:
        """Returns Hydra's own configuration as plain data, with these overrides and those of configuration files."""
        config = self._loaded(overrides)
        found = OmegaConf.to_container(config.hydra, resolve=False)
        assert isinstance(found, dict)
        return {str(key): value for key, value in found.items()}

    def _loaded(self, overrides: Sequence[str]) -> DictConfig:
        return self.loader.load_configuration(
            self.config_name, [*map(added, overrides), *self.path], run_mode=RunMode.RUN, from_shell=False
        )

    def _compose(self, overrides: Sequence[str]) -> DictConfig:
        try:
            config = self._loaded(overrides)
        except HydraException as error:
            raise as_user_error(error, ()) from None
        with open_dict(config):
            del config["hydra"]
        return config

    def _keep(self, groups: Mapping[str, str], overrides: Sequence[str], config: DictConfig) -> None:
        texts, train = list(overrides), config.get("train")
        if isinstance(train, DictConfig) and OmegaConf.is_interpolation(train, "precision"):
            texts.append(f"train.precision={train.precision}")  # pasted on another CPU it stays the same
        self._by_groups[tuple(sorted(groups.items()))] = texts, config, known_keys(config)

    def _composed(self, groups: dict[str, str]) -> tuple[list[str], DictConfig, list[str]]:
        """Overrides, configuration and its keys with these options of groups, before the trial's values."""
        key = tuple(sorted(groups.items()))
        if key not in self._by_groups:
            kept = [override for override in self.base if key_of(override) not in groups]
            chosen = [f"{name}={option}" for name, option in groups.items()]
            if groups:  # a base value such as optimizer.beta_1 has no place where the trial's optimizer has no such key
                bare = self._compose([*(o for o in kept if self.options(key_of(o))), *chosen])
                known = set(known_keys(bare))
                swept = tuple(f"{name}." for name in groups)
                kept = [o for o in kept if not key_of(o).startswith(swept) or key_of(o) in known or o[0] in "+~"]
            overrides = [*kept, *chosen]
            self._keep(groups, overrides, self._compose(overrides))
        return self._by_groups[key]

    def _split(self, trial: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Options of groups, and values: those of a list's elements behind the list."""
        groups = {key: value for key, value in trial.items() if "." not in key and self.options(key)}
        values = {key: value for key, value in trial.items() if key not in groups}
        of_lists = {key: value for key, value in values.items() if any(key.startswith(f"{one}.") for one in values)}
        return groups, {**{key: value for key, value in values.items() if key not in of_lists}, **of_lists}

    def overrides(self, trial: Mapping[str, str]) -> list[str]:
        """Returns all overrides that make up a trial: they can be pasted behind `mnist-sweep train`."""
        groups, values = self._split(trial)
        kept = [text for text in self._composed(groups)[0] if key_of(text) not in values]
        return [*kept, *(f"{key}={value}" for key, value in values.items())]

    def config(self, trial: Mapping[str, str]) -> TrialConfig:
        """Returns a trial's configuration; raises UserError for an unknown key or a value that doesn't fit."""
        asked = tuple(trial.items())
        if self._last is None or self._last[0] != asked:
            self._last = asked, self._config(trial)
        return self._last[1]

    def _config(self, trial: Mapping[str, str]) -> TrialConfig:
        groups, values = self._split(trial)
        for name, option in groups.items():
            if option not in self.options(name):
                raise UserError(f"{name} must be one of {', '.join(self.options(name))}, got {shown(option)}")
        _, composed, known = self._composed(groups)
        config = copy.deepcopy(composed)
        for key, value in values.items():
            if key not in known and not _is_element(config, key):
                raise UserError(f"{key} is not a known key{nearest(key, known)}")
            try:
                OmegaConf.update(config, key, _value(key, value), merge=True)
            except OmegaConfBaseException as error:
                raise UserError(f"{key} can't be {shown(value)}: {_first_line(error)}") from None
        return parse_trial(plain(config), self.allowed)


def trusted_modules(overrides: Sequence[str]) -> list[str]:
    """Returns the modules that `runtime.allowed_targets=` names on the command line; those of a file don't count."""
    allowed: list[str] = []
    for text in overrides:
        if key_of(text) == "runtime.allowed_targets":
            value = read(text, "runtime.allowed_targets").value()
            allowed = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return allowed


def base_values(config: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, str]:
    """Returns what parameters and conditions of a search refer to.

    Args:
        config: The composed configuration, as plain data.
        choices: The chosen option of each group.

    Returns:
        Every dotted key, those of list elements too, with its value as it is written in an override, and every group
        with its option.
    """
    return {**{key: as_literal(value) for key, value in with_elements(flatten(config)).items()}, **choices}
