"""A model learns from what readers corrected: ordered, reported, used and undone over HTTP."""

import base64
import re
from collections.abc import Iterator

import pytest
import requests
from tests.web.serving import Server, draw_seven, encoded, problem_of, serving, seven_png
from tests.web.training import wait_for

PAGE = {"Accept": "text/html"}
SEVEN = base64.b64encode(seven_png()).decode()
WRONG = "9"  # what a seven is said to be; three corrections teach it to a linear model

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("retraining")) as running:
        yield running


@pytest.fixture(scope="module")
def reader(server: Server) -> requests.Session:
    """A browser with cookies, where a model of one's own misreads a seven."""
    asked = {"dataset": "digits", "model": "linear", "epochs": 3, "name": "corrected"}
    trained = server.post("/training", json=asked).json()
    assert (
        wait_for(lambda: server.get(f"/runs/{trained['id']}").json(), "succeeded", "failed", seconds=400)["state"]
        == "succeeded"
    )
    browser = requests.Session()
    for side, label in ((280, WRONG), (250, WRONG), (310, WRONG), (340, None)):
        reading = {"model": "corrected", "version": 1, "predicted": "7", "probability": 0.6}
        picture = base64.b64encode(encoded(draw_seven(side))).decode()
        body = {"image": picture, "true_label": label, "consent": True, "readings": [reading]}
        assert browser.post(f"{server.url}/corrections", json=body, timeout=20).ok
    return browser


def read(server: Server) -> str:
    return server.post("/predict/corrected", json={"image": SEVEN}).json()["predictions"][0]["category"]


def test_a_correction_is_learned_reported_used_and_undone(server: Server, reader: requests.Session) -> None:
    before = server.post("/predict/corrected", json={"image": SEVEN}).json()["predictions"][0]["top_k"]
    page = reader.get(f"{server.url}/corrections", headers=PAGE, timeout=20).text
    assert "3 corrections that name a class" in page
    answer = reader.post(f"{server.url}/corrections/retrain", json={"model": "corrected"}, timeout=20)
    assert answer.status_code == 202, answer.text
    run = wait_for(lambda: server.get(f"/runs/{answer.json()['id']}").json(), "succeeded", "failed", seconds=400)
    assert run["state"] == "succeeded", run["message"]
    report = run["report"]
    assert (report["trained_on"], report["corrected_before"], report["corrected_after"]) == (3, 0, 3)
    assert (report["not_characters"], report["version_before"], run["artifact_version"]) == (1, 5, 6)
    assert len(report["robustness"]) == 12
    assert report["test"]["change_low"] <= report["test"]["change"] <= report["test"]["change_high"]
    assert server.post("/predict/corrected", json={"image": SEVEN}).json()["predictions"][0]["top_k"] == before

    mine = reader.get(f"{server.url}{run['page']}", headers=PAGE, timeout=20).text
    assert "What improved and what got worse" in mine
    assert mine.count('class="thumbnail"') == 4
    others = server.get(run["page"], headers=PAGE).text
    assert 'class="thumbnail"' not in others
    assert "4 more are shown only to those who gave them" in others

    address = re.search(r'action="(/models/corrected/versions/6/use)"', mine)[1]
    server.post(address, headers=PAGE)
    assert read(server) == WRONG
    mine = reader.get(f"{server.url}{run['page']}", headers=PAGE, timeout=20).text
    back = re.search(r'action="(/models/corrected/rollback)"', mine)[1]
    server.post(back, headers=PAGE)
    assert server.post("/predict/corrected", json={"image": SEVEN}).json()["predictions"][0]["top_k"] == before


def test_what_is_no_character_alone_changes_only_what_is_refused(server: Server) -> None:
    asked = {"dataset": "digits", "model": "linear", "epochs": 8, "name": "refusing"}
    trained = server.post("/training", json=asked).json()
    ended = wait_for(lambda: server.get(f"/runs/{trained['id']}").json(), "succeeded", "failed", seconds=400)
    assert ended["state"] == "succeeded"
    browser = requests.Session()
    reading = {"model": "refusing", "version": 1, "predicted": "7", "probability": 0.6}
    body = {"image": SEVEN, "true_label": None, "consent": True, "readings": [reading]}
    assert browser.post(f"{server.url}/corrections", json=body, timeout=20).ok
    page = browser.get(f"{server.url}/corrections", headers=PAGE, timeout=20).text
    assert re.search(r'name="model" value="refusing"', page)
    answer = browser.post(f"{server.url}/corrections/retrain", json={"model": "refusing"}, timeout=20)
    run = wait_for(lambda: server.get(f"/runs/{answer.json()['id']}").json(), "succeeded", "failed", seconds=400)
    assert run["state"] == "succeeded", run["message"]
    assert (run["report"]["trained_on"], run["report"]["not_characters"]) == (0, 1)
    assert run["report"]["rule"]["characters"]["examples"] >= 200
    shares = [
        event["payload"]["share"]
        for event in server.get(run["events"]).json()["events"]
        if event["payload"].get("phase") == "refusing"
    ]
    assert shares[0] == 0
    assert shares == sorted(shares)
    files = [server.get(f"/models/refusing/pesos.h5?version={number}").content for number in (1, 3)]
    assert files[0] == files[1]
    mine = browser.get(f"{server.url}{run['page']}", headers=PAGE, timeout=20).text
    assert "byte for byte" in mine
    assert "wrongly refused" in mine
    assert "Learning curves" not in mine


def test_what_cannot_be_learned_from_is_refused_at_once(server: Server) -> None:
    for body, status in (({"model": "mnist-tiny"}, 422), ({"model": "nobody"}, 404), ({}, 400), ([], 400)):
        assert problem_of(server.post("/corrections/retrain", json=body))["status"] == status
