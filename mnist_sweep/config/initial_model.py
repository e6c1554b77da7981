"""`train.initial_model`: the stored model that a trial goes on from; its digest is part of the configuration."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mnist_sweep.config.check import shown
from mnist_sweep.config.compose import key_of
from mnist_sweep.config.composed import Composed
from mnist_sweep.config.domains import as_literal
from mnist_sweep.config.errors import UserError

MODEL, DIGEST = "train.initial_model", "train.initial_digest"
_TRIAL = re.compile(r"([^/]+)/(\d+)")


def _file(value: str, runs_folder: Path) -> Path:
    """Returns the file of a model; raises UserError where it is not there."""
    found = _TRIAL.fullmatch(value)
    trial = found and runs_folder / found[1] / "trials" / f"{int(found[2]):04d}"
    file = trial / "model.keras" if trial else Path(value).expanduser()
    if file.suffix != ".keras":
        raise UserError(f"{MODEL} must be a trial, such as cnn-mnist/7, or a file of Keras, .keras, got {shown(value)}")
    if not file.is_file():
        kept = "; the best study.keep_models trials of a study keep theirs" if trial and trial.is_dir() else ""
        raise UserError(f"{MODEL}={value} is not there: there is no {file}{kept}")
    return file.absolute()


def digest_of(file: Path) -> str:
    """Returns the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_initial(model: str | None, digest: str | None) -> None:
    """Raises UserError where an initial model is gone, or another one than it was."""
    if model is None:
        return
    file = Path(model)
    if not file.is_file():
        raise UserError(f"{MODEL}: {file} is gone; put back the model of SHA-256 {str(digest)[:16]}...")
    if (now := digest_of(file)) != digest:
        raise UserError(f"{MODEL}: {file} has changed: its SHA-256 was {str(digest)[:16]}..., and is {now[:16]}...")


def with_initial_model(composed: Composed) -> Composed:
    """Returns what was composed with the file of its initial model and that file's digest, if it has one.

    Raises:
        UserError: The model is not there, or not the one of the digest.
    """
    train, runs_folder = composed.config.get("train"), composed.config.get("runs_folder")
    value = train.get("initial_model") if isinstance(train, Mapping) else None
    if not isinstance(train, Mapping) or not isinstance(value, str) or not isinstance(runs_folder, str):
        return composed  # what is wrong with it is told where it is checked
    file = _file(value, Path(runs_folder).expanduser())
    digest = train.get("initial_digest")
    if digest is None:
        digest = digest_of(file)
    check_initial(str(file), str(digest))
    own = [f"{MODEL}={as_literal(str(file))}", f"{DIGEST}={digest}"]
    if (value, train.get("initial_digest")) == (str(file), digest):
        return composed
    texts = [*(text for text in composed.overrides if key_of(text) not in (MODEL, DIGEST)), *own]
    composer = composed.composer.with_base(texts)
    changed = {**train, "initial_model": str(file), "initial_digest": digest}
    return replace(composed, config={**composed.config, "train": changed}, composer=composer, overrides=texts)
