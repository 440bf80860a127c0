"""Versions of models over HTTP: for programs as JSON, for browsers as a page whose forms need no JavaScript."""

import hashlib
import re

import pytest
from flask.testing import FlaskClient
from tests.versions import add_version

from rabisco import artifacts
from rabisco.web import create_app

PAGE = {"Accept": "text/html"}


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


def forms(page: str) -> dict[str, str]:
    """Return the address of each form with a button, by the button's text."""
    found = re.findall(r'<form method="post" action="([^"]+)">.*?<button[^>]*>([^<]+)</button>', page, re.DOTALL)
    return {label.strip(): address for address, label in found}


def test_versions_are_listed_for_programs(client: FlaskClient) -> None:
    add_version("mine", "first")
    add_version("mine", "second")
    answer = client.get("/models/mine/versions").json
    assert answer["name"] == "mine"
    assert not answer["default"]
    assert [(one["version"], one["current"], one["previous"], one["notes"]) for one in answer["versions"]] == [
        (2, True, False, "second"),
        (1, False, True, "first"),
    ]


def test_a_program_uses_a_version_goes_back_and_deletes(client: FlaskClient) -> None:
    add_version("mine")
    add_version("mine")
    assert client.post("/models/mine/versions/1/use").json["versions"][1]["current"]
    assert client.post("/models/mine/rollback").json["versions"][0]["current"]
    assert len(client.post("/models/mine/versions/1/delete").json["versions"]) == 1
    assert client.post("/models/mine/delete").json == {"deleted": "mine"}
    assert client.get("/models/mine").status_code == 404


def test_a_promoted_model_answers_predictions_that_name_none(client: FlaskClient) -> None:
    assert client.get("/models").json["default"] == "mnist-cnn"
    assert client.post("/models/linear/promote").json["default"] is True
    assert client.get("/models").json["default"] == "mnist-linear"
    assert client.post("/models/rollback").json["name"] == "mnist-cnn"
    assert client.get("/models").json["default"] == "mnist-cnn"


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/models/nobody/promote", 404, "model-not-found"),
        ("/models/cnn/versions/7/use", 404, "version-not-found"),
        ("/models/cnn/versions/-1/use", 404, "version-not-found"),
        ("/models/cnn/versions/²/delete", 404, "version-not-found"),
        ("/models/cnn/versions/0/delete", 409, "version-conflict"),
        ("/models/cnn/delete", 409, "version-conflict"),
        ("/models/cnn/rollback", 409, "version-conflict"),
        ("/models/rollback", 409, "version-conflict"),
    ],
)
def test_what_cannot_be_is_refused_with_its_own_status(client: FlaskClient, path: str, status: int, name: str) -> None:
    answer = client.post(path)
    assert (answer.status_code, answer.json["type"]) == (status, f"urn:rabisco:problem:{name}")


def test_the_page_leads_through_using_undoing_and_deleting(client: FlaskClient) -> None:
    add_version("mine")
    add_version("mine")
    page = client.get("/models/mine", headers=PAGE).text
    after = client.post(forms(page)["Use version 1"], headers=PAGE, follow_redirects=True)
    assert "another version answers" in after.text
    assert artifacts.load_artifact("mine").version == 1
    client.post(forms(after.text)["Go back to version 2"], headers=PAGE)
    assert artifacts.load_artifact("mine").version == 2
    after = client.post(
        forms(client.get("/models/mine", headers=PAGE).text)["Delete version 1 for good"], headers=PAGE
    )
    assert after.status_code == 303
    assert len(artifacts.versions("mine")) == 1


def test_the_page_promotes_and_offers_to_undo_it(client: FlaskClient) -> None:
    page = client.get("/models/linear", headers=PAGE).text
    after = client.post(forms(page)["Make default"], headers=PAGE, follow_redirects=True).text
    assert artifacts.promoted() == "mnist-linear"
    client.post(forms(after)["Undo: make mnist-cnn the default again"], headers=PAGE)
    assert artifacts.promoted() is None


def test_each_version_has_its_own_page_and_its_own_files(client: FlaskClient) -> None:
    add_version("mine", "the first", like="mnist-cnn")
    add_version("mine", "the second")
    assert "the first" in client.get("/models/mine?version=1", headers=PAGE).text
    assert client.get("/models/mine?version=1").json["notes"] == "the first"
    with client.get("/models/mine/card.json?version=1") as answer:
        card = answer.json
    for file in ("pesos.h5", "model.onnx"):
        with client.get(f"/models/mine/{file}?version=1") as answer:
            assert hashlib.sha256(answer.data).hexdigest() == card["files"][file]
            assert answer.headers["Content-Disposition"] == f"attachment; filename={file}"
    assert client.get("/models/mine/pesos.h5?version=x").status_code == 404
    assert client.get("/models/mine/.lock").status_code == 404


def test_a_forms_address_cannot_be_followed_as_a_link(client: FlaskClient) -> None:
    add_version("mine")
    for path in ("versions/1/delete", "delete", "promote", "rollback", "versions/1/use"):
        assert client.get(f"/models/mine/{path}").status_code == 405


def test_the_classes_are_named_by_programs_and_on_the_page(client: FlaskClient) -> None:
    add_version("mine")
    assert client.post("/models/mine/classes", json={"class_names": {"0": "zero"}}).json["versions"][0]["version"] == 2
    page = client.get("/models/mine", headers=PAGE).text
    assert "zero = zero" in page
    assert 'action="/models/mine/classes"' in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    names = {"class_names": "zero = nought\n1 = 1", "csrf_token": token}
    answer = client.post("/models/mine/classes", data=names, headers=PAGE, follow_redirects=True)
    assert "the classes have these names" in answer.text
    assert artifacts.load_artifact("mine").card.class_names[0] == "nought"
    assert client.post("/models/mine/classes", json={}).status_code == 400
    assert client.post("/models/mine/classes", json={"class_names": "1 = 2"}).status_code == 422
    assert "Use these names" not in client.get("/models/mnist-cnn", headers=PAGE).text
