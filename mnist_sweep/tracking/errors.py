"""What an MLflow store raises: whether it is unreachable or refuses a run, and why."""

from mnist_sweep.config import UserError

# MLflow's error codes for an invalid request: retrying would not help.
REFUSALS = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_ALREADY_EXISTS", "PERMISSION_DENIED", "INVALID_STATE")


def trouble() -> tuple[type[Exception], ...]:
    """Returns the exceptions of a store that is unreachable or fails; imports MLflow."""
    from mlflow.exceptions import MlflowException

    return MlflowException, OSError


def reason_of(error: Exception) -> str:
    """Returns the line of an error that says what was wrong: SQLAlchemy's messages have many, a UserError has one."""
    if isinstance(error, UserError):
        return str(error)
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return next((line for line in lines if "Error)" in line), lines[0])[:200]


def is_refusal(error: Exception) -> bool:
    """Returns whether a store is reachable but does not accept a run, now or later."""
    return isinstance(error, UserError) or getattr(error, "error_code", None) in REFUSALS
