"""From a figure to its images: exactly those that it counts, with both models' answers, and where they come from."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from tests.web.serving import copy_model

from rabisco.artifacts import load_artifact, save_again
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}
BUNDLED = ("cifar10-cnn", "cifar10-resnet18", "emnist-cnn", "emnist-linear", "mnist-cnn", "mnist-linear", "mnist-tiny")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FlaskClient:
    """A client where no data set is at hand."""
    monkeypatch.setenv("RABISCO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RABISCO_CACHE_DIR", str(tmp_path))
    return create_app().test_client()


def images(client: FlaskClient, query: str, name: str = "mnist-linear") -> dict[str, Any]:
    answer = client.get(f"/models/{name}/images?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("name", BUNDLED)
def test_each_bundled_model_kept_what_its_card_counts(name: str) -> None:
    artifact = load_artifact(name)
    readings, card = artifact.readings, artifact.card
    assert readings is not None
    assert float(readings.right.mean()) == pytest.approx(card.metrics["test_accuracy"])
    counted = np.zeros((len(card.class_names),) * 2, int)
    np.add.at(counted, (readings.labels, readings.answers), 1)
    assert counted.tolist() == card.confusions
    assert (artifact.folder / "readings.npz").stat().st_size < 90_000


def test_a_cell_leads_to_its_images_with_the_other_models_answers(alone: FlaskClient) -> None:
    card = load_artifact("mnist-linear").card
    found = images(alone, "category=4&read_as=9&beside=mnist-cnn")
    assert found["count"] == card.confusions[4][9]
    assert (found["source"], found["state"]) == ("artifact", "ready")
    assert 0 < found["at_hand"] < found["count"]
    for one in found["images"]:
        mine, other = one["answers"]
        assert (one["category"], mine["category"], mine["right"]) == ("4", "9", False)
        assert other["model"] == "mnist-cnn"
        assert other["right"] == (other["category"] == "4")
    shown = [one["image"] is not None for one in found["images"]]
    assert shown == sorted(shown, reverse=True)  # those at hand come first
    confidences = [one["answers"][0]["probability"] for one in found["images"] if one["image"]]
    assert confidences == sorted(confidences, reverse=True)


def test_a_bar_a_class_and_two_models_lead_to_as_many_images_as_they_count(alone: FlaskClient) -> None:
    card = load_artifact("mnist-linear").card
    for row in card.reliability:
        if row["count"]:
            assert images(alone, f"low={row['low']}&high={row['high']}")["count"] == row["count"]
    assert images(alone, "category=7")["count"] == sum(card.confusions[7])
    both, cnn, linear = (load_artifact(name).readings for name in ("mnist-tiny", "mnist-cnn", "mnist-linear"))
    assert both is not None
    wrong = int((~cnn.right & ~linear.right).sum())
    assert images(alone, "which=both-wrong&beside=mnist-cnn")["count"] == wrong
    assert images(alone, "which=only-other&beside=mnist-cnn")["count"] == int((cnn.right & ~linear.right).sum())


def test_the_page_says_that_the_images_were_kept_with_the_model(alone: FlaskClient) -> None:
    text = alone.get("/models/mnist-linear/images?category=4&read_as=9&beside=mnist-cnn", headers=PAGE).text
    assert "4 read as 9" in text
    assert "The data set is not at hand" in text
    assert "not at hand</span>" in text
    assert text.count("data:image/png") == images(alone, "category=4&read_as=9")["at_hand"]


def test_images_come_from_the_data_set_where_it_is_at_hand(mnist_folder: Path) -> None:
    client = create_app().test_client()
    for _ in range(600):
        found = images(client, "category=4&read_as=9")
        if found["state"] == "ready":
            break
        time.sleep(0.1)
    assert (found["source"], found["at_hand"]) == ("data set", found["count"])
    text = client.get("/models/mnist-linear/images?category=4&read_as=9", headers=PAGE).text
    assert "Shown from the data set itself." in text


def test_a_version_of_an_earlier_release_asks_to_be_read_again(home: Path, alone: FlaskClient) -> None:
    copy_model(home, "mine")
    artifact = load_artifact("mine")
    files = {name: digest for name, digest in artifact.card.files.items() if name != "readings.npz"}
    (artifact.folder / "readings.npz").unlink()
    (artifact.folder / "card.json").write_text(artifact.card.model_copy(update={"files": files}).to_text())
    assert images(alone, "category=4", "mine")["state"] == "unread"
    text = alone.get("/models/mine/images?category=4", headers=PAGE).text
    assert "The images behind this figure were not kept" in text
    assert 'value="clean"' in text


def test_a_new_version_of_the_same_weights_keeps_the_readings() -> None:
    artifact = load_artifact("mnist-tiny")
    again = save_again(artifact, artifact.card.model_copy(update={"name": "again"}))
    assert np.array_equal(again.readings.answers, artifact.readings.answers)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("category=x", 400),
        ("which=both-wrong", 400),
        ("which=often", 400),
        ("damage=fire", 400),
        ("low=2", 400),
        ("page=0", 400),
        ("beside=nobody", 404),
        ("colour=red", 422),
    ],
)
def test_what_cannot_be_shown_is_refused(alone: FlaskClient, query: str, status: int) -> None:
    assert alone.get(f"/models/mnist-linear/images?{query}").status_code == status


@pytest.mark.slow
def test_damaged_images_are_read_when_asked_for_and_shown_as_they_were_read() -> None:
    client = create_app().test_client()
    query = "damage=noise&which=wrong"
    assert images(client, query, "mnist-tiny")["state"] == "unread"
    asked = client.post("/compare/measurements", json={"model": ["mnist-tiny"], "images": "noise"})
    assert asked.status_code == 202, asked.text
    for _ in range(600):
        state = client.get(asked.headers["Location"]).json
        if state["state"] in ("done", "failed"):
            break
        time.sleep(0.1)
    assert state["state"] == "done", state
    found = images(client, query, "mnist-tiny")
    assert (found["source"], found["state"]) == ("measurement", "ready")
    assert all(not one["answers"][0]["right"] and one["image"] for one in found["images"])
    everything = images(client, "damage=noise", "mnist-tiny")["count"]
    assert 0 < found["count"] < everything
