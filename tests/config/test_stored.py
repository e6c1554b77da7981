import pytest
import yaml

from mnist_sweep.config import UserError
from mnist_sweep.config.stored import check_stored


@pytest.mark.parametrize(
    "text",
    [
        "hydra: {callbacks: {a: {_target_: shutil.copyfile}}}",
        "hydra.run.dir: /",
        "defaults: [override /hydra/launcher: evil]",
        "defaults: [{override hydra/job_logging: evil}]",
        "defaults: [hydra/launcher/evil]",
        "defaults: [{model: ../../evil}]",
        "defaults: [{model: http://evil}]",
        "defaults: {model: cnn}",
        "a: ${oc.env:HOME}",
        "a: {b: ['x ${oc.env:HOME} y']}",
        "${oc.env:HOME}: 1",
        "a: ${${b}:HOME}",
        "a: ${oc.decode:${oc.env:HOME}}",
    ],
)
def test_what_could_run_code_or_read_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        check_stored(yaml.safe_load(text), "best.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "defaults: [config, _self_]",
        "defaults: [{runtime: local}, {study: default}, {override /model: cnn}, {optional search: null}, _self_]",
        "train: {epochs: 3}\nmodel: {dropout: '${train.epochs}'}",
        "data: {urls: ['https://host/x']}",
    ],
)
def test_what_is_harmless_is_taken(text: str) -> None:
    check_stored(yaml.safe_load(text), "best.yaml")
