"""The base configuration of a search, as its parameters and conditions refer to it."""

from collections.abc import Mapping
from typing import Any

from mnist_sweep.config.space import as_literal


def base_values(plain: Mapping[str, Any], choices: Mapping[str, str]) -> dict[str, str]:
    """Every key of the configuration with its value as in an override, and the chosen option of every group."""

    def below(node: Any, path: str) -> dict[str, str]:
        if isinstance(node, Mapping):
            return {key: text for name, item in node.items() for key, text in below(item, f"{path}.{name}").items()}
        return {path: as_literal(node)}

    values = {key: text for name, item in plain.items() for key, text in below(item, str(name)).items()}
    return {**values, **choices}
