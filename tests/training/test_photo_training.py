"""Training on photographs: transforms, schedules, precision."""

from dataclasses import replace

import numpy as np
import pytest

from rabisco.data.dataset import Split
from rabisco.errors import InvalidConfigurationError
from rabisco.models import create_model
from rabisco.models.backend import start_keras
from rabisco.models.cifar_cnn import adapt, whitening_kernel
from rabisco.training import TrainingConfiguration
from rabisco.training.augment import augmented
from rabisco.training.batches import create_batches
from rabisco.training.photos import PhotoAugmentation, shrunk
from rabisco.training.schedule import create_optimizer
from rabisco.training.train import trained_twin

STILL = PhotoAugmentation(flip=0, shift=0, erasing=0)

pytestmark = pytest.mark.training


@pytest.fixture(scope="module", autouse=True)
def _keras() -> None:
    start_keras()


@pytest.fixture(scope="module")
def photographs() -> np.ndarray:
    """Return smooth random pictures, whose neighboring pixels are alike, as in photographs."""
    coarse = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3)).astype(np.float64)
    return np.kron(coarse, np.ones((1, 4, 4, 1))).astype(np.uint8)


def changed(images: np.ndarray, augmentation: PhotoAugmentation, seed: int = 1) -> np.ndarray:
    return augmented(images, augmentation, np.random.default_rng(seed))


def test_whitened_patches_are_uncorrelated_and_of_equal_size(photographs: np.ndarray) -> None:
    kernel = whitening_kernel(photographs, smallest=0.0)
    assert kernel.shape == (2, 2, 3, 24)
    model = create_model("cifar-cnn", (32, 32, 3), 10)
    adapt(model, photographs)
    np.testing.assert_allclose(model.get_layer("whitening").get_weights()[0], whitening_kernel(photographs))
    scaled = np.asarray(model.get_layer("scaled")(photographs))
    import keras

    maps = np.asarray(keras.ops.conv(scaled, kernel[..., :12])).reshape(-1, 12)
    np.testing.assert_allclose(maps.T @ maps / len(maps), np.eye(12), atol=0.02)
    np.testing.assert_array_equal(kernel[..., 12:], -kernel[..., :12])


def test_the_whitening_layer_is_not_trained_and_the_others_begin_by_passing_on(photographs: np.ndarray) -> None:
    model = create_model("cifar-cnn", (32, 32, 3), 10)
    adapt(model, photographs)
    assert not model.get_layer("whitening").trainable_weights
    (kernel,) = model.get_layer("stage2_weights").get_weights()
    maps = np.random.default_rng(0).normal(size=(1, 8, 8, 256)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model.get_layer("stage2_weights")(maps)), maps, atol=1e-6)
    assert kernel.shape == (3, 3, 256, 256)


def test_no_change_is_no_change(photographs: np.ndarray) -> None:
    still = STILL
    np.testing.assert_array_equal(changed(photographs, still), photographs)


