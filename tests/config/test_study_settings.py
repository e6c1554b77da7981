"""A study's name, note and tags."""

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.study_settings import check_study_name, parse_study

STUDY = {"name": None, "seed": 0, "keep_models": 3, "fork": False}


@pytest.mark.parametrize("name", ["a", "cnn-mnist", "2024.1", "_x", "a b", "a+b", "é", "x" * 100, "artifacts2"])
def test_a_study_name_can_be_a_folder(name, tmp_path):
    assert check_study_name(name) == name
    (tmp_path / name).mkdir()
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", " a", "a ", "a.", "a\nb", "a\n", "a\0b", "x" * 101, "~",
     "*", "artifacts", "mlflow.db", "compare"],
)  # fmt: skip
def test_other_names_are_refused(name):
    with pytest.raises(UserError, match=r"^study\.name must (be 1 to 100 letters|not be)"):
        check_study_name(name)


def test_a_study_has_a_note_and_tags_of_ones_own():
    study = {**STUDY, "note": "less dropout", "tags": {"owner": "me", "n": 3, "is_final": True, 2024: "x"}}
    found = parse_study(study)
    assert found.note == "less dropout"
    assert found.tags == {"owner": "me", "n": "3", "is_final": "true", "2024": "x"}
    assert parse_study(STUDY).tags == {}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"state": "x"}, "study.tags.state must have names of letters, digits"),
        ({"mlflow.note": "x"}, "study.tags.mlflow.note must have names"),
        ({"a=b": "x"}, "must have names"),
        ({"a": [1]}, "study.tags.a must be text, got [1]"),
        ("owner", "study.tags must be a mapping, got owner"),
    ],
)
def test_a_tag_that_can_not_be_is_told(tags, message):
    with pytest.raises(UserError) as caught:
        parse_study({**STUDY, "tags": tags})
    assert message in str(caught.value)
