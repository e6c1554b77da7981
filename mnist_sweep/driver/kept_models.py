"""The models of the best few trials, which are kept; those of all others are deleted."""

from mnist_sweep.search.finished import Finished
from mnist_sweep.storage.folders import StudyFolder


class KeptModels:
    """The models of a study's best trials."""

    def __init__(self, finished: Finished, folder: StudyFolder, most: int) -> None:
        """Makes the keeper of at most `most` models."""
        self.finished = finished
        self.folder = folder
        self.most = most
        self._kept: set[int] = set()

    def begin(self) -> None:
        """Deletes what an earlier call has left."""
        for number in self.finished.ranked(self.most):
            self._delete(number)
        self._kept = set(self.finished.ranked(most=self.most))

    def keep_best(self, ended: int) -> None:
        """Deletes the models that no longer are among the best, as a trial has ended."""
        keep = set(self.finished.ranked(most=self.most))
        for number in (self._kept | {ended}) - keep:
            self._delete(number)
        self._kept = keep

    def _delete(self, number: int) -> None:
        trial = self.folder.trial(number)
        for file in (trial.model, trial.weights):
            file.unlink(missing_ok=True)
