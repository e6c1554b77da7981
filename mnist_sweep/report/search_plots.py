"""The figures of a search as a whole: its history, curves and time.

These are not optuna.visualization's: each has a text alternative, fits a light and a dark page, needs no script, and
shows pruned trials and the baseline.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from mnist_sweep.formatting import plural
from mnist_sweep.report.svg import (
    COLOURS,
    INK,
    MANY,
    MARKERS,
    STATE_COLOURS,
    Drawing,
    drawn,
    inside,
    limit,
    whole_numbers,
)
from mnist_sweep.results.study import Study
from mnist_sweep.results.trial import Trial
from mnist_sweep.storage.state import FINISHED, TrialState
from mnist_sweep.tasks.image_classifier.figures.style import GREEN, GREY

FEW = 40  # bars that have room for a number


def _best_so_far(study: Study) -> list[tuple[Trial, float | None]]:
    """Returns the trials in the order in which they ended, each with the best value until then."""
    best, found = None, []
    for trial in sorted(study.of_state(*FINISHED), key=lambda trial: trial.ended or 0.0):
        if trial.state == TrialState.COMPLETE and trial.value is not None and not trial.infeasible:
            best = trial.value if best is None else max(best, trial.value, key=lambda v: study.sign * v)
        found.append((trial, best))
    return found


def history(study: Study) -> Drawing:
    """Draws every trial in the order in which they ended, and the best value so far."""
    line = _best_so_far(study)
    ended, best = [trial for trial, _ in line], line[-1][1] if line else None
    last = {trial.number: _value(study, trial) for trial in ended}
    values = [value for value in last.values() if value is not None]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        end = limit(axes, values, study.sign)
        bottom = end if end is not None else min(values, key=lambda v: study.sign * v, default=0.0)
        for state in FINISHED:
            chosen = [(i, last[t.number]) for i, t in enumerate(ended, 1) if t.state == state]
            spots = [bottom if value is None else inside(value, end, study.sign) for _, value in chosen]
            if chosen:
                axes.scatter([i for i, _ in chosen], spots, s=22, color=STATE_COLOURS[state], marker=MARKERS[state],
                             label=f"{state} ({len(chosen)})", rasterized=len(ended) > MANY, zorder=3)  # fmt: skip
        steps = [(i, value) for i, (_, value) in enumerate(line, 1) if value is not None]
        if steps:
            axes.step(*zip(*steps, strict=True), where="post", color=GREEN, linewidth=2, label="best so far")
        if study.baseline and study.baseline.value is not None:
            axes.axhline(study.baseline.value, color=INK, linestyle=":", linewidth=1.2, label="baseline (trial 0)")
        axes.set_xlabel("trials that have ended")
        axes.set_ylabel(study.metric)
        if not values:
            axes.set_yticks([])
        whole_numbers(axes)
        axes.grid(True)
        if ended:
            figure.legend(loc="outside lower center", ncols=5)

    found = f"the best so far is a line that reaches {best:.4f}" if best is not None else "no trial is complete"
    text = f"{study.metric} of each of {len(ended)} trials in the order in which they ended; {found}."
    return drawn("History of the search", text, (9, 3.8), draw)


def _value(study: Study, trial: Trial) -> float | None:
    """Returns the objective; for a pruned trial the value that it had reached."""
    if trial.value is not None:
        return trial.value
    return study.objective.of(trial.rows)


def curves(study: Study) -> Drawing:
    """Draws every trial's validation curve; those of pruned trials end where they were stopped."""
    shown = [trial for trial in study.trials if trial.rows and study.curve in trial.rows[0]]
    if len(shown) > MANY:
        keep = {trial.number for trial in study.ranked[: MANY // 2]} | {0}
        others = [trial for trial in shown if trial.number not in keep]
        keep |= {trial.number for trial in others[:: max(1, len(others) // (MANY // 2))]}
        shown = [trial for trial in shown if trial.number in keep]
    name = study.curve
    found = study.metric_table.find(name)
    sign = found.sign if found else study.sign

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        end = limit(axes, [row[name] for trial in shown for row in trial.rows], sign)
        seen = set()
        for trial in shown:
            state = trial.state if trial.state in STATE_COLOURS else TrialState.RUNNING
            epochs = [row["epoch"] for row in trial.rows]
            values = [inside(row[name], end, sign) for row in trial.rows]
            is_best = study.best is not None and trial.number == study.best.number
            colour = GREEN if is_best else STATE_COLOURS.get(state, INK)
            label = f"trial {trial.number}, the best" if is_best else state
            axes.plot(epochs, values, color=colour, linewidth=2.4 if is_best else 1, zorder=4 if is_best else 2,
                      alpha=1 if is_best else 0.75, label=label if label not in seen else None,
                      rasterized=len(shown) > MANY // 2)  # fmt: skip
            axes.plot(epochs[-1:], values[-1:], color=colour, marker=MARKERS.get(state, "o"), markersize=5,
                      linestyle="", zorder=5)  # fmt: skip
            seen.add(label)
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        whole_numbers(axes)
        axes.grid(True)
        if seen:
            figure.legend(loc="outside lower center", ncols=5)

    pruned = len([trial for trial in shown if trial.state == TrialState.PRUNED])
    text = (
        f"{name} over the epochs for {plural(len(shown), 'trial')}; those of {plural(pruned, 'pruned trial')} end "
        "where they were stopped."
    )
    return drawn("Curves of all trials", text, (9, 3.8), draw)


def timeline(study: Study) -> Drawing:
    """Draws which worker was busy when."""
    spans = sorted(((t.started, t.ended, t) for t in study.trials if t.started and t.ended), key=lambda span: span[0])
    begin = spans[0][0] if spans else 0.0
    free: list[float] = []

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        bars: dict[tuple[int, TrialState], list[tuple[float, float]]] = {}
        for start, stop, trial in spans:
            lane = next((lane for lane, until in enumerate(free) if until <= start + 0.05), len(free))
            free[lane:] = [stop, *free[lane + 1 :]]
            bars.setdefault((lane, trial.state), []).append(((start - begin) / unit, (stop - start) / unit))
            if len(spans) <= FEW:
                axes.text(((start + stop) / 2 - begin) / unit, lane, str(trial.number), ha="center", va="center",
                          fontsize=8, color="white" if trial.state != TrialState.PRUNED else "black")  # fmt: skip
        seen = set()
        for (lane, state), pieces in bars.items():
            axes.broken_barh(pieces, (lane - 0.4, 0.8), color=STATE_COLOURS.get(state, GREY), linewidth=0.4,
                             label=None if state in seen else state, rasterized=len(spans) > MANY,
                             edgecolor="white" if len(spans) <= MANY else None)  # fmt: skip
            seen.add(state)
        axes.set_yticks(range(len(free)), [f"worker {lane + 1}" for lane in range(len(free))])
        axes.set_xlabel(f"{unit_name} since the start")
        if seen:
            figure.legend(loc="outside lower center", ncols=4)

    whole = max((stop for _, stop, _ in spans), default=begin) - begin
    unit, unit_name = (60.0, "minutes") if whole > 180 else (1.0, "seconds")
    text = f"Bars for {len(spans)} trials over {whole / unit:.0f} {unit_name}: which worker was busy when."
    return drawn("Who was busy when", text, (9, 2.6), draw)


def against_each_other(studies: Sequence[Study]) -> Drawing:
    """Draws the best value so far of several studies, over trials and over time."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for index, study in enumerate(studies):
            begin = min((trial.started for trial in study.trials if trial.started), default=0.0)
            line = enumerate(_best_so_far(study), 1)
            steps = [(i, (trial.ended or begin) - begin, best) for i, (trial, best) in line if best is not None]
            if steps:
                counts, seconds, values = zip(*steps, strict=True)
                style: dict[str, Any] = {"where": "post", "color": COLOURS[index % len(COLOURS)], "linewidth": 2}
                left.step(counts, values, label=study.name, **style)
                right.step([second / 60 for second in seconds], values, **style)
        left.set_xlabel("trials that have ended")
        right.set_xlabel("minutes since the start")
        left.set_ylabel(studies[0].metric)
        whole_numbers(left)
        for axes in (left, right):
            axes.grid(True)
        if left.lines:
            figure.legend(loc="outside lower center", ncols=4)

    names = " and ".join(study.name for study in studies)
    text = f"{studies[0].metric} of the best trial so far of {names}, over the trials and over the time."
    return drawn("Best so far", text, (10, 3.8), draw)
