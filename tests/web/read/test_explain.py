"""``POST /explain`` answers as ``/predict`` does, and with what mattered."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from tests.web.serving import Server, problem_of, seven_png

SEVEN = seven_png()


@pytest.mark.parametrize("model", ["cnn", "linear", "emnist-cnn"])
def test_each_picture_is_explained_in_order(server: Server, model: str) -> None:
    files = [("file", ("a.png", SEVEN)), ("file", ("b.png", SEVEN))]
    first, second = server.post(f"/explain?model={model}", files=files).json()["explanations"]
    (predicted,) = server.post(f"/predict/{model}", files=files[:1]).json()["predictions"]
    assert first["importance"] == second["importance"]
    assert {**predicted, "latency_ms": 0} == {**{name: first[name] for name in predicted}, "latency_ms": 0}
    importance = np.array(first["importance"])
    assert importance.shape == (28, 28)
    assert importance.max() > 0
    image = Image.open(io.BytesIO(base64.b64decode(first["image"].partition(",")[2])))
    assert (image.size, image.mode) == ((28, 28), "RGB")
    red, _, blue = np.asarray(image, int)[np.unravel_index(importance.argmax(), (28, 28))]
    assert red > blue  # what mattered most is orange


def test_the_default_model_explains_and_base64_is_taken(server: Server) -> None:
    text = base64.b64encode(SEVEN).decode()
    (found,) = server.post("/explain", json={"image": text}).json()["explanations"]
    assert (found["category"], found["model"]) == ("7", "mnist-cnn")


def test_more_than_eight_pictures_are_too_many(server: Server) -> None:
    response = server.post("/explain", files=[("file", ("a.png", SEVEN))] * 9)
    assert response.status_code == 413
    assert "at most 8 pictures" in problem_of(response)["detail"]


def test_what_is_no_picture_and_what_is_no_model_are_refused_as_elsewhere(server: Server) -> None:
    assert server.post("/explain", files={"file": b"not a picture"}).status_code == 415
    assert server.post("/explain?model=nobody", files={"file": SEVEN}).status_code == 404
