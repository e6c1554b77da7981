"""Ray Tune on trials that return at once, three at a time, on a Ray of its own; nothing is tracked.

After https://docs.ray.io/en/latest/tune/index.html, as typed there: each trial is a process of its own, which Ray's
documentation has by default (reuse_actors=False).
"""

import argparse
from pathlib import Path

from ray import tune

parser = argparse.ArgumentParser()
parser.add_argument("--trials", type=int, required=True)
arguments = parser.parse_args()


def train(config: dict) -> dict:
    """Returns its parameter."""
    return {"score": config["x"]}


tune.Tuner(
    tune.with_resources(train, {"cpu": 0.5}),
    param_space={"x": tune.uniform(0, 1)},
    tune_config=tune.TuneConfig(metric="score", mode="max", num_samples=arguments.trials, max_concurrent_trials=3),
    run_config=tune.RunConfig(name="cluster", storage_path=str(Path.cwd() / "ray")),
).fit()
