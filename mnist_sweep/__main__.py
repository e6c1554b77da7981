"""The command line: `mnist-sweep COMMAND [--help] [--cfg job] [override ...]`."""

import signal
import sys

HELP = """mnist-sweep: hyperparameter sweeps that are tracked, resumable and reproducible to the bit.

usage: mnist-sweep COMMAND [override ...]

  sweep      search: mnist-sweep sweep model=cnn search.n_trials=40 'model.filters_1=choice(16,32,64)'
  plan       check a search and predict its time and disk; trains nothing
  train      one trial: mnist-sweep train model=dnn optimizer.beta_1=0.8, or a file: mnist-sweep train best.yaml
  reproduce  retrain a trial from its stored configuration and compare: STUDY trial=NUMBER, run=ID, best.yaml
  confirm    the best trials on fresh seeds, judged by the test images: STUDY
  compare    configurations, metrics, and the images only one gets right: STUDY/TRIAL STUDY/TRIAL
  report     a study as one page, report.html: STUDY; several next to each other: STUDY STUDY
  show       the leaderboard of a study, also while it is running: STUDY
  studies    all studies in runs_folder
  export     the trials as a table, or the network: STUDY to=trials.csv, winner.onnx, saved_model, tensorboard
  ensemble   the mean of the best networks' predictions on the validation images: STUDY top_k=5
  delete     a trial or a study with its MLflow runs, after a question: STUDY/7 or STUDY
  stop       a running search, as by Ctrl-C: STUDY; or one of its trials: STUDY/7
  pause      lets no further trial of a running search begin: STUDY
  resume     lets trials begin again: STUDY
  add        a trial that a running search tries next: STUDY model.dropout=0.3
  set        other limits for a running search: STUDY search.n_trials=60 search.timeout=2h runtime.workers=1
  sync       bring MLflow up to date with the studies' folders, after it was unavailable
  data       fetch and verify the data set
  ui         browse all runs in the MLflow UI on http://127.0.0.1:5000

Overrides are Hydra's (https://hydra.cc/docs/advanced/override_grammar/basic). For each command:

  mnist-sweep COMMAND --help       groups, options and defaults
  mnist-sweep COMMAND --cfg job    the composed configuration
  mnist-sweep train --multirun model=dnn,cnn

  mnist-sweep --version
  eval "$(mnist-sweep -sc install=bash)"    completion (also zsh, fish)
"""


def main() -> None:
    """Entry point of the console script."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(HELP)
        return
    if arguments[0] == "--version":
        from mnist_sweep import __version__

        sys.stdout.write(f"mnist-sweep {__version__}\n")
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where a shell has switched it off
    try:
        from mnist_sweep.cli.main import run

        code = run(arguments)
    except KeyboardInterrupt:  # while the libraries are imported
        sys.stderr.write("interrupted\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
