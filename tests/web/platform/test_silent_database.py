"""A database that says nothing stops neither predictions nor health, and ends no training."""

import base64
import time
from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("silent")


@pytest.fixture(scope="module")
def served(postgresql: str, folder: Path) -> Iterator[Server]:  # noqa: F811
    with serving(folder, database_url=postgresql, threads=4) as running:
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
def test_a_training_goes_on_while_the_database_is_silent(served: Server, postgresql: str, folder: Path) -> None:  # noqa: F811
    run = served.post("/training", json={"recipe": "digits-cnn", "epochs": 1000, "name": "patient"}).json()
    own = folder / "runs" / run["id"]

    def epochs() -> list[int]:
        told = served.get(f"{run['page']}/events").json()["events"]
        return [event["payload"]["epoch"] for event in told if event["kind"] == "epoch"]

    def refusals() -> int:
        return (own / "log.txt").read_text().count("the database must be reachable")

    def trained() -> int:
        return max((file.stat().st_mtime_ns for file in (own / "checkpoints").glob("*.checkpoint")), default=0)

    until_true(epochs)
    before = len(epochs())
    with frozen(postgresql):
        until_true(refusals)  # once it was waited for as long as it is waited for
        for _ in range(2):
            known = trained()
            until_true(lambda: trained() > known)  # noqa: B023
    served.post(f"{run['page']}/stop")
    until_true(lambda: served.get(run["page"]).json()["state"] not in ("running", "stopping"))
    assert served.get(run["page"]).json()["state"] == "stopped"
    told = epochs()
    assert (told, len(told) >= before + 2) == (list(range(1, len(told) + 1)), True)


def until_true(ask: Callable[[], object], seconds: float = 300) -> None:
    """Return once it is true; a training may have to wait for other programs."""
    until = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < until
        time.sleep(0.1)
