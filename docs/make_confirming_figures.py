"""The figures of confirming.md, from what benchmarks/{confirming,choosing,groups}.py found."""

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


def choice(found: dict[str, Any], figure: Figure) -> None:
    """How much too good the best of a search looks, and how much of that is expected, by the number of trials."""
    axes = figure.add_subplot()
    rows = [(*name.split(" | "), row) for name, row in found["curse"].items()]
    for deviation, colour in (("0.0", VERMILION), ("0.0005", BLUE), ("0.002", ORANGE)):
        own = [(int(networks), row) for name, networks, row in rows if name == deviation]
        networks = [number for number, _ in own]
        label = "equal networks" if deviation == "0.0" else f"networks that differ by {deviation}"
        axes.plot(networks, [row["found"] for _, row in own], "o-", color=colour, label=label)
        axes.plot(networks, [row["expected"] for _, row in own], "x--", color=colour)
    axes.set_xscale("log")
    axes.set_xticks(networks, [str(number) for number in networks])
    axes.minorticks_off()
    axes.set_ylim(0)
    axes.set_xlabel("trials; dashed: what the predictions alone let expect")
    axes.set_ylabel("too good by")
    axes.legend()


def groups(found: dict[str, Any], figure: Figure) -> None:
    """What is wrong of the images of each series, by networks that know their writers and by ones that don't."""
    axes = figure.add_subplot()
    labels = {"0": "employees", "4": "students"}
    for shift, (split, name, colour) in enumerate((("stratified", "writers that the network has seen", BLUE),
                                                   ("grouped", "writers that it has not", VERMILION))):  # fmt: skip
        for place, errors in enumerate(found[split]["series"][series] for series in labels):
            across = place + 0.2 * (shift - 0.5)
            axes.plot([across] * len(errors), errors, "o", color=colour, alpha=0.5, label="" if place else name)
            axes.plot([across - 0.07, across + 0.07], [sum(errors) / len(errors)] * 2, color=colour)
    axes.set_xticks([0, 1], [f"{name} (series {series})" for series, name in labels.items()])
    axes.set_xlim(-0.5, 1.5)
    axes.set_ylim(0)
    axes.set_ylabel("share that is wrong")
    axes.legend()


def sampler(found: dict[str, Any], figure: Figure) -> None:
    """How large a sampler's gain over random search has to be to be seen, by the trials of each kind."""
    axes = figure.add_subplot()
    rows = [(name.replace(" | ", " and "), row) for name, row in found["gains"].items()]
    for place, (_, row) in enumerate(rows):
        axes.errorbar(row["truth"], place, xerr=row["half"], fmt="o", color=BLUE, capsize=4)
    axes.axvline(0, color=VERMILION)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_ylabel("random and proposed trials")
    axes.set_xlabel("gain in accuracy, and the mean of its 95% intervals")


FIGURES = (
    ("coverage", "confirming", (7.5, 3.6), coverage),
    ("seeds", "confirming", (6.0, 3.4), seeds),
    ("choice", "choosing", (6.0, 3.4), choice),
    ("groups", "groups", (6.0, 3.4), groups),
    ("sampler", "choosing", (6.0, 2.4), sampler),
)


def main() -> None:
    """Writes all into docs/images."""
    for name, benchmark, size, draw in FIGURES:
        file = next((HERE.parent / "benchmarks" / "results").glob(f"*/{benchmark}.json"))
        found = json.loads(file.read_text())
        made = drawn(name, draw.__doc__ or "", size, lambda figure, draw=draw, found=found: draw(found, figure))
        write_text(HERE / "images" / f"confirming_{name}.svg", made.svg)


if __name__ == "__main__":
    main()
