"""A number from a text, against coreutils' sha256sum."""

import shutil
import subprocess

import pytest

from mnist_sweep.config.hashing import drawn


@pytest.mark.parametrize("text", ["", "audit 0 7", "Ünïcode"])
def test_it_is_the_first_eight_digits_of_sha256(text: str) -> None:
    command = [shutil.which("sha256sum") or "sha256sum"]
    told = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    assert f"{drawn(text):08x}" == told[:8].decode()
