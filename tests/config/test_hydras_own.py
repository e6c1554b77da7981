"""Hydra's own keys and a person's own files: each counts, or is refused in one line."""

from pathlib import Path

import pytest
import yaml

from mnist_sweep.cli.main import conf_folder, run

DRY = ["sweep", "data=digits", "model=dnn", "model.units=[8]", "train.epochs=1", "search.n_trials=1", "tracking=none",
       "task=dry"]  # fmt: skip


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a callback's module, in which an own configuration can be made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noting.py").write_text(
        "from hydra.experimental.callback import Callback\n"
        "class Note(Callback):\n"
        "    def on_job_start(self, config, **more):\n"
        "        open('noted', 'w').close()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own/experiment").mkdir(parents=True)
    return tmp_path / "own"


def experiment(own: Path, content: dict) -> list[str]:
    (own / "experiment/mine.yaml").write_text("# @package _global_\n" + yaml.safe_dump(content))
    return ["--config-dir", str(own), "experiment=mine"]


def refusal(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line with which a command is refused."""
    capsys.readouterr()
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


def space() -> dict:
    return yaml.safe_load(Path("runs/dnn-digits/config.yaml").read_text())["search"]["space"]


def test_parameters_for_hydras_sweepers_count(own: Path) -> None:
    where = experiment(
        own, {"hydra": {"sweeper": {"params": {"model.dropout": "interval(0.0,0.2)", "train.batch_size": "8,16"}}}}
    )
    assert run([*DRY, *where, "train.batch_size=choice(4,8)"]) == 0
    assert space()["model.dropout"] == "interval(0.0,0.2)"
    assert space()["train.batch_size"] == "choice(4,8)"  # the command line wins


@pytest.mark.parametrize("content", [{"n_trials": 20}, {"study_name": "x"}])
def test_what_else_hydras_sweepers_take_is_refused(own: Path, capsys, content: dict) -> None:
    error = refusal(capsys, [*DRY, *experiment(own, {"hydra": {"sweeper": content}})])
    assert f"hydra.sweeper.{next(iter(content))} can't be used: mnist-sweep sweep searches by itself" in error


def test_another_sweeper_is_refused(own: Path, capsys) -> None:
    where = experiment(own, {"defaults": [{"override /hydra/sweeper": "optuna"}]})
    assert "hydra/sweeper=optuna can't be used" in refusal(capsys, [*DRY, *where])


@pytest.mark.parametrize("folder", ["--config-dir", "hydra.searchpath"])
@pytest.mark.parametrize("name", ["search/dnn.yaml", "model/dnn.yaml", "config.yaml"])
def test_an_own_file_with_the_name_of_a_shipped_one_is_told(own: Path, capsys, folder: str, name: str) -> None:
    shipped = (conf_folder() / name).read_bytes()
    (own / name).parent.mkdir(exist_ok=True)
    where = ["--config-dir", str(own)] if folder == "--config-dir" else [f"hydra.searchpath=[file://{own}]"]
    (own / name).write_bytes(shipped)
    assert run([*DRY, *where]) == 0  # a copy is none
    (own / name).write_bytes(shipped + b"# mine\n")
    error = refusal(capsys, [*DRY, *where])
    assert f"{own / name} would not be used: a shipped option has its name" in error


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    "text", ["+hydra.callbacks.note._target_=noting.Note", "+hydra.callbacks={note:{_target_:noting.Note}}"]
)
def test_a_callback_of_the_command_line_is_called(text: str) -> None:
    assert run([*DRY, text]) == 0
    assert Path("noted").exists()


def test_a_callback_of_a_file_is_refused(own: Path, capsys) -> None:
    where = experiment(own, {"hydra": {"callbacks": {"note": {"_target_": "noting.Note"}}}})
    assert "give it on the command line, +hydra.callbacks.note._target_=..." in refusal(capsys, [*DRY, *where])
    assert not Path("noted").exists()


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hydra.run.dir=out", "studies lie in runs_folder"),
        ("hydra.sweep.dir=out", "studies lie in runs_folder"),
        ("hydra.output_subdir=out", "trials have their files and logs in their folders"),
        ("hydra.verbose=true", "trials have their files"),
        ("hydra/job_logging=default", "trials have their files"),
        ("hydra/launcher=joblib", "see runtime.workers"),
        ("hydra.sweeper.params.model.dropout=interval(0,1)", "write its parameters as they are"),
        ("hydra.overrides.task=[]", "it holds what the command line says"),
    ],
)
def test_what_would_have_no_effect_is_refused(capsys, text: str, hint: str) -> None:
    error = refusal(capsys, [*DRY, text])
    assert f"{text.partition('=')[0]} can't be set, it would have no effect: {hint}" in error
    assert not Path("out").exists()


@pytest.mark.usefixtures("own")
def test_a_flag_that_would_have_no_effect_is_refused(capsys) -> None:
    assert "--package is for --cfg" in refusal(capsys, [*DRY, "--package", "model"])


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize("key", ["model.dropout", "search.space.model.dropout"])
def test_two_ranges_for_a_key_are_refused(capsys, key: str) -> None:
    error = refusal(capsys, [*DRY, "model.dropout=interval(0,0.5)", f"{key}=choice(0.1,0.2)"])
    assert "model.dropout must have one range for the search, got interval(0,0.5) and choice(0.1,0.2)" in error


@pytest.mark.usefixtures("own")
def test_the_space_can_be_changed_by_its_own_keys(capsys) -> None:
    assert run([*DRY, "~search.space.model.dropout", "search.space.train.batch_size=choice(4,8)"]) == 0
    assert "model.dropout" not in space()
    assert space()["train.batch_size"] == "choice(4,8)"
    assert "did you mean model.dropout?" in refusal(capsys, [*DRY, "~search.space.model.dropot"])


@pytest.mark.usefixtures("own")
def test_a_multirun_leaves_nothing_of_hydras(capsys) -> None:
    one = ["train", *DRY[1:5], "tracking=none", "task=dry", "--multirun"]
    assert run([*one, "study.seed=1,2"]) == 0
    assert sorted(path.name for path in Path("runs").iterdir()) == ["train"]
    refusal(capsys, [*DRY, "--multirun"])
    assert sorted(path.name for path in Path("runs").iterdir()) == ["train"]


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "data=digits", "study.seed=1,2"],
            "study.seed must have one value for train, got 1,2; sweep searches",
        ),
        (
            ["sweep", "data=digits", "study.seed=1,2"],
            "study.seed can't be searched: confirm trains the best trials on fresh",
        ),
        (
            ["sweep", "data=digits", "search.metric=a,b"],
            "search.metric can't be searched: several values are given as a list",
        ),
        (["sweep", "--model.filters_1=3"], "write model.filters_1=3, without dashes"),
        (["sweep", "model.filters_1=[8,16]"], "to search these values: model.filters_1=choice(8,16)"),
        (
            ["sweep", "model.filters_1=tag(log,choice(8,16))"],
            "model.filters_1 must be a range or an interval to be searched by",
        ),
        (["sweep", "model.dropout=tag(foo,interval(0,1))"], "model.dropout must have no tag but log, got tag(foo,...)"),
    ],
)
def test_the_message_shows_what_to_write(capsys, arguments: list[str], message: str) -> None:
    assert message in refusal(capsys, arguments)


def test_a_key_that_is_fixed_is_not_searched_whatever_a_file_says(own: Path) -> None:
    where = experiment(own, {"hydra": {"sweeper": {"params": {"model.dropout": "interval(0.0,0.2)"}}}})
    batches = "train.batch_size=choice(4,8)"
    assert run([*DRY, *where, batches, "model.dropout=0.1"]) == 0
    assert "model.dropout" not in space()
    assert run([*DRY, *where, batches, "~search.space.model.dropout", "study.name=other"]) == 0
    assert "model.dropout" not in yaml.safe_load(Path("runs/other/config.yaml").read_text())["search"]["space"]
