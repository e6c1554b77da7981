"""The private names of Optuna that search/optuna_private.py uses: a failure here says what a new Optuna has changed."""

import importlib
import inspect

import optuna
import pytest

HALVING, JOURNAL = "optuna.pruners._successive_halving", "optuna.storages.journal._storage"
OPERATIONS = ("CREATE_TRIAL", "SET_TRIAL_PARAM", "SET_TRIAL_INTERMEDIATE_VALUE", "SET_TRIAL_SYSTEM_ATTR")
NAMES = [
    (HALVING, "_completed_rung_key", "search/pruners/asha.py keeps the values of each rung under Optuna's own key"),
    (HALVING, "_estimate_min_resource", "search/pruners/asha.py supports min_resource=auto"),
    (HALVING, "_get_current_rung", "search/pruners/asha.py continues where a trial stands"),
    (JOURNAL, "JournalStorageReplayResult", "search/journal.py replays the journal without making distributions anew"),
    (JOURNAL, "JournalStorageReplayResult._apply_set_trial_param", "search/journal.py replays parameters"),
    (JOURNAL, "JournalStorageReplayResult._trial_exists_and_updatable", "search/journal.py replays parameters"),
    (JOURNAL, "JournalStorage._sync_with_backend", "search/journal.py replaces the replay result before its first use"),
    ("optuna.study", "Study._get_trials", "search/samplers/tpe.py shows the sampler a part of the trials"),
    ("optuna.samplers._lazy_random_state", "LazyRandomState", "optuna_private.seed_sampler seeds what a sampler draws"),
    *((JOURNAL, f"JournalOperation.{name}", "search/journal.py tells lines that must be synced from others")
      for name in OPERATIONS),
]  # fmt: skip


def found(module: str, name: str) -> object:
    """What a dotted name of a module stands for; None where it is gone."""
    try:
        thing: object = importlib.import_module(module)
    except ImportError:
        return None
    for part in name.split("."):
        thing = getattr(thing, part, None)
    return thing


@pytest.mark.parametrize(("module", "name", "use"), NAMES, ids=[name for _, name, _ in NAMES])
def test_the_name_is_there(module: str, name: str, use: str) -> None:
    assert found(module, name) is not None, f"Optuna {optuna.__version__} has no {module}.{name} any more: {use}"


def test_a_name_that_is_gone_is_noticed() -> None:
    assert found(HALVING, "_nope") is None
    assert found("optuna._nope", "x") is None


def test_a_study_has_a_storage_and_a_trial_its_id() -> None:
    study = optuna.create_study()
    study.ask()
    trial = study.get_trials(deepcopy=False)[0]
    said = f"Optuna {optuna.__version__} has changed what search/optuna_private.note writes with"
    assert hasattr(study, "_storage"), said
    assert hasattr(trial, "_trial_id"), said
    from mnist_sweep.search import optuna_private

    optuna_private.note(study, trial, "completed_rung_0", 0.5)
    assert study.get_trials()[0].system_attrs == {"completed_rung_0": 0.5}


def test_the_journal_storage_keeps_its_trials_by_number() -> None:
    lines = inspect.getsource(found(JOURNAL, "JournalStorageReplayResult").__init__)
    assert "self._trials: dict[int, FrozenTrial]" in lines, (
        f"Optuna {optuna.__version__} keeps the journal's trials in another way: search/journal.py lists them"
    )
    assert "self._replay_result" in inspect.getsource(found(JOURNAL, "JournalStorage").__init__)


def test_a_sampler_asks_a_study_for_its_trials_by_the_private_name() -> None:
    assert "study._get_trials(" in inspect.getsource(optuna.samplers.TPESampler), (
        f"TPE of Optuna {optuna.__version__} asks for trials in another way: search/samplers/tpe.py hides none from it"
    )


@pytest.mark.parametrize("kind", ["RandomSampler", "TPESampler", "NSGAIISampler"])
def test_a_seeded_sampler_draws_as_one_that_was_made_with_the_seed(kind: str) -> None:
    from mnist_sweep.search import optuna_private

    drawn = []
    for made, seed in ((1, 7), (7, None)):
        sampler = getattr(optuna.samplers, kind)(seed=made)
        study = optuna.create_study(sampler=sampler)
        if seed is not None:
            study.ask().suggest_float("x", 0, 1)  # it has drawn before
            optuna_private.seed_sampler(sampler, seed)
        drawn.append(study.ask().suggest_float("y", 0, 1))
    assert drawn[0] == drawn[1], (
        f"{kind} of Optuna {optuna.__version__} keeps its random state in another way: optuna_private.seed_sampler"
    )
