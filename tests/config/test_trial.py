"""A trial's configuration, of whatever task."""

import pytest

from mnist_sweep.config.errors import UserError
from mnist_sweep.config.image_classifier import ImageClassifierConfig
from mnist_sweep.config.trial import SectionsConfig, parse_trial

FUNCTION = {
    "task": {"_target_": "mnist_sweep.tasks.Function", "function": "mine.objective"},
    "params": {"x": 1, "layers": [2, 3]},
    "study": {"seed": 7},
    "search": {"n_trials": 5},
}


def test_a_function_has_its_own_section_and_no_other() -> None:
    trial = parse_trial(FUNCTION, ["mine"])
    assert isinstance(trial, SectionsConfig)
    assert trial.plain() == {key: FUNCTION[key] for key in ("task", "params", "study")}
    assert parse_trial(trial.plain(), ["mine"]) == trial
    assert (trial.title, trial.epochs, trial.seed) == ("objective", None, 7)


def test_the_seed_changes_with_everything_that_the_task_depends_on() -> None:
    seeds = {
        parse_trial({**FUNCTION, **more}, ["mine"]).trial_seed()
        for more in (
            {}, {"params": {"x": 2, "layers": [2, 3]}}, {"study": {"seed": 8}},
            {"task": {"_target_": "mnist_sweep.tasks.Function", "function": "mine.other"}},
        )
    }  # fmt: skip
    assert len(seeds) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert parse_trial({**FUNCTION, "search": {}}, ["mine"]).same_result_as(parse_trial(FUNCTION, ["mine"]))


def test_a_function_counts_only_where_its_module_is_allowed() -> None:
    with pytest.raises(UserError, match=r"task.function is mine.objective: if you trust it, add runtime.allowed_targe"):
        parse_trial(FUNCTION)
    with pytest.raises(UserError, match=r"task\.function must be a function's name with its module"):
        parse_trial({**FUNCTION, "task": {**FUNCTION["task"], "function": "objective"}}, ["mine"])


@pytest.mark.parametrize(("key", "message"), [("params", "params is missing"), ("study", "study is missing")])
def test_a_section_is_not_left_out(key: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_trial({name: value for name, value in FUNCTION.items() if name != key}, ["mine"])


def test_a_check_that_breaks_is_one_line(tmp_path, monkeypatch) -> None:
    source = """
class Breaking:
    sections, metrics = ("params",), {}

    def check(self, config):
        config["params"]["y"]

    def run(self, config, trial): ...
"""
    (tmp_path / "breaking_task.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    plain = {**FUNCTION, "task": {"_target_": "breaking_task.Breaking"}}
    with pytest.raises(UserError, match=r"breaking_task\.Breaking\.check has failed with KeyError\('y'\); it should"):
        parse_trial(plain, ["breaking_task"])


def test_what_names_no_task_trains_an_image_classifier() -> None:
    with pytest.raises(UserError, match="data is missing from the configuration"):
        parse_trial({"study": {"seed": 0}})
    assert ImageClassifierConfig.__dataclass_fields__["task"].default.target == "mnist_sweep.tasks.ImageClassifier"
