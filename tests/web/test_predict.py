"""``/predict`` over a real server: every way of sending a picture, and the shape and order of the answer."""

import base64

import pytest
from tests.web.serving import Server, draw_seven, encoded, seven_png

SEVEN = seven_png()
TEXT = base64.b64encode(SEVEN).decode()
DATA_URL = f"data:image/png;base64,{TEXT}"


def categories(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [prediction["category"] for prediction in response.json()["predictions"]]


def test_the_answer_has_the_contracts_keys_and_values(server: Server) -> None:
    answer = server.post("/predict", files={"file": SEVEN}).json()
    (prediction,) = answer["predictions"]
    assert answer.keys() == {"predictions"}
    assert list(prediction)[:2] == ["category", "category_index"]
    assert (prediction["category"], prediction["category_index"], prediction["model"]) == ("7", 7, "mnist-cnn")
    assert prediction["top_k"][0]["probability"] == prediction["probability"] > 0.9
    assert prediction["latency_ms"] > 0


def test_several_files_are_answered_in_order(server: Server) -> None:
    blank = encoded(draw_seven().point(lambda _: 255))
    files = [("file", ("a.png", SEVEN)), ("file", ("b.png", blank)), ("file", ("c.png", SEVEN))]
    predictions = server.post("/predict", files=files).json()["predictions"]
    assert [prediction["blank"] for prediction in predictions] == [False, True, False]


@pytest.mark.parametrize("field", ["image", "imageBase64", "data", "img"])
@pytest.mark.parametrize("value", [TEXT, DATA_URL])
def test_base64_is_read_from_a_form_field_with_and_without_prefix(server: Server, field: str, value: str) -> None:
    assert categories(server.post("/predict", data={field: value})) == ["7"]


def test_base64_is_read_from_a_multipart_field(server: Server) -> None:
    assert categories(server.post("/predict", files={"image": (None, DATA_URL)})) == ["7"]


@pytest.mark.parametrize("body", [{"image": TEXT}, {"image": DATA_URL}, {"images": [TEXT]}])
def test_base64_is_read_from_json(server: Server, body: dict[str, object]) -> None:
    assert categories(server.post("/predict", json=body)) == ["7"]


def test_several_images_are_read_from_json(server: Server) -> None:
    assert categories(server.post("/predict", json={"images": [TEXT, DATA_URL]})) == ["7", "7"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_the_body_may_be_the_image(server: Server, kind: str) -> None:
    response = server.post(
        "/predict", data=encoded(draw_seven(), kind), headers={"Content-Type": f"image/{kind.lower()}"}
    )
    assert categories(response) == ["7"]


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/predict", "mnist-cnn"),
        ("/predict/cnn", "mnist-cnn"),
        ("/predict/linear", "mnist-linear"),
        ("/predict/mnist-linear", "mnist-linear"),
        ("/predict?model=linear", "mnist-linear"),
        ("/predict?model=mnist-cnn", "mnist-cnn"),
    ],
)
def test_each_model_has_its_routes(server: Server, path: str, model: str) -> None:
    (prediction,) = server.post(path, files={"file": SEVEN}).json()["predictions"]
    assert (prediction["model"], prediction["category"]) == (model, "7")


def test_the_steps_of_the_preparation_come_on_demand(server: Server) -> None:
    (plain,) = server.post("/predict", files={"file": SEVEN}).json()["predictions"]
    (detailed,) = server.post("/predict?steps=1", files={"file": SEVEN}).json()["predictions"]
    assert "steps" not in plain
    assert [step["name"] for step in detailed["steps"]] == ["polarity", "ink", "crop", "result"]
    assert all(step["image"].startswith("data:image/png;base64,") for step in detailed["steps"])
