"""Downloads a data set into the Keras cache: completely, or not at all."""

import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import urlsplit

import requests

from mnist_sweep.config import DataConfig, Unavailable
from mnist_sweep.tasks.image_classifier.data.sources import find, is_found_by_name, keras_cache

GIVE_UP_SECONDS = 12  # until the server answers, DNS included; Ctrl-C ends it sooner
READ_SECONDS = 10  # without a byte, after the first answer


def _open(url: str) -> requests.Response:
    """Returns the response to a request; raises OSError also where DNS hangs, which requests has no timeout for."""
    answers: Queue[Any] = Queue()

    def ask() -> None:
        try:
            answer = requests.get(url, stream=True, timeout=(GIVE_UP_SECONDS, READ_SECONDS))
            if not answer.ok:
                answer.close()
            answer.raise_for_status()
            answers.put(answer)
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    answer = answers.get(timeout=GIVE_UP_SECONDS)
    if isinstance(answer, Exception):
        raise answer
    assert isinstance(answer, requests.Response)
    return answer


def _fetch(url: str, file: Path, progress: Callable[[int, int | None], None]) -> None:
    with _open(url) as answer, file.open("wb") as out:
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        for chunk in answer.iter_content(1 << 16):
            out.write(chunk)
            progress(out.tell(), total)
        if total is not None and out.tell() < total and not answer.headers.get("Content-Encoding"):
            raise OSError(f"the answer ended after {out.tell()} of {total} bytes")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _fetch_all(urls: Sequence[str], folder: Path, progress: Callable[[int, int | None], None]) -> None:
    try:
        for url in urls:
            _fetch(url, folder / url.rpartition("/")[2], progress)
    except Exception as error:
        reason = "no answer" if not str(error) else type(error).__name__
        raise Unavailable(
            f"it can't be downloaded from {_host(urls[0])} ({reason}). "
            f"Put it there, name its folder in $MNIST_SWEEP_DATA or data.path, or use data=digits (works offline)"
        ) from None


def _make_room(final: Path, name: str, missing: str) -> None:
    """Makes the folder of a download; raises Unavailable where it can't be stored."""
    if final.exists():
        raise Unavailable(f"{final} is in the way of the download of {name}: move it, or name its folder in data.path")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{missing}, and nothing can be stored in the Keras cache: {error}") from None


def prepare(
    config: DataConfig,
    say: Callable[[str], None],
    check: Callable[[DataConfig], Any],
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> None:
    """Makes sure that the data set is on this machine; downloads it into the Keras cache where it is missing.

    Args:
        config: The data set.
        say: Reports what is done, in lines.
        check: Is called with a configuration that points to the downloaded files, before they are moved into the cache;
            files that it refuses are removed.
        progress: Is called with the bytes that have arrived and their total, None where it is unknown.

    Raises:
        Unavailable: The data set is neither found nor downloaded.
    """
    if not is_found_by_name(config):
        return
    name, urls = config.split.name, config.source.arguments["urls"]
    try:
        find(name, config.source.arguments["path"])
        return
    except Unavailable as error:
        if not urls:
            raise
        missing = str(error)
    say(f"{missing}; fetching it")
    cache = keras_cache()
    final = cache / (f"{name}.npz" if urls[0].endswith(".npz") else name.replace("_", "-"))
    _make_room(final, name, missing)
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=cache) as temporary:
        part = Path(temporary) / name
        part.mkdir()
        try:
            _fetch_all(urls, part, progress)
        except Unavailable as error:
            raise Unavailable(f"{missing}, and {error}") from None
        fetched = part / f"{name}.npz" if (part / f"{name}.npz").is_file() else part
        arguments = {**config.source.arguments, "path": str(fetched)}
        check(DataConfig(type(config.source)(config.source.target, arguments), config.split))
        shutil.move(fetched, final)
    say(f"{name} is now in {final}")
