"""Names, overrides, sweeps and flags of a command line, told apart."""

from pathlib import Path

import pytest

from mnist_sweep.cli.arguments import COMMANDS, Names, parse_arguments
from mnist_sweep.config import UserError


@pytest.mark.parametrize("command", ["confirm", "show", "sync", "reproduce", "report"])
@pytest.mark.parametrize(
    ("given", "override"),
    [
        ("cnn-mnist", "study_name=cnn-mnist"),
        ("study=cnn-mnist", "study_name=cnn-mnist"),
        ("study_name=cnn-mnist", "study_name=cnn-mnist"),
        ("2024", "study_name='2024'"),
    ],
)
def test_a_study_is_named_with_or_without_its_key(command: str, given: str, override: str) -> None:
    arguments = parse_arguments(command, ["runs_folder=elsewhere", given])
    assert arguments.overrides == ["runs_folder=elsewhere", override]


@pytest.mark.parametrize("given", [["a", "b"], ["study=[a,b]"]])
def test_a_report_takes_several_studies(given: list[str]) -> None:
    assert parse_arguments("report", given).overrides == ["study_name=[a,b]"]


@pytest.mark.parametrize(
    ("command", "given", "message"),
    [
        ("confirm", ["a", "b"], "confirm takes a study's name once, got a, b"),
        ("show", ["a", "study=b"], "show takes a study's name once, got a, study=b"),
        ("sync", ["study=a", "study=b"], "sync takes a study's name once, got study=a, study=b"),
        ("reproduce", ["a", "best.yaml"], "reproduce takes a study's name or a best.yaml once, got a, best.yaml"),
        ("report", ["a", "study=b"], "report takes studies' names once, got a, study=b"),
        ("show", ["a", "study_name=b"], "show takes a study's name once, got a, study=b"),
        ("train", ["a.yaml", "b.yaml"], "train takes one configuration file, got a.yaml, b.yaml"),
        ("train", ["nowhere.yaml"], "nowhere.yaml is not there; give a configuration file"),
        ("sweep", ["--multirun"], "--multirun is for train, so leave it out"),
        ("sweep", ["--experimental-rerun=x"], "--experimental-rerun is not for mnist-sweep"),
        ("show", ["--nope"], "unrecognized arguments: --nope; see --help"),
        ("train", ["hydra.overrides.task=[]"], "hydra.overrides.task can't be set"),
        ("sweeep", [], "sweeep is not a command; did you mean sweep?"),
    ],
)
def test_what_is_wrong_is_one_line(command: str, given: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_arguments(command, given)
    assert str(caught.value).startswith(message)


def test_sweeps_are_parameters_of_a_search_and_nothing_else() -> None:
    given = ["model.filters_1=choice(8,16)", "+model.x=interval(0,1)", "search.n_trials=3"]
    arguments = parse_arguments("sweep", given)
    assert arguments.sweeps == {"model.filters_1": "choice(8,16)", "model.x": "interval(0,1)"}
    assert arguments.overrides == ["search.n_trials=3"]
    assert parse_arguments("train", [*given, "--multirun"]).overrides == given


def test_a_file_is_the_configuration_of_train_and_a_record_for_reproduce(tmp_path: Path) -> None:
    file = tmp_path / "best.yaml"
    file.write_text("model: {}\n")
    trained = parse_arguments("train", [str(file), "train.epochs=1"])
    assert (trained.file, trained.overrides, trained.where) == (file, ["train.epochs=1"], [str(file)])
    reproduced = parse_arguments("reproduce", [str(file)])
    assert reproduced.file is None
    assert reproduced.overrides == [f"file={file}"]


def test_trials_are_named_without_a_key() -> None:
    assert parse_arguments("compare", ["a/0", "b", "runs_folder=x"]).overrides == ["runs_folder=x", "trials=[a/0,b]"]


def test_flags_that_say_where_the_configuration_lies_are_kept_for_printed_commands() -> None:
    arguments = parse_arguments("train", ["--config-dir", "own", "model=tiny", "--cfg", "job"])
    assert arguments.where == ["--config-dir", "own"]
    assert arguments.flags == ["--config-dir", "own", "--cfg", "job"]


def test_every_command_that_takes_a_study_says_so() -> None:
    takes = {name for name, command in COMMANDS.items() if command.names in (Names.STUDY, Names.STUDY_OR_FILE)}
    assert takes == {"confirm", "ensemble", "export", "reproduce", "show", "sync"}


@pytest.mark.parametrize(
    ("content", "given", "overrides"),
    [
        ("train: {epochs: 1}", [], ["+search=default", "+sampler=tpe", "+pruner=asha"]),
        ("train: {epochs: 1}", ["search=cnn", "pruner=none"], ["+sampler=tpe", "+search=cnn", "+pruner=none"]),
        ("train: {}", ["search.target=1"], ["+search=default", "+sampler=tpe", "+pruner=asha", "search.target=1"]),
        ("defaults: [{search: cnn}, {/sampler: grid}, _self_]", ["search=dnn"], ["+pruner=asha", "search=dnn"]),
        ("defaults: [config, _self_]", ["pruner=none"], ["pruner=none"]),
    ],
)  # fmt: skip
def test_a_stored_configuration_gets_what_a_search_needs(
    content: str, given: list[str], overrides: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "best.yaml"
    file.write_text(content)
    found = parse_arguments("sweep", [str(file), *given, "model.dropout=interval(0,0.5)"])
    assert (found.overrides, found.file, found.where) == (overrides, file, [str(file)])
    assert found.sweeps == {"model.dropout": "interval(0,0.5)"}


@pytest.mark.parametrize(
    ("command", "given", "overrides"),
    [
        ("stop", [], []),
        ("stop", ["mine"], ["study_name=mine"]),
        ("stop", ["mine/7", "runs_folder=x"], ["runs_folder=x", "study_name=mine", "trial=7"]),
        ("pause", ["study=mine"], ["study_name=mine"]),
        ("add", ["mine", "model.dropout=0.3", "optimizer=sgd"],
         ["study_name=mine", r"given=[model.dropout\=0.3,optimizer\=sgd]"]),
        ("set", ["search.timeout=1h30m"], [r"given=[search.timeout\=1h30m]"]),
        ("add", ["mine", "model.units=[8,8]"], ["study_name=mine", r"given=[model.units\=\[8\,8\]]"]),
    ],
)  # fmt: skip
def test_what_is_asked_of_a_running_search_is_handed_on_as_text(
    command: str, given: list[str], overrides: list[str]
) -> None:
    assert parse_arguments(command, given).overrides == overrides


@pytest.mark.parametrize(
    ("command", "given", "message"),
    [
        ("stop", ["a", "b"], "stop takes a study's name, or STUDY/TRIAL for stop, once, got a, b"),
        ("stop", ["a/b"], "got a/b"),
        ("pause", ["a/7"], "pause takes a study's name, or STUDY/TRIAL for stop, got a/7"),
        ("resume", ["a", "model.dropout=0.3"], "got model.dropout=0.3"),
    ],
)
def test_what_can_not_be_asked_of_a_running_search_is_told(command: str, given: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_arguments(command, given)
    assert message in str(caught.value)
