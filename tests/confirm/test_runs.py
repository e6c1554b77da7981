"""The runs of the finalists: which there are, which are done, and what is written of each."""

from collections.abc import Callable
from dataclasses import replace

from mnist_sweep.confirm.finalists import Finalist
from mnist_sweep.confirm.runs import Run
from mnist_sweep.confirm.stages import planned
from mnist_sweep.files import read_json, write_json
from mnist_sweep.storage.folders import StudyFolder


def test_a_run_is_done_with_its_own_seed_and_complete_results_alone(
    study: StudyFolder, finalists: list[Finalist], finish: Callable[[Run], None]
) -> None:
    run = planned(study, finalists, (1,)).runs[0]
    finish(run)
    assert run.is_done
    result = run.result()
    assert result.parameters == read_json(study.trial(1).metrics)["parameters"]
    assert result.predictions is not None
    assert (len(result.predictions.labels), result.predictions.accuracy) == (360, result.value)
    assert not replace(run, config=replace(run.config, seed=1)).is_done
    assert not replace(run, config=replace(run.config, train=replace(run.config.train, epochs=9))).is_done
    state = read_json(run.folder.state)
    write_json(run.folder.state, state | {"state": "INTERRUPTED"})
    assert not run.is_done
    write_json(run.folder.state, state)
    content = run.folder.predictions.read_bytes()
    run.folder.predictions.write_bytes(content[:100])
    assert not run.is_done
    run.folder.predictions.write_bytes(content)
    write_json(run.folder.metrics, {"parameters": 5})
    assert not run.is_done
