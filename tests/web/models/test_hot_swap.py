"""Models are replaced, promoted and deleted under a running server: no request fails, and every process notices."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from tests.versions import add_version
from tests.web.serving import Server, serving, seven_png

from rabisco import artifacts
from rabisco.settings import get_settings

SEVEN = seven_png()
SWAPS = 200


@pytest.fixture
def home_of_two(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of two processes over the home of this test, which keeps three versions of a model."""
    monkeypatch.setenv("RABISCO_KEEP_VERSIONS", "3")
    get_settings.cache_clear()
    add_version("mine", like="mnist-cnn")
    artifacts.promote("mine")
    with serving(home, workers=2) as server:
        yield server


class Client(threading.Thread):
    """Asks for predictions, one after the other, each over a connection of its own."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.stopped = threading.Event()
        self.answers: list[tuple[float, int, str]] = []  # when, status, version or reason

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                response = requests.post(f"{self.url}/predict", files={"file": SEVEN}, timeout=20)
                body = response.json()
                told = str(body["predictions"][0]["version"]) if response.ok else response.text
                self.answers.append((time.monotonic(), response.status_code, told))
            except requests.RequestException as error:
                self.answers.append((time.monotonic(), 0, str(error)))
            self.stopped.wait(0.03)


def swap(turn: int) -> None:
    """Change what answers, each turn in another way."""
    match turn % 4:
        case 0:
            add_version("mine", like="mnist-linear" if turn % 8 else "mnist-cnn")
        case 1:
            artifacts.rollback("mine")
        case 2:
            artifacts.promote("mnist-linear")
        case 3:
            artifacts.promote("mine", artifacts.versions("mine")[0].number)


def test_two_hundred_swaps_fail_no_request_and_reach_every_process(home_of_two: Server) -> None:
    workers = [psutil.Process(pid.pid) for pid in psutil.Process(home_of_two.process.pid).children()]
    busy = [worker.cpu_times().user for worker in workers]
    clients = [Client(home_of_two.url) for _ in range(2)]
    for client in clients:
        client.start()
    for turn in range(SWAPS):
        swap(turn)
        time.sleep(0.01)
    newest = add_version("mine", like="mnist-cnn").version
    changed = time.monotonic()
    time.sleep(2.5)
    for client in clients:
        client.stopped.set()
        client.join()
    answers = [answer for client in clients for answer in client.answers]
    assert [answer for answer in answers if answer[1] != 200] == []
    assert len({version for _, _, version in answers}) > 10
    late = {version for moment, _, version in answers if moment > changed + 1}
    assert late == {str(newest)}
    used = [worker.cpu_times().user - before for worker, before in zip(workers, busy, strict=True)]
    assert len([seconds for seconds in used if seconds > 0.1]) == 2, used
    print(f"{len(answers)} requests during {SWAPS} swaps")
