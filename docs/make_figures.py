"""The figures of README.md, from a recorded study: `python docs/make_figures.py STUDY_FOLDER`."""

import shutil
import sys
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.files import write_text
from mnist_sweep.report import read_study
from mnist_sweep.report.search_plots import history
from mnist_sweep.storage.folders import StudyFolder

TARGET = Path(__file__).parent / "images"


def main() -> None:
    """Vector graphics fit a light and a dark page by themselves; pictures of digits are the study's own."""
    try:
        study = read_study(StudyFolder(Path(sys.argv[1])))
        if study.best is None:
            raise UserError(f"{study.name} has no complete trial to show")
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    write_text(TARGET / "history.svg", history(study).svg)
    if (study.folder.figures / "hardest.png").is_file():
        shutil.copy(study.folder.figures / "hardest.png", TARGET)


if __name__ == "__main__":
    main()
