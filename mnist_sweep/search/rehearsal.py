"""A search that trains nothing, to see whether sampler and pruner can work on the space at all."""

from collections.abc import Callable, Mapping, Sequence

from mnist_sweep.config import Settings, UserError
from mnist_sweep.config.space import Parameter
from mnist_sweep.search.components import build_sampler
from mnist_sweep.search.samplers.grid import GridSampler
from mnist_sweep.search.study import Search
from mnist_sweep.storage.state import TrialState

BEYOND = 3  # trials after those that a sampler draws at random
MOST = 40


def rehearse(
    settings: Settings,
    parameters: Sequence[Parameter],
    base: Mapping[str, str],
    epochs: int | None,
    allows: Callable[[Mapping[str, str]], bool] = lambda _: True,
) -> bool:
    """Asks and tells some trials in memory, so that what would end the real search shows before it.

    Args:
        settings: Sampler, pruner and objectives.
        parameters: The search space.
        base: The base configuration's values.
        epochs: How many epochs a trial has, None where that is not known.
        allows: Whether a trial of these overrides may be drawn.

    Returns:
        Whether there is any that may, next to the baseline.

    Raises:
        UserError: Sampler or pruner can't do what they are asked for.
    """
    grid = isinstance(build_sampler(settings.sampler, 0), GridSampler)
    random = settings.sampler.arguments.get("n_startup_trials", 10)
    count = 2 if grid else min(MOST, int(random) + BEYOND)
    found = False
    try:
        search = Search(None, "rehearsal", settings, parameters, base, (), allows)
        for number in range(count):
            asked = search.ask()
            if asked is None or (asked.number and not allows(asked.overrides)):  # few are left, or hard to find
                return found
            found = asked.number > 0
            value = 0.5 + 0.4 * (number % 7) / 7
            rows: list[dict[str, float]] = []
            for epoch in (1, min(2, epochs or 2)):
                rows.append({**{one.curve or one.name: value for one in settings.objectives}, "epoch": epoch})
                search.report(asked.number, rows)
            search.tell(asked.number, TrialState.COMPLETE, dict.fromkeys(search.metrics, value))
    except UserError:
        raise
    except Exception as error:
        names = f"{settings.sampler.name} and {settings.pruner.name}"
        raise UserError(f"sampler and pruner ({names}) can't search this space: {error!r}") from None
    return found
