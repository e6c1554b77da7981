"""The best trials of a search, and how they are trained again for the test: fresh seeds, all training images."""

from dataclasses import dataclass, replace

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError, parse_trial
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.hashing import drawn
from mnist_sweep.config.image_classifier import PRIMARY, ImageClassifierConfig
from mnist_sweep.config.metrics import Metric
from mnist_sweep.config.trial import SectionsConfig
from mnist_sweep.results.confirmation import TEST_ACCURACY
from mnist_sweep.results.study import Study, read_study
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.environment import check_environment
from mnist_sweep.storage.folders import StudyFolder
from mnist_sweep.storage.state import TrialState, check_state

BASELINE = 0  # the trial that has the base configuration


@dataclass(frozen=True)
class Finalist:
    """A trial of the search, and what the search has found of it.

    `promised` is its val_accuracy at the epoch that the search chose, `epochs` that epoch: of its best value if the
    objective is a best one, else the last. A baseline that was pruned has promised nothing, and takes all its epochs.
    Where the task has no test set, it is the objective. `seconds` is what a run is estimated to take.
    """

    trial: int
    promised: float | None
    epochs: int
    config: TrialConfig
    overrides: list[str]
    searched: list[str]
    validation_images: int
    digests: dict[str, str]
    metric: Metric
    seconds: float = 0.0

    @property
    def measure(self) -> str:
        """What its runs are compared by."""
        return TEST_ACCURACY if self.has_test_set else self.metric.name

    @property
    def has_test_set(self) -> bool:
        """Whether its task has images that no search reads."""
        return isinstance(self.config, ImageClassifierConfig)

    def seeded(self, index: int) -> TrialConfig:
        """Returns the configuration for one of the fresh seeds: all training images, evaluated on the test images.

        A task without a test set is run again as it was.
        """
        if isinstance(self.config, SectionsConfig):
            return replace(self.config, seed=fresh_seed(self.config.seed, index))
        assert isinstance(self.config, ImageClassifierConfig)
        data = replace(self.config.data, split=replace(self.config.data.split, validation="test"))
        train = replace(self.config.train, epochs=self.epochs, early_stopping_patience=None)
        return replace(self.config, data=data, train=train, seed=fresh_seed(self.config.seed, index))

    def seeded_overrides(self, index: int) -> list[str]:
        """Returns the same as overrides that can be pasted behind `mnist-sweep train`."""
        changed = {"study.seed": str(fresh_seed(self.config.seed, index))}
        if self.has_test_set:
            changed = {"data.validation": "test", "train.epochs": str(self.epochs),
                       "train.early_stopping_patience": "null", **changed}  # fmt: skip
        kept = [override for override in self.overrides if key_of(override) not in changed]
        return [*kept, *(f"{key}={value}" for key, value in changed.items())]


def fresh_seed(seed: int, index: int) -> int:
    """Returns a study seed that the search has not used: a hash of the search's seed and a number."""
    return drawn(f"confirm {seed} {index}")


def _chosen_epoch(study: Study, config: TrialConfig, rows: list[dict[str, float]]) -> int:
    """Returns the epoch, from 1, that the objective was taken from; all epochs with a learning rate schedule."""
    if not isinstance(config, ImageClassifierConfig):
        return len(rows)
    if config.train.learning_rate_schedule != "constant":
        return config.train.epochs
    chosen: Metric | None = study.objective
    if not study.objective.is_best:
        if config.train.early_stopping_patience is None:
            return len(rows)
        chosen = study.metric_table.find("best_val_loss")  # early stopping goes back to its lowest
    assert chosen is not None
    return chosen.best_epoch(rows)


def _finalist(trial: Trial, study: Study, allowed: list[str]) -> Finalist:
    folder, rows = trial.folder, trial.rows
    config = parse_trial(files.read_yaml(folder.config), allowed)
    data = check_environment(folder.environment).data
    is_pruned = trial.state is TrialState.PRUNED
    epochs = (config.epochs or len(rows)) if is_pruned else _chosen_epoch(study, config, rows)
    promised = rows[min(epochs, len(rows)) - 1].get(PRIMARY)
    if not isinstance(config, ImageClassifierConfig):
        promised = trial.value
    return Finalist(
        trial=trial.number,
        promised=None if is_pruned else promised,
        epochs=epochs,
        config=config,
        overrides=[str(override) for override in files.read_yaml_list(folder.overrides)],
        searched=list(files.read_json_or_empty(folder.record).get("searched", [])),
        validation_images=data.validation_images,
        digests=data.digests,
        metric=study.metric_table.known[PRIMARY] if isinstance(config, ImageClassifierConfig) else study.objective,
        seconds=_seconds(trial, epochs, data.train_images, data.validation_images),
    )


def _seconds(trial: Trial, epochs: int, images: int, further: int) -> float:
    """Returns what a run takes: as long as the trial for each epoch and image, of which there are further ones."""
    took = float(trial.metrics.get("training_seconds", 0.0))
    return took * epochs / max(1, len(trial.rows)) * (images + further) / max(1, images)


def _check_intact(trial: Trial) -> None:
    """Raises UserError for a damaged trial, as the best one might be overlooked."""
    if not trial.state.is_finished and trial.folder.state.exists():
        try:
            check_state(trial.folder.state)
        except UserError as error:
            raise UserError(f"{error}; the same `mnist-sweep sweep` command repairs it") from None
    if trial.state is TrialState.COMPLETE:
        epochs = trial.environment.epochs if trial.environment else None
        if not trial.rows or epochs != len(trial.rows):
            raise UserError(f"{trial.folder.history} is damaged: {len(trial.rows)} intact rows for {epochs} epochs")


def _add(found: list[Finalist], finalist: Finalist) -> None:
    """Trials of the same configuration count once."""
    if not any(finalist.config.same_result_as(other.config) for other in found):
        found.append(finalist)


def choose(study: StudyFolder, top_k: int, allowed: list[str]) -> list[Finalist]:
    """Returns the finalists: the best trials, and the baseline unless it is among them, has failed or is infeasible.

    Trials of the same configuration count once.

    Args:
        study: The study.
        top_k: The most trials besides the baseline.
        allowed: The modules whose functions a configuration may name.

    Raises:
        UserError: No trial is complete.
    """
    read = read_study(study)
    for trial in read.trials:
        _check_intact(trial)
    found: list[Finalist] = []
    for trial in read.ranked:
        if len(found) < top_k or trial.number == BASELINE:
            _add(found, _finalist(trial, read, allowed))
    for trial in read.of_state(TrialState.PRUNED) if found else ():
        if trial.number == BASELINE and trial.rows:
            _add(found, _finalist(trial, read, allowed))
    if read.all_infeasible:
        raise UserError(f"study {study.name} has no trial to confirm: {read.all_infeasible}")
    if not found:
        raise UserError(f"study {study.name} has no complete trial to confirm: go on with `mnist-sweep sweep` first")
    return found
