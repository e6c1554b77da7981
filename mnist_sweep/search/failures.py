"""What trials that failed have in common."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from mnist_sweep.config.domains import as_number
from mnist_sweep.search.trials import Standing

REASONS = 3  # that are quoted


def _kind(reason: str | None) -> str:
    """Returns a reason without its numbers: losses that became NaN in different batches are of one kind."""
    return re.sub(r"\d+(\.\d+)?", "#", reason or "")


def _quoted(failed: Sequence[Standing]) -> str:
    kinds = Counter(_kind(standing.reason) for standing in failed)
    first = {_kind(standing.reason): standing.reason or "without a reason" for standing in reversed(failed)}
    if len(kinds) == 1:
        return f"all because: {failed[0].reason}" if len(failed) > 1 else f"because: {failed[0].reason}"
    return "; ".join(f"{count} because: {first[kind]}" for kind, count in kinds.most_common(REASONS))


def _told_apart(key: str, failed: Sequence[str], others: Sequence[str]) -> str | None:
    """Returns how a parameter's values differ between trials that failed and others, None if they overlap."""
    numbers = [[as_number(text) for text in texts] for texts in (failed, others)]
    bad, good = ([n for n in some if n is not None] for some in numbers)
    if len(bad) == len(failed) and len(good) == len(others):
        if min(bad) > max(good) or max(bad) < min(good):
            well = f"{min(good):.4g} to {max(good):.4g} in those that did not"
            return f"{key} from {min(bad):.4g} to {max(bad):.4g} ({well})"
    elif len(set(failed)) == 1 and failed[0] not in others:
        return f"{key}={failed[0]} (in none of those that did not)"
    return None


def in_common(failed: Sequence[Standing], others: Sequence[Standing], base: Mapping[str, str]) -> str:
    """Returns why the last trials failed, and which of their parameters differ from those of all other trials.

    Args:
        failed: The trials that failed.
        others: The trials that did not.
        base: The base configuration's values, which trial 0 has.
    """
    said = [_quoted(failed)]
    keys = dict.fromkeys(key for standing in failed for key in standing.overrides)
    for key in keys if others else ():
        values = [[{**base, **standing.overrides}.get(key) for standing in some] for some in (failed, others)]
        bad, good = ([text for text in some if text is not None] for some in values)
        if len(bad) == len(failed) and good and (apart := _told_apart(key, bad, good)):
            said.append(f"all with {apart}")
    return "; ".join(said)
