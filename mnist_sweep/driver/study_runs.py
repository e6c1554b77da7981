"""What a study's runs are: the parent run and those of its trials, for record.json, state.json and MLflow."""

from mnist_sweep.config.flatten import flatten_space
from mnist_sweep.driver.plan import Plan
from mnist_sweep.search import Asked, Standing
from mnist_sweep.storage.run_record import RunDescription, RunKind
from mnist_sweep.storage.state import StateFile, TrialState

ALWAYS = ("n_trials", "metric", "direction")  # settings of a search that its run has
WHERE_SET = ("constraints", "prior", "timeout", "until", "patience", "min_delta", "target")


def study_run(plan: Plan, started_by: str) -> RunDescription:
    """Returns the parent run of a study: its base configuration, its space, and the settings of its search."""
    settings = plan.settings
    space = flatten_space(settings.search.space, settings.search.when)
    limits = {name: value for name in WHERE_SET if (value := getattr(settings.search, name)) not in (None, [], {})}
    search = {name: getattr(settings.search, name) for name in ALWAYS} | limits
    params = {
        **{f"space.{key}": text for key, text in space.items()},
        **{f"search.{name}": value for name, value in search.items()},
        "sampler": settings.sampler.name,
        "pruner": settings.pruner.name,
    }
    return RunDescription(
        kind=RunKind.STUDY,
        name=plan.folder.name,
        study=plan.folder.name,
        folder=plan.folder.path,
        command=started_by,
        started_by=started_by,
        config=plan.base.plain(),
        data=plan.description.plain(),
        executor=settings.runtime.executor,
        params=params,
        tags=settings.study.tags,
    )


def trial_run(plan: Plan, asked: Asked, started_by: str) -> RunDescription:
    """Returns the run of a trial; raises UserError for a combination that can't be composed."""
    keys = [parameter.key for parameter in plan.parameters]
    chosen = {**plan.values, **asked.overrides}
    return RunDescription(
        kind=RunKind.TRIAL,
        name=f"{plan.folder.name}-{asked.number:04d}" + ("-baseline" if asked.number == 0 else ""),
        study=plan.folder.name,
        folder=plan.folder.trial(asked.number).path,
        command=plan.command(asked.overrides),
        started_by=started_by,
        config=plan.composer.config(asked.overrides).plain(),
        data=plan.description.plain(),
        executor=plan.settings.runtime.executor,
        trial=asked.number,
        searched=keys,
        tags=plan.settings.study.tags,
        params={key: chosen[key] for key in chosen if key in keys and "." not in key},
    )


def state_of(
    asked: Asked, trial: Standing, of: str, started: float | None = None, ended: float | None = None
) -> StateFile:
    """Returns what state.json says of a trial that has ended.

    Args:
        asked: The trial as it was asked for.
        trial: The trial as it ended.
        of: What a trial's several trainings differ by: `seeds` or `folds`.
        started: When it began, None where the file is written by the one who knows; seconds since 1970.
        ended: When it ended, likewise.
    """
    return StateFile(
        trial=asked.number,
        state=TrialState(trial.state),
        reason=trial.reason,
        started=started,
        ended=ended,
        values=list(trial.values) if trial.values else None,
        overrides=asked.overrides,
        retries=asked.retries,
        audited=trial.audited,
        origin=asked.origin,
        infeasible=list(trial.infeasible) or None,
        seeds={name: list(values) for name, values in trial.seeds.items()} or None,
        seeds_are=of if trial.seeds and of != "seeds" else None,
    )