def test_a_shift_is_a_random_crop_of_the_mirrored_image(photographs: np.ndarray) -> None:
    shifted = changed(photographs, replace(STILL, shift=2))
    padded = np.pad(photographs, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    places = set()
    for image, around in zip(shifted, padded, strict=True):
        fits = [
            (row, column)
            for row in range(5)
            for column in range(5)
            if (around[row : row + 32, column : column + 32] == image).all()
        ]
        assert fits
        places.add(fits[0])
    assert len(places) > 10


def test_zoom_changes_the_size_of_a_share_of_the_images() -> None:
    image = np.zeros((200, 32, 32, 3), np.uint8)
    image[:, 12:20, 12:20] = 255
    areas = changed(image, replace(STILL, zoom=0.3, zoomed=0.5))[..., 0].mean(axis=(1, 2)) / 255 * 32**2
    still = np.isclose(areas, 64).mean()
    assert 0.35 < still < 0.65
    assert areas.min() < 50
    assert areas.max() > 80


def test_flips_alternate_from_epoch_to_epoch(photographs: np.ndarray) -> None:
    split = Split(photographs, np.arange(40, dtype=np.int64) % 10)

    def sides(epoch: int) -> np.ndarray:
        batches = create_batches(split, 10, 40, seed=3, augmentation=replace(STILL, flip=0.5, alternate=True))
        batches.epoch = epoch
        batches.on_epoch_begin()
        images, _ = batches[0]
        original = photographs[batches.order]
        assert ((images == original) | (images == original[:, :, ::-1])).all(axis=(1, 2, 3)).all()
        flipped = np.zeros(40, bool)
        flipped[batches.order] = (images != original).any(axis=(1, 2, 3))
        return flipped

    first, second, third = sides(1), sides(2), sides(3)
    assert (first != second).all()
    assert (first == third).all()
    assert 8 < first.sum() < 32


def test_biases_and_normalizations_do_not_decay() -> None:
    told = TrainingConfiguration(solver="sgd", weight_decay=0.1, momentum=0.8)
    optimizer = create_optimizer(told, 10)
    model = create_model("cifar-cnn", (32, 32, 3), 10)
    optimizer.build(model.trainable_variables)
    decayed = {
        variable.path.split("/")[-1] for variable in model.trainable_variables if optimizer._use_weight_decay(variable)
    }
    assert decayed == {"kernel"}
    assert optimizer.momentum == 0.8


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_the_twin_in_fewer_bits_reads_nearly_the_same(photographs: np.ndarray, precision: str) -> None:
    model = create_model("cifar-cnn", (32, 32, 3), 10)
    twin = trained_twin(model, precision)
    assert twin.get_layer("stage1_weights").compute_dtype == precision.removeprefix("mixed_")
    assert twin.get_layer("stage1_weights").variable_dtype == "float32"
    ours, theirs = (np.asarray(one(photographs)) for one in (model, twin))
    assert theirs.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, atol=0.05 * np.abs(ours).max())
    assert trained_twin(model, "float32") is model


def test_mixup_mixes_images_and_targets_by_the_same_shares(photographs: np.ndarray) -> None:
    split = Split(photographs, np.arange(40, dtype=np.int64))  # each image is a class of its own
    batches = create_batches(split, 40, 40, seed=3, mixup=1.0)
    mixed, targets = batches[0]
    assert mixed.dtype == np.uint8
    assert (np.count_nonzero(targets, axis=1) == 2).sum() > 30
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(mixed, np.tensordot(targets, photographs.astype(np.float32), 1), atol=0.51)
    np.testing.assert_array_equal(mixed, batches[0][0])  # of the same epoch
    batches.epoch = 2
    assert not np.array_equal(mixed, batches[0][0])


def test_images_grow_to_their_full_side_in_two_thirds_of_the_epochs() -> None:
    told = TrainingConfiguration(epochs=9, first_side=16)
    assert [told.side(epoch, 32) for epoch in range(1, 10)] == [16, 20, 20, 24, 28, 28, 32, 32, 32]
    assert told.side(1, 12) == 12
    assert replace(told, epochs=1).side(1, 32) == 32  # what is served is always trained on
    assert replace(told, first_side=None).side(1, 32) == 32


def test_shrunk_images_are_means_of_the_areas_they_cover(photographs: np.ndarray) -> None:
    halves = photographs.reshape(40, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(shrunk(photographs, 16) + 0.5, halves, atol=0.51)
    fine = np.kron(photographs, np.ones((1, 5, 5, 1), np.uint8)).reshape(40, 20, 8, 20, 8, 3).mean(axis=(2, 4))
    lost = fine - shrunk(photographs, 20)
    assert lost.min() > -0.01
    assert lost.max() < 1.01
    np.testing.assert_array_equal(shrunk(photographs, 32), photographs)


def test_a_model_of_one_size_says_that_it_cannot_be_trained_on_growing_images() -> None:
    with pytest.raises(InvalidConfigurationError, match="one size only"):
        trained_twin(create_model("linear", (32, 32, 3), 10), "float32", any_size=True)
