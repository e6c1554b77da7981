"""What a Ray cluster costs: the same sweep on three nodes of this machine and in its own processes, side by side.

`make cluster` first. Trials are of a function that returns at once, or sleeps for some seconds, which loads no CPU: the
engine is measured. A trial costs what a sweep of all trials takes longer than one of a quarter, divided by the
trials that are more; with three at a time, on the cores that there are. What the driver itself takes of a processor is
measured with the dry task, which trains nothing anywhere: its own thread, from the first trial's end to the last one's.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import busy
import environments
import machine
import reporting

FUNCTION = """
import time


def objective(config, trial):
    time.sleep(SECONDS)
    return {"score": config["x"]}
"""
SLOTS = 3
LONG_SECONDS = 4.0
WHERE = {"local": [f"runtime.workers={SLOTS}"], "cluster": ["runtime=ray", "runtime.address=auto"]}


def sweep(folder: Path, where: str, trials: int, seconds: float) -> float:
    """Runs a sweep; the seconds from the beginning of its first trial to the end of its last one."""
    folder.mkdir()
    (folder / "timed.py").write_text(f"SECONDS = {seconds}\n{FUNCTION}")
    command = [sys.executable, "-m", "mnist_sweep", "sweep", "task=function", "task.function=timed.objective",
               "runtime.allowed_targets=[timed]", "params.x=interval(0,1)", "search.metric=score", "sampler=random",
               "study.name=it", "tracking=none", f"search.n_trials={trials}", *WHERE[where]]  # fmt: skip
    busy.seconds_of(command, folder)
    spans = busy.spans(folder / "runs/it")
    return max(span["ended"] for span in spans) - spans[0]["begun"]


def measure(overrides: list[str]) -> int:
    """Runs a sweep in this process; writes the milliseconds of its thread for each trial into driver.txt."""
    from mnist_sweep.cli import main as command_line
    from mnist_sweep.driver.study_files import StudyFiles

    marks: list[float] = []
    ended = StudyFiles.trial_ended

    def marked(*args: Any, **more: Any) -> None:
        ended(*args, **more)
        marks.append(time.thread_time())

    StudyFiles.trial_ended = marked  # type: ignore[method-assign, assignment]
    code = command_line.run(["sweep", *overrides])
    Path("driver.txt").write_text(str(1000 * (marks[-1] - marks[0]) / (len(marks) - 1)))
    return code


def driver_milliseconds(folder: Path, where: str, trials: int) -> float:
    """Milliseconds of the driver's thread for each dry trial, without MLflow."""
    folder.mkdir()
    overrides = ["task=dry", "data=digits", "model=dnn", "train.epochs=3", "sampler=random", "tracking=none"]
    command = [sys.executable, str(Path(__file__).absolute()), "--measure", *overrides, f"search.n_trials={trials}",
               *WHERE[where]]  # fmt: skip
    busy.seconds_of(command, folder)
    return float((folder / "driver.txt").read_text())


def ray_tune(folder: Path, trials: int) -> float:
    """Seconds of Ray Tune's further trial, of a function that returns at once."""
    script = Path(__file__).resolve().parent / "peers/ray_tune/cluster.py"
    took = []
    for many in (trials // 4, trials):
        (folder / f"tune{many}").mkdir()
        command = [str(environments.python("ray_tune")), str(script), f"--trials={many}"]
        took.append(busy.seconds_of(command, folder / f"tune{many}")[1])
    return (took[1] - took[0]) / (trials - trials // 4)


def main() -> int:
    """Measures, and writes the results."""
    if sys.argv[1:2] == ["--measure"]:
        return measure(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--long", type=int, default=24, help="trials that sleep")
    parser.add_argument("--tune", type=int, default=0, help="trials of Ray Tune, to measure its further trial")
    given = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as folder:
        for where in WHERE:
            few, many = (sweep(Path(folder, f"{where}{n}"), where, n, 0.0) for n in (given.trials // 4, given.trials))
            found[where] = {
                "seconds a trial": (many - few) / (given.trials - given.trials // 4),
                "seconds of the long trials": sweep(Path(folder, f"{where}-long"), where, given.long, LONG_SECONDS),
                "driver's milliseconds a dry trial": driver_milliseconds(
                    Path(folder, f"{where}-dry"), where, given.trials
                ),
            }
        tune = ray_tune(Path(folder), given.tune) if given.tune else None
    reporting.write("cluster", {"machine": machine.describe(), "given": vars(given), "found": found, "ray_tune": tune})
    names = list(next(iter(found.values())))
    ratios = {name: found["cluster"][name] / found["local"][name] for name in names}
    rows = [[name, *(f"{one[name]:.3f}" for one in found.values()), f"{ratios[name]:.2f}"] for name in names]
    reporting.write_table("cluster", ["figure", *found, "ratio"], rows, f"`python benchmarks/cluster.py --trials "
                          f"{given.trials} --long {given.long} --tune {given.tune}`: {SLOTS} slots each; "
                          f"long trials sleep {LONG_SECONDS:g} s." + (
                              f" Ray Tune takes {tune:.2f} s a trial that returns at once." if tune else ""
                          ))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
