"""A field that nobody knows is refused by name in every JSON body, and ignored in none."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.web.serving import seven_png

from rabisco import corrections, runs
from rabisco.web import create_app
from rabisco.web.platform.openapi import document
from rabisco.web.train.pages import FIELDS

JSON = "application/json"
SEVEN = base64.b64encode(seven_png()).decode()
READING = {"model": "mnist-cnn", "version": 0, "predicted": "1", "probability": 0.6}
CORRECTION = {"image": SEVEN, "true_label": "7", "consent": True, "readings": [READING]}
DRAWINGS = [{"label": label, "image": SEVEN} for label in "ab"]

BODIES: dict[str, dict[str, Any]] = {
    "/training": {"dataset": "digits", "epoch": 3},
    "/uploads/drawn": {"drawings": DRAWINGS, "epoch": 3},
    "/uploads/x/inspect": {"inverted": "no", "epoch": 3},
    "/runs/x/rename": {"name": "mine", "epoch": 3},
    "/runs/x/notes": {"notes": "mine", "epoch": 3},
    "/corrections": {**CORRECTION, "epoch": 3},
    "/corrections/retrain": {"model": "mnist-cnn", "epoch": 3},
    "/compare/measurements": {"model": ["mnist-cnn", "mnist-tiny"], "epoch": 3},
    "/predict": {"image": SEVEN, "epoch": 3},
    "/predict/cnn": {"images": [SEVEN], "epoch": 3},
    "/explain": {"image": SEVEN, "epoch": 3},
    "/assistant/messages": {"question": "Why?", "epoch": 3},
}


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation of the OpenAPI document with its path."""
    with create_app().test_request_context():
        paths = document()["paths"]
    for path, methods in paths.items():
        for operation in methods.values():
            yield path, operation


def content_of(operation: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return content


def test_every_route_that_takes_json_is_asked_here() -> None:
    takes_json = {path for path, operation in operations() if JSON in content_of(operation)}
    asked = {path.replace("/x/", "/{}/").replace("/cnn", "/{}") for path in BODIES}
    assert {re.sub(r"\{\w+\}", "{}", path) for path in takes_json} == asked


@pytest.mark.parametrize("path", BODIES)
def test_an_unknown_field_is_refused_by_name_with_those_that_are_known(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json=BODIES[path])
    assert answer.status_code == 422, answer.text
    problem = answer.json
    assert (answer.mimetype, problem["type"]) == ("application/problem+json", "urn:rabisco:problem:unknown-field")
    assert "“epoch”" in problem["detail"]
    for name in BODIES[path].keys() - {"epoch"}:
        assert name in problem["detail"]
    assert runs.list_runs() == []
    assert corrections.listed().total == 0


def test_unknown_fields_within_lists_are_refused_too(client: FlaskClient) -> None:
    reading = {**READING, "propability": 0.6}
    drawing = {**DRAWINGS[0], "lable": "a"}
    for path, body, name in (
        ("/corrections", {**CORRECTION, "readings": [reading]}, "propability"),
        ("/uploads/drawn", {"drawings": [drawing, DRAWINGS[1]]}, "lable"),
    ):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.json["type"]) == (422, "urn:rabisco:problem:unknown-field")
        assert f"“{name}”" in answer.json["detail"]


def test_every_field_of_a_training_is_known(client: FlaskClient) -> None:
    answer = client.post("/training", json=dict.fromkeys(FIELDS, ""))
    assert (answer.status_code, answer.json["type"]) == (400, "urn:rabisco:problem:invalid-request")


def test_forms_may_hold_more_for_browsers_send_what_stands_in_them(client: FlaskClient) -> None:
    answer = client.post("/training", data={"dataset": "digits", "epoch": "3", "name": "mine"})
    assert answer.status_code == 202


def test_the_document_says_that_objects_have_no_other_fields() -> None:
    for _, operation in operations():
        content = content_of(operation)
        if JSON in content:
            assert content[JSON]["schema"]["additionalProperties"] is False
            assert "422" in operation["responses"]
