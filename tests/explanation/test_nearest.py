"""The nearest training images are those that comparing with every one of them finds."""

from dataclasses import replace

import numpy as np
import pytest
from tests.web.serving import draw_seven

from rabisco.artifacts import TRAINING_FILE, load_artifact
from rabisco.explanation import get_inside, nearest
from rabisco.explanation.inside import Inside
from rabisco.images import prepare
from rabisco.inference import get_predictor

SEVEN = np.asarray(draw_seven().convert("RGB"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["mnist-cnn", "mnist-linear", "mnist-tiny", "emnist-cnn", "emnist-linear", "cifar10-cnn", "cifar10-resnet18"],
)
def test_they_are_those_that_brute_force_finds(name: str) -> None:
    predictor = get_predictor(name)
    inside = get_inside(predictor)
    seen = inside.run(prepare(SEVEN, predictor.card.normalizer).pixels)
    kept = inside.artifact.training_images
    assert kept is not None
    photographs = name.startswith("cifar10")
    assert len(kept.images) == (260 if photographs else 1000)
    assert (inside.artifact.folder / TRAINING_FILE).stat().st_size < (1_000_000 if photographs else 300_000)
    expected = []
    for image, label in zip(kept.images, kept.labels, strict=True):
        difference = inside.run(image).features.astype(np.float64) - seen.features
        expected.append((float(np.sqrt((difference**2).sum())), int(label)))
    expected.sort()
    found = nearest(inside, seen, 6)
    assert found
    near = 1e-3 if photographs else 1e-4  # their features are kept as float16
    np.testing.assert_allclose([one.distance for one in found], [distance for distance, _ in expected[:6]], rtol=near)
    assert [one.category for one in found] == [predictor.card.class_names[label] for _, label in expected[:6]]
    assert photographs or found[0].category == "7"


def test_a_training_image_is_nearest_to_itself() -> None:
    inside = get_inside(get_predictor("mnist-cnn"))
    kept = inside.artifact.training_images
    assert kept is not None
    found = nearest(inside, inside.run(kept.images[321]), 1)
    assert found
    assert found[0].distance < 1e-3
    np.testing.assert_array_equal(found[0].image, kept.images[321])


def test_a_version_without_kept_images_has_none() -> None:
    artifact = load_artifact("cifar10-cnn")
    files = {name: digest for name, digest in artifact.card.files.items() if name != TRAINING_FILE}
    inside = Inside(replace(artifact, card=artifact.card.model_copy(update={"files": files})))
    assert nearest(inside, inside.run(np.zeros((32, 32, 3), np.uint8))) is None
