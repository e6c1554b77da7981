"""A store that is unreachable is told from one that refuses a run."""

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE

from mnist_sweep.config import UserError
from mnist_sweep.tracking.errors import is_refusal, reason_of, trouble


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (MlflowException("no", INVALID_PARAMETER_VALUE), True),
        (UserError("record.json is damaged"), True),
        (MlflowException("down", INTERNAL_ERROR), False),
        (ConnectionError("down"), False),
    ],
)
def test_only_an_invalid_request_is_refused_for_good(error: Exception, refused: bool) -> None:
    assert is_refusal(error) == refused
    assert isinstance(error, (*trouble(), UserError))


def test_the_reason_is_one_line() -> None:
    sql = "(Background)\n(sqlite3.OperationalError) disk I/O error\n[SQL: ...]"
    assert reason_of(RuntimeError(sql)) == "(sqlite3.OperationalError) disk I/O error"
    assert reason_of(RuntimeError("a\nb")) == "a"
    assert reason_of(RuntimeError()) == "RuntimeError"
    assert reason_of(UserError("a.json can't be read")) == "a.json can't be read"
