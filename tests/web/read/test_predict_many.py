"""``characters=many`` over a real server: every way of asking and of sending, the answer's shape, the cap."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.images.pictures import draw
from tests.web.serving import Server, encoded, problem_of, serving, seven_png

SEVEN = (((0.0, 0.0), (0.6, 0.0), (0.2, 1.0)),)
ONE = (((0.0, 0.0), (0.0, 1.0)),)
FOUR = (((0.3, 0.0), (0.0, 0.6), (0.6, 0.6)), ((0.45, 0.3), (0.4, 1.0)))
ROW = np.min(
    [
        draw((560, 160), place=(left, 40), height=80, width=9, strokes=strokes)
        for strokes, left in ((FOUR, 40), (ONE, 150), (SEVEN, 230))
    ],
    axis=0,
)
PNG = encoded(Image.fromarray(ROW))
TEXT = base64.b64encode(PNG).decode()
DATA_URL = f"data:image/png;base64,{TEXT}"


def texts(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [reading["text"] for reading in response.json()["predictions"]]


@pytest.mark.parametrize(
    "request_of",
    [
        lambda server: server.post("/predict?characters=many", files={"file": PNG}),
        lambda server: server.post("/predict", files={"file": PNG}, data={"characters": "many"}),
        lambda server: server.post("/predict/cnn?characters=many", files={"file": PNG}),
        lambda server: server.post("/predict?characters=many", data={"image": DATA_URL}),
        lambda server: server.post("/predict", data={"image": TEXT, "characters": "many"}),
        lambda server: server.post("/predict?characters=many", json={"image": DATA_URL}),
        lambda server: server.post("/predict", json={"images": [TEXT], "characters": "many"}),
        lambda server: server.post("/predict?characters=many", data=PNG, headers={"Content-Type": "image/png"}),
    ],
    ids=["query", "field", "model in path", "form", "form field", "json", "json field", "body"],
)
def test_a_row_is_read_in_every_way_of_sending_it(server: Server, request_of) -> None:
    assert texts(request_of(server)) == ["417"]


def test_the_answer_has_the_string_and_each_characters_classes_and_place(server: Server) -> None:
    (reading,) = server.post("/predict?characters=many", files={"file": PNG}).json()["predictions"]
    assert reading["text"] == "417"
    assert (reading["width"], reading["height"], reading["blank"], reading["model"]) == (560, 160, False, "mnist-cnn")
    assert [character["category"] for character in reading["characters"]] == ["4", "1", "7"]
    for character in reading["characters"]:
        assert list(character)[:2] == ["category", "category_index"]
        assert character["top_k"][0]["probability"] == character["probability"]
        assert character["line"] == 0
        assert "steps" not in character
    assert reading["characters"][1]["box"] == {
        "left": pytest.approx(145, abs=3),
        "top": pytest.approx(35, abs=3),
        "width": pytest.approx(10, abs=4),
        "height": pytest.approx(90, abs=4),
    }


def test_one_character_is_the_default_and_its_answer_stays_as_it_was(server: Server) -> None:
    for path in ("/predict", "/predict?characters=one"):
        (prediction,) = server.post(path, files={"file": seven_png()}).json()["predictions"]
        assert prediction["category"] == "7"
        assert "characters" not in prediction


def test_several_pictures_are_answered_in_order(server: Server) -> None:
    blank = encoded(Image.new("L", (100, 60), 255))
    files = [("file", ("a.png", PNG)), ("file", ("b.png", blank)), ("file", ("c.png", PNG))]
    response = server.post("/predict?characters=many", files=files)
    assert texts(response) == ["417", "", "417"]
    assert response.json()["predictions"][1]["characters"] == []


def test_boxes_are_in_pixels_of_the_picture_as_it_was_sent(server: Server) -> None:
    large = Image.fromarray(ROW).resize((560 * 8, 160 * 8))
    (reading,) = server.post("/predict?characters=many", files={"file": encoded(large, "JPEG")}).json()["predictions"]
    assert reading["text"] == "417"
    assert (reading["width"], reading["height"]) == (4480, 1280)
    assert [character["box"]["left"] for character in reading["characters"]] == pytest.approx(
        [284, 1164, 1804], abs=24
    )


def test_a_picture_turned_by_its_camera_has_its_boxes_upright(server: Server) -> None:
    turned, exif, file = Image.fromarray(ROW).transpose(Image.Transpose.ROTATE_90), Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    turned.save(file, "JPEG", exif=exif, quality=95)
    (reading,) = server.post("/predict?characters=many", files={"file": file.getvalue()}).json()["predictions"]
    assert (reading["text"], reading["width"], reading["height"]) == ("417", 560, 160)


def test_the_steps_of_each_character_come_on_demand(server: Server) -> None:
    (reading,) = server.post("/predict?characters=many&steps=1", files={"file": PNG}).json()["predictions"]
    for character in reading["characters"]:
        assert character["steps"][-1]["name"] == "result"
        assert character["steps"][-1]["image"].startswith("data:image/png;base64,")


def test_another_wish_is_refused_with_what_was_expected(server: Server) -> None:
    for options in ({"files": {"file": PNG}}, {"json": {"image": TEXT}}):
        problem = problem_of(server.post("/predict?characters=lots", **options))
        assert problem["status"] == 400
        assert "one, many" in problem["detail"]
        assert "lots" in problem["detail"]


def test_more_characters_than_the_settings_allow_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path, max_characters=2) as small:
        problem = problem_of(small.post("/predict?characters=many", files={"file": PNG}))
        assert problem["status"] == 413
        assert "at most 2 characters" in problem["detail"]
        noise = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300), np.uint8)))
        assert small.post("/predict?characters=many", files={"file": noise}).status_code in (200, 413)


def test_the_upload_page_shows_string_and_boxes_without_javascript(server: Server) -> None:
    files = [("file", ("row.png", PNG)), ("file", ("notes.png", b"text"))]
    response = server.post("/upload", files=files, data={"characters": "many"}, headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.text.count('<p class="string">417</p>') == 2
    assert response.text.count("<rect x=") == 6
    assert "This file is not a picture we can read" in response.text


def test_the_upload_page_says_that_a_picture_holds_no_character(server: Server) -> None:
    blank = encoded(Image.new("L", (300, 160), 255))
    response = server.post(
        "/upload", files={"file": blank}, data={"characters": "many"}, headers={"Accept": "text/html"}
    )
    assert response.text.count("Nothing is drawn in this picture.</p>") == 2
    assert '<p class="string">' not in response.text
    copying = [tag for tag in response.text.split("<button")[1:] if "data-copy" in tag and "Copy the text" in tag]
    assert len(copying) == 2
    assert all(" hidden>" in tag for tag in copying)


@pytest.mark.parametrize("path", ["/", "/upload"])
def test_the_pages_lead_to_several_and_back(server: Server, path: str) -> None:
    one = server.get(path, headers={"Accept": "text/html"}).text
    many = server.get(f"{path}?characters=many", headers={"Accept": "text/html"}).text
    assert f'href="{path}?characters=many"' in one
    assert f'href="{path}?characters=one"' in many
    assert server.get(f"{path}?characters=lots", headers={"Accept": "text/html"}).status_code == 400
