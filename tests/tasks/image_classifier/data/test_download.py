"""Against a real server on 127.0.0.1, never the internet."""

import gc
import io
import socket
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mnist_sweep.config import Unavailable, UserError
from mnist_sweep.tasks.image_classifier.data import describe, download, prepare
from mnist_sweep.tasks.image_classifier.data.sources import find, keras_cache

describe_all = partial(describe, all_parts=True)

# A refused answer (404) and a refused .npz are not closed, but left to the garbage collector: see test_archives.py.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


class Handler(BaseHTTPRequestHandler):
    """Answers /how/name: how is whole, cut, wrong, missing, or silent."""

    server: "Server"

    def do_GET(self):
        how, _, name = self.path.strip("/").partition("/")
        self.server.asked.append(self.path)
        content = self.server.files.get(name, b"")
        if how == "missing":
            self.send_error(404)
            return
        if how == "silent":
            self.server.over.wait(30)
            return
        self.send_response(200)
        if how != "unmeasured":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if how in ("cut", "unmeasured") else content)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """Ends with all its threads."""

    daemon_threads = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.over = threading.Event()

    def url(self, how: str, name: str = "mnist.npz") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{how}/{name}"


@pytest.fixture
def server(monkeypatch, arrays):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    with Server() as server:
        server.files["mnist.npz"] = content.getvalue()
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()
    gc.collect()


@pytest.fixture
def fetch(make_config):
    """Prepares a data set from addresses; gives what was said."""

    def fetch(*urls, name="mnist", path=None, **changes):
        said = []
        prepare(make_config(path, name, urls=list(urls), **changes), said.append, describe_all)
        return said

    return fetch


def _cached():
    return [path for path in keras_cache().rglob("*")]  # noqa: C416 - hidden ones too


def test_a_download_ends_in_the_keras_cache(server, fetch, make_config, arrays):
    progress = []
    config = make_config(name="mnist", urls=[server.url("whole")])
    said = []
    prepare(config, said.append, describe_all, lambda done, total: progress.append((done, total)))
    file = keras_cache() / "mnist.npz"
    assert _cached() == [file]
    assert file.read_bytes() == server.files["mnist.npz"]
    assert find("mnist", None) == file
    assert describe(config).train_images == 45
    assert progress[-1] == (len(server.files["mnist.npz"]),) * 2
    assert len(said) == 2
    assert str(file) in said[1]
    prepare(config, said.append, describe_all)
    assert len(said) == len(server.asked) + 1 == 2


def test_idx_files_end_in_a_folder_of_the_keras_cache(server, fetch, tmp_path, arrays, write_idx):
    files = {file.name: file.read_bytes() for file in write_idx(tmp_path / "idx", arrays).iterdir()}
    server.files.update(files)
    fetch(*(server.url("whole", name) for name in files), name="fashion_mnist")
    folder = keras_cache() / "fashion-mnist"
    assert _cached() == [folder, *(path for path in folder.iterdir())]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert find("fashion_mnist", None) == folder


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("cut", Unavailable, "it can't be downloaded from 127.0.0.1"),
        ("missing", Unavailable, r"it can't be downloaded from 127\.0\.0\.1 \(HTTPError\).*data=digits"),
        ("unmeasured", UserError, "can't be read"),
    ],
)
def test_a_download_that_is_not_whole_leaves_nothing(server, fetch, how, kind, said):
    with pytest.raises(kind, match=said) as error:
        fetch(server.url(how))
    assert "\n" not in str(error.value)
    assert _cached() == []


def test_one_of_several_files_that_is_missing_leaves_nothing(server, fetch, tmp_path, arrays, write_idx):
    server.files.update({file.name: file.read_bytes() for file in write_idx(tmp_path / "idx", arrays).iterdir()})
    names = sorted(server.files.keys() - {"mnist.npz"})
    with pytest.raises(Unavailable, match="HTTPError"):
        fetch(*(server.url("whole", name) for name in names[:3]), server.url("missing", names[3]))
    assert len(server.asked) == 4
    assert _cached() == []


def test_wrong_digests_leave_nothing(server, fetch, make_config, arrays, tmp_path):
    np.savez(tmp_path / "right.npz", **arrays)
    digests = {**describe(make_config(tmp_path / "right.npz"), all_parts=True).digests, "test_labels": "0" * 64}
    with pytest.raises(UserError, match="the test labels are not the right ones"):
        fetch(server.url("whole"), digests=digests)
    assert _cached() == []


def test_a_refused_connection_leaves_nothing(fetch):
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match=r"can't be downloaded from 127\.0\.0\.1.*ConnectionError.*data=digits"):
            fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/mnist.npz")
    assert _cached() == []


def test_a_server_that_never_answers_is_given_up(server, fetch, monkeypatch):
    monkeypatch.setattr(download, "GIVE_UP_SECONDS", 0.3)
    with pytest.raises(Unavailable, match=r"can't be downloaded from 127\.0\.0\.1 \(no answer\)"):
        fetch(server.url("silent"))
    assert server.asked
    assert _cached() == []


def test_without_an_address_nothing_is_fetched(fetch):
    with pytest.raises(Unavailable, match="mnist was not found in the Keras cache"):
        fetch()
    assert not keras_cache().exists()


def test_a_path_of_ones_own_is_never_fetched_to(server, fetch, tmp_path):
    with pytest.raises(UserError, match=r"data\.path must be a file or folder that exists"):
        fetch(server.url("whole"), path=tmp_path / "mine.npz")
    assert server.asked == []
    assert not (tmp_path / "mine.npz").exists()


@pytest.mark.parametrize("content", [b"", b"not an archive"])
def test_a_broken_file_in_the_cache_is_not_replaced(server, fetch, untouched, content):
    keras_cache().mkdir(parents=True)
    (keras_cache() / "mnist.npz").write_bytes(content)
    with untouched(keras_cache()):
        fetch(server.url("whole"))  # it is there: what is wrong with it is for `describe` to say
    assert server.asked == []


def test_what_is_in_the_way_of_a_download_stays(server, fetch, untouched):
    mine = keras_cache() / "mnist.npz" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", encoding="utf-8")
    with untouched(keras_cache()), pytest.raises(Unavailable, match=r"mnist\.npz is in the way"):
        fetch(server.url("whole"))


def test_an_interrupted_download_leaves_nothing(server, make_config):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(make_config(name="mnist", urls=[server.url("whole")]), lambda _: None, describe_all, interrupt)
    assert _cached() == []


def test_a_cache_that_can_not_be_made_is_one_line(server, fetch, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="file"):
        fetch(server.url("whole"))


def test_an_address_that_is_none_is_one_line(fetch):
    with pytest.raises(UserError, match="mnist"):
        fetch("mnist.npz")


def test_a_data_set_without_a_file_needs_no_download(make_config):
    from mnist_sweep.config import Component, DataConfig, Split

    said: list[str] = []
    digits = DataConfig(Component("mnist_sweep.data.digits", {}), Split("digits", "split", 360, 0))
    prepare(digits, said.append, describe_all)
    assert said == []
    assert not Path(keras_cache()).exists()
