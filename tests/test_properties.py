"""Whatever is typed or written down: a mistake is told in one line, and what is valid passes every check."""

import contextlib
import functools
import io
import logging
import math
import os
import re
import string
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mnist_sweep.cli.arguments import COMMANDS
from mnist_sweep.cli.commands import plan, train
from mnist_sweep.cli.commands import sweep as sweep_command
from mnist_sweep.cli.main import conf_folder, run
from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.compose import known_keys
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.flatten import flatten
from mnist_sweep.config.settings import parse_surroundings
from mnist_sweep.driver import plan as searching
from mnist_sweep.execution.job_folder import stored
from mnist_sweep.files import read_json, read_yaml, write_yaml
from mnist_sweep.search import Search
from mnist_sweep.storage.history import read_history
from mnist_sweep.tasks.data import not_shown, prepare
from mnist_sweep.tasks.image_classifier import data
from mnist_sweep.tasks.image_classifier.data import download

# Hypothesis warns of the length of a strategy's name when it tells a failure.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")

# What `make test` runs is the same each time; the slow tests, and these numbers in the environment, look further.
MORE = int(os.environ.get("MNIST_SWEEP_EXAMPLES", "1"))  # times as many, and others each time
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


def examples(number: int) -> settings:
    return settings(max_examples=max(1, number // 3) * MORE, deadline=None, derandomize=MORE == 1, database=None,
                    suppress_health_check=SLOW, print_blob=True)  # fmt: skip


# --- the commands, up to the first process that they would start


def written_down(config: TrialConfig) -> None:
    """What is recorded of a trial before it starts, and read again when it is reproduced."""
    assert 0 <= config.trial_seed() < 2**31
    flatten(config.plain())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        write_yaml(file, stored(config.plain()), "# command\n")
        allowed = [target.rpartition(".")[0] for target in (config.model.target, config.optimizer.target)]
        again = parse_trial(read_yaml(file), [*allowed, config.data.source.target.rpartition(".")[0]])
    assert again == config


def check_train(call: Any) -> tuple[int, None]:
    parse_surroundings(call.config, call.trusted)
    config = parse_trial(call.config, call.trusted)
    prepare(config, print)
    written_down(config)
    return 0, None


def check_sweep(call: Any) -> tuple[int, None]:
    made = searching.make_plan(call, print, not_shown)
    assert made.parameters
    assert isinstance(made.command({}), str)
    assert plan.combinations(made.parameters) >= 1
    written_down(made.base)
    with tempfile.TemporaryDirectory() as folder:
        write_yaml(Path(folder) / "config.yaml", made.plain)
    search = Search(None, "again", made.settings, made.parameters, made.values)
    baseline = search.ask()
    assert baseline is not None
    assert made.composer.config(baseline.overrides) == made.base
    return 0, None


def unreachable(url: str) -> Any:
    raise OSError(f"no network for {url!r}")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory) -> Iterator[Path]:
    """A working folder; commands check and start nothing, no data set but the digits is found."""
    working: Path = tmp_path_factory.mktemp("working")
    describe = data.describe
    described: dict[str, Any] = {}

    def remembered(config: Any, whole: bool = False) -> Any:
        """The digits are read once, and once for every other split."""
        if whole or config.source.target != "mnist_sweep.data.digits":
            return describe(config, whole)
        if repr(config) not in described:
            described[repr(config)] = describe(config)
        return described[repr(config)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep_command, "main", check_sweep)
        patch.setattr(plan, "main", check_sweep)
        patch.setattr(train, "main", check_train)
        patch.setattr(data, "describe", remembered)
        patch.setattr(download, "_open", unreachable)
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        patch.delenv("MNIST_SWEEP_DATA", raising=False)
        patch.setenv("HYDRA_FULL_ERROR", "1")
        patch.setattr(sys, "argv", list(sys.argv))
        patch.setattr(sys, "path", list(sys.path))
        patch.chdir(working)
        GlobalHydra.instance().clear()
        yield working
        GlobalHydra.instance().clear()


