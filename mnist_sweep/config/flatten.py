"""Nested configurations as one level of dotted keys, and what differs between two of them."""

from collections.abc import Mapping
from typing import Any

from mnist_sweep.config.check import shown


def flatten(content: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Returns nested mappings as one, with dots between the keys."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{path}.{key}" if path else str(key)
        flat |= flatten(value, name) if isinstance(value, Mapping) else {name: value}
    return flat


def is_within(key: str, section: str) -> bool:
    """Returns whether a dotted key is a section, or lies in it."""
    return key == section or key.startswith(f"{section}.")


def with_elements(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what `flatten` returns, and each element of a list under its index: `model.units.0`."""
    found = dict(flat)
    for key, value in flat.items():
        if isinstance(value, list):
            found |= with_elements({f"{key}.{index}": item for index, item in enumerate(value)})
    return found


def differences(first: Any, second: Any, path: str = "") -> list[str]:
    """Returns what differs between two pieces of plain data, a line for each key: `key: first -> second`.

    Args:
        first: What was.
        second: What is.
        path: The key of both, empty for a complete configuration.
    """
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = [*first, *(key for key in second if key not in first)]
        return [
            line
            for key in keys
            for line in differences(first.get(key), second.get(key), f"{path}.{key}" if path else str(key))
        ]
    return [] if first == second else [f"{path}: {shown(first)} -> {shown(second)}"]


def flatten_space(space: Mapping[str, Any], when: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Returns a search space as one mapping from key to range, a condition written behind its range."""
    flat = {str(key): str(text) for key, text in space.items()}
    for condition, more in when.items():
        for key, text in more.items():
            flat[key] = f"{flat[key]} or {text} if {condition}" if key in flat else f"{text} if {condition}"
    return flat
