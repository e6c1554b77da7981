"""Imported first by the fork server: what every trial's process has, whatever its task imports."""

import contextlib
import ctypes
import os
import signal

signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver handles Ctrl-C, also while a task's modules are imported
with contextlib.suppress(OSError, AttributeError):  # Linux: ends with the driver, also while these are imported
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
# A process with threads is not safe to fork: NumPy's, and those of pyarrow's allocator, which comes with Keras.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # trials run on the CPU, single-threaded
