"""Models of any kind are given the same images by the server, once, and what came of it is kept."""

import re

import pytest
from flask.testing import FlaskClient
from tests.web.training import wait_for

from rabisco.runs import measurements
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}


def wait(client: FlaskClient, address: str) -> dict[str, object]:
    """Return the measurement once it has ended."""
    return wait_for(lambda: client.get(address).json, "done", "failed", seconds=60)


@pytest.mark.slow
def test_two_models_are_measured_and_the_page_says_who_is_better() -> None:
    client = create_app().test_client()
    query = "?model=mnist-tiny&model=emnist-linear"
    before = client.get(f"/compare{query}", headers=PAGE).text
    assert "Measure both on the same images" in before
    assert "other images" in before
    answer = client.post("/compare/measurements", json={"model": ["mnist-tiny", "emnist-linear"]})
    assert answer.status_code == 202, answer.text
    again = client.post("/compare/measurements", json={"model": ["mnist-tiny", "emnist-linear"]})
    assert again.json["id"] == answer.json["id"]
    ended = wait(client, answer.headers["Location"])
    assert (ended["state"], ended["share"], ended["message"]) == ("done", 1.0, "")
    (pair,) = client.get(f"/compare{query}").json["pairs"]
    assert pair["examples"] >= 300
    after = client.get(f"/compare{query}", headers=PAGE).text
    assert "mnist-tiny is better than emnist-linear" in after
    assert "unlikely to be chance." in after
    assert "Measure both" not in after


@pytest.mark.parametrize(
    ("body", "status"),
    [({"model": ["mnist-cnn"]}, 422), ({"model": ["mnist-cnn", "nobody"]}, 404), ({}, 400), ([], 400)],
)
def test_what_cannot_be_measured_is_refused_at_once(body: object, status: int) -> None:
    assert create_app().test_client().post("/compare/measurements", json=body).status_code == status


def test_the_pages_form_measures_without_javascript() -> None:
    client = create_app().test_client()
    page = client.get("/compare?model=mnist-tiny&model=mnist-linear", headers=PAGE).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    form = {"model": ["mnist-tiny", "mnist-linear"], "csrf_token": token[1] if token else ""}
    answer = client.post("/compare/measurements", data=form, headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/compare?model=mnist-tiny&model=mnist-linear"


@pytest.mark.slow
def test_models_that_read_no_common_images_say_so() -> None:
    client = create_app().test_client()
    address = client.post("/compare/measurements", json={"model": ["cifar10-cnn", "mnist-tiny"]}).headers["Location"]
    ended = wait(client, address)
    assert ended["state"] == "failed"
    assert "images that each of them reads" in str(ended["message"])


def test_a_measurement_that_nobody_asked_for_is_not_found() -> None:
    assert measurements.status("../secret") is None
    assert create_app().test_client().get("/compare/measurements/0123").status_code == 404
