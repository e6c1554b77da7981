"""How much each parameter has to do with the objective."""

import warnings
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

FEWEST = 4  # complete trials


def importances(journal: Path) -> dict[str, float]:
    """Returns the shares of the parameters, the largest first, that add up to 1 (PED-ANOVA, Watanabe et al., 2023).

    Parameters that only some trials have, under a condition, are among them (https://arxiv.org/abs/2601.20800). Empty
    where there are too few complete trials.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # scikit-learn comes with it

    if not journal.is_file():
        return {}
    try:
        storage = JournalStorage(JournalFileBackend(str(journal)))
        (name,) = optuna.get_all_study_names(storage)
        study = optuna.load_study(study_name=name, storage=storage)
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if len(complete) < FEWEST:
            return {}
        sign = 1.0 if study.directions[0] == StudyDirection.MINIMIZE else -1.0  # the evaluator looks at low values
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is inaccurate with few trials: so is everything
            found = get_param_importances(
                study, evaluator=PedAnovaImportanceEvaluator(), target=lambda trial: sign * trial.values[0]
            )
    except (ValueError, RuntimeError, KeyError):
        return {}
    return {key: value for key, value in found.items() if value == value}  # noqa: PLR0124 - NaN is not itself