@contextlib.contextmanager
def warned() -> Iterator[list[str]]:
    """What Python would print of warnings by its own filters."""
    lines: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning,
                     optuna.exceptions.ExperimentalWarning):  # fmt: skip
            warnings.simplefilter("ignore", kind)
        yield lines
    lines += [warnings.formatwarning(w.message, w.category, w.filename, w.lineno) for w in caught]


def outcome(arguments: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line, in streams like those of a terminal."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    before, level = Path.cwd(), logging.getLogger().level
    GlobalHydra.instance().clear()
    try:
        with warned() as lines, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = run(arguments)
            except SystemExit as stop:  # --help and its like
                code = int(stop.code or 0)
    finally:
        os.chdir(before)
        logging.getLogger().setLevel(level)
    texts = []
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
        texts.append(stream.buffer.getvalue().decode())
    return code, texts[0], texts[1] + "".join(lines)


def is_told(arguments: list[str]) -> int:
    """The property: all is well and nothing is said, or one line says what is not."""
    code, _, err = outcome(arguments)
    assert "Traceback" not in err, f"{arguments}\n{err}"
    if code == 0:
        assert err == "", arguments
        return code
    assert code in (2, 3), f"{arguments}\n{err}"
    assert re.match(r"error: \S", err), f"{arguments}\n{err}"
    assert err.endswith("\n"), arguments
    assert len(err.splitlines()) == 1, f"{arguments}\n{err!r}"
    assert not re.fullmatch(r"error: \w*(Error|Exception)\W*\n", err), f"{arguments}\n{err}"
    return code


def one_line(error: UserError) -> None:
    assert len(str(error).splitlines()) == 1, str(error)


# --- what could be typed


@functools.cache
def keys() -> list[str]:
    """Every key of every option."""
    GlobalHydra.instance().clear()
    found: dict[str, None] = {}
    chosen = ([], ["model=dnn", "optimizer=sgd", "pruner=hyperband", "sampler=cmaes", "data=digits"],
              ["optimizer=rmsprop", "pruner=median"], ["optimizer=adamw", "tracking=none"])  # fmt: skip
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        for overrides in chosen:
            found |= dict.fromkeys(known_keys(compose("config", overrides)))
    GlobalHydra.instance().clear()
    return list(found)


GROUPS = {
    "data": ("digits", "file", "mnist"), "model": ("cnn", "dnn"), "optimizer": ("adam", "adamw", "sgd", "rmsprop"),
    "sampler": ("tpe", "random", "grid", "cmaes"), "pruner": ("asha", "median", "hyperband", "none"),
    "search": ("cnn", "dnn", "default"), "tracking": ("mlflow", "none"), "train": ("default",),
    "study": ("default",), "runtime": ("local",), "experiment": ("seed_dnn", "seed_cnn", "cnn_sweep"),
}  # fmt: skip
# A command line holds no null byte; bytes that are no UTF-8 arrive as surrogates.
LETTERS = st.characters(exclude_characters="\0", exclude_categories=())
LETTERS |= st.sampled_from("aZ_.=,:[]{}()'\"\\ $~+@/\n\x1b")
TEXT = st.text(LETTERS, max_size=12)
NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8)
ODD = st.sampled_from([
    "", "null", "true", "false", "inf", "-inf", "nan", "1e400", "-1e400", "1e-400", "-0.0", "0", "-1", "1", "2", "0.5",
    "1e3", "1_000", "0x10", "010", "9" * 40, "9" * 400, "9" * 5000, "1e308", "5e-324", "???", "${model.dropout}",
    "${nope}", "${oc.env:HOME}",
    "${oc.env:NOPE_NOPE}", "${oc.decode:'[1'}", "${oc.create:{a:1}}", "${.x}", "${..}", "${", "$", "${model}",
    "${search.space}", "${hydra:job.name}", "${hydra:nope}",
    "'", "\"", "''", "\"a\"", "'1'", "'a b'", "a b", "a,b", "[", "]", "{", "}", "[]", "{}", "[null]", "{a:1}", "(", ")",
    "choice()", "range()", "interval()", "tag()", "glob(*)", "glob([a,b],exclude=c)", "shuffle()", "sort()",
    "extend_list(1)",
    "os.system", "mnist_sweep.models.cnn", "mnist_sweep.models.dnn", "keras.optimizers.Lion",
    "optuna.samplers.QMCSampler",
    "optuna.samplers.BruteForceSampler", "optuna.samplers.PartialFixedSampler", "optuna.samplers.BaseSampler",
    "optuna.pruners.PercentilePruner",
    "optuna.pruners.ThresholdPruner", "optuna.pruners.WilcoxonPruner",
    "é", "\u2028", "\x1b[31m", "\x85", "\ud800", "a" * 300, "a" * 5000, "../x", "/", "~nobody", "a/b", ".", "..",
    "http://[",
    "val_loss", "minimize", "maximize", "[val_loss,parameters]", "split", "test", "same", "valid",
])  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-3, 70).map(str),
    st.integers().map(str),
    st.floats().map(str),
    st.floats(0, 1).map(str),
    st.floats(1e-5, 1e-1).map(str),
)
LEAVES = st.one_of(NUMBERS, NUMBERS, ODD, NAMES, TEXT, TEXT.map(lambda t: f"'{t}'"), TEXT.map(lambda t: f'"{t}"'))


