"""The command that writes a study's page."""

from pathlib import Path

import pytest

from mnist_sweep.cli.main import run


def test_the_page_is_written_again(own_runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = own_runs / "dnn-digits/report.html"
    page.unlink()
    assert run(["report", f"runs_folder={own_runs}", "study=dnn-digits"]) == 0
    assert "Report: " in capsys.readouterr().out
    assert page.read_text(encoding="utf-8").count("<img ") > 1


@pytest.mark.parametrize("given", ["study=[]", "study=[dnn-digits,3]"])
def test_what_names_no_study_is_refused(own_runs: Path, capsys: pytest.CaptureFixture[str], given: str) -> None:
    assert run(["report", f"runs_folder={own_runs}", given]) == 2
    assert "study" in capsys.readouterr().err
