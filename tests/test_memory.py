"""Examples beside frozen weights: recalled where a picture looks like one, and nowhere else."""

import numpy as np
import pytest

from rabisco.artifacts import BUNDLED_DIR, load_artifact
from rabisco.memory import LEAST_STRENGTH, WITHOUT_REFERENCE, Memory, Reference, features, reach_of

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (60, 28, 28, 1)).astype(np.uint8)
LOGITS = RANDOM.normal(0, 4, (60, 10)).astype(np.float32)


def reference() -> Reference:
    return Reference.of((IMAGES[:30], LOGITS[:30]), (IMAGES[30:], LOGITS[30:]))


@pytest.mark.parametrize(("shape", "classes"), [((28, 28, 1), 10), ((32, 32, 3), 10), ((28, 28, 1), 62)])
def test_features_are_few_and_the_same_for_the_same_picture(shape: tuple[int, ...], classes: int) -> None:
    images = RANDOM.integers(0, 256, (3, *shape)).astype(np.uint8)
    logits = RANDOM.normal(size=(3, classes)).astype(np.float32)
    found = features(images, logits)
    assert found.shape[1] < 64
    np.testing.assert_allclose(features(images[1:2], logits[1:2])[0], found[1], atol=1e-5)


def test_a_flat_picture_and_equal_logits_make_no_nan() -> None:
    assert np.isfinite(features(np.zeros((1, 28, 28, 1), np.uint8), np.zeros((1, 10), np.float32))).all()


def test_an_example_answers_for_its_picture_and_changes_no_other() -> None:
    kept, seen = reference(), features(IMAGES[:1], LOGITS[:1])[0]
    other = (int(LOGITS[0].argmax()) + 1) % 10
    reach = reach_of(seen, other, kept)
    memory = Memory().with_example("a", seen, str(other), None, reach)
    recalled = memory.recall(seen)
    assert recalled is not None
    assert (recalled.example.category, recalled.strength > LEAST_STRENGTH) == (str(other), True)
    assert memory.recall(features(IMAGES[1:2], LOGITS[1:2])[0]) is None
    assert memory.unchanged(kept, tuple("0123456789")) == 30


def test_an_example_that_reaches_too_far_is_counted() -> None:
    seen = features(IMAGES[30:31], LOGITS[30:31])[0]
    other = (int(LOGITS[30].argmax()) + 1) % 10
    memory = Memory().with_example("a", seen, str(other), None, 0.1)
    assert memory.unchanged(reference(), tuple("0123456789")) == 29


def test_a_picture_that_is_taught_again_is_known_once() -> None:
    seen = features(IMAGES[:1], LOGITS[:1])[0]
    memory = Memory().with_example("a", seen, "1", None, 0.1).with_example("a", seen, None, "not-a-character", 0.1)
    assert len(memory.examples) == 1
    recalled = memory.recall(seen)
    assert recalled is not None
    assert recalled.example.reason == "not-a-character"
    assert memory.without(["a"]).examples == ()


def test_without_a_reference_only_the_same_picture_is_recalled() -> None:
    assert reach_of(features(IMAGES[:1], LOGITS[:1])[0], 1, None) == WITHOUT_REFERENCE


@pytest.mark.parametrize("name", sorted(path.parent.name for path in BUNDLED_DIR.glob("*/card.json")))
def test_every_bundled_model_keeps_what_it_answers(name: str) -> None:
    kept = load_artifact(name, 0).reference
    assert kept is not None
    assert len(kept.seen) >= 1000
    assert len(kept.counted) == 10_000
