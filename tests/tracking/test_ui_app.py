"""MLflow's own application behind ours, asked as an ASGI server asks it."""

import asyncio
import importlib.metadata
import re
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, as its application is imported
    pytest.mark.usefixtures("a_store"),
]


@pytest.fixture(scope="module")
def a_store(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("ui")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_BACKEND_STORE_URI", f"sqlite:///{folder}/mlflow.db")
        patch.setenv("MNIST_SWEEP_UI_RUNS_FOLDER", str(folder))
        yield folder


def ask(path: str, query: bytes = b"", kind: str = "http") -> tuple[int, str]:
    """The status and the text that a path is answered with; of a WebSocket the code it is closed with."""
    (found,) = importlib.metadata.entry_points(group="mlflow.app", name="mnist_sweep")
    sent: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request" if kind == "http" else "websocket.connect", "body": b""}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": kind, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query,
             "headers": [(b"host", b"127.0.0.1:5000")], "http_version": "1.1", "scheme": "http", "root_path": "",
             "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 5000), "asgi": {"version": "3.0"}}  # fmt: skip
    asyncio.run(found.load()(scope, receive, send))
    if kind == "websocket":
        return sent[0].get("code", 0), ""
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


def test_mlflow_answers_what_is_not_ours() -> None:
    assert ask("/health") == (200, "OK")
    assert ask("/version")[0] == 200


def routes() -> list[str]:
    """The paths of assistant and gateway that MLflow's applications have."""
    from mlflow.server import app as flask
    from mlflow.server.assistant.api import assistant_router
    from mlflow.server.gateway_api import gateway_router

    of_fastapi = [route.path for router in (assistant_router, gateway_router) for route in router.routes]
    of_flask = [rule.rule for rule in flask.url_map.iter_rules() if "gateway" in rule.rule or "assistant" in rule.rule]
    return [re.sub(r"[{<][^}>]*[}>]", "x", path) for path in of_fastapi + of_flask]


def test_neither_assistant_nor_gateway_is_there() -> None:
    found = routes()
    assert len(found) > 30
    for path in found:
        assert ask(path) == (404, f"{path} is switched off in `mnist-sweep ui`\n")
    assert ask("//gateway/x")[0] == 404
    assert ask("/gateway/x", kind="websocket")[0] == 1000


def test_the_root_goes_on_to_the_trials_and_keeps_where_a_link_points() -> None:
    status, page = ask("/")
    assert status == 200
    assert 'location.hash || "#/experiments"' in page
    assert '<div id="root"' in ask("/", b"mnist_sweep")[1]  # MLflow's own page


def test_a_name_can_not_end_the_script(a_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnist_sweep.tracking.ui_app.latest_page", lambda _: "#/</script><script>alert(1)")
    assert ask("/")[1].count("</script>") == 1
