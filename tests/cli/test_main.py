"""A mistake on the command line: one line that names the key, exit code 2, and nothing done."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from mnist_sweep.cli.arguments import COMMANDS
from mnist_sweep.cli.main import run
from mnist_sweep.config import UserError
from mnist_sweep.execution.local import LocalExecutor
from mnist_sweep.tracking import Tracker

STARTS = "a trial would start now"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty working folder, in which no process is started and no data set is found."""

    def start(*_arguments: object) -> None:
        raise UserError(STARTS)

    monkeypatch.setattr(LocalExecutor, "warm_up", lambda _self: None)
    monkeypatch.setattr(LocalExecutor, "submit", start)
    monkeypatch.setattr(Tracker, "__init__", start)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("MNIST_SWEEP_DATA", raising=False)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    GlobalHydra.instance().clear()
    return working


MISTAKES = [
    # commands and flags
    ("frob", "frob"),
    ("trian data=digits", "did you mean train?"),
    ("train --frob", "--frob"),
    ("train --cfg nonsense", "--cfg"),
    ("train --config-name nope", "nope"),
    ("train --config-dir /nowhere", "/nowhere"),
    ("train nowhere.yaml", "nowhere.yaml"),
    ("sweep --multirun data=digits", "--multirun"),
    ("plan -m data=digits", "--multirun"),
    ("data data=digits --multirun", "--multirun"),
    # what can't be read
    ("train data=digits \"model.filters_1='a\"", "model.filters_1"),
    ("train data=digits model.filters_1=[1", "[1"),
    ("train data=digits train.epochs", "train.epochs"),
    ("sweep data=digits 'model.filters_1=choice(1'", "choice(1"),
    ("sweep data=digits 'model.filters_1=chioce(1,2)'", "chioce"),
    ("sweep data=digits 'model.filters_1=range(1,a)'", "range(1,a)"),
    ("sweep data=digits 'model.filters_1=interval(1)'", "interval(1)"),
    ("sweep data=digits 'model.filters_1=choice()'", "choice()"),
    ("data best.yaml", "data takes no configuration file, got best.yaml; `mnist-sweep train best.yaml` does"),
    ("sweep best.yaml", "best.yaml is not there; give a configuration file, such as runs/cnn-mnist/best.yaml"),
    ("train data=digits 'model.filters_1=${nope}'", "nope"),
    ("train data=digits 'model.filters_1=${oc.env:NOPE_NOPE}'", "NOPE_NOPE"),
    # keys and groups that are not there
    ("train data=digits model.filters=3", "model.filters is not a known key; did you mean model.filters_"),
    ("train data=digits optimizer.beta1=0.5", "did you mean optimizer.beta_1?"),
    ("train data=digits +model.nope=3", "model.nope"),
    ("train data=digits ++model.nope=3", "model.nope"),
    ("train data=digits +nope=3", "nope"),
    ("train data=digits optimizer=adm", "optimizer=adm is not there; did you mean adam?"),
    ("train data=digits model@other=cnn", "model@other"),
    ("train data=nope", "data=nope"),
    ("train experiment=nope", "experiment=nope"),
    ("train data=digits ~optimizer", "optimizer"),
    ("train data=digits ~train.epochs", "train.epochs is missing"),
    ("train data=digits model=5", "Config group override must be a string"),
    ("train data=digits optimizer=null", "Config group override must be a string"),
    ("train data=digits 'optimizer=[adam,sgd]'", "optimizer must be"),
    ("sweep data=digits ~sampler", "sampler is missing"),
    ("sweep data=digits ~pruner", "pruner is missing"),
    # values
    ("train data=digits train.epochs=0", "train.epochs must be at least 1, got 0"),
    ("train data=digits train.epochs=1e3", "train.epochs must be a whole number, got 1000.0"),
    ("train data=digits model.filters_1=true", "model.filters_1 must be a whole number, got true"),
    ("train data=digits model.filters_1=0", "model.filters_1 must be at least 1, got 0"),
    ("train data=digits model.padding_1=vald", "model.padding_1 must be one of same, valid"),
    ("train data=digits model.dropout=1", "model.dropout must be less than 1.0, got 1"),
    ("train data=digits optimizer.learning_rate=nan", "optimizer.learning_rate must be a finite number"),
    ("train data=digits optimizer.learning_rate=-1", "optimizer.learning_rate must be greater than 0.0, got -1"),
    ("train data=digits model=dnn 'model.units=[]'", "model.units must be a list that is not empty"),
    ("train data=digits model=dnn 'model.units=[8,0]'", "model.units.1 must be at least 1, got 0"),
    ("train data=digits train.precision=float16", "train.precision must be one of"),
    ("train data=digits study.seed=-1", "study.seed must be at least 0, got -1"),
    ("train data=digits runtime.workers=0", "runtime.workers must be at least 1, got 0"),
    ("train data=digits tracking.uri=foo", "tracking.uri must be a server"),
    ("train data=digits tracking.enabled=maybe", "tracking.enabled must be true or false, got maybe"),
    ("train data=digits model.filters_1=1,2", "model.filters_1"),
    ("train data=digits 'model.filters_1=range(1,5)'", "model.filters_1"),
    # shapes and data
    ("train data=digits model.kernel_size_1=29 model.padding_1=valid", "model.kernel_size_1 must be at most 28"),
    ("train data=digits model.kernel_size_1=57 model.padding_1=same", "model.kernel_size_1 must be at most 56"),
    (
        "train data=digits model.pool_size_1=28 model.padding_1=same model.padding_2=same",
        "model.pool_size_2 must be at most 1, the size of its input, got 2",
    ),
    ("train data=digits train.batch_size=1078", "train.batch_size must be at most 1077"),
    ("sweep data=digits train.batch_size=64,1078", "train.batch_size must be at most 1077"),
    ("data data=digits data.validation_size=3", "data.validation_size must be from 10 to 1427"),
    ("data data=file", "data.path is missing"),
    ("data data=file data.path=/nowhere", "data.path must be a file or folder that exists, got /nowhere"),
    ("data data=digits,mnist", "data"),
    ("data data=digits data._target_=mnist_sweep.data.describe", "data._target_"),
    # functions of others
    ("train data=digits model._target_=os.system", "model._target_ must be in mnist_sweep.models (blocks, cnn, dnn)"),
    ("sweep data=digits optimizer._target_=os.system", "optimizer._target_ must be in keras.optimizers"),
    ("sweep data=digits sampler._target_=os.system", "sampler._target_ must be in optuna.samplers"),
    ("data data=digits data._target_=os.system", "data._target_ must be in mnist_sweep.data (archive, digits, folder,"),
    ("train data=digits +model._partial_=true", "model._partial_ is not allowed"),
    ("train data=digits 'runtime.allowed_targets=[mat]' model._target_=math.pow", "model._target_ must be in"),
    # folders and names
    ("sweep data=digits study.name=../x", "study.name must be 1 to 100 letters"),
    ("sweep data=digits \"study.name='a\nb'\"", "study.name must be 1 to 100 letters"),
    ("sweep data=digits \"study.name='a\nerror: b'\"", "study.name must be 1 to 100 letters"),
    ("train data=digits study.name=artifacts", "study.name"),
    ("sweep data=digits study.name=[5]", "study.name must be 1 to 100 letters"),
    ("sweep data=digits runs_folder=/etc/passwd", "runs_folder must be a folder, but /etc/passwd is a file"),
    ("train data=digits runs_folder=", "runs_folder must be a folder's path"),
    ("sweep data=digits runs_folder=/etc/passwd/x", "runs_folder"),
    ("train data=digits runs_folder=/proc/x", "runs_folder"),
    # the search
    ("sweep data=digits data.validation=test", "data.validation must be split for a search, got test"),
    ("sweep experiment=seed_cnn data=digits", "data.validation must be split for a search, got test"),
    ("sweep data=digits search.n_trials=0", "search.n_trials must be at least 1, got 0"),
    ("sweep data=digits search.timeout=1x", "search.timeout must be a number of seconds, or a duration such as"),
    ("sweep data=digits search.metric=val_acc", "search.metric must be a metric of a trial, got val_acc; did you mean"),
    ("sweep data=digits search.direction=up", "search.direction"),
    ("sweep data=digits 'search.metric=[val_loss,parameters]' search.target=1", "search.target must be null"),
    ("sweep data=digits search.nope=1", "search.nope is not a known key"),
    ("sweep data=digits 'search.space=[1]'", "search.space"),
    ("sweep data=digits search.space=null", "search.space"),
    ("sweep data=digits search.space=5", "search.space"),
    ("sweep data=digits search.when=5", "search.when"),
    ("sweep data=digits 'search.metric=[[a]]'", "search.metric"),
    ("sweep data=digits search=nope", "search=nope is not there"),
    # the space
    ("sweep data=digits 'model.filters_1=range(5,5)'", "model.filters_1 must have a range that is not empty"),
    ("sweep data=digits 'model.filters_1=range(5,1)'", "model.filters_1 must have a range that is not empty"),
    ("sweep data=digits 'model.filters_1=range(1,5,0)'", "model.filters_1 must have a range with a step other than 0"),
    ("sweep data=digits 'model.filters_1=range(0,5)'", "model.filters_1 must be at least 1, got 0"),
    ("sweep data=digits 'model.filters_1=interval(1,9)'", "write int(interval(...))"),
    ("sweep data=digits 'optimizer.learning_rate=interval(2,1)'", "optimizer.learning_rate must have an interval from"),
    ("sweep data=digits 'optimizer.learning_rate=tag(log,interval(0,1))'", "optimizer.learning_rate must be greater"),
    ("sweep data=digits 'optimizer.learning_rate=interval(-2,-1)'", "optimizer.learning_rate must be greater than 0.0"),
    ("sweep data=digits 'optimizer.beta_1=interval(1,2)'", "optimizer.beta_1 must be less than 1.0"),
    ("sweep data=digits 'optimizer.beta_1=interval(0.5,1)'", "optimizer.beta_1 must be less than 1.0, got 1.0"),
    ("sweep data=digits 'model.filters_1=tag(log,range(1,9,2))'", "model.filters_1 must have a step of 1"),
    ("plan data=digits model.nope=1,2", "model.nope is not a known key"),
    ("plan data=digits nope=1,2", "nope is not a key of a trial"),
    ("plan data=digits 'optimizer.momentum=interval(0,1)'", "optimizer.momentum is not a known key"),
    ("plan data=digits optimizer=adam,nope", "optimizer must be one of adam, adamw, rmsprop, sgd, got nope"),
    ("plan data=digits 'train.epochs=range(1,3)'", "search.space must not have train.epochs"),
    ("plan data=mnist,digits", "search.space must not have data"),
    ("plan data=digits sampler=tpe,random", "sampler is not a key of a trial"),
    ("plan data=digits \"+search.when={o: {optimizer.momentum: 'interval(0,1)'}}\"", "search.when"),
    ("plan data=digits model=dnn 'model.units=choice([8],[])'", "model.units must be a list that is not empty"),
    ("plan data=digits 'model.filters_1=glob(*)'", "model.filters_1"),
    ("plan data=digits search.metric=val_loss,val_accuracy", "several values are given as a list, search.metric=[a,b]"),
    ("sweep data=digits model=cnn,dnn", "model."),
    ("plan data=digits optimizer=adam,sgd 'optimizer.beta_1=interval(0.5,0.9)'", "beta_1"),
    # sampler and pruner
    ("sweep data=digits sampler=nope", "sampler=nope is not there"),
    ("sweep data=digits +sampler.nope=1", "sampler.nope is not a known key"),
    ("sweep data=digits +sampler.seed=-1", "sampler (TPESampler) can't be made"),
    ("sweep data=digits sampler.multivariate=false", "sampler (TPESampler) can't be made"),
    ("sweep data=digits +sampler._args_=[1]", "sampler._args_ is not allowed"),
    ("sweep data=digits sampler._target_=optuna.samplers.Nope", "sampler._target_ names optuna.samplers.Nope"),
    ("sweep data=digits pruner.reduction_factor=1", "reduction_factor"),
    ("sweep data=digits pruner.min_resource=0", "min_resource"),
    ("sweep data=digits pruner=median pruner.n_startup_trials=-1", "n_startup_trials"),
    ("sweep data=digits pruner._target_=optuna.samplers.TPESampler", "pruner._target_ must be in optuna.pruners"),
    ("sweep data=digits sampler.n_startup_trials=abc", "sampler.n_startup_trials"),
    ("sweep data=digits pruner=hyperband pruner.max_resource=0", "pruner"),
    ("sweep data=digits sampler=grid", "model.dropout"),
    ("plan data=digits sampler=grid", "model.dropout"),
    # the other commands
    ("reproduce", "/runs: start with `mnist-sweep sweep`"),
    ("reproduce study=nope", "study=nope is not in /"),
    ("reproduce study=../x", "study must be 1 to 100 letters"),
    ("reproduce trial=1.5", "trial must be a whole number, got 1.5"),
    ("reproduce trial=abc", "trial must be a"),
    ("reproduce run=abc trial=1", "run is given together with study or trial"),
    ("reproduce run=abc", "run=abc can't be looked up"),
    ("reproduce tolerance=-1", "tolerance must be at least 0"),
    ("reproduce nope=1", "nope is not a known key"),
    ("reproduce trial=true", "trial must be a whole number, got true"),
    ("reproduce trial=-1", "trial must be at least 0"),
    ("ui port=0", "port must be a whole number from 1 to 65535, got 0"),
    ("ui port=abc", "port must be a whole number from 1 to 65535, got abc"),
    ("ui runs_folder=/etc/passwd", "runs_folder must be a folder, but /etc/passwd is a file"),
    ("ui tracking.uri=foo", "tracking.uri must be a server"),
    ("ui nope=1", "nope is not a known key"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "key"), MISTAKES)
