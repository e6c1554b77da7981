"""Files are written completely or not at all, and what can't be read is reported."""

import json

import pytest
import yaml

from mnist_sweep.config import UserError
from mnist_sweep.files import read_json, read_yaml, read_yaml_list, write_json, write_text, write_yaml


def test_what_is_written_can_be_read(tmp_path):
    content = {"b": 1, "a": [1.5, None, "é"], "c": {"d": True}}
    write_json(tmp_path / "a.json", content)
    write_yaml(tmp_path / "a.yaml", content, "# header\n")
    assert json.loads((tmp_path / "a.json").read_text()) == read_json(tmp_path / "a.json") == content
    assert yaml.safe_load((tmp_path / "a.yaml").read_text()) == read_yaml(tmp_path / "a.yaml") == content
    assert (tmp_path / "a.yaml").read_text().startswith("# header\nb: 1\n")


def test_nothing_is_left_beside_what_is_written(tmp_path):
    write_text(tmp_path / "a", "1")
    write_text(tmp_path / "a", "2")
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "2"


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.json", "\ud800")
    assert read_json(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize("content", ["", "[1]", "5", "{", '{"a": nope}', "\x00"])
def test_json_that_is_no_object_is_reported_by_its_file(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UserError, match=r"a\.json (can't be read|must hold)"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    "content", ["", "- 1", "5", "{", "a: [", "!!python/object/apply:os.getpid []", "a: !x 1", "\x00"]
)
def test_yaml_that_is_no_mapping_is_reported_by_its_file(tmp_path, content):
    (tmp_path / "a.yaml").write_text(content)
    with pytest.raises(UserError, match=r"a\.yaml (can't be read|must hold|must be plain)") as caught:
        read_yaml(tmp_path / "a.yaml")
    assert "\n" not in str(caught.value)


def test_yaml_lists_are_read_in_the_same_way(tmp_path):
    (tmp_path / "a.yaml").write_text("- a=1\n- b=2\n")
    assert read_yaml_list(tmp_path / "a.yaml") == ["a=1", "b=2"]
    (tmp_path / "a.yaml").write_text("a: 1")
    with pytest.raises(UserError, match="must hold a list, got dict"):
        read_yaml_list(tmp_path / "a.yaml")


@pytest.mark.parametrize("read", [read_json, read_yaml, read_yaml_list])
def test_a_file_that_is_not_there_or_not_text_is_reported(tmp_path, read):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xfa")
    for name in ("nowhere", "bytes", "."):
        with pytest.raises(UserError, match="can't be read"):
            read(tmp_path / name)


def test_interpolations_of_a_stored_file_stay_text(tmp_path):
    (tmp_path / "a.yaml").write_text("a: ${oc.env:HOME}\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": "${oc.env:HOME}"}
