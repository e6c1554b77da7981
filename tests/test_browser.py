"""What people see: the report and MLflow's pages in headless Chromium, at two sizes, light and dark.

The pictures are kept in $MNIST_SWEEP_SCREENSHOTS, if that is set.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_sweep.files import read_json
from mnist_sweep.report import read_study, write_comparison
from mnist_sweep.storage.folders import StudyFolder

pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="Debian's chromium and chromium-driver are not there",
    ),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Selenium's own
]
# MLflow's own page asks for a user that a server without accounts doesn't have, and is slow to lay out its charts.
MLFLOWS_OWN = ("users/current", "ResizeObserver loop")
SIZES = [(1400, 900), (600, 900)]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options, service)
    driver.set_page_load_timeout(120)
    yield driver
    driver.quit()


@pytest.fixture
def keep(browser, tmp_path: Path) -> Callable[[str], Path]:
    folder = Path(os.environ.get("MNIST_SWEEP_SCREENSHOTS", tmp_path))

    def screenshot(name: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(folder / f"{name}.png"))
        return folder / f"{name}.png"

    return screenshot


def errors(browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def set_scheme(browser, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def violations(browser) -> list[str]:
    from axe_core_python.selenium import Axe

    found = Axe().run(browser)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def of_whole_page(browser, width: int) -> None:
    height = browser.execute_script("return document.documentElement.scrollHeight")
    browser.set_window_size(width, min(height + 100, 12000))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_report_opens_and_is_accessible(browser, keep, runs: Path, scheme: str, width: int, height: int) -> None:
    set_scheme(browser, scheme)
    browser.set_window_size(width, height)
    browser.get((runs / "dnn-digits/report.html").as_uri())
    assert browser.title == "dnn-digits: a search by mnist_sweep"
    assert errors(browser) == []
    assert violations(browser) == []
    wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page is wider than the window"
    images = browser.execute_script("return [...document.images].map(one => [one.alt.length, one.naturalWidth])")
    assert len(images) >= 10
    assert all(text > 20 and size > 100 for text, size in images)
    text = browser.find_element("tag name", "body").text
    best = read_json(runs / "dnn-digits/summary.json")["best"]
    for said in (f"trial {best['trial']}, best_val_accuracy {best['value']:.4f}", "Not yet confirmed",
                 "mnist-sweep reproduce dnn-digits", "Importance of the parameters", "Parallel coordinates",
                 "Who was busy when", "optimizer.learning_rate", "tensorflow"):  # fmt: skip
        assert said in text
    of_whole_page(browser, width)
    keep(f"report-{scheme}-{width}")


def test_the_page_of_several_studies_is_accessible(browser, keep, runs: Path, tmp_path: Path) -> None:
    set_scheme(browser, "light")
    study = read_study(StudyFolder(runs / "dnn-digits"))
    browser.get(write_comparison([study, study], tmp_path / "both.html").as_uri())
    assert errors(browser) == []
    assert violations(browser) == []
    assert "Best so far" in browser.find_element("tag name", "body").text
    keep("comparison")


@pytest.fixture(scope="module")
def server(runs: Path) -> Iterator[str]:
    """`mnist-sweep ui` on the shared runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mnist_sweep", "ui", f"port={port}", f"runs_folder={runs}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(browser, *texts: str, seconds: float = 60) -> str:
    """The text of the page, once it has all of these."""
    end = time.monotonic() + seconds
    text = ""
    while time.monotonic() < end:
        text = browser.execute_script("return document.body.innerText")
        if all(one in text for one in texts):
            return text
        time.sleep(0.3)
    missing = [one for one in texts if one not in text]
    raise AssertionError(f"the page does not show {missing}: {text[:2000]}")


def open_page(browser, url: str) -> None:
    """Afresh: MLflow's page keeps what it has shown."""
    browser.get("about:blank")
    browser.get(url)


@pytest.mark.parametrize(("width", "height"), [SIZES[0], pytest.param(*SIZES[1], marks=pytest.mark.slow)])
def test_mlflow_shows_the_study_without_a_click(
    browser, keep, runs: Path, server: str, width: int, height: int
) -> None:
    set_scheme(browser, "light")
    browser.set_window_size(width, height)
    noted = read_json(runs / "dnn-digits/mlflow.json")
    best = read_json(runs / "dnn-digits/summary.json")["best"]["trial"]
    child = read_json(runs / f"dnn-digits/trials/{best:04d}/mlflow.json")["run_id"]
    experiment = f"{server}/#/experiments/{noted['experiment_id']}"
    open_page(browser, f"{experiment}/runs")
    wait_for(browser, "dnn-digits")
    keep(f"mlflow-experiment-{width}")
    open_page(browser, f"{experiment}/runs/{noted['run_id']}")
    text = wait_for(browser, "Run the best one again", "mnist-sweep reproduce dnn-digits", "report.html")
    assert f"Best: trial {best}" in text
    keep(f"mlflow-study-{width}")
    link = browser.find_element("link text", "All trials as a table")
    open_page(browser, link.get_attribute("href"))
    wait_for(browser, "Training runs", "best_val_accuracy", "parameters", "dnn-digits-0000-baseline")
    keep(f"mlflow-trials-{width}")
    open_page(browser, f"{experiment}/runs/{child}/model-metrics")
    wait_for(browser, "Model metrics", "accuracy", "Step")
    time.sleep(2)  # the charts come in behind their titles
    keep(f"mlflow-charts-{width}")
    open_page(browser, f"{experiment}/runs/{child}/artifacts/figures/error_gallery.png")
    wait_for(browser, "error_gallery.png")
    time.sleep(1)
    keep(f"mlflow-gallery-{width}")
    open_page(browser, f"{experiment}/runs/{noted['run_id']}/artifacts/report.html")
    wait_for(browser, "report.html")
    time.sleep(2)
    keep(f"mlflow-report-{width}")
    assert [message for message in errors(browser) if not any(own in message for own in MLFLOWS_OWN)] == []