def test_a_mistake_is_one_line_and_nothing_is_done(line, key, folder, capsys):
    code = run(shlex.split(line))
    out, err = capsys.readouterr()
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert key in err
    assert code == 2
    assert out == ""
    assert list(folder.rglob("*")) == []


@pytest.mark.parametrize(
    "line", ["train nope=3", "plan data=digits nope=1,2", "sweep data=digits study.seed=1 +sampler.zzz=1,2"]
)
def test_the_line_is_short_enough_to_be_read(line, folder, capsys):
    assert run(shlex.split(line)) == 2
    assert len(capsys.readouterr().err) < 500


UNREACHABLE = "data.urls=[http://127.0.0.1:9/mnist.npz]"


@pytest.mark.parametrize("command", ["train", "sweep", "plan", "data"])
def test_a_data_set_that_can_not_be_had_has_an_exit_code_of_its_own(command, folder, capsys):
    code = run([command, UNREACHABLE])
    out, err = capsys.readouterr()
    assert code == 3
    assert err.startswith("error: mnist was not found in ")
    assert err.count("\n") == 1
    assert "data=digits" in err
    assert out == "" or " ".join(out.split()).endswith("; fetching it")
    assert list(folder.rglob("*")) == []


@pytest.mark.parametrize(
    "line",
    [
        "plan data=digits",
        "plan data=digits model=dnn",
        "plan data=digits experiment=cnn_sweep",
        "plan data=digits 'model.filters_1=tag(log,int(interval(1,100)))'",
        "plan data=digits 'model.filters_1=shuffle(range(1,5))'",
        "plan data=digits 'model.dropout=range(0,0.5,0.1)'",
        "plan data=digits model.filters_1=16,32 optimizer=adam,sgd",
        "plan data=digits model=dnn 'model.units=[8],[8,8]'",
        "plan data=digits 'search.metric=[val_loss,parameters]' sampler=random pruner=none",
        "plan data=digits search=default model.filters_1=1,2",
        "plan --config-name config data=digits",
        "plan data=digits \"runs_folder='é'\"",
        "plan data=digits \"runs_folder='~/my runs'\"",
    ],
)  # fmt: skip
def test_what_is_right_goes_on_to_the_first_trial(line, folder, capsys):
    run(shlex.split(line))
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.endswith(f"{STARTS}\n")
    assert error.count("\n") == 1
    assert list(folder.rglob("*")) == []


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("train --cfg job model=dnn train.epochs=3", "train.epochs", 3),
        ("train train.epochs=3 --cfg job", "train.epochs", 3),
        ("sweep --cfg job search.n_trials=7", "search.n_trials", 7),
        ("ui --cfg job port=6000", "port", 6000),
        ("reproduce --cfg job study=mine", "study_name", "mine"),
    ],
)
def test_the_configuration_is_shown_as_yaml(line, key, value, folder, capsys):
    assert run(shlex.split(line)) == 0
    out, err = capsys.readouterr()
    found = yaml.safe_load(out)
    for name in key.split("."):
        found = found[name]
    assert found == value
    assert err == ""


