"""Imported once by the fork server: everything that a trial needs, and no word on the terminal about it."""

import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # trials run on the processor, one thread each

# TensorFlow's C++ code writes to file descriptor 2 while it is imported, whatever the log level.
with tempfile.TemporaryFile() as _chatter:
    _stderr = os.dup(2)
    os.dup2(_chatter.fileno(), 2)
    try:
        pass
    except BaseException:
        os.dup2(_stderr, 2)
        _chatter.seek(0)
        sys.stderr.write(_chatter.read().decode(errors="replace"))
        raise
    finally:
        os.dup2(_stderr, 2)
        os.close(_stderr)
