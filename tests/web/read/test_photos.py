"""A model of colored pictures goes through the same door as those of characters: every route, every page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.photos import add_photo_model, photo
from tests.web.serving import Server, serving

NAME = "photos"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("photos")
    add_photo_model(home, NAME)
    with serving(home) as running:
        yield running


FILES = [("file", ("a.png", photo("blue"))), ("file", ("b.png", photo("green")))]


@pytest.mark.parametrize("path", [f"/predict?model={NAME}", f"/predict/{NAME}"])
def test_colored_pictures_are_read_in_order(server: Server, path: str) -> None:
    predictions = server.post(path, files=FILES).json()["predictions"]
    assert [(one["category"], one["category_index"]) for one in predictions] == [("ship", 8), ("automobile", 1)]
    assert [one["refused"] for one in predictions] == [None, None]


def test_it_answers_by_default_once_the_settings_say_so(tmp_path: Path, server: Server) -> None:
    chosen = server.get("/models").json()
    assert NAME in [card["name"] for card in chosen["models"]]
    assert server.post(f"/models/{NAME}/promote").status_code == 200
    predictions = server.post("/predict", files=FILES).json()["predictions"]
    server.post("/models/rollback")
    assert [one["category"] for one in predictions] == ["ship", "automobile"]


def test_the_upload_page_shows_its_words_beside_a_model_of_digits(server: Server) -> None:
    page = server.post(f"/upload?model={NAME}&model=mnist-cnn", files=FILES, headers={"Accept": "text/html"}).text
    assert ">ship<" in page
    assert ">automobile<" in page


@pytest.mark.parametrize("path", [f"/?model={NAME}", f"/models/{NAME}", f"/compare?model={NAME}&model=cnn", "/models"])
def test_every_page_opens_with_it(server: Server, path: str) -> None:
    assert server.get(path, headers={"Accept": "text/html"}).status_code == 200


def test_several_characters_are_not_looked_for_in_a_photo(server: Server) -> None:
    response = server.post(f"/predict/{NAME}?characters=many", files=FILES[:1])
    assert response.status_code == 400
    assert "whole pictures" in response.json()["detail"]


def test_the_pad_is_not_offered_for_it(server: Server) -> None:
    alone = server.get(f"/?model={NAME}", headers={"Accept": "text/html"})
    assert "/upload?" in alone.url
    assert "<drawing-pad" not in alone.text
    beside = server.get(f"/?model={NAME}&model=mnist-cnn", headers={"Accept": "text/html"}).text
    assert "<drawing-pad" in beside
    assert f'data-model="{NAME}"' not in beside


def test_photographs_are_compared_without_a_pad(server: Server) -> None:
    page = {"Accept": "text/html"}
    assert "<drawing-pad" not in server.get(f"/compare?model={NAME}&model=cifar10-cnn", headers=page).text
    beside = server.get(f"/compare?model={NAME}&model=mnist-cnn", headers=page).text
    assert "<drawing-pad" in beside
    assert beside.count("<model-answer") == 1


def test_the_upload_page_speaks_of_photographs_and_offers_ten(server: Server) -> None:
    page = server.get(f"/upload?model={NAME}", headers={"Accept": "text/html"}).text
    assert "<h1>Upload photographs</h1>" in page
    assert page.count('name="example"') == 10
    assert "What is written" not in page
    assert 'name="example"' not in server.get("/upload?model=mnist-cnn", headers={"Accept": "text/html"}).text


def test_an_example_is_read_with_five_candidates(server: Server) -> None:
    data = {"model": NAME, "example": "ship"}
    page = server.post("/upload", data=data, headers={"Accept": "text/html"}).text
    assert '<span class="name">ship</span>' in page
    assert page.count('<span class="percent">') == 5
    refused = server.post("/upload", data={"example": "../../secret"}, headers={"Accept": "text/html"})
    assert refused.status_code in (400, 422)
