"""The figures of confirming.md, from what benchmarks/confirming.py found: `python docs/make_confirming_figures.py`."""

import json
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from mnist_sweep.files import write_text
from mnist_sweep.report.svg import drawn
from mnist_sweep.tasks.image_classifier.figures.style import BLUE, ORANGE, VERMILION

HERE = Path(__file__).parent
METHODS = {"components": (BLUE, "o"), "bootstrap": (ORANGE, "s"), "seeds alone": (VERMILION, "x")}


def coverage(found: dict[str, Any], figure: Figure) -> None:
    """How often the intervals of each method hold the truth, by case."""
    axes = figure.add_subplot()
    cases = list(found["coverage"])
    axes.axvspan(0.93, 0.97, alpha=0.15, color=BLUE)
    for method, (colour, marker) in METHODS.items():
        held = [found["coverage"][case][method]["held"] for case in cases]
        axes.plot(held, range(len(cases)), marker, color=colour, label=method)
    axes.set_yticks(range(len(cases)), cases)
    axes.invert_yaxis()
    axes.set_xlabel("share of the studies whose 95% interval holds the truth")
    axes.legend()


def seeds(found: dict[str, Any], figure: Figure) -> None:
    """How often a better finalist is found, by the runs of each network."""
    axes = figure.add_subplot()
    for effect, colour in (("1.0", ORANGE), ("1.5", BLUE), ("2.25", VERMILION)):
        rows = {name: found["power"][f"{effect} | {name}"] for name in ("5", "10", "15", "5..15")}
        fixed = [rows[name] for name in ("5", "10", "15")]
        axes.plot([row["runs"] for row in fixed], [row["found"] for row in fixed], "o-", color=colour,
                  label=f"{effect} deviations better")  # fmt: skip
        axes.plot(rows["5..15"]["runs"], rows["5..15"]["found"], "*", color=colour, markersize=14)
    axes.set_xlabel("runs of each network, on average; ★ is confirm.seeds=5..15")
    axes.set_ylabel("share of the studies that find it")
    axes.legend()


def main() -> None:
    """Writes both into docs/images."""
    file = next((HERE.parent / "benchmarks" / "results").glob("*/confirming.json"))
    found = json.loads(file.read_text())
    for name, size, draw in (("coverage", (7.5, 3.6), coverage), ("seeds", (6.0, 3.4), seeds)):
        made = drawn(name, draw.__doc__ or "", size, lambda figure, draw=draw: draw(found, figure))
        write_text(HERE / "images" / f"confirming_{name}.svg", made.svg)


if __name__ == "__main__":
    main()
