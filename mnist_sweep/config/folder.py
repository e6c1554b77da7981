"""Where the configuration files of this package lie."""

from pathlib import Path


def conf_folder() -> Path:
    """Returns the folder of the configuration: inside an installed package, next to the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "conf" if (package / "conf").is_dir() else package.parent / "conf"
