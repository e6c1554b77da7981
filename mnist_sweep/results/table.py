"""A study's trials as a table, for pandas and for files that other programs read."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_sweep.config import UserError
from mnist_sweep.files import replaced
from mnist_sweep.results.study import Study

if TYPE_CHECKING:
    import pandas as pd


def number_or_text(text: str) -> float | str:
    """Returns a value, written as in an override, as a number where it is one."""
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        return text


def trials_table(study: Study) -> "pd.DataFrame":
    """Returns a row for each trial: number, state, values, seconds, parameters (`params_...`), metrics and usage."""
    import pandas as pd

    rows = []
    for trial in study.trials:
        values = dict(zip(study.metrics, trial.values, strict=False))
        parameters = {f"params_{key}": number_or_text(text) for key, text in study.values_of(trial).items()}
        metrics = {f"metrics_{key}": value for key, value in trial.metrics.items()}
        took = trial.ended - trial.started if trial.started and trial.ended else None
        usage = {f"system_{key}": value for key, value in asdict(used).items()} if (used := trial.usage) else {}
        rows.append({"number": trial.number, "state": trial.state.value, **values, "seconds": took, **parameters,
                     **metrics, **usage})  # fmt: skip
    return pd.DataFrame(rows)


def _csv(table: "pd.DataFrame", file: Path) -> None:
    table.to_csv(file, index=False)


def _json(table: "pd.DataFrame", file: Path) -> None:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _parquet(table: "pd.DataFrame", file: Path) -> None:
    """A column of numbers and texts, such as a choice of both, has texts alone there."""
    mixed = {name: str for name in table.columns if table[name].dtype == object}
    table.astype(dict.fromkeys(mixed, "string")).to_parquet(file, index=False)


FORMATS: dict[str, Callable[["pd.DataFrame", Path], None]] = {".csv": _csv, ".json": _json, ".parquet": _parquet}


def check_target(value: Any, others: Sequence[str] = (), words: Sequence[str] = ()) -> Path:
    """Returns the file that is to be written.

    Args:
        value: The file, as it is typed.
        others: Endings that it may have besides those of tables.
        words: What could be given instead of a file, for messages.

    Raises:
        UserError: It can't be written, or is there.
    """
    file = Path(value).expanduser().absolute() if isinstance(value, str) and value.strip() else None
    endings = [*FORMATS, *others]
    if file is None or file.suffix.lower() not in endings:
        instead = f", or {' or '.join(words)}" if words else ""
        raise UserError(f"to must be a file that ends with {', '.join(endings)}{instead}, got {value}")
    if file.exists():
        raise UserError(f"to={value} is there already: give a new file")
    if not file.parent.is_dir():
        raise UserError(f"to must be a file in a folder that is there, got {value}")
    return file


def write_table(study: Study, file: Path) -> None:
    """Writes a study's trials into a file whose ending says the format."""
    with replaced(file) as beside:
        FORMATS[file.suffix.lower()](trials_table(study), beside)