def test_a_file_of_ones_own_is_trained_on(folder, capsys):
    (folder / "best.yaml").write_text("defaults: [config, _self_]\ntrain: {epochs: 0}\n")
    assert run(["train", "data=digits", "best.yaml"]) == 2
    assert capsys.readouterr().err == "error: train.epochs must be at least 1, got 0\n"


def test_a_stored_configuration_does_not_allow_itself_anything(folder, capsys):
    (folder / "best.yaml").write_text(
        "defaults: [config, _self_]\nmodel: {_target_: os.system}\nruntime: {allowed_targets: [os]}\n"
    )
    assert run(["train", "data=digits", "best.yaml"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: model._target_ must be in mnist_sweep.models (blocks, cnn, dnn), got os.system"
    )


def test_a_refused_sweep_leaves_no_study_behind_for_the_next(folder, capsys):
    assert run(["sweep", "data=digits", "model.filters_1=0,1"]) == 2
    run(["sweep", "data=digits"])
    assert STARTS in capsys.readouterr().err


def in_a_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "HYDRA_FULL_ERROR"}
    root = Path(__file__).parents[2]
    environment["PYTHONPATH"] = str(root)
    return subprocess.run(
        [sys.executable, "-m", "mnist_sweep", *arguments],
        capture_output=True, text=True, cwd=folder, env=environment, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["sweep", "data=digits", "model.filters_1=range(0,5)"], "model.filters_1 must be at least 1, got 0"),
        (["train", "data=digits", "model.filters=3"], "model.filters is not a known key"),
        (["trian"], "trian is not a command; did you mean train?"),
    ],
)
def test_a_mistake_in_a_process_of_its_own(arguments, key, tmp_path):
    done = in_a_process(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert key in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_and_version_need_no_configuration(tmp_path):
    helped = in_a_process(tmp_path, "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert all(f"\n  {command} " in helped.stdout for command in COMMANDS)
    from mnist_sweep import __version__

    assert in_a_process(tmp_path, "--version").stdout == f"mnist-sweep {__version__}\n"


def test_a_mistake_is_told_before_the_large_libraries_are_imported() -> None:
    code = (
        "import sys; from mnist_sweep.cli.main import run; code = run(['sweep', 'train.batch_size=0']); "
        "large = ('tensorflow', 'keras', 'mlflow', 'matplotlib', 'sklearn', 'scipy.stats', 'pandas'); "
        "sys.exit(f'{[name for name in large if name in sys.modules]} {code}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.stderr == "error: train.batch_size must be at least 1, got 0\n[] 2\n"
