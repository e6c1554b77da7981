"""No configuration twice: what was tried of a space, and a sampler that is asked until it proposes something else."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from mnist_sweep.config import UserError
from mnist_sweep.config.domains import Choice, Domain, contains, literal
from mnist_sweep.config.space import Parameter, active, holds
from mnist_sweep.search.distributions import distribution
from mnist_sweep.search.samplers.grid import points

ATTEMPTS = 20  # of the sampler; then of a random one, which finds what is left of a space that can't be listed
RANDOM_ATTEMPTS = 1000

Point = Mapping[str, str]  # the searched parameters as in overrides


def literals(parameters: Sequence[Parameter], base: Mapping[str, str], params: Mapping[str, Any]) -> dict[str, str]:
    """Returns Optuna's parameters as in overrides, those whose conditions hold.

    Args:
        parameters: The search space, each parameter behind those that its condition refers to.
        base: The base configuration's values.
        params: Optuna's parameters.
    """
    found: dict[str, str] = {}
    for parameter in parameters:
        key = parameter.key
        if key in params and key not in found and holds(parameter.condition, {**base, **found}):
            found[key] = literal(parameter.domain, params[key])
    return found


class Tried:
    """The points of a search space that have been tried, and those that are left where the space can be listed."""

    def __init__(
        self,
        parameters: Sequence[Parameter],
        base: Mapping[str, str],
        seed: int,
        allows: Callable[[Point], bool] = lambda _: True,
    ) -> None:
        """Lists the space if it is finite and not too large.

        Args:
            parameters: The search space, each parameter behind those that its condition refers to.
            base: The base configuration's values.
            seed: Determines the order of the points that are left.
            allows: Whether a point may be tried.
        """
        self.parameters = parameters
        self.base = base
        self._allows = allows
        self._first: dict[str, Any] | None = None  # that is left
        self._domains = {parameter.key: parameter.domain for parameter in reversed(parameters)}
        self._differ = any(self._domains[one.key] != one.domain for one in parameters)  # by what else is chosen
        self._tried: set[frozenset[tuple[str, str]]] = set()
        self._left: dict[frozenset[tuple[str, str]], dict[str, Any]] | None = None
        self.not_listed: UserError | None = None  # why the space can't be listed
        try:
            self._left = {self._key(self.literals(point)): point for point in points(parameters, base, seed)}
        except UserError as error:  # not finite, or more than can be listed
            self.not_listed = error

    def add(self, point: Point) -> None:
        """Notes that a point is tried."""
        self._tried.add(self._key(point))
        if self._left is not None:
            self._left.pop(self._key(point), None)

    def __contains__(self, point: Point) -> bool:
        """Whether a point has been tried."""
        return self._key(point) in self._tried

    def offers(self, point: Point) -> bool:
        """Returns whether a point has not been tried, and may be."""
        return point not in self and self._allows(point)

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left of the space."""
        return self._left is not None and self.next_left() is None

    def next_left(self) -> dict[str, Any] | None:
        """Returns a point that is left, as Optuna's parameters; None where the space can't be listed."""
        while self._left:
            key, first = next(iter(self._left.items()))
            if first is self._first or self._allows(self.literals(first)):
                self._first = first
                return first
            del self._left[key]
        return None

    def literals(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Returns Optuna's parameters as in overrides."""
        return literals(self.parameters, self.base, params)

    def _key(self, point: Point) -> frozenset[tuple[str, str]]:
        """Returns a point in one spelling: 0.1 + 0.2 is the third of steps of 0.1."""
        domains = self._domains
        if self._differ:
            domains = {**domains, **active(self.parameters, {**self.base, **point})}
        return frozenset((key, _spelled(domains[key], text)) for key, text in point.items())


def _spelled(domain: Domain, text: str) -> str:
    if isinstance(domain, Choice) or domain.step is None or domain.is_integer:
        return text
    return str(round((float(text) - domain.low) / domain.step))


class UntriedSampler(BaseSampler):
    """Asks a sampler for a complete point of the space until it proposes one that has not been tried.

    The point is made where Optuna asks for the relative search space, with what the sampler has no model for drawn
    independently, as Optuna itself would do later, one parameter after the other.
    """

    def __init__(self, sampler: BaseSampler, tried: Tried) -> None:
        self.sampler = sampler
        self.tried = tried
        self._random = RandomSampler()
        self._params: dict[str, Any] = {}

    def seed(self, seed: int) -> None:
        """Seeds the random sampler that is asked where the other one only repeats itself."""
        self._random = RandomSampler(seed)

    def reseed_rng(self) -> None:
        """As Optuna's."""
        self.sampler.reseed_rng()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """As Optuna's."""
        self.sampler.before_trial(study, trial)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """As Optuna's."""
        self.sampler.after_trial(study, trial, state, values)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Returns the distributions of an untried point, which `sample_relative` then returns."""
        space = self.sampler.infer_relative_search_space(study, trial)
        self._params, distributions = self._complete(study, trial, self.sampler, space)
        for attempt in range(1, ATTEMPTS + RANDOM_ATTEMPTS):
            if self.tried.offers(self.tried.literals(self._params)):
                return distributions
            if attempt < ATTEMPTS:
                self._params, distributions = self._complete(study, trial, self.sampler, space)
            elif (left := self.tried.next_left()) is not None:
                self._params, distributions = self._checked(left)
            else:
                self._params, distributions = self._complete(study, trial, self._random, {})
        return distributions

    def sample_relative(
        self,
        study: Study,  # noqa: ARG002
        trial: FrozenTrial,  # noqa: ARG002
        search_space: dict[str, BaseDistribution],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Returns the point."""
        return self._params

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """As Optuna's."""
        return self.sampler.sample_independent(study, trial, param_name, param_distribution)

    def _complete(
        self, study: Study, trial: FrozenTrial, sampler: BaseSampler, space: dict[str, BaseDistribution]
    ) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        """Returns a point of one of the samplers, and the distributions of its parameters."""
        relative = sampler.sample_relative(study, trial, space) if space else {}
        params: dict[str, Any] = {}
        distributions: dict[str, BaseDistribution] = {}
        literals = dict(self.tried.base)
        for parameter in self.tried.parameters:
            key, domain = parameter.key, parameter.domain
            if key in params or not holds(parameter.condition, literals):
                continue
            distributions[key] = distribution(domain)
            params[key] = relative.get(key)
            if key not in relative or space[key] != distributions[key]:
                params[key] = sampler.sample_independent(study, trial, key, distributions[key])
            literals[key] = literal(domain, params[key])
        return params, distributions

    def _checked(self, point: dict[str, Any]) -> tuple[dict[str, Any], dict[str, BaseDistribution]]:
        """Returns a listed point, and the distributions of its parameters."""
        literals = {**self.tried.base, **self.tried.literals(point)}
        active = [one for one in self.tried.parameters if one.key in point and holds(one.condition, literals)]
        return point, {one.key: distribution(one.domain) for one in active if contains(one.domain, literals[one.key])}
