"""What a trial costs the driver as its study grows: `python benchmarks/growth.py --trials 10000`.

Nothing is trained (`task=dry`): what is left is the sampler, Optuna's journal, the trial's folder and
MLflow. Each search runs in a process of its own, whose methods are wrapped here, not in the product. Times are of the
processor and of one thread, so that other work on the machine hardly shows. Writes growth.json and growth.md.
"""

import argparse
import functools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import reporting
from machine import describe

SAMPLERS = ("random", "tpe")
COUNTS = (100, 1_000, 10_000)
WINDOW = 100  # trials before each of them
MORE = 10  # trials that a study is resumed for
FEW = 10  # trials of the study that shows what a call costs whatever the size
SAMPLER = ("before_trial", "after_trial", "infer_relative_search_space", "sample_relative", "sample_independent")


class Meter:
    """Processor time of the driver's thread by part (a part within another counts for itself), and marks on the way."""

    def __init__(self) -> None:
        self.parts = {"study": 0.0, "sampler": 0.0, "pruner": 0.0}
        self.inner = [0.0]  # what the parts within the present ones took
        self.marks: list[dict[str, float]] = []
        self.mirrored: list[float] = []
        self.ends: dict[str, dict[str, float]] = {}
        self.epochs = 0

    def part(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, with its time counted."""

        @functools.wraps(method)
        def timed(*args: Any, **more: Any) -> Any:
            began = time.thread_time()
            self.inner.append(0.0)
            try:
                return method(*args, **more)
            finally:
                took = time.thread_time() - began
                self.parts[name] += took - self.inner.pop()
                self.inner[-1] += took

        return timed

    def once(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method, with what a single call of it takes, in all threads."""

        @functools.wraps(method)
        def timed(*args: Any, **more: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return method(*args, **more)
            finally:
                self.ends[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

        return timed

    def mark(self) -> None:
        """A trial has ended: how far the driver's thread has come."""
        import psutil

        self.marks.append({"driver": time.thread_time(), "wall": time.perf_counter(), "epochs": self.epochs,
                           "memory": psutil.Process().memory_info().rss, **self.parts})  # fmt: skip


def measure(arguments: list[str], file: Path) -> int:
    """Runs `mnist-sweep sweep` in this process, and writes what it cost."""
    from mnist_sweep.cli import main as command_line
    from mnist_sweep.driver.study_files import StudyFiles
    from mnist_sweep.search import Search
    from mnist_sweep.tracking import Tracker, Writer

    meter = Meter()
    for name in ("ask", "report", "tell", "best", "ranked", "finished", "retries", "standing", "front"):
        setattr(Search, name, meter.part("study", getattr(Search, name)))
    begin = Search.__init__

    def opened(search: Search, *args: Any, **more: Any) -> None:
        begin(search, *args, **more)
        for name in SAMPLER:
            setattr(search.study.sampler, name, meter.part("sampler", getattr(search.study.sampler, name)))
        search.study.pruner.prune = meter.part("pruner", search.study.pruner.prune)  # type: ignore[method-assign]

    Search.__init__ = meter.once("opening the journal", opened)  # type: ignore[method-assign]
    trial_ended, epoch, mirrored = StudyFiles.trial_ended, StudyFiles.epoch, Writer.trial

    def ended(*args: Any) -> None:
        trial_ended(*args)
        meter.mark()

    def counted(*args: Any) -> None:
        epoch(*args)
        meter.epochs += 1

    def in_mlflow(*args: Any) -> str:
        run_id = mirrored(*args)
        meter.mirrored.append(time.thread_time())
        return run_id

    StudyFiles.trial_ended, StudyFiles.epoch, Writer.trial = ended, counted, in_mlflow  # type: ignore[method-assign, assignment]
    StudyFiles.start = meter.once("taking up", StudyFiles.start)  # type: ignore[method-assign]
    StudyFiles.conclude = meter.once("report", StudyFiles.conclude)  # type: ignore[method-assign]
    Tracker.close = meter.once("waiting for MLflow", Tracker.close)  # type: ignore[method-assign]
    wall = time.perf_counter()
    code = command_line.run(["sweep", *arguments])
    found = {"code": code, "wall": time.perf_counter() - wall, "cpu": time.process_time(), "ends": meter.ends,
             "most_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "marks": meter.marks,
             "mirrored": meter.mirrored}  # fmt: skip
    file.write_text(json.dumps(found))
    return code


def run(folder: Path, sampler: str, trials: int, more: list[str]) -> dict[str, Any]:
    """A search in a process of its own: what it cost."""
    file = folder / "figures.json"
    command = [sys.executable, str(Path(__file__).absolute()), "--measure", str(file), f"sampler={sampler}",
               "task=dry", f"search.n_trials={trials}", f"study.name={sampler}", *more]  # fmt: skip
    with (folder / "output.txt").open("a") as output:
        subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=True)
    found: dict[str, Any] = json.loads(file.read_text())
    print(f"{sampler}, {trials} trials: {found['wall']:.1f} s, {found['cpu']:.1f} s of the processor", flush=True)
    return found


def at(found: dict[str, Any], count: int) -> dict[str, float]:
    """Milliseconds of a trial by part, over the trials before a count, and the memory there."""
    window = min(WINDOW, count // 2)
    first, last = found["marks"][count - window - 1], found["marks"][count - 1]
    spent = {
        name: 1000 * (last[name] - first[name]) / window for name in ("driver", "wall", "study", "sampler", "pruner")
    }
    rest = spent["driver"] - spent["study"] - spent["sampler"] - spent["pruner"]
    mirrored = found["mirrored"]
    tracking = 1000 * (mirrored[count - 1] - mirrored[count - window - 1]) / window if len(mirrored) >= count else 0.0
    return {"trials": count, "study": spent["study"] + spent["pruner"], "pruner": spent["pruner"], "tracking": tracking,
            "files": rest, "sampler": spent["sampler"], "wall": spent["wall"], "memory": last["memory"] / 1e6,
            "epochs": (last["epochs"] - first["epochs"]) / window}  # fmt: skip


def study(folder: Path, sampler: str, trials: int, more: list[str]) -> dict[str, Any]:
    """A search, opened again and gone on with: all figures."""
    folder.mkdir(parents=True)
    few = folder / "few"
    few.mkdir()
    run(few, sampler, FEW, more)
    floor = run(few, sampler, FEW, more)
    searched = run(folder, sampler, trials, more)
    calls = {
        "nothing to do": run(folder, sampler, trials, more),
        f"{MORE} more": run(folder, sampler, trials + MORE, more),
    }
    floors = {"nothing to do": floor, f"{MORE} more": run(few, sampler, FEW + MORE, more)}
    return {
        "sampler": sampler,
        "counts": [at(searched, count) for count in COUNTS if count <= trials],
        "search": {name: searched[name] for name in ("wall", "cpu", "most_memory", "ends")},
        "again": {
            name: {key: call[key] for key in ("wall", "cpu", "most_memory", "ends")} for name, call in calls.items()
        },
        "again_small": {name: {key: call[key] for key in ("wall", "cpu", "ends")} for name, call in floors.items()},
    }


def table(found: list[dict[str, Any]], trials: int) -> str:
    """The figures as Markdown."""
    samplers = " ".join(one["sampler"] for one in found)
    lines = [f"`python benchmarks/growth.py --trials {trials} --samplers {samplers}`", "",
             "Milliseconds of the processor a trial, over the trials before the count. Nothing is trained; study:",
             "asking and telling, Optuna's journal and the pruner; tracking: MLflow's thread; files: composing and",
             "writing the trial's folder, the terminal.", "",
             "| sampler | trials | study | tracking | files | sampler's own | in all | epochs a trial | memory (MB) |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for one in found:
        for row in one["counts"]:
            parts = [row["study"], row["tracking"], row["files"], row["sampler"]]
            cells = [f"{value:.1f}" for value in (*parts, sum(parts), row["epochs"])]
            lines.append(f"| {one['sampler']} | {row['trials']:,} | {' | '.join(cells)} | {row['memory']:.0f} |")
    lines += ["", "How many times as much at the last count as at the first:", "",
              "| sampler | trials | study | tracking | files | without the sampler | in all |",
              "|---|---|---:|---:|---:|---:|---:|"]  # fmt: skip
    for one in found:
        first, last = one["counts"][0], one["counts"][-1]
        groups = (("study",), ("tracking",), ("files",), ("study", "tracking", "files"),
                  ("study", "tracking", "files", "sampler"))  # fmt: skip
        ratios = [sum(last[n] for n in names) / (sum(first[n] for n in names) or 1) for names in groups]
        lines.append(f"| {one['sampler']} | {first['trials']:,} to {last['trials']:,} | "
                     f"{' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")  # fmt: skip
    lines += ["", f"Seconds (of the processor in brackets); small: the same with {FEW} trials.", "",
              f"| sampler | {trials:,} trials | report | waiting for MLflow | open | small | {MORE} more | small |",
              "|---|---:|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    for one in found:
        ends = one["search"]["ends"]
        names = ("nothing to do", f"{MORE} more")
        calls = [one["search"], ends.get("report"), ends.get("waiting for MLflow"),
                 *(one[which][name] for name in names for which in ("again", "again_small"))]  # fmt: skip
        cells = [f"{call['wall']:.1f} ({call['cpu']:.1f})" if call else "" for call in calls]
        lines.append(f"| {one['sampler']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures, and writes figures and table."""
    if "--measure" in sys.argv:
        where = sys.argv.index("--measure")
        sys.exit(measure(sys.argv[where + 2 :], Path(sys.argv[where + 1])))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS)
    parser.add_argument("--folder", type=Path, help="keeps the studies there")
    parser.add_argument("--results", type=Path, default=reporting.FOLDER)
    parser.add_argument("overrides", nargs="*", help="for mnist-sweep sweep, such as tracking.enabled=false")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as own:
        folder = (given.folder or Path(own)).absolute()
        found = [study(folder / sampler, sampler, given.trials, given.overrides) for sampler in given.samplers]
    given.results.mkdir(parents=True, exist_ok=True)
    content = {"trials": given.trials, "overrides": given.overrides, "machine": describe(), "studies": found}
    (given.results / "growth.json").write_text(json.dumps(content, indent=2) + "\n")
    (given.results / "growth.md").write_text(table(found, given.trials))
    print(table(found, given.trials))


if __name__ == "__main__":
    main()
