"""The trials that persons name, which are tried before the sampler draws any."""

from collections.abc import Mapping, Sequence

from mnist_sweep.config.space import Parameter
from mnist_sweep.search.given import Given, given_params, is_point
from mnist_sweep.search.samplers.untried import Tried


class Queue:
    """The trials of `search.start` that are left, and what tells whether a named trial is new."""

    def __init__(self, parameters: Sequence[Parameter], tried: Tried, start: Sequence[Given]) -> None:
        """Begins with the trials of the configuration.

        Args:
            parameters: The search space.
            tried: The points of the space that have been tried.
            start: The trials, the next one first.
        """
        self.parameters = parameters
        self.tried = tried
        self._left = list(start)
        self._noted: list[Mapping[str, str]] = [{}]  # the baseline

    def note(self, overrides: Mapping[str, str]) -> None:
        """Notes that a named trial has been tried, or will be."""
        self._noted.append(overrides)

    def is_new(self, named: Given) -> bool:
        """Returns whether a named trial has not been tried yet, neither as it is named nor as a point of the space."""
        if named.overrides in self._noted:
            return False
        searched = {parameter.key for parameter in self.parameters}
        if not set(named.overrides) <= searched or not is_point(self.parameters, named.values):
            return True  # it is beyond the space
        return self.tried.literals(given_params(self.parameters, named.values)) not in self.tried

    def next(self) -> Given | None:
        """Returns the next trial that is new, None if there is none left."""
        while self._left:
            one = self._left.pop(0)
            if self.is_new(one):
                return one
        return None

    def known(self, values: Mapping[str, str]) -> dict[str, str]:
        """Returns those values of a configuration that the search space and its conditions refer to."""
        conditions = {parameter.condition.key for parameter in self.parameters if parameter.condition}
        keys = {*(parameter.key for parameter in self.parameters), *conditions}
        return {key: text for key, text in values.items() if key in keys}