def call(name: st.SearchStrategy[str], arguments: st.SearchStrategy[str], most: int = 4) -> st.SearchStrategy[str]:
    named = st.sampled_from(["", "", "", "start=", "stop=", "step=", "end=", "sweep=", "reverse=", "tags=", "nope="])
    several = st.lists(st.builds(str.__add__, named, arguments), max_size=most).map(",".join)
    return st.builds("{}({})".format, name, several)


FUNCTIONS = st.sampled_from(["choice", "range", "interval", "tag", "int", "float", "str", "bool", "json_str", "glob",
                             "sort", "shuffle", "extend_list", "nope"])  # fmt: skip


def more(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(values, max_size=4).map(",".join)
    return st.one_of(
        several.map("[{}]".format),
        st.lists(st.builds("{}:{}".format, LEAVES, values), max_size=3).map(",".join).map("{{{}}}".format),
        several,
        call(FUNCTIONS, values),
        st.builds("tag(log,{})".format, values),
    )


SWEEPS = st.one_of(
    call(st.sampled_from(["range", "interval", "choice", "int", "float"]), NUMBERS, 3),
    st.builds("{}({},{})".format, st.sampled_from(["range", "interval", "choice"]), NUMBERS, NUMBERS),
    st.builds("tag(log,interval({},{}))".format, NUMBERS, NUMBERS),
    st.builds("int(interval({},{}))".format, NUMBERS, NUMBERS),
    st.builds("range({},{},{})".format, NUMBERS, NUMBERS, NUMBERS),
    st.lists(LEAVES, min_size=2, max_size=4).map(",".join),
    st.builds("{}({})".format, st.sampled_from(["shuffle", "sort"]),
              call(st.just("choice"), LEAVES)
              | st.builds("range({},{})".format, st.integers(-3, 9), st.integers(-3, 99))),
)  # fmt: skip
VALUES = st.one_of(LEAVES, SWEEPS, st.recursive(LEAVES, more, max_leaves=6))
KEYS = st.deferred(lambda: st.sampled_from(keys()))


@st.composite
def near(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """A name with a letter more, less, or another."""
    name = draw(names)
    place = draw(st.integers(0, max(len(name) - 1, 0)))
    return (
        name[:place]
        + draw(st.sampled_from(["", ".", "_", "x", "/", "@", " "]))
        + name[place + draw(st.integers(0, 1)) :]
    )


PREFIXES = st.sampled_from(["", "", "", "", "", "", "+", "++", "~"])
SOME_KEYS = st.one_of(KEYS, KEYS, KEYS, KEYS, near(KEYS), st.builds("{}.{}".format, KEYS, NAMES), NAMES, TEXT)
CHOSEN = st.sampled_from([(group, option) for group, options in GROUPS.items() for option in (*options, "nope", "")])
RUN_BY_HYDRA = st.sampled_from([
    "hydra.verbose=true", "hydra.job.chdir=true", "hydra.mode=RUN", "hydra.job.name=x", "hydra.nope=1", "hydra=1",
    "hydra/launcher=nope", "hydra/job_logging=default", "hydra.job=null", "hydra.runtime.choices=null", "~hydra",
    "hydra.job.config_name=null", "hydra.overrides.task=[1]",
])  # fmt: skip
OVERRIDES = st.one_of(
    st.builds("{}{}={}".format, PREFIXES, SOME_KEYS, VALUES),
    st.builds("{}{}={}".format, PREFIXES, SOME_KEYS, VALUES),
    st.builds("{}{}={}".format, PREFIXES, SOME_KEYS, VALUES),
    st.builds("{}={}".format, KEYS, SWEEPS),
    st.builds(lambda prefix, chosen: f"{prefix}{chosen[0]}={chosen[1]}", PREFIXES, CHOSEN),
    st.builds(lambda chosen: f"{chosen[0]}={chosen[1]}", CHOSEN),
    st.builds("{}{}@{}={}".format, PREFIXES, st.sampled_from([*GROUPS]), SOME_KEYS | st.just("_global_"), NAMES),
    st.builds("{}{}".format, st.sampled_from(["~", "+", ""]), SOME_KEYS),
    st.builds("{}={}".format, st.sampled_from([*GROUPS]), VALUES),
    RUN_BY_HYDRA,
)  # fmt: skip
FLAGS = st.sampled_from([
    [], [], [], [], [], [], [], [], [], [], [], [], ["--cfg", "job"], ["--cfg", "all"], ["--cfg", "job", "--resolve"],
    ["--cfg"], ["--info"], ["--info", "nope"], ["--info", "defaults"], ["--config-dir", "."], ["--config-dir", ""],
    ["--config-name", "config"], ["--config-name", "ui"], ["--config-name", ""], ["--config-name", "model/cnn"],
    ["--help"], ["--hydra-help"], ["--version"], ["--run"], ["--package", "x"],
    ["-p", "model"], ["--nope"], ["-x"], ["-"], ["--"],
    ["nowhere.yaml"], [".yaml"],
])  # fmt: skip
SEARCHING = st.sampled_from(["sweep", "sweep", "plan"])


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A plausible command line: mostly right, with something in it that may not be."""
    command = draw(st.one_of(SEARCHING, SEARCHING, SEARCHING, st.just("train")))
    start = [command, *draw(st.sampled_from([["data=digits"]] * 12 + [[], ["data=file"]]))]
    if command != "train":  # a small space, so that one odd parameter is not lost among eight good ones
        start += draw(st.sampled_from([[], ["search=default"], ["search=default", "train.batch_size=64,128"]]))
    overrides = draw(st.lists(OVERRIDES, max_size=3))
    if command == "train" and any("hydra.mode" in text for text in overrides):
        overrides = []
    return [*start, *overrides, *draw(FLAGS)]


@pytest.mark.parametrize("line", [
    ["sweep", "data=digits", "search=default", "train.batch_size=64,128"],
    ["plan", "data=digits"],
    ["train", "data=digits"],
])  # fmt: skip
def test_the_commands_are_those_that_check(line):
    assert outcome(line) == (0, "", "")


@pytest.mark.parametrize("line", [
    ["train", "data.name=a/b"], ["train", "data.name=''"], ["train", "data.name=.."],
    ["train", "data.name=" + "a" * 300], ["train", "data.name='\ud800'"], ["train", "data.urls=['http://[']"],
    ["train", "data=digits", "runs_folder=" + "a" * 300], ["train", "data=digits", "runs_folder=" + "a/" * 5000],
    ["sweep", "data=digits", "runs_folder=" + "a" * 300], ["train", "data=digits", "--experimental-rerun", "x"],
    ["train", "data=digits", "optimizer._target_=keras.optimizers.Lion", "+optimizer.x={1:2,a:3}"],
    ["sweep", "data=digits", "hydra.overrides.task=[1]"], ["", "data=digits"],
    ["sweep", "data=digits", "search=default", "train.batch_size=shuffle(range(5,1))", "sampler=grid"],
])  # fmt: skip
def test_an_odd_command_line_is_told(line):
    assert is_told(line) in (2, 3)


@given(lines())
@examples(40)
def test_a_plausible_command_line_is_told_or_passes(line):
    is_told(line)


@pytest.mark.slow
@pytest.mark.timeout(3600)  # 1,500 compositions, of some tenths of a second each
@given(lines())
@settings(max_examples=1500 * MORE, deadline=None, database=None, suppress_health_check=SLOW, print_blob=True)
def test_many_plausible_command_lines_are_told_or_pass(line):
    is_told(line)


# Not `ui`, which would serve, and not `data`, which would download.
@given(
    st.sampled_from(["sweep", "train", "plan", "reproduce"]), st.lists(TEXT | st.text(LETTERS, max_size=60), max_size=4)
)
@examples(30)
def test_any_text_behind_a_command_is_told_or_passes(command, arguments):
    is_told([command, *arguments])


@given(st.lists(TEXT, min_size=1, max_size=3))
@examples(20)
def test_any_text_is_told_or_passes(arguments):
    assume(arguments[0] not in COMMANDS)
    is_told(arguments)


# --- what is right, a key at a time


def interval(low: float, high: float, *, log: bool = False, least: float = 0.0) -> st.SearchStrategy[str]:
    """An interval, a list or, if not by its logarithm, a range with a step, within these bounds."""

    def written(ends: tuple[float, float]) -> st.SearchStrategy[str]:
        first, last = sorted(ends)
        found = [f"interval({first},{last})", f"choice({first},{last})", f"{first},{last}"]
        found += [f"tag(log,interval({first},{last}))"] if log else []
        found += [f"range({first},{last},{(last - first) / 3})"] if last - first > least else []
        return st.sampled_from(found)

    number = st.floats(low, high, exclude_max=True).map(lambda n: float(f"{n:.6g}")).filter(lambda n: low <= n < high)
    return st.tuples(number, number).flatmap(written)


def whole(low: int, high: int) -> st.SearchStrategy[str]:
    """Whole numbers within these bounds, both included."""

    def written(ends: tuple[int, int]) -> st.SearchStrategy[str]:
        first, last = sorted(ends)
        found = [f"range({first},{last + 1})", f"int(interval({first},{last}))",
        f"tag(log,int(interval({first},{last})))",
                 f"choice({first},{last})", f"shuffle(range({first},{min(last, first + 9) + 1}))",
                 f"range({first},{last + 1},{max(1, (last - first) // 3)})",
                 f"range({last},{first - 1},-1)"]  # fmt: skip
        return st.sampled_from(found)

    return st.tuples(st.integers(low, high), st.integers(low, high)).flatmap(written)


def choice(*options: str) -> st.SearchStrategy[str]:
    some = st.lists(st.sampled_from(options), min_size=1, max_size=4, unique=True)
    return st.tuples(some.map(",".join), st.sampled_from(["choice({})", "shuffle(choice({}))", "choice({})"])).map(
        lambda both: both[1].format(both[0])
    )


SHARED = {
    "model.dropout": interval(0.0, 0.99, least=1e-3),
    "optimizer.learning_rate": interval(1e-6, 10.0, log=True, least=1e-3),
    "train.batch_size": whole(1, 1077),
    "train.loss": choice("sparse_categorical_crossentropy", "categorical_crossentropy"),
    "train.precision": choice("float32", "mixed_bfloat16"),
    "train.early_stopping_patience": st.sampled_from(["null,2", "choice(1,2)", "7,null"]),
}
MODELS = {
    "cnn": {
        "model.filters_1": whole(1, 64),
        "model.filters_2": whole(1, 64),
        "model.kernel_size_1": whole(1, 28),
        "model.kernel_size_2": whole(1, 9),
        "model.padding_1": choice("same"),
        "model.dense_units": whole(1, 3000),
    },
    "dnn": {"model.units": choice("[1]", "[500]", "[1000,500]", "[8,8,8]", "[ 7 ]")},
}
ADAMS = {"optimizer.beta_1": interval(0.0, 0.999, least=1e-3), "optimizer.beta_2": interval(0.5, 0.9999, least=1e-3)}


# --- spaces as they could be written in YAML

CHOICES = st.sampled_from([
    "1,2", "choice(64, 128)", "interval(0.1, 0.5)", "tag(log, interval(1e-4, 1e-2))", "range(1, 5)",
    "int(interval(1,9))", "shuffle(range(1,5))", "shuffle(range(5,1))", "range(0.1,0.5,0.1)",
])  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-1, 9), st.floats(), st.dates(), VALUES, CHOICES, CHOICES,
    st.text(max_size=8), st.binary(max_size=3),
)  # fmt: skip
YAML_KEYS = st.one_of(
    KEYS, KEYS, SOME_KEYS, st.text(max_size=8), st.none(), st.booleans(), st.integers(-1, 3), st.floats(0, 1)
)
NESTED = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(YAML_KEYS, inner, max_size=3), max_leaves=6
)
RIGHT = {**SHARED, **MODELS["cnn"], **ADAMS, "optimizer.momentum": interval(0.0, 1.0, least=1e-3)}
SPACES = st.one_of(
    st.fixed_dictionaries({}, optional=RIGHT), st.fixed_dictionaries({}, optional=RIGHT),
    st.fixed_dictionaries({}, optional={key: text | CHOICES | VALUES for key, text in RIGHT.items()}),
    st.dictionaries(KEYS, CHOICES, max_size=3), st.dictionaries(KEYS, VALUES, max_size=3),
    st.dictionaries(YAML_KEYS, SCALARS, max_size=3), NESTED,
)  # fmt: skip
CONDITIONS = st.one_of(
    st.builds("{}={}".format, KEYS, LEAVES),
    st.builds("{}={}".format, KEYS, VALUES),
    st.builds(lambda chosen: f"{chosen[0]}={chosen[1]}", CHOSEN),
    st.sampled_from(["optimizer=adam", "optimizer=adam,sgd", "model=cnn", "train.batch_size=1",
    "train.batch_size=64,128",
                     "model.dropout=0.25"]),
    YAML_KEYS,
)  # fmt: skip
WHENS = st.one_of(
    st.dictionaries(CONDITIONS, SPACES, max_size=3), st.dictionaries(CONDITIONS, SPACES, max_size=3), NESTED
)
SAMPLERS = st.sampled_from([f"sampler={name}" for name in GROUPS["sampler"]])
OPTIMIZERS = st.sampled_from([["optimizer=adam"], ["optimizer=adam,sgd"], ["optimizer=sgd"], []])


def typable(value: Any) -> str:
    """As it would be typed; what YAML alone has, such as dates and bytes, as its text. Hydra's keys have no quotes."""
    if isinstance(value, dict):
        texts = {str(key).replace("\0", ""): item for key, item in value.items()}
        named = {re.sub(r"([\\()\[\]{}:=,\s])", r"\\\1", key): item for key, item in texts.items()}
        return "{" + ",".join(f"{key}:{typable(item)}" for key, item in named.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(typable, value)) + "]"
    if isinstance(value, str) or not isinstance(value, bool | int | float | None):
        return "'" + str(value).replace("\0", "").replace("'", r"\'") + "'"
    return as_literal(value)


@given(SPACES, WHENS, SAMPLERS, OPTIMIZERS)
@examples(15)
def test_any_space_on_the_command_line_is_told_or_passes(space, when, sampler, optimizer):
    given_space = [f"++search.space={typable(space)}", f"++search.when={typable(when)}"]
    is_told(["sweep", "data=digits", "search=default", sampler, *optimizer, *given_space])


def in_a_file(content: Any, *arguments: str) -> int:
    with tempfile.TemporaryDirectory() as own:
        (Path(own) / "search").mkdir()
        text = yaml.safe_dump(content, allow_unicode=False, sort_keys=False)
        (Path(own) / "search" / "own.yaml").write_text(text, encoding="utf-8")
        return is_told(["sweep", "data=digits", "--config-dir", own, "search=own", *arguments])


@given(SPACES, WHENS, SAMPLERS, OPTIMIZERS)
@example({"train.batch_size": "shuffle(range(5,1))"}, {}, "sampler=grid", [])
@example({}, {"data.groups": {"a": b"\xfd"}}, "sampler=grid", [])
@example(
    {},
    {"train.batch_size=1": {"model.dropout": "0.1,0.2"}, "model.dropout=0.1": {"train.batch_size": "1,2"}},
    "sampler=tpe",
    [],
)
@examples(20)
def test_any_space_in_a_file_is_told_or_passes(space, when, sampler, optimizer):
    in_a_file({"defaults": ["default", "_self_"], "space": space, "when": when}, sampler, *optimizer)


SECTION = st.sampled_from(["n_trials", "timeout", "target", "max_failures", "metric", "direction", "space", "when"])


@given(NESTED | st.dictionaries(SECTION | st.just("defaults"), NESTED, max_size=3))
@examples(10)
def test_any_yaml_for_a_search_is_told_or_passes(content):
    in_a_file(content)


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
@examples(10)
def test_any_bytes_for_a_search_or_a_trial_are_told_or_pass(content):
    with tempfile.TemporaryDirectory() as own:
        (Path(own) / "search").mkdir()
        (Path(own) / "search" / "own.yaml").write_bytes(content)
        is_told(["sweep", "data=digits", "--config-dir", own, "search=own"])
        (Path(own) / "best.yaml").write_bytes(content)
        is_told(["train", "data=digits", f"{own}/best.yaml"])


# --- what is right


@st.composite
def right(draw: st.DrawFn) -> list[str]:
    """A search with nothing wrong in it."""
    model = draw(st.sampled_from(["cnn", "dnn"]))
    space: dict[str, str] = draw(st.fixed_dictionaries({}, optional={**SHARED, **MODELS[model]}))
    whens: dict[str, dict[str, str]] = {}
    optimizer = draw(st.sampled_from([[], ["optimizer=sgd"], ["optimizer=adam,sgd"], ["optimizer=adamw,adam"]]))
    if optimizer in ([], ["optimizer=adam,sgd"]):
        whens["optimizer=adam,adamw"] = draw(st.fixed_dictionaries({}, optional=ADAMS))
    if optimizer in (["optimizer=sgd"], ["optimizer=adam,sgd"]):
        whens["optimizer=sgd"] = draw(
            st.fixed_dictionaries({}, optional={"optimizer.momentum": interval(0.0, 1.0, least=1e-3)})
        )
    assume(space or "," in "".join(optimizer))  # something must be searched
    metric = draw(
        st.sampled_from(["best_val_accuracy", "val_loss", "parameters", "training_seconds", "[val_loss,epochs]"])
    )
    sampler = draw(st.sampled_from(GROUPS["sampler"]))
    if sampler == "grid":
        texts = [*space.values(), *(text for more_ in whens.values() for text in more_.values())]
        assume(not any("interval(" in text for text in texts if "int(interval" not in text))
        assume(len(space) < 3)  # with several long ranges there are more combinations than a grid takes
        assume(math.prod(3000 if "(" in text and "choice" not in text else 4 for text in texts) < 90_000)
    if metric.startswith("["):
        assume(sampler != "cmaes")  # Optuna's is for one metric
    padded = [f"model.padding_{n}=same" for n in "12" if model == "cnn"]
    return [
        "sweep", "data=digits", "search=default", f"model={model}", *padded, *optimizer, f"sampler={sampler}",
        f"pruner={draw(st.sampled_from(GROUPS['pruner']))}", f"search.metric={metric}",
        f"study.seed={draw(st.integers(0, 2**32 - 1))}", f"train.epochs={draw(st.integers(1, 20))}",
        f"++search.when={typable(whens)}", *(f"{key}={text}" for key, text in space.items()),
    ]  # fmt: skip


@given(right())
@examples(20)
def test_what_is_right_passes(line):
    code, _, err = outcome(line)
    assert (code, err) == (0, ""), line


# --- files


@given(st.binary() | st.text().map(str.encode) | NESTED.map(lambda n: yaml.safe_dump(n).encode()))
@example(b"[" * 2000)
@example(b"{a: " * 2000)
@example(b'{"a":' * 100_000)
@example(b"a: 2001-99-99")
@example(b"a: &a [*a]")
@example(b"? [a]\n: b")
@example(b"? {a: b}\n: b")
@example(b"a: !!int 'x'")
@example(b"a: 0x")
@example(b"a: 1__:__:")
@example(b"a: ._")
@example(b"a: 0b")
@example(b"a: " + b"9" * 5000)
@example(b'{"a":' + b"9" * 5000 + b"}")
@example(b"<<: 1")
@example(b"a: !!timestamp x")
@example(b"a: !!binary x")
@example(b"a: !!set {a, b}")
@example(b"a: !!omap [1]")
@examples(100)
def test_any_bytes_are_read_or_told(folder, content):
    for read in (read_yaml, read_json):
        file = folder / "any"
        file.write_bytes(content)
        try:
            assert isinstance(read(file), dict)
        except UserError as error:
            one_line(error)


ROWS = st.lists(st.lists(NUMBERS | TEXT, max_size=4).map(",".join), max_size=4).map("\n".join)


@given(st.binary() | ROWS.map(lambda text: text.encode(errors="surrogatepass")))
@example(b"epoch,loss\n1,0.5\n2,nope\n")
@example(b"epoch,loss\n1,\0\n")
@example(b'epoch,"loss\n1,2\n')
@example(b"epoch\n" + b"1" * 200_000 + b"\n")
@examples(150)
def test_any_bytes_are_a_history_or_told(folder, content):
    file = folder / "history.csv"
    file.write_bytes(content)
    try:
        rows = read_history(file)
    except UserError as error:
        one_line(error)
    else:
        assert all(isinstance(value, float) for row in rows for value in row.values())


# --- trials

PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.dates(),
        st.binary(max_size=3),
        VALUES,
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=6) | KEYS | NAMES | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=12,
)
SECTIONS = ("data", "model", "optimizer", "train", "study")
TARGETS = st.sampled_from([
    "mnist_sweep.models.cnn", "mnist_sweep.models.dnn", "keras.optimizers.Adam", "keras.optimizers.SGD",
    "keras.optimizers.Lion", "mnist_sweep.data.archive", "mnist_sweep.data.digits", "os.system", "", "a.b",
])  # fmt: skip


