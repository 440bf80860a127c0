"""What the first course asked for, with the bundled model: photographs in one request, read in their order."""

from pathlib import Path

import pytest
from tests.web.serving import Server

import rabisco.web
from rabisco.data import get_entry
from rabisco.web.read.examples import EXAMPLES

FOLDER = Path(rabisco.web.__file__).parent / "static" / "examples"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def test_the_classes_have_the_order_that_clients_rely_on() -> None:
    assert get_entry("cifar10").class_names == CLASSES
    assert set(EXAMPLES) == set(CLASSES)


@pytest.mark.parametrize("path", ["/predict?model=cifar10", "/predict/cifar10-cnn", "/predict/cifar10-resnet18"])
def test_a_horse_a_dog_and_a_frog_are_read_in_order(server: Server, path: str) -> None:
    files = [("file", (f"{name}.png", (FOLDER / f"{name}.png").read_bytes())) for name in ("horse", "dog", "frog")]
    predictions = server.post(path, files=files).json()["predictions"]
    answers = [(one["category"], one["category_index"]) for one in predictions]
    assert answers == [("horse", 7), ("dog", 5), ("frog", 6)]


def test_most_examples_are_read_rightly(server: Server) -> None:
    files = [("file", (f"{name}.png", (FOLDER / f"{name}.png").read_bytes())) for name in CLASSES]
    predictions = server.post("/predict?model=cifar10", files=files).json()["predictions"]
    right = [one["category_index"] == place for place, one in enumerate(predictions)]
    assert sum(right) >= 9
