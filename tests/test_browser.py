"""What people see: the report and MLflow's pages in headless Chromium, at two sizes, light and dark.

The pictures are kept in $MNIST_SWEEP_SCREENSHOTS, if that is set.
"""

import os
import re
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
# It also asks for its assistant and its gateway, which `ui` switches off.
MLFLOWS_OWN = ("users/current", "ResizeObserver loop", "/mlflow/assistant/", "/mlflow/gateway")
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
def printed(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What `mnist-sweep ui` on the shared runs prints, once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mnist_sweep", "ui", f"port={port}", f"runs_folder={runs}"]
    output = tmp_path_factory.mktemp("ui") / "output"
    with output.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.DEVNULL, start_new_session=True)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.2)
    yield output.read_text()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def server(printed: str) -> str:
    """The address that `mnist-sweep ui` prints."""
    return re.search(r"http://127\.0\.0\.1:\d+", printed).group()


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


def click(browser, text: str) -> None:
    """Clicks a link once it is there; MLflow's table replaces its rows while it loads."""
    from selenium.common.exceptions import WebDriverException

    end = time.monotonic() + 60
    while True:
        try:
            browser.find_element("xpath", f"//*[self::a or @role='tab'][contains(., '{text}')]").click()
        except WebDriverException:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return


def test_the_way_from_the_command_to_a_gallery(browser, keep, runs: Path, printed: str, server: str) -> None:
    """The address alone, then clicks; and the experiment from the list, which MLflow would open as traces."""
    set_scheme(browser, "light")
    browser.set_window_size(*SIZES[0])
    open_page(browser, server)
    wait_for(browser, "Model training", "best_val_accuracy", "parameters", "dnn-digits-0000-baseline")
    link = re.search(r"http\S+#\S+", printed).group()
    assert browser.current_url.partition("#")[2].startswith(link.partition("#")[2])
    keep("ui-start")
    click(browser, "dnn-digits-0000-baseline")
    wait_for(browser, "Overview", "Artifacts")
    click(browser, "Artifacts")
    wait_for(browser, "figures", "history.csv")
    keep("ui-artifacts")
    open_page(browser, f"{server}/#/experiments")
    click(browser, "mnist_sweep")
    wait_for(browser, "Model training", "dnn-digits")
    keep("ui-experiment-clicked")
    assert "No data available" not in browser.execute_script("return document.body.innerText")
    open_page(browser, link)
    wait_for(browser, "Model training", "dnn-digits-0000-baseline")
    assert [message for message in errors(browser) if not any(own in message for own in MLFLOWS_OWN)] == []


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
    wait_for(browser, "Model training", "best_val_accuracy", "dnn-digits-0000-baseline")
    keep(f"mlflow-trials-{width}")
    # MLflow's table draws the columns alone that the window has room for.
    browser.execute_script("document.querySelector('.ag-center-cols-viewport').scrollLeft = 400")
    wait_for(browser, "parameters")
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
