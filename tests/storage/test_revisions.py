"""The former search spaces of a study."""

import pytest

from mnist_sweep.config import UserError
from mnist_sweep.storage.revisions import Revision, revisions


def test_a_study_without_revisions_has_none() -> None:
    assert list(revisions({"search": {}})) == []


def test_they_are_read_as_they_were_written() -> None:
    one = {"until": 3, "at": 5.0, "space": {"a": "choice(1,2)"}, "when": {}}
    assert revisions({"revisions": [one]}) == [Revision(3, 5.0, {"a": "choice(1,2)"}, {})]
    with pytest.raises(UserError, match="revisions"):
        revisions({"revisions": [{"until": "x"}]})
