"""Once there are more than two models, the pages let the reader choose which two to ask."""

import io
import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.web.serving import copy_model, seven_png

from rabisco import artifacts
from rabisco.web import create_app

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def client(home: Path) -> FlaskClient:
    """A client of an application with three models."""
    copy_model(home, "mine")
    return create_app().test_client()


def shown(page: str) -> list[str]:
    return re.findall(r'<model-answer[^>]* data-model="([^"]+)"', page)


@pytest.mark.parametrize("path", ["/", "/upload"])
def test_with_two_models_there_is_nothing_to_choose(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mnist-cnn", "mnist-linear"):
        shutil.copytree(artifacts.BUNDLED_DIR / name, tmp_path / name)
    monkeypatch.setattr("rabisco.artifacts.paths.BUNDLED_DIR", tmp_path)
    assert '<select name="model"' not in create_app().test_client().get(path).text


@pytest.mark.parametrize("path", ["/", "/upload"])
def test_with_three_models_all_may_be_chosen_and_the_usual_two_are(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    assert page.count('<select name="model">') == 2
    for name in ("mine", "mnist-cnn", "mnist-linear"):
        assert len(re.findall(rf"<option[^>]*>{name}</option>", page)) == 2
    assert re.findall(r"<option selected>([^<]+)<", page) == ["mnist-cnn", "mnist-linear"]


def test_the_chosen_models_are_asked_in_the_order_chosen(client: FlaskClient) -> None:
    assert shown(client.get("/?model=mine&model=cnn").text) == ["mine", "mnist-cnn"]
    assert shown(client.get("/?model=linear&model=linear").text) == ["mnist-linear"]
    assert shown(client.get("/").text) == ["mnist-cnn", "mnist-linear"]


def test_two_models_of_one_architecture_are_told_apart_by_their_names(client: FlaskClient) -> None:
    page = client.get("/?model=mine&model=cnn").text
    assert re.findall(r'data-title="([^"]+)"', page) == ["mine", "Neural network"]
    page = client.get("/?model=mnist-tiny&model=cnn").text
    assert re.findall(r'data-title="([^"]+)"', page)[1] == "Neural network"


def test_uploaded_pictures_are_read_by_the_chosen_models(client: FlaskClient) -> None:
    form = {"file": (io.BytesIO(seven_png()), "seven.png"), "model": ["mine", "mnist-cnn"]}
    page = client.post("/upload", data=form, headers=BROWSER).text
    assert re.findall(r'<th scope="col">([^<]+)</th>', page)[1:] == ["mine", "Neural network"]
    assert re.findall(r'<p class="character">(.)</p>', page) == ["7", "7"]
    assert re.findall(r"<option selected>([^<]+)<", page) == ["mine", "mnist-cnn"]


def test_a_model_that_is_not_there_is_said_not_to_be(client: FlaskClient) -> None:
    response = client.get("/?model=nobody", headers=BROWSER)
    assert response.status_code == 404
    assert "There is no such model" in response.text


@pytest.mark.parametrize(
    ("models", "invitation"), [("model=cnn&model=linear", "Draw a digit"), ("model=emnist-cnn", "Draw a character")]
)
def test_the_page_invites_to_draw_what_its_models_read(models: str, invitation: str) -> None:
    assert re.findall(r"<h1[^>]*>([^<]+)<", create_app().test_client().get(f"/?{models}").text) == [invitation]
