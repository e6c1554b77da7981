"""The one exception that a user's mistake raises."""


class UserError(Exception):
    """An error that the user can correct: shown as one line, exit code 2, never with a traceback."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Unavailable(UserError):  # noqa: N818 - what it is, not whose fault
    """Something that is not on this machine and can't be fetched, through no fault of the user's: exit code 3."""