def trial_or_told(plain: Any) -> None:
    try:
        config = parse_trial(plain)
    except UserError as error:
        one_line(error)
    else:
        assert isinstance(config, TrialConfig)
        config.trial_seed()


@given(
    st.dictionaries(st.sampled_from(SECTIONS) | st.text(max_size=6), PLAIN, max_size=6)
    | st.fixed_dictionaries(dict.fromkeys(SECTIONS, PLAIN))
    | st.fixed_dictionaries(
        {**dict.fromkeys(SECTIONS, st.dictionaries(KEYS.map(lambda k: k.rpartition(".")[2]), PLAIN, max_size=4)),
         "model": st.fixed_dictionaries({"_target_": TARGETS | PLAIN}, optional={"units": PLAIN, "dropout": PLAIN}),
         "optimizer": st.fixed_dictionaries({"_target_": TARGETS | PLAIN}, optional={"learning_rate": PLAIN})}
    )
)  # fmt: skip
@examples(150)
def test_any_plain_data_is_a_trial_or_told(plain):
    trial_or_told(plain)


@functools.cache
def composed() -> list[dict[str, Any]]:
    GlobalHydra.instance().clear()
    found = []
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        for overrides in ([], ["model=dnn", "data=digits", "optimizer=sgd"], ["optimizer=rmsprop"]):
            from omegaconf import OmegaConf

            plain = OmegaConf.to_container(compose("config", overrides))
            found.append({key: value for key, value in plain.items() if key in SECTIONS})
    GlobalHydra.instance().clear()
    return found


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(node, dict):
        return [path]
    return [path, *(found for key, item in node.items() for found in leaves(item, (*path, key)))]


def replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    return {**node, path[0]: replaced(node[path[0]], path[1:], value)}


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A right configuration of which one part is something else."""
    plain = draw(st.sampled_from(composed()))
    path = draw(st.sampled_from([path for path in leaves(plain) if path]))
    value = draw(PLAIN | TARGETS)
    found: dict[str, Any] = replaced(plain, path, value)
    return found


@given(damaged())
@examples(200)
def test_a_trial_with_one_odd_value_is_a_trial_or_told(plain):
    trial_or_told(plain)
