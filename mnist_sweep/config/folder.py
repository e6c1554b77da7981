"""Where the configuration files of this package lie."""

from pathlib import Path


def conf_folder() -> Path:
    """Returns the folder of the configuration: inside an installed package, next to the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return package / "conf" if (package / "conf").is_dir() else package.parent / "conf"


def address_of(folder: Path) -> str:
    """Returns a folder as Hydra's search path takes it: nothing in it is percent-encoded, as Hydra decodes nothing."""
    return f"file://{folder}"
