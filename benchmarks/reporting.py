"""Results: raw JSON for machines, one table for people; in a folder for each kind of CPU."""

import json
from pathlib import Path

import machine

FOLDER = Path(__file__).resolve().parent / "results" / machine.kind()


def read(name: str) -> dict:
    """The results that are there already."""
    file = FOLDER / f"{name}.json"
    return json.loads(file.read_text()) if file.is_file() else {}


def write(name: str, data: dict) -> None:
    """The raw results, whole or not at all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    draft = FOLDER / f"{name}.json.draft"
    draft.write_text(json.dumps(data, indent=1) + "\n")
    draft.replace(FOLDER / f"{name}.json")


def write_table(name: str, header: list[str], rows: list[list[str]], note: str) -> None:
    """The table, printed and as Markdown; the note under it says how to read it."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [_line(header, widths), _line(["-" * width for width in widths], widths)]
    lines += [_line(row, widths) for row in rows]
    text = "\n".join([*lines, "", note]) + "\n"
    (FOLDER / f"{name}.md").write_text(text)
    print(text)


def _line(cells: list[str], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
