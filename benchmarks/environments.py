"""The peers' environments, one each: `.environments/<peer>`, from `peers/<peer>/requirements.txt`."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("optuna", "hydra_optuna_sweeper", "keras_tuner", "ray_tune")


def python(peer: str) -> Path:
    """The interpreter of a peer's environment."""
    return HERE / ".environments" / peer / "bin" / "python"


def requirements(peer: str) -> Path:
    """The pins of a peer."""
    return HERE / "peers" / peer / "requirements.txt"


def packages(peer: str) -> list[str]:
    """The names of the packages a peer pins, without extras."""
    return re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==", requirements(peer).read_text(), re.MULTILINE)


def is_ready(peer: str) -> bool:
    """Whether the environment was made from the pins as they are now."""
    return _stamp(peer).is_file() and _stamp(peer).read_text() == _hash(peer)


def warm(interpreter: Path | str) -> None:
    """Reads the largest libraries once, so that no command pays for a cold disk."""
    subprocess.run([interpreter, "-c", "import tensorflow, mlflow"], check=True, capture_output=True)


def make(peer: str) -> None:
    """Makes a peer's environment, if it is not there already."""
    if is_ready(peer):
        return
    folder = HERE / ".environments" / peer
    print(f"making the environment of {peer} (some GB, some minutes) ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    command = [python(peer), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "-r", requirements(peer)], check=True)
    _stamp(peer).write_text(_hash(peer))


def _stamp(peer: str) -> Path:
    return HERE / ".environments" / peer / "requirements.sha256"


def _hash(peer: str) -> str:
    return hashlib.sha256(requirements(peer).read_bytes()).hexdigest()
