"""What a task's trials are trained on: prepared, described and shared, for tasks that have data of their own."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

from mnist_sweep.config import TrialConfig
from mnist_sweep.config.task import build_task

OnBytes = Callable[[int, int | None], None]
Transfer = Callable[[str], AbstractContextManager[OnBytes]]  # shows a download


def not_shown(_what: str) -> AbstractContextManager[OnBytes]:
    """Returns a context in which a download is not shown."""
    return nullcontext(lambda _done, _total: None)


@dataclass(frozen=True)
class Description:
    """What a data set is, without its images; of a task without data, nothing.

    Attributes:
        name: Its name.
        image: Height, width and channels of an image.
        classes: The number of classes.
        train_images: The number of training images.
        validation_images: The number of validation images.
        digests: The SHA-256 of images and labels of each part that was read, by `<part>_images` and `<part>_labels`.
        digest: The SHA-256 of these.
        class_names: What the classes are called, where their labels are not numbers from 0.
    """

    name: str = ""
    image: tuple[int, int, int] = (0, 0, 0)
    classes: int = 0
    train_images: int = 0
    validation_images: int = 0
    digests: dict[str, str] = field(default_factory=dict)
    digest: str = ""
    class_names: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Returns the fields as plain data, for JSON."""
        found = {**asdict(self), "image": list(self.image)}
        if not self.class_names:
            del found["class_names"]
        return found

    def __bool__(self) -> bool:
        """Whether there is a data set."""
        return bool(self.digests)


def prepare(
    config: TrialConfig, say: Callable[[str], None], all_parts: bool = False, transfer: Transfer = not_shown
) -> Description:
    """Fetches the data set of a task if necessary and checks it.

    Args:
        config: The configuration that it must fit.
        say: Reports what is done, in lines.
        all_parts: Whether the test part is read too. It is otherwise read only if it is fetched, or is to be validated
            with.
        transfer: Shows a download.

    Returns:
        What the data set is; nothing for a task without one.

    Raises:
        UserError: The data set does not fit the configuration.
    """
    task = build_task(config.task)
    if (own := getattr(task, "prepare", None)) is None:
        return Description()
    found: Description = own(config, say, all_parts, transfer)
    return found


def check_against(config: TrialConfig, description: Description) -> None:
    """Raises UserError where a configuration can't be trained on the data."""
    if (own := getattr(build_task(config.task), "check_against", None)) is not None:
        own(config, description)


def known(config: TrialConfig, description: Description) -> dict[str, float]:
    """Returns those metrics of a trial that its task knows before it runs, none where it knows none."""
    own = getattr(build_task(config.task), "known", None)
    return {} if own is None else dict(own(config, description))


def shared(config: TrialConfig, description: Description) -> AbstractContextManager[dict[str, Any] | None]:
    """Returns a context that holds the data in memory for all trials, of nothing where there is nothing to share."""
    own = getattr(build_task(config.task), "shared", None)
    return nullcontext() if own is None else own(config, description)
