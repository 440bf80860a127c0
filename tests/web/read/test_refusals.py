"""``/predict`` and the upload page say why they do not read what is no character; contract S1 holds beside."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.web.serving import Server, draw_seven, encoded, seven_png

from rabisco.rejection import MESSAGES

SIDE = 280


def drawn(*strokes: list[tuple[float, float]], width: int = 10) -> bytes:
    """Return strokes, in shares of the side, black on white as the drawing page sends them."""
    image = Image.new("L", (SIDE, SIDE), 255)
    for stroke in strokes:
        ImageDraw.Draw(image).line([(x * SIDE, y * SIDE) for x, y in stroke], fill=0, width=width, joint="curve")
    return encoded(image)


def circle(x: float, y: float, radius: float, start: float = 0, stop: float = 2 * np.pi) -> list[tuple[float, float]]:
    return [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in np.linspace(start, stop, 40)]


SCRIBBLE = drawn([(0.1 + 0.8 * step / 17, 0.15 + 0.65 * (step % 2)) for step in range(18)])
SEVENS = drawn(*([(x, 0.35), (x + 0.18, 0.35), (x + 0.06, 0.65)] for x in (0.08, 0.4, 0.72)))
SMILEY = drawn(
    circle(0.5, 0.5, 0.4),
    circle(0.36, 0.4, 0.04),
    circle(0.64, 0.4, 0.04),
    circle(0.5, 0.52, 0.2, 0.3, 2.8),
)
BLANK = encoded(draw_seven().point(lambda _: 255))
PICTURES = {"blank": BLANK, "scribble": SCRIBBLE, "more-than-one-character": SEVENS, "not-a-character": SMILEY}


@pytest.mark.parametrize("reason", PICTURES)
@pytest.mark.parametrize("model", ["mnist-cnn", "mnist-linear"])
def test_each_reason_is_given_with_status_200_and_the_best_guess(server: Server, reason: str, model: str) -> None:
    response = server.post(f"/predict/{model}", files={"file": PICTURES[reason]})
    assert response.status_code == 200
    (prediction,) = response.json()["predictions"]
    assert list(prediction)[:2] == ["category", "category_index"]
    assert prediction["refused"] == {"reason": reason, "message": MESSAGES[reason]}
    assert len(prediction["top_k"]) == 3
    assert 0.5 < prediction["doubt"] <= 1
    assert prediction["blank"] is (reason == "blank")


@pytest.mark.parametrize("model", ["mnist-cnn", "mnist-linear"])
def test_a_digit_is_not_refused(server: Server, model: str) -> None:
    (prediction,) = server.post(f"/predict/{model}", files={"file": seven_png()}).json()["predictions"]
    assert prediction["refused"] is None
    assert prediction["doubt"] < 0.5
    assert prediction["category"] == "7"


def test_the_reason_is_told_in_the_readers_language(server: Server) -> None:
    answer = server.post("/predict", files={"file": SCRIBBLE}, headers={"Accept-Language": "pt-BR"}).json()
    refused = answer["predictions"][0]["refused"]
    assert refused["reason"] == "scribble"
    assert refused["message"] != MESSAGES["scribble"]


def test_the_upload_page_shows_the_reason_and_the_guess_below_it(server: Server) -> None:
    files = [
        ("file", ("scribble.png", SCRIBBLE)),
        ("file", ("blank.png", BLANK)),
        ("file", ("seven.png", seven_png())),
    ]
    page = server.post("/upload", files=files, headers={"Accept": "text/html"}).text
    for reason in ("scribble", "blank"):
        assert page.count(f'<p class="refusal">{MESSAGES[reason]}</p>') == 2  # one for each model
    assert page.count('class="guess"') == 2
    assert page.count('<ol class="bars">') == 4  # none for the blank one
