"""Registering the winner: a file for experiments/, and a version in MLflow's model registry."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mnist_sweep import files
from mnist_sweep.config import TrialConfig, UserError
from mnist_sweep.config.commands import study_command
from mnist_sweep.config.compose import Composer, key_of
from mnist_sweep.config.settings import TrackingConfig
from mnist_sweep.config.spelling import read
from mnist_sweep.config.task import build_task
from mnist_sweep.confirm.export import Form, export
from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.execution.jobs import shortest
from mnist_sweep.results.confirmation import Confirmation
from mnist_sweep.storage.environment import check_environment
from mnist_sweep.storage.folders import StudyFolder, TrialFolder
from mnist_sweep.tracking import reason_of, trouble
from mnist_sweep.tracking.registry import Champion, promote, register


def experiment(overrides: Sequence[str], config: TrialConfig, composer: Composer) -> dict[str, Any]:
    """Returns a trial as an option of the config group `experiment`.

    Args:
        overrides: The trial's overrides.
        config: Its configuration; every value of model, optimizer and train is named, so that the experiment stays the
            same when their defaults change.
        composer: Tells groups from keys.
    """
    groups: dict[str, Any] = {}
    body: dict[str, Any] = {}
    for override in overrides:
        key, value = key_of(override), read(override, "overrides").value()
        if "." not in key and composer.options(key):
            groups[key] = value
        elif not key.startswith("runtime."):  # counts on the command line only
            *path, last = key.split(".")
            node = body
            for name in path:
                node = node.setdefault(name, {})
            node[last] = value
    base = [groups.pop("experiment")] if "experiment" in groups else []
    defaults = [*base, *({f"override /{group}": option} for group, option in groups.items())]
    whole = config.plain()
    for section in build_task(config.task).sections:
        if section == "data":
            continue
        named = body.get(section, {})
        body[section] = {key: value for key, value in whole[section].items() if key != "_target_" or key in named}
    return {"defaults": defaults, **body} if defaults else body


def write_winner(
    study: StudyFolder, found: Confirmation, folder: TrialFolder, finalist: Finalist, composer: Composer
) -> None:
    """Writes winner.yaml: the recommended finalist on the first seed, as an option of the group `experiment`.

    Args:
        study: The study.
        found: Its confirmation.
        folder: The run of the recommended finalist on the first seed.
        finalist: The recommended finalist.
        composer: Tells groups from keys.
    """
    content = experiment(finalist.seeded_overrides(0), finalist.seeded(0), composer)
    row = found.of(found.recommended)
    sample, environment = row.test_accuracy, check_environment(folder.environment)
    header = f"""# @package _global_
# The winner of study {study.name}: trial {row.trial}{", trained on all training images" if found.test_images else ""}.
#
#   command  cp {shortest(study.winner)} experiments/NAME.yaml && mnist-sweep train experiment=NAME
#   time     {files.read_json(folder.metrics)["training_seconds"]:.0f} s of training on one core ({environment.processor}), TensorFlow {environment.versions["tensorflow"]}
#   result   {found.measure} {sample.mean:.4f} on average over {len(sample.values)} seeds, standard deviation {sample.deviation:.4f}; with this one {sample.values[0]:.4f}
#            {f"{row.parameters:,} parameters; " if row.parameters else ""}confirmed with: {found.command}
#   digest   {environment.weights_digest}
"""  # noqa: E501
    files.write_yaml(study.winner, content, header)


def register_winner(
    study: StudyFolder,
    found: Confirmation,
    folder: TrialFolder,
    tracking: TrackingConfig,
    runs_folder: Path,
    say: Callable[[str], None],
) -> None:
    """Makes the network of the recommended finalist's first seed the champion of the model named like the study.

    Args:
        study: The study.
        found: Its confirmation.
        folder: The run of the recommended finalist on the first seed.
        tracking: Where MLflow is.
        runs_folder: Where the embedded MLflow store lies.
        say: Reports what is done, in lines.
    """
    run_id = files.read_json_or_empty(folder.tracking).get("run_id")
    if run_id is None:  # it was trained with tracking=none, or the study was copied
        sync = study_command("sync", study.name, runs_folder=shortest(runs_folder))
        say(f"The champion was not registered, as MLflow does not have its run: `{sync}` brings it there; then run the "
            "same command again")  # fmt: skip
        return
    row = found.of(found.recommended)
    sample = row.test_accuracy
    note = (
        f"Trial {row.trial} of study {study.name}, trained on all training images with the first of "
        f"{len(sample.values)} fresh seeds: test accuracy {sample.values[0]:.4f}, on average over the seeds "
        f"{sample.mean:.4f}. Takes float32 images from 0 to 1, gives the probabilities of the classes."
    )
    tags = {"study": study.name, "trial": str(row.trial), "test_accuracy": str(sample.values[0]),
            "test_accuracy_mean": str(sample.mean), "test_accuracy_deviation": str(sample.deviation),
            "weights_digest": files.read_json(folder.environment)["weights_digest"]}  # fmt: skip
    champion = Champion(study.name, str(run_id), note, tags)
    try:
        version = promote(tracking, runs_folder, champion)
        if version is None:
            with tempfile.TemporaryDirectory() as temporary:
                package = Path(temporary) / "model"
                export(folder.model, package, Form.MLFLOW)
                version = register(tracking, runs_folder, champion, package)
    except trouble() as error:
        say(f"The champion was not registered: {reason_of(error)}; run the same command again")
        return
    except UserError as error:
        say(f"The champion was not registered: {error}")
        return
    say(f"Registered: models:/{study.name}@champion, version {version}, for mlflow.pyfunc and mlflow.tensorflow")
