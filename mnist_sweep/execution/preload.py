"""Imported once by the fork server: everything that a trial needs, without output on the terminal."""

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import sys
import tempfile

from mnist_sweep.config.kernels import chosen, switch_to

PRELOADED = (
    "mnist_sweep.tasks.image_classifier.trial",
    "matplotlib.backends.backend_agg",
    "sklearn.metrics",
    "sklearn.model_selection",
)

signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver handles Ctrl-C, also while this is imported
with contextlib.suppress(OSError, AttributeError):  # Linux: ends with the driver, also while this is imported
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A process with threads is not safe to fork: NumPy's, and those of pyarrow's allocator, which comes with Keras.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # trials run on the CPU, single-threaded
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
