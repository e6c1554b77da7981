"""The figure of records.md, from the studies of its records: `python docs/make_record_figures.py STUDY_FOLDER...`."""

import sys
from pathlib import Path

from mnist_sweep.config import UserError
from mnist_sweep.files import write_text
from mnist_sweep.report import read_study
from mnist_sweep.report.cost_plots import costs_together
from mnist_sweep.storage.folders import StudyFolder

TARGET = Path(__file__).parent / "images" / "records.svg"


def main() -> None:
    """Draws the figure that `mnist-sweep report` has for several studies."""
    try:
        studies = [read_study(StudyFolder(Path(folder))) for folder in sys.argv[1:]]
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    write_text(TARGET, costs_together(studies).svg)


if __name__ == "__main__":
    main()
