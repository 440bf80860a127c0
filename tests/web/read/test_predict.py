"""``/predict`` over a real server: every way of sending a picture, and the shape and order of the answer."""

import base64
from typing import Any

import numpy as np
import pytest
from tests.web.serving import Server, draw_seven, encoded, problem_of, seven_png

from rabisco.images import decode
from rabisco.web.read.png import data_url

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


@pytest.mark.parametrize(
    "sent",
    [
        {"params": {"model": "linear", "steps": "true"}, "files": {"file": SEVEN}},
        {"data": {"model": "linear", "steps": "1", "image": TEXT}},
        {"data": {"model": "linear", "steps": "yes"}, "files": {"file": SEVEN}},
        {"json": {"model": "linear", "steps": True, "image": TEXT}},
    ],
    ids=["query", "form", "multipart", "json"],
)
def test_an_option_counts_wherever_it_stands(server: Server, sent: dict[str, Any]) -> None:
    (prediction,) = server.post("/predict", **sent).json()["predictions"]
    assert (prediction["model"], "steps" in prediction) == ("mnist-linear", True)


@pytest.mark.parametrize("path", ["/predict", "/explain"])
@pytest.mark.parametrize(
    "sent",
    [
        {"params": {"modle": "linear"}, "files": {"file": SEVEN}},
        {"data": {"modle": "linear", "image": TEXT}},
        {"data": {"modle": "linear"}, "files": {"file": SEVEN}},
        {"json": {"modle": "linear", "image": TEXT}},
    ],
    ids=["query", "form", "multipart", "json"],
)
def test_an_unknown_option_is_refused_wherever_it_stands(server: Server, path: str, sent: dict[str, Any]) -> None:
    answer = server.post(path, **sent)
    assert answer.status_code == 422
    assert "“modle”" in answer.json()["detail"]
    assert "Did you mean “model”?" in answer.json()["detail"]


def test_a_model_in_the_address_admits_no_other(server: Server) -> None:
    assert server.post("/predict/cnn", data={"model": "linear"}, files={"file": SEVEN}).status_code == 422


@pytest.mark.parametrize(("path", "sent"), [("/predict/cnn,linear", {}), ("/predict", {"model": "cnn,linear"})])
def test_several_models_answer_for_each_picture_in_turn(server: Server, path: str, sent: dict[str, str]) -> None:
    files = [("file", SEVEN), ("file", ("notes.txt", b"no picture")), ("file", SEVEN)]
    answers = server.post(path, data=sent, files=files).json()["predictions"]
    both = ["mnist-cnn", "mnist-linear"]
    assert [answer.get("model") for answer in answers] == [*both, None, None, *both]
    alone = [server.post(f"/predict/{name}", files={"file": SEVEN}).json()["predictions"][0] for name in both]
    assert [one | {"latency_ms": 0} for one in answers[:2]] == [one | {"latency_ms": 0} for one in alone]


def test_the_steps_of_several_models_are_those_of_each(server: Server) -> None:
    steps = server.post("/predict/cnn,linear?steps=1", files={"file": SEVEN}).json()["predictions"]
    alone = [server.post(f"/predict/{name}?steps=1", files={"file": SEVEN}).json() for name in ("cnn", "linear")]
    assert [one["steps"] for one in steps] == [one["predictions"][0]["steps"] for one in alone]
    assert steps[0]["steps"][-1] != steps[1]["steps"][-1]  # the linear model sees it upright


@pytest.mark.parametrize("shape", [(1, 1), (28, 28, 1), (171, 131), (5, 7, 3)])
def test_a_data_url_holds_the_pixels(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    content = base64.b64decode(data_url(pixels).removeprefix("data:image/png;base64,"))
    assert (decode(content) == pixels.reshape(*shape[:2], -1)).all()


def test_several_models_read_no_more_pictures_than_one(server: Server) -> None:
    assert server.post("/predict/cnn,linear", files=[("file", SEVEN)] * 33).status_code == 413
    assert server.post(f"/predict/{','.join(['cnn'] * 9)}", files={"file": SEVEN}).status_code == 413
    assert server.post("/predict/cnn,nobody", files={"file": SEVEN}).status_code == 404


@pytest.mark.parametrize("names", ["cnn,,linear", ",", "cnn,"])
def test_an_empty_name_among_several_is_not_the_default(server: Server, names: str) -> None:
    for answer in (
        server.post(f"/predict/{names}", files={"file": SEVEN}),
        server.post("/predict", data={"model": names}, files={"file": SEVEN}),
    ):
        assert answer.status_code == 400
        assert f"Received: '{names}'; take out a comma" in problem_of(answer)["detail"]


@pytest.mark.parametrize("field", ["files", "image", "images", "img", "file[]", "files[]", "images[]"])
def test_files_are_taken_under_the_usual_names(server: Server, field: str) -> None:
    assert categories(server.post("/predict", files=[(field, SEVEN), (field, SEVEN)])) == ["7", "7"]


def test_a_file_under_another_name_is_not_left_out(server: Server) -> None:
    answer = server.post("/predict", files={"file": SEVEN, "file2": SEVEN})
    assert answer.status_code == 422
    assert "“file2”" in answer.json()["detail"]


@pytest.mark.parametrize("no", ["0", "false", "False", "no", "off", ""])
def test_no_steps_are_no_steps(server: Server, no: str) -> None:
    (prediction,) = server.post("/predict", params={"steps": no}, files={"file": SEVEN}).json()["predictions"]
    assert "steps" not in prediction


def test_the_steps_of_the_preparation_come_on_demand(server: Server) -> None:
    (plain,) = server.post("/predict", files={"file": SEVEN}).json()["predictions"]
    (detailed,) = server.post("/predict?steps=1", files={"file": SEVEN}).json()["predictions"]
    assert "steps" not in plain
    assert [step["name"] for step in detailed["steps"]] == ["polarity", "ink", "crop", "result"]
    assert all(step["image"].startswith("data:image/png;base64,") for step in detailed["steps"])


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_a_picture_sent_without_its_type_is_known_by_what_it_holds(server: Server, kind: str) -> None:
    answer = server.post("/predict", data=seven_png(), headers={"Content-Type": kind})
    assert answer.json()["predictions"][0]["category"] == "7"
    assert server.post("/predict", data=b"image=x", headers={"Content-Type": kind}).status_code == 400


def test_heic_is_named_with_what_to_do(server: Server) -> None:
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(300)
    answer = server.post("/predict", data=heic, headers={"Content-Type": "image/heic"})
    assert answer.status_code == 415
    assert "received HEIC, which phones take; share it as JPEG" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/about/", "/docs/", "/runs/", "/health/", "/favicon.ico"])
def test_a_trailing_slash_and_the_icon_are_no_error(server: Server, path: str) -> None:
    assert server.get(path).status_code == 200


@pytest.mark.parametrize(("language", "words"), [("en", "end of the file"), ("ru", "не хватает конца")])
def test_a_jpeg_without_its_end_is_read_with_a_note(server: Server, language: str, words: str) -> None:
    cut = encoded(draw_seven(), "JPEG")[:-3]
    files = [("file", ("whole.png", SEVEN)), ("file", ("cut.jpg", cut))]
    answer = server.post(f"/predict?lang={language}", files=files).json()
    assert [one["category"] for one in answer["predictions"]] == ["7", "7"]
    (note,) = answer["notes"]
    assert note.startswith("cut.jpg: ")
    assert words in note
    assert words in server.post(f"/upload?lang={language}", files={"file": ("cut.jpg", cut)}).text
    assert server.post("/predict", files={"file": cut}).json()["notes"]
