"""Which trials may be drawn: those that can be trained, and meet the constraints as far as that is known beforehand."""

from collections.abc import Mapping, Sequence

from mnist_sweep.config import UserError
from mnist_sweep.config.compose import Composer
from mnist_sweep.config.constraints import Constraint, violations
from mnist_sweep.tasks.data import Description, check_against, known


class Drawable:
    """Says whether a trial may be drawn.

    Attributes:
        refused: The first configuration that can't be trained, and why; empty where all could.
        has_violation: Whether there was any that does not meet the constraints.
    """

    def __init__(self, composer: Composer, data: Description, constraints: Sequence[Constraint]) -> None:
        self.composer, self.data, self.constraints = composer, data, constraints
        self.refused = ""
        self.has_violation = False

    def __call__(self, overrides: Mapping[str, str]) -> bool:
        """Returns whether a trial may be drawn that differs from the base configuration so."""
        try:
            config = self.composer.config(overrides)
            check_against(config, self.data)
        except UserError as error:
            self.refused = self.refused or f"{' '.join(f'{key}={text}' for key, text in overrides.items())}: {error}"
            return False
        allowed = not (self.constraints and violations(self.constraints, known(config, self.data)))
        self.has_violation |= not allowed
        return allowed

    @property
    def which(self) -> str:
        """Which configurations are drawn, in words; empty where all are."""
        words = ["can be trained"] if self.refused else []
        words += ["meets search.constraints"] if self.has_violation else []
        return f" that {' and '.join(words)}" if words else ""

    @property
    def said(self) -> str:
        """That some configurations are not drawn, in words."""
        return f"Not drawn, since they can't be trained: configurations such as {self.refused}"

    def found_none(self) -> UserError:
        """Returns the mistake of a space of which nothing may be drawn."""
        meets = ", ".join(one.text for one in self.constraints)
        if self.refused:
            both = f" and meets {meets}" if meets else ""
            return UserError(f"search.space: no configuration was found that can be trained{both}; {self.refused}")
        return UserError(f"search.constraints: no configuration of this space was found that meets {meets}")
