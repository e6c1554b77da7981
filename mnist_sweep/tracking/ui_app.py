"""MLflow's server as `mnist-sweep ui` runs it: it opens on the latest study's trials, without assistant and gateway.

An ASGI application, named by the entry point `mnist_sweep` of the group `mlflow.app`.
"""

import json
import os
from pathlib import Path
from typing import Any

from mlflow.server.fastapi_app import app as mlflows_own

from mnist_sweep.tracking.pages import EXPERIMENTS, RUNS_FOLDER, latest_page

# By default MLflow's assistant runs commands on this host for everybody who reaches the port, on a shared machine every
# user; the gateway forwards requests with stored keys.
CLOSED = ("assistant", "gateway", "gateway-proxy")
# What MLflow 3.17's page keeps in the browser: the view of experiments for training, the assistant's panel closed.
SETTINGS = {
    "mlflow.workflowType_v1": '"machine_learning"',
    "mlflow.assistant.panelOpen_v1": "false",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
}
# MLflow serves its page at `/` whatever is behind `#`, which no server sees: so a page that looks at it stands before.
START = """<!doctype html>
<html lang="en"><title>MLflow</title><meta charset="utf-8">
<script>
const settings = %s;  // until the user chooses another view
for (const key in settings) if (localStorage.getItem(key) === null) localStorage.setItem(key, settings[key]);
location.replace("/?mnist_sweep" + (location.hash || %s));
</script>
<noscript>MLflow's page needs JavaScript.</noscript></html>
"""


def is_closed(path: str) -> bool:
    """Returns whether a path belongs to MLflow's assistant or gateway."""
    parts = [part for part in path.split("/") if part]
    is_api = parts[:1] in (["api"], ["ajax-api"]) and len(parts) > 3
    return parts[:1] == ["gateway"] or (is_api and parts[3] in CLOSED)


class UiApp:
    """MLflow's application behind what is closed and where it starts."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers a request, as ASGI asks for it."""
        path = scope.get("path", "")
        if scope["type"] == "http" and is_closed(path):
            await _answer(send, 404, "text/plain", f"{path} is switched off in `mnist-sweep ui`\n")
        elif scope["type"] == "websocket" and is_closed(path):
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http" and path == "/" and not scope["query_string"]:
            folder = os.environ.get(RUNS_FOLDER)
            page = latest_page(Path(folder)) if folder else EXPERIMENTS
            await _answer(
                send, 200, "text/html", START % (json.dumps(SETTINGS), json.dumps(page).replace("<", "\\u003c"))
            )
        else:
            await mlflows_own(scope, receive, send)


async def _answer(send: Any, status: int, kind: str, text: str) -> None:
    headers = [(b"content-type", f"{kind}; charset=utf-8".encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


app = UiApp()
