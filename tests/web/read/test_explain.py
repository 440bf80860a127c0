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


def test_the_evidence_of_a_linear_model_sums_to_each_logit(server: Server) -> None:
    (found,) = server.post("/explain?model=linear", files={"file": SEVEN}).json()["explanations"]
    assert sorted(one["category"] for one in found["evidence"]) == list("0123456789")
    for one in found["evidence"]:
        assert np.sum(one["values"]) + one["bias"] == pytest.approx(one["logit"], abs=1e-5)
    assert found["evidence"][0]["category"] == found["category"]
    assert (found["stages"], found["kernels"], found["features"], found["grad_cam"]) == ([], None, None, None)


def test_the_evidence_is_that_of_the_classes_that_are_expected(server: Server) -> None:
    address = "/explain?model=emnist-linear&parts=evidence&among=letters"
    (found,) = server.post(address, files={"file": SEVEN}).json()["explanations"]
    categories = [one["category"] for one in found["evidence"]]
    assert len(categories) == 10
    assert all(category.isalpha() for category in categories)
    assert categories[0] == found["category"]


def test_a_network_answers_maps_kernels_features_and_neighbors(server: Server) -> None:
    (found,) = server.post("/explain?model=cnn", files={"file": SEVEN}).json()["explanations"]
    assert [one["shape"] for one in found["stages"]] == [[14, 14, 32], [7, 7, 64], [3, 3, 128]]
    for stage in found["stages"]:
        _, width, count = stage["shape"]
        image = Image.open(io.BytesIO(base64.b64decode(stage["image"].partition(",")[2])))
        assert image.width == stage["columns"] * (width + 1) - 1
        assert len(stage["strongest"]) == count
    assert found["kernels"]["shape"] == [32, 3, 3, 1]
    assert len(found["kernels"]["strongest"]) == 32
    features = found["features"]
    products = [one["value"] * one["weight"] for one in features["speaking_for"]]
    assert [one["part"] for one in features["speaking_for"]] == pytest.approx(products)
    assert products == sorted(products, reverse=True)
    assert np.array(found["grad_cam"]["values"]).max() > 0
    assert [one["category"] for one in found["nearest"]] == ["7"] * 6
    assert found["evidence"] == []
    assert "flips" not in found


def test_only_the_parts_that_are_asked_for_are_answered(server: Server) -> None:
    (found,) = server.post("/explain?model=mnist-tiny&parts=flips", files={"file": SEVEN}).json()["explanations"]
    assert not {"importance", "image", "stages", "nearest"} & set(found)
    assert {one["change"] for one in found["flips"]} <= {"erased", "added"}
    body = {"image": base64.b64encode(SEVEN).decode(), "parts": ["grad-cam"]}
    (found,) = server.post("/explain", json=body).json()["explanations"]
    assert "grad_cam" in found
    assert "stages" not in found
    refused = server.post("/explain?parts=everything", files={"file": SEVEN})
    assert refused.status_code in (400, 422)
    assert "grad-cam" in problem_of(refused)["detail"]


def test_blank_pictures_are_explained(server: Server) -> None:
    white = io.BytesIO()
    Image.new("RGB", (60, 60), "white").save(white, "PNG")
    asked = [("parts", part) for part in ("nearest", "stages", "grad-cam", "evidence", "flips")]
    for model in ("cifar10-cnn", "cnn", "linear"):
        (found,) = server.post("/explain", params=[("model", model), *asked], files={"file": white.getvalue()}).json()[
            "explanations"
        ]
        assert found["blank"]
        assert found["flips"] == []
        assert len(found["nearest"]) == 6
