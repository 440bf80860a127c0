"""A database that says nothing stops neither predictions nor health, and ends no training."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.databases import frozen, postgresql  # noqa: F401 - a fixture
from tests.web.serving import Server, problem_of, serving, seven_png

SEVEN = seven_png()


@pytest.fixture
def served(postgresql: str, tmp_path: Path) -> Iterator[Server]:  # noqa: F811
    with serving(tmp_path, database_url=postgresql, threads=4) as running:
        assert running.get("/runs").status_code == 200
        yield running


def test_predictions_and_health_go_on_while_the_database_is_silent(served: Server, postgresql: str) -> None:  # noqa: F811
    with ThreadPoolExecutor(6) as crowd, frozen(postgresql):
        asked = [crowd.submit(served.get, "/runs") for _ in range(6)]
        time.sleep(0.3)
        for path in ("/health/live", "/health", "/health/ready"):
            started = time.perf_counter()
            assert served.get(path).status_code == 200
            assert time.perf_counter() - started < 1
        for query in ("", "?steps=1"):
            started = time.perf_counter()
            assert served.post(f"/predict{query}", files={"file": SEVEN}).status_code == 200
            assert time.perf_counter() - started < 2
        for answer in asked:
            assert answer.result().status_code == 507
            assert problem_of(answer.result())["type"] == "urn:rabisco:problem:storage"
    assert served.get("/runs").status_code == 200


@pytest.mark.training
def test_a_training_goes_on_while_the_database_is_silent(served: Server, postgresql: str) -> None:  # noqa: F811
    asked = {"recipe": "digits-cnn", "epochs": 12, "name": "patient"}
    run = served.post("/training", json=asked).json()["page"]
    until = time.monotonic() + 90
    while not any(event["kind"] == "epoch" for event in served.get(f"{run}/events").json()["events"]):
        assert time.monotonic() < until
        time.sleep(0.1)
    with frozen(postgresql):
        time.sleep(14)
    while (state := served.get(run).json()["state"]) in ("running", "queued") and time.monotonic() < until + 90:
        time.sleep(0.2)
    assert state in ("succeeded", "unlearned")
    events = served.get(f"{run}/events").json()["events"]
    assert [event["payload"]["epoch"] for event in events if event["kind"] == "epoch"] == list(range(1, 13))
