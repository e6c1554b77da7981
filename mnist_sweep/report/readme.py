"""The README's figures, from a recorded study: `python -m mnist_sweep.report.readme STUDY_FOLDER TARGET_FOLDER`."""

import shutil
import sys
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.files import write_text
from mnist_sweep.report import read_study
from mnist_sweep.report.search_plots import curves, history
from mnist_sweep.storage.folders import StudyFolder


def main() -> None:
    """Vector graphics fit a light and a dark page by themselves; pictures of digits are the study's own."""
    try:
        study, target = read_study(StudyFolder(Path(sys.argv[1]))), Path(sys.argv[2])
        if study.best is None:
            raise UserError(f"{study.name} has no complete trial to show")
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    for name, draw in (("history", history), ("curves", curves)):
        write_text(target / f"{name}.svg", draw(study).svg)
    shutil.copy(study.best.folder.figures / "error_gallery.png", target)
    if (study.folder.figures / "hardest.png").is_file():
        shutil.copy(study.folder.figures / "hardest.png", target)


if __name__ == "__main__":
    main()
