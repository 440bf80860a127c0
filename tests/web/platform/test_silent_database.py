"""A database that says nothing stops neither predictions nor health, and ends no training."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.databases import frozen, postgresql  # noqa: F401 - a fixture
from tests.web.serving import Server, free_port, problem_of, serving, seven_png

SEVEN = seven_png()
BANNERS = {
    "en": "The database does not answer.",
    "pt": "O banco de dados não responde.",
    "es": "La base de datos no responde.",
    "fr": "La base de données ne répond pas.",
    "ru": "База данных не отвечает.",
}


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


def test_pages_show_what_they_know_and_say_that_the_database_is_silent(served: Server, postgresql: str) -> None:  # noqa: F811
    page = {"Accept": "text/html"}
    picture = base64.b64encode(SEVEN).decode()
    kept = served.post("/corrections", json={"image": picture, "true_label": "7", "consent": True})
    run = served.post("/training", json={"dataset": "digits", "model": "linear", "name": "known", "epochs": 1}).json()
    upload = served.post("/uploads", files={"train": ("a.csv", b"label,a\n1,2\n2,3\n" * 9)}).json()
    asking = ["/train?dataset=digits", "/runs", run["page"], "/corrections", "/assistant", f"/uploads/{upload['id']}"]
    asking += ["/model?question=What+is+overfitting%3F"]
    others = ["/", "/upload", "/models", "/models/mnist-cnn", "/compare", "/train", "/about", "/docs", "/datasets"]
    for path in (*asking, *others):
        assert served.get(path, headers=page).status_code == 200, path
    with frozen(postgresql):
        for path in (*asking, *others):
            started = time.perf_counter()
            answer = served.get(path, headers=page, cookies=kept.cookies)
            assert (answer.status_code, time.perf_counter() - started < 8) == (200, True), path
            assert (BANNERS["en"] in answer.text) == (path in asking), path
            assert path not in ("/runs", run["page"]) or "known" in answer.text
            assert path != f"/uploads/{upload['id']}" or "a.csv" in answer.text
        for language, words in BANNERS.items():
            assert words in served.get("/runs", headers={**page, "Accept-Language": language}).text
    assert BANNERS["en"] not in served.get("/runs", headers=page).text


def test_a_server_without_its_database_shows_its_models_and_answers(tmp_path: Path) -> None:
    with serving(tmp_path, database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/none") as server:
        listed = server.get("/runs", headers={"Accept": "text/html"})
        assert (listed.status_code, BANNERS["en"] in listed.text) == (200, True)
        assert server.get("/runs/nobody", headers={"Accept": "text/html"}).status_code == 507
        said = server.post("/assistant/messages", json={"question": "What is overfitting?"}).json()
        assert said["source"] == "documentation"
        asked = {"data": {"question": "What is overfitting?"}, "headers": {"Accept": "text/html"}}
        answer = server.post("/assistant/messages", **asked)
        assert (answer.status_code, "What is overfitting?" in answer.text) == (200, True)
        streamed = {**asked, "headers": {"Accept": "text/event-stream"}}
        assert "does not answer, so this is not kept" in server.post("/assistant/messages", **streamed).text


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
