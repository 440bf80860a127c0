"""``among=letters`` over a real server: every way of asking, what it refuses, and the same on the pages."""

import base64
import re

import pytest
from PIL import Image
from tests.test_characters import ROUND
from tests.web.serving import Server, encoded, problem_of, seven_png

from rabisco.characters import AMONG

PNG = encoded(Image.fromarray(ROUND))
TEXT = base64.b64encode(PNG).decode()
MODEL = "/predict/emnist-cnn"
BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize(
    "request_of",
    [
        lambda server: server.post(f"{MODEL}?among=capitals", files={"file": PNG}),
        lambda server: server.post(MODEL, files={"file": PNG}, data={"among": "capitals"}),
        lambda server: server.post("/predict?model=emnist-cnn", json={"image": TEXT, "among": "capitals"}),
        lambda server: server.post(f"{MODEL}?among=capitals", data=PNG, headers={"Content-Type": "image/png"}),
    ],
    ids=["query", "field", "json", "body"],
)
def test_a_circle_is_a_letter_in_every_way_of_saying_so(server: Server, request_of) -> None:
    response = request_of(server)
    assert response.status_code == 200, response.text
    (prediction,) = response.json()["predictions"]
    assert (prediction["category"], prediction["among"], prediction["alike"]) == ("O", "capitals", [])


def test_who_says_nothing_is_answered_among_all(server: Server) -> None:
    (prediction,) = server.post(MODEL, files={"file": PNG}).json()["predictions"]
    assert prediction["among"] == "any"
    assert prediction["category"] in "0Oo"


def test_several_characters_and_explanations_keep_to_it(server: Server) -> None:
    (reading,) = server.post(f"{MODEL}?characters=many&among=digits", files={"file": PNG}).json()["predictions"]
    assert (reading["text"], reading["among"]) == ("0", "digits")
    answer = server.post("/explain?model=emnist-cnn&among=capitals", files={"file": PNG}).json()
    assert answer["explanations"][0]["category"] == "O"


@pytest.mark.parametrize(("model", "among"), [("emnist-cnn", "runes"), ("mnist-cnn", "letters")])
def test_what_cannot_be_is_refused_with_what_can(server: Server, model: str, among: str) -> None:
    problem = problem_of(server.post(f"/predict/{model}?among={among}", files={"file": PNG}))
    assert problem["status"] == 400
    assert among in problem["detail"]


@pytest.mark.parametrize("path", ["/?characters=one&", "/?characters=many&", "/upload?"])
def test_the_pages_let_the_reader_say_what_is_written(server: Server, path: str) -> None:
    page = server.get(f"{path}model=emnist-cnn&among=letters", headers=BROWSER).text
    select = re.search(r'<select name="among">(.*?)</select>', page, re.DOTALL)
    assert select
    assert re.findall(r'value="([^"]+)"', select[1]) == list(AMONG)
    assert re.findall(r'value="([^"]+)" selected', select[1]) == ["letters"]
    assert "among=letters&amp;characters=" in page  # the links to one character and several keep it


def test_the_drawing_pages_ask_for_it(server: Server) -> None:
    assert 'data-among="letters"' in server.get("/?model=emnist-cnn&among=letters", headers=BROWSER).text
    assert 'data-among="any"' in server.get("/", headers=BROWSER).text


def test_an_uploaded_picture_is_read_with_it(server: Server) -> None:
    form = {"model": "emnist-cnn", "among": "capitals"}
    page = server.post("/upload", files={"file": ("o.png", PNG)}, data=form, headers=BROWSER).text
    assert re.findall(r'<p class="character">(.)</p>', page) == ["O"]


def test_a_page_for_models_that_know_no_letters_says_so(server: Server) -> None:
    response = server.get("/?model=mnist-cnn&among=letters", headers=BROWSER)
    assert response.status_code == 200  # no combination that a page offers is refused
    assert "mnist-cnn cannot read that, so emnist-cnn, emnist-linear reads instead." in response.text
    assert 'data-model="emnist-cnn" data-among="letters"' in response.text


def test_so_many_classes_are_answered_as_are_asked_for(server: Server) -> None:
    for asked, count in (("", 3), ("top_k=1", 1), ("top_k=10", 10), ("top_k=1000", 10)):
        files = {"file": ("seven.png", seven_png())}
        (read,) = server.post(f"/predict?{asked}", files=files).json()["predictions"]
        assert len(read["top_k"]) == count
        assert read["top_k"][0]["category"] == "7"
    for asked in ("0", "-1", "x", "1001", "1e9"):
        response = server.post(f"/predict?top_k={asked}", files={"file": ("seven.png", seven_png())})
        assert response.status_code == 400
