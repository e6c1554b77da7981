"""Imported once by the fork server: everything that a trial needs, without output on the terminal."""

import gc
import importlib
import os
import sys
import tempfile

from mnist_sweep.config.kernels import chosen, switch_to

PRELOADED = (
    "mnist_sweep.tasks.image_classifier.trial",
    "matplotlib.backends.backend_agg",
    "sklearn.metrics",
    "sklearn.model_selection",
)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
switch_to(chosen())

# TensorFlow's C++ code writes to file descriptor 2 while it is imported, whatever the log level.
with tempfile.TemporaryFile() as _chatter:
    _stderr = os.dup(2)
    os.dup2(_chatter.fileno(), 2)
    try:
        for _name in PRELOADED:
            importlib.import_module(_name)
    except BaseException:
        os.dup2(_stderr, 2)
        _chatter.seek(0)
        sys.stderr.write(_chatter.read().decode(errors="replace"))
        raise
    finally:
        os.dup2(_stderr, 2)
        os.close(_stderr)

# Half a million objects that stay: a trial's collector needn't walk over them nor write into shared pages.
gc.collect()
gc.freeze()
