"""What is to be read chooses the models; no combination that a page offers is refused."""

import io
import itertools
import re

import pytest
from flask.testing import FlaskClient
from tests.web.serving import seven_png

from rabisco.characters import AMONG
from rabisco.web import create_app
from rabisco.web.read.kinds import KINDS

PAGE = {"Accept": "text/html"}
MODELS = ("mnist-cnn", "emnist-linear", "cifar10-cnn", "cifar10-resnet18")


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.mark.parametrize(
    ("kind", "models", "among"),
    [
        ("digits", ["mnist-cnn", "mnist-linear"], "any"),
        ("letters", ["emnist-cnn", "emnist-linear"], "letters"),
        ("both", ["emnist-cnn", "emnist-linear"], "any"),
    ],
)
def test_what_is_to_be_read_chooses_the_models(client: FlaskClient, kind: str, models: list[str], among: str) -> None:
    page = client.get(f"/?kind={kind}", headers=PAGE).text
    assert re.findall(r'<model-answer[^>]* data-model="([^"]+)" data-among="([^"]+)"', page) == [
        (name, among) for name in models
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "among"), list(itertools.product(("", *KINDS), AMONG)))
def test_no_kind_is_refused_with_any_expectation(client: FlaskClient, kind: str, among: str) -> None:
    for characters in ("one", "many"):
        query = f"kind={kind}&among={among}&characters={characters}"
        for path in ("/", "/upload"):
            assert client.get(f"{path}?{query}", headers=PAGE, follow_redirects=True).status_code == 200
        form = {"kind": kind, "among": among, "characters": characters, "file": (io.BytesIO(seven_png()), "7.png")}
        assert client.post("/upload", data=form, headers=PAGE).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second", "among"), list(itertools.product(MODELS, MODELS, AMONG)))
def test_no_choice_of_models_is_refused(client: FlaskClient, first: str, second: str, among: str) -> None:
    query = f"model={first}&model={second}&among={among}"
    for path in ("/", "/upload"):
        assert client.get(f"{path}?{query}", headers=PAGE, follow_redirects=True).status_code == 200


@pytest.mark.parametrize("model", ["mnist-cnn", "mnist-linear", "mnist-tiny", "emnist-cnn"])
def test_anything_may_be_expected_of_every_model(client: FlaskClient, model: str) -> None:
    files = {"file": (io.BytesIO(seven_png()), "7.png")}
    assert client.post(f"/predict/{model}?among=any", data=files).status_code == 200
