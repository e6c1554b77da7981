"""A trial from Python: what its folder has, and training it again."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_sweep import files
from mnist_sweep.api.around import surroundings, tracking_of, unchanged_environment
from mnist_sweep.config import UserError
from mnist_sweep.config.commands import study_command
from mnist_sweep.execution.progress import Silent
from mnist_sweep.reproduce.session import Reproducing, reproduce
from mnist_sweep.results import trial as results
from mnist_sweep.results.recorded import check_trained, read_recorded
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.storage.state import TrialState
from mnist_sweep.tasks.data import not_shown

if TYPE_CHECKING:
    from mnist_sweep.reproduce.verdict import Verdict
    from mnist_sweep.tasks.image_classifier.evaluation import Predictions


class Trial:
    """A trial as its folder has it.

    Attributes:
        folder: Its folder.
        number: Its number in the study.
    """

    def __init__(self, folder: Path, trusted: Sequence[str] = ()) -> None:
        """Reads a trial; use `Study.trials`.

        Args:
            folder: Its folder.
            trusted: The modules whose functions its configuration may name.
        """
        self.folder, self._trusted = Path(folder), list(trusted)
        self._read = results.read_trial(TrialFolder(self.folder))
        self.number = self._read.number

    def __repr__(self) -> str:
        """Returns its number, state and value."""
        value = "" if self.value is None else f", value {self.value:.6g}"
        return f"<Trial {self.number}: {self.state.value}{value}>"

    @property
    def state(self) -> TrialState:
        """COMPLETE, PRUNED, FAIL, RUNNING or INTERRUPTED."""
        return self._read.state

    @property
    def reason(self) -> str | None:
        """Why it failed, or was ended by a person or an interrupt; None otherwise."""
        return self._read.reason

    @property
    def value(self) -> float | None:
        """The first objective; None unless it is complete."""
        return self._read.value

    @property
    def values(self) -> list[float]:
        """All objectives; empty unless it is complete."""
        return list(self._read.values)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Its complete configuration, as plain data."""
        content = files.read_yaml(self._read.folder.config)
        return {key: value for key, value in content.items() if key not in ("defaults", "runs_folder")}

    @cached_property
    def overrides(self) -> list[str]:
        """The overrides that make it, for `mnist_sweep.train` and behind `mnist-sweep train`."""
        return [str(text) for text in files.read_yaml_list(self._read.folder.overrides)]

    @property
    def parameters(self) -> dict[str, str]:
        """Its searched parameters as in overrides; empty for the baseline, trial 0."""
        return dict(self._read.overrides)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Its final metrics."""
        return self._read.metrics

    @property
    def history(self) -> list[dict[str, float]]:
        """Its epochs, a dictionary for each: `epoch`, its metrics, `seconds` and `timestamp`."""
        return [dict(row) for row in self._read.rows]

    @property
    def predictions(self) -> "Predictions | None":
        """Its predictions of the validation images: probabilities, predicted, labels; None where it has none."""
        if not self._read.folder.predictions.is_file():
            return None
        from mnist_sweep.tasks.image_classifier.evaluation import read_predictions

        return read_predictions(self._read.folder.predictions)

    def load_model(self) -> Any:
        """Returns its trained network, a keras.Model that is not compiled.

        Raises:
            UserError: It was not kept (study.keep_models), or has layers that could run code.
        """
        if self._read.folder.weights.is_file():
            raise UserError(
                f"trial {self.number} has the weights of its model alone, which can't be saved without its code: make "
                f"the model, and load {self._read.folder.weights} into it"
            )
        if not self._read.folder.model.is_file():
            raise UserError(
                f"trial {self.number} has no model: only the best study.keep_models trials of the image classifier "
                "keep theirs"
            )
        from mnist_sweep.tasks.image_classifier.models.load import load

        return load(self._read.folder.model)

    def reproduce(self) -> "Verdict":
        """Trains it again from its stored configuration, in a folder of its own, and compares every bit.

        Returns:
            The verdict: `verdict` is EXACT, WITHIN TOLERANCE or DIFFERENT, `why` says why.

        Raises:
            UserError: No epoch of it has ended, nothing was trained, or the data are other ones.
        """
        study = StudyFolder(self.folder.parent.parent)
        check_trained(study)
        around = surroundings(study.path.parent, self._trusted)
        name = f"{study.name}-{self.folder.name}"
        what = Reproducing(
            trials=[read_recorded(self._read.folder, name, self._trusted)],
            study=study,
            is_audit=False,
            tolerance=None,
            runtime=around.runtime,
            tracking=tracking_of(study, around.tracking),
            runs_folder=around.runs_folder,
            trusted=self._trusted,
            line=f"{study_command('reproduce', study.name, self._trusted)} trial={self.number}",
        )
        with unchanged_environment():
            _, verdicts = reproduce(what, Silent(), not_shown)
        if name not in verdicts:
            raise KeyboardInterrupt
        return verdicts[name]
