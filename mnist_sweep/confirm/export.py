"""Makes an MLflow model of a network's .keras file: `python -m mnist_sweep.confirm.export FILE FOLDER`."""

import sys
from pathlib import Path

from mnist_sweep.config import UserError

MISTAKE = 2  # the exit code for a network that is not loaded, as it could run code


def main() -> None:
    """In a process of its own, as it needs TensorFlow."""
    from mnist_sweep.tasks.image_classifier.models.load import load
    from mnist_sweep.tracking.registry import save

    try:
        save(load(Path(sys.argv[1])), Path(sys.argv[2]))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
