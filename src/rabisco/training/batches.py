"""The images in batches, in an order that depends on the seed and the epoch alone."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabisco.data.dataset import Split
from rabisco.training.augment import AnyAugmentation, augmented
from rabisco.training.photos import PhotoAugmentation, shrunk


def create_batches(
    split: Split,
    num_classes: int,
    batch_size: int,
    seed: int | None = None,
    first: int = 0,
    *,
    augmentation: AnyAugmentation | None = None,
    side: Callable[[int, int], int] | None = None,
    mixup: float = 0.0,
) -> Any:
    """Return the split in batches of uint8 ``(B, H, W, C)`` and targets, float32 ``(B, num_classes)``.

    Args:
        split: Images and labels.
        num_classes: Number of classes.
        batch_size: Images in all batches but the last.
        seed: Draws the order of each epoch; none: the order of the split, every time.
        first: Batches to leave out at the beginning of each epoch: for one that was begun before.
        augmentation: Random changes to the images, which depend on seed, epoch and batch alone; none: as they are.
        side: Returns the side of the images of an epoch, of those with a full side; none: full.
        mixup: As in ``TrainingConfiguration``; drawn from seed, epoch and batch alone.

    Returns:
        A ``keras.utils.PyDataset``, whose attribute ``epoch``, from 1, is to be set before each epoch.
    """
    import keras

    sides = np.random.default_rng(seed).integers(0, 2, len(split))  # on which each begins
    targets: NDArray[np.float32] = np.eye(num_classes, dtype=np.float32)
    alternate = isinstance(augmentation, PhotoAugmentation) and augmentation.alternate

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        epoch = 1
        order = np.arange(len(split))

        def __len__(self) -> int:
            return math.ceil(len(split) / batch_size) - first

        def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
            index += first
            rows = self.order[index * batch_size : (index + 1) * batch_size]
            images = split.images[rows]
            if alternate:
                mirrored = (sides[rows] + self.epoch) % 2 == 1
                images[mirrored] = images[mirrored, :, ::-1]
            if augmentation is not None:
                images = augmented(images, augmentation, np.random.default_rng((seed or 0, self.epoch, index)))
            if side is not None:
                images = shrunk(images, side(self.epoch, max(images.shape[1:3])))
            wanted = targets[split.labels[rows]] if split.targets is None else split.targets[rows]
            return _mixed(images, wanted, mixup, (seed or 0, self.epoch, index, 1)) if mixup else (images, wanted)

        def on_epoch_begin(self) -> None:
            if seed is not None:
                self.order = np.random.default_rng((seed, self.epoch)).permutation(len(split))

    return Batches()


def _mixed(
    images: NDArray[np.uint8], targets: NDArray[np.float32], alpha: float, seed: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return a batch with a share of itself in another order mixed in."""
    random = np.random.default_rng(seed)
    share, other = np.float32(random.beta(alpha, alpha)), random.permutation(len(images))
    mixed = np.rint(share * images + (1 - share) * images[other]).astype(np.uint8)
    return mixed, share * targets + (1 - share) * targets[other]
